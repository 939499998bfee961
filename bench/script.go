package bench

import (
	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/intake"
)

// script is what people do to get an escrow. It is asked of the form, so a new question is part of it by itself.
type script struct {
	rules *lockbay.Rules
	asks  []*intake.Ask
	steps []step
}

// step is one update of a person: a text, a tap, or the answer to a question.
type step struct {
	say, tap string
	ask      *intake.Ask
	double   bool   // with --double it comes three times, whether a tap or not
	until    string // what the card says then
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

// terms are the n-th that people want; what is not asked has its default.
func (s *script) terms(n int) (t lockbay.Terms) {
	for _, ask := range s.asks {
		ask.Field.Sample(&t, n)
	}
	return s.rules.Filled(t)
}
