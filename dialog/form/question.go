package form

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/decimal"
)

// Refusal says why an answer is not accepted: a code of the form's Words, and the
// arguments of its text. It is an error for a person, not for a log. A code without a
// text stands on the card as it is, and is reported as trouble.
type Refusal struct {
	Code string
	Args map[string]string
}

func (r *Refusal) Error() string { return r.Code }

// Refuse makes a refusal from a code and pairs of argument name and value.
func Refuse(code string, pairs ...string) *Refusal {
	r := &Refusal{Code: code}
	if len(pairs) > 0 {
		r.Args = map[string]string{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Args[pairs[i]] = pairs[i+1]
	}
	return r
}

// Answer is the input of [Question.Take].
type Answer[T any] struct {
	Draft  *T     // a copy for Take to change; stored if the answer is accepted
	Text   string // as typed, or the value of the button
	Tapped bool
	Lang   string    // the person's language
	Now    time.Time // in the zone of the times that cards show
	Input  *dialog.Input

	offers func() []Option // the options with their labels; nil: none
}

// Taken is the result of an answer: accepted (the zero value), refused, asked on, or
// accepted with the question still open.
type Taken struct {
	refused *Refusal
	asked   string
	open    bool
}

// Accepted stores the answer.
func Accepted() Taken { return Taken{} }

// Refused leaves the question open and says why: err is or wraps a [Refusal], else
// the person reads its text. A nil err accepts the answer.
func Refused(err error) Taken { return Taken{refused: asRefusal(err)} }

// AskedOn leaves the question open and asks for more with the text of a code.
func AskedOn(code string) Taken { return Taken{asked: code} }

// StillOpen stores the draft and leaves the question open, for an answer in parts. The
// card has a button to go on with what is there, once Has is true.
func StillOpen() Taken { return Taken{open: true} }

// OK reports whether the answer was accepted, and the question is no longer open.
func (t Taken) OK() bool { return t == Taken{} }

// Question says how an answer is asked, understood, checked and shown. All functions
// are pure.
type Question[T any] struct {
	Name  string // first part of its buttons and texts: amount:100, amount.ask
	Step  string // stored as conversation_state; defaults to Name
	Ask   string // the question. Ask to Aria serve where the form's Words lack a text
	Hint  string
	Label string // of the answer; defaults to Name with a capital letter
	Soon  string // among the questions still to come; defaults to Label
	Aria  string // accessible name of its Edit button; defaults to Label

	Has   func(d *T) bool         // reports whether d has an answer
	Take  func(a Answer[T]) Taken // understands an answer: changes a.Draft, refuses, or asks on
	Check func(d *T) error        // says why the answer is no longer valid; nil: always valid
	// Confirm checks the answer once more when a person confirms the review, by what is
	// known of that person. A refusal opens the question. nil: as Check.
	Confirm func(d *T, in *dialog.Input) error
	Until   func(d *T, now time.Time) error // the same for an answer that time makes invalid; now as in Answer
	Clear   func(d *T)                      // removes the answer; [Optional] needs it

	Show  func(d *T, v dialog.View) string                  // the answer as the person recognises it; defaults to the label of Value
	Typed func(d *T) string                                 // the answer as a person types it; defaults to Show
	Pose  func(d *T, v dialog.View, c *dialog.Card)         // adds picks, choices and a field to the card; nil: a plain field
	Note  func(d *T, v dialog.View) string                  // small text below the answer
	Gist  func(args map[string]string, d *T, v dialog.View) // adds arguments to the texts ask, hint and after

	// Options are offered as buttons, before Pose. nil: none. [Form.Check] asks for those of an empty draft.
	Options func(d *T, v dialog.View) []Option
	// Value is the option that d has as its answer, "" for none. nil: no option is marked as chosen.
	Value func(d *T) string

	// Most is the number of characters that an answer may have at most, for the refusal of a text that is longer than a
	// message. nil: as a message, [dialog.TextMost].
	Most func() int
	// Reads are inputs of KindOther whose words Take understands as an answer: a contact.
	Reads []string
	// Field is its data-field on the page. Defaults to Name.
	Field string
	// When reports whether the question applies to a draft. The form skips, and
	// leaves out of counts and cards, a question that does not apply; its answer
	// stays in the draft. nil: always.
	When func(d *T) bool
	// Side marks a question with a default, which Edit at the review opens.
	Side bool

	option  func(value string) Option // of a stored value that Options may lack; nil: Value alone
	many    func(d *T) []string       // the chosen options; nil: one at most
	skipped func(d *T) bool           // nil: it cannot be skipped
}

// invalid says why the answer is no longer valid; nil: it is.
func (q *Question[T]) invalid(d *T, now time.Time) *Refusal {
	if q.Check != nil {
		if r := asRefusal(q.Check(d)); r != nil {
			return r
		}
	}
	if q.Until != nil {
		return asRefusal(q.Until(d, now))
	}
	return nil
}

func (q *Question[T]) step() string {
	if q.Step != "" {
		return q.Step
	}
	return q.Name
}

// Text asks for a text, which is trimmed before the checks.
func Text[T any](name, ask string, field func(*T) *string, checks ...func(string) error) Question[T] {
	return Question[T]{
		Name: name, Ask: ask,
		Has: func(d *T) bool { return *field(d) != "" },
		Take: func(a Answer[T]) Taken {
			s := strings.TrimSpace(a.Text)
			if !dialog.Visible(s) {
				return Refused(Refuse("empty"))
			}
			if err := checkAll(s, checks); err != nil {
				return Refused(err)
			}
			*field(a.Draft) = s
			return Accepted()
		},
		Check: func(d *T) error { return checkAll(*field(d), checks) },
		Show:  func(d *T, _ dialog.View) string { return dialog.Isolate(*field(d)) },
		Clear: func(d *T) { *field(d) = "" },
	}
}

// checkAll is the refusal of the first check that refuses v.
func checkAll[V any](v V, checks []func(V) error) error {
	for _, check := range checks {
		if r := asRefusal(check(v)); r != nil {
			return r
		}
	}
	return nil
}

// Length checks that a text has low to high characters.
func Length(low, high int) func(string) error {
	return func(s string) error {
		switch n := utf8.RuneCountInString(s); {
		case n < low:
			return Refuse("too_short", "typed", s, "low", strconv.Itoa(low))
		case n > high:
			return Refuse("too_long", "over", strconv.Itoa(n-high))
		}
		return nil
	}
}

// Number asks for a whole number. A draft without an answer has 0, or nil if the field is an
// *int. So 0 is an answer of an *int alone: the checks of an int refuse it.
func Number[T any, N int | *int](name, ask string, field func(*T) *N, checks ...func(int) error) Question[T] {
	answer := func(d *T) (n int, has bool) {
		switch x := any(field(d)).(type) {
		case *int:
			return *x, *x != 0
		case **int:
			if *x != nil {
				return **x, true
			}
		}
		return n, false
	}
	set := func(d *T, n int) {
		switch x := any(field(d)).(type) {
		case *int:
			*x = n
		case **int:
			*x = &n
		}
	}
	check := func(d *T) error {
		n, _ := answer(d)
		return checkAll(n, checks)
	}
	show := func(d *T, _ dialog.View) string {
		n, _ := answer(d)
		return strconv.Itoa(n)
	}
	return Question[T]{
		Name: name, Ask: ask,
		Has: func(d *T) bool { _, has := answer(d); return has },
		Take: func(a Answer[T]) Taken {
			n, err := strconv.Atoi(strings.ReplaceAll(decimal.ASCII(strings.TrimSpace(a.Text)), "−", "-"))
			if err != nil {
				return Refused(Refuse("not_number", "typed", a.Text))
			}
			if err := checkAll(n, checks); err != nil {
				return Refused(err)
			}
			set(a.Draft, n)
			return Accepted()
		},
		Check: check,
		Show:  show,
		Clear: func(d *T) { *field(d) = *new(N) },
		Pose:  func(_ *T, _ dialog.View, c *dialog.Card) { c.Field = &dialog.Field{Input: "numeric"} },
	}
}

// Between checks that a number is from low to high.
func Between(low, high int) func(int) error {
	return func(n int) error {
		if n < low || n > high {
			return Refuse("not_between", "typed", strconv.Itoa(n), "low", strconv.Itoa(low), "high", strconv.Itoa(high))
		}
		return nil
	}
}
