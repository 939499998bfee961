package dialog_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// kinds are the events of these kinds, in the order of their times: an event without a turn is written beside the next ones.
func (w *world) kinds(kinds ...dialog.EventKind) (list []dialog.Event) {
	for _, e := range w.memory.Logged() {
		if slices.Contains(kinds, e.Kind) {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b dialog.Event) int { return a.At.Compare(b.At) })
	return list
}

// A loss is told once, with its cause, the step, and the mode that had written the answers.
func TestLostIsTold(t *testing.T) {
	damage := func(w *world) {
		row, err := w.memory.Load(t.Context(), w.key())
		if err != nil {
			t.Fatal(err)
		}
		after := *row
		after.Version, after.Tag, after.Answers = row.Version+1, row.Tag+1, []byte("{")
		if _, err := w.memory.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: row.Stamp(), After: &after}}}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		mode  dialog.Mode
		loses func(w *world)
		want  string
	}{
		"memory":                 {dialog.Lightweight, func(*world) {}, "memory lightweight"},
		"memory of another mode": {dialog.Lightweight, func(w *world) { w.setMode(dialog.Database) }, "memory lightweight"},
		"memory, and a reminder": {dialog.Lightweight, func(w *world) { w.clock.Advance(4 * 24 * time.Hour) }, "memory lightweight"},
		"redis":                  {dialog.Redis, func(w *world) { w.flush() }, "redis redis"},
		"timeout": {dialog.Redis, func(w *world) {
			w.away(true)
			for range 3 {
				if _, err := w.try(w.bot, dialog.KindText, "", "2"); err == nil {
					t.Error("no error while Redis is away")
				}
				w.clock.Advance(25 * time.Second)
			}
		}, "timeout redis"},
		"damaged":           {dialog.Database, damage, "damaged database"},
		"damaged in hybrid": {dialog.Hybrid, func(w *world) { damage(w); w.flush() }, "damaged hybrid"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := inDouble(t, c.mode)
			w.say("/create")
			w.say("large")
			had, err := w.memory.Load(t.Context(), w.key())
			if err != nil {
				t.Fatal(err)
			}
			w.eventually("the copy is written", func() bool { return c.mode != dialog.Hybrid || len(w.names()) > 0 })
			w.restart()
			c.loses(w)
			w.say("2")
			w.away(false)
			w.restart()
			w.say("small")
			list := w.kinds("lost")
			if len(list) != 1 {
				t.Fatalf("%d events, want one: %v", len(list), list)
			}
			if e := list[0]; e.Cause+" "+e.Mode != c.want || e.Step != "count" || e.Draft != had.Draft {
				t.Errorf("%+v, want %s", e, c.want)
			}
		})
	}
}

// What was not lost is not told.
func TestNothingLostIsNotTold(t *testing.T) {
	for _, mode := range []dialog.Mode{dialog.Database, dialog.Hybrid, dialog.Redis} {
		w, _ := inDouble(t, mode)
		w.say("/create")
		w.say("large")
		w.restart()
		w.say("2")
		if list := w.kinds("lost"); len(list) > 0 {
			t.Errorf("%s: %v", mode, list)
		}
	}
}

// Start over ends a draft: its event names the new one. A draft that has ended is not
// replaced.
func TestReplacedIsTold(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.restart()
	w.say("/create")
	was := w.say("large").Record.Draft
	w.say("/restart") // asks first
	var is string
	told := w.after(func() { is = w.say("/restart").Record.Draft })
	var got []string
	for _, e := range told {
		got = append(got, entry(e)+" of "+e.Draft)
	}
	want := []string{"replaced at=count cause=" + is + " source= of " + was, "started at= cause= source= of " + is, "asked at= cause=size source=start of " + is}
	if !slices.Equal(got, want) {
		t.Errorf("the log has %q, want %q", got, want)
	}
	w.say("/cancel")
	w.say("/create")
	if list := w.kinds("replaced"); len(list) != 1 {
		t.Errorf("a cancelled draft was replaced: %v", list)
	}
}

// The first input from another channel is told, the next ones from there are not.
func TestMovedIsTold(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.restart()
	from := func(channel, address, text string) func() {
		return func() {
			w.Helper()
			w.inputs++
			in := dialog.Input{ID: fmt.Sprint(w.inputs), Kind: dialog.KindCommand, Owner: w.owner, Name: text, Place: dialog.Place{Channel: channel, Address: address}}
			if _, err := w.bot.Handle(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
	}
	from("phone", "1", "create")()
	draft := w.kinds("started")[0]
	if draft.Source != "phone" {
		t.Errorf("it began at %q", draft.Source)
	}
	w.tells(from("phone", "2", "resume"))
	told := w.tells(from("page", "1", "resume"), "moved at=size cause=phone source=page")
	if len(told) == 1 && told[0].Draft != draft.Draft {
		t.Errorf("%+v", told[0])
	}
	w.tells(from("page", "1", "resume"))
	from("page", "1", "cancel")()
	w.tells(from("phone", "1", "help"))
}

// An order is told with its verb and who gave it.
func TestOrderedIsTold(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	bot, err := dialog.New(w.memory, dialog.Config{Now: w.clock.Now}, parcel{})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(t.Context())
	row := dialogtest.NewRow(dialog.Key{Bot: "bot", Flow: "parcel", ID: "p1234567"})
	row.State, row.Answers, row.Shown, row.Where = nil, nil, nil, dialog.InRow
	if _, err := w.memory.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
		t.Fatal(err)
	}
	in := dialog.Input{ID: "scan", Kind: dialog.KindOrder, Key: row.Key, Name: "arrived", By: "cli"}
	for range 2 {
		if _, err := bot.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if list := w.kinds("ordered"); len(list) != 1 || entry(list[0]) != "ordered at=amount_input cause=arrived source=cli" || list[0].Key != row.Key.String() {
		t.Errorf("%+v", list)
	}
}

// An input that got no turn is told with the next turn, once however often it was tried.
func TestFailedIsTold(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.restart()
	w.say("/create")
	w.store.Fail(dialogtest.Commit, 3)
	for range 3 {
		if _, err := w.try(w.bot, dialog.KindText, "", "large"); err == nil {
			t.Fatal("no error")
		}
		w.inputs-- // the sender tries again
		w.clock.Advance(time.Second)
	}
	w.inputs++
	w.store.Fail(dialogtest.Load, 1)
	w.bot.Evict()
	if _, err := w.try(w.bot, dialog.KindCommand, "resume", ""); err == nil {
		t.Fatal("no error")
	}
	w.say("large")
	list := w.kinds("failed")
	if len(list) != 2 {
		t.Fatalf("%d events, want one for each input: %v", len(list), list)
	}
	for i, want := range []string{"failed at=size cause=text source=unavailable", "failed at= cause=command source=unavailable"} {
		if e := list[i]; entry(e) != want || e.Key != w.key().String() || e.Mode != "database" {
			t.Errorf("%+v, want %s", e, want)
		}
	}
}
