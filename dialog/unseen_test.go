package dialog_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// TestRedisTakenAway: the draft store is no longer configured.
func TestRedisTakenAway(t *testing.T) {
	w, _ := inDouble(t, dialog.Redis)
	w.say("/create")
	w.say("large")
	redis := w.drafts
	w.drafts = nil
	w.restart()
	// What cannot be seen is not lost: not by a sweep, and for a minute not by its person.
	w.clock.Advance(4 * 24 * time.Hour)
	if _, err := w.bot.Sweep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	w.row(dialog.InRedis)
	if _, err := w.try(w.bot, dialog.KindText, "", "2"); !errors.Is(err, dialog.ErrUnavailable) || w.troubles.Load() == 0 {
		t.Fatalf("got %v, %d troubles", err, w.troubles.Load())
	}
	w.drafts = redis
	w.restart()
	w.at(w.say("/resume"), "count", Order{Size: "large"})
	w.drafts = nil
	w.restart()
	for range 2 {
		if _, err := w.try(w.bot, dialog.KindText, "", "2"); !errors.Is(err, dialog.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		w.clock.Advance(30 * time.Second)
	}
	w.at(w.say("2"), "size", Order{Count: 2})
	w.rebuilt(dialog.FromHead, dialog.CauseTimeout, true)
	w.row(dialog.InRow)
}

// TestRedisTakenAwayForGood: a draft that cannot be read any more ends all the same.
func TestRedisTakenAwayForGood(t *testing.T) {
	w, _ := inDouble(t, dialog.Redis)
	w.say("/create")
	w.say("large")
	w.drafts = nil
	w.restart()
	for range 12 {
		w.clock.Advance(24 * time.Hour)
		if _, err := w.bot.Sweep(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if row, err := w.memory.Load(t.Context(), w.key()); err == nil && row.Step != "" {
		t.Errorf("still at %q", row.Step)
	}
}

// TestRedisBackup: the database goes on from a backup without the last turns, and names a
// replaced draft.
func TestRedisBackup(t *testing.T) {
	everywhere(t, dialog.Redis, func(w *world) {
		w.say("/create")
		w.say("large")
		row := w.row(dialog.InRedis)
		w.say("2")
		w.at(w.say("1 Infinite Loop"), "review", all)
		w.eventually("the drafts before fade", func() bool { return len(w.names()) == 1 })
		w.goBackTo(row)
		w.restart()
		w.at(w.say("3"), "address", Order{Size: "large", Count: 3})
		w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
	})
}

// goBackTo restores a backup of the database: its secrets and this row.
func (w *world) goBackTo(row *dialog.Row) {
	w.Helper()
	backup := dialog.NewMemory()
	backup.SetNow(w.clock.Now)
	secret, err := w.memory.Secret(w.Context(), "drafts", nil)
	if err == nil {
		_, err = backup.Secret(w.Context(), "drafts", secret)
	}
	if err == nil {
		_, err = backup.Commit(w.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}})
	}
	if err != nil {
		w.Fatal(err)
	}
	w.memory, w.store = backup, dialogtest.NewFaulty(backup)
}

// TestRedisBackupStays: a person comes back to a replaced draft, answers nothing, and
// finds it the next day.
func TestRedisBackupStays(t *testing.T) {
	w, _ := inDouble(t, dialog.Redis)
	w.say("/create")
	w.say("large")
	row := w.row(dialog.InRedis)
	w.say("2")
	w.eventually("the draft before fades", func() bool { return len(w.names()) == 1 })
	w.goBackTo(row)
	w.restart()
	w.at(w.say("/resume"), "count", Order{Size: "large"})
	w.clock.Advance(24 * time.Hour)
	w.restart()
	w.at(w.say("3"), "address", Order{Size: "large", Count: 3})
}

// TestLightweightTimers: a draft in the memory of one process is not lost to
// the timers of another, which cannot see it; without that process it ends.
func TestLightweightTimers(t *testing.T) {
	w, _ := inDouble(t, dialog.Lightweight)
	w.say("/create")
	w.say("large")
	holder := w.bot
	w.clock.Advance(84*time.Hour + time.Second) // half of its life
	w.restart()
	if _, err := w.bot.Sweep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	w.row(dialog.InMemory)
	reminded := func() bool {
		return slices.ContainsFunc(w.memory.Logged(), func(e dialog.Event) bool { return e.Kind == form.EventReminded })
	}
	if reminded() {
		t.Fatal("reminded of a draft that this process cannot see")
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { _ = holder.Run(ctx); close(stopped) }()
	w.eventually("the one that has it reminds", reminded)
	cancel()
	<-stopped
	w.row(dialog.InMemory)
	w.bot = holder
	w.at(w.say("2"), "address", Order{Size: "large", Count: 2})

	w.restart() // and the holder is gone
	for range 12 {
		w.clock.Advance(24 * time.Hour)
		if _, err := w.bot.Sweep(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if row, err := w.memory.Load(t.Context(), w.key()); err == nil && row.Step != "" {
		t.Errorf("still at %q", row.Step)
	}
}
