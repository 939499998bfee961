package form

import "github.com/lockbay/lockbay/dialog"

// The kinds of a form's events.
const (
	EventStarted   dialog.EventKind = "started"   // a draft was begun
	EventAsked     dialog.EventKind = "asked"     // a question was opened
	EventAnswered  dialog.EventKind = "answered"  // a question was answered; the event's cause is its name
	EventReminded  dialog.EventKind = "reminded"  // half of the draft's life is over
	EventRenewed   dialog.EventKind = "renewed"   // the person asked for another life of the draft
	EventExpired   dialog.EventKind = "expired"   // its life is over
	EventCancelled dialog.EventKind = "cancelled" // the person gave it up
	EventUndone    dialog.EventKind = "undone"    // the person took the cancellation back
	EventConfirmed dialog.EventKind = "confirmed" // Submit accepted the draft
)
