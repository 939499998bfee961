package rollout

import (
	"cmp"
	"slices"

	"github.com/lockbay/lockbay/dialog"
)

// Chosen is who gets which mode, by all rollouts, at a moment. It is never changed, so it may be used concurrently.
type Chosen struct {
	base     dialog.Mode // of whoever is in no new arm
	name     string      // of the rollout that decides; empty: none does
	mode     dialog.Mode // its new one
	stage    int
	before   int
	share    int
	Unusable []Unusable // rollouts whose mode cannot be used, so that they decide nothing
	Waiting  []string   // names of rollouts that decide nothing as long as an earlier one compares
}

// Unusable is a rollout whose mode cannot be used.
type Unusable struct {
	Name string
	Err  error
}

// Choose is who gets which mode. configured is the mode of everybody without rollouts; usable is why a mode cannot be used, nil
// if it can. A rollout at 100 % decides for everybody, the one that came there last; below 100 % the one that began first
// decides for its share.
func Choose(list []State, configured dialog.Mode, usable func(dialog.Mode) error) *Chosen {
	c := &Chosen{base: configured}
	live := slices.DeleteFunc(slices.Clone(list), func(s State) bool { return !s.Begun() || s.Reverted != 0 })
	full := func(s *State) bool { return s.Share() >= all }
	slices.SortFunc(live, func(a, b State) int {
		return cmp.Or(cmp.Compare(a.decidesSince(), b.decidesSince()), cmp.Compare(a.Name, b.Name))
	})
	for i := range live {
		s := &live[i]
		mode, err := dialog.ParseMode(s.Mode)
		if err == nil {
			err = usable(mode)
		}
		switch {
		case err != nil:
			c.Unusable = append(c.Unusable, Unusable{s.Name, err})
		case full(s):
			c.base = mode
		case c.name != "":
			c.Waiting = append(c.Waiting, s.Name)
		default:
			c.name, c.mode, c.stage, c.before, c.share = s.Name, mode, s.Stage(), s.before(s.Stage()-1), s.Share()
		}
	}
	return c
}

// decidesSince is when it began; of one at 100 %, when it came there.
func (s *State) decidesSince() int64 {
	if s.Share() >= all {
		return s.last().Began
	}
	return s.Parts[0].Began
}

// Mode is that of an owner.
func (c *Chosen) Mode(owner string) dialog.Mode {
	if c.name == "" || owner == "" || armOf(c.name, owner, c.before, c.share) == Old {
		return c.base
	}
	return c.mode
}

// Variant is that of a draft that an owner begins; empty: nothing is compared.
func (c *Chosen) Variant(owner string) string {
	if c.name == "" || owner == "" {
		return ""
	}
	return VariantOf(c.name, c.stage, armOf(c.name, owner, c.before, c.share))
}

// Base is the mode of whoever is in no new arm.
func (c *Chosen) Base() dialog.Mode { return c.base }

// Decides is the rollout that decides for a share of people; empty: none.
func (c *Chosen) Decides() string { return c.name }
