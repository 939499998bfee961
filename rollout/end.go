package rollout

import (
	"math"
	"time"

	"github.com/lockbay/lockbay/insight"
)

// Wanted is by which part a rollout with the goal fewer is to lower abandonment, as the strategy wants.
const Wanted = .3

// Finding is what a rollout with the goal fewer has come to.
type Finding string

// The findings: by the interval of 90 %, the reduction is surely more than Wanted, surely less, or either.
const (
	Proved  Finding = "proved"
	TooFew  Finding = "too few"
	NotSure Finding = "not sure"
)

// Reduction is by which part the new lowers abandonment, with its interval of 90 %. Each is 1 at most, and negative where
// the new raises it.
type Reduction struct{ Value, Low, High float64 }

// ReductionOf is that of a comparison.
func ReductionOf(p Pair) Reduction {
	if p.New.N == 0 || p.Old.N == 0 {
		return Reduction{0, math.Inf(-1), 1}
	}
	r, i, known := insight.Katz(p.New.Abandoned, p.New.N, p.Old.Abandoned, p.Old.N, .9)
	if !known { // everybody leaves: the widest interval that a history keeps and tells
		return Reduction{0, -1, 1}
	}
	return Reduction{1 - r, 1 - i.High, 1 - i.Low}
}

// Finding is what it proves.
func (r Reduction) Finding() Finding {
	switch {
	case r.Low > Wanted:
		return Proved
	case r.High < Wanted:
		return TooFew
	}
	return NotSure
}

// More is how much more time makes the interval narrow enough to be sure, if the reduction stays as it is and a comparison
// of the length so far goes on. It is a year at most.
func (r Reduction) More(soFar time.Duration) time.Duration {
	const year = 365 * 24 * time.Hour
	away := math.Abs(math.Log(1-r.Value) - math.Log(1-Wanted))
	reach := (math.Log(1-r.Low) - math.Log(1-r.High)) / 2
	times := reach * reach / (away * away) // of the length so far: the interval narrows with its root
	if more := (times - 1) * soFar.Hours(); more < year.Hours() && !math.IsNaN(more) {
		return max(time.Duration(more*float64(time.Hour)), 0)
	}
	return year
}
