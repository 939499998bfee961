package dialog

import "time"

// EventKind is what an event tells of.
type EventKind string

// The kinds of events. EventUp and EventDown are of an instance, the others of a conversation.
const (
	EventStarted    EventKind = "started"
	EventAsked      EventKind = "asked"
	EventAnswered   EventKind = "answered"
	EventRefused    EventKind = "refused"
	EventRehydrated EventKind = "rehydrated"
	EventReminded   EventKind = "reminded"
	EventRenewed    EventKind = "renewed"
	EventExpired    EventKind = "expired"
	EventCancelled  EventKind = "cancelled"
	EventUndone     EventKind = "undone"
	EventConfirmed  EventKind = "confirmed"
	EventPaid       EventKind = "paid"
	EventLapsed     EventKind = "lapsed"
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
