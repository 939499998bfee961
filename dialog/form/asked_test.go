package form_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// TestAskedAndWhy: the log says which question a turn opened, and whether a loss or a change
// of rules led there.
func TestAskedAndWhy(t *testing.T) {
	for name, c := range map[string]struct {
		damaged, closed bool // the answers cannot be read; large is no longer offered
		line            string
		want            []string
	}{
		"an answer":           {line: "home", want: []string{"review next"}},
		"a command":           {line: "/resume"},
		"back":                {line: "/back", want: []string{"size back"}},
		"lost, and a command": {damaged: true, line: "/resume", want: []string{"size lost"}},
		"lost, and an answer": {damaged: true, line: "home", want: []string{"size lost"}},
		"rule, and a command": {closed: true, line: "/resume", want: []string{"size rule"}},
		"rule, and an answer": {closed: true, line: "home", want: []string{"size rule"}},
	} {
		closed := false
		f := meals()
		f.Questions[0].Check = func(*Meal) error {
			if closed {
				return form.Refuse("closed", "size", "large")
			}
			return nil
		}
		store := dialog.NewMemory()
		k := dialogtest.NewTalk(store, f)
		k.Quiet = true
		k.Say("/create")
		k.Say("large")
		if row, err := store.Load(t.Context(), k.Record.Key); c.damaged {
			if err != nil {
				t.Fatal(err)
			}
			after := *row
			after.Version, after.Tag, after.Answers = row.Version+1, row.Tag+1, []byte("{")
			if _, err := store.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: row.Stamp(), After: &after}}}); err != nil {
				t.Fatal(err)
			}
		}
		closed = c.closed
		before := len(store.Logged())
		k.Say(c.line)
		var got []string
		for _, e := range store.Logged()[before:] {
			if e.Kind == form.EventAsked {
				got = append(got, e.Cause+" "+e.Source)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		k.Close()
	}
}

// TestBandNamesItsQuestion: a text about an open question has its name and how it is asked
// again, in the bot's words where it has some.
func TestBandNamesItsQuestion(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		words map[string]string
		want  string
	}{
		{nil, "Size: What size?"},
		{map[string]string{"size.open": "the size", "size.again": "Which one was it?"}, "the size: Which one was it?"},
	} {
		f := sized(map[string]string{"welcome_back": "Back.\n{open}: {again}", "size.open": c.words["size.open"], "size.again": c.words["size.again"]}, form.Option{Value: "s"})
		r := &dialog.Record{Head: dialog.Head{Draft: "d", Step: "size", Schema: 1, Updated: now}, Answers: []byte("{}"),
			Said: &dialog.Said{Code: "welcome_back", Args: map[string]string{"open": "size"}}}
		card := f.Render(r, dialog.View{Now: now})
		if card.Band == nil || !strings.EqualFold(card.Band.Text, c.want) {
			t.Errorf("the band is %+v, want %s", card.Band, c.want)
		}
	}
}
