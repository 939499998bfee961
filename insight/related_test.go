package insight_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
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

// TestLastInput: the age is that of the last input of any kind, of the life that took it; another life that goes on makes a
// control of who was on it.
func TestLastInput(t *testing.T) {
	noon := at.AddDate(0, 0, -10)
	after := func(d time.Duration) time.Time { return noon.Add(time.Minute + d) } // the answer, which no instance names
	on := func(kind dialog.EventKind, instance string, d time.Duration) dialog.Event {
		return dialog.Event{Kind: kind, Instance: instance, Step: "amount_input", Cause: "short", At: after(d)}
	}
	down := func(instance string, d time.Duration) dialog.Event {
		return dialog.Event{Kind: dialog.EventDown, Instance: instance, At: after(d)}
	}
	back := on("asked", "a.1", 12*time.Minute)
	back.Cause, back.Source = "seller_input", "back"
	asked := back
	asked.Source = "lost"
	for name, x := range map[string]struct {
		more []dialog.Event
		want string
	}{
		"refused since":                           {[]dialog.Event{on(dialog.EventRefused, "a.1", 12*time.Minute), down("a.1", 14*time.Minute)}, "exposed/amount_input/3m"},
		"answered again since":                    {[]dialog.Event{on("answered", "a.1", 12*time.Minute), on("answered", "a.1", 20*time.Minute), down("a.1", 20*time.Minute+30*time.Second)}, "exposed/amount_input/1m"},
		"back since":                              {[]dialog.Event{back, down("a.1", 14*time.Minute)}, "exposed/seller_input/3m"},
		"asked by no person since":                {[]dialog.Event{asked, down("a.1", 14*time.Minute)}, ""},
		"reminded since":                          {[]dialog.Event{on("reminded", "a.1", 12*time.Minute), down("a.1", 14*time.Minute)}, ""},
		"cancelled since":                         {[]dialog.Event{on("cancelled", "a.1", time.Minute), down("a.1", 2*time.Minute)}, ""},
		"cancelled and undone since":              {[]dialog.Event{on("cancelled", "a.1", time.Minute), on("undone", "a.1", 90*time.Second), down("a.1", 2*time.Minute)}, "exposed/amount_input/1m"},
		"undone after it":                         {[]dialog.Event{on("cancelled", "a.1", time.Minute), on("undone", "a.1", 3*time.Minute), down("a.1", 2*time.Minute)}, ""},
		"started over since":                      {[]dialog.Event{on(dialog.EventReplaced, "a.1", time.Minute), down("a.1", 2*time.Minute)}, ""},
		"on another instance, which went on":      {[]dialog.Event{on(dialog.EventRefused, "b.1", time.Minute), down("a.1", 2*time.Minute)}, "control/amount_input/3m"},
		"on another instance, which ended, too":   {[]dialog.Event{on(dialog.EventRefused, "b.1", time.Minute), down("a.1", 2*time.Minute), down("b.1", 3*time.Minute)}, "exposed/amount_input/3m"},
		"on another instance, which ended later":  {[]dialog.Event{on(dialog.EventRefused, "b.1", time.Minute), down("a.1", 2*time.Minute), down("b.1", 32*time.Minute-1)}, ""},
		"on another instance, which ended late":   {[]dialog.Event{on(dialog.EventRefused, "b.1", time.Minute), down("a.1", 2*time.Minute), down("b.1", 32*time.Minute)}, "control/amount_input/3m"},
		"first on one instance, then on another":  {[]dialog.Event{on(dialog.EventRefused, "a.1", time.Minute), on(dialog.EventRefused, "b.1", 2*time.Minute), down("a.1", 3*time.Minute)}, "control/amount_input/3m"},
		"the next life of the instance, by crash": {[]dialog.Event{on(dialog.EventRefused, "a.1", time.Minute), {Kind: dialog.EventUp, Instance: "a.2", Cause: "crash", At: after(2 * time.Minute)}}, "exposed/amount_input/3m"},
	} {
		slots := slotsOf(meeting(x.more...))
		got := ""
		for _, role := range []string{"exposed", "control"} {
			for _, step := range []string{"seller_input", "amount_input"} {
				for _, age := range []string{"1m", "3m", "10m"} {
					if name := role + "/" + step + "/" + age; slots.Count(name) > 0 {
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

// TestRecountOfRoles: who is met by a restart and who is compared with them, recounted from the events alone, as anything happens.
func TestRecountOfRoles(t *testing.T) {
	for seed := range uint64(6) {
		all := insighttest.Random(seed, 400, 12, at.Add(-horizon))
		f := collect(all)
		f.Settle()
		got := map[string]int{}
		for _, s := range f.Slots() {
			for line := range strings.Lines(s.Counts) {
				name, number, _ := strings.Cut(strings.TrimSpace(line), " ")
				if role, rest, ok := strings.Cut(name, "/"); ok && (role == "exposed" || role == "control") {
					n, _ := strconv.Atoi(number)
					got[role+rest[strings.LastIndex(rest, "/"):]] += n
				}
			}
		}
		want := recountRoles(all, f.Creations())
		if !maps.Equal(got, want) || want["exposed/1m"] == 0 || want["control/10m"] == 0 {
			t.Errorf("seed %d: %v, recounted %v", seed, got, want)
		}
	}
}

// recountRoles counts roles and ages from events, each time and each creation by itself. It takes from the creations only whose
// they are, and which inputs they keep no more.
func recountRoles(all []dialog.Event, of map[string]*insight.Creation) map[string]int {
	counts := map[string]int{}
	byDraft := map[string][]dialog.Event{}
	type life struct {
		at   time.Time
		host string
	}
	var ends []life
	for _, e := range all {
		host, _, _ := strings.Cut(e.Instance, ".")
		if e.Kind == dialog.EventDown || e.Kind == dialog.EventUp && e.Cause == "crash" {
			ends = append(ends, life{e.At, host})
		}
		byDraft[e.Draft] = append(byDraft[e.Draft], e)
	}
	quiet := func(at time.Time, host string) bool {
		return !slices.ContainsFunc(ends, func(e life) bool {
			return (host == "" || e.host == host) && e.at.Sub(at).Abs() < 30*time.Minute
		})
	}
	for draft := range of {
		events := byDraft[draft]
		var inputs []dialog.Event
		var started, answered, confirmed, replaced, cancelled, undone time.Time
		for _, e := range events {
			first := func(at *time.Time) {
				if at.IsZero() || e.At.Before(*at) {
					*at = e.At
				}
			}
			switch e.Kind {
			case dialog.EventStarted:
				started = e.At
			case "answered":
				first(&answered)
			case "confirmed":
				first(&confirmed)
			}
		}
		for _, e := range events {
			within := e.At.Before(started.Add(horizon))
			last := func(at *time.Time) {
				if within && e.At.After(*at) {
					*at = e.At
				}
			}
			switch e.Kind {
			case dialog.EventReplaced:
				last(&replaced)
			case "cancelled":
				last(&cancelled)
			case "undone":
				last(&undone)
			}
			switch e.Kind {
			case "answered", "refused", "cancelled", "undone", "confirmed", "rehydrated", "moved", "replaced":
				inputs = append(inputs, e)
			}
		}
		slices.SortFunc(inputs, func(a, b dialog.Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Instance, b.Instance)) })
		inputs = slices.CompactFunc(inputs, func(a, b dialog.Event) bool { return a.At.Equal(b.At) && a.Instance == b.Instance })
		inputs = inputs[:min(len(inputs), 64)]
		// age is that of the last input before a time at which it stood, and the host that took it
		age := func(at time.Time) (text, host string) {
			before := func(t time.Time) bool { return !t.IsZero() && t.Before(at) }
			if !before(answered) || before(confirmed) || before(replaced) || before(cancelled) && !(before(undone) && undone.After(cancelled)) || !at.Before(started.Add(horizon)) {
				return "", ""
			}
			var ago time.Duration = -1
			for _, in := range inputs {
				if in.At.Before(at) {
					ago = at.Sub(in.At)
					host, _, _ = strings.Cut(in.Instance, ".")
				}
			}
			switch {
			case ago < 0 || ago > 10*time.Minute:
				return "", ""
			case ago < time.Minute:
				return "1m", host
			case ago < 3*time.Minute:
				return "3m", host
			}
			return "10m", host
		}
		var met, end time.Time
		role := ""
		for _, e := range ends {
			if text, host := age(e.at); text != "" && host == e.host && (role == "" || e.at.Before(met)) {
				role, met = "exposed/"+text, e.at
			}
		}
		for _, days := range []int{-7, -1, 0, 1, 7} {
			for _, e := range ends {
				then := e.at.Add(time.Duration(days) * 24 * time.Hour)
				text, host := age(then)
				fits := days != 0 && quiet(then, "") || days == 0 && host != e.host && quiet(then, host)
				if text != "" && fits && !strings.HasPrefix(role, "exposed") && (role == "" || e.at.Before(end)) {
					role, end = "control/"+text, e.at
				}
			}
		}
		if role != "" {
			counts[role]++
		}
	}
	return counts
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
