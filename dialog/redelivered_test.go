package dialog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// post brings message n of a chat with a bot.
func (w *world) post(bot string, n int, text string) dialog.Outcome {
	w.Helper()
	in := dialog.Input{
		ID: fmt.Sprintf("m:%s:1:%d", bot, n), Kind: dialog.KindText, Owner: w.owner, Text: text,
		Serial: dialog.Serial{Series: "tg:" + bot + ":1", Number: int64(n), Sent: 1000 + int64(n)},
	}
	if name, ok := strings.CutPrefix(text, "/"); ok {
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, ""
	}
	out, err := w.bot.Handle(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// A process dies before it has acknowledged 45 messages. All of them come again, to a
// process with an empty memory, and each is applied once.
func TestRedeliveredAtAnyAge(t *testing.T) {
	for _, mode := range []dialog.Mode{dialog.Database, dialog.Hybrid, dialog.Redis} {
		t.Run(mode.String(), func(t *testing.T) {
			w, _ := inDouble(t, mode)
			lines := []string{"/create", "large", "2", "/cancel", "/create", "small", "3"}
			for i := range 38 {
				lines = append(lines, fmt.Sprint(i%2)) // too short for an address
			}
			for i, line := range lines {
				if out := w.post("bot", 10+i, line); out.Did == dialog.DidDuplicate {
					t.Fatalf("message %d is new", i)
				}
			}
			before, _, _ := w.bot.Hydrate(t.Context(), w.key())
			w.restart()
			for i, line := range lines {
				if out := w.post("bot", 10+i, line); out.Did != dialog.DidDuplicate {
					t.Errorf("message %d, %q, comes again and is %v", i, line, out.Did)
				}
			}
			after, _, _ := w.bot.Hydrate(t.Context(), w.key())
			if after.Stamp() != before.Stamp() || string(after.Answers) != string(before.Answers) {
				t.Errorf("draft %s %s has become %s %s", before.Draft, before.Answers, after.Draft, after.Answers)
			}
			w.at(w.post("bot", 10+len(lines), "Baker Street 221"), "review", Order{"small", 3, "Baker Street 221"})
		})
	}
}

// Another bot counts its messages from 1.
func TestMessagesOfAnotherBot(t *testing.T) {
	w := alone(t, dialog.Database)
	w.post("old", 1, "/create")
	for i := range 50 {
		w.post("old", 2+i, "huge")
	}
	if out := w.post("new", 7, "large"); out.Did != dialog.DidApply {
		t.Errorf("it is %v", out.Did)
	}
	if out := w.post("old", 7, "large"); out.Did != dialog.DidDuplicate {
		t.Errorf("a redelivery of the old one is %v", out.Did)
	}
}
