package rollout

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// FlowName is the flow's part of the key.
const FlowName = "rollout"

// Version of the stored [State].
const Version = 1

// State is a rollout, as its row has it. The zero State is that of one that has not begun.
type State struct {
	Name string `json:"-"`
	Mode string `json:"mode"` // the new one
	Goal Goal   `json:"goal"`
	Plan
	Pace     Pace      `json:"pace"`  // as it was at the start
	Parts    []Part    `json:"parts"` // the stages that have begun, in their order
	Paused   bool      `json:"paused,omitempty"`
	Reverted int64     `json:"reverted,omitempty"` // when, in unix milliseconds; 0: it is not
	Why      *Why      `json:"why,omitempty"`      // it was paused or reverted
	Finding  Finding   `json:"finding,omitempty"`  // of the goal Fewer, at this stage; empty: none yet
	Looked   int64     `json:"looked,omitempty"`   // when the counts were read, in unix milliseconds; 0: never
	Blind    bool      `json:"blind,omitempty"`    // the last look failed for good
	Changes  []Change  `json:"changes"`            // the oldest first: the start, and the newest of the others
	Told     Situation `json:"told,omitempty"`     // what operators were told last
}

// Part is a stage that has begun.
type Part struct {
	Share   int           `json:"share"` // percent
	Began   int64         `json:"began"` // unix milliseconds, as all times here
	Ended   int64         `json:"ended,omitempty"`
	Until   int64         `json:"until"`             // when it has lasted as long as it was to
	Resumed int64         `json:"resumed,omitempty"` // when the rollout was last resumed in it
	Slow    time.Duration `json:"slow_ns,omitempty"` // a rehydration that takes longer is slow; 0: not known
	All     Pair          `json:"all"`               // as they were counted last
	Fresh   Pair          `json:"fresh"`
	Settled bool          `json:"settled,omitempty"` // the counts change no more
}

// Why is the reason for a pause or a revert: a guardrail, the goal, or an operator.
type Why struct {
	Guard    string  `json:"guardrail,omitempty"` // empty: an operator did it; else a guardrail, or ByGoal
	New      float64 `json:"new,omitempty"`       // rates of bad outcomes; of the share: the part of the new
	Old      float64 `json:"old,omitempty"`       // of the share: what it should be
	Evidence float64 `json:"evidence,omitempty"`  // to 1
	Reason   string  `json:"reason,omitempty"`    // the operator's
}

// ByGoal is Why.Guard of a rollout that surely does not lower abandonment as it was to. New and Old are the ends of the
// interval of the reduction.
const ByGoal = "goal"

// Change is a line of the rollout's history.
type Change struct {
	At     int64   `json:"at"` // unix milliseconds
	What   string  `json:"what"`
	From   int     `json:"from"`             // share in percent
	To     int     `json:"to"`               // and after it
	By     string  `json:"by,omitempty"`     // who gave the order; empty: the rollout did it by itself
	Reason string  `json:"reason,omitempty"` // of the order
	Why    *Why    `json:"why,omitempty"`    // of what it did by itself
	All    Pair    `json:"all"`              // the figures of the stage then
	Odds   float64 `json:"odds,omitempty"`   // evidence that the new makes people leave, then
}

// What a Change did, beside the orders.
const (
	DidUnsure = "not sure"
	DidProve  = "proved"
)

const (
	changesMost = 30
	// ReasonMost is how many characters of a reason are kept.
	ReasonMost = 200
	oddsMost   = 1e12 // JSON has no infinity
)

// Of decodes the rollout of a record; that of version 0 is the zero State. The error is dialog.ErrSchemaNewer for one of a
// newer version.
func Of(r *dialog.Record) (s State, err error) {
	switch {
	case r.Version == 0 || len(r.Answers) == 0:
		s.Name = r.Key.ID
		return s, nil
	case r.Schema > Version:
		return s, fmt.Errorf("rollout of version %d: %w", r.Schema, dialog.ErrSchemaNewer)
	}
	if err := json.Unmarshal(r.Answers, &s); err != nil {
		return s, fmt.Errorf("rollout %s: %w", r.Key.ID, err)
	}
	if len(s.Parts) == 0 {
		return s, fmt.Errorf("rollout %s has no stage", r.Key.ID)
	}
	s.Name = r.Key.ID
	return s, nil
}

// save encodes the rollout into its record.
func (s *State) save(r *dialog.Record) {
	raw, err := json.Marshal(s)
	if err != nil {
		panic("rollout: " + err.Error()) // it has only strings and finite numbers
	}
	r.SetDraft(raw, nil)
	r.Schema, r.Draft = Version, s.Name
}

// Begun reports whether there is such a rollout.
func (s *State) Begun() bool { return len(s.Parts) > 0 }

// Share is the share of owners who have the new mode, in percent.
func (s *State) Share() int {
	if !s.Begun() || s.Reverted != 0 {
		return 0
	}
	return s.last().Share
}

// Stage is the number of the stage at which it is, from 1 on; 0: it has not begun.
func (s *State) Stage() int { return len(s.Parts) }

// Next is the share of the next stage in percent; 0: there is none.
func (s *State) Next() int {
	if s.Reverted != 0 || s.Stage() >= len(s.Stages) {
		return 0
	}
	return s.Stages[s.Stage()]
}

func (s *State) last() *Part { return &s.Parts[len(s.Parts)-1] }

// Last is the stage at which it is. There is one.
func (s *State) Last() Part { return *s.last() }

// Began is when it was started.
func (s *State) Began() time.Time { return time.UnixMilli(s.Parts[0].Began).UTC() }

// Readings are those of the guardrails, by the counts that were read last.
func (s *State) Readings() []Reading { return Watch(s.compared()) }

func (s *State) compared() (list []Compared) {
	for i, p := range s.Parts {
		list = append(list, Compared{Before: s.before(i), Share: p.Share, All: p.All, Fresh: p.Fresh})
	}
	return list
}

// compares reports whether a part, counted from 0, leaves somebody to compare with.
func (s *State) compares(i int) bool { return ratio(s.before(i), s.Parts[i].Share) < 1 }

// proves reports whether the stage at which it is is the last one that compares anything, so that the goal is judged in it.
func (s *State) proves() bool { return s.Goal == Fewer && s.Next() == all }

// note adds a line to the history, with the figures of the moment.
func (s *State) note(c Change) {
	c.All = s.last().All
	c.Odds = min(s.Readings()[0].Evidence, oddsMost)
	s.Changes = append(s.Changes, c)
	if n := len(s.Changes) - changesMost; n > 0 { // the first one says why it was begun
		s.Changes = append(s.Changes[:1:1], s.Changes[1+n:]...)
	}
}

// why is what a broken guardrail says.
func (r *Reading) why(s *State) *Why {
	w := &Why{Guard: r.Guard, Evidence: min(math.Round(r.Evidence), oddsMost)}
	if r.Guard != Share {
		w.New, w.Old = part(r.NewX, r.NewN), part(r.OldX, r.OldN)
		return w
	}
	i := len(s.Parts) - 1
	for i > 0 && !s.compares(i) {
		i--
	}
	p := s.Parts[i].Fresh
	w.New, w.Old = part(p.New.N, p.New.N+p.Old.N), ratio(s.before(i), s.Parts[i].Share)
	return w
}

// part is x of n; 0 of nothing.
func part(x, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(x) / float64(n)
}
