// Package form is the usual flow: questions in order, and a review. It stands on
// package dialog as any flow of your own would.
package form

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Form is the usual flow: questions in order. It owns Back, Edit, Keep, Cancel,
// Undo, Review and "first missing or no longer valid". T is the draft: plain
// data that encoding/json keeps. Its functions are pure (but Effects), and may
// run for many conversations at once.
type Form[T any] struct {
	Name    string
	Version int // format of new drafts; grows when old ones need Migrate
	// Reads is the newest format of drafts that this form goes on with. Such a
	// draft is given to T as it is, and stays in its format. Defaults to Version.
	//
	// With it a new format comes in two releases that instances go to one after
	// the other, and back. The first has Version 1 and Reads 2: its T takes both
	// formats, and what it writes is good in both (an answer with a new name
	// under both names; one that it does not ask yet, as it was found). The
	// second, once every instance runs the first, has Version 2 and a Migrate.
	// Without the first, older instances ask the sender of a new draft's input to
	// come again (ErrSchemaNewer).
	Reads int

	Questions []Question[T]
	Review    bool   // show all answers and ask before Submit
	ReviewAt  string // step of the review; defaults to "review"

	// Submit ends the form. It may refuse (t.Refuse), start another
	// conversation (t.Start), do effects (t.Do) and set timers (t.Wake); what it
	// returns is said, "" is nothing. d must not be changed.
	Submit func(d T, t *dialog.Turn) string
	// Wake answers a timer that Submit or Wake has set.
	Wake func(d T, name string, t *dialog.Turn) string
	// Effects by name: what Turn.Do asks for. They are not part of the pure flow.
	Effects dialog.Effects

	// Seal is called each time a turn ends at the review: it may note in the
	// draft what is shown (the hash of a quote).
	Seal func(d *T)
	// Receipt adds to the card of the review: sums, what happens next.
	Receipt func(d *T, v dialog.View, c *dialog.Card)
	// Finish has the last word on any card.
	Finish func(r *dialog.Record, d *T, v dialog.View, c *dialog.Card)
	// Alias names the action that an input stands for, where that is not its own
	// name: what the payload of /start means. Empty: its own.
	Alias func(in *dialog.Input) (name, value string)
	// Extra handles actions and commands of the bot's own, before the form's.
	// False: not one of them.
	Extra func(name string, t *dialog.Turn) bool
	// Begin fills the draft of a new conversation. value is what follows the
	// colon of create (see Alias), or the payload of /start where there is no Alias.
	Begin func(d *T, t *dialog.Turn, value string)

	// Migrate brings a draft of an older version to Version. A draft that it
	// fails for, or that does not decode, is kept aside and asked again.
	Migrate func(version int, old []byte) ([]byte, error)
	// Life is how long a draft is kept after the person's last input. Defaults to 7 days.
	Life func(owner string) time.Duration
	// Words are the texts. What they lack, or all without them, is said in [English].
	Words dialog.Words
}

// Names of the form's timers.
const (
	timerRemind = "remind"
	timerExpire = "expire"
	timerWipe   = "wipe"
)

// undoFor is how long a cancelled draft can come back.
const undoFor = 24 * time.Hour

// keepRow is how long a conversation without a draft keeps its row.
const keepRow = 90 * 24 * time.Hour

var (
	_ dialog.Flow     = Form[struct{}]{}
	_ dialog.Doer     = Form[struct{}]{}
	_ dialog.Recaller = Form[struct{}]{}
	_ dialog.Speaker  = Form[struct{}]{}
)

// Check tells what is wrong with the form itself.
func (f Form[T]) Check() error {
	if len(f.Questions) == 0 || f.Submit == nil {
		return errors.New("a form needs questions and Submit")
	}
	names := map[string]bool{}
	for i := range f.Questions {
		q := &f.Questions[i]
		if err := q.complete(); err != nil {
			return err
		}
		if names[q.Name] || reserved(q.Name) {
			return fmt.Errorf("question %q comes twice, or has a name of our own", q.Name)
		}
		names[q.Name] = true
		if err := f.worded(q); err != nil {
			return err
		}
	}
	var zero T
	raw, err := json.Marshal(zero)
	if err != nil {
		return fmt.Errorf("the draft cannot be stored: %w", err)
	}
	return json.Unmarshal(raw, &zero)
}

// FlowName is the flow's part of the key.
func (f Form[T]) FlowName() string { return f.Name }

// EffectFuncs are the form's effects.
func (f Form[T]) EffectFuncs() dialog.Effects { return f.Effects }

func (f *Form[T]) reviewStep() string {
	if f.ReviewAt != "" {
		return f.ReviewAt
	}
	return "review"
}

func (f *Form[T]) life(owner string) time.Duration {
	if f.Life != nil {
		return f.Life(owner)
	}
	return 7 * 24 * time.Hour
}

// question finds a question by name, nil if there is none.
func (f *Form[T]) question(name string) *Question[T] {
	for i := range f.Questions {
		if f.Questions[i].Name == name {
			return &f.Questions[i]
		}
	}
	return nil
}

