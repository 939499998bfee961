package rollout

import (
	"math"
	"testing"
	"time"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) { // NaN is not near
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// half is a stage of half of all, of a thousand each.
func half(bad func(c *Counts, n int), newX, oldX int) []Compared {
	s := Compared{Share: 50}
	s.All.New.N, s.All.Old.N = 1000, 1000
	bad(&s.All.New, newX)
	bad(&s.All.Old, oldX)
	s.Fresh = s.All
	return []Compared{s}
}

// TestGuardrails: each guardrail reads its own counts, is broken where it says, and does what it says.
func TestGuardrails(t *testing.T) {
	for _, c := range []struct {
		guard    string
		set      func(*Counts, int)
		holds    int // of a thousand in the new, against 150 in the old
		broken   int
		brokenAt float64
		does     Does
	}{
		{Abandonment, func(c *Counts, n int) { c.Abandoned = n }, 208, 210, 50, Reverts},
		{LostAnswers, func(c *Counts, n int) { c.Lost = n }, 210, 215, 100, Reverts},
		{FailedInput, func(c *Counts, n int) { c.Failed = n }, 210, 215, 100, Reverts},
		{Conflicts, func(c *Counts, n int) { c.Conflict = n }, 210, 215, 100, Reverts},
		{Speed, func(c *Counts, n int) { c.Slow = n }, 214, 220, 200, Pauses},
	} {
		for x, broken := range map[int]bool{150: false, c.holds: false, c.broken: true} {
			list := Watch(half(c.set, x, 150))
			b := Broken(list)
			if (b != nil) != broken {
				t.Errorf("%s: %d against 150: broken is %v: %+v", c.guard, x, b != nil, list)
			} else if broken && (b.Guard != c.guard || b.Does != c.does || b.BrokenAt != c.brokenAt || b.NewX != x || b.OldX != 150 || b.NewN != 1000) {
				t.Errorf("%s: %+v", c.guard, b)
			}
		}
	}
	list := Watch(half(func(c *Counts, n int) { c.Abandoned = n }, 210, 150))
	near(t, "210 against 150", list[0].Evidence, 56.549881)
	near(t, "nothing else", list[1].Evidence, Watch(half(func(*Counts, int) {}, 0, 0))[1].Evidence)
}

// TestShareIsWatched: a thousand of 1,850 came to the new, where half should.
func TestShareIsWatched(t *testing.T) {
	s := half(func(*Counts, int) {}, 0, 0)
	s[0].Fresh.Old.N = 850
	near(t, "1000 of 1850", Watch(s)[5].Evidence, 60.744997)
	s[0].Fresh.Old.N = 800
	if b := Broken(Watch(s)); b == nil || b.Guard != Share || b.Does != Pauses {
		t.Errorf("%+v", b)
	}
}

// TestStagesTogether: evidence of two stages is one; what reverts comes first; the guardrails that pause read what came
// since the last resume; and a stage that leaves nobody the old adds nothing.
func TestStagesTogether(t *testing.T) {
	first := Compared{Share: 10, All: Pair{New: Counts{N: 100, Abandoned: 25}, Old: Counts{N: 900, Abandoned: 135}}}
	second := Compared{Before: 10, Share: 50, All: Pair{New: Counts{N: 400, Abandoned: 86, Slow: 300}, Old: Counts{N: 500, Abandoned: 75, Slow: 10}}}
	if Broken(Watch([]Compared{first})) != nil || Broken(Watch([]Compared{second})) != nil {
		t.Fatal("a stage alone is enough")
	}
	if b := Broken(Watch([]Compared{first, second})); b == nil || b.Guard != Abandonment {
		t.Errorf("both together are broken at %+v", b)
	}
	second.Fresh = second.All
	if b := Broken(Watch([]Compared{second})); b == nil || b.Guard != Speed {
		t.Errorf("slow: %+v", b)
	}
	if b := Broken(Watch([]Compared{first, second})); b == nil || b.Does != Reverts {
		t.Errorf("slow, and left: %+v", b)
	}
	last := Compared{Before: 50, Share: 100, All: Pair{New: Counts{N: 1000, Abandoned: 1000}}}
	with, without := Watch([]Compared{first, last}), Watch([]Compared{first})
	if with[0].Evidence != without[0].Evidence || with[5].Evidence != without[5].Evidence {
		t.Error("a stage without the old changes the evidence")
	}
	first.Fresh, second.Fresh = Pair{New: Counts{N: 130}, Old: Counts{N: 870}}, Pair{New: Counts{N: 500}, Old: Counts{N: 400}}
	a, b, both := Watch([]Compared{first})[5], Watch([]Compared{second})[5], Watch([]Compared{first, second})[5]
	near(t, "the share in both stages", both.Evidence, a.Evidence*b.Evidence)
	for _, r := range Watch(nil) {
		if r.Evidence != 1 || r.Broken() {
			t.Errorf("of nobody: %+v", r)
		}
	}
}

// TestReduction: the strategy wants 30 % less.
func TestReduction(t *testing.T) {
	of := func(newX, oldX, n int) Reduction {
		return ReductionOf(Pair{New: Counts{N: n, Abandoned: newX}, Old: Counts{N: n, Abandoned: oldX}})
	}
	for want, r := range map[Finding]Reduction{Proved: of(150, 400, 1000), TooFew: of(390, 400, 1000), NotSure: of(7, 10, 50)} {
		if r.Finding() != want {
			t.Errorf("%+v is %s, want %s", r, r.Finding(), want)
		}
	}
	// Katz at 90 %, computed by another program: 15 of 100 against 30 of 100.
	r := of(15, 30, 100)
	near(t, "reduction", r.Value, .5)
	near(t, "low", r.Low, 0.203805932)
	near(t, "high", r.High, 0.686006201)
	if r := of(100, 100, 100); r.Finding() != NotSure || math.IsInf(r.Low, 0) { // everybody leaves
		t.Errorf("%+v is %s", r, r.Finding())
	}
	if r := ReductionOf(Pair{}); r.Finding() != NotSure {
		t.Errorf("of nobody: %+v", r)
	}
}

// TestMore: half the width takes four times as long.
func TestMore(t *testing.T) {
	r := Reduction{Value: .5, Low: 1 - .5*math.Exp(.4), High: 1 - .5*math.Exp(-.4)}
	away := math.Log(.7 / .5)
	want := 14 * (.4*.4/(away*away) - 1)
	near(t, "days", r.More(14*24*time.Hour).Hours()/24, want)
	if got := (Reduction{Value: .3, Low: .1, High: .5}).More(24 * time.Hour); got < 300*24*time.Hour {
		t.Errorf("exactly what is wanted is sure after %v", got)
	}
	if got := (Reduction{Value: .9, Low: .8, High: .95}).More(24 * time.Hour); got != 0 {
		t.Errorf("what is sure takes %v", got)
	}
}

// TestSees: what a rollout can see is told beforehand.
func TestSees(t *testing.T) {
	p := &Plan{[]int{10, 50, 100}, []int{7, 14, 0}}
	for _, c := range []struct {
		perDay, base, worse float64
		from, to            int // days; 0: perhaps never
	}{
		{200, .184, .1, 7, 11}, {2000, .2, .1, 2, 3}, {20000, .4, .1, 2, 2},
		{200, .184, .02, 0, 0}, {49, .15, .4, 0, 0}, {0, 0, .1, 0, 0}, {2000, 1, .1, 0, 0},
	} {
		days, ok := p.Sees(Pace{c.perDay, c.base, 24 * time.Hour}, c.worse)
		if ok != (c.from > 0) || days < c.from || days > c.to {
			t.Errorf("%.0f a day, %.0f %%, %.0f points more: after %d days, %v; want %d to %d", c.perDay, 100*c.base, 100*c.worse, days, ok, c.from, c.to)
		}
	}
	if _, ok := (&Plan{[]int{100}, []int{0}}).Sees(Pace{2000, .2, 24 * time.Hour}, .1); ok {
		t.Error("a rollout to everybody at once sees something")
	}
}
