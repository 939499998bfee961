package form

import (
	"cmp"
	"errors"
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
)

// Render makes the card of a record, from the record alone.
func (f Form[T]) Render(r *dialog.Record, v dialog.View) dialog.Card {
	d, err := f.Draft(r)
	r = f.toldTo(r, d, v)
	c := dialog.Card{Step: r.Step, Lang: v.Lang}
	switch {
	case errors.Is(err, dialog.ErrSchemaNewer) || !f.knows(r.Step):
		f.band(&c, v, &dialog.Said{Code: dialog.CodeNewer})
		c.Ended, c.Newer, c.Question = true, true, strings.TrimSuffix(c.Band.Strong, ".")
		c.Body, c.Band = []string{c.Band.Text}, nil
	case r.Step == "":
		f.renderIdle(r, d, v, &c)
	default:
		if openOf(r).state == choosing {
			f.renderChoose(r, d, v, &c)
		} else {
			f.renderStep(r, d, v, &c)
		}
	}
	f.moved(r, d, v, &c)
	f.saved(r, d, v, &c)
	if f.Finish != nil {
		f.Finish(r, d, v, &c)
	}
	return c
}

// saved says since when the answers are saved. An answer that was refused is not saved, and a draft without answers has
// nothing to save.
func (f *Form[T]) saved(r *dialog.Record, d *T, v dialog.View, c *dialog.Card) {
	switch {
	case r.Step == "" || r.Updated.IsZero():
	case r.Said != nil && r.Said.Refusal && r.Said.Typed != "":
		c.Unsaved, c.SavedAs = true, f.say(v, "saved.not", nil)
	case r.Said.Is(kindConflict):
		c.Unsaved, c.SavedAs = true, f.say(v, "saved.not", nil)
	case f.answered(d) == 0 && r.Lost:
		c.SavedAs = f.say(v, "saved.lost", nil)
	case f.answered(d) == 0:
		c.SavedAs = f.say(v, "saved.none", nil)
	default:
		c.Saved = r.Updated
		c.SavedAs = f.say(v, "saved", map[string]string{"ago": f.voice(v).Ago(v, r.Updated)})
	}
}

func (f *Form[T]) button(v dialog.View, action string, args map[string]string) dialog.Button {
	code, _, _ := strings.Cut(action, ":")
	return dialog.Button{Action: action, Label: f.say(v, code, args)}
}

// renderIdle shows a conversation without a draft.
func (f *Form[T]) renderIdle(r *dialog.Record, d *T, v dialog.View, c *dialog.Card) {
	create := f.button(v, "create", nil)
	create.Free = true
	c.Primary = &create
	s := openOf(r).state
	if s == cancelled && !r.Expires.IsZero() && v.Now.After(r.Expires) {
		s = atStep // the answers are due for deletion, so Undo is over
	}
	switch s {
	case cancelled, expired, done:
		c.Ended = true
		ask, body := f.lasts(r, stateTexts[s]+".ask"), f.lasts(r, stateTexts[s]+".body")
		ask.Args["id"], body.Args["id"] = r.Started, r.Started
		c.Question, c.Body = f.voice(v).Tell(v, f.inUnits(v, &ask)), paragraphs(f.voice(v).Tell(v, f.inUnits(v, &body)))
		if s == cancelled {
			c.Alt = []dialog.Button{f.button(v, "undo", nil)}
		}
		if !r.Said.Is(kindExpired) { // the card itself says so
			f.said(c, v, r)
		}
	default:
		c.Question = f.say(v, "menu.ask", nil)
		c.Body = paragraphs(f.say(v, "menu.body", nil))
		f.said(c, v, r)
	}
}

