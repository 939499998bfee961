package form

import (
	"errors"
	"slices"

	"github.com/lockbay/lockbay/dialog"
)

// Decide handles one input. It is pure: the same turn, decided again on a
// fresher record, is how conflicts are resolved.
func (f Form[T]) Decide(t *dialog.Turn) {
	r := t.Record
	d, err := f.Draft(r)
	if errors.Is(err, dialog.ErrSchemaNewer) || !f.knows(r.Step) {
		t.Park()
		return
	}
	if err != nil { // flagged, kept as it is, and gone on from the head
		r.Aside, r.Lost = r.Answers, true
		r.SetDraft(nil, nil)
		d = new(T)
		t.Say("damaged", nil)
	}
	in := t.Input
	if in.Kind == dialog.KindBlock || in.Kind == dialog.KindResult {
		return
	}
	said := r.Said
	if err == nil {
		r.Said = nil
	}
	f.dispatch(t, d)
	if t.Did() == dialog.DidNothing && r.Said == nil {
		r.Said = said
	}
	if in.FromPerson() && r.Step != "" {
		f.touch(t)
	}
	if r.Step == "" && !slices.ContainsFunc(r.Timers, func(x dialog.Timer) bool { return x.Name == dialog.ForgetTimer }) {
		t.Wake(dialog.ForgetTimer, keepRow) // also of who only says hello
	}
}

// dispatch sends the input to what it is about.
func (f *Form[T]) dispatch(t *dialog.Turn, d *T) {
	in, r := t.Input, t.Record
	switch in.Kind {
	case dialog.KindWake:
		f.wake(t, d, in.Name)
	case dialog.KindText:
		f.text(t, d)
	case dialog.KindOther:
		if r.Step == "" {
			t.Say("no_draft", nil)
			return
		}
		_, _ = f.regain(t, d)
		t.Refuse("unusable."+in.Name, nil, "")
	case dialog.KindTap, dialog.KindCommand:
		name, value := in.Name, in.Value
		if f.Alias != nil {
			if as, with := f.Alias(in); as != "" {
				name, value = as, with
			}
		}
		if f.Extra != nil && f.Extra(name, t) {
			return
		}
		f.act(t, d, name, value)
	}
}

// text takes what was typed for the answer of the open question.
func (f *Form[T]) text(t *dialog.Turn, d *T) {
	r, in := t.Record, t.Input
	if r.Step == "" {
		t.Quote("no_draft", map[string]string{"typed": in.Text}, in.Text)
		return
	}
	if _, asked := choosing(r); asked {
		r.Open = ""
	}
	q := f.asked(r, d)
	if q == nil {
		t.Refuse("at_review", map[string]string{"typed": in.Text}, in.Text)
		return
	}
	f.answer(t, d, q, in.Text, false)
}

// answer gives a text or a button's value to a question.
func (f *Form[T]) answer(t *dialog.Turn, d *T, q *Question[T], text string, tapped bool) {
	r := t.Record
	next := own(d)
	if err := q.Take(Answer[T]{Draft: next, Text: text, Tapped: tapped, Turn: t}); err != nil {
		why := asRefusal(err)
		t.Refuse(why.Code, why.Args, text)
		return
	}
	if t.Did() == dialog.DidRefuse || r.Said != nil && r.Said.Code == "ask" { // Take spoke for itself
		return
	}
	f.save(r, next)
	t.Event(EventAnswered, q.Name)
	r.Open = ""
	f.next(t, next)
}

// next goes to the first missing or no longer valid answer, else to the review.
func (f *Form[T]) next(t *dialog.Turn, d *T) {
	r := t.Record
	was := r.Step
	t.Applied()
	q, reason := f.missing(d)
	switch {
	case q != nil && q.Side:
		r.Step, r.Open = f.reviewStep(), q.Name
	case q != nil:
		r.Step, r.Open = q.step(), ""
	case f.Review:
		r.Step, r.Open = f.reviewStep(), ""
		f.seal(t, d)
	default:
		f.submit(t, d)
		return
	}
	if r.Step != was {
		t.Event(EventAsked, r.Step)
	}
	if r.Said == nil {
		f.greet(t, d, q, reason)
	}
}

func (f *Form[T]) seal(t *dialog.Turn, d *T) {
	if f.Seal == nil {
		return
	}
	next := own(d)
	f.Seal(next)
	f.save(t.Record, next)
}

// greet says what a person who was away, or whose answers were lost, must know.
func (f *Form[T]) greet(t *dialog.Turn, d *T, q *Question[T], reason *Refusal) {
	stood, _ := f.count(f.at(t.Before))
	lost := t.Rehydrated.Lost && stood > 1 && q != nil
	if reason == nil && !lost && !t.Gap {
		return
	}
	n, of := f.count(q)
	args := map[string]string{"step": num(n), "of": num(of), "saved_ago": ms(t.Before.Updated), "answers": num(f.answered(d))}
	if q != nil {
		args["open"] = q.Name
	}
	switch {
	case reason != nil:
		code := "rule_changed"
		if !t.Gap {
			code = "rule_changed.here"
		}
		args["code"] = reason.Code
		for k, v := range reason.Args {
			args["r."+k] = v
		}
		t.Say(code, args)
	case lost && t.Input.Kind == dialog.KindText:
		args["typed"] = short(t.Input.Text)
		t.Say("answers_lost", args)
	case lost:
		t.Say("place_kept", args)
	case t.Gap && f.answered(d) > 0:
		t.Say("welcome_back", args)
	}
}

// regain brings the conversation to where it must be: after a loss or a change
// of rules the step may no longer be reachable.
func (f *Form[T]) regain(t *dialog.Turn, d *T) (q *Question[T], reason *Refusal) {
	r := t.Record
	if r.Step == "" {
		return nil, nil
	}
	if cur := f.at(r); cur != nil && cur.Has(d) && (cur.Check == nil || cur.Check(d) == nil) {
		return cur, nil // opened again on purpose
	}
	q, reason = f.missing(d)
	if q != nil && f.at(r) != q {
		if q.Side {
			r.Step, r.Open = f.reviewStep(), q.Name
		} else {
			r.Step, r.Open = q.step(), ""
		}
	}
	return q, reason
}

// submit ends the draft, unless Submit refuses.
func (f *Form[T]) submit(t *dialog.Turn, d *T) {
	r := t.Record
	text := f.Submit(*d, t)
	if t.Did() == dialog.DidRefuse {
		if f.Review {
			r.Step, r.Open = f.reviewStep(), ""
			f.seal(t, d)
		}
		return
	}
	t.Ended(EventConfirmed)
	if text != "" {
		t.Say("plain", map[string]string{"text": text})
	}
	r.Step, r.Open = "", openDone
	f.drop(t)
	t.Applied()
}
