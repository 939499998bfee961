package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// card answers with a record's card: refused (422) or stale (409, with what was typed).
func (s *Site) card(w http.ResponseWriter, v visitor, lang string, rec *dialog.Record, status int, stale *form) {
	c, lang := s.render(v, lang, rec)
	if c.Field != nil && c.Field.Value == "" && rec.Said != nil && rec.Said.Refusal {
		c.Field.Value = rec.Said.Typed
	}
	if stale != nil {
		s.quote(c, lang, stale.text, "page.old")
	}
	s.send(w, status, s.page(v, lang, c))
}

// conflict shows the current card and quotes what was typed; nothing was applied.
func (s *Site) conflict(w http.ResponseWriter, r *http.Request, v visitor, lang string, f form, code string) {
	c, lang, err := s.current(r.Context(), r, v, lang)
	if err != nil {
		s.away(w, r, v, lang, f, err)
		return
	}
	c.Band = nil
	s.quote(c, lang, f.text, code)
	s.send(w, http.StatusConflict, s.page(v, lang, c))
}

// quote makes sure that the card says what happened, and what was typed.
func (s *Site) quote(c *dialog.Card, lang, typed, code string) {
	if c.Band == nil {
		c.Band = s.band(lang, code, nil)
	}
	if typed = strings.TrimSpace(typed); typed != "" && !strings.Contains(dialog.Plain(c.Band.Strong+c.Band.Text), dialog.Plain(typed)) {
		b := *c.Band
		b.Text = strings.TrimSpace(b.Text + " " + s.say(lang, "page.typed", map[string]string{"typed": dialog.Isolate(typed)}))
		c.Band = &b
	}
}

func (s *Site) band(lang, code string, args map[string]string) *dialog.Band {
	strong, text, _ := strings.Cut(s.say(lang, code, args), "\n")
	return &dialog.Band{Strong: strong, Text: text}
}

// away answers for a store that is not there: nothing is known to be saved, so
// the same form with the same input id and everything typed comes back.
func (s *Site) away(w http.ResponseWriter, r *http.Request, v visitor, lang string, f form, err error) {
	s.trouble("take an input", err)
	code := "page.away"
	if errors.Is(err, dialog.ErrSchemaNewer) {
		code = "page.newer"
	}
	s.unsaved(w, r, v, lang, f, http.StatusServiceUnavailable, code, nil)
}

// unsaved gives a form back that was not taken, so that sending it again is the same input.
func (s *Site) unsaved(w http.ResponseWriter, r *http.Request, v visitor, lang string, f form, status int, code string, args map[string]string) {
	c := s.again(r, v, lang, f, status)
	if f.text == "" && f.action != "" && english[code+".choice"] != "" { // a button: there is no text to keep
		code += ".choice"
	}
	c.Band = s.band(lang, code, args)
	c.Band.Wait = true
	c.Draft, c.Refusal, c.Refresh = f.draft, "", false
	c.Revision, _ = strconv.ParseInt(f.revision, 10, 64)
	c.Picks, c.Choices, c.Alt, c.Quiet, c.Others, c.Keep, c.After, c.First = nil, nil, nil, nil, nil, nil, "", false
	for i := range c.Facts {
		c.Facts[i].Edit, c.Facts[i].Fresh = nil, false
	}
	c.Title = s.say(lang, "page.unsaved", nil)
	now := s.say(lang, "page.now", nil)
	if f.action != "" {
		c.Primary = &dialog.Button{Action: f.action, Label: now}
	} else {
		c.Primary = nil
	}
	switch {
	case f.text == "" && f.action != "":
		c.Field = nil
	case c.Field == nil: // the card asks nothing: ask for what was typed
		c.Field, c.Question = &dialog.Field{Long: len(f.text) > 80}, s.say(lang, "page.answer", nil)
		c.Body, c.Sums, c.Bar, c.Hint, c.Ended = nil, nil, nil, "", false
		fallthrough
	default:
		c.Field.Value, c.Field.Count = f.text, ""
	}
	p := s.page(v, lang, c)
	p.InputID, p.Saved, p.State, p.Unsaved, p.Continue = f.inputID, c.Title, " not", true, now
	p.shape(s)
	s.send(w, status, p)
}

// again is the card that the form came from, if it can be had and has not gone
// on; else a card of its own. When we are asked too much nothing is read.
func (s *Site) again(r *http.Request, v visitor, lang string, f form, status int) *dialog.Card {
	if status != http.StatusTooManyRequests && f.draft != "" {
		ctx, cancel := context.WithTimeout(r.Context(), glanceFor)
		defer cancel()
		owner := s.cfg.Owner + v.id
		rec, _, err := s.engine.Hydrate(ctx, s.engine.Route(&dialog.Input{Owner: owner, Draft: f.draft}))
		if err == nil && rec.Owner == owner && rec.Draft == f.draft && strconv.FormatInt(rec.Revision, 10) == f.revision {
			c, _ := s.render(v, lang, rec)
			return c
		}
	}
	if f.text == "" && f.action != "" {
		return &dialog.Card{Question: s.say(lang, "page.choice", nil)}
	}
	return &dialog.Card{Question: s.say(lang, "page.answer", nil)}
}

// help is the short page about the page, and whom to ask.
func (s *Site) help(w http.ResponseWriter, lang string) {
	more := []string{}
	if s.cfg.Support != "" {
		more = append(more, s.say(lang, "page.support", map[string]string{"support": s.cfg.Support}))
	}
	s.bare(w, lang, http.StatusOK, "page.helped", nil, more...)
}

// bare answers with a headline, a sentence and the way back.
func (s *Site) bare(w http.ResponseWriter, lang string, status int, code string, args map[string]string, more ...string) {
	lines := append(strings.Split(s.say(lang, code, args), "\n"), more...)
	p := s.page(visitor{}, lang, &dialog.Card{Question: lines[0], Body: lines[1:], Ended: true})
	p.Bare = s.say(lang, "page.home", nil)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		p.Bare = s.say(lang, "page.again", nil)
	}
	s.send(w, status, p)
}

// unreached answers a GET that could not be served; it heals by itself.
func (s *Site) unreached(w http.ResponseWriter, lang string, err error) {
	code := "page.unreached"
	if errors.Is(err, dialog.ErrSchemaNewer) {
		code = "page.newer"
	}
	w.Header().Set("Refresh", strconv.Itoa(healFor))
	w.Header().Set("Retry-After", strconv.Itoa(healFor))
	s.bare(w, lang, http.StatusServiceUnavailable, code, nil)
}

func (s *Site) slow(w http.ResponseWriter, lang string, wait time.Duration) {
	w.Header().Set("Retry-After", seconds(wait))
	s.bare(w, lang, http.StatusTooManyRequests, "page.slow", map[string]string{"seconds": seconds(wait)})
}
