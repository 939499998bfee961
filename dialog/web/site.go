package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const (
	maxBody    = 64 << 10         // of a form, bytes
	handleFor  = 10 * time.Second // an input may take
	glanceFor  = time.Second      // looking at the card again after a failure may take
	refreshFor = 15               // seconds until a card that may change by itself is asked for again
	healFor    = 10               // seconds until a page that could not be shown tries again
)

// policy lets the page load its own style sheet and mark, and post to itself.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// paths are what the page answers :: path → methods. Beside them are the assets.
var paths = map[string]string{
	"/":     "GET, HEAD, POST",
	"/help": "GET, HEAD",
}

// ServeHTTP answers GET / (the card), POST / (one input), GET /help and the
// assets; everything else is 404 in the same look.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	lang := s.language(r.Header.Get("Accept-Language"))
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	methods, ours := paths[r.URL.Path]
	switch {
	case !s.knownHost(r):
		s.bare(w, lang, http.StatusMisdirectedRequest, "page.host", nil)
	case read && s.assets.serve(w, r):
	case !ours:
		s.bare(w, lang, http.StatusNotFound, "page.gone", nil)
	case !slices.Contains(strings.Split(methods, ", "), r.Method):
		h.Set("Allow", methods)
		s.bare(w, lang, http.StatusMethodNotAllowed, "page.method", nil)
	case !read:
		s.post(w, r, lang)
	case r.URL.Path == "/help":
		s.help(w, lang)
	default:
		s.get(w, r, lang)
	}
}

// get shows the visitor's card. It stores nothing.
func (s *Site) get(w http.ResponseWriter, r *http.Request, lang string) {
	if wait := s.tooQuick(r); wait > 0 {
		s.slow(w, lang, wait)
		return
	}
	v := s.visitor(r)
	if v.fresh {
		s.welcome(w, r, v)
	}
	c, lang, err := s.current(r, v, lang)
	if err != nil {
		s.trouble("show the card", err)
		s.unreached(w, lang, err)
		return
	}
	p := s.page(v, lang, c)
	if restless(c) { // the foot has a way out
		if still := r.URL.RawQuery == "still"; still {
			p.Foot = append(p.Foot, link{"/", s.say(lang, "page.live", nil)})
		} else {
			w.Header().Set("Refresh", strconv.Itoa(refreshFor))
			p.Foot = append(p.Foot, link{"/?still", s.say(lang, "page.still", nil)})
		}
	}
	s.send(w, http.StatusOK, "page", p)
}

// restless reports whether a card is asked for again by itself: one that may
// change, while there is nothing on it that could be lost or interrupted.
func restless(c *dialog.Card) bool {
	return c.Refresh && c.Field == nil && c.Primary == nil && len(c.Choices) == 0 && len(c.Alt) == 0
}

// post is one form on its way: who sent it, and what it says.
type post struct {
	w    http.ResponseWriter
	r    *http.Request
	v    visitor
	lang string

	draft, revision, inputID, text, action string
}

// post takes one input.
func (s *Site) post(w http.ResponseWriter, r *http.Request, lang string) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := parse(r); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			s.bare(w, lang, http.StatusRequestEntityTooLarge, "page.large", nil)
		} else {
			s.bare(w, lang, http.StatusBadRequest, "page.unread", nil)
		}
		return
	}
	p := &post{
		w: w, r: r, v: s.visitor(r), lang: lang,
		draft: r.PostForm.Get("draft"), revision: r.PostForm.Get("revision"), inputID: r.PostForm.Get("input_id"),
		text: r.PostForm.Get("text"), action: r.PostForm.Get("action"),
	}
	if p.inputID == "" || len(p.inputID) > 64 {
		p.inputID = random()
	}
	at := s.door(r, p.v)
	if at == doorShut {
		s.bare(w, lang, http.StatusForbidden, "page.shut", nil)
		return
	}
	if p.v.fresh {
		s.welcome(w, r, p.v)
	}
	wait := s.tooQuick(r)
	if wait == 0 {
		wait = s.owners.Take(p.v.id, s.cfg.Now())
	}
	if wait > 0 {
		w.Header().Set("Retry-After", seconds(wait))
		s.unsaved(p, refusal{http.StatusTooManyRequests, "page.quick", map[string]string{"seconds": seconds(wait)}})
		return
	}
	if at == doorOther {
		s.conflict(p, "page.foreign")
		return
	}
	s.input(p)
}

// input hands the form to the engine and answers by what it did.
func (s *Site) input(p *post) {
	ctx, cancel := context.WithTimeout(p.r.Context(), handleFor)
	defer cancel()
	room, err := s.room(ctx, p.r, p.v)
	if err != nil {
		s.away(p, err)
		return
	}
	if !room {
		p.w.Header().Set("Retry-After", "3600")
		s.unsaved(p, refusal{http.StatusTooManyRequests, "page.full", nil})
		return
	}
	out, err := s.engine.Handle(ctx, s.decode(p))
	if err != nil {
		s.away(p, err)
		return
	}
	s.know(p.v)
	switch out.Did {
	case dialog.DidForeign:
		s.conflict(p, "page.old")
		return
	case dialog.DidPark:
		s.unsaved(p, refusal{http.StatusServiceUnavailable, "page.newer", nil})
		return
	}
	s.look(p.w, p.r, p.v, out.Record)
	switch out.Did {
	case dialog.DidRefuse:
		s.card(p, out.Record, http.StatusUnprocessableEntity)
	case dialog.DidStale:
		s.card(p, out.Record, http.StatusConflict)
	default:
		s.welcome(p.w, p.r, p.v) // the cookie lives on from the last input
		p.w.Header().Set("Location", "/")
		p.w.WriteHeader(http.StatusSeeOther)
	}
}

// decode makes the input of a form.
func (s *Site) decode(p *post) dialog.Input {
	in := dialog.Input{
		ID: "w:" + p.inputID, Owner: s.cfg.Owner + p.v.id, Kind: dialog.KindText, Text: p.text,
		Place: dialog.Place{Channel: "web", Address: p.v.id, Lang: p.lang},
	}
	if p.action != "" {
		in.Kind, in.Text = dialog.KindTap, ""
		in.Name, in.Value, _ = strings.Cut(p.action, ":")
	}
	if p.draft != "" && !(in.Kind == dialog.KindTap && s.menu[in.Name]) {
		in.Bound, in.Draft = true, p.draft
		in.Revision, _ = strconv.ParseInt(p.revision, 10, 64) // nonsense is an earlier card
	}
	return in
}

// tooQuick takes a token of the address; loopback has no limit of its own.
func (s *Site) tooQuick(r *http.Request) time.Duration {
	a := s.client(r)
	if a.IsLoopback() {
		return 0
	}
	return s.addrs.Take(network(a), s.cfg.Now())
}

func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }

func (s *Site) trouble(what string, err error) {
	if !errors.Is(err, context.Canceled) { // the visitor went away: no trouble of ours
		s.cfg.Log.Warn("web: cannot "+what, "error", err)
	}
}

// parse reads a form of either encoding.
func parse(r *http.Request) error {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return r.ParseMultipartForm(maxBody) //nolint:gosec // the body is bounded by its caller
	}
	return r.ParseForm()
}
