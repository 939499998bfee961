package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const (
	answerFor  = 1500 * time.Millisecond // timeout of the store: a person waits at most two seconds for a word
	glanceFor  = 300 * time.Millisecond  // timeout of reading the card again after a failure
	refreshFor = 15                      // seconds until a card that may change by itself reloads
	healFor    = 10                      // seconds until a page reloads after a failure
)

// policy lets the page load its own style sheet, script and logo, post to itself, and ask itself.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// listPath is the page with the visitor's conversations.
const listPath = "/list"

// paths :: path → methods, beside the assets.
var paths = map[string]string{
	"/":       "GET, HEAD, POST",
	"/events": "GET",
	"/help":   "GET, HEAD",
	"/list":   "GET, HEAD",

	"/devices": "GET, HEAD, POST", // with Config.Devices
}

// ServeHTTP serves GET / (the card), POST / (one input), GET /help, the list, invitations and the assets.
// A page's path with a slash at its end leads to the page. Every other path is a 404 page.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	lang := s.language(r.Header.Get("Accept-Language"))
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	path := strings.TrimRight(r.URL.Path, "/")
	_, slashed := paths[path]
	methods, ours := paths[r.URL.Path]
	signing := s.cfg.Devices != nil && strings.HasPrefix(r.URL.Path, inPath)
	invited := s.cfg.Invite != nil && strings.HasPrefix(r.URL.Path, invitePath) || signing
	if s.cfg.Devices == nil && path == devicesPath {
		ours, slashed = false, false
	}
	switch {
	case !s.knownHost(r):
		s.misdirected(w, r, lang)
	case signing && (read || r.Method == http.MethodPost):
		s.signInPage(w, r, lang)
	case invited && (read || r.Method == http.MethodPost):
		s.invite(w, r, lang)
	case read && s.assets.serve(w, r):
	case !ours && slashed && read:
		http.Redirect(w, r, (&url.URL{Path: path, RawQuery: r.URL.RawQuery}).String(), http.StatusMovedPermanently)
	case !ours && !invited:
		s.bare(w, lang, http.StatusNotFound, "page.gone", nil)
	case invited || !slices.Contains(strings.Split(methods, ", "), r.Method):
		h.Set("Allow", cmp.Or(methods, paths["/"]))
		s.bare(w, lang, http.StatusMethodNotAllowed, "page.method", nil)
	case !read:
		s.post(w, r, lang)
	case r.URL.Path == listPath:
		s.list(w, r, lang)
	case r.URL.Path == devicesPath:
		s.devices(w, r, lang)
	case r.URL.Path == "/help":
		s.help(w, r, lang)
	case r.URL.Path == eventsPath:
		s.events(w, r, lang)
	default:
		s.get(w, r, lang)
	}
}

