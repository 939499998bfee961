package intake

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// Ask is a question that is a step, as a person meets it. Simulated people learn from it what comes and how to answer:
// the benchmark, the soak, tests. Safe for concurrent use.
type Ask struct {
	Name   string         // of the question: its buttons are NAME:VALUE, and edit:NAME opens it at the review
	Field  *lockbay.Field // that it asks for
	Choice bool           // its buttons are all that it offers, so that people choose

	flow    *Flow
	q       form.Question[Draft]
	buttons []button
}

// button is an answer that the question's card offers to a new draft.
type button struct {
	action string
	gives  lockbay.Terms
}

// Asks are the questions that are steps, in their order. The review is the step after the last.
func (f *Flow) Asks() []*Ask {
	var asks []*Ask
	for _, q := range f.Questions {
		if !q.Side {
			asks = append(asks, f.ask(q))
		}
	}
	return asks
}

// Steps counts the steps: the questions that are steps, and the review.
func (f *Flow) Steps() int {
	n := 1
	for i := range f.Questions {
		if !f.Questions[i].Side {
			n++
		}
	}
	return n
}

// Progress is what a card of the n-th step says, from 1.
func (f *Flow) Progress(lang string, n int) string {
	return f.cfg.Words(lang, "step_of", map[string]string{"n": strconv.Itoa(n), "of": strconv.Itoa(f.Steps())})
}

// ask tries the buttons that the question's card has for a new draft.
func (f *Flow) ask(q form.Question[Draft]) *Ask {
	a := &Ask{Name: q.Name, Field: lockbay.FieldOf(q.Field), flow: f, q: q}
	var c dialog.Card
	f.Pose(&q, &Draft{}, dialog.View{Lang: "en"}, &c)
	a.Choice = len(c.Choices) > 0
	for _, b := range slices.Concat(c.Picks, c.Choices) {
		value, own := strings.CutPrefix(b.Action, q.Name+":")
		var d Draft
		answer := form.Answer[Draft]{Draft: &d, Text: value, Tapped: true, Input: &dialog.Input{}}
		if own && q.Take(answer).OK() && a.Field.Given(&d.Terms) {
			a.buttons = append(a.buttons, button{b.Action, d.Terms})
		}
	}
	return a
}

// Button is the action of the button that gives the answer of these terms; "" where the card of a new draft has none.
func (a *Ask) Button(t *lockbay.Terms) string {
	for _, b := range a.buttons {
		if a.Field.Same(&b.gives, t) {
			return b.action
		}
	}
	return ""
}

// Typed is the answer of these terms as a person can type it.
func (a *Ask) Typed(t *lockbay.Terms) string {
	if a.q.Typed != nil {
		return a.q.Typed(&Draft{Terms: *t})
	}
	return a.Shown("en", t)
}

// Shown is the answer of these terms as cards show it, without marks of direction.
func (a *Ask) Shown(lang string, t *lockbay.Terms) string {
	return dialog.Plain(a.flow.Shown(&a.q, &Draft{Terms: *t}, dialog.View{Lang: lang}))
}
