package dialog

import (
	"fmt"
	"strings"
)

// Render makes the card of a record. A record whose flow panics or is missing gets a card
// that says so.
func (e *Engine) Render(r *Record, v View) Card {
	c, err := e.render(r, v)
	if err != nil {
		e.trouble("render "+r.Key.Flow, err)
		c = Card{Conversation: r.Key, Draft: seated(r.Draft, r.role), Revision: r.Revision, Step: r.Step, Lang: v.Lang, Ended: true}
		question, body, _ := strings.Cut(e.Text(v, nil, &Said{Code: CodeDefect}), "\n")
		c.Question, c.Body = strings.TrimSuffix(question, "."), []string{body}
	}
	return c
}

// render is Render with the error of a panic or of a missing flow.
func (e *Engine) render(r *Record, v View) (c Card, err error) {
	flow := e.flows[r.Key.Flow]
	if flow == nil {
		return c, fmt.Errorf("no flow %q: %w", r.Key.Flow, ErrNotFound)
	}
	if v.Now.IsZero() {
		v.Now = e.Now()
	}
	if v.Zone == nil {
		v.Zone = e.cfg.Zone
	}
	if err := guard(func() {
		own := false
		if c, own = e.asking(r, v); !own {
			c = flow.Render(r, v)
		}
	}); err != nil {
		return Card{}, err
	}
	for _, code := range c.Untold {
		e.untold.report(e, code)
	}
	c.Conversation, c.Draft, c.Revision = r.Key, seated(r.Draft, r.role), r.Revision
	return c, nil
}
