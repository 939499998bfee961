package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/lockbay/lockbay/insight"
)

// TestStrategyIsWhole: strategy.md has each heading of the document, and under it a row for each statement: for each smaller
// heading, line, item and row of a table. A row begins as its statements do, and each beginning is one of the document's.
func TestStrategyIsWhole(t *testing.T) {
	said, mapped := map[string][]string{}, map[string][]string{}
	statements(read(t, "testdata/strategy.md"), func(part, text string) { said[part] = append(said[part], text) })
	statements(read(t, "strategy.md"), func(part, text string) {
		if !strings.HasPrefix(text, "| ") {
			return
		}
		beginnings, _, _ := strings.Cut(strings.TrimPrefix(text, "| "), " | ")
		for b := range strings.SplitSeq(beginnings, " · ") {
			mapped[part] = append(mapped[part], bare(b))
		}
	})
	n := 0
	for part, list := range said {
		for _, text := range list {
			n++
			if !slices.ContainsFunc(mapped[part], func(b string) bool { return b != "" && strings.HasPrefix(bare(text), b) }) {
				t.Errorf("%s: nothing does %q", part, text)
			}
		}
		for _, b := range mapped[part] {
			if !slices.ContainsFunc(list, func(text string) bool { return strings.HasPrefix(bare(text), b) }) {
				t.Errorf("%s: the document says nothing of %q", part, b)
			}
		}
	}
	if n < 150 {
		t.Errorf("the document has %d statements", n)
	}
}

// TestStrategyNamesWhatIsMoot: each row of the table of conditions stands among those that a mode does already.
func TestStrategyNamesWhatIsMoot(t *testing.T) {
	_, moot, _ := strings.Cut(read(t, "strategy.md"), "## What the default has made moot")
	for _, row := range insight.Options() {
		if line := "- *" + row.Condition + "*: " + row.Does + "\n"; !strings.Contains(moot, line) {
			t.Errorf("no line %q", line)
		}
	}
	if n := strings.Count(moot, "\n- *"); n != len(insight.Options()) {
		t.Errorf("%d rows, want %d", n, len(insight.Options()))
	}
}

// statements calls f with each line of a document that is neither code nor the head of a table, and with the part in which it stands.
func statements(text string, f func(part, text string)) {
	part, code := "", false
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
		case code || bare(line) == "" || i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|--"):
		case strings.HasPrefix(line, "## "):
			part = strings.TrimPrefix(line, "## ")
		case part != "":
			f(part, line)
		}
	}
}

// bare is a text without the marks of lists, tables and emphasis: its letters and digits, with single spaces.
func bare(text string) string {
	text = regexp.MustCompile(`^(> |\d+\. )`).ReplaceAllString(text, "")
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '<' && r != '>' }), " ")
}

// TestStrategy: each row of strategy.md names a test that is in its file, and files that are there.
func TestStrategy(t *testing.T) {
	text := read(t, "strategy.md")
	rows := 0
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| the strategy") {
			continue
		}
		rows++
		test := regexp.MustCompile("`(Test[A-Za-z0-9]+)` in `([a-z0-9_/]+\\.go)`").FindStringSubmatch(line)
		if test == nil {
			t.Errorf("a row without a test: %s", line)
			continue
		}
		if code, err := os.ReadFile(filepath.Join("..", test[2])); err != nil || !strings.Contains(string(code), "func "+test[1]+"(") {
			t.Errorf("%s has no %s", test[2], test[1])
		}
	}
	if rows < 20 {
		t.Errorf("only %d statements", rows)
	}
	for _, file := range regexp.MustCompile("`([a-z0-9_]+(?:/[a-z0-9_]+)*\\.go)`").FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("..", file[1])); err != nil {
			t.Errorf("there is no %s", file[1])
		}
	}
}
