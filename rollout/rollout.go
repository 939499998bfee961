// Package rollout gives a new mode to a growing share of people, compares them with the others, and takes it back when it
// does harm. A rollout is a conversation of its own, which operators' orders begin and change.
//
// The order of things: a stage raises the share; whoever starts a creation in it gets the new or the old by a hash of the
// rollout's name and the owner; of each owner the first creation in the stage counts, once it is a horizon old; each minute
// the guardrails read the counts.
package rollout

// Plan is what a rollout is to do.
type Plan struct {
	Stages []int `json:"stages"` // shares in percent, rising
	Days   []int `json:"days"`   // how long each stage is to last; 0: no longer than until somebody advances it
}

// before is the share before a stage, counted from 0.
func (p *Plan) before(i int) int {
	if i == 0 {
		return 0
	}
	return p.Stages[i-1]
}
