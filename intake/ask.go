package intake

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// Ask is a step's question as a person meets it. Simulated people (the benchmark, the soak, tests) learn from it how to
// answer. Safe for concurrent use.
type Ask struct {
	Name   string         // of the question: its buttons are NAME:VALUE, and edit:NAME opens it at the review
	Step   string         // of a draft at which it is open
	Field  *lockbay.Field // the term that it asks for
	Choice bool           // the card offers its answers as buttons

	flow    *Flow
	q       form.Question[Draft]
	buttons []button
}

// button is an answer on the question's card, for a new draft.
type button struct {
	action string
	gives  lockbay.Terms
}

// Asks are the steps' questions of a new draft, in their order. The review is the step after them.
func (f *Flow) Asks() []*Ask {
	var asks []*Ask
	for _, q := range f.Questions {
		if asked(&q) {
			asks = append(asks, f.ask(q))
		}
	}
	return asks
}

// asked reports whether a question is a step of a new draft.
func asked(q *form.Question[Draft]) bool {
	return !q.Side && (q.When == nil || q.When(&Draft{}))
}

// Steps counts the steps of a new draft: the steps' questions, and the review.
func (f *Flow) Steps() int {
	n := 1
	for i := range f.Questions {
		if asked(&f.Questions[i]) {
			n++
		}
	}
	return n
}

// Progress is the progress line on the card of the n-th step, from 1.
func (f *Flow) Progress(lang string, n int) string {
	return f.cfg.Words(lang, "step_of", map[string]string{"n": strconv.Itoa(n), "of": strconv.Itoa(f.Steps())})
}

// ask tries the buttons on the question's card, for a new draft.
func (f *Flow) ask(q form.Question[Draft]) *Ask {
	a := &Ask{Name: q.Name, Step: q.Step, Field: lockbay.FieldOf(q.Field), flow: f, q: q}
	var c dialog.Card
	blank := f.blank()
	f.Pose(&q, &blank, dialog.View{Lang: "en"}, &c)
	a.Choice = len(c.Choices) > 0
	for _, b := range slices.Concat(c.Picks, c.Choices) {
		value, own := strings.CutPrefix(b.Action, q.Name+":")
		d := blank
		answer := form.Answer[Draft]{Draft: &d, Text: value, Tapped: true, Input: &dialog.Input{}}
		if own && q.Take(answer).OK() && a.Field.Given(&d.Terms) {
			a.buttons = append(a.buttons, button{b.Action, d.Terms})
		}
	}
	return a
}

// Button is the action of the button with the answer of these terms, or "" if the card of a new draft lacks it.
func (a *Ask) Button(t *lockbay.Terms) string {
	for _, b := range a.buttons {
		if a.Field.Same(&b.gives, t) {
			return b.action
		}
	}
	return ""
}

// Typed is the answer of these terms as people type it.
func (a *Ask) Typed(t *lockbay.Terms) string {
	if a.q.Typed != nil {
		return a.q.Typed(&Draft{Terms: *t})
	}
	return a.Shown("en", t)
}

// Shown is the answer of these terms as cards show it, without marks of direction.
func (a *Ask) Shown(lang string, t *lockbay.Terms) string {
	return dialog.Plain(a.flow.Shown(&a.q, &Draft{Terms: *t}, dialog.View{Lang: a.flow.lang(lang)}))
}
