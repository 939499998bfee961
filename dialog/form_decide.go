package dialog

import (
	"bytes"
	"errors"
	"slices"
	"time"
)

// formActions are the commands that are actions as well.
var formActions = []string{"create", "resume", "back", "cancel", "restart", "undo", "renew", "continue", "confirm", "help", "edit"}

// Decide handles one input. It is pure: the same turn, decided again on a
// fresher record, is how conflicts are resolved.
func (f Form[T]) Decide(t *Turn) {
	r := t.Record
	d, err := f.Draft(r)
	if errors.Is(err, ErrSchemaNewer) || !f.knows(r.Step) {
		t.did = DidPark
		return
	}
	if err != nil { // flagged, kept as it is, and gone on from the head
		r.Aside, r.Answers, r.memo, r.Lost = r.Answers, nil, nil, true
		d = new(T)
		t.Say("damaged", nil)
	}
	in := t.Input
	if in.Kind == KindBlock || in.Kind == KindResult {
		return
	}
	said := r.Said
	if err == nil {
		r.Said = nil
	}
	f.dispatch(t, d)
	if t.did == DidNothing && r.Said == nil {
		r.Said = said
	}
	if in.person() && r.Step != "" {
		f.touch(t)
	}
}

// dispatch sends the input to what it is about.
func (f *Form[T]) dispatch(t *Turn, d *T) {
	in, r := t.Input, t.Record
	switch in.Kind {
	case KindWake:
		f.wake(t, d, in.Name)
	case KindText:
		f.text(t, d)
	case KindOther:
		if r.Step == "" {
			t.Say("no_draft", nil)
			return
		}
		_, _ = f.regain(t, d)
		t.Refuse("unusable."+in.Name, nil, "")
	case KindTap, KindCommand:
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

// act does one action of a button or a command.
func (f *Form[T]) act(t *Turn, d *T, name, value string) {
	in, r := t.Input, t.Record
	draft := r.Step != ""
	switch name {
	case "start":
		if draft {
			f.comeBack(t, d)
		} else if in.Text != "" && f.Begin != nil && f.Alias == nil {
			f.begin(t, in.Text)
		} else {
			f.menu(t)
		}
	case "create":
		switch {
		case draft && (value == "" && f.answered(d) == 0 || f.begun(t, value)):
			f.comeBack(t, d)
		case draft && f.answered(d) > 0:
			r.Open = openChoose
			if value != "" {
				r.Open += ":" + value
			}
			t.Applied()
		default:
			f.begin(t, value)
		}
	case "restart":
		if draft {
			with, _ := choosing(r)
			f.begin(t, with)
		} else {
			t.Say("no_draft", nil)
		}
	case "resume":
		if draft {
			f.comeBack(t, d)
		} else {
			t.Say("no_draft", nil)
		}
	case "continue":
		f.goOn(t, d)
	case "undo":
		if r.Step == "" && r.Open == openCancelled && r.Draft != "" {
			t.Unwake(timerWipe)
			t.Event(EventUndone, "")
			r.Open = ""
			f.next(t, d)
		} else {
			t.Say("not_here", nil)
		}
	case "cancel":
		f.cancel(t, draft)
	case "back":
		f.back(t, d, draft)
	case "edit":
		f.edit(t, value)
	case "renew":
		if !draft {
			t.Say("no_draft", nil)
			return
		}
		t.Event(EventRenewed, "")
		t.Say("renewed", map[string]string{"until_at": ms(t.Now.Add(f.life(r.Owner)))})
	case "confirm":
		f.confirm(t, d)
	case "help":
		t.Say("help", nil)
	default:
		if q := f.question(name); q != nil && draft && in.Kind == KindTap {
			if _, asked := choosing(r); asked || f.asked(r, d) != q {
				t.stale()
				return
			}
			f.answer(t, d, q, value, true)
			return
		}
		if in.Kind == KindCommand {
			_, _ = f.regain(t, d)
			t.Refuse("unusable.command", nil, "")
			return
		}
		t.stale()
	}
}

// text takes what was typed for the answer of the open question.
func (f *Form[T]) text(t *Turn, d *T) {
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
func (f *Form[T]) answer(t *Turn, d *T, q *Question[T], text string, tapped bool) {
	r := t.Record
	next := *d
	if err := q.Take(Answer[T]{Draft: &next, Text: text, Tapped: tapped, Turn: t}); err != nil {
		why := asRefusal(err)
		t.Refuse(why.Code, why.Args, text)
		return
	}
	if t.did == DidRefuse || r.Said != nil && r.Said.Code == "ask" { // Take spoke for itself
		return
	}
	f.save(r, &next)
	t.Event(EventAnswered, q.Name)
	r.Open = ""
	f.next(t, &next)
}

// next goes to the first missing or no longer valid answer, else to the review.
func (f *Form[T]) next(t *Turn, d *T) {
	r := t.Record
	was := r.Step
	t.did = max(t.did, DidApply)
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

func (f *Form[T]) seal(t *Turn, d *T) {
	if f.Seal == nil {
		return
	}
	next := *d
	f.Seal(&next)
	f.save(t.Record, &next)
}

// greet says what a person who was away, or whose answers were lost, must know.
func (f *Form[T]) greet(t *Turn, d *T, q *Question[T], reason *Refusal) {
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
	case lost && t.Input.Kind == KindText:
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
func (f *Form[T]) regain(t *Turn, d *T) (q *Question[T], reason *Refusal) {
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

// comeBack shows the card of the draft again.
func (f *Form[T]) comeBack(t *Turn, d *T) {
	if _, asked := choosing(t.Record); asked {
		t.Record.Open = ""
	}
	q, reason := f.regain(t, d)
	if q == nil && f.Review && t.Record.Step == f.reviewStep() && t.Record.Open == "" {
		f.seal(t, d)
	}
	f.greet(t, d, q, reason)
	t.Applied()
}

// goOn is Continue: on with the draft, or keep the answer that was opened again.
func (f *Form[T]) goOn(t *Turn, d *T) {
	r := t.Record
	q := f.asked(r, d)
	_, asked := choosing(r)
	switch {
	case r.Step == "":
		t.Say("no_draft", nil)
	case asked:
		r.Open = ""
		t.Applied()
		q, reason := f.regain(t, d)
		f.greet(t, d, q, reason)
	case q != nil && q.Has(d):
		f.next(t, d)
	default:
		t.Refuse("empty", nil, "")
	}
}

func (f *Form[T]) cancel(t *Turn, draft bool) {
	r := t.Record
	if !draft {
		t.Say("no_draft", nil)
		return
	}
	undo := f.UndoFor
	if undo <= 0 {
		undo = 24 * 60 * 60 * 1e9
	}
	t.Event(EventCancelled, "")
	r.Step, r.Open = "", openCancelled
	r.Expires = t.Now.Add(undo)
	t.Unwake(timerRemind)
	t.Unwake(timerExpire)
	t.Wake(timerWipe, undo)
	t.Wake(ForgetTimer, keepRow)
	t.Applied()
}

// back opens the question before.
func (f *Form[T]) back(t *Turn, d *T, draft bool) {
	r := t.Record
	if !draft {
		t.Say("no_draft", nil)
		return
	}
	if r.Open != "" {
		r.Open = ""
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
		if !q.Side {
			before = q
		}
	}
	if before == nil {
		t.Say("not_here", nil)
		return
	}
	r.Step = before.step()
	t.Event(EventAsked, r.Step)
	t.Applied()
}

func (f *Form[T]) edit(t *Turn, name string) {
	r := t.Record
	q := f.question(name)
	if q == nil {
		q = f.questionOf(name)
	}
	if q == nil || r.Step == "" || !f.Review || r.Step != f.reviewStep() {
		t.stale()
		return
	}
	if q.Side {
		r.Open = q.Name
	} else {
		r.Step, r.Open = q.step(), ""
	}
	t.Event(EventAsked, r.Step)
	t.Applied()
}

// questionOf finds a question by the name that its Edit button has.
func (f *Form[T]) questionOf(name string) *Question[T] {
	for i := range f.Questions {
		if f.Questions[i].EditAs == name && name != "" {
			return &f.Questions[i]
		}
	}
	return nil
}

func (f *Form[T]) confirm(t *Turn, d *T) {
	r := t.Record
	if r.Step == "" || !f.Review || r.Step != f.reviewStep() || r.Open != "" {
		t.stale()
		return
	}
	if q, reason := f.missing(d); q != nil {
		f.next(t, d)
		if reason == nil {
			t.Say("not_here", nil)
		}
		return
	}
	f.submit(t, d)
}

// submit ends the draft, unless Submit refuses.
func (f *Form[T]) submit(t *Turn, d *T) {
	r := t.Record
	text := f.Submit(*d, t)
	if t.did == DidRefuse {
		if f.Review {
			r.Step, r.Open = f.reviewStep(), ""
			f.seal(t, d)
		}
		return
	}
	t.Event(EventConfirmed, "")
	if len(t.starts) > 0 {
		t.quiet = true // what was started goes on in this place
	}
	if text != "" {
		t.Say("plain", map[string]string{"text": text})
	}
	r.Step, r.Open = "", openDone
	f.drop(t)
	t.Applied()
}

// begun reports whether the draft is what would be begun: the same input again.
func (f *Form[T]) begun(t *Turn, value string) bool {
	if value == "" || f.Begin == nil {
		return false
	}
	d, probe := new(T), &Record{Head: t.Record.Head}
	try := *t
	try.Record = probe
	f.Begin(d, &try, value)
	if q, _ := f.missing(d); q == nil && f.Seal != nil {
		f.Seal(d)
	}
	f.save(probe, d)
	return bytes.Equal(probe.Answers, t.Record.Answers)
}

// drop removes the draft's answers and timers; the row stays for a while.
func (f *Form[T]) drop(t *Turn) {
	r := t.Record
	if r.Open != openDone || f.Wake == nil {
		r.Answers, r.memo = nil, nil
	}
	r.Aside, r.Expires = nil, t.Record.Expires
	t.Unwake(timerRemind)
	t.Unwake(timerExpire)
	t.Unwake(timerWipe)
	t.Wake(ForgetTimer, keepRow)
}

// begin starts a draft; whatever was there is gone.
func (f *Form[T]) begin(t *Turn, value string) {
	r := t.Record
	f.drop(t)
	if r.Step == "" || r.Draft != "" {
		t.Event(EventStarted, "")
	}
	r.Draft, r.Open, r.Started, r.Said = t.ID(10), "", "", nil
	t.Unwake(ForgetTimer)
	d := new(T)
	if f.Begin != nil {
		f.Begin(d, t, value)
	}
	f.save(r, d)
	r.Step = ""
	t.Gap = false
	f.next(t, d)
}

func (f *Form[T]) menu(t *Turn) {
	r := t.Record
	if r.Open != openCancelled || r.Draft == "" {
		r.Open = ""
	}
	if t.Before.Version == 0 {
		t.Wake(ForgetTimer, keepRow)
	}
	t.Applied()
}

// wake is a timer of the form or of the bot.
func (f *Form[T]) wake(t *Turn, d *T, name string) {
	r := t.Record
	switch name {
	case timerRemind:
		if r.Step == "" || f.answered(d) == 0 {
			return
		}
		t.Event(EventReminded, "")
		t.Say("reminder", f.lasts(r))
		t.Anew()
	case timerExpire:
		if r.Step == "" {
			return
		}
		t.Event(EventExpired, "")
		told, args := f.answered(d) > 0, f.lasts(r)
		r.Step, r.Open, r.Answers, r.memo = "", openExpired, nil, nil
		f.drop(t)
		t.Say("expired", args)
		if told {
			t.Anew()
		}
	case timerWipe:
		if r.Step == "" && r.Open == openCancelled {
			r.Answers, r.memo, r.Open = nil, nil, ""
			t.quiet = true
		}
	default:
		if f.Wake != nil {
			if text := f.Wake(*d, name, t); text != "" {
				t.Say("plain", map[string]string{"text": text})
				t.Anew()
			}
		}
	}
}

// lasts are the arguments of texts that tell how long a draft is kept.
func (f *Form[T]) lasts(r *Record) map[string]string {
	life, at := f.life(r.Owner), ms(r.Expires)
	return map[string]string{"until_at": at, "until_near": at, "expired_on": at,
		"days": num(int(life / (24 * time.Hour))), "hours": num(int(life / time.Hour))}
}

// touch slides the draft's life.
func (f *Form[T]) touch(t *Turn) {
	life := f.life(t.Record.Owner)
	t.Record.Expires = t.Now.Add(life)
	t.Wake(timerRemind, life/2)
	t.Wake(timerExpire, life)
}

// IsAction reports whether name is one of the form's own actions.
func IsAction(name string) bool { return slices.Contains(formActions, name) }
