package dialog_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// desk is a flow whose conversations wait for somebody while their step is waiting. Its input
// names the step, and its value a timer.
type desk struct{ panics bool }

func (*desk) FlowName() string                               { return "desk" }
func (*desk) Match(id string) bool                           { return id != "" }
func (*desk) Begins(*dialog.Input) bool                      { return true }
func (*desk) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{} }

func (d *desk) Waits(r *dialog.Record) bool {
	if d.panics {
		panic("a defect")
	}
	return r.Step == "waiting"
}

func (*desk) Decide(t *dialog.Turn) {
	if t.Input.Kind != dialog.KindOrder {
		return
	}
	t.Record.Owner, t.Record.Draft, t.Record.Step = "tg:1", t.Record.Key.ID, t.Input.Name
	t.Unwake("late")
	if after, err := time.ParseDuration(t.Input.Value); err == nil {
		t.Wake("late", after)
	}
	t.Moved()
}

// A conversation that waits is due within WaitMost after each look, also without a timer, and
// with a later one. All others are due at their timers.
func TestWaiter(t *testing.T) {
	clock, store, flow := dialogtest.NewClock(time.Time{}), dialog.NewMemory(), &desk{}
	store.SetNow(clock.Now)
	e, err := dialog.New(store, dialog.Config{Bot: "bot", Now: clock.Now}, flow)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(t.Context()) })
	for id, x := range map[string][2]string{
		"waits": {"waiting"}, "waits with a later timer": {"waiting", "2000h"}, "waits with a timer": {"waiting", "3h"}, "ended": {"ended"}, "ended with a timer": {"ended", "2000h"},
	} {
		in := dialog.Input{ID: id, Kind: dialog.KindOrder, Key: dialog.Key{Bot: "bot", Flow: "desk", ID: id}, Name: x[0], Value: x[1]}
		if out, err := e.Handle(t.Context(), in); err != nil || out.Did != dialog.DidApply {
			t.Fatal(id, out.Did, err)
		}
	}
	looked := func(want ...string) { // marks are written soon after the sweep
		t.Helper()
		clock.Advance(dialog.WaitMost)
		slices.Sort(want)
		if _, err := e.Sweep(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		soon(t, "due within WaitMost are "+strings.Join(want, ", "), func() bool {
			var got []string
			rows, err := store.Due(t.Context(), dialog.DueQuery{Bot: "bot", Flow: "desk", Until: clock.Now().Add(dialog.WaitMost)})
			for _, r := range rows {
				got = append(got, r.Key.ID)
			}
			slices.Sort(got)
			return err == nil && slices.Equal(got, want)
		})
	}
	for range 3 {
		looked("waits", "waits with a later timer", "waits with a timer")
	}
	flow.panics = true // a defect of the flow leaves the row to its timers
	looked()
}