// get shows the visitor's card. It stores nothing.
func (s *Site) get(w http.ResponseWriter, r *http.Request, lang string) {
	if wait := s.limitAddress(r); wait > 0 {
		s.slow(w, lang, wait)
		return
	}
	v := s.visitor(r)
	if s.unreachable(w, v, lang) {
		return
	}
	if v.renew {
		s.welcome(w, r, v)
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerFor)
	defer cancel()
	x, err := s.records(ctx, v, s.asked(r))
	if err != nil {
		s.warn("show the card", err)
		s.unreached(w, lang, err)
		return
	}
	state := s.state(v, lang, x)
	w.Header().Set("Etag", `"`+state+`"`)
	if r.Header.Get("If-None-Match") == `"`+state+`"` && !v.gone {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	at := s.see(v, lang, x)
	s.showing(v, at.Card)
	if band := s.signedOut(w, r, v, at.lang); band != nil {
		at.Band = band
	}
	p := s.page(v, at.lang, at.Card)
	p.Version = state
	s.live(p, v, at, r.URL.Query())
	s.send(w, http.StatusOK, "page", p)
}

// restless reports whether the page of a card reloads by itself: the card may change,
// and it has nothing that a reload would interrupt.
func restless(c *dialog.Card) bool {
	return c.Refresh && c.Field == nil && c.Primary == nil && len(c.Choices) == 0 && len(c.Alt) == 0
}

// post is one form with its request and visitor.
type post struct {
	w    http.ResponseWriter
	r    *http.Request
	v    visitor
	lang string

	draft, revision, inputID, text, action string
	question, base                         string // that the form asked, and its answer then
	bound                                  bool   // the button is bound to the form's draft, also if its action has a menu's name
}

// post takes one input. Checks that need no body come before the body is read.
func (s *Site) post(w http.ResponseWriter, r *http.Request, lang string) {
	if s.foreign(r) {
		s.bare(w, lang, http.StatusForbidden, "page.shut", nil)
		return
	}
	wait := s.limitAddress(r)
	if wait > 0 && (r.ContentLength < 0 || r.ContentLength > smallBody) {
		s.unreadBody(w, lang, wait)
		return
	}
	how := s.read(w, r)
	switch how {
	case readBusy:
		s.unreadBody(w, lang, time.Second)
		return
	case readHuge:
		s.bare(w, lang, http.StatusRequestEntityTooLarge, "page.huge", nil)
		return
	case readBroken:
		s.bare(w, lang, http.StatusBadRequest, "page.unread", nil)
		return
	default:
	}
	p := &post{
		w: w, r: r, v: s.visitor(r), lang: lang,
		draft: r.PostForm.Get("draft"), revision: r.PostForm.Get("revision"), inputID: r.PostForm.Get("input_id"),
		text: r.PostForm.Get("text"), action: r.PostForm.Get("action"),
		question: r.PostForm.Get("question"), base: r.PostForm.Get("base"), bound: r.URL.Query().Has("bound"),
	}
	if p.inputID == "" || len(p.inputID) > 64 {
		p.inputID = random()
	}
	at := s.door(r, p.v)
	if at != doorOpen && s.cookieless(r) {
		s.noCookie(p, at)
		return
	}
	if at == doorShut {
		s.bare(w, lang, http.StatusForbidden, "page.shut", nil)
		return
	}
	if p.v.away != nil {
		s.awayFrom(p, at)
		return
	}
	if p.v.renew {
		s.welcome(w, r, p.v)
	}
	if wait == 0 {
		wait = s.owners.Take(p.v.id, s.cfg.Now())
	}
	switch {
	case wait > 0 && r.URL.Path != "/":
		s.slow(w, lang, wait)
	case wait > 0:
		w.Header().Set("Retry-After", seconds(wait))
		s.unsaved(p, rejection{http.StatusTooManyRequests, "page.quick", map[string]string{"seconds": seconds(wait)}})
	case how == readLarge:
		s.unsaved(p, rejection{http.StatusRequestEntityTooLarge, "page.large", nil})
	case at == doorOther && p.v.gone:
		s.signedOut(w, r, p.v, lang)
		s.conflict(p, "page.signed_out")
	case at == doorOther && s.ofDevices(r.URL.Path): // its page has a form of this visitor
		s.lead303(w, r.URL.Path)
	case at == doorOther:
		s.conflict(p, "page.foreign")
	case r.URL.Path == devicesPath:
		s.signOut(p)
	case s.ofDevices(r.URL.Path):
		s.enter(p)
	case r.URL.Path != "/":
		s.join(p)
	default:
		s.input(p)
	}
}

// input hands the form to the engine and answers by the outcome.
func (s *Site) input(p *post) {
	if name, _, ok := s.command(p); ok && name == "devices" && s.cfg.Devices != nil {
		s.lead303(p.w, devicesPath)
		return
	}
	if p.action == "status" && !p.bound { // the list is a page, and reading it is no turn
		p.w.Header().Set("Location", listPath)
		p.w.WriteHeader(http.StatusSeeOther)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.r.Context()), answerFor) // a visitor who left counts, too
	defer cancel()
	room, err := s.room(ctx, p.r, p.v)
	if err != nil {
		s.away(p, err)
		return
	}
	if !room {
		p.w.Header().Set("Retry-After", "3600")
		s.unsaved(p, rejection{http.StatusTooManyRequests, "page.full", nil})
		return
	}
	out, wait, err := s.start(ctx, p)
	if wait > 0 {
		p.w.Header().Set("Retry-After", seconds(wait))
		s.unsaved(p, rejection{http.StatusTooManyRequests, "page.starts", nil})
		return
	}
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
		p.w.Header().Set("Retry-After", "60")
		s.unsaved(p, rejection{http.StatusServiceUnavailable, "page.newer", nil})
		return
	}
	s.look(p.w, p.r, p.v, out.Record, s.writes(p))
	if out.Told != nil {
		s.told(p, out)
		return
	}
	switch out.Did {
	case dialog.DidRefuse:
		s.refused(p, out.Record)
	case dialog.DidStale:
		s.late(ctx, p, out.Record)
	default:
		s.welcome(p.w, p.r, p.v) // each input renews the cookie's age
		p.w.Header().Set("Location", "/")
		p.w.WriteHeader(http.StatusSeeOther)
	}
}

// decode makes an input from a form.
func (s *Site) decode(p *post) dialog.Input {
	in := dialog.Input{
		OldID: "w:" + p.inputID, Owner: s.owner(p.v), Profile: p.v.profile(), Kind: dialog.KindText, Text: p.text, Name: p.question,
		Place: dialog.Place{Channel: "web", Address: p.v.id, Lang: p.lang},
	}
	if p.action != "" {
		in.Kind = dialog.KindTap
		in.Name, in.Value, _ = strings.Cut(p.action, ":")
		if in.Name != takeBack { // its text is the answer; beside another button it was left in the field
			in.Text = ""
		}
	}
	in.ID = p.sentID(in.Text)
	if name, argument, ok := s.command(p); ok {
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, argument
		return in
	}
	if p.draft != "" && (p.bound || !(in.Kind == dialog.KindTap && s.menu[in.Name])) {
		in.Bound, in.Draft = true, p.draft
		in.Revision, _ = strconv.ParseInt(p.revision, 10, 64) // 0 for a malformed one: an earlier card
		in.Base = p.base
	}
	return in
}

// command is the command that was written into a field, see Config.Menu and Config.Takes.
func (s *Site) command(p *post) (name, argument string, ok bool) {
	text, slash := strings.CutPrefix(strings.TrimSpace(p.text), "/")
	if !slash || p.action != "" {
		return "", "", false
	}
	name, argument, _ = strings.Cut(text, " ")
	argument = strings.TrimSpace(argument)
	return name, argument, s.typed[name] && (argument == "" || s.cfg.Takes(name, argument))
}

// writes reports whether a form is for the people who help: by a button, a command, or the question that it asked.
func (s *Site) writes(p *post) bool {
	name, _, ok := s.command(p)
	return s.cfg.Write != "" && (ok && name == s.cfg.Write || p.action == s.cfg.Write || p.action == takeBack+":"+s.cfg.Write || p.action == "" && p.question == s.cfg.Write)
}

// sentID names what was sent. A form that is sent again is the same input. One with another
// text or button, which a browser may send from a page that it brought back, is a new one.
func (p *post) sentID(text string) string {
	h := sha256.New()
	for _, part := range []string{p.action, text} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return "w:" + p.inputID + ":" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }

func (s *Site) warn(what string, err error) {
	if !errors.Is(err, context.Canceled) { // the visitor disconnected
		s.cfg.Log.Warn("web: cannot "+what, "error", err)
	}
}
