package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// Result is the end of an effect.
type Result struct {
	Name string // of the effect
	Key  string // of the effect
	Err  error  // nil: it has succeeded; else it failed for good, see dialog.Forever
	// Late: another draft has begun since Turn.Do, or the draft is gone. d is empty
	// then, and is not stored.
	Late bool

	value, arg json.RawMessage
}

// Value decodes what the effect returned, see dialog.Returns.
func (r Result) Value(v any) error { return json.Unmarshal(r.value, v) }

// Arg decodes the argument that Turn.Do got.
func (r Result) Arg(v any) error { return json.Unmarshal(r.arg, v) }

// result handles the end of an effect. What the card says stays, unless Result says
// something.
func (f *Form[T]) result(t *dialog.Turn, d *T) {
	if f.Result == nil {
		return
	}
	r, in := t.Record, t.Input
	x := Result{Name: in.Name, Key: in.Value, value: json.RawMessage(in.Text), Late: f.late(r, in.Value)}
	if in.Text == dialog.FailedText {
		x.Err, x.value = errors.New(in.Error), nil
	}
	if i := slices.IndexFunc(t.Before.Pending, func(p dialog.PendingEffect) bool { return p.ID == in.Value }); i >= 0 {
		x.arg = t.Before.Pending[i].Arg
	}
	next := own(d)
	if x.Late {
		next = new(T)
	}
	text := f.Result(next, x, t)
	if !x.Late {
		f.change(t, d, next)
	}
	if text != "" {
		t.Say("plain", map[string]string{"text": text})
		t.Anew()
	}
}

// late reports whether the record no longer has the draft of an effect's key. Keys of
// before drafts stood in them have no point, and count as those of the current draft.
func (f *Form[T]) late(r *dialog.Record, key string) bool {
	draft, _, known := strings.Cut(key, ".")
	if known && draft != r.Draft {
		return true
	}
	s := openOf(r).state
	return r.Step == "" && s != done && s != cancelled
}

// change stores what a result made of the draft d. The first question without an answer
// is open then, if the step's is out of reach or has been answered.
func (f *Form[T]) change(t *dialog.Turn, d, next *T) {
	r := t.Record
	was := r.Answers
	f.save(r, next)
	if bytes.Equal(was, r.Answers) {
		return
	}
	t.Applied()
	switch o := openOf(r); {
	case r.Step != "" && o.state != choosing:
		if q, _ := f.regain(t, next); q == nil {
			f.next(t, next, becauseNext)
		}
	case o.state == done && f.lacks(d, next):
		open{}.set(r)
		t.Unwake(dialog.ForgetTimer)
		f.touch(t)
		f.next(t, next, becauseRule)
	}
}

// lacks reports whether an answer of d is missing in next.
func (f *Form[T]) lacks(d, next *T) bool {
	return slices.ContainsFunc(f.Questions, func(q Question[T]) bool {
		return !q.Side && q.when(next) && q.Has(d) && !q.Has(next)
	})
}
