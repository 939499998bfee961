package rollout

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// FewADay is the number of creations a day below which a rollout may never see what it is to see.
const FewADay = 50

// Pace is what a rollout may reckon with.
type Pace struct {
	PerDay    float64       // creations, of which each is the first one of its owner
	Abandoned float64       // of them, in the old: from 0 to 1
	Horizon   time.Duration // after which a creation counts
}

const (
	tries   = 101 // simulated rollouts
	surely  = 81  // of them that must have seen it
	looks   = 4   // a day, in the simulation
	oneStep = 1.0 / looks
)

// Sees is after how many days a plan will probably have seen that the new is worse: that abandonment is higher by worse (.1:
// ten of a hundred). It is the median of simulated rollouts, which are the same each time. ok is false where the rollout may
// never see it: fewer than [FewADay] come, or too many of those simulated did not see it before the last comparison ended.
func (p *Plan) Sees(pace Pace, worse float64) (days int, ok bool) {
	if pace.PerDay < FewADay {
		return 0, false
	}
	r := rand.New(rand.NewPCG(18, 6)) //nolint:gosec // a simulation
	var seen []float64
	for range tries {
		if at := p.simulate(pace, worse, r); at > 0 {
			seen = append(seen, at)
		}
	}
	if len(seen) < surely {
		return 0, false
	}
	slices.Sort(seen)
	return int(math.Ceil(seen[tries/2])), true
}

// simulate is after how many days a simulated rollout has seen it; 0: never.
func (p *Plan) simulate(pace Pace, worse float64, r *rand.Rand) float64 {
	wait := pace.Horizon.Hours() / 24
	var list []Compared
	end := 0.0
	for i, share := range p.Stages {
		c := Compared{Before: p.before(i), Share: share}
		list, end = append(list, c), end+float64(p.Days[i])
		rho, n := ratio(c.Before, share), pace.PerDay*oneStep*float64(100-c.Before)/100
		if rho >= 1 {
			break
		}
		all := &list[i].All
		for begin := end - float64(p.Days[i]); begin < end; begin += oneStep {
			came := drawn(r, n, rho)
			all.New.N, all.Old.N = all.New.N+came, all.Old.N+max(int(math.Round(n))-came, 0)
			all.New.Abandoned += min(drawn(r, float64(came), min(pace.Abandoned+worse, 1)), came)
			all.Old.Abandoned += min(drawn(r, max(n-float64(came), 0), pace.Abandoned), all.Old.N-all.Old.Abandoned)
			if reading := guardrails[0].read(list); reading.Broken() {
				return begin + oneStep + wait
			}
		}
	}
	return 0
}

// drawn is how many of n come out at a rate, drawn by the normal distribution.
func drawn(r *rand.Rand, n, rate float64) int {
	return max(int(math.Round(n*rate+math.Sqrt(n*rate*(1-rate))*r.NormFloat64())), 0)
}
