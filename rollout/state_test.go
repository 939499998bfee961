package rollout

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// TestRunning: what is counted of each stage, and for how long.
func TestRunning(t *testing.T) {
	began := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s := running("tenth", "lightweight", began.UnixMilli(), 10, 50, 100)
	s.Parts[1].Ended = began.Add(20 * day).UnixMilli()
	for _, x := range []struct {
		after time.Duration
		ended string // of the stages that compare, a letter each
	}{{0, ".."}, {20*day - time.Millisecond, ".."}, {20 * day, ".x"}, {56*day - time.Millisecond, ".x"}, {56 * day, "xx"}} {
		got := ""
		for _, g := range s.Running(began.Add(x.after)).Stages {
			got += map[bool]string{true: ".", false: "x"}[g.Ended.IsZero()]
		}
		if got != x.ended {
			t.Errorf("after %v stages have ended as %q, want %q", x.after, got, x.ended)
		}
	}
	s.Reverted = 1
	if r := s.Running(began); len(r.Stages) != 0 || s.Next() != 0 {
		t.Errorf("of what is reverted %+v is counted, and %d %% are next", r.Stages, s.Next())
	}
}

// TestTake: counts go to their stages, a stage is slow by what its own time before was, and its counts are final two days after
// its last creation is a horizon old.
func TestTake(t *testing.T) {
	s := running("tenth", "lightweight", 0, 10, 50)
	s.Pace.Horizon, s.Parts[0].Ended = 12*time.Hour, day.Milliseconds()
	look := func(after time.Duration) {
		s.take(&seen{At: after.Milliseconds(), Numbers: []int{0, 1, 2, 3}, Counted: Counted{P95: time.Second, Stages: []Compared{
			{All: Pair{New: Counts{N: 9}}}, {All: Pair{New: Counts{N: 1}}}, {All: Pair{New: Counts{N: 2}}, Fresh: Pair{Old: Counts{N: 3}}}, {},
		}}})
	}
	look(day + 12*time.Hour + 2*day - time.Millisecond)
	if s.Parts[0].Settled || s.Parts[0].All.New.N != 1 || s.Parts[1].All.New.N != 2 || s.Parts[1].Fresh.Old.N != 3 {
		t.Errorf("the stages are %+v", s.Parts)
	}
	if s.Parts[0].Slow != 0 || s.Parts[1].Slow != 0 {
		t.Errorf("a stage that is not counted last is slow from %v and %v on", s.Parts[0].Slow, s.Parts[1].Slow)
	}
	if look(day + 12*time.Hour + 2*day); !s.Parts[0].Settled || s.Parts[1].Settled {
		t.Errorf("three and a half days later the stages are %+v", s.Parts)
	}
	s.take(&seen{Numbers: []int{1, 2}, Counted: Counted{P95: time.Second, Stages: make([]Compared, 2)}})
	if s.Parts[0].Slow != 0 || s.Parts[1].Slow != time.Second+slower {
		t.Errorf("the stages are slow from %v and %v on", s.Parts[0].Slow, s.Parts[1].Slow)
	}
}

// TestConclude: the goal is judged once, when its last stage has lasted as long as it was to and compared enough; neither while the
// rollout is paused nor after it was reverted.
func TestConclude(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change func(s *State)
		want   Finding
		share  int
	}{
		"proved":            {func(*State) {}, Proved, 50},
		"reverted":          {func(s *State) { s.Reverted = 1 }, "", 0},
		"paused":            {func(s *State) { s.Paused = true }, "", 50},
		"safe":              {func(s *State) { s.Goal = Safe }, "", 50},
		"a moment early":    {func(s *State) { s.last().Until++ }, "", 50},
		"few in new":        {func(s *State) { s.last().All.New = Counts{N: 99} }, "", 50},
		"few in old":        {func(s *State) { s.last().All.Old = Counts{N: 99, Abandoned: 98} }, "", 50},
		"proved before":     {func(s *State) { s.Finding, s.last().All.New.Abandoned = Proved, 790 }, Proved, 50},
		"not, after unsure": {func(s *State) { s.Finding, s.last().All.New.Abandoned = NotSure, 312 }, TooFew, 0},
	} {
		s := running("tenth", "lightweight", now.Add(-30*day).UnixMilli(), 10, 50)
		s.Goal, s.last().Until = Fewer, now.UnixMilli()
		s.last().All = Pair{New: Counts{N: 800, Abandoned: 80}, Old: Counts{N: 1000, Abandoned: 400}}
		c.change(&s)
		r := &dialog.Record{Head: dialog.Head{Key: Key("bot", "tenth"), Version: 1}}
		s.conclude(&dialog.Turn{Before: r, Record: r, Now: now, Input: &dialog.Input{Kind: dialog.KindResult, Name: look}})
		if changes := len(s.Changes); s.Finding != c.want || s.Share() != c.share || changes != map[bool]int{true: 1}[c.want != "" && name != "proved before"] {
			t.Errorf("%s: %q at %d %%, %d changes; want %q at %d %%", name, s.Finding, s.Share(), changes, c.want, c.share)
		}
	}
}

