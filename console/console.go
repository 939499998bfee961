package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/rollout"
)

// Path is where the console is served.
const Path = "/console"

// TokenLeast is the number of characters that a token has at least.
const TokenLeast = 24

// Config of the console. Token, Key, Report and Log are needed. All functions may be called concurrently.
type Config struct {
	// Token is what an operator types once: at least TokenLeast characters.
	Token string
	// Key signs cookies and seals addresses: at least 32 bytes, shared by all instances.
	Key []byte
	// Bot is the first part of every key.
	Bot string
	// Personal is the flow whose id is a person, Escrows the flow whose id is an escrow.
	Personal, Escrows string

	// Report counts a window. Its result is kept for a minute. ErrNotCounted: nothing is counted yet.
	Report func(ctx context.Context, window time.Duration) (*Report, error)
	// Log is read for conversations and for the audit.
	Log dialog.EventLog
	// Record writes an event, before what it is about is done.
	Record func(ctx context.Context, e dialog.Event) error
	// Head reads where a conversation stands. dialog.ErrNotFound: there is none.
	Head func(ctx context.Context, key dialog.Key) (dialog.Head, error)
	// Answers reads what a person answered in a conversation, for a reveal. draft is the one that is meant; empty: the present one.
	// ErrNoAnswers: that draft has ended, or nothing was answered. Other errors are for people.
	Answers func(ctx context.Context, key dialog.Key, draft string) ([]Answer, error)
	// Stores checks the stores. Defaults to none.
	Stores func(ctx context.Context) []Check
	// Tickets lists what people wrote. Defaults to none: the page says that no tickets are kept.
	Tickets func(ctx context.Context) ([]Ticket, error)
	// Rollouts reads the rollouts that have begun, the newest first. Defaults to none.
	Rollouts func(ctx context.Context) ([]rollout.State, error)
	// Order gives an order to a rollout, as an input of this id. Its error is for people, except for ErrUnavailable, and
	// rollout.ErrAlready: there is nothing to do. Defaults to no orders.
	Order func(ctx context.Context, name, id string, o *rollout.Order) error
	// Needs lists what else waits for an operator. Defaults to none.
	Needs func(ctx context.Context) ([]Need, error)

	// Client is the address for which a sign-in is counted. Defaults to the peer's.
	Client func(*http.Request) netip.Addr
	// Secure reports whether the browser uses https. Defaults to whether the connection does.
	Secure func(*http.Request) bool
	// Zone is that of shown times. Defaults to UTC.
	Zone *time.Location
	// Slog hears of faults, and of answers that were shown. Defaults to slog.Default.
	Slog *slog.Logger
	// Now is the clock of cookies and limits. Defaults to time.Now.
	Now func() time.Time
}

// Answer is what a person answered to a question.
type Answer struct{ Name, Text string }

// Check is a check of a store.
type Check struct {
	Name string
	OK   bool
	Note string // what was found
	Mend string // how to mend it
}

// Ticket is what a person wrote to the operators.
type Ticket struct {
	ID, Class string
	Key       dialog.Key // of the ticket
	At        time.Time
	Step      string // at which the person's draft stood; empty: there was none
}

// ErrNotCounted says that no events were counted yet, which is so in the first minute of a database.
var ErrNotCounted = errors.New("no events were counted yet")

// ErrNoAnswers says that there is nothing to reveal.
var ErrNoAnswers = errors.New("no answers are kept of this draft: it has ended, or nothing was answered")

