package dialog

import (
	"errors"
	"time"
)

// EventKind is what an event is about.
type EventKind string

// The kinds of events that the engine logs; a flow names its own. EventUp and EventDown
// belong to an instance, the others to a conversation.
const (
	EventStarted    EventKind = "started"    // a draft, or a conversation begun by Turn.Start; cause: the draft that it comes from
	EventReplaced   EventKind = "replaced"   // the person started over; cause: the new draft
	EventLost       EventKind = "lost"       // the answers of a draft are gone; mode: in which they were written
	EventMoved      EventKind = "moved"      // the person writes from another channel; cause: the earlier one
	EventOrdered    EventKind = "ordered"    // an operator's order; cause: the verb
	EventRefused    EventKind = "refused"    // cause: the code
	EventRehydrated EventKind = "rehydrated" // see Rehydration
	EventBlocked    EventKind = "blocked"
	EventDuplicate  EventKind = "duplicate" // cause: the kind of the input, here and below
	EventConflict   EventKind = "conflict"
	EventFailed     EventKind = "failed" // an input got no turn; source: unavailable, newer or defect
	EventUp         EventKind = "up"     // cause: how the instance before on this host ended, stop or crash; empty: there is none. source: the version of the program
	EventDown       EventKind = "down"
)

// The causes of EventLost.
const (
	lostMemory  = "memory"  // the process that had them is gone, or had no room
	lostRedis   = "redis"   // the draft store lost them
	lostTimeout = "timeout" // the draft store did not answer in time
	LostDamaged = "damaged" // the flow cannot decode them, and logs the event
)

// Event is an entry of the log. It never has personal data: the key is an id, every
// other field is a code or a number. docs/interface.md says what cause and source of each
// kind are.
type Event struct {
	Kind     EventKind
	Key      string // as Key.String; empty for an instance
	Draft    string // the draft that the event is about
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
	e.logLater(Event{Kind: kind, Cause: in.Kind.String()}, r, in)
}

// logFailed logs that an input of a person or an operator got no turn, once while its
// sender tries again. r is nil if the record is unknown.
func (e *Engine) logFailed(r *Record, in *Input, err error) {
	if !in.FromPerson() && in.Kind != KindOrder { // the engine tries its own inputs again
		return
	}
	if e.failed.add(parked{key: in.Key, input: hash(in.ID)}, e.cfg.Now()) > 0 {
		return
	}
	why := "unavailable"
	switch {
	case errors.Is(err, errDefect):
		why = "defect"
	case errors.Is(err, ErrSchemaNewer):
		why = "newer"
	}
	if e.cfg.Recorder.Failed != nil {
		e.cfg.Recorder.Failed(in.Key, in.Kind, why)
	}
	if r == nil {
		r = &Record{Head: Head{Owner: in.Owner}}
	}
	e.logLater(Event{Kind: EventFailed, Cause: in.Kind.String(), Source: why}, r, in)
}

// logLater logs an event of an input without a turn. The event goes with the next turn
// that is written, within a minute; a crash loses it.
func (e *Engine) logLater(ev Event, r *Record, in *Input) {
	if !e.daily.take(in.Key, ev.Kind, e.Now()) {
		return
	}
	ev.Key, ev.Draft, ev.Step, ev.Mode, ev.Variant, ev.Instance, ev.At = in.Key.String(), r.Draft, r.Step, e.cfg.Mode(r.Owner).String(), r.Variant, e.cfg.Instance, e.Now()
	e.batch.logLater(ev)
}

// recordLogged tells of events that were written.
func (e *Engine) recordLogged(events []Event) {
	if e.cfg.Recorder.Logged == nil {
		return
	}
	for i := range events {
		e.cfg.Recorder.Logged(&events[i])
	}
}
