// Package alert tells operators what needs them: once when it begins, and once when it is over.
//
// A condition is a pure function of figures and a time: it makes a [Seen]. A [State] is what was told of one alert. [State.Next]
// goes from one to the other. Each alert is a conversation of its own (flow alert, id = its name), so that the compare-and-swap
// of its row lets one instance tell, and what was told outlives the process.
package alert

import (
	"maps"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Seen is what a look at the figures found of one alert.
type Seen struct {
	Name   string // of the alert; see the names below
	Over   bool   // something is wrong
	Unsure bool   // nothing new is known: what was told stays
	// What is the text: what, since when, what to do. It has numbers and times, and nothing of a person.
	What dialog.Said
}

// Names of alerts. One of a question or of a rollout ends with its name: step.description_input, cost.tenth.
const (
	NameLost        = "lost"
	NameInputs      = "inputs"
	NameRestarts    = "restarts"
	NameTyped       = "typed"
	NameAbandonment = "abandonment"
	NameStep        = "step"
	NameTickets     = "tickets"
	NameRollout     = "rollout"
	NameCost        = "cost"
)

// patience is how long something has to be wrong until it is told, and how long it has to be right until it is over.
type patience struct{ begin, end time.Duration }

// patiences of alerts by the first part of their names; others are told at once.
var patiences = map[string]patience{
	NameAbandonment: {3 * time.Hour, 24 * time.Hour},
	NameStep:        {3 * time.Hour, 24 * time.Hour},
	NameTyped:       {0, time.Hour},
}

// State is what was told of an alert. Its zero value is that of one that was never told.
type State struct {
	Firing  bool        `json:"firing,omitempty"`
	Since   int64       `json:"since,omitempty"` // of Firing, in unix milliseconds
	Turning int64       `json:"turning,omitempty"`
	What    dialog.Said `json:"what"`             // as it was seen last while it fired
	Hooked  int64       `json:"hooked,omitempty"` // Since of what the webhook was told last
}

// Next is the state after a look. told: people are told. Turning is since when looks say otherwise than the state does, in unix
// milliseconds; 0: they do not.
func (s State) Next(seen *Seen, now time.Time) (next State, told bool) {
	if seen.Unsure {
		return s, false
	}
	at := now.UnixMilli()
	family, _, _ := strings.Cut(seen.Name, ".")
	if seen.Over != s.Firing {
		if s.Turning == 0 || s.Turning > at { // it begins, or the clock was set back
			s.Turning = at
		}
		return s.turn(seen, at, patiences[family])
	}
	s.Turning = 0
	if s.Firing {
		s.What = seen.What
	}
	return s, false
}

// turn goes over to the other side after its time.
func (s State) turn(seen *Seen, at int64, wait patience) (State, bool) {
	long := wait.begin
	if s.Firing {
		long = wait.end
	}
	if at-s.Turning < long.Milliseconds() {
		return s, false
	}
	s.Firing, s.Since, s.Turning = seen.Over, at, 0
	if seen.Over {
		s.What = seen.What
	}
	return s, true
}

// same reports whether two texts are one.
func same(a, b *dialog.Said) bool {
	return a.Code == b.Code && maps.Equal(a.Args, b.Args) && maps.Equal(a.Times, b.Times)
}
