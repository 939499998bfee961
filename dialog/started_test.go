package dialog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// buys starts a ticket with every text; tickets show themselves.
type buys struct{}

func (buys) FlowName() string { return "buys" }
func (buys) Decide(t *dialog.Turn) {
	t.Start(&dialog.Record{Head: dialog.Head{
		Key: dialog.Key{Bot: t.Record.Key.Bot, Flow: "tickets", ID: "T-1"}, Owner: t.Input.Owner, Draft: "T-1", Step: "bought",
	}, Answers: []byte("{}")}, true)
}
func (buys) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{Question: "Which?"} }

type tickets struct{}

func (tickets) FlowName() string      { return "tickets" }
func (tickets) Match(id string) bool  { return strings.HasPrefix(id, "T-") }
func (tickets) Decide(t *dialog.Turn) {}
func (tickets) Render(*dialog.Record, dialog.View) dialog.Card {
	return dialog.Card{Question: "Bought: T-1"}
}

// A process dies after it has committed a turn that starts another conversation, and before
// it shows either: the process that gets the input again shows the started one, too.
func TestStartedIsShown(t *testing.T) {
	store, clock := dialog.NewMemory(), dialogtest.NewClock(time.Time{})
	store.SetNow(clock.Now)
	in := dialog.Input{ID: "m1", Kind: dialog.KindText, Owner: "tg:1000001", Text: "one",
		Place: dialog.Place{Channel: dialogtest.ChatName, Address: "1000001", Push: true}}
	for _, detached := range []bool{true, false} { // the first one shows nothing
		bot, err := dialog.New(store, dialog.Config{Now: clock.Now, Detached: detached}, buys{}, tickets{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bot.Close(context.Background()) })
		chat := dialogtest.NewChat(clock.Now)
		bot.Attach(chat)
		out, err := bot.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if detached {
			continue
		}
		if out.Did != dialog.DidDuplicate {
			t.Fatalf("%v, want a duplicate", out.Did)
		}
		soon(t, "the ticket is shown", func() bool { return len(chat.Messages("1000001")) > 0 })
	}
}
