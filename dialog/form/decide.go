package form

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
)

// Decide handles one input. It is pure: after a conflict the engine decides the
// input again on the current record.
func (f Form[T]) Decide(t *dialog.Turn) {
	r := t.Record
	d, err := f.Draft(r)
	if errors.Is(err, dialog.ErrSchemaNewer) || !f.knows(r.Step) {
		t.Park()
		return
	}
	if err != nil { // keep the unreadable draft, and continue from the head
		r.Unread, r.Lost = r.Answers, true
		r.SetDraft(nil, nil)
		d = new(T)
		t.Event(dialog.EventLost, dialog.LostDamaged)
		t.Say("damaged", nil)
	}
	in := t.Input
	if in.Kind == dialog.KindBlock {
		return
	}
	if in.Kind == dialog.KindResult {
		if err == nil {
			f.result(t, d)
		}
		return
	}
	said := r.Said
	if err == nil {
		r.Said = nil
	}
	f.dispatch(t, d)
	f.led(t)
	if t.Did() == dialog.DidNothing && r.Said == nil {
		r.Said = said
	}
	if in.FromPerson() && r.Step != "" {
		f.touch(t)
	}
	if r.Step == "" && !slices.ContainsFunc(r.Timers, func(x dialog.Timer) bool { return x.Name == dialog.ForgetTimer }) {
		t.Wake(dialog.ForgetTimer, keepRow) // also for a person who only says hello
	}
}

// Spares implements [dialog.Sparer]: without Result a form has no use for the end of an
// effect.
func (f Form[T]) Spares(in *dialog.Input) bool {
	return in.Kind == dialog.KindResult && f.Result == nil
}

