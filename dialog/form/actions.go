package form

import (
	"bytes"

	"github.com/lockbay/lockbay/dialog"
)

// actions are the names of the form's buttons and commands. Those of a question are its
// name.
var actions = []string{"start", "create", "restart", "resume", "continue", "undo", "cancel", "back", "edit", "renew", "confirm", "help", "as", dialog.ActionLeave, skip}

// act handles the action of a button or a command.
func (f *Form[T]) act(t *dialog.Turn, d *T, name, value string) {
	switch name {
	case "restart", "resume", "continue", "cancel", "back", "renew":
		if t.Record.Step == "" {
			t.Say("no_draft", nil)
			return
		}
	}
	switch name {
	case "start":
		f.start(t, d)
	case "create":
		f.create(t, d, value)
	case "restart":
		f.restart(t, d)
	case "resume":
		f.comeBack(t, d)
	case "continue":
		f.goOn(t, d)
	case "undo":
		f.undo(t, d)
	case "cancel":
		f.cancel(t)
	case "back":
		f.back(t, d)
	case "edit":
		f.edit(t, d, value)
	case "renew":
		f.renew(t)
	case "confirm":
		f.confirm(t, d)
	case "help":
		t.Say("help", nil)
	case "as":
		f.answerAs(t, d, value)
	default:
		f.press(t, d, name, value)
	}
}

func (f *Form[T]) start(t *dialog.Turn, d *T) {
	switch in := t.Input; {
	case t.Record.Step != "":
		f.comeBack(t, d)
	case in.Text != "" && f.Begin != nil && f.Alias == nil:
		f.begin(t, in.Text)
	default:
		f.menu(t)
	}
}

// create begins a draft. Over one with answers the person chooses first.
func (f *Form[T]) create(t *dialog.Turn, d *T, value string) {
	draft := t.Record.Step != ""
	switch {
	case draft && (value == "" && f.answered(d) == 0 || f.begun(t, value)):
		f.comeBack(t, d)
	case draft && f.answered(d) > 0:
		open{choosing, value}.set(t.Record)
		t.Applied()
	default:
		f.begin(t, value)
	}
}

// restart begins anew. Over answers the person is asked once.
func (f *Form[T]) restart(t *dialog.Turn, d *T) {
	switch o := openOf(t.Record); {
	case o.state == choosing:
		f.begin(t, o.of)
	case f.answered(d) > 0:
		open{choosing, ""}.set(t.Record)
		t.Applied()
	default:
		f.begin(t, "")
	}
}

// undo brings a cancelled draft back.
func (f *Form[T]) undo(t *dialog.Turn, d *T) {
	switch r := t.Record; {
	case r.Step != "":
		t.Say("not_here", nil)
	case openOf(r).state != cancelled || r.Draft == "":
		t.Say("no_draft", nil)
	default:
		t.Unwake(timerWipe)
		t.Event(EventUndone, "")
		open{}.set(r)
		f.next(t, d, becauseBack)
	}
}

// renew prolongs the life of the draft.
func (f *Form[T]) renew(t *dialog.Turn) {
	t.Event(EventRenewed, "")
	t.Tell(dialog.Said{Code: "renewed", Times: map[string]dialog.Moment{"until": dialog.At(t.Now.Add(f.life(t.Record.Owner)))}})
}

// press handles a button of the open question; the name of an unknown command comes here, too.
func (f *Form[T]) press(t *dialog.Turn, d *T, name, value string) {
	q, choice := f.question(name), openOf(t.Record).state == choosing
	asked := f.asked(t.Record, d)
	switch {
	case q != nil && t.Input.Kind == dialog.KindTap:
		if choice || asked != q {
			t.Stale()
			return
		}
		f.answer(t, d, q, value, true)
	case name == skip && asked != nil && asked.skipped != nil && !choice:
		f.answer(t, d, asked, skipValue, true)
	case t.Input.Kind == dialog.KindCommand:
		f.unusable(t, d, "command")
	default:
		t.Unknown()
	}
}

// comeBack shows the card of the draft again.
func (f *Form[T]) comeBack(t *dialog.Turn, d *T) {
	if openOf(t.Record).state == choosing {
		open{}.set(t.Record)
	}
	q, reason := f.regain(t, d)
	if q == nil && f.Review && t.Record.Step == f.reviewStep() && openOf(t.Record).state == atStep {
		f.reviewed(t, d)
	}
	f.greet(t, d, q, reason)
	t.Applied()
}

// goOn is Continue: it resumes the draft, or keeps the answer that was opened again.
func (f *Form[T]) goOn(t *dialog.Turn, d *T) {
	r := t.Record
	q := f.asked(r, d)
	switch {
	case openOf(r).state == choosing:
		open{}.set(r)
		t.Applied()
		q, reason := f.regain(t, d)
		f.greet(t, d, q, reason)
	case q == nil: // at the review
		f.comeBack(t, d)
	case q.Has(d):
		f.next(t, d, becauseNext)
	case q.many != nil:
		t.Refuse("none_chosen", nil, "")
	default:
		t.Refuse("empty", nil, "")
	}
}

func (f *Form[T]) cancel(t *dialog.Turn) {
	r := t.Record
	t.Event(EventCancelled, "")
	r.Step = ""
	open{state: cancelled}.set(r)
	r.Expires = t.Now.Add(undoFor)
	t.Unwake(timerRemind)
	t.Unwake(timerExpire)
	t.Wake(timerWipe, undoFor)
	t.Wake(dialog.ForgetTimer, keepRow)
	t.Applied()
}

