// Package form is the usual flow: questions in order, and a review. It uses package
// dialog as any other flow does.
package form

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Form is the usual flow: questions in order. It owns Back, Edit, Keep, Cancel,
// Undo, the review, and the rule that the first missing or no longer valid answer
// is asked next. T is the draft: plain data that encoding/json keeps. Its functions
// are pure, except Effects, and run for many conversations at once.
type Form[T any] struct {
	Name    string
	Version int // format of new drafts; grows when old ones need Migrate
	// Reads is the newest format of drafts that this form continues. T decodes such
	// a draft unchanged, and the draft stays in its format. Defaults to Version.
	//
	// A new format comes in two releases, which instances adopt one after another
	// and can leave again. The first has Version 1 and Reads 2: its T decodes both
	// formats and encodes for both (a renamed answer under both names, an answer
	// that it does not ask yet as it was read). The second, once every instance
	// runs the first, has Version 2 and a Migrate. Without the first release, older
	// instances return ErrSchemaNewer for inputs to new drafts.
	Reads int

	Questions []Question[T]
	Review    bool   // show all answers and ask before Submit
	ReviewAt  string // step of the review; defaults to "review"

	// Submit ends the form. It may refuse (t.Refuse), start another conversation
	// (t.Start), request effects (t.Do) and set timers (t.Wake). The card shows the
	// returned text, if any. Submit leaves what d points to unchanged.
	Submit func(d T, t *dialog.Turn) string
	// Wake handles a timer that Submit or Wake has set, and returns a text as Submit does.
	Wake func(d T, name string, t *dialog.Turn) string
	// Effects by the names that Turn.Do uses. They run after the commit.
	Effects dialog.Effects
	// Result handles the end of an effect: what it returned, or that it failed for
	// good. It may change the draft, also after Submit; the card shows the returned
	// text, if any, as a new message. A draft without an answer that it had is open
	// again, at that question.
	Result func(d *T, r Result, t *dialog.Turn) string

	// AtReview is called each time a turn ends at the review: it may store in the draft
	// what the review shows, such as the hash of a quote.
	AtReview func(d *T)
	// Receipt adds to the card of the review: sums, what happens next.
	Receipt func(d *T, v dialog.View, c *dialog.Card)
	// Finish may change any card, last.
	Finish func(r *dialog.Record, d *T, v dialog.View, c *dialog.Card)
	// Alias translates an input to another action, such as the payload of /start.
	// Empty: the input's own name.
	Alias func(in *dialog.Input) (name, value string)
	// Extra handles the bot's own actions and commands, before the form's. False:
	// the form handles the input.
	Extra func(name string, t *dialog.Turn) bool
	// Idle handles a text without a draft; typed may be quoted. False: the form says
	// that there is no draft.
	Idle func(typed string, t *dialog.Turn) bool
	// Begin fills a new draft. value is the value of the action create (see Alias),
	// or without an Alias the payload of /start.
	Begin func(d *T, t *dialog.Turn, value string)

	// Migrate converts a draft of an older version to Version. If it fails, or the
	// draft does not decode, the draft is kept (Record.Unread) and the questions are asked again.
	Migrate func(version int, old []byte) ([]byte, error)
	// Life is how long a draft is kept after the person's last input. Defaults to 7 days.
	Life func(owner string) time.Duration
	// Discreet removes from a typed text what must be neither quoted nor kept, such as the
	// number of a card. It concerns texts that become no answer. Defaults to the whole text.
	Discreet func(text string) string
	// Words are the texts. A code that they lack has its text in [English].
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
	_ dialog.Sparer   = Form[struct{}]{}
	_ dialog.Discreet = Form[struct{}]{}
	_ dialog.Knower   = Form[struct{}]{}
	_ dialog.Accepter = Form[struct{}]{}
)

