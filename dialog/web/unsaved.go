package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/lockbay/lockbay/dialog"
)

// unsaved is a form that was not taken: the template of this name gives it back
// below what its card tells, with one button that sends the same input again.
type unsaved struct {
	frame
	Card            *dialog.Card // the card that the form came from
	Band            *dialog.Band
	Known, Ahead    string
	Draft, Revision string
	InputID, CSRF   string
	Action          string // of the button that was pressed
	Question        string
	Asks            bool   // the card's question is the form's, so what explains it is shown
	Input           *input // what was typed; nil: a button
	Again           string // label of the button
}

// refusal is why a form was not taken.
type refusal struct {
	status int
	code   string // of the sentence; with .choice added where a button was pressed and has its own
	args   map[string]string
}

// unsaved gives a form back.
func (s *Site) unsaved(p *post, x refusal) {
	s.send(p.w, x.status, "unsaved", s.giveBack(p, s.again(p, x.status), x))
}

// giveBack makes the page of a form that came from this card.
func (s *Site) giveBack(p *post, c *dialog.Card, x refusal) *unsaved {
	button := p.text == "" && p.action != ""
	if button && english[x.code+".choice"] != "" { // there is no text to keep
		x.code += ".choice"
	}
	revision, _ := strconv.ParseInt(p.revision, 10, 64)
	title := s.say(p.lang, "page.unsaved", nil)
	u := &unsaved{
		frame: s.frame(p.lang, c), Card: c, Band: s.band(p.lang, x.code, x.args),
		Draft: p.draft, Revision: strconv.FormatInt(revision, 10), InputID: p.inputID, CSRF: s.token(p.v), Action: p.action,
		Question: c.Question, Asks: button || c.Field != nil, Again: s.say(p.lang, "page.now", nil),
	}
	u.Known, u.Ahead = s.headings(p.lang, c)
	u.Band.Wait = true
	u.Title, u.Saved, u.State = s.title(p.lang, title), title, " not"
	if button {
		return u
	}
	field := dialog.Field{Long: len(p.text) > 80}
	if c.Field != nil {
		field = *c.Field
	} else {
		u.Question = s.say(p.lang, "page.answer", nil)
	}
	field.Value = p.text
	u.Input = &input{Field: &field, ReadOnly: true, Verbatim: verbatim(&field)}
	if u.Asks && c.Hint != "" {
		u.Input.Describes = "hint"
	}
	return u
}

// again is the card that the form came from, if it can be had and has not gone
// on; else a card of its own. When we are asked too much nothing is read.
func (s *Site) again(p *post, status int) *dialog.Card {
	if status != http.StatusTooManyRequests && p.draft != "" {
		ctx, cancel := context.WithTimeout(p.r.Context(), glanceFor)
		defer cancel()
		owner := s.cfg.Owner + p.v.id
		rec, _, err := s.engine.Hydrate(ctx, s.engine.Route(&dialog.Input{Owner: owner, Draft: p.draft}))
		if err == nil && rec.Owner == owner && rec.Draft == p.draft && strconv.FormatInt(rec.Revision, 10) == p.revision {
			c, _ := s.render(p.v, p.lang, rec)
			return c
		}
	}
	if p.text == "" && p.action != "" {
		return &dialog.Card{Question: s.say(p.lang, "page.choice", nil)}
	}
	return &dialog.Card{Question: s.say(p.lang, "page.answer", nil)}
}
