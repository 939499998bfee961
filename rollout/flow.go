package rollout

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// EventRolled is the event of what a rollout did by itself. Cause: what; source: the guardrail, or [ByGoal].
const EventRolled dialog.EventKind = "rolled"

// Config of the flow.
type Config struct {
	// Count counts what is compared. Nil: nothing is counted, so no guardrail is ever broken.
	Count Counter
	// Tell tells operators, or that what was told is over. It may be called again with the same. Nil: they are not told.
	Tell func(ctx context.Context, rollout string, t Telling) error
}

// Flow is the flow of rollouts. It is a dialog.Flow.
type Flow struct{ cfg Config }

var (
	_ dialog.Flow     = (*Flow)(nil)
	_ dialog.Matcher  = (*Flow)(nil)
	_ dialog.Beginner = (*Flow)(nil)
	_ dialog.Doer     = (*Flow)(nil)
	_ dialog.Knower   = (*Flow)(nil)
)

// NewFlow makes the flow.
func NewFlow(cfg Config) *Flow { return &Flow{cfg} }

// Times of a rollout.
const (
	lookEvery = time.Minute
	// settleAfter is how long after its last creation is a horizon old a stage is still counted: events may come late.
	settleAfter = 2 * 24 * time.Hour
	// comparedMost is how long the creations of a stage are compared: what they are counted by is kept for 90 days, and a
	// horizon has 30 at most.
	comparedMost = 56 * 24 * time.Hour
	// keptFor is how long a rollout is kept after it was reverted. It holds no person.
	keptFor = 365 * 24 * time.Hour
)

const (
	look  = "look"  // the timer and the effect
	tell  = "tell"  // the effect
	quiet = "quiet" // the timer at which operators have been told of a revert for long enough
)

// FlowName implements dialog.Flow.
func (*Flow) FlowName() string { return FlowName }

// Match implements dialog.Matcher: no person reaches a rollout.
func (*Flow) Match(string) bool { return false }

// Begins implements dialog.Beginner.
func (*Flow) Begins(in *dialog.Input) bool { return in.Name == string(Start) }

// Knows implements dialog.Knower.
func (*Flow) Knows(h *dialog.Head) bool { return h.Schema <= Version && h.Step == "" }

// Render implements dialog.Flow. No place shows a rollout.
func (*Flow) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Ended: true, Question: r.Key.ID}
}

// EffectFuncs implements dialog.Doer.
func (f *Flow) EffectFuncs() dialog.Effects {
	return dialog.Effects{
		look: func(ctx context.Context, r *dialog.Record, arg json.RawMessage, _ string) error {
			return f.look(ctx, r, arg)
		},
		tell: func(ctx context.Context, r *dialog.Record, arg json.RawMessage, _ string) error {
			var t Telling
			if err := json.Unmarshal(arg, &t); err != nil {
				return dialog.Forever(err)
			}
			if f.cfg.Tell == nil {
				return nil
			}
			return f.cfg.Tell(ctx, r.Key.ID, t)
		},
	}
}

// Decide implements dialog.Flow.
func (f *Flow) Decide(t *dialog.Turn) {
	s, err := Of(t.Record)
	if err != nil {
		t.Park()
		return
	}
	switch in := t.Input; in.Kind {
	case dialog.KindOrder:
		o, ok := orderOf(in)
		if !ok || s.Check(&o, t.Now) != nil {
			return // nothing is written, and whoever gave it asks Check
		}
		s.obey(t, &o)
	case dialog.KindWake:
		if in.Name == look && s.Begun() {
			s.lookAt(t)
		}
	case dialog.KindResult:
		if in.Name == look && s.Begun() {
			s.saw(t)
		}
	default:
		return
	}
	if !s.Begun() {
		return
	}
	s.tell(t)
	s.save(t.Record)
}

// obey applies an order that Check takes.
func (s *State) obey(t *dialog.Turn, o *Order) {
	now := t.Now.UnixMilli()
	c := Change{At: now, What: string(o.Verb), From: s.Share(), By: t.Input.By, Reason: o.Reason}
	switch o.Verb {
	case Start:
		s.Mode, s.Goal, s.Plan, s.Pace = o.Mode, o.Goal, o.Plan, o.Pace
		s.begin(t.Now)
	case Advance:
		s.last().Ended = now
		s.begin(t.Now)
	case Pause:
		s.Paused, s.Why = true, &Why{Reason: o.Reason}
	case Resume:
		s.Paused, s.Why = false, nil
		s.refresh(now)
	case Revert:
		s.revert(t, &Why{Reason: o.Reason})
	}
	c.To = s.Share()
	s.note(c)
	t.Applied()
	if s.Reverted == 0 {
		t.Wake(look, 0)
	}
}

// begin begins the next stage.
func (s *State) begin(now time.Time) {
	i := len(s.Parts)
	p := Part{Share: s.Stages[i], Began: now.UnixMilli(), Until: now.Add(time.Duration(s.Days[i]) * 24 * time.Hour).UnixMilli()}
	s.Parts, s.Finding = append(s.Parts, p), ""
}

// refresh begins to count anew for the guardrails that pause.
func (s *State) refresh(now int64) {
	for i := range s.Parts {
		s.Parts[i].Fresh = Pair{}
		s.Parts[i].Resumed = now
	}
}

func (s *State) revert(t *dialog.Turn, w *Why) {
	now := t.Now.UnixMilli()
	s.Reverted, s.Paused, s.Why, s.last().Ended = now, false, w, now
	t.Unwake(look)
	t.Wake(quiet, toldFor)
	t.Wake(dialog.ForgetTimer, keptFor)
}

// pending reports whether an effect has not ended.
func pending(t *dialog.Turn, name string) bool {
	return slices.ContainsFunc(t.Record.Pending, func(p dialog.PendingEffect) bool { return p.Name == name })
}
