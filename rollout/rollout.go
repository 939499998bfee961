// Package rollout gives a new mode to a growing share of people, compares them with the others, and takes it back when it
// does harm. A rollout is a conversation of its own, which operators' orders begin and change.
//
// The order of things: a stage raises the share; whoever starts a creation in it gets the new or the old by a hash of the
// rollout's name and the owner; of each owner the first creation in the stage counts, once it is a horizon old; each minute
// the guardrails read the counts.
package rollout

import (
	"errors"
	"fmt"
	"regexp"
)

// Plan is what a rollout is to do.
type Plan struct {
	Stages []int `json:"stages"` // shares in percent, rising
	Days   []int `json:"days"`   // how long each stage is to last; 0: no longer than until somebody advances it
}

// Bounds of a plan.
const (
	StagesMost = 8
	DaysMost   = 365
	all        = 100 // percent
)

// DefaultPlan goes to a tenth for a week, to half for two, and then to all.
func DefaultPlan() Plan { return Plan{[]int{10, 50, all}, []int{7, 14, 0}} }

// PlanOf is the plan with these stages and days. Without stages they are those of the DefaultPlan; without days the first stage
// lasts a week, each other one two weeks, and the last one for good.
func PlanOf(stages, days []int) (Plan, error) {
	usual := DefaultPlan()
	p := Plan{stages, days}
	if len(p.Stages) == 0 {
		p.Stages = usual.Stages
	}
	if len(p.Days) == 0 {
		for i := range p.Stages {
			p.Days = append(p.Days, usual.Days[min(i, 1)])
		}
		p.Days[len(p.Days)-1] = 0
	}
	return p, p.check()
}

// check is an error if no rollout can follow the plan.
func (p *Plan) check() error {
	if len(p.Stages) == 0 || len(p.Stages) > StagesMost {
		return fmt.Errorf("want 1 to %d stages", StagesMost)
	}
	for i, share := range p.Stages {
		if share <= p.before(i) || share > all {
			return errors.New("want stages from 1 to 100 percent that rise, for example 10,50,100")
		}
	}
	if p.Stages[len(p.Stages)-1] != all {
		return errors.New("want 100 as the last stage; a rollout stays at the stage before until somebody advances it")
	}
	if len(p.Days) != len(p.Stages) {
		return fmt.Errorf("want as many days as stages: %d", len(p.Stages))
	}
	for _, d := range p.Days {
		if d < 0 || d > DaysMost {
			return fmt.Errorf("want days from 0 to %d", DaysMost)
		}
	}
	return nil
}

// before is the share before a stage, counted from 0.
func (p *Plan) before(i int) int {
	if i == 0 {
		return 0
	}
	return p.Stages[i-1]
}

// Goal is what a rollout is to show.
type Goal string

// The goals.
const (
	Safe  Goal = "safe"  // the new does no harm
	Fewer Goal = "fewer" // abandonment falls by more than Wanted
)

var names = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// IsName reports whether a rollout may have this name: 1 to 32 of a-z, 0-9 and -, not - first.
func IsName(s string) bool { return names.MatchString(s) }
