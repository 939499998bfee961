package insight_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// TestWords: what a decision says beside its leaf names what there is to look at: which figures are not sure and for how long,
// which drafts lost something, what a question refuses, what complaints tell of, and which answer takes longest.
func TestWords(t *testing.T) {
	leave := make([]float64, 5)
	spread := plant(1)
	spread.Leaves = []float64{.08, .08, .08, .08, .08}
	everywhere, _ := spread.Events()
	question := plant(1)
	question.Leaves = append(leave[:2:2], .4, 0, 0)
	question.Refuses = .1
	refused, _ := question.Events()
	calm := plant(1)
	calm.N, calm.Leaves, calm.Pauses = 60, leave, 0
	few, _ := calm.Events()
	lost := func(n int, mode string) (all []dialog.Event) {
		for i := range n {
			e := begin(fmt.Sprintf("lost%d", i), time.Duration(100-i)*time.Hour)
			e.Mode = mode
			all = append(all, e, later(e, "answered", time.Minute, ""), later(e, dialog.EventLost, time.Hour, "memory"), later(e, dialog.EventRehydrated, time.Hour, ""))
		}
		return all
	}
	unseen := begin("unseen", 99*time.Hour)
	for name, c := range map[string]struct {
		events []dialog.Event
		leaf   insight.Leaf
		says   []string
		silent []string
	}{
		"nobody":             {nil, insight.Wait, []string{"Nobody began an escrow in this window"}, []string{"Not sure"}},
		"a few":              {few, insight.Wait, []string{"Not sure yet: answers typed again (about", "more creations, "}, []string{"complaints"}},
		"three a week write": {append(tickets(13, 1, false), few...), insight.Wait, []string{"complaints (about at its threshold)"}, nil},
		"four a week write":  {append(tickets(17, 1, false), few...), insight.Wait, []string{"complaints (about ", "more week"}, nil},
		"a defect":           {lost(7, "hybrid"), insight.Defect, []string{"lockbay explain lost6, lost5, lost4, lost3, lost2."}, []string{"lost1", "lost0"}},
		"a defect, unseen":   {[]dialog.Event{unseen, later(unseen, "answered", 0, ""), later(unseen, dialog.EventLost, time.Hour, "memory")}, insight.Defect, []string{"Nobody has come back"}, nil},
		"one question":       {refused, insight.UX, []string{"It refuses most: short in "}, []string{"nothing"}},
		"everywhere":         {everywhere, insight.Performance, []string{"takes longest at"}, []string{"complaints"}},
		"everywhere, write":  {append(tickets(30, 1, false), everywhere...), insight.Performance, []string{"Nothing that the complaints tell of was lost", "takes longest at"}, nil},
	} {
		x := monthOf(c.events)
		d := insight.Decide(x, insight.DefaultThresholds(), "database")
		if d.Leaf != c.leaf {
			t.Errorf("%s: %s: %s", name, d.Leaf, d.Note)
		}
		for _, want := range c.says {
			if !strings.Contains(d.Note, want) {
				t.Errorf("%s: %q is not in %q", name, want, d.Note)
			}
		}
		for _, want := range c.silent {
			if strings.Contains(d.Note, want) {
				t.Errorf("%s: %q is in %q", name, want, d.Note)
			}
		}
	}
}

// TestOutcomeEnds: a rollout compares who left with who did not; who started over goes on.
func TestOutcomeEnds(t *testing.T) {
	e := begin("a", 72*time.Hour)
	for name, c := range map[string]struct {
		more                []dialog.Event
		replaced, abandoned bool
	}{
		"silent":         {nil, false, true},
		"confirmed":      {[]dialog.Event{later(e, "confirmed", time.Hour, "ESC-1")}, false, false},
		"confirmed late": {[]dialog.Event{later(e, "confirmed", horizon, "ESC-1")}, false, true},
		"cancelled":      {[]dialog.Event{later(e, "cancelled", time.Hour, "")}, false, true},
		"started over":   {[]dialog.Event{later(e, dialog.EventReplaced, time.Hour, "b")}, true, false},
	} {
		if o := collect(append(c.more, e)).Creations()["a"].Outcome(horizon); o.Replaced != c.replaced || o.Abandoned != c.abandoned {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestNumbers: numbers are written in groups of three digits, and things in their plural unless there is one.
func TestNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0 people", 1: "1 person", 2: "2 people", 999: "999 people", 1000: "1,000 people", 1234567: "1,234,567 people", -123: "-123 people", -1234: "-1,234 people"} {
		if got := insight.Things(n, "person"); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
	if one, two := insight.Things(1, "day"), insight.Things(2, "day"); one != "1 day" || two != "2 days" {
		t.Errorf("%s, %s", one, two)
	}
}
