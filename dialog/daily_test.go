package dialog_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// Nobody fills the log of events: of one conversation and day it takes a bounded number, whatever is repeated. The turns
// themselves go on.
func TestEventsOfADay(t *testing.T) {
	for name, say := range map[string]func(n int) string{
		"refused":         func(int) string { return "no number at all" },
		"back and forth":  func(n int) string { return [...]string{"2", "/back"}[n%2] },
		"anew and anew":   func(n int) string { return [...]string{"/cancel", "/create"}[n%2] },
		"help in between": func(n int) string { return [...]string{"/help", "no number"}[n%2] },
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := inDouble(t, dialog.Database)
			w.say("/create")
			w.say("large")
			version := w.row(dialog.InRow).Version
			count := func() (all, refused int) {
				for _, e := range w.memory.Logged() {
					if all++; e.Kind == dialog.EventRefused {
						refused++
					}
				}
				return all, refused
			}
			for day := range 2 {
				for n := range 1500 {
					w.say(say(n))
				}
				if all, refused := count(); all > 1000*(day+1)+2 || refused > 100*(day+1) || all < 100*(day+1) {
					t.Errorf("after %d days: %d events, %d of refusals", day+1, all, refused)
				}
				w.clock.Advance(24 * time.Hour)
			}
			row, err := w.memory.Load(t.Context(), w.key())
			if err != nil || row.Version < version+1000 {
				t.Errorf("version %d after %d: %v", row.Version, version, err)
			}
			w.owner = "tg:2000002" // another person has a log of their own
			before, _ := count()
			w.say("/create")
			if after, _ := count(); after == before {
				t.Error(fmt.Sprint("another person's events are dropped, too: ", after))
			}
		})
	}
}

// What was not written counts for no day: a sender whose input is tried again and again while
// the store is away uses up nothing.
func TestEventsThatAreNotWrittenCountForNoDay(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.restart()
	w.say("/create")
	w.say("large")
	w.store.Func(func(m dialogtest.Method, _ *dialog.Batch) dialogtest.Fault {
		if m == dialogtest.Commit {
			return dialogtest.Fault{Before: dialogtest.ErrFault}
		}
		return dialogtest.Fault{}
	})
	for range 200 {
		if _, err := w.try(w.bot, dialog.KindText, "", "no number at all"); !errors.Is(err, dialog.ErrUnavailable) {
			t.Fatal(err)
		}
		w.inputs--                        // the sender tries again
		w.clock.Advance(time.Millisecond) // later failures of an input are no events
	}
	w.store.Heal()
	w.say("no number at all")
	if n := w.logged(dialog.EventRefused); n != 1 {
		t.Errorf("%d refusals are logged, want 1", n)
	}
}
