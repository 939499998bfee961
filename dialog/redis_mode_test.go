package dialog_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

func TestRedisMode(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.at(w.say("large"), "count", Order{Size: "large"})
		first := fmt.Sprintf("{bot:pizza:tg:1000001}:%016x", uint64(w.row(dialog.InRedis).DraftTag))
		w.eventually("only the value of the last draft tag stays", func() bool { return slices.Equal(w.names(), []string{first}) })

		w.restart()
		w.at(w.say("200"), "count", Order{Size: "large"}) // refused: the draft stays where it is
		w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
		w.row(dialog.InRedis)

		// Written before the commit, while the old one is still there.
		w.store.Func(func(m dialogtest.Method, b *dialog.Batch) dialogtest.Fault {
			if m == dialogtest.Commit && len(b.Writes) > 0 {
				fresh := fmt.Sprintf("{bot:pizza:tg:1000001}:%016x", uint64(b.Writes[0].After.DraftTag))
				if n := w.names(); len(n) != 2 || !slices.Contains(n, fresh) || !slices.Contains(n, first) {
					t.Errorf("at the commit there is %q", n)
				}
				return dialogtest.Fault{Before: dialogtest.ErrFault} // which fails
			}
			return dialogtest.Fault{}
		})
		if _, err := w.try(w.bot, dialog.KindText, "", "7"); !errors.Is(err, dialog.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		w.store.Heal()
		stays(t, "the old value, as no later tag has won", func() bool { return slices.Contains(w.names(), first) })
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
		w.eventually("the old value fades", func() bool { return !slices.Contains(w.names(), first) })
		w.at(w.say("1 Infinite Loop"), "review", all)
		out := w.say("/confirm")
		if !strings.Contains(w.bot.Render(out.Record, dialog.View{}).Band.Strong, "2 large for 1 Infinite Loop") {
			t.Error("not confirmed")
		}
	})
}

// TestRedisLoser: a turn that loses the compare-and-swap overwrites nothing.
func TestRedisLoser(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.say("large")
		other := w.process("other.1")
		if _, err := w.try(other, dialog.KindText, "", "3"); err != nil { // the winner
			t.Fatal(err)
		}
		// This process still has the count open; its turn loses and is decided again.
		w.at(w.say("12 Main Street"), "review", Order{"large", 3, "12 Main Street"})
		w.restart()
		w.at(w.say("/resume"), "review", Order{"large", 3, "12 Main Street"})
		w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
	})
}

func TestRedisAwayOnWrite(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.say("large")
		w.away(true)
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
		w.row(dialog.InRow)
		w.restart() // and nobody needs Redis to read it
		w.say("/resume")
		w.rebuilt(dialog.FromDatabase, dialog.CauseRestart, false)
		w.away(false)
		w.at(w.say("1 Infinite Loop"), "review", all)
		w.row(dialog.InRedis)
		w.restart()
		w.at(w.say("/resume"), "review", all)
		w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
	})
}

func TestRedisAwayOnRead(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.say("large")
		w.say("2")
		w.restart()
		w.away(true)
		refused := func() {
			t.Helper()
			if _, err := w.try(w.bot, dialog.KindText, "", "1 Infinite Loop"); !errors.Is(err, dialog.ErrUnavailable) {
				t.Fatalf("got %v", err)
			}
		}
		for range 3 {
			refused()
			w.clock.Advance(19 * time.Second)
		}
		refused()
		// A retry in time loses nothing, and the next outage is waited for again.
		w.away(false)
		w.say("/resume")
		w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
		w.bot.Evict()
		w.away(true)
		for range 3 {
			refused()
			w.clock.Advance(21 * time.Second)
		}
		// Now it counts as lost: what was typed is kept, the rest asked again.
		w.at(w.say("1 Infinite Loop"), "size", Order{Address: "1 Infinite Loop"})
		w.rebuilt(dialog.FromHead, dialog.CauseTimeout, true)
		w.row(dialog.InRow)
		w.away(false)
		w.restart() // nobody loses twice: the row has it until the draft ends
		w.at(w.say("small"), "count", Order{Size: "small", Address: "1 Infinite Loop"})
		w.rebuilt(dialog.FromDatabase, dialog.CauseRestart, false)
		w.flush()
		w.at(w.say("2"), "review", Order{"small", 2, "1 Infinite Loop"})
		w.row(dialog.InRow)
		w.say("/confirm")
		w.say("/create")
		w.say("large")
		w.row(dialog.InRedis) // the next draft
	})
}

