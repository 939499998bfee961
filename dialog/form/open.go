package form

import (
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// state is what a record says beside its step.
type state uint8

const (
	atStep    state = iota // nothing: the question of the step is open, or the review
	opened                 // a question by name: a side question, or one that Edit has opened
	choosing               // asked what to do with the draft that is there already
	cancelled              // no draft: it can come back
	expired                // no draft: its life was over
	done                   // no draft: Submit took it
)

// stateTexts are the states as they are stored, and as their texts are called. A
// question is stored by its name.
var stateTexts = map[state]string{choosing: "choose", cancelled: "cancelled", expired: "expired", done: "done"}

// open is dialog.Record.Open as a form reads and writes it.
type open struct {
	state state
	of    string // opened: the question's name; choosing: what Start over begins with
}

// openOf reads what a record has open.
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

// set makes it what r has open.
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

// reserved reports whether a question of this name could not be told from a state.
func reserved(name string) bool {
	return openOf(&dialog.Record{Open: name}).state != opened
}
