package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// slower is by how much the new may slow a rehydration down, as the strategy wants.
const slower = 50 * time.Millisecond

// Running are the stages whose counts may still change after a time, which the Counter counts.
func (s *State) Running(now time.Time) Running {
	r := Running{Name: s.Name}
	if s.Reverted != 0 {
		return r
	}
	for i, p := range s.Parts {
		if p.Settled || !s.compares(i) {
			continue
		}
		g := Stage{Number: i + 1, Before: s.before(i), Share: p.Share, Began: at(p.Began), Resumed: at(max(p.Began, p.Resumed)), Slow: p.Slow}
		if end := p.end(); end <= now.UnixMilli() {
			g.Ended = at(end)
		}
		r.Stages = append(r.Stages, g)
	}
	return r
}

// end is until when the creations of the stage are compared.
func (p *Part) end() int64 {
	end := p.Began + comparedMost.Milliseconds()
	if p.Ended != 0 {
		end = min(end, p.Ended)
	}
	return end
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// glance is the argument of the effect that looks.
type glance struct {
	At int64 `json:"at"` // unix milliseconds
}

// seen is what a look brings back.
type seen struct {
	At      int64   `json:"at"`
	Stage   int     `json:"stage"`   // at which the rollout was
	Resumed int64   `json:"resumed"` // of that stage
	Numbers []int   `json:"numbers"` // of the stages that were counted
	Counted Counted `json:"counted"`
}

// lookAt has the counts read, unless that is under way or nothing is left to count.
func (s *State) lookAt(t *dialog.Turn) {
	if len(s.Running(t.Now).Stages) > 0 && !pending(t, look) {
		t.Do(look, glance{t.Now.UnixMilli()})
	}
}

// look counts. It writes nothing, so it may be done again.
func (f *Flow) look(ctx context.Context, r *dialog.Record, arg json.RawMessage) error {
	var g glance
	if err := json.Unmarshal(arg, &g); err != nil {
		return dialog.Forever(err)
	}
	s, err := Of(r)
	if err != nil {
		return err
	}
	x := seen{At: g.At, Stage: s.Stage(), Numbers: []int{}}
	running := s.Running(at(g.At))
	if f.cfg.Count == nil || len(running.Stages) == 0 {
		return dialog.Forever(errors.New("nothing can be counted"))
	}
	x.Resumed = s.last().Resumed
	for _, g := range running.Stages {
		x.Numbers = append(x.Numbers, g.Number)
	}
	if x.Counted, err = f.cfg.Count(ctx, running); err != nil {
		return fmt.Errorf("rollout %s: %w", s.Name, err)
	}
	return dialog.Returns(x)
}

// saw takes what a look brought back, and has the next one follow. What was counted before an order is counted again at once.
func (s *State) saw(t *dialog.Turn) {
	var x seen
	next := lookEvery
	switch ok := json.Unmarshal([]byte(t.Input.Text), &x) == nil && len(x.Numbers) == len(x.Counted.Stages); {
	case s.Reverted != 0:
		return
	case !ok:
		s.Blind = true
	case x.Stage != s.Stage() || x.Resumed != s.last().Resumed:
		next = 0
	default:
		s.Blind = false
		s.take(&x)
		s.judge(t)
	}
	if len(s.Running(t.Now).Stages) > 0 {
		t.Wake(look, next)
	}
}

// take keeps the counts.
func (s *State) take(x *seen) {
	s.Looked = x.At
	for i, n := range x.Numbers {
		if n < 1 || n > len(s.Parts) {
			continue
		}
		p, c := &s.Parts[n-1], &x.Counted.Stages[i]
		p.All, p.Fresh = c.All, c.Fresh
		if i == len(x.Numbers)-1 && p.Slow == 0 && x.Counted.P95 > 0 {
			p.Slow = x.Counted.P95 + slower
		}
		p.Settled = x.At >= p.end()+(s.Pace.Horizon+settleAfter).Milliseconds()
	}
}

// judge does what the guardrails and the goal want.
func (s *State) judge(t *dialog.Turn) {
	if b := Broken(s.Readings()); b != nil {
		w := b.why(s)
		switch {
		case b.Does == Reverts:
			s.itself(t, Revert, w)
		case !s.Paused:
			s.itself(t, Pause, w)
		}
	}
	s.conclude(t)
}

// conclude judges the goal Fewer when its last stage has lasted as long as it was to. One that is not sure goes on until it
// may be.
func (s *State) conclude(t *dialog.Turn) {
	p := s.last()
	if s.Reverted != 0 || s.Paused || !s.proves() || s.Finding == Proved || t.Now.UnixMilli() < p.Until || !p.enough() {
		return
	}
	r := ReductionOf(p.All)
	w := &Why{Guard: ByGoal, New: r.Low, Old: r.High}
	switch s.Finding = r.Finding(); s.Finding {
	case Proved:
		s.itself(t, DidProve, w)
	case TooFew:
		s.itself(t, Revert, w)
	case NotSure:
		p.Until = t.Now.Add(max(r.More(t.Now.Sub(at(p.Began))), 24*time.Hour)).UnixMilli()
		s.itself(t, DidUnsure, w)
	}
}

// itself does something without an order.
func (s *State) itself(t *dialog.Turn, what Verb, w *Why) {
	c := Change{At: t.Now.UnixMilli(), What: string(what), From: s.Share(), Why: w}
	switch what {
	case Revert:
		s.revert(t, w)
	case Pause:
		s.Paused, s.Why = true, w
	}
	c.To = s.Share()
	s.note(c)
	t.Log(dialog.Event{Kind: EventRolled, Cause: c.What, Source: w.Guard})
}
