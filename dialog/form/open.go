package form

import (
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// state is the part of a record's position beside its step.
type state uint8

const (
	atStep    state = iota // the question of the step is open, or the review
	opened                 // a question by name is open: a side question, or a question that Edit opened
	choosing               // the person chooses between the existing draft and a new one
	cancelled              // the draft was cancelled; Undo brings it back
	expired                // the draft's life ended
	done                   // Submit accepted the draft
)

// stateTexts are the stored forms of the states, and the first parts of their texts.
// An opened question is stored by its name.
var stateTexts = map[state]string{choosing: "choose", cancelled: "cancelled", expired: "expired", done: "done"}

// open is the decoded dialog.Record.Open.
type open struct {
	state state
	of    string // opened: the question's name; choosing: what Start over begins with
}

// openOf decodes Open of a record.
func openOf(r *dialog.Record) open {
	if r.Open == "" {
		return open{}
	}
	text, of, _ := strings.Cut(r.Open, ":")
	for s, known := range stateTexts {
		if text == known {
			return open{s, of}
		}
	}
	return open{opened, r.Open}
}

// set encodes o into r.
func (o open) set(r *dialog.Record) {
	switch text := stateTexts[o.state]; {
	case o.state == opened:
		r.Open = o.of
	case o.of != "":
		r.Open = text + ":" + o.of
	default:
		r.Open = text
	}
}

// Ended reports whether the card of a record shows that the draft was cancelled, or has expired.
func Ended(r *dialog.Record) bool {
	s := openOf(r).state
	return r.Step == "" && (s == cancelled || s == expired)
}

// StartOver is the value with which Start over begins the new draft, if the person is asked
// whether to.
func StartOver(r *dialog.Record) string {
	if o := openOf(r); o.state == choosing {
		return o.of
	}
	return ""
}
