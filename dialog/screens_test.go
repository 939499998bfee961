package dialog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// An instance learns from its last mark that another one had shown a card in a message of
// its own: it removes that message before Close returns.
func TestCloseRemovesWhatItReplaced(t *testing.T) {
	w := alone(t, dialog.Database)
	w.say("/create") // by an instance that shows nothing yet
	c := inChat(w)
	c.restart()
	c.store.Func(func(m dialogtest.Method, b *dialog.Batch) dialogtest.Fault {
		return dialogtest.Fault{Hang: m == dialogtest.Commit && len(b.Shown) > 0}
	})
	calls := c.store.Calls(dialogtest.Commit)
	c.say("large")
	c.shows("How many?")
	c.eventually("its mark is under way", func() bool { return c.store.Calls(dialogtest.Commit) == calls+2 })
	first, err := c.chat.Show(t.Context(), dialog.Showing{Place: c.place}) // the other one's, late
	if err != nil {
		t.Fatal(err)
	}
	column := fmt.Appendf(nil, `[{"c":%q,"a":%q,"v":1,"m":%q}]`, c.place.Channel, c.place.Address, first)
	if _, err := c.memory.Commit(t.Context(), &dialog.Batch{Shown: []dialog.ShownMark{{Key: c.key(), New: column}}}); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { _ = c.bot.Close(context.Background()); close(closed) }()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c.eventually("it closes", func() bool {
		_, err := c.bot.Handle(gone, dialog.Input{ID: "m3", Kind: dialog.KindText, Owner: c.owner, Text: "2", Place: c.place})
		return err != nil && strings.Contains(err.Error(), "closing")
	})
	c.store.Heal()
	<-closed
	if all := c.chat.Messages(c.place.Address); len(all) != 1 || all[0].ID == first {
		t.Errorf("%d messages, want the new card alone", len(all))
	}
}

// The caller of TakeReplaced removes the message that a new card replaces; without a call
// in time the courier does. An edited message stays.
func TestTakeReplaced(t *testing.T) {
	c := inChat(alone(t, dialog.Database))
	h := &held{Channel: c.chat, holding: make(chan struct{}), free: make(chan struct{})}
	c.bot.Attach(h)
	handle := func(in dialog.Input) *dialog.Record {
		t.Helper()
		c.inputs++
		in.ID, in.Owner, in.Place = fmt.Sprint(c.inputs), c.owner, c.place
		out, err := c.bot.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return out.Record
	}
	c.say("/create")
	c.shows("What size?")
	c.finished()
	first := c.chat.Messages(c.place.Address)[0].ID
	h.hold = true
	r := handle(dialog.Input{Kind: dialog.KindText, Text: "large"})
	<-h.holding
	if got := c.bot.TakeReplaced(r, c.place); got != first {
		t.Errorf("%q is to be removed, want %q", got, first)
	}
	if got := c.bot.TakeReplaced(r, c.place); got != "" {
		t.Errorf("%q is given twice", got)
	}
	close(h.free)
	c.shows("How many?")
	c.finished()
	if all := c.chat.Messages(c.place.Address); len(all) != 2 || all[0].ID != first {
		t.Errorf("the courier has removed it: %v", all)
	}
	if got := c.bot.TakeReplaced(r, c.place); got != "" {
		t.Errorf("%q is the new card", got)
	}

	live := c.chat.Messages(c.place.Address)[1].ID
	r = handle(dialog.Input{Kind: dialog.KindTap, Name: "back", Message: live})
	if got := c.bot.TakeReplaced(r, c.place); got != "" {
		t.Errorf("%q is edited", got)
	}
	c.shows("What size?")
	c.chat.Gone(first)
	handle(dialog.Input{Kind: dialog.KindText, Text: "large"})
	c.eventually("the courier removes what nobody asked for", func() bool {
		all := c.chat.Messages(c.place.Address)
		return len(all) == 1 && !slices.ContainsFunc(all, func(m dialogtest.Message) bool { return m.ID == live })
	})
}

// A store that wrote the turns of a batch and lost its marks is asked for them again, so
// the next process finds the card.
func TestMarksAreWrittenAgain(t *testing.T) {
	c := inChat(alone(t, dialog.Database))
	lost := atomic.Int64{}
	c.store.Func(func(m dialogtest.Method, b *dialog.Batch) (f dialogtest.Fault) {
		if m == dialogtest.Commit && len(b.Shown) > 0 && lost.Add(1) <= 2 {
			f.Marks = dialogtest.ErrFault
		}
		return f
	})
	c.say("/create")
	c.current("What size?")
	if lost.Load() < 3 {
		t.Errorf("marks were sent %d times, want 3", lost.Load())
	}
}

// A tap tells that its message is there, also if the commit fails: the card that was on its
// way replaces that message.
func TestTapWithoutACommit(t *testing.T) {
	c := inChat(alone(t, dialog.Database))
	c.chat.Fail(errBadGateway)
	c.say("/create")
	c.eventually("the card waits to be tried again", func() bool { return c.bot.Stats().Waiting == 1 })
	unknown, err := c.chat.Show(t.Context(), dialog.Showing{Place: c.place}) // by an instance that has died
	if err != nil {
		t.Fatal(err)
	}
	c.store.Fail(dialogtest.Commit, 1)
	if _, err := c.bot.Handle(t.Context(), dialog.Input{ID: "tap", Kind: dialog.KindTap, Name: "back", Owner: c.owner, Place: c.place, Message: unknown}); err == nil {
		t.Fatal("the tap was committed")
	}
	c.clock.Advance(time.Second)
	c.current("What size?")
	c.eventually("its message is replaced", func() bool { return len(c.chat.Messages(c.place.Address)) == 1 })
}
