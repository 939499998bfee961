package rollout

import (
	"math"

	"github.com/lockbay/lockbay/insight"
)

// Counts are creations of an arm, the first one of each owner in the stage, each a horizon old.
type Counts struct {
	N         int `json:"n,omitempty"`
	Abandoned int `json:"abandoned,omitempty"`
	Lost      int `json:"lost,omitempty"`     // with an answer that was lost
	Failed    int `json:"failed,omitempty"`   // with an input that got no turn
	Conflict  int `json:"conflict,omitempty"` // with a lost compare-and-swap
	Slow      int `json:"slow,omitempty"`     // with a rehydration that took longer than the stage allows
}

// Pair are the counts of both arms.
type Pair struct {
	New Counts `json:"new"`
	Old Counts `json:"old"`
}

// Compared are the counts of a stage, which raised the share from Before to Share percent.
type Compared struct {
	Before int  `json:"before,omitempty"`
	Share  int  `json:"share"`
	All    Pair `json:"all"`   // since the stage began
	Fresh  Pair `json:"fresh"` // of them, those begun since the rollout was last resumed: for the guardrails that pause
}

// Does is what happens when a guardrail is broken.
type Does string

// What guardrails do.
const (
	Reverts Does = "revert"
	Pauses  Does = "pause"
)

// guardrail is a measure that the new must not make worse.
type guardrail struct {
	name  string
	alpha float64 // the probability at most to be broken by a new that is like the old, however often one looks
	does  Does
	of    func(*Counts) int // the bad outcomes; nil: the share itself
}

// Names of guardrails.
const (
	Abandonment = "abandonment"
	LostAnswers = "lost"
	FailedInput = "failed"
	Conflicts   = "conflict"
	Speed       = "slower"
	Share       = "share"
)

var guardrails = []guardrail{
	{Abandonment, .02, Reverts, func(c *Counts) int { return c.Abandoned }},
	{LostAnswers, .01, Reverts, func(c *Counts) int { return c.Lost }},
	{FailedInput, .01, Reverts, func(c *Counts) int { return c.Failed }},
	{Conflicts, .01, Reverts, func(c *Counts) int { return c.Conflict }},
	{Speed, .005, Pauses, func(c *Counts) int { return c.Slow }},
	{Share, .005, Pauses, nil},
}

// Reading is what a guardrail says.
type Reading struct {
	Guard              string  `json:"guardrail"`
	NewX, NewN         int     `json:"-"` // bad outcomes of all in the new, over all stages
	OldX, OldN         int     `json:"-"`
	Evidence, BrokenAt float64 `json:"-"` // to 1
	Does               Does    `json:"does"`
}

// Broken reports whether the evidence suffices.
func (r *Reading) Broken() bool { return r.Evidence >= r.BrokenAt }

// Watch reads all guardrails, in order. It is pure. A stage that leaves nobody the old compares nothing.
func Watch(stages []Compared) []Reading {
	list := make([]Reading, 0, len(guardrails))
	for i := range guardrails {
		list = append(list, guardrails[i].read(stages))
	}
	return list
}

// Broken is the first guardrail that is broken; one that reverts comes before one that pauses. nil: all hold.
func Broken(readings []Reading) *Reading {
	for i := range readings {
		if readings[i].Broken() {
			return &readings[i]
		}
	}
	return nil
}

func (g *guardrail) read(stages []Compared) Reading {
	r := Reading{Guard: g.name, BrokenAt: math.Round(1 / g.alpha), Does: g.does, Evidence: 1}
	arms := map[float64]insight.Arms{}
	for _, s := range stages {
		p := s.All
		if g.does == Pauses {
			p = s.Fresh
		}
		rho := ratio(s.Before, s.Share)
		r.NewN, r.OldN = r.NewN+p.New.N, r.OldN+p.Old.N
		switch {
		case rho >= 1: // nobody is left to compare with
		case g.of == nil:
			r.Evidence *= insight.Mismatch(p.New.N, p.Old.N, rho)
		default:
			bad, was := arms[rho], insight.Arms{NewBad: g.of(&p.New), OldBad: g.of(&p.Old)}
			was.NewGood, was.OldGood = p.New.N-was.NewBad, p.Old.N-was.OldBad
			arms[rho] = insight.Arms{NewBad: bad.NewBad + was.NewBad, OldBad: bad.OldBad + was.OldBad, NewGood: bad.NewGood + was.NewGood, OldGood: bad.OldGood + was.OldGood}
			r.NewX, r.OldX = r.NewX+was.NewBad, r.OldX+was.OldBad
		}
	}
	if g.of != nil {
		r.Evidence = insight.Harm(arms)
	}
	return r
}
