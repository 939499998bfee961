package insight_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// meeting is a creation that was begun at noon, answered its first question a minute later, and then whatever came.
func meeting(more ...dialog.Event) []dialog.Event {
	noon := at.AddDate(0, 0, -10)
	all := []dialog.Event{
		{Kind: dialog.EventStarted, At: noon}, {Kind: "asked", Cause: "seller_input", At: noon},
		{Kind: "answered", Step: "seller_input", At: noon.Add(time.Minute)}, {Kind: "asked", Cause: "amount_input", At: noon.Add(time.Minute)},
	}
	for i := range all {
		all[i].Key, all[i].Draft = "lockbay:escrow:tg:1", "d"
	}
	for _, e := range more {
		if e.Kind != dialog.EventUp && e.Kind != dialog.EventDown {
			e.Key, e.Draft = "lockbay:escrow:tg:1", "d"
		}
		all = append(all, e)
	}
	return all
}

// TestMeets: who is met by a restart, and who is compared with them.
func TestMeets(t *testing.T) {
	noon := at.AddDate(0, 0, -10)
	after := func(d time.Duration) time.Time { return noon.Add(time.Minute + d) } // the answer
	down := func(at time.Time) dialog.Event {
		return dialog.Event{Kind: dialog.EventDown, Instance: "host.1", At: at}
	}
	up := func(at time.Time, cause string) dialog.Event {
		return dialog.Event{Kind: dialog.EventUp, Instance: "host.2", Cause: cause, At: at}
	}
	ms, day := time.Millisecond, 24*time.Hour
	for name, x := range map[string]struct {
		more []dialog.Event
		want string
	}{
		"no restart":                            {nil, ""},
		"a stop after a minute":                 {[]dialog.Event{down(after(time.Minute))}, "exposed/amount_input/3m"},
		"a stop after a moment less":            {[]dialog.Event{down(after(time.Minute - ms))}, "exposed/amount_input/1m"},
		"a stop after three minutes":            {[]dialog.Event{down(after(3 * time.Minute))}, "exposed/amount_input/10m"},
		"a stop after a moment less than three": {[]dialog.Event{down(after(3*time.Minute - ms))}, "exposed/amount_input/3m"},
		"a stop after ten minutes":              {[]dialog.Event{down(after(10 * time.Minute))}, "exposed/amount_input/10m"},
		"a stop after a moment more than ten":   {[]dialog.Event{down(after(10*time.Minute + ms))}, ""},
		"a stop before any answer":              {[]dialog.Event{down(noon.Add(30 * time.Second))}, ""},
		"a crash":                               {[]dialog.Event{up(after(2*time.Minute), "crash")}, "exposed/amount_input/3m"},
		"a start after a stop long before":      {[]dialog.Event{up(after(2*time.Minute), "stop")}, ""},
		"the first start":                       {[]dialog.Event{up(after(2*time.Minute), "")}, ""},
		"two stops":                             {[]dialog.Event{down(after(5 * time.Minute)), down(after(2 * time.Minute))}, "exposed/amount_input/3m"},
		"one after the next answer":             {[]dialog.Event{down(after(14 * time.Minute)), {Kind: "answered", Step: "amount_input", At: after(13 * time.Minute)}, {Kind: "asked", Cause: "description_input", At: after(13 * time.Minute)}}, "exposed/description_input/3m"},
		"one before, one after an answer":       {[]dialog.Event{down(after(14 * time.Minute)), down(after(4 * time.Minute)), {Kind: "answered", Step: "amount_input", At: after(13 * time.Minute)}}, "exposed/amount_input/10m"},
		"a stop after the confirmation":         {[]dialog.Event{down(after(2 * time.Minute)), {Kind: "confirmed", Step: "amount_input", Cause: "ESC-1", At: after(time.Minute)}}, ""},
		"a stop before the confirmation":        {[]dialog.Event{down(after(2 * time.Minute)), {Kind: "confirmed", Step: "amount_input", Cause: "ESC-1", At: after(3 * time.Minute)}}, "exposed/amount_input/3m"},
		"after the horizon":                     {[]dialog.Event{down(noon.Add(horizon)), {Kind: "answered", Step: "amount_input", At: noon.Add(horizon - time.Minute)}}, ""},
		"a moment before the horizon":           {[]dialog.Event{down(noon.Add(horizon - ms)), {Kind: "answered", Step: "amount_input", At: noon.Add(horizon - time.Minute)}}, "exposed/amount_input/1m"},

		"the day after":                       {[]dialog.Event{down(after(2 * time.Minute).Add(day))}, "control/amount_input/3m"},
		"the week before":                     {[]dialog.Event{down(after(2 * time.Minute).Add(-7 * day))}, "control/amount_input/3m"},
		"the day before, another age":         {[]dialog.Event{down(after(8 * time.Minute).Add(-day))}, "control/amount_input/10m"},
		"three days after":                    {[]dialog.Event{down(after(2 * time.Minute).Add(3 * day))}, ""},
		"the day before and after, the first": {[]dialog.Event{down(after(2 * time.Minute).Add(-day)), down(after(8 * time.Minute).Add(day))}, "control/amount_input/3m"},
		"the day after, and soon after":       {[]dialog.Event{down(after(2 * time.Minute).Add(day)), down(after(32*time.Minute - ms))}, ""},
		"the day after, and half an hour on":  {[]dialog.Event{down(after(2 * time.Minute).Add(day)), down(after(32 * time.Minute))}, "control/amount_input/3m"},
		"the day after, and just before":      {[]dialog.Event{down(after(2 * time.Minute).Add(day)), down(after(-28*time.Minute + ms))}, ""},
		"the day after, and half an hour ago": {[]dialog.Event{down(after(2 * time.Minute).Add(day)), down(after(-28 * time.Minute))}, "control/amount_input/3m"},
		"the day after, and at that time":     {[]dialog.Event{down(after(2 * time.Minute).Add(day)), down(after(4 * time.Minute))}, "exposed/amount_input/10m"},
	} {
		slots := slotsOf(meeting(x.more...))
		got := ""
		for _, stratum := range []string{"seller_input", "amount_input", "description_input", ""} {
			for _, age := range []string{"1m", "3m", "10m", ""} {
				for _, role := range []string{"exposed", "control"} {
					if name := role + "/" + stratum + "/" + age; slots.Count(name) > 0 {
						got += name
					}
				}
			}
		}
		if got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

// slotsOf is the slot of the one creation of events.
func slotsOf(all []dialog.Event) *insight.Slot {
	f := collect(all)
	f.Settle()
	return &f.Slots()[0]
}

// TestRelatedNeedsMany: restarts that met fewer than a hundred say nothing, however much more of them leave.
func TestRelatedNeedsMany(t *testing.T) {
	for met, want := range map[int]string{99: "not sure yet", 100: "yes"} {
		var all []dialog.Event
		stop := at.AddDate(0, 0, -10)
		all = append(all, dialog.Event{Kind: dialog.EventDown, Instance: "host", At: stop})
		for i := range met + 200 {
			answered := stop.Add(-time.Minute)
			if i >= met { // at that time of the day before
				answered = answered.AddDate(0, 0, -1)
			}
			e := dialog.Event{Key: fmt.Sprintf("lockbay:escrow:tg:%d", i), Draft: fmt.Sprint(i), At: answered.Add(-time.Minute)}
			add := func(kind dialog.EventKind, step, cause string, at time.Time) {
				e.Kind, e.Step, e.Cause, e.At = kind, step, cause, at
				all = append(all, e)
			}
			add(dialog.EventStarted, "", "", e.At)
			add("answered", "seller_input", "", answered)
			add("asked", "", "amount_input", answered)
			if i >= met && i%10 > 0 || i < met && i%2 > 0 {
				add("confirmed", "amount_input", fmt.Sprint("ESC-", i), answered.Add(time.Hour))
			}
		}
		x := collect(all).Figures(at, month, insight.DefaultThresholds()).Related
		if x.Exposed != met || x.Control != 200 || x.Verdict != want || x.Low < 2 {
			t.Errorf("%d were met: %+v, want %s", met, x, want)
		}
	}
}
