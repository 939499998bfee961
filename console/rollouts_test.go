package console_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/rollout"
)

// day is the time of so many days before the world's now, in unix milliseconds.
func day(before int) int64 { return at.AddDate(0, 0, -before).UnixMilli() }

// middle is a rollout at its second stage, which began some days ago.
func middle(name string, days int) rollout.State {
	first := rollout.Pair{New: rollout.Counts{N: 120, Abandoned: 20}, Old: rollout.Counts{N: 1010, Abandoned: 190, Lost: 60}}
	now := rollout.Pair{New: rollout.Counts{N: 412, Abandoned: 66, Failed: 2, Conflict: 3, Slow: 9}, Old: rollout.Counts{N: 528, Abandoned: 97, Lost: 37, Failed: 3, Conflict: 4, Slow: 26}}
	s := rollout.State{
		Name: name, Mode: "database", Goal: rollout.Safe, Plan: rollout.DefaultPlan(), Pace: rollout.Pace{PerDay: 160, Abandoned: .18, Horizon: 24 * time.Hour}, Looked: day(0),
		Parts: []rollout.Part{
			{Share: 10, Began: day(days + 7), Ended: day(days), Until: day(days), All: first, Fresh: first, Slow: 83 * time.Millisecond},
			{Share: 50, Began: day(days), Until: at.AddDate(0, 0, 14-days).UnixMilli(), All: now, Fresh: now, Slow: 83 * time.Millisecond},
		},
		Changes: []rollout.Change{
			{At: day(days + 7), What: "start", To: 10, By: "cli", Reason: "typed again is over 5%"},
			{At: day(days + 5), What: "pause", From: 10, To: 10, Why: &rollout.Why{Guard: rollout.Speed, New: .31, Old: .05, Evidence: 240}, All: first, Odds: 1.2},
			{At: day(days + 4), What: "resume", From: 10, To: 10, By: "console", Reason: "it was the disk of the old host", All: first, Odds: .8},
			{At: day(days), What: "advance", From: 10, To: 50, By: "console", Reason: "7 days, nothing broken", All: first, Odds: .25},
		},
	}
	return s
}

// situations are rollouts in each of the situations.
func situations() []rollout.State {
	comparing, may, few := middle("comparing", 3), middle("may", 14), middle("few", 14)
	few.Parts[1].All.New = rollout.Counts{N: 31, Abandoned: 4}
	full := middle("full", 14)
	full.Parts[1].Ended = day(2)
	full.Parts = append(full.Parts, rollout.Part{Share: 100, Began: day(2), Until: day(2)})
	paused, stopped := middle("paused", 5), middle("stopped", 5)
	paused.Paused, paused.Why = true, &rollout.Why{Guard: rollout.Share, New: .62, Old: .44, Evidence: 219}
	stopped.Paused, stopped.Why, stopped.Blind = true, &rollout.Why{Reason: "the bank is closed"}, true
	reverted := middle("reverted", 5)
	reverted.Parts[1].All.New.Lost = 300 // as much evidence as there is
	reverted.Reverted, reverted.Parts[1].Ended, reverted.Why = day(1), day(1), &rollout.Why{Guard: rollout.Abandonment, New: .29, Old: .19, Evidence: 64}
	unsure, proved := middle("unsure", 14), middle("proved", 14)
	unsure.Goal, unsure.Finding, unsure.Parts[1].Until = rollout.Fewer, rollout.NotSure, day(-4)
	proved.Goal, proved.Finding = rollout.Fewer, rollout.Proved
	proved.Parts[1].All.New.Abandoned = 20
	return []rollout.State{comparing, may, few, full, paused, stopped, reverted, unsure, proved}
}

// orders are what a page lets an operator order.
var orders = regexp.MustCompile(`name="(force)"|name="order" value="([a-z]*)"`)

