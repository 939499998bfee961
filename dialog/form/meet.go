package form

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// Answers from two places meet here. A page's form names its question and the answer that it
// was shown with, its base. While that is still the answer, what is sent goes to that question,
// whatever else has changed: two people at two questions are both heard. At the same question
// the first answer stands, and the second is shown to its sender beside it. So nobody
// overwrites what they have not seen.

// base names the answer that a question has in this draft. Two answers that read the same
// have one base.
func (f *Form[T]) base(r *dialog.Record, q *Question[T], d *T) string {
	text := r.Draft + "\x00" + q.Name
	if q.Has(d) {
		text += "\x00" + f.typed(q, d, dialog.View{Lang: "en"})
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// Accepts implements [dialog.Accepter]: an answer with a base reaches its question from an
// earlier card, too.
func (f Form[T]) Accepts(r *dialog.Record, in *dialog.Input) bool {
	d, err := f.Draft(r)
	return err == nil && f.meant(r, d, in) != nil
}

// meant is the question of an answer with a base; nil: in is none, or the draft does not ask
// that question. A form without a text has no answer.
func (f *Form[T]) meant(r *dialog.Record, d *T, in *dialog.Input) *Question[T] {
	if in.Base == "" || in.Draft != r.Draft || r.Step == "" {
		return nil
	}
	if in.Kind != dialog.KindTap && (in.Kind != dialog.KindText || !dialog.Visible(in.Text)) {
		return nil
	}
	if q := f.question(in.Name); q != nil && q.when(d) {
		return q
	}
	return nil
}

// meets is the question of an answer that needs more than the open question's usual way: the
// card has changed since, or another question is open. nil: the usual way.
func (f *Form[T]) meets(t *dialog.Turn, d *T) *Question[T] {
	q := f.meant(t.Record, d, t.Input)
	if q == nil || f.opens(t.Record, d, q) && (!t.Older || f.unchanged(t, d, q)) {
		return nil
	}
	return q
}

// opens reports whether q is the question that is open.
func (f *Form[T]) opens(r *dialog.Record, d *T, q *Question[T]) bool {
	return f.asked(r, d) == q && openOf(r).state != choosing
}

// unchanged reports whether an answer overwrites nothing that its sender has not seen.
func (f *Form[T]) unchanged(t *dialog.Turn, d *T, q *Question[T]) bool {
	return !q.Has(d) || f.base(t.Record, q, d) == t.Input.Base
}

// meet decides an answer to its own question, while the place of the conversation stays.
func (f *Form[T]) meet(t *dialog.Turn, d *T, q *Question[T]) {
	r, in := t.Record, t.Input
	text, tapped := in.Text, in.Kind == dialog.KindTap
	if tapped {
		text = in.Value
	}
	was := t.Before.Said
	x := f.understand(t, d, q, text, tapped)
	if !f.unchanged(t, d, q) {
		r.Said = was
		f.second(t, d, q, x)
		return
	}
	if !f.take(t, q, x) { // it has said why
		said := *r.Said
		r.Said = was
		t.TellSender(dialog.DidRefuse, q.Name, said)
		return
	}
	r.Said = was
	f.stay(t, x.draft)
}

// second answers whoever is second at a question. The answer that is there already is a
// repetition; any other is shown beside it.
func (f *Form[T]) second(t *dialog.Turn, d *T, q *Question[T], x understood[T]) {
	accepted := !x.long && x.took.refused == nil && x.took.asked == ""
	if accepted && f.base(t.Record, q, x.draft) == f.base(t.Record, q, d) {
		t.Applied()
		return
	}
	s := conflict(t.Record, q.Name, x.text)
	if t.Input.Kind == dialog.KindTap { // the field has what was pressed, as a person types it
		if s.Typed = ""; accepted {
			s.Typed = f.typed(q, x.draft, dialog.View{Lang: t.Input.Place.Lang})
		}
	}
	t.TellSender(dialog.DidStale, q.Name, s)
}

// conflict says that a question has another answer, with what was typed instead.
func conflict(r *dialog.Record, question, typed string) dialog.Said {
	s := dialog.Said{Code: "conflict", Kind: kindConflict, Args: map[string]string{"open": question}, Typed: typed}
	if by, ok := r.Touched[question]; ok {
		s.Args["channel"], s.Times = by.Channel, map[string]dialog.Moment{"changed": dialog.At(by.At)}
	}
	return s
}

// stay ends a turn that has answered another question than the open one: that stays open
// while the draft asks it, else the usual rule says what is open.
func (f *Form[T]) stay(t *dialog.Turn, d *T) {
	r := t.Record
	t.Applied()
	cur := f.asked(r, d)
	first, _ := f.missing(d, local(t))
	switch {
	case cur != nil && cur.when(d), openOf(r).state == choosing:
	case f.Review && first == nil:
		f.reviewed(t, d)
	default:
		open{}.set(r)
		f.next(t, d, becauseNext)
	}
}

// toldTo is the record as its person alone is told of it.
func (f *Form[T]) toldTo(r *dialog.Record, d *T, v dialog.View) *dialog.Record {
	if v.Told == nil || r.Step == "" {
		return r
	}
	q := f.question(v.Told.Ask)
	if q == nil || !q.when(d) {
		return r
	}
	x := *r
	if x.Said = v.Told.Said; f.asked(r, d) != q || openOf(r).state == choosing {
		f.show(&x, q)
	}
	return &x
}

// two has the sender of a second answer choose between it and the first.
func (f *Form[T]) two(r *dialog.Record, v dialog.View, c *dialog.Card, s *dialog.Said) {
	typed := c.Field != nil && s.Typed != ""
	c.Band = f.changed(r, v, c, s, typed)
	if typed {
		c.Field.Value, c.Field.Continue = s.Typed, f.say(v, "use_mine", nil)
	}
	keep := f.button(v, "resume", nil)
	keep.Free, keep.Label = true, f.say(v, "keep", map[string]string{"value": short(f.withAnswer(r, v, s).Args["value"])})
	c.Keep = &keep
}

// changed says what the answer is now, where it was changed and when, and that the field has another text.
func (f *Form[T]) changed(r *dialog.Record, v dialog.View, c *dialog.Card, s *dialog.Said, typed bool) *dialog.Band {
	x := *f.withAnswer(r, v, s)
	x.Code, x.Times = "conflict", s.Times
	x.Args["where"] = f.inPlace(v, s.Args["channel"])
	if len(x.Times) == 0 {
		x.Code = "conflict.undated"
	}
	strong, text, _ := strings.Cut(c.Tell(f.voice(v), v, &x), "\n")
	if typed {
		text += " " + f.say(v, "conflict.field", nil)
	}
	return &dialog.Band{Strong: strong, Text: text}
}

// inPlace names the place of a change, as seen from another one.
func (f *Form[T]) inPlace(v dialog.View, channel string) string {
	if where := f.say(v, "conflict."+channel, nil); where != "" && channel != v.Place.Channel {
		return where
	}
	return f.say(v, "conflict.elsewhere", nil)
}

// moved says what has become of the question of a form on a page that stays open: it has another answer, or another question
// is open while this one still takes an answer.
func (f *Form[T]) moved(r *dialog.Record, d *T, v dialog.View, c *dialog.Card) {
	h := v.Held
	if h == nil || h.Draft != r.Draft || r.Step == "" || d == nil {
		return
	}
	q := f.question(h.Ask)
	switch {
	case q == nil || !q.when(d):
	case q.Has(d) && f.base(r, q, d) != h.Base:
		s := conflict(r, q.Name, "")
		c.Moved = f.changed(r, v, c, &s, h.Typed)
	case !f.opens(r, d, q):
		led := r.Touched[ledFrom+q.Name]
		strong, text, _ := strings.Cut(f.say(v, "moved", map[string]string{"where": f.inPlace(v, led.Channel)}), "\n")
		c.Moved = &dialog.Band{Strong: strong, Text: text}
	}
}

// touch records who has changed an answer.
func touch(t *dialog.Turn, name string) {
	touched := maps.Clone(t.Record.Touched)
	if touched == nil {
		touched = map[string]dialog.Touch{}
	}
	touched[name] = dialog.Touch{Channel: t.Input.Place.Channel, At: t.Now}
	t.Record.Touched = touched
}
