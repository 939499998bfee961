package form

import (
	"cmp"
	"maps"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

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

// withAnswer adds to a refusal that names a question {open}, the question's name for
// people, and {value}, its answer.
func (f *Form[T]) withAnswer(r *dialog.Record, v dialog.View, s *dialog.Said) *dialog.Said {
	q := f.question(s.Args["open"])
	d, err := f.Draft(r)
	if q == nil || err != nil {
		return s
	}
	x := *s
	x.Args = map[string]string{"open": f.words(v, q, "open", q.named(), nil), "value": f.Shown(q, d, v)}
	return &x
}

// what is a question's answer as a button names it.
func (f *Form[T]) what(q *Question[T], v dialog.View) string {
	return f.words(v, q, "aria", cmp.Or(q.Aria, strings.ToLower(f.words(v, q, "label", q.named(), nil))), nil)
}

// offerEdit adds the button that opens a question again.
func (f *Form[T]) offerEdit(c *dialog.Card, v dialog.View, name string) {
	q := f.question(name)
	if q == nil {
		return
	}
	b := f.button(v, "edit:"+q.Name, nil)
	b.Label = f.say(v, "edit_what", map[string]string{"what": f.what(q, v)})
	c.Alt = append([]dialog.Button{b}, c.Alt...)
}
