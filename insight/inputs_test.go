package insight_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// begin is the start of a creation some time ago, by a person of its own.
func begin(draft string, ago time.Duration) dialog.Event {
	return dialog.Event{Kind: dialog.EventStarted, Key: "lockbay:escrow:tg:" + draft, Draft: draft, Mode: "database", At: at.Add(-ago)}
}

// later is an event of the same creation.
func later(e dialog.Event, kind dialog.EventKind, after time.Duration, cause string) dialog.Event {
	e.Kind, e.Cause, e.At = kind, cause, e.At.Add(after)
	return e
}

func monthOf(events []dialog.Event) *insight.Figures {
	return collect(events).Figures(at, 30*24*time.Hour, insight.DefaultThresholds())
}

// share is a rate in whole numbers.
func share(r insight.Rate) string { return fmt.Sprintf("%d of %d", r.X, r.N) }

// TestFew: one creation, or some of which all are abandoned, give figures that say how little they know.
func TestFew(t *testing.T) {
	one := begin("a", 48*time.Hour)
	for name, c := range map[string]struct {
		events    []dialog.Event
		abandoned string
		verdict   insight.Verdict
		leaf      insight.Leaf
	}{
		"one that was left":      {[]dialog.Event{one}, "1 of 1", insight.NotSure, insight.Wait},
		"one that was confirmed": {[]dialog.Event{one, later(one, "confirmed", time.Hour, "ESC-1")}, "0 of 1", insight.NotSure, insight.Wait},
		"one that is young":      {[]dialog.Event{begin("a", time.Hour)}, "0 of 0", insight.NotSure, insight.Wait},
	} {
		x := monthOf(c.events)
		if share(x.Abandoned) != c.abandoned || x.Abandoned.Verdict != c.verdict || x.Abandoned.High < x.Abandoned.Low {
			t.Errorf("%s: %v, %s, %+v", name, x.Abandoned, x.Abandoned.Verdict, x.Abandoned.Interval)
		}
		if d := insight.Decide(x, insight.DefaultThresholds(), x.Mode); c.leaf != "" && d.Leaf != c.leaf {
			t.Errorf("%s: %s, %s", name, d.Leaf, d.Note)
		}
	}
	var all []dialog.Event
	for i := range 300 {
		e := begin(fmt.Sprint(i), time.Duration(30+i)*time.Hour)
		all = append(all, e, later(e, "asked", 0, "seller_input"))
	}
	x := monthOf(all)
	if d := insight.Decide(x, insight.DefaultThresholds(), x.Mode); x.Abandoned.X != 300 || x.Abandoned.N != 300 || x.Abandoned.Low < .97 || x.Abandoned.High < .9999 || math.IsNaN(x.Ceiling) || d.Leaf != insight.UX || d.Step != "seller_input" {
		t.Errorf("all are abandoned: %v, %+v, ceiling %g, %s %s", x.Abandoned, x.Abandoned.Interval, x.Ceiling, d.Leaf, d.Step)
	}
}

// TestWindowBeforeAll: a window that ends before anything is known has no creations, and says since when something is.
func TestWindowBeforeAll(t *testing.T) {
	e := begin("a", 48*time.Hour)
	f := collect([]dialog.Event{e, later(e, dialog.EventLost, time.Hour, "memory"), {Kind: dialog.EventUp, Instance: "x", At: e.At}})
	x := f.Figures(at.AddDate(0, -2, 0), 30*24*time.Hour, insight.DefaultThresholds())
	if x.Creations != 0 || x.UnderWay != 0 || x.Starts != 0 || x.Complaints.Weeks != 1 || len(x.LostDrafts) > 0 || len(x.Days) != 31 {
		t.Errorf("%+v", x)
	}
	if d := insight.Decide(x, insight.DefaultThresholds(), x.Mode); d.Leaf != insight.Wait {
		t.Errorf("it decides %s", d.Leaf)
	}
}

// TestStartsOver: a person who starts over five times is six creations in the first measure, and one in all others.
func TestStartsOver(t *testing.T) {
	var all []dialog.Event
	for i := range 6 {
		e := begin("a", 72*time.Hour-time.Duration(i)*time.Hour)
		e.Draft = fmt.Sprint("d", i)
		all = append(all, e, later(e, "asked", 0, "seller_input"), later(e, dialog.EventRehydrated, time.Minute, "device"))
		if i < 5 {
			all = append(all, later(e, dialog.EventReplaced, time.Hour, fmt.Sprint("d", i+1)))
		} else {
			all = append(all, later(e, "confirmed", 2*time.Hour, "ESC-1"))
		}
	}
	x := monthOf(all)
	if share(x.Rehydrated) != "6 of 6" || share(x.TypedAgain) != "0 of 6" || share(x.Abandoned) != "0 of 1" || x.Ended[insight.Replaced] != 5 || x.Ended[insight.Confirmed] != 1 || len(x.Steps) != 1 || share(x.Steps[0].Left) != "0 of 1" {
		t.Errorf("%v, %v, %v, %v, %+v", x.Rehydrated, x.TypedAgain, x.Abandoned, x.Ended, x.Steps)
	}
}

