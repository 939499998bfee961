package dialog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

const day = 24 * time.Hour

// later lets time pass and the sweeper look.
func (w *world) later(d time.Duration) *dialog.Record {
	w.Helper()
	w.clock.Advance(d)
	if _, err := w.bot.Sweep(w.Context(), 0); err != nil {
		w.Fatal(err)
	}
	r, _, err := w.bot.Hydrate(w.Context(), w.key())
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) logged(kind dialog.EventKind) (n int) {
	for _, e := range w.memory.Logged() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// The life of a draft of 7 days: reminded at half of it, renewed, reminded, expired, forgotten.
func TestLifeOfADraft(t *testing.T) {
	w := alone(t, dialog.Database)
	w.say("/create")
	w.say("large")
	if r := w.later(3*day + 11*time.Hour); r.Said != nil {
		t.Errorf("said %+v before half its life", r.Said)
	}
	r := w.later(2 * time.Hour)
	if r.Said == nil || r.Said.Code != "reminder" || r.Anew != r.Version {
		t.Fatalf("said %+v", r.Said)
	}
	if w.later(time.Hour); w.logged(form.EventReminded) != 1 {
		t.Error("reminded twice")
	}
	out := w.say("/renew")
	if want := w.clock.Now().Add(7 * day); !out.Record.Expires.Equal(want) {
		t.Errorf("renewed until %v, want %v", out.Record.Expires, want)
	}
	w.later(4 * day)
	if w.logged(form.EventReminded) != 2 {
		t.Error("not reminded of the renewed draft")
	}
	r = w.later(3*day + time.Hour)
	if r.Step != "" || len(r.Answers) != 0 || r.Said.Code != "expired" || r.Anew != r.Version {
		t.Fatalf("step %q, %d bytes, said %+v", r.Step, len(r.Answers), r.Said)
	}
	w.later(day)
	if w.logged(form.EventExpired) != 1 {
		t.Error("an expired draft says so once")
	}
	if r = w.later(90 * day); r.Version != 0 {
		t.Errorf("not forgotten: %+v", r.Head)
	}
}

// A cancelled draft comes back within a day, as it was; after that its answers are gone.
func TestUndo(t *testing.T) {
	w := alone(t, dialog.Database)
	w.say("/create")
	w.say("large")
	w.say("/cancel")
	w.later(23 * time.Hour)
	out := w.say("/undo")
	w.at(out, "count", Order{Size: "large"})
	if r := w.later(2 * time.Hour); r.Step != "count" {
		t.Fatalf("step %q after the undo", r.Step)
	}
	w.say("/cancel")
	if r := w.later(25 * time.Hour); len(r.Answers) != 0 {
		t.Errorf("answers kept: %s", r.Answers)
	}
	if out := w.say("/undo"); out.Record.Step != "" {
		t.Errorf("undone after a day: %+v", out.Record.Head)
	}
}

// What was due before an input comes first, though no sweeper was there.
func TestDueBeforeInput(t *testing.T) {
	w := alone(t, dialog.Database)
	w.say("/create")
	w.say("large")
	w.clock.Advance(8 * day)
	out := w.say("2")
	if out.Record.Step != "" || len(out.Record.Answers) != 0 || out.Record.Said.Code != "no_draft" || out.Record.Said.Typed != "2" {
		t.Errorf("step %q, said %+v", out.Record.Step, out.Record.Said)
	}
	if w.logged(form.EventReminded) != 1 || w.logged(form.EventExpired) != 1 {
		t.Error("the timers had no turns")
	}
}

// A live draft outlives the time at which its row would be forgotten, and the
// sweeper does not look at it in vain; a mere hello is forgotten.
func TestForgotten(t *testing.T) {
	w := alone(t, dialog.Database)
	w.say("hello")
	if r := w.later(91 * day); r.Version != 0 {
		t.Errorf("a hello is kept: %+v", r.Head)
	}
	w.say("/create")
	w.say("large")
	w.say("/cancel")
	w.say("/undo")
	for range 31 {
		w.later(3 * day)
		w.say("/renew")
	}
	if r := w.later(time.Hour); r.Step != "count" {
		t.Errorf("a live draft was forgotten: %+v", r.Head)
	}
	w.eventually("the marks are written", func() bool {
		did, err := w.bot.Sweep(context.Background(), 0)
		return err == nil && did.Looked == 0
	})
	if err := w.bot.Forget(t.Context(), w.key()); err != nil {
		t.Fatal(err)
	}
	if err := w.bot.Forget(t.Context(), w.key()); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("forgotten twice: %v", err)
	}
	if _, err := w.bot.Peek(t.Context(), w.key()); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("peek: %v", err)
	}
}

// A Forget that fails has taken nothing away.
func TestForgetFails(t *testing.T) {
	w := alone(t, dialog.Lightweight)
	w.say("/create")
	w.say("large")
	w.store.Next(dialogtest.Forget, 1, dialogtest.Fault{Before: dialogtest.ErrFault})
	if err := w.bot.Forget(t.Context(), w.key()); !errors.Is(err, dialog.ErrUnavailable) {
		t.Fatalf("%v; want unavailable", err)
	}
	w.bot.Refresh(w.key()) // nor does another instance's turn
	w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
}

// Forget takes the events of a conversation, also those that wait, and no others'. A Forget
// that fails between row and events is repeated.
func TestForgetTakesTheEvents(t *testing.T) {
	w := alone(t, dialog.Database)
	w.say("/create")
	mine := w.key()
	w.owner = "tg:2000002"
	w.say("/create")
	w.owner = mine.ID
	w.say("large")
	w.inputs--
	w.say("large") // a duplicate, whose event waits
	w.store.Fail(dialogtest.ForgetEvents, 1)
	if err := w.bot.Forget(t.Context(), mine); !errors.Is(err, dialog.ErrUnavailable) {
		t.Fatalf("%v; want unavailable", err)
	}
	if err := w.bot.Forget(t.Context(), mine); err != nil {
		t.Fatalf("again: %v", err)
	}
	if err := w.bot.Forget(t.Context(), mine); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("a third time: %v", err)
	}
	w.owner = "tg:2000002"
	w.say("large")
	list, err := w.memory.Events(t.Context(), dialog.EventQuery{Key: mine})
	if err != nil || len(list) > 0 {
		t.Errorf("its events: %v, %v", list, err)
	}
	if list, err = w.memory.Events(t.Context(), dialog.EventQuery{Key: w.key()}); err != nil || len(list) != 4 {
		t.Errorf("the other's events: %v, %v", list, err)
	}
}
