package bench

import (
	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/intake"
)

// script is a person's way to an escrow. It comes from the form, so a new
// question is included automatically.
type script struct {
	rules *lockbay.Rules
	asks  []*intake.Ask
	steps []step
}

// step is one update of a person: a text, a tap, or the answer to a question.
type step struct {
	say, tap string
	ask      *intake.Ask
	double   bool   // with --double sent three times, also a text
	until    string // text of the card afterwards
}

func newScript() *script {
	form := intake.New(intake.Config{})
	s := &script{rules: lockbay.DefaultRules(), asks: form.Asks()}
	s.steps = []step{{say: "/create", double: true, until: form.Progress("en", 1)}}
	for i, ask := range s.asks {
		s.steps = append(s.steps, step{ask: ask, until: form.Progress("en", i+2)})
	}
	s.steps = append(s.steps, step{tap: "confirm", double: true, until: "ESC-"})
	return s
}

// terms returns the n-th terms that people want. Terms without a question have
// their defaults.
func (s *script) terms(n int) (t lockbay.Terms) {
	for _, ask := range s.asks {
		ask.Field.Sample(&t, n)
	}
	return s.rules.Filled(t)
}