// TestRedisPause: a failed read of an hour ago does not count for the minute.
func TestRedisPause(t *testing.T) {
	w, _ := inDouble(t, dialog.Redis)
	w.say("/create")
	w.say("large")
	w.restart()
	w.away(true)
	for range 3 {
		if _, err := w.try(w.bot, dialog.KindText, "", "2"); !errors.Is(err, dialog.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		w.clock.Advance(time.Hour)
	}
	w.away(false)
	w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
}

// TestRedisFlushed: a draft that Redis acknowledged and lost is lost once.
func TestRedisFlushed(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.say("large")
		w.flush()
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2}) // present: nothing is lost
		w.flush()
		w.restart()
		w.at(w.say("1 Infinite Loop"), "size", Order{Address: "1 Infinite Loop"})
		w.rebuilt(dialog.FromHead, dialog.CauseRestart, true)
		w.flush()
		w.restart()
		w.at(w.say("large"), "count", Order{Size: "large", Address: "1 Infinite Loop"})
		w.rebuilt(dialog.FromDatabase, dialog.CauseRestart, false)
	})
}

// TestRedisOldCopy: a Redis of an older state lacks the draft, and no older draft stands in for it.
func TestRedisOldCopy(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.say("small")
		w.eventually("one value", func() bool { return len(w.names()) == 1 })
		w.save()
		w.say("/back")
		w.say("large")
		w.say("2")
		w.restore()
		w.restart()
		w.at(w.say("1 Infinite Loop"), "size", Order{Address: "1 Infinite Loop"})
		w.rebuilt(dialog.FromHead, dialog.CauseRestart, true)
	})
}

// TestRedisReplaced: a value that another process has just replaced is not lost.
func TestRedisReplaced(t *testing.T) {
	w, s := inDouble(t, dialog.Redis)
	w.say("/create")
	w.say("large")
	w.restart()
	other := w.process("other.1")
	w.eventually("one value", func() bool { return len(w.names()) == 1 })
	old := w.names()
	done := false
	s.mu.Lock()
	s.onGet = func(string) {
		if done {
			return
		}
		done = true
		if _, err := w.try(other, dialog.KindText, "", "2"); err != nil {
			t.Error(err)
		}
		w.eventually("the old value fades", func() bool { return !slices.Contains(w.names(), old[0]) })
		w.clock.Advance(time.Hour)
	}
	s.mu.Unlock()
	rec, reh, err := w.bot.Hydrate(t.Context(), w.key())
	if err != nil || reh.Lost || rec.Step != "address" || !strings.Contains(string(rec.Answers), `"count":2`) {
		t.Errorf("%v: lost %v, step %s, %s", err, reh.Lost, rec.Step, rec.Answers)
	}
}

// TestRedisWake: reminders that come while Redis is away lose nobody's draft.
func TestRedisWake(t *testing.T) {
	w, _ := inDouble(t, dialog.Redis)
	w.say("/create")
	w.say("large")
	w.restart()
	w.away(true)
	w.clock.Advance(4 * 24 * time.Hour)
	for range 5 {
		if _, err := w.bot.Sweep(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(10 * time.Minute)
	}
	w.row(dialog.InRedis)
	w.away(false)
	if _, err := w.bot.Sweep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(w.memory.Logged(), func(e dialog.Event) bool { return e.Kind == form.EventReminded }) {
		t.Error("no reminder after Redis came back")
	}
	w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
}

// TestRedisLife: turns that leave the draft move its expiry, and its value lives as long.
func TestRedisLife(t *testing.T) {
	w, s := inDouble(t, dialog.Redis)
	w.say("/create")
	w.say("large")
	w.eventually("the draft before fades", func() bool { return len(w.names()) == 1 })
	puts := s.calls("put")
	for range 4 {
		w.say("200") // refused
	}
	if s.calls("put") != puts || s.calls("get") > 0 {
		t.Error("turns that leave the draft went to Redis")
	}
	for range 60 {
		w.clock.Advance(11 * time.Hour)
		w.say("200")
	}
	w.clock.Advance(6*24*time.Hour + 23*time.Hour)
	w.restart()
	w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
	w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
}
