package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// invitePath begins the path of a link to a conversation in which the visitor may take a seat.
const invitePath = "/s/"

// Invitation is what such a link shows.
type Invitation struct {
	Card dialog.Card
	// Command is what the visitor gives the bot by a button of the card, such as: start s_ID_TOKEN.
	// It must be a claim, see dialog.Claimer. Value of the input is the action of that button.
	// Empty: the visitor cannot join here.
	Command string
	// Joined is the conversation in which the visitor has a seat already: the link leads there.
	Joined *dialog.Record
}

// invitation reads a link; nil: it leads to nothing, or does no more.
func (s *Site) invitation(ctx context.Context, r *http.Request, v visitor, lang string) (*Invitation, error) {
	place := dialog.Place{Channel: "web", Address: v.id, Lang: lang}
	return s.cfg.Invite(ctx, s.owner(v), strings.TrimPrefix(r.URL.Path, invitePath),
		dialog.View{Place: place, Lang: lang, Now: s.engine.Now(), Zone: s.engine.Zone(), Field: true, Details: true, Visited: true})
}

// invite serves a link. Opening it writes nothing, because messengers fetch links; the form
// on its page joins.
func (s *Site) invite(w http.ResponseWriter, r *http.Request, lang string) {
	w.Header().Set("X-Robots-Tag", "noindex")
	if r.Method == http.MethodPost {
		s.post(w, r, lang)
		return
	}
	if wait := s.limitAddress(r); wait > 0 {
		s.slow(w, lang, wait)
		return
	}
	v := s.visitor(r)
	if s.unreachable(w, v, lang) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerFor)
	defer cancel()
	x, err := s.invitation(ctx, r, v, lang)
	switch {
	case err != nil:
		s.warn("show an invitation", err)
		s.unreached(w, lang, err)
		return
	case x == nil:
		s.bare(w, lang, http.StatusNotFound, "page.link", nil)
		return
	case x.Joined != nil:
		s.lead(w, r, v, x.Joined)
		return
	}
	if v.renew {
		s.welcome(w, r, v)
	}
	p := s.page(v, lang, &x.Card)
	p.Post = r.URL.Path
	s.send(w, http.StatusOK, "page", p)
}

// join takes the form of an invitation.
func (s *Site) join(p *post) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.r.Context()), answerFor)
	defer cancel()
	x, err := s.invitation(ctx, p.r, p.v, p.lang)
	room := false
	if err == nil {
		room, err = s.room(ctx, p.r, p.v)
	}
	switch {
	case err != nil:
		s.warn("join by an invitation", err)
		s.unreached(p.w, p.lang, err)
		return
	case x != nil && x.Joined != nil: // the form came twice
		s.lead(p.w, p.r, p.v, x.Joined)
		return
	case x == nil || x.Command == "":
		s.bare(p.w, p.lang, http.StatusNotFound, "page.link", nil)
		return
	case !room:
		s.bare(p.w, p.lang, http.StatusTooManyRequests, "page.crowd", nil)
		return
	}
	in := s.decode(p)
	in.Kind, in.Bound, in.Draft, in.Revision, in.Value = dialog.KindCommand, false, "", 0, p.action
	in.Name, in.Text, _ = strings.Cut(x.Command, " ")
	out, err := s.engine.Handle(ctx, in)
	switch {
	case err != nil:
		s.warn("join by an invitation", err)
		s.unreached(p.w, p.lang, err)
		return
	case out.Record == nil: // somebody else was first, or the visitor may not
		s.bare(p.w, p.lang, http.StatusNotFound, "page.link", nil)
		return
	}
	s.know(p.v)
	s.lead(p.w, p.r, p.v, out.Record)
}

// lead leads a visitor to a conversation of theirs.
func (s *Site) lead(w http.ResponseWriter, r *http.Request, v visitor, rec *dialog.Record) {
	s.look(w, r, v, rec, false)
	s.welcome(w, r, v)
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
}
