package dialog_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// pausing is a channel that asks for one pause for each address, and notes when the card
// came.
type pausing struct {
	mu     sync.Mutex
	pauses map[string]time.Duration
	came   map[string]time.Time
}

func (p *pausing) Name() string { return "pausing" }

func (p *pausing) Show(_ context.Context, s dialog.Showing) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.pauses[s.Place.Address]; d > 0 {
		delete(p.pauses, s.Place.Address)
		return "", &dialog.RetryAfter{After: d}
	}
	p.came[s.Place.Address] = time.Now()
	return "1", nil
}

func (p *pausing) Remove(context.Context, dialog.Place, string) error { return nil }

// Each card comes at the end of its own pause, and a wait costs nothing until then.
func TestWaitsCostNothing(t *testing.T) {
	const people, longest = 2000, time.Minute
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		now := func() time.Time { reads.Add(1); return time.Now() }
		bot, err := dialog.New(dialog.NewMemory(), dialog.Config{Now: now}, tally{})
		if err != nil {
			t.Fatal(err)
		}
		ch := &pausing{pauses: map[string]time.Duration{}, came: map[string]time.Time{}}
		bot.Attach(ch)
		rnd := rand.New(rand.NewPCG(1, 2))
		want := map[string]time.Time{}
		for i := range people {
			who := fmt.Sprint(i)
			d := time.Second + time.Duration(rnd.Int64N(int64(longest-time.Second)))
			ch.mu.Lock()
			ch.pauses[who], want[who] = d, time.Now().Add(d)
			ch.mu.Unlock()
			in := dialog.Input{ID: "1", Kind: dialog.KindText, Text: "1", Owner: "pausing:" + who, Place: dialog.Place{Channel: "pausing", Address: who, Push: true}}
			if _, err := bot.Handle(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if s := bot.Stats(); s.Couriers != people || s.Waiting != people {
			t.Errorf("%d couriers, %d wait, want %d", s.Couriers, s.Waiting, people)
		}
		reads.Store(0)
		time.Sleep(time.Second - time.Millisecond)
		if n := reads.Load(); n > 0 {
			t.Errorf("the clock was read %d times in a second in which all wait", n)
		}
		time.Sleep(longest)
		synctest.Wait()
		ch.mu.Lock()
		defer ch.mu.Unlock()
		for who, at := range want {
			if late := ch.came[who].Sub(at); late != 0 {
				t.Errorf("the card of %s came %v after its pause", who, late)
			}
		}
		if s := bot.Stats(); s.Couriers != 0 || s.Waiting != 0 {
			t.Errorf("%d couriers, %d wait, want none", s.Couriers, s.Waiting)
		}
		if err := bot.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Waits follow a clock that is set forward, and end when the engine closes.
func TestWaitsFollowTheClock(t *testing.T) {
	clock := dialogtest.NewClock(time.Time{})
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{Now: clock.Now}, tally{})
	if err != nil {
		t.Fatal(err)
	}
	ch := &pausing{pauses: map[string]time.Duration{"a": 20 * time.Minute, "b": 40 * time.Minute, "c": time.Hour}, came: map[string]time.Time{}}
	bot.Attach(ch)
	for who := range strings.SplitSeq("a b c", " ") {
		in := dialog.Input{ID: "1", Kind: dialog.KindText, Text: "1", Owner: "pausing:" + who, Place: dialog.Place{Channel: "pausing", Address: who, Push: true}}
		if _, err := bot.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	soon(t, "all wait", func() bool { return bot.Stats().Waiting == 3 })
	for left, d := range []time.Duration{21 * time.Minute, 20 * time.Minute} {
		clock.Advance(d)
		soon(t, "the card came", func() bool { return bot.Stats().Couriers == 2-left })
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := bot.Close(ctx); err != nil || bot.Stats().Couriers != 0 {
		t.Error(err, bot.Stats())
	}
}
