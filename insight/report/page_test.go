package report_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
)

var (
	numbers = regexp.MustCompile(`[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?`)
	times   = regexp.MustCompile(`[0-9-]+T[0-9:]+Z`)
	quiet   = regexp.MustCompile(`(?s)<style>.*?</style>|<svg.*?</svg>|<[^>]*>`)
)

// TestPageHasEveryNumber: the page tells each number that the text tells, beside times, which it writes in its own way. It is the
// same each time.
func TestPageHasEveryNumber(t *testing.T) {
	for name, r := range reports() {
		var text, page, again bytes.Buffer
		if err := r.Text(&text); err != nil {
			t.Fatal(err)
		}
		for _, out := range []*bytes.Buffer{&page, &again} {
			if err := console.WriteHTML(out, r, time.UTC, nil); err != nil {
				t.Fatal(err)
			}
		}
		if page.String() != again.String() {
			t.Errorf("%s: the page changes", name)
		}
		told := numbers.FindAllString(quiet.ReplaceAllString(page.String(), " "), -1)
		for line := range strings.Lines(times.ReplaceAllString(text.String(), "")) {
			for _, n := range numbers.FindAllString(line, -1) {
				if !slices.Contains(told, n) && !slices.Contains(told, strings.TrimSuffix(n, ".0")) {
					t.Errorf("%s: the page has no %s: %s", name, n, line)
				}
			}
		}
	}
}
