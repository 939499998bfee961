package rollout

import (
	"math"
	"time"
)

// Situation is how a rollout stands.
type Situation string

// The situations.
const (
	Comparing  Situation = "comparing"   // its stage has not lasted as long as it was to
	TooFewYet  Situation = "too few yet" // its stage has, and there is too little to go by: it waits
	MayAdvance Situation = "may advance"
	Unsure     Situation = "not sure" // the goal is neither proved nor missed: an operator decides, or it goes on
	Full       Situation = "full"     // everybody has the new mode, and nothing is left to compare
	Paused     Situation = "paused"   // its share stays as it is, and no stage begins
	Reverted   Situation = "reverted" // nobody has the new mode by it
)

// Enough is how many creations of each arm a stage must have compared before the next one begins: fewer would see no harm but
// the worst.
const Enough = 100

// Situation is how it stands at a time. There is such a rollout.
func (s *State) Situation(now time.Time) Situation {
	p := s.last()
	switch {
	case s.Reverted != 0:
		return Reverted
	case s.Paused:
		return Paused
	case p.Share >= all:
		return Full
	case s.Finding == Proved:
		return MayAdvance
	case s.Finding == NotSure:
		return Unsure
	case now.UnixMilli() < p.Until:
		return Comparing
	case !p.enough():
		return TooFewYet
	case s.proves(): // its figures are judged at the next look
		return Comparing
	}
	return MayAdvance
}

func (p *Part) fewest() int { return min(p.All.New.N, p.All.Old.N) }

func (p *Part) enough() bool { return p.fewest() >= Enough }

// Lacks is how many creations the smaller arm of the stage at which it is still lacks.
func (s *State) Lacks() int { return max(Enough-s.last().fewest(), 0) }

// Patience is how much longer it takes until the stage has Enough, if creations come as before. ok is false as long as nothing
// tells. horizon is the age at which a creation counts.
func (s *State) Patience(horizon time.Duration) (wait time.Duration, ok bool) {
	p := s.last()
	took := time.Duration(s.Looked-p.Began)*time.Millisecond - horizon
	if took <= 0 || p.fewest() == 0 {
		return 0, false
	}
	hours := took.Hours() * float64(s.Lacks()) / float64(p.fewest())
	return time.Duration(min(hours, math.MaxInt64/1e13) * float64(time.Hour)), true
}
