package form

import "github.com/lockbay/lockbay/dialog"

// The kinds of events that a form makes.
const (
	EventStarted   dialog.EventKind = "started"   // a draft was begun
	EventAsked     dialog.EventKind = "asked"     // a question was opened
	EventAnswered  dialog.EventKind = "answered"  // a question was answered; its name is the cause
	EventReminded  dialog.EventKind = "reminded"  // half of the draft's life is over
	EventRenewed   dialog.EventKind = "renewed"   // its life was asked to begin anew
	EventExpired   dialog.EventKind = "expired"   // its life is over
	EventCancelled dialog.EventKind = "cancelled" // the person gave it up
	EventUndone    dialog.EventKind = "undone"    // and took that back
	EventConfirmed dialog.EventKind = "confirmed" // Submit took it
)
