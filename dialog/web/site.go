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
	switch {
	case !s.knownHost(r):
		s.bare(w, lang, http.StatusMisdirectedRequest, "page.host", nil)
	case read && s.assets.serve(w, r):
	case r.URL.Path == "/" && read:
		s.get(w, r, lang)
	case r.URL.Path == "/" && r.Method == http.MethodPost:
		s.post(w, r, lang)
	case r.URL.Path == "/help" && read:
		s.bare(w, lang, http.StatusOK, "page.helped", nil)
	case r.URL.Path == "/" || r.URL.Path == "/help":
		h.Set("Allow", "GET, HEAD")
		if r.URL.Path == "/" {
			h.Set("Allow", "GET, HEAD, POST")
		}
		s.bare(w, lang, http.StatusMethodNotAllowed, "page.method", nil)
	default:
		s.bare(w, lang, http.StatusNotFound, "page.gone", nil)
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
	c, lang, err := s.current(r.Context(), r, v, lang)
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
	s.send(w, http.StatusOK, p)
}

// restless reports whether a card is asked for again by itself: one that may
// change, while there is nothing on it that could be lost or interrupted.
func restless(c *dialog.Card) bool {
	return c.Refresh && c.Field == nil && c.Primary == nil && len(c.Choices) == 0 && len(c.Alt) == 0
}

// form is what was posted.
type form struct {
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
	v := s.visitor(r)
	f := form{
		draft: r.PostForm.Get("draft"), revision: r.PostForm.Get("revision"), inputID: r.PostForm.Get("input_id"),
		text: r.PostForm.Get("text"), action: r.PostForm.Get("action"),
	}
	if f.inputID == "" || len(f.inputID) > 64 {
		f.inputID = random()
	}
	at := s.door(r, v)
	if at == doorShut {
		s.bare(w, lang, http.StatusForbidden, "page.shut", nil)
		return
	}
	if v.fresh {
		s.welcome(w, r, v)
	}
	wait := s.tooQuick(r)
	if wait == 0 {
		wait = s.owners.take(v.id, s.cfg.Now())
	}
	if wait > 0 {
		w.Header().Set("Retry-After", seconds(wait))
		s.unsaved(w, r, v, lang, f, http.StatusTooManyRequests, "page.quick", map[string]string{"seconds": seconds(wait)})
		return
	}
	if at == doorOther {
		s.conflict(w, r, v, lang, f, "page.foreign")
		return
	}
	s.input(w, r, v, lang, f)
}

// input hands the form to the engine and answers by what it did.
func (s *Site) input(w http.ResponseWriter, r *http.Request, v visitor, lang string, f form) {
	ctx, cancel := context.WithTimeout(r.Context(), handleFor)
	defer cancel()
	in := s.decode(v, lang, f)
	room, err := s.room(ctx, r, v)
	if err != nil {
		s.away(w, r, v, lang, f, err)
		return
	}
	if !room {
		w.Header().Set("Retry-After", "3600")
		s.unsaved(w, r, v, lang, f, http.StatusTooManyRequests, "page.full", nil)
		return
	}
	out, err := s.engine.Handle(ctx, in)
	if err != nil {
		s.away(w, r, v, lang, f, err)
		return
	}
	s.know(v)
	switch out.Did {
	case dialog.DidForeign:
		s.conflict(w, r, v, lang, f, "page.old")
		return
	case dialog.DidPark:
		s.unsaved(w, r, v, lang, f, http.StatusServiceUnavailable, "page.newer", nil)
		return
	}
	s.look(w, r, v, out.Record)
	switch out.Did {
	case dialog.DidRefuse:
		s.card(w, v, lang, out.Record, http.StatusUnprocessableEntity, nil)
	case dialog.DidStale:
		s.card(w, v, lang, out.Record, http.StatusConflict, &f)
	default:
		s.welcome(w, r, v) // the cookie lives on from the last input
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusSeeOther)
	}
}

