package form

import (
	"slices"
	"unicode/utf16"

	"github.com/lockbay/lockbay/dialog"
)

const (
	partLeast   = 2048     // UTF-16 units of the first part of a divided text, at least: apps divide near 4096
	partsWithin = 2        // seconds between the parts of a text
	wholeMost   = 16 << 10 // bytes of the parts that are judged as one; more are too many for any question
)

// whole is the typed text, with the refused part before it if the app of the person has
// divided a long text. The parts are one answer: the rest of what was refused is refused
// with it. most: together they are too long, and the text is what was refused.
func (f *Form[T]) whole(t *dialog.Turn) (text string, most bool) {
	in, before := t.Input, t.Before
	said := before.Said
	if said == nil || !said.Refusal || in.Serial.Series == "" || len(utf16.Encode([]rune(said.Typed))) < partLeast {
		return in.Text, false
	}
	i := slices.IndexFunc(before.Series, func(h dialog.Handled) bool { return h.Series == in.Serial.Series })
	if i < 0 || in.Serial.Sent-before.Series[i].Sent > partsWithin {
		return in.Text, false
	}
	if len(said.Typed)+len(in.Text) > wholeMost {
		return said.Typed, true
	}
	return said.Typed + in.Text, false
}
