package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/lockbay/lockbay/dialog"
)

// maxBeside is how many other conversations a page lists.
const maxBeside = 20

// sight is what a visitor sees.
type sight struct {
	*dialog.Card
	lang string
	id   string // of the conversation; empty: the personal one
	rec  *dialog.Record
}

// records are the conversations that a visitor's page is made of.
type records struct {
	personal, shown *dialog.Record
	opened          *dialog.Record   // by the visitor; nil: none
	others          []*dialog.Record // beside the personal one, newest first
}

// records reads them. open is the id of the conversation that the visitor opened, empty for none. It costs three reads,
// however many conversations there are.
func (s *Site) records(ctx context.Context, v visitor, open string) (x records, err error) {
	owner := s.owner(v)
	own := s.ownKey(v)
	if v.new {
		x.personal = &dialog.Record{Head: dialog.Head{Key: own, Owner: owner}}
		x.shown = x.personal
		return x, nil
	}
	if x.personal, _, err = s.engine.Hydrate(ctx, own); err != nil {
		return x, err
	}
	if x.others, err = s.engine.Conversations(ctx, owner, s.cfg.Flow, dialog.Page{Limit: maxBeside + 1}); err != nil {
		return x, err
	}
	x.opened = x.personal
	if open != own.ID {
		if x.opened, err = s.opened(ctx, owner, x.others, open); err != nil {
			return x, err
		}
	}
	x.shown = choose(x.personal, x.others, x.opened)
	return x, nil
}

// ownKey is the key of the visitor's personal conversation.
func (s *Site) ownKey(v visitor) dialog.Key {
	return s.engine.Route(&dialog.Input{Owner: s.owner(v)})
}

// current returns the visitor's card with a list of their other conversations, see [Site.records].
func (s *Site) current(ctx context.Context, v visitor, lang, open string) (sight, error) {
	x, err := s.records(ctx, v, open)
	if err != nil {
		return sight{}, err
	}
	return s.see(v, lang, x), nil
}

// see renders what a visitor sees.
func (s *Site) see(v visitor, lang string, x records) (at sight) {
	s.engine.Read(x.shown, dialog.Place{Channel: "web", Address: v.id})
	at.Card, at.lang = s.render(v, lang, x.shown)
	at.rec = x.shown
	if x.shown == x.opened || x.shown != x.personal {
		at.id = x.shown.Key.ID
	}
	if len(at.Others) == 0 {
		at.Others = s.beside(v, at.lang, x.shown, x.personal, x.others)
	}
	return at
}

// showParam is the parameter of a link to one conversation of the visitor: its id, or nothing
// for what the page shows without one. A page reloads by this link, because the cookie may by
// then have the conversation of another tab.
const showParam = "show"

// address is the link to what the visitor sees.
func (at sight) address() string { return "/?" + showParam + "=" + url.QueryEscape(at.id) }

// asked returns the id of the conversation that a request asks for: by its link, else by the
// cookie.
func (s *Site) asked(r *http.Request) string {
	if q := r.URL.Query(); q.Has(showParam) {
		return q.Get(showParam)
	}
	return s.looked(r)
}

// opened returns the conversation that the visitor opened from the list. It returns nil for
// none, for another person's, and for one of a newer version.
func (s *Site) opened(ctx context.Context, owner string, others []*dialog.Record, id string) (*dialog.Record, error) {
	if id == "" {
		return nil, nil
	}
	if i := slices.IndexFunc(others, func(o *dialog.Record) bool { return o.Key.ID == id }); i >= 0 {
		return others[i], nil
	}
	rec, _, err := s.engine.Hydrate(ctx, s.engine.Route(&dialog.Input{Owner: owner, Draft: id}))
	switch {
	case errors.Is(err, dialog.ErrSchemaNewer):
		return nil, nil
	case err != nil:
		return nil, err
	case rec.Version == 0 || rec.Key.ID != id:
		return nil, nil
	}
	if mine, sits := rec.AsOf(owner); sits {
		return mine, nil
	}
	return nil, nil
}

// choose returns the conversation to show, by the rule in the package's comment. opened
// is the one that the visitor opened, nil for none.
func choose(personal *dialog.Record, others []*dialog.Record, opened *dialog.Record) *dialog.Record {
	switch {
	case opened != nil:
		return opened
	case personal.Step == "" && personal.Asks == nil && len(others) > 0 && !personal.Created.After(others[0].Created):
		return others[0]
	}
	return personal
}

// beside returns buttons to the visitor's other conversations.
func (s *Site) beside(v visitor, lang string, shown, personal *dialog.Record, others []*dialog.Record) (list []dialog.Button) {
	if shown != personal && personal.Step != "" {
		list = append(list, dialog.Button{Action: "resume", Label: s.say(lang, "page.draft", nil), Free: true})
	}
	for _, o := range others {
		if o.Key == shown.Key || len(list) == maxBeside {
			continue
		}
		c, _ := s.render(v, lang, o)
		b := dialog.Button{Action: "status:" + o.Key.ID, Label: dialog.Isolate(o.Key.ID), Detail: cmp.Or(c.Progress, c.Question), Free: true}
		if l := c.Line; l != nil {
			b.Label, b.Detail = l.Who+", "+l.Sum, l.State
		}
		list = append(list, b)
	}
	return list
}

// render renders a record for the visitor, in the language of their place.
func (s *Site) render(v visitor, lang string, rec *dialog.Record) (*dialog.Card, string) {
	return s.renderTold(v, lang, rec, nil)
}

// renderTold is render for a visitor who alone is told something.
func (s *Site) renderTold(v visitor, lang string, rec *dialog.Record, told *dialog.Told) (*dialog.Card, string) {
	return s.renderView(v, lang, rec, dialog.View{Told: told})
}

// renderHeld is render for a visitor who is at the form of an earlier card.
func (s *Site) renderHeld(v visitor, at sight, h *dialog.Held) *dialog.Card {
	c, _ := s.renderView(v, at.lang, at.rec, dialog.View{Held: h})
	return c
}

// renderView completes a view by the visitor's place.
func (s *Site) renderView(v visitor, lang string, rec *dialog.Record, view dialog.View) (*dialog.Card, string) {
	place, ok := rec.Place("web", v.id)
	if !ok {
		place = dialog.Place{Channel: "web", Address: v.id}
	}
	if place.Lang == "" || s.offered(place.Lang) == "" {
		place.Lang = lang
	}
	view.Place, view.Lang, view.Field, view.Details, view.Visited = place, place.Lang, true, true, true
	c := s.engine.Render(rec, view)
	return &c, place.Lang
}

// saidFor is how long, in seconds, the personal conversation of a visitor who wrote by
// Config.Write is shown before what the page shows without it.
const saidFor = 60

// look stores the conversation that the visitor opened in a cookie, and deletes the
// cookie when the visitor goes back to the personal conversation. That stays for a minute if
// it tells what has become of a text for the people who help.
func (s *Site) look(w http.ResponseWriter, r *http.Request, v visitor, rec *dialog.Record, wrote bool) {
	switch was := s.looked(r); {
	case rec.Key.ID == s.owner(v) && wrote:
		s.setCookie(w, r, "-look", rec.Key.ID, saidFor)
	case rec.Key.ID != s.owner(v) && was != rec.Key.ID:
		s.setCookie(w, r, "-look", rec.Key.ID, 0)
	case rec.Key.ID == s.owner(v) && was != "":
		s.setCookie(w, r, "-look", "", -1)
	}
}
