package dialog_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
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

// asks shows a card, changes it at a tap on "more", and starts a ticket at one on "buy".
type asks struct{ buys }

func (a asks) Decide(t *dialog.Turn) {
	switch t.Input.Name {
	case "buy":
		a.buys.Decide(t)
	case "more":
		t.Say("more", nil)
	default:
		t.Anew()
	}
}

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

// A conversation that takes over a message is shown when no call for the earlier one is under
// way. Otherwise the earlier card could come last, and a kill would leave it there.
func TestTakenOverDuringAnEdit(t *testing.T) {
	var bought atomic.Int64
	began, goOn := make(chan struct{}, 9), make(chan struct{})
	bot, chat, input := ticketDesk(t, func(s dialog.Showing) error {
		switch {
		case s.Card.Question == "Bought: T-1":
			bought.Add(1)
		case s.Message != "":
			began <- struct{}{}
			<-goOn
		}
		return nil
	})
	input(dialog.Input{ID: "1", Kind: dialog.KindCommand, Name: "create"})
	soon(t, "the card is shown", func() bool { return len(chat.Messages("1000001")) == 1 && bot.Stats().Couriers == 0 })
	message := chat.Messages("1000001")[0].ID
	input(dialog.Input{ID: "2", Kind: dialog.KindTap, Name: "more", Message: message})
	<-began
	input(dialog.Input{ID: "3", Kind: dialog.KindTap, Name: "buy", Message: message})
	if runs := bot.Stats().Couriers; runs != 1 || bought.Load() != 0 {
		t.Errorf("%d runs, and the ticket is written %d times while an edit of its message is under way", runs, bought.Load())
	}
	close(goOn)
	soon(t, "the ticket is shown", func() bool { return bought.Load() > 0 && bot.Stats().Couriers == 0 })
	if all := chat.Messages("1000001"); len(all) != 1 || all[0].Card.Question != "Bought: T-1" {
		t.Errorf("in the chat: %+v", all)
	}
}

// An edit of the first card fails, perhaps after it arrived, and waits for its next try
// when the message goes over to the ticket. The ticket is written once more.
func TestTakenOverWhileAnEditWaits(t *testing.T) {
	var bought atomic.Int64
	bot, chat, input := ticketDesk(t, func(s dialog.Showing) error {
		switch {
		case s.Card.Question == "Bought: T-1":
			bought.Add(1)
		case s.Message != "":
			return errors.New("no answer")
		}
		return nil
	})
	input(dialog.Input{ID: "1", Kind: dialog.KindCommand, Name: "create"})
	soon(t, "the card is shown", func() bool { return len(chat.Messages("1000001")) == 1 })
	message := chat.Messages("1000001")[0].ID
	input(dialog.Input{ID: "2", Kind: dialog.KindTap, Name: "more", Message: message})
	soon(t, "the edit waits", func() bool { return bot.Stats().Waiting == 1 })
	input(dialog.Input{ID: "3", Kind: dialog.KindTap, Name: "buy", Message: message})
	soon(t, "the ticket is written twice", func() bool { return bought.Load() == 2 })
}

// ticketDesk is a bot that sells tickets in a chat whose calls fail as fail says, and a person who writes to it.
func ticketDesk(t *testing.T, fail func(dialog.Showing) error) (bot *dialog.Engine, chat *dialogtest.Chat, input func(dialog.Input)) {
	t.Helper()
	clock := dialogtest.NewClock(time.Time{})
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{Now: clock.Now}, asks{}, tickets{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close(context.Background()) })
	chat = dialogtest.NewChat(clock.Now)
	bot.Attach(showing{chat, fail})
	return bot, chat, func(in dialog.Input) {
		t.Helper()
		in.Owner, in.Place = "tg:1000001", dialog.Place{Channel: dialogtest.ChatName, Address: "1000001", Push: true}
		if _, err := bot.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
}

// showing is a channel whose calls fail as fail says.
type showing struct {
	dialog.Channel
	fail func(dialog.Showing) error
}

func (c showing) Show(ctx context.Context, s dialog.Showing) (string, error) {
	if err := c.fail(s); err != nil {
		return "", err
	}
	return c.Channel.Show(ctx, s)
}