// paragraphs divides a text at its newlines.
func paragraphs(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// renderChoose asks whether to continue the existing draft.
func (f *Form[T]) renderChoose(r *dialog.Record, d *T, v dialog.View, c *dialog.Card) {
	q := f.asked(&dialog.Record{Head: r.Head}, d)
	n, of := f.count(q, d)
	s := f.where(d, n, of, q, r.Updated)
	args := s.Args
	c.Progress = f.say(v, "choose.title", args)
	f.facts(r, d, v, c, nil)
	c.Question = f.say(v, "choose.ask", args)
	s.Code = "choose.hint"
	c.Hint = f.voice(v).Tell(v, &s)
	goOn := f.button(v, "continue", nil)
	c.Primary = &goOn
	c.Alt = []dialog.Button{f.button(v, "restart", nil)}
	c.After = f.say(v, "choose.after", args)
	f.said(c, v, r)
}

// renderStep shows the open question, or the review.
func (f *Form[T]) renderStep(r *dialog.Record, d *T, v dialog.View, c *dialog.Card) {
	q := f.asked(r, d)
	n, of := f.count(q, d)
	c.Progress = f.say(v, "step_of", map[string]string{"n": strconv.Itoa(n), "of": strconv.Itoa(of)})
	f.facts(r, d, v, c, q)
	if q == nil {
		f.renderReview(d, v, c)
	} else {
		f.renderQuestion(r, q, d, v, c, n)
	}
	f.said(c, v, r)
	if r.Said.Is(kindEdited) {
		f.offerEdit(c, v, r.Said.Args["open"])
	}
	if r.Said.Is(kindWhich) {
		f.offerBoth(r, d, v, c)
	}
	if r.Said.Is(kindReminder) {
		c.Alt = append(c.Alt, f.button(v, "renew", nil))
	}
	if r.Said == nil && f.lostBefore(r, d, v) {
		f.band(c, v, &dialog.Said{Code: "gone_here"})
	} else if r.Said == nil && v.Now.Sub(r.Updated) >= awayFor && !v.Pushes() && f.answered(d) > 0 {
		s := f.where(d, n, of, q, r.Updated)
		s.Code = "welcome_back"
		f.band(c, v, &s)
	}
	if v.Told == nil && (n > 1 || openOf(r).state != atStep) {
		c.Quiet = append(c.Quiet, f.button(v, "back", nil))
	}
	c.Quiet = append(c.Quiet, f.button(v, "cancel", nil))
}

// lostBefore reports whether answers before the open question are lost. The next input asks for them; until then a page that is
// opened says so.
func (f *Form[T]) lostBefore(r *dialog.Record, d *T, v dialog.View) bool {
	first, _ := f.missing(d, inZone(v.Now, v.Zone))
	return r.Lost && first != nil && !first.Has(d) && f.order(first) < f.order(f.at(r))
}

// awayFor is the age of a record at which a page that is opened again says welcome back.
const awayFor = 30 * time.Minute

func (f *Form[T]) words(v dialog.View, q *Question[T], part, own string, args map[string]string) string {
	if s := f.say(v, q.Name+"."+part, args); s != "" {
		return s
	}
	return own
}

// Pose puts the buttons and the field of a question on a card.
func (f Form[T]) Pose(q *Question[T], d *T, v dialog.View, c *dialog.Card) {
	c.Choices = append(c.Choices, f.choices(q, d, v)...)
	for i := range c.Choices {
		if b := &c.Choices[i]; !dialog.Visible(b.Label) { // no channel shows a button without a label
			c.Untold, b.Label = append(c.Untold, b.Action), "?"
		}
	}
	if q.Pose != nil {
		q.Pose(d, v, c)
	}
	if c.Field == nil && len(c.Choices) == 0 {
		c.Field = &dialog.Field{}
	}
	if q.skipped != nil {
		c.Alt = append(c.Alt, dialog.Button{Action: q.Name + ":" + skipValue, Label: f.say(v, skip, nil), Chosen: q.skipped(d)})
	}
}

// Shown is the answer of a draft as the person recognises it.
func (f Form[T]) Shown(q *Question[T], d *T, v dialog.View) string {
	switch {
	case q.skipped != nil && q.skipped(d):
		return f.say(v, "skipped", nil)
	case q.Show != nil:
		return q.Show(d, v)
	case q.many != nil:
		var labels []string
		for _, value := range q.many(d) {
			labels = append(labels, f.shownOption(q, d, v, value))
		}
		return strings.Join(labels, ", ")
	}
	return f.shownOption(q, d, v, q.Value(d))
}

// shownOption is the label of the option with a stored value.
func (f *Form[T]) shownOption(q *Question[T], d *T, v dialog.View, value string) string {
	o := Option{Value: value}
	if q.option != nil {
		o = q.option(value)
	}
	label := f.label(v, q, o)
	if label != value { // as the options have it
		return label
	}
	for _, o := range f.options(q, d, v) {
		if o.Value == value {
			return o.Label
		}
	}
	return label
}

// named is what the answer of a question is called: its Label, else its Name with a
// capital letter.
func (q *Question[T]) named() string {
	if q.Label != "" {
		return q.Label
	}
	first, size := utf8.DecodeRuneInString(q.Name)
	return string(unicode.ToUpper(first)) + strings.ReplaceAll(q.Name[size:], "_", " ")
}

func (f *Form[T]) renderQuestion(r *dialog.Record, q *Question[T], d *T, v dialog.View, c *dialog.Card, n int) {
	args := map[string]string{}
	if q.Gist != nil {
		q.Gist(args, d, v)
	}
	c.Question, c.Asks, c.Base = f.words(v, q, "ask", q.Ask, args), q.Name, f.base(r, q, d)
	c.Hint = f.words(v, q, "hint", q.Hint, args)
	c.After = f.say(v, q.Name+".after", args)
	f.Pose(q, d, v, c)
	if c.Field != nil {
		c.Field.Continue = f.say(v, "continue", nil)
		if c.Field.Value == "" && q.Has(d) && (q.skipped == nil || !q.skipped(d)) {
			c.Field.Value = f.typed(q, d, v)
		}
	}
	if q.Has(d) && (!q.Side || q.many != nil) && q.invalid(d, inZone(v.Now, v.Zone)) == nil {
		keep := f.button(v, "continue", nil)
		code := "keep"
		if q.many != nil {
			code = "with"
		}
		keep.Label = f.say(v, code, map[string]string{"value": short(f.Shown(q, d, v))})
		c.Keep = &keep
	}
	if q.Side {
		return
	}
	c.Ahead, c.SoonFrom = f.say(v, "soon", nil), n+1
	after := false
	for i := range f.Questions {
		x := &f.Questions[i]
		if x == q {
			after = true
		} else if after && x.applies(d) && !x.Has(d) {
			c.Soon = append(c.Soon, f.words(v, x, "soon", cmp.Or(x.Soon, x.named()), nil))
		}
	}
	if f.Review {
		c.Soon = append(c.Soon, f.say(v, "review", nil))
	}
}

// typed is the answer of a draft as the person types it.
func (f *Form[T]) typed(q *Question[T], d *T, v dialog.View) string {
	if q.Typed != nil {
		return q.Typed(d)
	}
	return dialog.Plain(f.Shown(q, d, v))
}

// short cuts a value for a button's label to 32 characters.
func short(s string) string {
	r := []rune(dialog.Plain(s))
	if len(r) <= 32 {
		return string(r)
	}
	return string(r[:31]) + "…"
}

func (f *Form[T]) renderReview(d *T, v dialog.View, c *dialog.Card) {
	c.Review = true
	c.Known = f.say(v, "answers", nil)
	c.Question = f.say(v, "review.ask", nil)
	confirm := f.button(v, "confirm", nil)
	c.Primary = &confirm
	if f.Receipt != nil {
		f.Receipt(d, v, c)
	}
}

// facts lists the answers; at the review also those of side questions, each with its Edit. The answer of an open question
// keeps its line, so that the other lines stay where they were.
func (f *Form[T]) facts(r *dialog.Record, d *T, v dialog.View, c *dialog.Card, cur *Question[T]) {
	c.Known = f.say(v, "known", nil)
	state := openOf(r).state
	review := cur == nil && state != choosing
	edited := state == opened // from the review
	c.Facts = make([]dialog.Fact, 0, len(f.Questions))
	for i := range f.Questions {
		q := &f.Questions[i]
		if !q.when(d) || !q.Has(d) || q.Side && !review && !edited || q == cur && q.invalid(d, inZone(v.Now, v.Zone)) != nil {
			continue
		}
		label := f.words(v, q, "label", q.named(), nil)
		fact := dialog.Fact{Field: cmp.Or(q.Field, q.Name), Label: label, Value: f.Shown(q, d, v), Now: q == cur}
		if q.Note != nil {
			fact.Note = q.Note(d, v)
		}
		if review && f.Review {
			edit := f.button(v, "edit:"+q.Name, nil)
			edit.Aria = f.say(v, "edit_what", map[string]string{"what": f.what(q, v)})
			edit.Detail = label
			fact.Edit = &edit
		}
		c.Facts = append(c.Facts, fact)
	}
	if n := len(c.Facts); n > 0 && r.Said == nil && cur != nil && !cur.Side && !cur.Has(d) {
		c.Facts[n-1].Fresh = true
	}
}

// The kinds of what a form says, see [dialog.Said].
const (
	kindReminder = "reminder" // the card has Renew
	kindExpired  = "expired"  // the card has it in its question
	kindEdited   = "edited"   // of an edited message: the card has Edit for the answer that {open} names
	kindWhich    = "which"    // a text came when the question had just changed: the card has a button for each of both
	kindConflict = "conflict" // the answer that {open} names was changed meanwhile: the sender chooses between two
)

// said shows the last refusal as the card's Refusal, and anything else as a band.
func (f *Form[T]) said(c *dialog.Card, v dialog.View, r *dialog.Record) {
	s := r.Said
	if s == nil {
		return
	}
	if s.Refusal {
		c.Refusal = strings.Replace(c.Tell(f.voice(v), v, f.withAnswer(r, v, f.inUnits(v, s))), "\n", " ", 1)
		if c.Field != nil {
			c.Field.Value = s.Typed
		}
		return
	}
	if s.Kind == kindConflict {
		f.two(r, v, c, s)
		return
	}
	f.band(c, v, s)
}

func (f *Form[T]) band(c *dialog.Card, v dialog.View, s *dialog.Said) {
	x := *f.inUnits(v, s)
	if q := f.question(s.Args["open"]); q != nil {
		x.Args = maps.Clone(x.Args)
		x.Args["open"] = f.words(v, q, "open", q.named(), nil)
		x.Args["again"] = f.words(v, q, "again", q.Ask, nil)
	}
	strong, text, _ := strings.Cut(c.Tell(f.voice(v), v, &x), "\n")
	if strong+text != "" {
		c.Band = &dialog.Band{Strong: strong, Text: text}
	}
}

// inUnits adds to a text about a draft's life {kept}, its length in words, and {more}, the
// same with a word for more.
func (f *Form[T]) inUnits(v dialog.View, s *dialog.Said) *dialog.Said {
	seconds, err := strconv.Atoi(s.Args["seconds"])
	if err != nil { // said by an earlier program, in whole hours
		hours, err := strconv.Atoi(s.Args["hours"])
		if err != nil {
			return s
		}
		seconds = hours * 3600
	}
	x, life := *s, time.Duration(seconds)*time.Second
	x.Args = maps.Clone(s.Args)
	x.Args["kept"], x.Args["more"] = f.voice(v).Span(v, life), f.voice(v).SpanMore(v, life)
	return &x
}
