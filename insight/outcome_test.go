package insight_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// TestFailedInput: an input that failed is one of the creation that was under way, also if it failed before the draft was known;
// whatever the order of the events.
func TestFailedInput(t *testing.T) {
	start := at.Add(-72 * time.Hour)
	ev := func(kind dialog.EventKind, draft string, after time.Duration) dialog.Event {
		return dialog.Event{Kind: kind, Key: "lockbay:escrow:tg:1", Draft: draft, Variant: "fast/1/new", At: start.Add(after)}
	}
	of := func(key string, after time.Duration) dialog.Event {
		return dialog.Event{Kind: dialog.EventFailed, Key: key, At: start.Add(after)}
	}
	mine := func(after time.Duration) dialog.Event { return of("lockbay:escrow:tg:1", after) }
	for name, c := range map[string]struct {
		events []dialog.Event
		want   bool
	}{
		"nothing failed":                          {nil, false},
		"with the draft":                          {[]dialog.Event{ev("failed", "d", time.Hour)}, true},
		"of another draft":                        {[]dialog.Event{ev("failed", "e", time.Hour)}, false},
		"after the horizon":                       {[]dialog.Event{ev("failed", "d", horizon)}, false},
		"just within the horizon":                 {[]dialog.Event{ev("failed", "d", horizon-1)}, true},
		"without a draft":                         {[]dialog.Event{mine(time.Hour)}, true},
		"at the start":                            {[]dialog.Event{mine(0)}, true},
		"before the start":                        {[]dialog.Event{mine(-time.Millisecond)}, false},
		"before the start, and after":             {[]dialog.Event{mine(-time.Hour), mine(time.Hour)}, true},
		"without a draft, after the horizon":      {[]dialog.Event{mine(horizon)}, false},
		"of somebody else":                        {[]dialog.Event{of("lockbay:escrow:tg:2", time.Hour)}, false},
		"of another flow":                         {[]dialog.Event{of("lockbay:ticket:tg:1", time.Hour)}, false},
		"of no key":                               {[]dialog.Event{of("", time.Hour)}, false},
		"after it was confirmed":                  {[]dialog.Event{mine(time.Hour), ev("confirmed", "d", time.Minute)}, false},
		"before it was confirmed":                 {[]dialog.Event{mine(time.Minute), mine(2 * time.Hour), ev("confirmed", "d", time.Hour)}, true},
		"as it was confirmed":                     {[]dialog.Event{mine(time.Minute), ev("confirmed", "d", time.Minute)}, true},
		"after it was cancelled":                  {[]dialog.Event{mine(time.Hour), ev("cancelled", "d", time.Minute)}, false},
		"after it was replaced":                   {[]dialog.Event{mine(time.Hour), ev("replaced", "d", time.Minute)}, false},
		"after it was cancelled, and that undone": {[]dialog.Event{mine(time.Hour), ev("cancelled", "d", time.Minute), ev("undone", "d", 2*time.Minute)}, true},
		"after its person blocked the bot":        {[]dialog.Event{mine(time.Hour), ev("blocked", "d", time.Minute)}, true},
	} {
		first := append([]dialog.Event{ev(dialog.EventStarted, "d", 0)}, c.events...)
		last := slices.Clone(first)
		slices.Reverse(last)
		for _, events := range [][]dialog.Event{first, last, append(last, first...)} {
			if got := collect(events).Creations()["d"].Outcome(horizon); got.Failed != c.want {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
}

// TestTry: an attempt is the first creation of a person, and those in which that person started over.
func TestTry(t *testing.T) {
	again, confirmed, left := insight.Outcome{Replaced: true, Lost: true, Slowest: 7}, insight.Outcome{Failed: true, Slowest: 3}, insight.Outcome{Abandoned: true, Conflict: true}
	for name, c := range map[string]struct {
		list  []insight.Outcome
		whole bool
		last  int
		want  insight.Outcome
	}{
		"none":                   {nil, false, 0, insight.Outcome{}},
		"one":                    {[]insight.Outcome{left}, true, 0, left},
		"the first":              {[]insight.Outcome{confirmed, left, again}, true, 0, confirmed},
		"started over":           {[]insight.Outcome{again, confirmed, left}, true, 1, insight.Outcome{Lost: true, Failed: true, Slowest: 7}},
		"started over, and left": {[]insight.Outcome{again, again, left}, true, 2, insight.Outcome{Lost: true, Abandoned: true, Conflict: true, Slowest: 7}},
		"it goes on elsewhere":   {[]insight.Outcome{again, again}, false, 1, again},
	} {
		var try insight.Try
		for i, o := range c.list {
			try.Take(at.Add(time.Duration(i)*time.Hour), o)
		}
		if try.Whole() != c.whole || try.Outcome != c.want || len(c.list) > 0 && (!try.Started.Equal(at) || !try.Last.Equal(at.Add(time.Duration(c.last)*time.Hour))) {
			t.Errorf("%s: %+v", name, try)
		}
	}
	var n insight.Outcomes
	n.Add(again, 7)
	n.Add(again, 6)
	n.Add(again, 0)
	if n.N != 3 || n.Slow != 1 || n.Lost != 3 {
		t.Errorf("%+v", n)
	}
}
