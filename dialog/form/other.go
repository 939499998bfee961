package form

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/lockbay/lockbay/dialog"
)

// other handles an input that is no text: an edit, a contact that the question reads, or
// what nobody can read.
func (f *Form[T]) other(t *dialog.Turn, d *T) {
	in, r := t.Input, t.Record
	switch {
	case in.Edit:
		f.edited(t, d)
		return
	case r.Step == "":
		t.Say("no_draft", nil)
		return
	}
	if q := f.asked(r, d); q != nil && in.Text != "" && slices.Contains(q.Reads, in.Name) {
		f.text(t, d)
		return
	}
	_, _ = f.regain(t, d)
	t.Refuse("unusable."+in.Name, nil, "")
}

// edited answers the edit of an earlier message, which changes nothing. If the message
// gave an answer of this draft, the card offers the way back to that answer. What the
// last draft started answers for the messages of that draft.
func (f *Form[T]) edited(t *dialog.Turn, d *T) {
	r, before := t.Record, t.Before.Said
	if r.Step == "" {
		if t.Did() == dialog.DidNothing { // else the person hears of a damaged draft first
			t.Pass(r.Started)
		}
		return
	}
	q, asked := f.gave(r, t.Input.Source()), f.asked(r, d)
	switch {
	case q != nil && q != asked && q.when(d) && q.Has(d):
		t.Refuse("edited.answer", map[string]string{"open": q.Name}, "")
	case asked != nil && (q == asked || q == nil && before != nil && before.Refusal && !before.Is(kindEdited)):
		t.Refuse("edited.refused", nil, "")
	default:
		t.Refuse("edited", nil, "")
	}
	r.Said.Kind = kindEdited
}

// from records which message gave the answer to a question; 0: none that is known.
func from(r *dialog.Record, question string, message int64) {
	if r.Sources[question] == message {
		return
	}
	sources := maps.Clone(r.Sources)
	if sources == nil {
		sources = map[string]int64{}
	}
	if sources[question] = message; message == 0 {
		delete(sources, question)
	}
	r.Sources = sources
}

// gave is the question whose answer came with a message; nil: none is known.
func (f *Form[T]) gave(r *dialog.Record, message int64) *Question[T] {
	for name, source := range r.Sources {
		if source == message && message != 0 {
			return f.question(name)
		}
	}
	return nil
}

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

// withAnswer adds to a refusal that names a question {open}, the question's name for
// people, and {value}, its answer.
func (f *Form[T]) withAnswer(r *dialog.Record, v dialog.View, s *dialog.Said) *dialog.Said {
	q := f.question(s.Args["open"])
	d, err := f.Draft(r)
	if q == nil || err != nil {
		return s
	}
	x := *s
	x.Args = map[string]string{"open": f.words(v, q, "open", cmp.Or(q.Label, q.Name), nil), "value": f.Shown(q, d, v)}
	return &x
}

// offerEdit adds the button that opens a question again.
func (f *Form[T]) offerEdit(c *dialog.Card, v dialog.View, name string) {
	q := f.question(name)
	if q == nil {
		return
	}
	b := f.button(v, "edit:"+q.Name, nil)
	label := f.words(v, q, "label", cmp.Or(q.Label, q.Name), nil)
	b.Label = f.say(v, "edit_what", map[string]string{"what": f.words(v, q, "aria", cmp.Or(q.Aria, strings.ToLower(label)), nil)})
	b.Short = false
	c.Alt = append([]dialog.Button{b}, c.Alt...)
}
