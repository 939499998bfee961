package terminal

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockbay/lockbay/dialog"
)

func TestWrap(t *testing.T) {
	for _, x := range []struct {
		text       string
		wide, hang int
		want       string
	}{
		{"who is selling this to you?", 0, 0, "who is selling this to you?"},
		{"who is selling this to you?", 12, 0, "who is\nselling this\nto you?"},
		{"Seller  @anna and others", 16, 8, "Seller  @anna\n        and\n        others"},
		{"   Within 72 hours of it", 18, 3, "   Within 72 hours\n   of it"},
		{"two\nlines of words", 8, 0, "two\nlines of\nwords"},
		{"a https://pay.example/ESC-7K4M-92QXA b", 20, 0, "a\nhttps://pay.example/ESC-7K4M-92QXA\nb"},
		{"сервиз 漢字漢字 漢字漢字", 15, 0, "сервиз 漢字漢字\n漢字漢字"},
		{"", 20, 3, ""}, {"   ", 20, 0, "   "},
	} {
		if got := wrap(x.text, x.wide, x.hang); got != x.want {
			t.Errorf("%q in %d:\n%s\nwant\n%s", x.text, x.wide, got, x.want)
		}
	}
}

// Wrapping keeps all words in their order, whole, and no line is wider than the terminal unless its one word is.
func TestWrapKeepsWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringOfN(rapid.RuneFrom([]rune("abc漢字éЖ👩‍🎨-:€")), 1, 12, -1)).Draw(t, "words")
		wide, hang := rapid.IntRange(leastColumns, 60).Draw(t, "wide"), rapid.IntRange(0, 12).Draw(t, "hang")
		text := strings.Join(words, " ")
		got := wrap(text, wide, hang)
		if a, b := strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(text), " "); a != b {
			t.Fatalf("%q became %q", b, a)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if columns(line) > wide && len(strings.Fields(line)) > 1 {
				t.Fatalf("%q has %d columns of %d", line, columns(line), wide)
			}
		}
	})
}

// Every line of a whole conversation fits into a narrow terminal.
func TestNarrowTerminal(t *testing.T) {
	e, err := dialog.New(dialog.NewMemory(), dialog.Config{}, orders())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	var out bytes.Buffer
	name := "A name of many words, which is longer than a narro"
	in := strings.NewReader(strings.Join([]string{"/create", "large", "2", name, "/help", "/status"}, "\n") + "\n")
	if err := (&Terminal{Engine: e, In: in, Out: &out, Owner: "tty:me", Width: 34}).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(out.String(), "\n") {
		if columns(strings.TrimPrefix(line, "> ")) > 34 {
			t.Errorf("%d columns: %q", columns(line), line)
		}
	}
	if !strings.Contains(out.String(), "Name   A name of many words, which\n       is longer than a narro") {
		t.Errorf("the answer has no hanging lines:\n%s", &out)
	}
}
