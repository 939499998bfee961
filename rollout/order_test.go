package rollout

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// TestCheck: what is not taken, and why; the sentence is that of the command.
func TestCheck(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	state := func(change func(s *State)) *State {
		s := running("tenth", "lightweight", now.Add(-8*day).UnixMilli(), 10)
		s.Parts[0].Until = now.Add(-day).UnixMilli()
		s.Parts[0].All = Pair{New: Counts{N: 120}, Old: Counts{N: 1000}}
		change(&s)
		return &s
	}
	as := func(*State) {}
	none := &State{Name: "tenth"}
	for name, c := range map[string]struct {
		s     *State
		o     Order
		wrong string // empty: it is taken
	}{
		"start":                  {none, *usual(Safe), ""},
		"twice":                  {state(as), *usual(Safe), "exists"},
		"a bad name":             {&State{Name: "Tenth"}, *usual(Safe), "want a name"},
		"a long name":            {&State{Name: strings.Repeat("a", 33)}, *usual(Safe), "want a name"},
		"no mode":                {none, Order{Verb: Start, Mode: "fast", Goal: Safe, Plan: DefaultPlan()}, "mode"},
		"no goal":                {none, Order{Verb: Start, Mode: "redis", Plan: DefaultPlan()}, "want safe or fewer"},
		"no plan":                {none, Order{Verb: Start, Mode: "redis", Goal: Safe}, "stages"},
		"a low ceiling":          {none, Order{Verb: Start, Mode: "redis", Goal: Fewer, Plan: DefaultPlan(), Ceiling: .29}, "by 29 % at most"},
		"a low ceiling, forced":  {none, Order{Verb: Start, Mode: "redis", Goal: Fewer, Plan: DefaultPlan(), Ceiling: .29, Force: true}, ""},
		"a low ceiling, safe":    {none, Order{Verb: Start, Mode: "redis", Goal: Safe, Plan: DefaultPlan(), Ceiling: .29}, ""},
		"a high ceiling":         {none, Order{Verb: Start, Mode: "redis", Goal: Fewer, Plan: DefaultPlan(), Ceiling: .3}, ""},
		"an unknown ceiling":     {none, Order{Verb: Start, Mode: "redis", Goal: Fewer, Plan: DefaultPlan(), Ceiling: -1}, "nobody knows yet"},
		"no ceiling, safe":       {none, Order{Verb: Start, Mode: "redis", Goal: Safe, Plan: DefaultPlan(), Ceiling: -1}, ""},
		"no ceiling, forced":     {none, Order{Verb: Start, Mode: "redis", Goal: Fewer, Plan: DefaultPlan(), Ceiling: -1, Force: true}, ""},
		"nothing there":          {none, Order{Verb: Pause, Reason: "x"}, "there is no rollout tenth"},
		"advance":                {state(as), Order{Verb: Advance, Stage: 1, Reason: "x"}, ""},
		"without a reason":       {state(as), Order{Verb: Advance, Stage: 1, Reason: " \n"}, "want a reason"},
		"a long reason":          {state(as), Order{Verb: Advance, Stage: 1, Reason: strings.Repeat("x", 201)}, "at most 200 characters"},
		"another stage":          {state(as), Order{Verb: Advance, Stage: 2, Reason: "x"}, "is at stage 1 (10 %) by now, not at stage 2"},
		"revert at another":      {state(as), Order{Verb: Revert, Stage: 2, Reason: "x"}, ""},
		"too early":              {state(func(s *State) { s.Parts[0].Until = now.Add(time.Hour).UnixMilli() }), Order{Verb: Advance, Stage: 1, Reason: "x"}, "lasts until 2026-11-24 15:00 UTC"},
		"too early, forced":      {state(func(s *State) { s.Parts[0].Until = now.Add(time.Hour).UnixMilli() }), Order{Verb: Advance, Stage: 1, Reason: "x", Force: true}, ""},
		"too few":                {state(func(s *State) { s.Parts[0].All.New.N = 99 }), Order{Verb: Advance, Stage: 1, Reason: "x"}, "99 in new and 1000 in old"},
		"too few in old":         {state(func(s *State) { s.Parts[0].All.Old.N = 99 }), Order{Verb: Advance, Stage: 1, Reason: "x"}, "120 in new and 99 in old"},
		"too few, forced":        {state(func(s *State) { s.Parts[0].All.New.N = 99 }), Order{Verb: Advance, Stage: 1, Reason: "x", Force: true}, ""},
		"paused":                 {state(func(s *State) { s.Paused = true }), Order{Verb: Advance, Stage: 1, Reason: "x", Force: true}, "is paused; resume it first"},
		"pause twice":            {state(func(s *State) { s.Paused = true }), Order{Verb: Pause, Stage: 1, Reason: "x"}, "already"},
		"resume what goes on":    {state(as), Order{Verb: Resume, Stage: 1, Reason: "x"}, "already"},
		"revert what is paused":  {state(func(s *State) { s.Paused = true }), Order{Verb: Revert, Stage: 1, Reason: "x"}, ""},
		"revert twice":           {state(func(s *State) { s.Reverted = 1 }), Order{Verb: Revert, Stage: 1, Reason: "x"}, "already"},
		"resume what is gone":    {state(func(s *State) { s.Reverted = 1 }), Order{Verb: Resume, Stage: 1, Reason: "x"}, "start another one"},
		"all, and on":            {state(func(s *State) { s.Parts = append(s.Parts, Part{Share: 50}, Part{Share: 100}) }), Order{Verb: Advance, Stage: 3, Reason: "x", Force: true}, "already"},
		"the goal is not judged": {state(func(s *State) { s.Goal, s.Stages = Fewer, []int{10, 100} }), Order{Verb: Advance, Stage: 1, Reason: "x"}, "judged within a minute"},
		"the goal is not sure":   {state(func(s *State) { s.Goal, s.Stages, s.Finding = Fewer, []int{10, 100}, NotSure }), Order{Verb: Advance, Stage: 1, Reason: "x"}, ""},
		"the clock was set back": {state(func(s *State) {
			s.Parts[0].Began, s.Parts[0].Until = now.Add(day).UnixMilli(), now.Add(8*day).UnixMilli()
		}), Order{Verb: Advance, Stage: 1, Reason: "x"}, "lasts until"},
	} {
		err := c.s.Check(&c.o, now)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want %q", name, err, c.wrong)
		}
		if errors.Is(err, ErrAlready) != (c.wrong == "already") {
			t.Errorf("%s: whether it is so already: %v", name, err)
		}
	}
}

