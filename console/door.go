package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const (
	signedInFor = 12 * time.Hour
	formFor     = 15 * time.Minute // the sign-in form
	wrongMost   = 10               // sign-ins of an address in a minute that are wrong
	cookieName  = "lockbay-console"
	formCookie  = "lockbay-console-form"
	smallBody   = 8 << 10
)

// door lets operators in. All of it is signed with a key of the database and the token, so that it is good at each instance and
// after a restart, and another token ends it. Who signed out is in the log of events.
type door struct {
	token  [sha256.Size]byte
	key    []byte
	cross  *http.CrossOriginProtection
	secure func(*http.Request) bool
	client func(*http.Request) netip.Addr
	now    func() time.Time
	wrong  *guesses
	heard  heard
}

func newDoor(cfg Config) *door {
	return &door{
		token: sha256.Sum256([]byte(cfg.Token)), key: mac(cfg.Key, "console", cfg.Token), cross: http.NewCrossOriginProtection(),
		secure: cfg.Secure, client: cfg.Client, now: cfg.Now, wrong: &guesses{},
	}
}

// mac authenticates a text for a purpose.
func mac(key []byte, purpose, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write([]byte(text))
	return h.Sum(nil)
}

// ticket is a text that ends at a time, with a signature: END.NONCE.SIGNATURE
func ticket(key []byte, purpose string, until time.Time) string {
	text := strconv.FormatInt(until.Unix(), 10) + "." + rand.Text()
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(key, purpose, text))
}

// holds reports whether a ticket is signed and has not ended.
func holds(key []byte, purpose, t string, now time.Time) bool {
	i := strings.LastIndexByte(t, '.')
	if i < 0 {
		return false
	}
	sig, err := base64.RawURLEncoding.Strict().DecodeString(t[i+1:])
	if err != nil || !hmac.Equal(sig, mac(key, purpose, t[:i])) {
		return false
	}
	end, _, _ := strings.Cut(t, ".")
	seconds, err := strconv.ParseInt(end, 10, 64)
	return err == nil && now.Before(time.Unix(seconds, 0))
}

// nonce is the random part of a ticket.
func nonce(t string) string {
	_, rest, _ := strings.Cut(t, ".")
	text, _, _ := strings.Cut(rest, ".")
	return text
}

// opens is the cookie of an operator who is signed in; empty: nobody is.
func (d *door) opens(r *http.Request) (cookie string) {
	for _, c := range r.CookiesNamed(cookieName) {
		if holds(d.key, "cookie", c.Value, d.now()) {
			return c.Value
		}
	}
	return ""
}

// csrf is the word that forms of this cookie carry.
func (d *door) csrf(cookie string) string {
	return base64.RawURLEncoding.EncodeToString(mac(d.key, "form", cookie))
}

// isOurs reports whether a form is of a page that this visitor got.
func (d *door) isOurs(v *visit) bool {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, smallBody)
	return d.cross.Check(v.r) == nil && v.r.ParseForm() == nil && hmac.Equal([]byte(v.csrf), []byte(v.r.PostForm.Get("csrf")))
}

// give sets a cookie, or takes it.
func (d *door) give(w http.ResponseWriter, r *http.Request, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever the browser uses https
		Name: name, Value: value, Path: Path, MaxAge: max(int(age.Seconds()), -1), Secure: d.secure(r), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// formOf is the cookie of this browser's sign-in form; empty: it has none.
func (d *door) formOf(r *http.Request) string {
	for _, c := range r.CookiesNamed(formCookie) {
		if holds(d.key, "sign in", c.Value, d.now()) {
			return c.Value
		}
	}
	return ""
}

// signIn exchanges the token for a cookie. A sign-in takes the cookie of its form along: a form that is sent again, for example by
// Back on a shared machine, signs nobody in.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	d, now := c.door, c.cfg.Now()
	r.Body = http.MaxBytesReader(w, r.Body, smallBody)
	if d.cross.Check(r) != nil || r.ParseForm() != nil {
		c.showDoor(w, r, http.StatusForbidden, "This form is of another page. Nothing was done.")
		return
	}
	network := networkOf(d.client(r))
	if wait := d.wrong.take(network, now); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		c.showDoor(w, r, http.StatusTooManyRequests, "Ten were wrong within a minute. Wait a minute, then write it again.")
		return
	}
	given := sha256.Sum256([]byte(r.PostForm.Get("token")))
	if subtle.ConstantTimeCompare(given[:], d.token[:]) != 1 {
		c.cfg.Slog.Warn("console: a wrong operator token", "client", network)
		c.showDoor(w, r, http.StatusForbidden, "This is not the operator token. It is the one that the setting operator-token of this service has.")
		return
	}
	d.wrong.give(network, now)
	if form := d.formOf(r); form == "" || !hmac.Equal([]byte(d.csrf(form)), []byte(r.PostForm.Get("form"))) {
		c.showDoor(w, r, http.StatusForbidden, "This form was used, or is older than 15 minutes. Write it once more.")
		return
	}
	cookie := ticket(d.key, "cookie", now.Add(signedInFor))
	if err := c.note(r, cookie, signedIn); err != nil {
		c.away(&visit{w: w, r: r}, "sign in", err)
		return
	}
	d.give(w, r, formCookie, "", -time.Second)
	d.give(w, r, cookieName, cookie, signedInFor)
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