// decode makes the input of a form.
func (s *Site) decode(v visitor, lang string, f form) dialog.Input {
	in := dialog.Input{
		ID: "w:" + f.inputID, Owner: s.cfg.Owner + v.id, Kind: dialog.KindText, Text: f.text,
		Place:   dialog.Place{Channel: "web", Address: v.id, Lang: lang},
		Profile: dialog.Profile{Lang: lang},
	}
	if f.action != "" {
		in.Kind, in.Text = dialog.KindTap, ""
		in.Name, in.Value, _ = strings.Cut(f.action, ":")
	}
	if f.draft != "" && !(in.Kind == dialog.KindTap && s.menu[in.Name]) {
		in.Bound, in.Draft = true, f.draft
		in.Revision, _ = strconv.ParseInt(f.revision, 10, 64) // nonsense is an earlier card
	}
	return in
}

// current is the visitor's card, with a list of what else is theirs.
func (s *Site) current(ctx context.Context, r *http.Request, v visitor, lang string) (*dialog.Card, string, error) {
	owner := s.cfg.Owner + v.id
	key := s.engine.Route(&dialog.Input{Owner: owner})
	nobody := &dialog.Record{Head: dialog.Head{Key: key, Owner: owner}}
	if v.new {
		c, lang := s.render(v, lang, nobody)
		return c, lang, nil
	}
	personal, others, err := s.conversations(ctx, owner, key)
	if err != nil {
		return nil, lang, err
	}
	if personal == nil {
		personal = nobody
	}
	rec := choose(personal, others, s.looked(r))
	c, lang := s.render(v, lang, rec)
	if len(c.Others) == 0 {
		c.Others = s.beside(v, lang, rec, personal, others)
	}
	return c, lang, nil
}

// conversations reads all that is the visitor's: one query, and another one
// only where a draft lies elsewhere than in its row.
func (s *Site) conversations(ctx context.Context, owner string, key dialog.Key) (personal *dialog.Record, others []*dialog.Record, err error) {
	rows, err := s.engine.Store().List(ctx, dialog.Query{Bot: s.engine.Bot(), Owner: owner, Deep: true, Limit: 200})
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		if row.Key == key {
			if row.Where != dialog.InRow {
				personal, _, err = s.engine.Hydrate(ctx, key)
			} else {
				personal, err = dialog.Decode(row)
			}
			if err != nil {
				return nil, nil, err
			}
		} else if rec, err := dialog.Decode(row); err == nil { // a newer one is not listed
			others = append(others, rec)
		}
	}
	slices.SortStableFunc(others, func(a, b *dialog.Record) int { return b.Created.Compare(a.Created) })
	return personal, others, nil
}

// choose says which conversation is shown: see the package's comment.
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

// beside are buttons to what else is the visitor's.
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

// render shows a record to the visitor, in the language of their place.
func (s *Site) render(v visitor, lang string, rec *dialog.Record) (*dialog.Card, string) {
	place, ok := rec.Place("web", v.id)
	if !ok {
		place = dialog.Place{Channel: "web", Address: v.id}
	}
	if place.Lang == "" || s.offered(place.Lang) == "" {
		place.Lang = lang
	}
	c := s.engine.Render(rec, dialog.View{Place: place, Lang: place.Lang})
	return &c, place.Lang
}

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

// look remembers which conversation the visitor has gone to, and forgets it
// when they go back to the personal one.
func (s *Site) look(w http.ResponseWriter, r *http.Request, v visitor, rec *dialog.Record) {
	switch was := s.looked(r); {
	case rec.Key.ID != s.cfg.Owner+v.id && was != rec.Key.ID:
		s.setCookie(w, r, "-look", rec.Key.ID, 0)
	case rec.Key.ID == s.cfg.Owner+v.id && was != "":
		s.setCookie(w, r, "-look", "", -1)
	}
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
	case c.Field == nil:
		c.Field = &dialog.Field{Long: len(f.text) > 80}
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
	return &dialog.Card{Question: s.say(lang, "page.answer", nil)}
}

// bare answers with a headline, a sentence and the way back.
func (s *Site) bare(w http.ResponseWriter, lang string, status int, code string, args map[string]string) {
	lines := strings.Split(s.say(lang, code, args), "\n")
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

// tooQuick takes a token of the address; loopback has no limit of its own.
func (s *Site) tooQuick(r *http.Request) time.Duration {
	a := s.client(r)
	if a.IsLoopback() {
		return 0
	}
	return s.addrs.take(network(a), s.cfg.Now())
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
