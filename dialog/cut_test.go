package dialog

import (
	"context"
	"regexp"
	"strings"
	"testing"
)

// discreet is a flow that hides numbers of 16 digits, and repeats every text.
type discreet struct{ silent }

func (discreet) Quotable(text string) string {
	if strings.HasPrefix(text, "defect") {
		panic("defect")
	}
	return numbers.ReplaceAllString(text, "…")
}

func (discreet) Decide(t *Turn) {
	t.Refuse("text_long", map[string]string{"typed": t.Input.Text}, t.Input.Text)
}

var numbers = regexp.MustCompile(`[0-9]{16}`)

// TestHiddenBeforeTheCut: a text is cut after the hidden parts are removed, so that no
// part of a number is kept, wherever the cut is.
func TestHiddenBeforeTheCut(t *testing.T) {
	e, err := New(NewMemory(), Config{}, discreet{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	for i, before := range []int{TextMost - 20, TextMost - 15, TextMost - 8, TextMost - 1, TextMost, TextMost + 3} {
		for _, after := range []string{"", " and more", strings.Repeat(" 4111111111111111", 1000)} {
			in := Input{ID: itoa(int64(i)) + after, Kind: KindText, Owner: "web:1", Text: strings.Repeat("é", before) + "4111111111111111" + after}
			out, err := e.Handle(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			if typed := out.Record.Said.Typed; strings.ContainsAny(typed, "0123456789") || !strings.HasPrefix(typed, strings.Repeat("é", min(before, TextMost))) {
				t.Errorf("a number behind %d characters: %q is kept", before, strings.Trim(typed, "é"))
			}
		}
	}
	if _, err := e.Handle(context.Background(), Input{ID: "defect", Kind: KindText, Owner: "web:1", Text: "defect" + strings.Repeat("é", TextMost)}); err != nil {
		t.Errorf("after a defect of the flow: %v", err)
	}
}