// Need is a line of what waits for an operator.
type Need struct {
	What, Why string
	Label, To string     // of its button, and its address
	Key       dialog.Key // of the conversation that the button leads to, in place of To
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case len(c.Token) < TokenLeast:
		return c, fmt.Errorf("console: Config.Token has fewer than %d characters", TokenLeast)
	case len(c.Key) < 32:
		return c, errors.New("console: Config.Key has fewer than 32 bytes")
	case c.Report == nil || c.Log == nil || c.Record == nil || c.Head == nil || c.Answers == nil:
		return c, errors.New("console: Config.Report, Log, Record, Head or Answers is missing")
	}
	if c.Client == nil {
		c.Client = peer
	}
	if c.Secure == nil {
		c.Secure = func(r *http.Request) bool { return r.TLS != nil }
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Slog == nil {
		c.Slog = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// peer is the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// Console is the http.Handler of the pages below Path.
type Console struct {
	cfg     Config
	door    *door
	seal    *seal
	reports *reports
	pages   map[string]page // :: path below Path → page
}

// page is what a path does. A page without take is only read.
type page struct {
	show, take func(*Console, *visit)
}

// New makes the console.
func New(cfg Config) (*Console, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Console{cfg: cfg, door: newDoor(cfg), seal: newSeal(cfg.Key), reports: &reports{read: cfg.Report, now: cfg.Now}}
	c.pages = map[string]page{
		"": {show: (*Console).overview}, "/conversations": {show: (*Console).conversations, take: (*Console).find}, "/audit": {show: (*Console).audit},
		"/tickets": {show: (*Console).tickets}, "/rollouts": {show: (*Console).rollouts}, "/stores": {show: (*Console).stores}, "/report": {show: (*Console).report}, "/report.json": {show: (*Console).json},
		"/out": {take: (*Console).out},
	}
	return c, nil
}

// parts :: page → what the pages below it do, one for each of its things.
var parts = map[string]page{
	"conversations": {show: (*Console).conversation, take: (*Console).reveal},
	"rollouts":      {show: (*Console).rollout, take: (*Console).order},
}

// visit is one request of an operator who is signed in.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	rest   string // of the path, behind the page's own
	cookie string
	csrf   string
}

// policy lets a page load its own style sheet, and post to itself.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP serves the sign-in to whoever is not signed in, and the pages to whoever is.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Cache-Control", "no-store")
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	path := strings.TrimRight(strings.TrimPrefix(r.URL.Path, Path), "/")
	switch {
	case read && path == sheetPath():
		h.Set("Content-Type", "text/css; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		_, _ = w.Write(sheet())
		return
	case !read && r.Method != http.MethodPost:
		h.Set("Allow", "GET, HEAD, POST")
		c.tell(w, http.StatusMethodNotAllowed, "This address cannot do that", "")
		return
	}
	cookie := c.door.opens(r)
	if cookie != "" {
		ended, err := c.ended(r, cookie)
		if err != nil {
			c.away(&visit{w: w, r: r}, "sign-in", err)
			return
		}
		if ended {
			cookie = ""
		}
	}
	switch in := cookie != ""; {
	case !in && !read && path == "":
		c.signIn(w, r)
	case !in && read && path == "":
		c.showDoor(w, r, http.StatusOK, "")
	case !in && read:
		http.Redirect(w, r, Path, http.StatusSeeOther)
	case !in:
		c.showDoor(w, r, http.StatusForbidden, "You are signed out. Nothing was done.")
	default:
		c.serve(&visit{w: w, r: r, cookie: cookie, csrf: c.door.csrf(cookie)}, path, read)
	}
}

// serve serves a page of the console.
func (c *Console) serve(v *visit, path string, read bool) {
	if !read && !c.door.isOurs(v) {
		c.tell(v.w, http.StatusForbidden, "This form is of another page", "Nothing was done. Open the page again.")
		return
	}
	p, known := c.pages[path]
	if at, rest, deep := strings.Cut(strings.TrimPrefix(path, "/"), "/"); !known && deep && !strings.Contains(rest, "/") {
		p, known = parts[at]
		v.rest = rest
	}
	do := p.show
	if !read {
		do = p.take
	}
	switch {
	case !known:
		c.tell(v.w, http.StatusNotFound, "There is no such page", "")
	case do == nil:
		v.w.Header().Set("Allow", map[bool]string{true: "POST", false: "GET, HEAD"}[p.show == nil])
		c.tell(v.w, http.StatusMethodNotAllowed, "This address cannot do that", "")
	default:
		do(c, v)
	}
}

// frame is what every page has.
type frame struct {
	Title, At, CSS string // At is the address of the page, for the navigation
	Zone, AsOf     string
	Signed         bool
	Nav            []navigation
	CSRF           string
	Path           string
	Body           any
}

type navigation struct {
	To, Name string
	Here     bool
}

// names :: page → its name, in the order of the navigation.
var names = []struct{ at, name string }{
	{"", "Overview"}, {"/conversations", "Conversations"}, {"/rollouts", "Rollouts"}, {"/tickets", "Tickets"}, {"/stores", "Stores"}, {"/audit", "Audit"},
}

// send writes a page.
func (c *Console) send(v *visit, status int, name, title, at string, asOf time.Time, body any) {
	f := frame{Title: title, Path: Path, CSS: Path + sheetPath(), Zone: zoneOf(c.cfg.Zone, c.cfg.Now()), Signed: true, CSRF: v.csrf, Body: body}
	if !asOf.IsZero() {
		f.AsOf = asOf.In(c.cfg.Zone).Format("15:04")
	}
	for _, n := range names {
		f.Nav = append(f.Nav, navigation{Path + n.at, n.name, n.at == at})
	}
	c.write(v.w, status, name, f)
}

// write writes a page whole, or not at all.
func (c *Console) write(w http.ResponseWriter, status int, name string, f frame) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, f); err != nil {
		c.cfg.Slog.Error("console: "+name, "err", err)
		http.Error(w, "This page has a defect.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// told is a page of two sentences.
type told struct{ What, Then string }

func (c *Console) tell(w http.ResponseWriter, status int, what, then string) {
	c.write(w, status, "told", frame{Title: what, Path: Path, CSS: Path + sheetPath(), Body: told{what, then}})
}

// away tells that a store did not answer.
func (c *Console) away(v *visit, what string, err error) {
	if v.r.Context().Err() == nil {
		c.cfg.Slog.Warn("console: "+what, "err", err)
	}
	c.tell(v.w, http.StatusServiceUnavailable, "The database does not answer", "Nothing was done. Load this page again in a moment.")
}

// zoneOf tells the zone of shown times.
func zoneOf(zone *time.Location, now time.Time) string {
	if zone == time.UTC {
		return "Times are UTC. Days begin at 00:00 there."
	}
	return fmt.Sprintf("Times are %s, UTC%s. Days begin at 00:00 there.", zone, now.In(zone).Format("-07:00"))
}

// templates of all pages.
var templates = template.Must(template.New("").Funcs(funcs).ParseFS(files, "*.html"))
