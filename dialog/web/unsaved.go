package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/lockbay/lockbay/dialog"
)

// unsaved is the data of the template "unsaved": a form that was not handled, below
// its card, with a button that sends the same input again.
type unsaved struct {
	frame
	Card            *dialog.Card // the card of the form
	Band            *dialog.Band
	Known, Ahead    string
	Draft, Revision string
	InputID, CSRF   string
	Action          string // of the pressed button
	Question        string
	Asks            bool   // Question is the card's, so its hint is shown
	Input           *input // the text; nil: a button was pressed
	Again           string // label of the button
}

// rejection is the reason why a form was not handled.
type rejection struct {
	status int
	code   string // of the sentence; CODE.choice, if it exists, is for a pressed button
	args   map[string]string
}

// unsaved returns a form to the visitor.
func (s *Site) unsaved(p *post, x rejection) {
	s.send(p.w, x.status, "unsaved", s.giveBack(p, s.again(p, x.status), x))
}

// giveBack makes the page of a form of this card.
func (s *Site) giveBack(p *post, c *dialog.Card, x rejection) *unsaved {
	button := p.text == "" && p.action != ""
	if button && english[x.code+".choice"] != "" { // the sentence must not promise to keep a text
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

// again returns the card of the form if the store answers and the revision is still
// current, otherwise a card without details. After a rate limit it reads nothing.
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
