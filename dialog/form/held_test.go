package form_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// TestMoved: who is at the form of an earlier card reads what has become of its question, where, and since when.
func TestMoved(t *testing.T) {
	const field = " Your answer is in the field, not saved."
	for name, x := range map[string]struct {
		before  string // of the page, until it shows its form
		other   int    // the place that goes on: 0 another window, 1 the chat
		story   string
		strong  string
		text    string
		inField string // after text, if something was typed
	}{
		"nothing":              {"/create|large", 1, "/resume", "", "", ""},
		"another question":     {"/create|large|home|+edit:size", 1, "+edit:address", "You went on in Telegram", "What you answer here still counts.", ""},
		"in a window":          {"/create|large|home|+edit:size", 0, "+edit:address", "You went on in another window", "What you answer here still counts.", ""},
		"answered":             {"/create", 1, "small", "Size was changed in Telegram", "It is small now, since 14:36 UTC.", field},
		"changed":              {"/create|large|home|+edit:size", 0, "small", "Size was changed in another window", "It is small now, since 14:36 UTC.", field},
		"changed at its place": {"/create|large|home|+edit:size", 1, "+size:small|+edit:size", "Size was changed in Telegram", "It is small now, since 14:36 UTC.", field},
		"cancelled":            {"/create|large", 1, "/cancel", "", "", ""},
		"another draft":        {"/create", 1, "small|/restart|/restart|large", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := newDesk(t)
			k.handle(1, dialog.Input{Kind: dialog.KindCommand, Name: "status"}) // the chat is a place, too
			k.do(0, x.before)
			page := k.card()
			k.do(x.other, x.story)
			k.pass(time.Minute)
			for _, typed := range []bool{false, true} {
				h := &dialog.Held{Draft: page.Draft, Ask: page.Asks, Base: page.Base, Typed: typed}
				c := k.engines[0].Render(k.record(), dialog.View{Place: k.at(0), Field: true, Visited: true, Held: h})
				got, want := dialog.Band{}, dialog.Band{Strong: x.strong, Text: x.text}
				if c.Moved != nil {
					got = dialog.Band{Strong: dialog.Plain(c.Moved.Strong), Text: dialog.Plain(c.Moved.Text)}
				}
				if typed {
					want.Text += x.inField
				}
				if got != want {
					t.Errorf("typed %v: %+v, want %+v", typed, got, want)
				}
			}
			if c := k.card(); c.Moved != nil {
				t.Errorf("who holds no form: %+v", c.Moved)
			}
		})
	}
}
