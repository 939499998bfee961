package insight

import "time"

// Step is what happened at a question of a creation.
type Step struct {
	Asked, Answered time.Time // the first ones
	Last            time.Time // asked for the last time within the horizon
}

// Creation is a draft that somebody began: what is known of it from its events. Each field takes the earliest or the latest
// time, or says that something happened, so that events may come in any order, and twice.
type Creation struct {
	Draft, Owner                 string
	Mode, Variant                string // as it began
	Started, Confirmed, Replaced time.Time
	Cancelled, Undone, Blocked   time.Time // the last ones within the horizon
	Answered                     time.Time // the first answer
	Lost, FirstLost              time.Time // when answers were lost, the last time and the first
	Failed                       time.Time // the first input that got no turn, see [Facts.Add]
	Conflict                     time.Time // the first compare-and-swap that was lost
	Seen                         time.Time // when its person was there, the last time
	Steps                        map[string]Step
	Inputs                       []Input            // of its person, the first ones
	Reads                        []Read             // rehydrations by inputs of its person, the first ones
	Slowest                      time.Duration      // of those within the horizon
	Causes, Sources              map[string]bool    // of them
	Escrow                       string             // that it became
	Paid, Lapsed                 time.Time          // the escrow, the first time
	ConfirmedLate                bool               // after the horizon
	Refused                      map[[2]string]bool // question and code of answers that were not accepted
}

// TypedAgain reports whether answers were lost that its person had given, and the person came to see that. Who never came
// back has typed nothing again: a timer found the answers gone.
func (c *Creation) TypedAgain() bool {
	return !c.Answered.IsZero() && c.Answered.Before(c.Lost) && !c.Seen.Before(c.Lost)
}

// End is how a creation stood at the horizon.
type End string

// The ends. All but the first two are abandoned.
const (
	Confirmed End = "confirmed"
	Replaced  End = "replaced" // the person started over: no creation of its own but for what it lost
	Cancelled End = "cancelled"
	Blocked   End = "blocked"
	Silent    End = "silent"
)

// End is how the creation stood at the horizon.
func (c *Creation) End() End {
	switch {
	case !c.Confirmed.IsZero() && !c.ConfirmedLate:
		return Confirmed
	case !c.Replaced.IsZero():
		return Replaced
	case c.Cancelled.After(c.Undone):
		return Cancelled
	case !c.Blocked.IsZero():
		return Blocked
	}
	return Silent
}

// Open is the question at which the creation stood at the horizon; empty: none was asked by then.
func (c *Creation) Open() (step string) {
	var last time.Time
	for name, s := range c.Steps {
		if s.Last.After(last) || s.Last.Equal(last) && !last.IsZero() && name > step {
			step, last = name, s.Last
		}
	}
	return step
}
