package form

import (
	"bytes"

	"github.com/lockbay/lockbay/dialog"
)

// The kinds of a form's events, beside [dialog.EventStarted] of a draft.
const (
	EventAsked     dialog.EventKind = "asked"     // a question or the review was opened; the event's cause is the new step, its source says why
	EventAnswered  dialog.EventKind = "answered"  // a question was answered; the event's cause is its name
	EventReminded  dialog.EventKind = "reminded"  // half of the draft's life is over
	EventRenewed   dialog.EventKind = "renewed"   // the person asked for another life of the draft
	EventExpired   dialog.EventKind = "expired"   // its life is over
	EventCancelled dialog.EventKind = "cancelled" // the person gave it up
	EventUndone    dialog.EventKind = "undone"    // the person took the cancellation back
	EventConfirmed dialog.EventKind = "confirmed" // Submit accepted the draft; the event's cause is the id of what it started
)

// because is why a question was opened: the source of EventAsked.
type because string

const (
	becauseStart because = "start" // the draft begins
	becauseNext  because = "next"  // the question before was answered, or its answer kept
	becauseBack  because = "back"  // Back, or Undo
	becauseEdit  because = "edit"  // the person opened it again
	becauseLost  because = "lost"  // its answer is lost
	becauseRule  because = "rule"  // its answer is missing or no longer valid by the present rules
)

// tellAsked logs that the turn opens the question of the step.
func tellAsked(t *dialog.Turn, why because) {
	t.Log(dialog.Event{Kind: EventAsked, Cause: t.Record.Step, Source: string(why)})
}

// lostIn reports whether the turn found that the answers are lost or damaged.
func lostIn(t *dialog.Turn) bool {
	unread := t.Record.Unread
	return t.Rehydrated.Lost || len(unread) > 0 && !bytes.Equal(unread, t.Before.Unread)
}