// back opens the previous question. From a question that Edit opened it follows the
// usual rule, which leads to the review if no answer is missing.
func (f *Form[T]) back(t *dialog.Turn, d *T) {
	r := t.Record
	switch o := openOf(r); {
	case o.state == opened && f.question(o.of) != nil:
		f.next(t, d, becauseBack)
		return
	case o.state != atStep: // choosing
		open{}.set(r)
		t.Applied()
		return
	}
	var before *Question[T]
	cur := f.at(r)
	for i := range f.Questions {
		q := &f.Questions[i]
		if q == cur {
			break
		}
		if q.applies(d) {
			before = q
		}
	}
	switch q, _ := f.missing(d, local(t)); {
	case f.gone(t, d, q): // the way back goes through lost answers
		f.next(t, d, becauseBack)
		return
	case before == nil && r.Lost:
		t.Say("not_here.lost", nil)
		return
	case before == nil:
		t.Say("not_here.back", nil)
		return
	}
	r.Step = before.step()
	tellAsked(t, becauseBack)
	t.Applied()
}

func (f *Form[T]) edit(t *dialog.Turn, d *T, name string) {
	r := t.Record
	q := f.question(name)
	if q == nil {
		t.Unknown()
		return
	}
	if first, _ := f.missing(d, local(t)); f.gone(t, d, first) {
		f.next(t, d, becauseEdit)
		return
	}
	atReview := f.Review && r.Step == f.reviewStep()
	if !q.when(d) || r.Step == "" || !atReview && (q.Side || !q.Has(d)) {
		t.Stale()
		return
	}
	f.reopen(t, q, becauseEdit)
	t.Applied()
}

// reopen opens a question beside the usual order.
func (f *Form[T]) reopen(t *dialog.Turn, q *Question[T], why because) {
	f.show(t.Record, q)
	tellAsked(t, why)
}

// show opens a question beside the usual order.
func (f *Form[T]) show(r *dialog.Record, q *Question[T]) {
	open{opened, q.Name}.set(r)
	r.Step = f.stepOf(q)
}

// answerAs gives a typed text to the question of this name, whichever is open: the person typed it there, and the draft had
// changed before it came.
func (f *Form[T]) answerAs(t *dialog.Turn, d *T, name string) {
	r := t.Record
	q := f.question(name)
	if q == nil || !q.when(d) || r.Step == "" || openOf(r).state == choosing {
		t.Stale()
		return
	}
	if f.asked(r, d) != q { // a refusal is shown at its question
		f.reopen(t, q, becauseEdit)
	}
	tap := t.Input
	defer func() { t.Input = tap }()
	if tap.Text == "" && t.Before.Said.Is(kindWhich) {
		t.Input = quoted(t.Before.Said, tap)
	}
	f.answer(t, d, q, t.Input.Text, false)
}

func (f *Form[T]) confirm(t *dialog.Turn, d *T) {
	r := t.Record
	if !f.Review || r.Step != f.reviewStep() || openOf(r).state != atStep {
		t.Stale()
		return
	}
	if q, reason := f.missing(d, local(t)); q != nil {
		f.next(t, d, becauseRule)
		if reason == nil && r.Said == nil {
			t.Say("not_here", nil)
		}
		return
	}
	for i := range f.Questions {
		q := &f.Questions[i]
		if q.Confirm == nil || !q.when(d) || !q.Has(d) {
			continue
		}
		if reason := asRefusal(q.Confirm(d, t.Input)); reason != nil {
			f.reopen(t, q, becauseRule)
			f.refuse(t, reason, f.typed(q, d, dialog.View{Place: t.Input.Place, Lang: t.Input.Place.Lang, Now: t.Now}))
			return
		}
	}
	f.submit(t, d)
}

// begun reports whether the draft equals a new draft for value: the same input again.
func (f *Form[T]) begun(t *dialog.Turn, value string) bool {
	if value == "" || f.Begin == nil {
		return false
	}
	d, probe := new(T), &dialog.Record{Head: t.Record.Head}
	try := *t
	try.Record = probe
	f.Begin(d, &try, value)
	if q, _ := f.missing(d, local(t)); q == nil && f.AtReview != nil {
		f.AtReview(d)
	}
	f.save(probe, d)
	return bytes.Equal(probe.Answers, t.Record.Answers)
}

// begin starts a new draft in place of any other.
func (f *Form[T]) begin(t *dialog.Turn, value string) {
	r := t.Record
	f.drop(t)
	was := r.Draft
	r.Draft, r.Started, r.Said, r.Sources, r.Touched = t.ID(10), "", nil, nil, nil
	if r.Step != "" {
		t.Log(dialog.Event{Kind: dialog.EventReplaced, Draft: was, Cause: r.Draft})
	}
	t.Log(dialog.Event{Kind: dialog.EventStarted, Source: t.Input.Place.Channel})
	open{}.set(r)
	t.Unwake(dialog.ForgetTimer)
	d := new(T)
	if f.Begin != nil {
		f.Begin(d, t, value)
	}
	r.Schema = f.Version
	f.save(r, d)
	r.Step = ""
	t.Gap = false
	f.next(t, d, becauseStart)
}

func (f *Form[T]) menu(t *dialog.Turn) {
	r := t.Record
	if openOf(r).state != cancelled || r.Draft == "" {
		open{}.set(r)
	}
	t.Applied()
}
