package dialog

import "time"

// EventKind is what an event tells of.
type EventKind string

// The kinds of events that the engine logs; a flow names its own. EventUp and EventDown
// belong to an instance, the others to a conversation.
const (
	EventStarted    EventKind = "started" // a draft, or a conversation begun by Turn.Start; cause: the draft that it comes from
	EventRefused    EventKind = "refused"
	EventRehydrated EventKind = "rehydrated"
	EventBlocked    EventKind = "blocked"
	EventDuplicate  EventKind = "duplicate"
	EventConflict   EventKind = "conflict"
	EventUp         EventKind = "up"
	EventDown       EventKind = "down"
)

// Event is an entry of the log. It never has personal data: the key is an id, every
// other field is a code or a number. docs/interface.md says what cause and source of each
// kind are.
type Event struct {
	Kind     EventKind
	Key      string // as Key.String; empty for an instance
	Draft    string // the draft that the event tells of
	Step     string // where the turn found that draft; empty if the turn began it
	Mode     string
	Variant  string
	Instance string
	Cause    string
	Source   string
	Took     time.Duration
	At       time.Time
}

// logInput logs a duplicate or a lost compare-and-swap.
func (e *Engine) logInput(kind EventKind, r *Record, in *Input) {
	e.logNote(Event{Kind: kind, Cause: in.Kind.String()}, r, in)
}

// logNote logs an event of an input without a turn. The event rides with the next turn
// that is written, and never causes a commit; a crash loses it.
func (e *Engine) logNote(ev Event, r *Record, in *Input) {
	if !e.daily.take(in.Key, ev.Kind, e.Now()) {
		return
	}
	ev.Key, ev.Draft, ev.Step, ev.Mode, ev.Variant, ev.Instance, ev.At = in.Key.String(), r.Draft, r.Step, e.cfg.Mode(r.Owner).String(), r.Variant, e.cfg.Instance, e.Now()
	e.batch.logLater(ev)
}