// Check finds mistakes in the form: missing functions, texts and names.
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
			return fmt.Errorf("question %q: another question or the form itself uses this name", q.Name)
		}
		names[q.Name] = true
		if err := f.worded(q); err != nil {
			return err
		}
		if err := q.kept(); err != nil {
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

// Quotable implements [dialog.Discreet]: the engine asks it for all that is quoted. The form
// asks only where it cuts a text, or hands it on.
func (f Form[T]) Quotable(text string) string {
	if f.Discreet == nil {
		return text
	}
	return f.Discreet(text)
}

// refuse puts a refusal of a typed text on the card.
func (f *Form[T]) refuse(t *dialog.Turn, r *Refusal, typed string) {
	t.Refuse(r.Code, r.Args, typed)
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

// at finds the question that the record is at: the opened question, else the step's.
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

// stepOf is the step at which a question is open: a side question is opened at the review.
func (f *Form[T]) stepOf(q *Question[T]) string {
	if q.Side {
		return f.reviewStep()
	}
	return q.step()
}

// applies reports whether a question is a step of this draft.
func (q *Question[T]) applies(d *T) bool { return !q.Side && q.when(d) }

func (q *Question[T]) when(d *T) bool { return q.When == nil || q.When(d) }

// asked is the question that a card of the record shows: the question that the
// record is at, or at a review without answers the first missing one. A text answers it
// there, too: a card that was rendered after the loss, such as a page, has asked it.
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

// order is the place of a question among all; that of the review (nil) is the last.
func (f *Form[T]) order(q *Question[T]) int {
	for i := range f.Questions {
		if &f.Questions[i] == q {
			return i
		}
	}
	return len(f.Questions)
}

// Knows implements [dialog.Knower].
func (f Form[T]) Knows(h *dialog.Head) bool {
	return f.reads(h.Schema) && f.knows(h.Step)
}

func (f *Form[T]) reads(schema int) bool { return schema <= max(f.Version, f.Reads) }

// knows reports whether this version has the stored step.
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

// count counts the steps of this draft, with the review; n is the number of q, from 1.
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

// Draft decodes the answers of a record. The error is ErrSchemaNewer for a version
// above Reads. The result is shared: callers only read it.
func (f *Form[T]) Draft(r *dialog.Record) (*T, error) {
	if d, ok := r.Decoded().(*T); ok {
		return d, nil
	}
	d := new(T)
	if !f.reads(r.Schema) {
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
	raw, err := encode(d)
	if err != nil {
		panic("dialog: form " + f.Name + ": " + err.Error()) // a defect of T: Check has encoded a zero value
	}
	r.SetDraft(raw, d)
	r.Schema = max(f.Version, r.Schema) // see Reads
}

// missing is the first question without a valid answer; nil if there is none. The
// reason says why an answer is no longer valid. now is in the zone of the cards.
func (f *Form[T]) missing(d *T, now time.Time) (q *Question[T], reason *Refusal) {
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
		if reason := q.invalid(d, now); reason != nil {
			return q, reason
		}
	}
	return nil, nil
}

// local is the time of a turn, in the zone of the cards.
func local(t *dialog.Turn) time.Time { return inZone(t.Now, t.Zone) }

func inZone(at time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	return at.In(zone)
}

// asRefusal is what a person reads of an error; nil for none, also of a nil *Refusal.
func asRefusal(err error) *Refusal {
	var r *Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &r):
		if r != nil && r.Code == "" {
			return &Refusal{Code: "unusable"}
		}
		return r
	}
	text := strings.TrimSpace(err.Error())
	if text == "" {
		return &Refusal{Code: "unusable"}
	}
	return &Refusal{Code: "plain", Args: map[string]string{"text": text}}
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

// Text implements dialog.Speaker: the form's words, else English.
func (f Form[T]) Text(lang, code string, args map[string]string) string {
	return f.Words.Or(English)(lang, code, args)
}

// voice are the words for a view: the form's, else English. On a page the text
// CODE_page comes before that of CODE, since a page has no commands.
func (f *Form[T]) voice(v dialog.View) dialog.Words {
	if !v.Visited {
		return f.Words.Or(English)
	}
	return onPage(f.Words).Or(onPage(English))
}

func onPage(w dialog.Words) dialog.Words {
	if w == nil {
		return nil
	}
	return func(lang, code string, args map[string]string) string {
		return cmp.Or(w(lang, code+"_page", args), w(lang, code, args))
	}
}

// say is the text of a code, "" without one.
func (f *Form[T]) say(v dialog.View, code string, args map[string]string) string {
	return f.voice(v).Say(v, code, args)
}

// Recalls implements dialog.Recaller: a second Confirm is answered with the id of the first.
func (f Form[T]) Recalls(r *dialog.Record, in *dialog.Input) *dialog.Said {
	if in.Kind != dialog.KindTap || !in.Bound || in.Name != "confirm" || r.Started == "" {
		return nil
	}
	return &dialog.Said{Code: "already", Args: map[string]string{"id": r.Started}}
}
