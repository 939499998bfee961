package insight

import "time"

// Outcome is what a creation came to within its horizon, as rollouts compare it.
type Outcome struct {
	Replaced  bool // the person started over: it goes on in the next creation
	Abandoned bool
	Lost      bool          // answers were lost
	Failed    bool          // an input got no turn
	Conflict  bool          // a compare-and-swap was lost
	Slowest   time.Duration // the slowest rehydration by its person; 0: there was none
}

// Outcome is what the creation came to. Nothing that happens after the horizon changes it.
func (c *Creation) Outcome(horizon time.Duration) Outcome {
	within := func(t time.Time) bool { return !t.IsZero() && t.Before(c.Started.Add(horizon)) }
	end, over := c.End(), c.over()
	return Outcome{
		Replaced: end == Replaced, Abandoned: end != Confirmed && end != Replaced,
		Lost: within(c.FirstLost), Failed: within(c.Failed) && (over.IsZero() || !c.Failed.After(over)), Conflict: within(c.Conflict), Slowest: c.Slowest,
	}
}

// over is when the creation ended by an act of its person; zero: it did not. What fails later belongs to something else.
func (c *Creation) over() time.Time {
	switch c.End() {
	case Confirmed:
		return c.Confirmed
	case Replaced:
		return c.Replaced
	case Cancelled:
		return c.Cancelled
	}
	return time.Time{}
}

// Outcomes are those of people, each of whom counts once.
type Outcomes struct {
	N, Abandoned, Lost, Failed, Conflict int
	Slow                                 int // with a rehydration that took longer than a limit
}

// Add counts a person. A limit of 0 is none.
func (n *Outcomes) Add(o Outcome, limit time.Duration) {
	n.N++
	n.Abandoned += hit(o.Abandoned)
	n.Lost += hit(o.Lost)
	n.Failed += hit(o.Failed)
	n.Conflict += hit(o.Conflict)
	n.Slow += hit(limit > 0 && o.Slowest > limit)
}

// Try is the first attempt of a person: the first creation, and those in which that person started over, until one that was not
// replaced. The zero Try has none.
type Try struct {
	Outcome           // of all of them; abandoned as the last one is
	Started time.Time // of the first one
	Last    time.Time // start of the last one
	begun   bool
}

// Whole reports whether the attempt has its last creation.
func (t *Try) Whole() bool { return t.begun && !t.Replaced }

// Take takes the next creation of the person, in the order of starts. It is not part of the attempt if that is whole.
func (t *Try) Take(started time.Time, o Outcome) {
	if t.Whole() {
		return
	}
	if !t.begun {
		t.Started, t.begun = started, true
	}
	t.Last = started
	t.Outcome = Outcome{
		Replaced: o.Replaced, Abandoned: o.Abandoned,
		Lost: t.Lost || o.Lost, Failed: t.Failed || o.Failed, Conflict: t.Conflict || o.Conflict, Slowest: max(t.Slowest, o.Slowest),
	}
}
