package dialog_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// Drafts in memory survive a database that is away, or whose answer is lost: only a
// restart, an eviction and another instance may cost them.
func TestLightweightUnknown(t *testing.T) {
	for name, fault := range map[string]dialogtest.Fault{
		"nothing was done": {Before: dialogtest.ErrFault},
		"it was done":      {After: dialogtest.ErrFault},
	} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, dialog.Lightweight, func(w *world) {
				w.say("/create")
				w.say("large")
				w.row(dialog.InMemory)
				for range 3 {
					w.store.Next(dialogtest.Commit, 1, fault)
					if _, err := w.try(w.bot, dialog.KindText, "", "2"); err == nil {
						break // it was known to be done
					}
					w.inputs-- // it is sent again
				}
				w.store.Heal()
				w.say("2")
				out := w.say("1 Infinite Loop")
				w.at(out, "review", all)
				w.row(dialog.InMemory)
			})
		})
	}
}

// Inputs without effect cost no draft: a block that is reported twice, a timer that is gone.
func TestLightweightNothing(t *testing.T) {
	everywhere(t, dialog.Lightweight, func(w *world) {
		w.say("/create")
		w.say("large")
		for _, in := range []dialog.Input{
			{Kind: dialog.KindBlock, Key: w.key(), Name: "blocked", Place: dialog.Place{Channel: "tg", Address: "1000001"}},
			{Kind: dialog.KindWake, Key: w.key(), Name: "remind", Value: "1"},
			{Kind: dialog.KindText, ID: "other", Key: w.key(), Owner: "tg:1000002", Text: "small"},
		} {
			if _, err := w.bot.Handle(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
		w.row(dialog.InMemory)
	})
}

// A draft that another process may have is not shown as lost without a turn: the
// answer to such a card would go to the process that has it.
func TestLightweightElsewhere(t *testing.T) {
	w := newWorld(t, dialog.Lightweight, dialogtest.NewClock(time.Time{}))
	w.restart()
	place := dialog.Place{Channel: dialogtest.ChatName, Address: "1000001", Push: true}
	in := dialog.Input{ID: "m1", Kind: dialog.KindCommand, Name: "create", Owner: w.owner, Place: place}
	said := dialog.Input{ID: "m2", Kind: dialog.KindText, Text: "large", Owner: w.owner, Place: place}
	for _, in := range []dialog.Input{in, said} {
		if _, err := w.bot.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	other := w.process("other.1")
	chat := dialogtest.NewChat(w.clock.Now)
	other.Attach(chat)
	if out, err := other.Handle(t.Context(), said); err != nil || out.Did != dialog.DidDuplicate {
		t.Fatalf("%v, %v; want a duplicate", out.Did, err)
	}
	w.eventually("the courier has ended", func() bool { return other.Stats().Couriers == 0 })
	if m := chat.Messages(place.Address); len(m) != 0 {
		t.Errorf("shown without the draft: %v", m)
	}
	w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
}
