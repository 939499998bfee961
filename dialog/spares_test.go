package dialog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

func (w *world) block(name string) dialog.Input {
	w.inputs++
	return dialog.Input{ID: fmt.Sprint("block:", w.inputs), Kind: dialog.KindBlock, Name: name, Owner: w.owner,
		Place: dialog.Place{Channel: dialogtest.ChatName, Address: "1", Push: true}}
}

// inChat begins a draft in a chat.
func (w *world) inChat() {
	w.Helper()
	for _, x := range []dialog.Input{{ID: "a", Kind: dialog.KindCommand, Name: "create"}, {ID: "b", Kind: dialog.KindText, Text: "large"}} {
		x.Owner, x.Place = w.owner, w.block("").Place
		if _, err := w.bot.Handle(w.Context(), x); err != nil {
			w.Fatal(err)
		}
	}
}

// kept checks that a turn kept the draft where it was.
func (w *world) kept(before *dialog.Row) {
	w.Helper()
	after := w.row(before.Where)
	if after.Version <= before.Version || after.DraftTag != before.DraftTag || after.Step != before.Step || after.Revision != before.Revision {
		w.Errorf("the row was\n%+v, is\n%+v", before.Head, after.Head)
	}
}

// A block is recorded while Redis is away: it leaves the draft alone. The card that the
// end of a block asks for comes when the draft can be read.
func TestBlockWithoutRedis(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		chat := dialogtest.NewChat(w.clock.Now)
		w.inChat()
		w.restart()
		w.bot.Attach(chat)
		w.away(true)
		for _, name := range []string{"blocked", "unblocked"} {
			before := w.row(dialog.InRedis)
			if _, err := w.bot.Handle(t.Context(), w.block(name)); err != nil {
				t.Fatal(err)
			}
			w.kept(before)
		}
		w.away(false)
		w.eventually("the card is shown", func() bool {
			w.clock.Advance(time.Second)
			m := chat.Messages("1")
			return len(m) == 1 && m[0].Card.Question == "How many?"
		})
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
	})
}

// In mode lightweight the draft is in the memory of the process that has it, although
// another one records a block.
func TestBlockElsewhere(t *testing.T) {
	w := alone(t, dialog.Lightweight)
	w.inChat()
	other := w.process("other.1")
	for _, bot := range []*dialog.Engine{other, w.bot, other} {
		for _, name := range []string{"blocked", "unblocked"} {
			before := w.row(dialog.InMemory)
			if _, err := bot.Handle(t.Context(), w.block(name)); err != nil {
				t.Fatal(err)
			}
			w.kept(before)
		}
		w.clock.Advance(time.Hour)
	}
	w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
}

// The end of an effect is recorded while Redis is away, so that the effect is not done
// again.
func TestResultWithoutRedis(t *testing.T) {
	w, _ := inDouble(t, dialog.Redis)
	f := pizza
	f.Effects = dialog.Effects{"print": dialog.Effect(func(context.Context, Order, string) error { return errors.New("no paper") })}
	bot := w.besides("other.1", f)
	for _, text := range []string{"/create", "large", "2", "1 Infinite Loop", "/confirm", "/create", "small"} {
		kind, name := dialog.KindText, ""
		if cmd, ok := strings.CutPrefix(text, "/"); ok {
			kind, name, text = dialog.KindCommand, cmd, ""
		}
		if _, err := w.try(bot, kind, name, text); err != nil {
			t.Fatal(err)
		}
	}
	before := w.row(dialog.InRedis)
	r, err := dialog.Decode(before)
	if err != nil || len(r.Pending) != 1 {
		t.Fatal(r.Pending, err)
	}
	w.away(true)
	id := r.Pending[0].ID
	out, err := w.bot.Handle(t.Context(), dialog.Input{ID: "effect:" + id, Kind: dialog.KindResult, Key: w.key(), Name: "print", Value: id})
	if err != nil || len(out.Record.Pending) != 0 {
		t.Fatal(out.Record, err)
	}
	w.kept(before)
	w.away(false)
	w.at(w.say("2"), "address", Order{Size: "small", Count: 2})
}

// forgetful is a flow that changes the draft where it says that it leaves the draft alone.
type forgetful struct{ form.Form[Order] }

func (f forgetful) Decide(t *dialog.Turn) {
	if f.Form.Decide(t); t.Input.Kind == dialog.KindBlock {
		t.Record.SetDraft([]byte(`{}`), nil)
	}
}

// A flow that breaks its word costs nobody a draft.
func TestSparedDraftStays(t *testing.T) {
	w, _ := inDouble(t, dialog.Redis)
	w.inChat()
	bot, err := dialog.New(w.store, dialog.Config{Instance: "other.1", Drafts: w.drafts, Now: w.clock.Now, Mode: w.mode}, forgetful{pizza})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close(context.Background()) })
	if _, err := bot.Handle(t.Context(), w.block("blocked")); !errors.Is(err, dialog.ErrSchemaNewer) {
		t.Error(err)
	}
	w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
}