// at finds the question that the record is at: the open one, else that of its step.
func (f *Form[T]) at(r *dialog.Record) *Question[T] {
	if o := openOf(r); o.state == opened {
		if q := f.question(o.of); q != nil {
			return q
		}
	}
	for i := range f.Questions {
		if q := &f.Questions[i]; !q.Side && q.step() == r.Step {
			return q
		}
	}
	return nil
}

// applies reports whether a question is a step of this draft.
func (q *Question[T]) applies(d *T) bool { return !q.Side && q.when(d) }

func (q *Question[T]) when(d *T) bool { return q.When == nil || q.When(d) }

// asked is the question that a card of the record shows: the one it is at, or at
// a review whose answers are gone, the first that is missing.
func (f *Form[T]) asked(r *dialog.Record, d *T) *Question[T] {
	if q := f.at(r); r.Step == "" || q != nil && q.when(d) {
		return q
	}
	for i := range f.Questions {
		if q := &f.Questions[i]; q.applies(d) && !q.Has(d) {
			return q
		}
	}
	return nil
}

// knows reports whether a stored step is one of this version's.
func (f *Form[T]) knows(step string) bool {
	if step == "" || f.Review && step == f.reviewStep() {
		return true
	}
	for i := range f.Questions {
		if !f.Questions[i].Side && f.Questions[i].step() == step {
			return true
		}
	}
	return false
}

// count counts the questions that are steps of this draft; n is the number of q
// among them, from 1.
func (f *Form[T]) count(q *Question[T], d *T) (n, of int) {
	for i := range f.Questions {
		if !f.Questions[i].applies(d) {
			continue
		}
		of++
		if q == &f.Questions[i] {
			n = of
		}
	}
	if f.Review {
		of++
	}
	if n == 0 {
		n = of
	}
	return n, of
}

// Draft decodes the answers of a record. A draft of a version that the form
// does not read is ErrSchemaNewer. The result is shared and must not be changed.
func (f *Form[T]) Draft(r *dialog.Record) (*T, error) {
	if d, ok := r.Decoded().(*T); ok {
		return d, nil
	}
	d := new(T)
	if r.Schema > max(f.Version, f.Reads) {
		return d, fmt.Errorf("draft of version %d: %w", r.Schema, dialog.ErrSchemaNewer)
	}
	raw := r.Answers
	if len(raw) == 0 {
		return d, nil
	}
	if r.Schema < f.Version && f.Migrate != nil {
		var err error
		if raw, err = f.Migrate(r.Schema, raw); err != nil {
			return d, fmt.Errorf("migrate draft of version %d: %w", r.Schema, err)
		}
	}
	if err := json.Unmarshal(raw, d); err != nil {
		return new(T), fmt.Errorf("decode draft of version %d: %w", r.Schema, err)
	}
	return d, nil
}

// save encodes d into the record.
func (f *Form[T]) save(r *dialog.Record, d *T) {
	raw, err := json.Marshal(d)
	if err != nil {
		panic("dialog: form " + f.Name + ": " + err.Error()) // Check has stored a zero value: a defect of T
	}
	r.SetDraft(raw, d)
	r.Schema = max(f.Version, r.Schema) // see Reads
}

// missing is the first question that is not answered, or whose answer is no
// longer good; then reason says why. nil: all is answered.
func (f *Form[T]) missing(d *T) (q *Question[T], reason *Refusal) {
	for i := range f.Questions {
		q := &f.Questions[i]
		if !q.when(d) {
			continue
		}
		if !q.Has(d) {
			if q.Side {
				continue
			}
			return q, nil
		}
		if q.Check == nil {
			continue
		}
		if err := q.Check(d); err != nil {
			return q, asRefusal(err)
		}
	}
	return nil, nil
}

func asRefusal(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return &Refusal{Code: "plain", Args: map[string]string{"text": err.Error()}}
}

// answered counts the answers of the steps.
func (f *Form[T]) answered(d *T) (n int) {
	for i := range f.Questions {
		if f.Questions[i].applies(d) && f.Questions[i].Has(d) {
			n++
		}
	}
	return n
}

// Text implements dialog.Speaker: the form's words, and English for what they lack.
func (f Form[T]) Text(lang, code string, args map[string]string) string {
	return f.voice()(lang, code, args)
}

// voice is Text.
func (f *Form[T]) voice() dialog.Words { return f.Words.Or(English) }

// say is a text that may be missing.
func (f *Form[T]) say(v dialog.View, code string, args map[string]string) string {
	return f.voice().Say(v, code, args)
}

// Recalls implements dialog.Recaller: to confirm again what was confirmed.
func (f Form[T]) Recalls(r *dialog.Record, in *dialog.Input) *dialog.Said {
	if in.Kind != dialog.KindTap || !in.Bound || in.Name != "confirm" || r.Started == "" {
		return nil
	}
	return &dialog.Said{Code: "already", Args: map[string]string{"id": r.Started}}
}

func num(n int) string { return strconv.Itoa(n) }
