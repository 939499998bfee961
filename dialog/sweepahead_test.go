package dialog_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// silenced is a channel that is away.
type silenced struct{}

func (silenced) Name() string { return dialogtest.ChatName }
func (silenced) Show(context.Context, dialog.Showing) (string, error) {
	return "", &dialog.RetryAfter{After: 2 * time.Hour}
}
func (silenced) Remove(context.Context, dialog.Place, string) error { return nil }

// TestSweepAheadEnds: a sweep of the hour ahead looks once at each row, and ends, also where every row is unfinished and is
// due again a minute later, before the sweep has come that far. A sweep that goes round them fires no timers meanwhile.
func TestSweepAheadEnds(t *testing.T) {
	const people = 1000
	synctest.Test(t, func(t *testing.T) {
		memory := dialog.NewMemory()
		store := dialogtest.NewFaulty(memory)
		dead, err := dialog.New(memory, dialog.Config{Detached: true}, tally{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range people {
			who := fmt.Sprint("chat:", i)
			in := dialog.Input{ID: "1", Kind: dialog.KindText, Text: "1", Owner: who, Place: dialog.Place{Channel: dialogtest.ChatName, Address: who, Push: true}}
			if _, err := dead.Handle(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		_ = dead.Close(t.Context())

		bot, err := dialog.New(store, dialog.Config{}, tally{})
		if err != nil {
			t.Fatal(err)
		}
		bot.Attach(silenced{})
		pages := 0
		store.Func(func(m dialogtest.Method, _ *dialog.Batch) dialogtest.Fault {
			if m == dialogtest.Due {
				time.Sleep(time.Second) // the marks of the page before are written
				if pages++; pages > 4*people/200 {
					return dialogtest.Fault{Before: errors.New("the sweep goes on and on")}
				}
			}
			return dialogtest.Fault{}
		})
		did, err := bot.Sweep(t.Context(), time.Hour)
		if err != nil || did.Looked != people {
			t.Errorf("%d looks at %d rows in %d pages, %v", did.Looked, people, pages, err)
		}
		before := pages
		time.Sleep(2 * time.Minute)
		pages = 0
		if did, err := bot.Sweep(t.Context(), 0); err != nil || did.Looked != people {
			t.Errorf("when they are due: %d looks at %d rows, %v", did.Looked, people, err)
		}
		t.Logf("%d pages, and %d when they are due", before, pages)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = bot.Close(ctx)
	})
}