// TestRolloutPages: the page of a rollout says how it stands, with what was compared, and takes the orders that the rollout takes.
func TestRolloutPages(t *testing.T) {
	w := full(t, situations()...)
	o := w.operator().signIn()
	for name, c := range map[string]struct {
		says    []string
		buttons string
	}{
		"comparing": {[]string{"Rollout comparing is at 50%", "3 days at 50%, and no guardrail is broken. The stage lasts until 5 Dec, 14:49.", "Goal safe: no harm. 940 first creations compared at this stage, 412 in new and 528 in old, each 24 h old at least",
			"16.2% in new, 18.7% in old. Reverts at 50 to 1.", "1.7% in new, 1.7% in old were read back in more than 83 ms. Pauses at 200 to 1.", "532 of 2,070 came to new. Pauses at 200 to 1.",
			"10 to 50%", "paused", "resumed", "7 days, nothing broken", "1 to 4", "by itself", "speed: 31% against 5%"}, "force advance pause revert"},
		"may":      {[]string{"Rollout may may go to 100%", "14 days at 50%, as planned, and no guardrail is broken. From 100% on nothing is left to compare", "may begin now"}, "advance pause revert"},
		"few":      {[]string{"Rollout few waits at 50% for more people", "still lacks 69 creations, about 29 days as they come now. It never reverts for that."}, "force advance pause revert"},
		"full":     {[]string{"Rollout full is at 100%", "Everybody has mode database. Nothing is left to compare"}, "pause revert"},
		"paused":   {[]string{"Rollout paused is paused at 50%", "62% came to new, and 44% should; evidence 219 to 1."}, "resume revert"},
		"stopped":  {[]string{"An operator did that: the bank is closed.", "The counts could not be read at the last look."}, "resume revert"},
		"reverted": {[]string{"Rollout reverted is reverted", "since 23 Nov, 14:49.", "abandonment, 29% in new and 19% in old; evidence 64 to 1.", "No more orders"}, ""},
		"unsure":   {[]string{"has not shown yet whether fewer leave", "neither surely more than 30% nor surely less. It goes on until 28 Nov, 14:49, or you decide."}, "advance pause revert"},
		"proved":   {[]string{"Rollout proved may go to 100%", "The goal is proved: abandonment is lower by"}, "advance pause revert"},
	} {
		o.get("/console/rollouts/"+name).is(200, c.says...)
		var buttons []string
		for _, m := range orders.FindAllStringSubmatch(o.page, -1) {
			buttons = append(buttons, m[1]+m[2])
		}
		if got := strings.Join(buttons, " "); got != c.buttons {
			t.Errorf("%s: the orders are %q, want %q", name, got, c.buttons)
		}
		if passed := strings.Count(o.page, `<li class="done"`); (passed > 0) == (name == "reverted") {
			t.Errorf("%s: the line is drawn up to %d stages", name, passed)
		}
		if filled := strings.Contains(o.page, `class="go" name="order"`); filled != (name == "may" || name == "proved") {
			t.Errorf("%s: an order is due: %v", name, filled)
		}
	}
	o.get("/console/rollouts").is(200, "Rollout may may go to 100%", "Rollout reverted is reverted")
	o.get("/console").is(200, "Rollout may may go to 100%")
	if strings.Contains(o.page, "is reverted") {
		t.Error("the overview shows what is over")
	}
	if o.get("/console/rollouts/none"); o.status != 404 {
		t.Errorf("a rollout that there is not: %d", o.status)
	}
}