// TestUnsureForADay: what is nearly sure goes on for a day at least.
func TestUnsureForADay(t *testing.T) {
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	s := running("tenth", "lightweight", now.Add(-time.Hour).UnixMilli(), 10, 50)
	s.Goal, s.last().Until = Fewer, now.UnixMilli()
	s.last().All = Pair{New: Counts{N: 800, Abandoned: 244}, Old: Counts{N: 1000, Abandoned: 400}}
	r := &dialog.Record{Head: dialog.Head{Key: Key("bot", "tenth"), Version: 1}}
	s.conclude(&dialog.Turn{Before: r, Record: r, Now: now, Input: &dialog.Input{Kind: dialog.KindResult, Name: look}})
	if want := now.Add(day).UnixMilli(); s.Finding != NotSure || s.last().Until != want {
		t.Errorf("it is %q until %v", s.Finding, at(s.last().Until))
	}
}

// TestWhy: what is told of a broken guardrail: rates of both arms, or the share of the stage that compares.
func TestWhy(t *testing.T) {
	s := running("tenth", "lightweight", 0, 10, 50, 100)
	s.Parts[1].Fresh = Pair{New: Counts{N: 300}, Old: Counts{N: 200}}
	if w := (&Reading{Guard: Share, Evidence: 312.4}).why(&s); w.New != .6 || math.Abs(w.Old-4.0/9) > 1e-9 || w.Evidence != 312 {
		t.Errorf("of the share: %+v", w)
	}
	if w := (&Reading{Guard: Speed, NewX: 3, NewN: 4, OldX: 1, OldN: 4, Evidence: math.Inf(1)}).why(&s); w.New != .75 || w.Old != .25 || w.Evidence != 1e12 {
		t.Errorf("of the speed: %+v", w)
	}
	if w := (&Reading{Guard: Speed}).why(&s); w.New != 0 || w.Old != 0 {
		t.Errorf("of nobody: %+v", w)
	}
	args := map[string]string{}
	if code := (&Why{Reason: "because"}).tell(args); code != "" || len(args) != 0 {
		t.Errorf("of an operator's order %q is told with %v", code, args)
	}
}

func TestPercent(t *testing.T) {
	for rate, want := range map[float64]string{0: "0", .0004: "0", .004: "0.4", .0994: "9.9", .0995: "10", .1234: "12", 1: "100", -.004: "-0.4", -.0004: "0", -.25: "-25"} {
		if got := percent(rate); got != want {
			t.Errorf("%v is %s %%, want %s", rate, got, want)
		}
	}
}

// TestFindingsAtTheEdge: an interval that ends at what is wanted proves nothing, and one arm alone neither.
func TestFindingsAtTheEdge(t *testing.T) {
	for _, r := range []Reduction{{.5, .3, .6}, {.1, 0, .3}} {
		if got := r.Finding(); got != NotSure {
			t.Errorf("%+v is %s", r, got)
		}
	}
	for _, p := range []Pair{{New: Counts{N: 500}}, {Old: Counts{N: 500, Abandoned: 400}}} {
		if r := ReductionOf(p); r != (Reduction{0, math.Inf(-1), 1}) {
			t.Errorf("of one arm: %+v", r)
		}
	}
}

// TestSituationAtTheEnd: a stage has lasted as long as it was to at the very end, no earlier.
func TestSituationAtTheEnd(t *testing.T) {
	s := running("tenth", "lightweight", 0, 10)
	s.Parts[0].Until = day.Milliseconds()
	s.Parts[0].All = Pair{New: Counts{N: 100}, Old: Counts{N: 100}}
	if a, b := s.Situation(at(day.Milliseconds()-1)), s.Situation(at(day.Milliseconds())); a != Comparing || b != MayAdvance {
		t.Errorf("it is %s, then %s", a, b)
	}
}

// TestNobodyIsChosen: without an owner there is no arm, and each mode is that of all.
func TestNobodyIsChosen(t *testing.T) {
	c := Choose([]State{running("tenth", "lightweight", 5, 99)}, dialog.Database, anyMode)
	if c.Mode("") != dialog.Database || c.Variant("") != "" {
		t.Errorf("nobody has mode %s and variant %q", c.Mode(""), c.Variant(""))
	}
}

// TestHistoryKeepsTheNewest: of many changes the first and the newest stay, in order.
func TestHistoryKeepsTheNewest(t *testing.T) {
	s := running("tenth", "lightweight", 0, 10)
	for i := range 35 {
		s.note(Change{At: int64(i)})
	}
	for i, c := range s.Changes {
		if want := int64(max(i+5, 0)); i == 0 && c.At != 0 || i > 0 && c.At != want || len(s.Changes) != 30 {
			t.Errorf("line %d of %d is change %d, want %d", i, len(s.Changes), c.At, want)
		}
	}
}

// TestOfNoWords: an order that is none, and a result of something else, leave a rollout as it is.
func TestOfNoWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		e := k.still("a.1")
		k.must(e, usual(Safe))
		was := k.row().Version
		for i, in := range []dialog.Input{
			{Kind: dialog.KindOrder, Name: "revert", Text: "{"},
			{Kind: dialog.KindOrder, Name: "undo", Text: `{"stage":1,"reason":"because"}`},
			{Kind: dialog.KindWake, Name: "other"},
		} {
			in.ID, in.Key = strings.Repeat("i", i+1), Key("bot", "tenth")
			if out, err := e.Handle(t.Context(), in); err != nil || out.Did == dialog.DidApply {
				t.Errorf("%+v: %s, %v", in, out.Did, err)
			}
		}
		if s := k.state(); s.Share() != 10 || len(s.Changes) != 1 {
			t.Errorf("after version %d it is %+v", was, s)
		}
		_ = e.Close(t.Context())
	})
}
