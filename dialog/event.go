package dialog

import "time"

// EventKind is what an event tells of.
type EventKind string

// The kinds of events that the engine makes; a flow names its own. EventUp and
// EventDown are of an instance, the others of a conversation.
const (
	EventRefused    EventKind = "refused"
	EventRehydrated EventKind = "rehydrated"
	EventBlocked    EventKind = "blocked"
	EventDuplicate  EventKind = "duplicate"
	EventConflict   EventKind = "conflict"
	EventUp         EventKind = "up"
	EventDown       EventKind = "down"
)

// Event is what a turn adds to the log for insight. It never has personal data:
// the key is an id, everything else is a code or a number.
type Event struct {
	Kind     EventKind
	Key      string // as Key.String; empty for an instance
	Draft    string
	Step     string
	Mode     string
	Variant  string
	Instance string
	Cause    string // of a rehydration, the code of a refusal, or the kind of a duplicate input or one that lost
	Source   string
	Took     time.Duration
	At       time.Time
}