// TestBegunAtReview: a creation that began with the terms of an earlier one was asked one question, the review, and is open there
// or nowhere.
func TestBegunAtReview(t *testing.T) {
	a, b := begin("a", 48*time.Hour), begin("b", 48*time.Hour)
	x := monthOf([]dialog.Event{a, later(a, "asked", 0, "trade_review"), later(a, "confirmed", time.Minute, "ESC-1"), b, later(b, "asked", 0, "trade_review")})
	if len(x.Steps) != 1 || x.Steps[0].Step != "trade_review" || share(x.Steps[0].Left) != "1 of 2" || share(x.Abandoned) != "1 of 2" {
		t.Errorf("%+v, %v", x.Steps, x.Abandoned)
	}
}

// TestOpen: a question that was asked only after the horizon is none at which the creation stood.
func TestOpen(t *testing.T) {
	e := begin("a", 72*time.Hour)
	late := collect([]dialog.Event{e, later(e, "asked", horizon, "amount_input")}).Creations()["a"]
	early := collect([]dialog.Event{e, later(e, "asked", horizon-1, "amount_input"), later(e, "asked", horizon-1, "a"), later(e, "asked", 0, "trade_review")}).Creations()["a"]
	if late.Open() != "" || early.Open() != "amount_input" {
		t.Errorf("open at %q and %q", late.Open(), early.Open())
	}
}

// TestEpisodes: starts within ten minutes of each other are one episode, of which one is felt if any of them is; who was rehydrated
// within five minutes after the start of the very instance that took the input was so by the start.
func TestEpisodes(t *testing.T) {
	up := func(after time.Duration, instance string) dialog.Event {
		return dialog.Event{Kind: dialog.EventUp, Instance: instance, Cause: "stop", At: at.Add(-48*time.Hour + after)}
	}
	rolling := make([]dialog.Event, 0, 5)
	for i := range 5 {
		rolling = append(rolling, up(time.Duration(i)*9*time.Minute, fmt.Sprint("host", i)))
	}
	e := begin("a", 49*time.Hour)
	e.Instance = "host4"
	hurt := func(after time.Duration) []dialog.Event { // after the first start
		return []dialog.Event{e, later(e, "answered", time.Minute, ""), later(e, dialog.EventLost, time.Hour+after, "memory"), later(e, dialog.EventRehydrated, time.Hour+after, "restart")}
	}
	for name, c := range map[string]struct {
		events                       []dialog.Event
		starts, episodes, felt, soon int
	}{
		"no restart":                          {hurt(0), 0, 0, 0, 0},
		"two in a second":                     {[]dialog.Event{up(0, "host4"), up(time.Second/2, "host4")}, 2, 1, 0, 0},
		"two in a second, felt":               {append(hurt(time.Minute), up(0, "host4"), up(time.Second/2, "host4")), 2, 1, 1, 1},
		"two at once of two instances":        {append(hurt(time.Minute), up(0, "host4"), up(0, "host5")), 2, 1, 1, 1},
		"rolling over five":                   {rolling, 5, 1, 0, 0},
		"rolling over five, felt at the last": {append(hurt(37*time.Minute), rolling...), 5, 1, 1, 1},
		"rolling over five, felt at another":  {append(hurt(28*time.Minute), rolling...), 5, 1, 1, 0},
		"ten minutes apart":                   {[]dialog.Event{up(0, "x"), up(10*time.Minute, "x")}, 2, 1, 0, 0},
		"more than ten minutes apart":         {[]dialog.Event{up(0, "x"), up(10*time.Minute+time.Millisecond, "x")}, 2, 2, 0, 0},
		"five minutes after":                  {append(hurt(5*time.Minute), up(0, "host4")), 1, 1, 0, 1},
		"later":                               {append(hurt(5*time.Minute+time.Millisecond), up(0, "host4")), 1, 1, 0, 0},
		"just before five minutes":            {append(hurt(5*time.Minute-time.Millisecond), up(0, "host4")), 1, 1, 1, 1},
		"as it starts":                        {append(hurt(0), up(0, "host4")), 1, 1, 1, 1},
		"just before it starts":               {append(hurt(-time.Millisecond), up(0, "host4")), 1, 1, 0, 0},
	} {
		x := monthOf(c.events)
		if x.Starts != c.starts || x.Episodes != c.episodes || x.Felt != c.felt || x.AfterStart.X != c.soon {
			t.Errorf("%s: %d starts, %d episodes, %d felt, %v soon", name, x.Starts, x.Episodes, x.Felt, x.AfterStart)
		}
	}
}
