package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	signedInFor = 12 * time.Hour
	formFor     = 15 * time.Minute // the sign-in form
	wrongMost   = 10               // sign-ins of an address in a minute that are wrong
	cookieName  = "lockbay-console"
	smallBody   = 8 << 10
)

// door lets operators in. Its cookies are signed with the token, so that another token ends them all.
type door struct {
	token  [sha256.Size]byte
	key    []byte // of cookies and forms
	once   []byte // of sign-in forms, of this process
	cross  *http.CrossOriginProtection
	secure func(*http.Request) bool
	client func(*http.Request) netip.Addr
	now    func() time.Time
	wrong  *guesses
	used   *spent // sign-in forms
	ended  *spent // cookies that were signed out
}

func newDoor(cfg Config) *door {
	once := make([]byte, 32)
	_, _ = rand.Read(once) // never fails, see crypto/rand
	return &door{
		token: sha256.Sum256([]byte(cfg.Token)), key: mac(cfg.Key, "console", cfg.Token), once: once, cross: http.NewCrossOriginProtection(),
		secure: cfg.Secure, client: cfg.Client, now: cfg.Now, wrong: &guesses{}, used: &spent{}, ended: &spent{},
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

// holds reports whether a ticket is signed, and until when.
func holds(key []byte, purpose, t string, now time.Time) (until time.Time, ok bool) {
	i := strings.LastIndexByte(t, '.')
	if i < 0 {
		return until, false
	}
	sig, err := base64.RawURLEncoding.Strict().DecodeString(t[i+1:])
	if err != nil || !hmac.Equal(sig, mac(key, purpose, t[:i])) {
		return until, false
	}
	end, _, _ := strings.Cut(t, ".")
	seconds, err := strconv.ParseInt(end, 10, 64)
	until = time.Unix(seconds, 0)
	return until, err == nil && now.Before(until)
}

// opens reports whether a request is of an operator who is signed in, and by which cookie.
func (d *door) opens(r *http.Request) (cookie string, ok bool) {
	for _, c := range r.CookiesNamed(cookieName) {
		if _, ok := holds(d.key, "cookie", c.Value, d.now()); ok && !d.ended.has(c.Value, d.now()) {
			return c.Value, true
		}
	}
	return "", false
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

// give sets the cookie, or takes it.
func (d *door) give(w http.ResponseWriter, r *http.Request, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever the browser uses https
		Name: cookieName, Value: value, Path: Path, MaxAge: max(int(age.Seconds()), -1), Secure: d.secure(r), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// form is a new sign-in form's own word. It counts once.
func (d *door) form() string { return ticket(d.once, "sign in", d.now().Add(formFor)) }

// signIn exchanges the token for a cookie. A form that is sent again, for example by Back on a shared machine, signs nobody in.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request) {
	d, now := c.door, c.cfg.Now()
	r.Body = http.MaxBytesReader(w, r.Body, smallBody)
	if d.cross.Check(r) != nil || r.ParseForm() != nil {
		c.showDoor(w, http.StatusForbidden, "This form is of another page. Nothing was done.")
		return
	}
	network := networkOf(d.client(r))
	if wait := d.wrong.take(network, now); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		c.showDoor(w, http.StatusTooManyRequests, "Ten were wrong within a minute. Wait a minute, then write it again.")
		return
	}
	given := sha256.Sum256([]byte(r.PostForm.Get("token")))
	if subtle.ConstantTimeCompare(given[:], d.token[:]) != 1 {
		c.cfg.Slog.Warn("console: a wrong operator token", "client", network)
		c.showDoor(w, http.StatusForbidden, "That is another text than the setting operator-token.")
		return
	}
	d.wrong.give(network, now)
	form := r.PostForm.Get("form")
	until, ok := holds(d.once, "sign in", form, now)
	if !ok || !d.used.spend(form, until, now) {
		c.showDoor(w, http.StatusForbidden, "This form was used, or is older than 15 minutes. Write it once more.")
		return
	}
	d.give(w, r, ticket(d.key, "cookie", now.Add(signedInFor)), signedInFor)
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

// sesame is the page of the sign-in.
type sesame struct{ Form, Trouble string }

func (c *Console) showDoor(w http.ResponseWriter, status int, trouble string) {
	title := "Sign in"
	if trouble != "" {
		title = "Error: sign in"
	}
	c.write(w, status, "door", frame{Title: title, Path: Path, CSS: Path + sheetPath(), Body: sesame{c.door.form(), trouble}})
}

// out signs the operator out, in this instance also where the cookie was copied.
func (c *Console) out(v *visit) {
	if cookie, ok := c.door.opens(v.r); ok {
		until, _ := holds(c.door.key, "cookie", cookie, c.cfg.Now())
		c.door.ended.spend(cookie, until, c.cfg.Now())
	}
	c.door.give(v.w, v.r, "", -time.Second)
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

// spent are tickets that count no more. Safe for concurrent use.
type spent struct {
	mu   sync.Mutex
	till map[string]time.Time // :: ticket → its end
}

// spend spends a ticket, and reports whether this was the first time.
func (s *spent) spend(ticket string, until, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.till == nil {
		s.till = map[string]time.Time{}
	}
	for t, end := range s.till {
		if !now.Before(end) {
			delete(s.till, t)
		}
	}
	_, was := s.till[ticket]
	s.till[ticket] = until
	return !was
}

func (s *spent) has(ticket string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, was := s.till[ticket]
	return was && now.Before(until)
}
