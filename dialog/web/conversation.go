package web

import (
	"net/http"

	"github.com/lockbay/lockbay/dialog"
)

// current returns the visitor's card with a list of their other conversations.
func (s *Site) current(r *http.Request, v visitor, lang string) (*dialog.Card, string, error) {
	owner := s.cfg.Owner + v.id
	if v.new {
		key := s.engine.Route(&dialog.Input{Owner: owner})
		c, lang := s.render(v, lang, &dialog.Record{Head: dialog.Head{Key: key, Owner: owner}})
		return c, lang, nil
	}
	personal, others, err := s.engine.Conversations(r.Context(), owner)
	if err != nil {
		return nil, lang, err
	}
	rec := choose(personal, others, s.looked(r))
	c, lang := s.render(v, lang, rec)
	if len(c.Others) == 0 {
		c.Others = s.beside(v, lang, rec, personal, others)
	}
	return c, lang, nil
}

// choose returns the conversation to show, by the rule in the package's comment.
func choose(personal *dialog.Record, others []*dialog.Record, looked string) *dialog.Record {
	for _, o := range others {
		if looked != "" && o.Key.ID == looked {
			return o
		}
	}
	if personal.Step == "" && len(others) > 0 && !personal.Updated.After(others[0].Created) {
		return others[0]
	}
	return personal
}

// maxBeside is how many other conversations a page lists.
const maxBeside = 20

// beside returns buttons to the visitor's other conversations.
func (s *Site) beside(v visitor, lang string, shown, personal *dialog.Record, others []*dialog.Record) (list []dialog.Button) {
	if shown != personal && personal.Step != "" {
		list = append(list, dialog.Button{Action: "resume", Label: s.say(lang, "page.draft", nil), Free: true})
	}
	for _, o := range others {
		if o == shown || len(list) == maxBeside {
			continue
		}
		c, _ := s.render(v, lang, o)
		list = append(list, dialog.Button{Action: "status:" + o.Key.ID, Label: dialog.Isolate(o.Key.ID), Detail: or(c.Progress, c.Question), Free: true})
	}
	return list
}

// render renders a record for the visitor, in the language of their place.
func (s *Site) render(v visitor, lang string, rec *dialog.Record) (*dialog.Card, string) {
	place, ok := rec.Place("web", v.id)
	if !ok {
		place = dialog.Place{Channel: "web", Address: v.id}
	}
	if place.Lang == "" || s.offered(place.Lang) == "" {
		place.Lang = lang
	}
	c := s.engine.Render(rec, dialog.View{Place: place, Lang: place.Lang, Field: true, Details: true, Visited: true})
	return &c, place.Lang
}

// look stores the conversation that the visitor opened in a cookie, and deletes the
// cookie when the visitor goes back to the personal conversation.
func (s *Site) look(w http.ResponseWriter, r *http.Request, v visitor, rec *dialog.Record) {
	switch was := s.looked(r); {
	case rec.Key.ID != s.cfg.Owner+v.id && was != rec.Key.ID:
		s.setCookie(w, r, "-look", rec.Key.ID, 0)
	case rec.Key.ID == s.cfg.Owner+v.id && was != "":
		s.setCookie(w, r, "-look", "", -1)
	}
}
