package dialog_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// unreadable is a person in mode redis whose draft is only there.
func unreadable(t *testing.T) *world {
	w, _ := inDouble(t, dialog.Redis)
	w.say("/create")
	w.say("large")
	w.restart()
	return w
}

// blip is a moment without Redis, in which the draft is read.
func (w *world) blip(asks func() error) {
	w.Helper()
	w.away(true)
	if err := asks(); !errors.Is(err, dialog.ErrUnavailable) {
		w.Fatalf("%v; want to be told to come again", err)
	}
	w.away(false)
}

// Moments without Redis are no outage, because Redis works in between.
func TestRedisBlips(t *testing.T) {
	asks := func(w *world) []func() error {
		handle := func(id string) error {
			_, err := w.bot.Handle(w.Context(), dialog.Input{ID: id, Kind: dialog.KindText, Owner: w.owner, Text: "2"})
			return err
		}
		return []func() error{
			func() error { return handle("the same") },
			func() error { return handle(fmt.Sprint(w.clock.Now().UnixNano())) },
			func() error { _, _, err := w.bot.Hydrate(w.Context(), w.key()); return err }, // the page
		}
	}
	t.Run("two", func(t *testing.T) {
		for gap := time.Second; gap <= 3*time.Minute; gap += time.Second {
			w := unreadable(t)
			for _, ask := range asks(w)[:2] {
				w.blip(ask)
				w.clock.Advance(gap)
			}
			w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
		}
	})
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("many, seed ", seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 0))
			w := unreadable(t)
			list := asks(w)
			for range 20 {
				w.blip(list[rnd.IntN(len(list))])
				if rnd.IntN(2) == 0 { // however quickly: the draft was read in between
					w.clock.Advance(time.Duration(rnd.IntN(30_000)) * time.Millisecond)
					if _, _, err := w.bot.Hydrate(t.Context(), w.key()); err != nil {
						t.Fatal(err)
					}
				} else {
					w.clock.Advance(time.Duration(60_000+rnd.IntN(60_000)) * time.Millisecond)
				}
			}
			w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
		})
	}
}

// An outage ends for each person with the first retry after a minute: typed text is kept,
// and a draft that cannot be read is asked for anew.
func TestRedisOutageEnds(t *testing.T) {
	patterns := [][]time.Duration{{time.Second}, {5 * time.Second}, {15 * time.Second}, {30 * time.Second}, {32 * time.Second},
		{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second}} // a webhook's
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		gaps := make([]time.Duration, 100)
		for i := range gaps {
			gaps[i] = time.Duration(1000+rnd.IntN(31_001)) * time.Millisecond
		}
		patterns = append(patterns, gaps)
	}
	for _, gaps := range patterns {
		t.Run(fmt.Sprint(gaps[:min(len(gaps), 6)]), func(t *testing.T) {
			w := unreadable(t)
			w.away(true)
			began := w.clock.Now()
			in := dialog.Input{ID: "m", Kind: dialog.KindText, Owner: w.owner, Text: "2"}
			for i := 0; ; i++ {
				age := w.clock.Now().Sub(began)
				out, err := w.bot.Handle(t.Context(), in)
				if (err == nil) != (age >= time.Minute) || err != nil && !errors.Is(err, dialog.ErrUnavailable) {
					t.Fatalf("after %v: %v", age, err)
				}
				if err == nil {
					w.at(out, "size", Order{Count: 2})
					w.rebuilt(dialog.FromHead, dialog.CauseTimeout, true)
					return
				}
				w.clock.Advance(slices.Repeat(gaps, 100)[i])
			}
		})
	}
}