// TestPlans: which plans there are.
func TestPlans(t *testing.T) {
	for _, c := range []struct {
		stages, days []int
		want         []int // days; nil: it is wrong
	}{
		{nil, nil, []int{7, 14, 0}},
		{[]int{100}, nil, []int{0}},
		{[]int{5, 20, 50, 100}, nil, []int{7, 14, 14, 0}},
		{[]int{50, 100}, []int{1, 0}, []int{1, 0}},
		{[]int{50, 100}, []int{1}, nil},
		{[]int{50, 100}, []int{1, -1}, nil},
		{[]int{50, 100}, []int{366, 0}, nil},
		{[]int{10, 50}, nil, nil},
		{[]int{50, 50, 100}, nil, nil},
		{[]int{0, 100}, nil, nil},
		{[]int{50, 101}, nil, nil},
		{[]int{1, 2, 3, 4, 5, 6, 7, 8, 100}, nil, nil},
	} {
		p, err := PlanOf(c.stages, c.days)
		if (err == nil) != (c.want != nil) {
			t.Errorf("%v %v: %v", c.stages, c.days, err)
		}
		for i := range c.want {
			if err == nil && p.Days[i] != c.want[i] {
				t.Errorf("%v %v lasts %v, want %v", c.stages, c.days, p.Days, c.want)
			}
		}
	}
}

// TestWaits: it says how much longer it takes until enough were compared, and nothing as long as nothing tells.
func TestWaits(t *testing.T) {
	s := running("tenth", "lightweight", 0, 10)
	s.Looked = (6 * day).Milliseconds()
	if d, ok := s.Patience(day); ok {
		t.Errorf("of nobody it takes %v", d)
	}
	s.Parts[0].All = Pair{New: Counts{N: 20}, Old: Counts{N: 180}}
	if d, ok := s.Patience(day); !ok || d != 20*day || s.Lacks() != 80 {
		t.Errorf("20 in 5 days: %v more days, %d", d.Hours()/24, s.Lacks())
	}
	s.Looked = time.Hour.Milliseconds()
	if _, ok := s.Patience(day); ok {
		t.Error("the first hour tells")
	}
}

// TestClockSetBack: a clock that is set back by an hour changes nothing but when the next look comes.
func TestClockSetBack(t *testing.T) {
	s := running("tenth", "lightweight", time.Now().UnixMilli(), 10)
	before := time.Now().Add(-time.Hour)
	if x := s.Situation(before); x != MayAdvance && x != TooFewYet && x != Comparing || s.Share() != 10 {
		t.Errorf("an hour before it began it is %s", x)
	}
	if r := s.Running(before); len(r.Stages) != 1 || !r.Stages[0].Ended.IsZero() {
		t.Errorf("an hour before it began %+v is counted", r)
	}
	r := &dialog.Record{Head: dialog.Head{Key: Key("bot", "tenth"), Version: 1}}
	turn := &dialog.Turn{Before: r, Record: r, Now: before, Input: &dialog.Input{Kind: dialog.KindWake, Name: look}}
	s.lookAt(turn)
	if len(r.Pending) != 1 {
		t.Errorf("it does not look: %+v", r.Pending)
	}
}