// dispatch calls the handler of the input's kind.
func (f *Form[T]) dispatch(t *dialog.Turn, d *T) {
	in := t.Input
	if q := f.meets(t, d); q != nil {
		f.meet(t, d, q)
		return
	}
	switch in.Kind {
	case dialog.KindWake:
		f.wake(t, d, in.Name)
	case dialog.KindText:
		f.text(t, d)
	case dialog.KindOther:
		f.other(t, d)
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

// text answers the open question with a typed text.
func (f *Form[T]) text(t *dialog.Turn, d *T) {
	r, in := t.Record, t.Input
	if r.Step == "" {
		typed := f.Quotable(in.Text)
		if f.Idle != nil && f.Idle(typed, t) {
			return
		}
		t.Quote("no_draft", map[string]string{"typed": typed}, typed)
		return
	}
	if f.overtaken(t, d) {
		return
	}
	if openOf(r).state == choosing {
		open{}.set(r)
	}
	q := f.asked(r, d)
	if q == nil {
		t.Refuse("at_review", map[string]string{"typed": in.Text}, in.Text)
		return
	}
	typed, most := f.whole(t)
	if most {
		q.tooLong(t, typed)
		return
	}
	f.answer(t, d, q, typed, false)
	if in.Attached != "" && t.Did() == dialog.DidApply && r.Said == nil {
		t.Say("not_kept."+in.Attached, nil)
	}
}

// other handles an input that is no text: an edit, a contact that the question reads, or
// what nobody can read.
func (f *Form[T]) other(t *dialog.Turn, d *T) {
	in, r := t.Input, t.Record
	switch {
	case in.Edit:
		f.edited(t, d)
		return
	case r.Asks != nil: // another conversation asks for a text
		t.Refuse("unusable."+in.Name, nil, "")
		return
	case r.Step == "":
		t.Say("no_draft", nil)
		return
	}
	if q := f.asked(r, d); q != nil && in.Text != "" && slices.Contains(q.Reads, in.Name) {
		f.text(t, d)
		return
	}
	f.unusable(t, d, in.Name)
}

// unusable refuses what is no answer. After a loss the person hears of the loss instead.
func (f *Form[T]) unusable(t *dialog.Turn, d *T, what string) {
	q, reason := f.regain(t, d)
	if f.gone(t, d, q) {
		f.greet(t, d, q, reason)
		t.Applied()
		return
	}
	t.Refuse("unusable."+what, nil, "")
}

// answer answers a question with a text or a button's value, and opens the next one.
func (f *Form[T]) answer(t *dialog.Turn, d *T, q *Question[T], text string, tapped bool) {
	x := f.understand(t, d, q, text, tapped)
	switch {
	case !f.take(t, q, x):
	case x.took.open:
		if f.at(t.Record) != q {
			f.lead(t, q)
		}
		t.Applied()
	default:
		open{}.set(t.Record)
		f.next(t, x.draft, becauseNext)
	}
}

// understood is an answer, not stored yet.
type understood[T any] struct {
	draft *T // with the answer, where it was accepted
	took  Taken
	text  string // as Take has read it
	long  bool   // the text is longer than a message may be
}

// understand lets a question read an answer. It is pure.
func (f *Form[T]) understand(t *dialog.Turn, d *T, q *Question[T], text string, tapped bool) understood[T] {
	next := own(d)
	lang := t.Input.Place.Lang
	a := Answer[T]{Draft: next, Text: text, Tapped: tapped, Lang: lang, Now: local(t), Input: t.Input}
	v := dialog.View{Place: t.Input.Place, Lang: lang, Now: t.Now, Zone: t.Zone}
	if q.skipped != nil && !tapped && strings.EqualFold(strings.TrimSpace(text), f.say(v, skip, nil)) {
		a.Text, a.Tapped = skipValue, true
	}
	if q.Options != nil {
		a.offers = func() []Option { return f.options(q, d, v) }
		if tapped && strings.HasPrefix(text, "#") { // no value stands in its button like that
			a.Text = carried(text, a.offers())
		}
	}
	if t.Input.Over > 0 && !tapped {
		return understood[T]{text: text, long: true}
	}
	took := q.Take(a)
	return understood[T]{draft: next, took: took, text: a.Text}
}

// take stores an answer. False: the turn says why it has not.
func (f *Form[T]) take(t *dialog.Turn, q *Question[T], x understood[T]) bool {
	r := t.Record
	switch {
	case x.long:
		q.tooLong(t, x.text)
		return false
	case x.took.refused != nil:
		f.refuse(t, x.took.refused, x.text)
		return false
	case x.took.asked != "":
		t.Say(x.took.asked, nil)
		t.Toast(x.took.asked, nil)
		return false
	case !x.took.open && !q.Side && !q.Has(x.draft): // a defect of the question; it is not asked again without a word
		f.refuse(t, &Refusal{Code: "unusable"}, x.text)
		return false
	case !f.keep(t, x.draft, x.text):
		return false
	}
	touch(t, q.Name)
	if !x.took.open {
		from(r, q.Name, t.Input.Source())
		t.Log(dialog.Event{Kind: EventAnswered, Cause: q.Name, Step: f.stepOf(q)})
	}
	return true
}

// keep stores the draft with an answer in it, or refuses the answer if the draft has no
// room for it. A draft that was larger, also because Migrate made it so, keeps its room.
func (f *Form[T]) keep(t *dialog.Turn, d *T, text string) bool {
	r := t.Record
	answers, decoded, schema := r.Answers, r.Decoded(), r.Schema
	f.save(r, d)
	over := len(r.Answers) - f.answersMost()
	if over > 0 {
		over = min(over, len(r.Answers)-f.sizeBefore(t))
	}
	if over <= 0 {
		return true
	}
	r.SetDraft(answers, decoded)
	r.Schema = schema
	n := utf8.RuneCountInString(text) // in characters
	if n > 0 {
		over = over*n/len(text) + 1
	}
	if over >= n {
		t.Refuse("no_room", nil, text)
	} else {
		t.Refuse("too_long", map[string]string{"over": strconv.Itoa(over)}, text)
	}
	return false
}

// sizeBefore is the size of the draft as this turn found it, in the format of this form.
func (f *Form[T]) sizeBefore(t *dialog.Turn) int {
	size := len(t.Before.Answers)
	if d, err := f.Draft(t.Before); err == nil {
		if raw, err := encode(d); err == nil {
			size = max(size, len(raw))
		}
	}
	return size
}

// tooLong refuses a text that is longer than a message may be, and says how long an answer may be.
func (q *Question[T]) tooLong(t *dialog.Turn, text string) {
	most := dialog.TextMost
	if q.Most != nil {
		most = min(most, q.Most())
	}
	t.Refuse("text_long", map[string]string{"high": strconv.Itoa(most)}, text)
}

// next opens the first question without a valid answer, else the review. why is the log's
// reason if no answer is lost or no longer valid.
func (f *Form[T]) next(t *dialog.Turn, d *T, why because) {
	r := t.Record
	was := r.Step
	t.Applied()
	q, reason := f.missing(d, local(t))
	switch {
	case q != nil:
		f.goTo(r, q)
	case f.Review:
		f.goTo(r, nil)
		f.reviewed(t, d)
	default:
		f.submit(t, d)
		return
	}
	if r.Step != was {
		switch {
		case reason != nil:
			why = becauseRule
		case why != becauseStart && f.gone(t, d, q):
			why = becauseLost
		}
		tellAsked(t, why)
	}
	if r.Said == nil {
		f.greet(t, d, q, reason)
	}
}

// goTo opens a question, nil for the review.
func (f *Form[T]) goTo(r *dialog.Record, q *Question[T]) {
	switch {
	case q == nil:
		r.Step = f.reviewStep()
		open{}.set(r)
	case q.Side:
		r.Step = f.reviewStep()
		open{opened, q.Name}.set(r)
	default:
		r.Step = q.step()
		open{}.set(r)
	}
}

func (f *Form[T]) reviewed(t *dialog.Turn, d *T) {
	if f.AtReview == nil {
		return
	}
	next := own(d)
	f.AtReview(next)
	f.save(t.Record, next)
}

// greet tells a person who was away, or whose answers were lost, where the draft is.
func (f *Form[T]) greet(t *dialog.Turn, d *T, q *Question[T], reason *Refusal) {
	lost := f.gone(t, d, q)
	if reason == nil && !lost && !t.Gap {
		return
	}
	n, of := f.count(q, d)
	s := f.where(d, n, of, q, t.Before.Updated)
	switch {
	case reason != nil:
		s.Code, s.Reason = "rule_changed", &dialog.Said{Code: reason.Code, Args: reason.Args}
		if !t.Gap {
			s.Code = "rule_changed.here"
		}
	case lost && t.Input.Kind == dialog.KindText:
		s.Code, s.Args["typed"] = "answers_lost", short(f.Quotable(t.Input.Text))
	case lost:
		s.Code = "place_kept"
	case f.answered(d) > 0:
		s.Code = "welcome_back"
	default:
		return
	}
	t.Tell(s)
}

// gone reports whether the first question without a valid answer lost its answer, and comes
// before the one that the person was at. The loss may be of an earlier turn, which had no reason
// to tell.
func (f *Form[T]) gone(t *dialog.Turn, d *T, first *Question[T]) bool {
	lost := (t.Record.Lost || lostIn(t)) && t.Record.Draft == t.Before.Draft
	return lost && first != nil && !first.Has(d) && f.order(first) < f.order(f.at(t.Before))
}

// where describes the progress of a draft: at step n, with q open (nil: the review).
func (f *Form[T]) where(d *T, n, of int, q *Question[T], saved time.Time) dialog.Said {
	s := dialog.Said{
		Args:  map[string]string{"step": strconv.Itoa(n), "of": strconv.Itoa(of), "answers": strconv.Itoa(f.answered(d))},
		Times: map[string]dialog.Moment{"saved": dialog.At(saved)},
	}
	if q != nil {
		s.Args["open"] = q.Name
	}
	return s
}

// regain moves the conversation to the first question without a valid answer: after
// a loss or a change of rules its step may be out of reach.
func (f *Form[T]) regain(t *dialog.Turn, d *T) (q *Question[T], reason *Refusal) {
	r := t.Record
	if r.Step == "" {
		return nil, nil
	}
	if cur := f.at(r); cur != nil && cur.when(d) && cur.Has(d) && cur.invalid(d, local(t)) == nil {
		return cur, nil // the person has opened it again
	}
	q, reason = f.missing(d, local(t))
	if q != nil && f.at(r) != q {
		f.lead(t, q)
	}
	return q, reason
}

// lead opens a question that a loss or a change of rules leads to.
func (f *Form[T]) lead(t *dialog.Turn, q *Question[T]) {
	was := t.Record.Step
	f.goTo(t.Record, q)
	switch {
	case t.Record.Step == was:
	case lostIn(t):
		tellAsked(t, becauseLost)
	default:
		tellAsked(t, becauseRule)
	}
}

// submit ends the draft, unless Submit refuses.
func (f *Form[T]) submit(t *dialog.Turn, d *T) {
	r := t.Record
	text := f.Submit(*d, t)
	if t.Did() == dialog.DidRefuse {
		if f.Review {
			f.goTo(r, nil)
			f.reviewed(t, d)
		}
		return
	}
	t.Event(EventConfirmed, r.Started)
	if text != "" {
		t.Say("plain", map[string]string{"text": text})
	}
	r.Step = ""
	open{state: done}.set(r)
	f.drop(t)
	t.Applied()
}