// TestRolloutOrders: an operator's orders go to the rollout with a reason, once however often the form is sent, and only those of the
// stage that the page showed.
func TestRolloutOrders(t *testing.T) {
	store := dialog.NewMemory()
	e, err := dialog.New(store, dialog.Config{Bot: "lockbay"}, rollout.NewFlow(rollout.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	state := func() rollout.State {
		t.Helper()
		row, err := store.Load(t.Context(), rollout.Key("lockbay", "database"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := dialog.Decode(row)
		if err != nil {
			t.Fatal(err)
		}
		s, err := rollout.Of(r)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	start := rollout.Order{Verb: rollout.Start, Mode: "database", Goal: rollout.Safe, Plan: rollout.DefaultPlan(), Pace: rollout.Pace{PerDay: 100, Abandoned: .2, Horizon: 24 * time.Hour}, Ceiling: -1, Reason: "typed again"}
	if _, err := e.Handle(t.Context(), start.Input("lockbay", "database", "cli")); err != nil {
		t.Fatal(err)
	}
	var away error
	w := newWorld(t, func(c *console.Config) {
		c.Now = time.Now
		c.Rollouts = func(context.Context) ([]rollout.State, error) { return []rollout.State{state()}, nil }
		c.Order = func(ctx context.Context, name, id string, o *rollout.Order) error {
			if away != nil {
				return away
			}
			s := state()
			if err := s.Check(o, time.Now()); err != nil {
				return err
			}
			in := o.Input("lockbay", name, "console")
			in.ID = id
			_, err := e.Handle(ctx, in)
			return err
		}
	})
	o := w.operator().signIn()
	const page = "/console/rollouts/database"
	order := func(status int, pairs ...string) {
		t.Helper()
		if o.post(page, pairs...); o.status != status {
			t.Errorf("%v: status %d, want %d:\n%s", pairs, o.status, status, o.page)
		}
	}
	is := func(share, changes int, paused bool) {
		t.Helper()
		if s := state(); s.Share() != share || len(s.Changes) != changes || s.Paused != paused {
			t.Errorf("%d%%, %d changes, paused %v; want %d%%, %d, %v", s.Share(), len(s.Changes), s.Paused, share, changes, paused)
		}
	}
	o.get(page)
	order(422, "order", "pause", "reason", "  ")
	o.is(422, "Want a reason, which is kept with the figures.")
	order(422, "order", "advance", "reason", "at once")
	o.is(422, "lasts until", `value="at once"`)
	is(10, 1, false)
	stale := o.page
	order(303, "order", "advance", "force", "1", "reason", "tried <b>by</b> hand")
	is(50, 2, false)
	o.page = stale // another operator's, or the same form again
	order(422, "order", "advance", "force", "1", "reason", "me, too")
	o.is(422, "is at stage 2 (50 %) by now, not at stage 1; nothing was changed")
	is(50, 2, false)
	o.get(page).is(200, "tried <b>by</b> hand")
	if strings.Contains(o.page, "<b>by") {
		t.Error("markup of a reason is markup of the page")
	}
	sent := o.page
	order(303, "order", "pause", "reason", "the bank is closed")
	o.page = sent
	order(303, "order", "pause", "reason", "the bank is closed") // sent twice
	is(50, 3, true)
	o.get(page)
	order(303, "order", "resume", "reason", "it is open")
	is(50, 4, false)
	o.get(page)
	for name, pairs := range map[string][]string{
		"no id": {"order", "revert", "reason", "x", "id", ""}, "a wrong id": {"order", "revert", "reason", "x", "id", "order of mine"}, "no stage": {"order", "revert", "reason", "x", "stage", ""},
		"start": {"order", "start", "reason", "x"}, "no order": {"reason", "x"}, "an unknown one": {"order", "explode", "reason", "x"},
	} {
		before := o.page
		if order(400, pairs...); o.status != 400 {
			t.Error(name)
		}
		o.page = before
	}
	form := o.page
	o.post(page, "order", "revert", "reason", "x", "csrf", "").is(403)
	o.page, away = form, fmt.Errorf("order: %w", dialog.ErrUnavailable)
	order(503, "order", "revert", "reason", "it broke")
	o.page, away = form, errors.New("it is so")
	order(422, "order", "revert", "reason", "it broke")
	is(50, 4, false)
	o.page, away = form, nil
	order(303, "order", "revert", "reason", "it broke")
	is(0, 5, false)
	if s := state(); s.Changes[4].By != "console" || s.Changes[4].Reason != "it broke" {
		t.Errorf("the history says %+v", s.Changes[4])
	}
	o.get(page).is(200, "Rollout database is reverted", "An operator did that: it broke.", "reverted: 50 to 0%")
	o.page = form
	order(303, "order", "revert", "reason", "it broke") // again
	is(0, 5, false)
}
