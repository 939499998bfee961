package dialog_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// logged are the logged duplicates and conflicts.
func logged(w *world) (list []dialog.Event) {
	for _, e := range w.memory.Logged() {
		if e.Kind == dialog.EventDuplicate || e.Kind == dialog.EventConflict {
			list = append(list, e)
		}
	}
	return list
}

// Duplicates and conflicts are logged with the next turn, and never by themselves.
func TestDuplicateAndConflictRideAlong(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.restart()
	w.say("/create")
	w.say("large")
	for range 3 {
		w.inputs--
		if out := w.say("large"); out.Did != dialog.DidDuplicate {
			t.Fatalf("%v, want a duplicate", out.Did)
		}
	}
	batches := w.bot.Stats().Batches
	stays(t, "they have no commit of their own", func() bool { return len(logged(w)) == 0 && w.bot.Stats().Batches == batches })
	w.say("2")
	n := logged(w)
	if len(n) != 3 {
		t.Fatalf("%d events, want 3: %v", len(n), n)
	}
	if e := n[0]; e.Kind != dialog.EventDuplicate || e.Key != w.key().String() || e.Step != "count" || e.Draft == "" ||
		e.Mode != "database" || e.Instance != "host.1" || e.Cause != "text" || !e.At.Equal(w.clock.Now()) {
		t.Errorf("a duplicate is %+v", e)
	}

	other := w.process("other.1")
	if _, err := w.try(other, dialog.KindText, "", "1 Infinite Loop"); err != nil {
		t.Fatal(err)
	}
	w.say("/back") // decided on what this process has, which is old
	n = logged(w)
	if len(n) != 4 || n[3].Kind != dialog.EventConflict || n[3].Cause != "command" || n[3].Step != "address" {
		t.Fatalf("want a conflict last: %+v", n)
	}
	for _, e := range w.memory.Logged() {
		for _, said := range []string{"large", "Infinite"} {
			if strings.Contains(e.Cause+e.Source+e.Step, said) {
				t.Errorf("%+v tells what was typed", e)
			}
		}
	}
}

// The number of events that wait is bounded. The last of them are written with the event
// that the instance is down.
func TestWaitingEventsAreBounded(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.restart()
	ctx, cancel := context.WithCancel(t.Context())
	down := make(chan struct{})
	go func() { _ = w.bot.Run(ctx); close(down) }()
	w.eventually("the instance is up", func() bool {
		return slices.ContainsFunc(w.memory.Logged(), func(e dialog.Event) bool { return e.Kind == dialog.EventUp })
	})
	last := map[string]int{} // :: owner → number of their last input
	for range 20 {           // of one person the log takes fewer events a day
		w.owner = "tg:" + strconv.Itoa(2_000_000+len(last))
		w.say("/create")
		last[w.owner] = w.inputs
	}
	inputs := w.inputs
	for range 50 {
		for w.owner, w.inputs = range last {
			w.inputs--
			w.say("/create")
		}
	}
	w.inputs = inputs
	w.say("large")
	had := len(logged(w))
	if had != 256 {
		t.Fatalf("%d events of 1000 duplicates, want 256", had)
	}
	w.inputs--
	w.say("large")
	cancel()
	<-down
	if err := w.bot.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(logged(w)); n != had+1 {
		t.Errorf("%d events at the end, want %d", n, had+1)
	}
}