// sesame is the page of the sign-in.
type sesame struct{ Form, Trouble string }

func (c *Console) showDoor(w http.ResponseWriter, r *http.Request, status int, trouble string) {
	title := "Sign in"
	if trouble != "" {
		title = "Error: sign in"
	}
	form := c.door.formOf(r)
	if form == "" {
		form = ticket(c.door.key, "sign in", c.cfg.Now().Add(formFor))
		c.door.give(w, r, formCookie, form, formFor)
	}
	c.write(w, status, "door", frame{Title: title, Path: Path, CSS: Path + sheetPath(), Body: sesame{c.door.csrf(form), trouble}})
}

// What the log of events says of a sign-in.
const (
	signedIn  = "signed_in"
	signedOut = "signed_out"
)

// consoleFlow is the flow of the keys of sign-ins. No conversation has it.
const consoleFlow = "console"

// session is the key under which the log has a sign-in.
func (c *Console) session(cookie string) dialog.Key {
	return dialog.Key{Bot: c.cfg.Bot, Flow: consoleFlow, ID: nonce(cookie)}
}

// note writes what became of a sign-in into the log.
func (c *Console) note(r *http.Request, cookie, what string) error {
	return c.cfg.Record(r.Context(), dialog.Event{Kind: dialog.EventOrdered, Key: c.session(cookie).String(), Cause: what, Source: consoleFlow, At: c.cfg.Now()})
}

// ended reports whether the operator signed out, at any instance. It reads the log from where it was read for this cookie before.
func (c *Console) ended(r *http.Request, cookie string) (bool, error) {
	id, now := nonce(cookie), c.cfg.Now()
	from, out := c.door.heard.of(id)
	switch {
	case out:
		return true, nil
	case from.IsZero(), from.After(now): // the clock was set back
		from = now.Add(-signedInFor)
	}
	list, err := c.cfg.Log.Events(r.Context(), dialog.EventQuery{Key: c.session(cookie), From: from.Add(-time.Minute)}) // clocks differ a little
	if err != nil {
		return false, err
	}
	out = slices.ContainsFunc(list, func(e dialog.Event) bool { return e.Cause == signedOut })
	c.door.heard.note(id, now, out)
	return out, nil
}

// heard is what an instance knows of sign-outs. Safe for concurrent use.
type heard struct {
	mu   sync.Mutex
	seen map[string]hearing // :: id of a sign-in →
}

type hearing struct {
	at  time.Time // up to when the log was read
	out bool
}

func (h *heard) of(id string) (at time.Time, out bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[id].at, h.seen[id].out
}

// note keeps a hearing, and drops those of cookies that have ended.
func (h *heard) note(id string, at time.Time, out bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil {
		h.seen = map[string]hearing{}
	}
	for other, x := range h.seen {
		if at.Sub(x.at) > signedInFor {
			delete(h.seen, other)
		}
	}
	h.seen[id] = hearing{at, out}
}

// out signs the operator out, also where the cookie was copied to.
func (c *Console) out(v *visit) {
	if err := c.note(v.r, v.cookie, signedOut); err != nil {
		c.away(v, "sign out", err)
		return
	}
	c.door.give(v.w, v.r, cookieName, "", -time.Second)
	http.Redirect(v.w, v.r, Path, http.StatusSeeOther)
}

// networkOf is what one customer of a provider has: an address, or a /64.
func networkOf(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// guesses counts wrong sign-ins by network. Safe for concurrent use.
type guesses struct {
	mu   sync.Mutex
	seen map[string]guess
}

type guess struct {
	began time.Time
	n     int
}

const guessersMost = 10_000

// take counts a sign-in before it is judged, so that none of many at once is free. wait is how long the network has to wait.
func (g *guesses) take(network string, now time.Time) (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	x := g.seen[network]
	if now.Sub(x.began) >= time.Minute {
		x = guess{began: now}
	}
	if x.n >= wrongMost {
		return x.began.Add(time.Minute).Sub(now)
	}
	if x.n++; len(g.seen) >= guessersMost || g.seen == nil {
		g.forget(now)
	}
	g.seen[network] = x
	return 0
}

// forget drops those whose minute is over. Where so many networks guess within a minute, it drops all.
func (g *guesses) forget(now time.Time) {
	for network, x := range g.seen {
		if now.Sub(x.began) >= time.Minute {
			delete(g.seen, network)
		}
	}
	if len(g.seen) >= guessersMost || g.seen == nil {
		g.seen = map[string]guess{}
	}
}

// give takes back the count of a sign-in that was right.
func (g *guesses) give(network string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if x := g.seen[network]; x.n > 0 && now.Sub(x.began) < time.Minute {
		x.n--
		g.seen[network] = x
	}
}
