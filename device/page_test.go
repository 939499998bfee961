package device_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/device"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/dialog/web"
	"github.com/lockbay/lockbay/internal/testdb"
	"github.com/lockbay/lockbay/texts"
)

// onPage are the devices as a page has them.
type onPage struct{ *device.Registry }

func (p onPage) of(d device.Device) web.Device {
	return web.Device{ID: d.ID, Key: p.Key(d.ID), Owner: d.Owner, Name: d.Name, First: d.First, User: d.User, Since: time.UnixMilli(d.Since), Seen: d.Seen}
}

func (p onPage) Device(ctx context.Context, proof string) (web.Device, bool, error) {
	d, ok, err := p.Registry.Device(ctx, proof)
	return p.of(d), ok, err
}

func (p onPage) Offered(ctx context.Context, token string) (web.Device, bool, error) {
	d, ok, err := p.Registry.Offered(ctx, token)
	return p.of(d), ok, err
}

func (p onPage) List(ctx context.Context, owner string) (list []web.Device, err error) {
	all, _, err := p.Registry.List(ctx, owner)
	for _, d := range all {
		list = append(list, p.of(d))
	}
	return list, err
}

func (p onPage) SignOut(ctx context.Context, owner, which, keep string) error {
	return p.Registry.SignOut(ctx, owner, which, keep, 0)
}

// page serves the page of an instance.
func (k *rig) page(x *instance) http.Handler {
	k.Helper()
	site, err := web.New(web.Config{Engine: x.Engine, Key: key, Name: "LockBay", PublicURL: public, Words: texts.Words, Flow: "deal", Devices: onPage{x.Registry}, Log: slog.New(slog.DiscardHandler), Now: k.now})
	if err != nil {
		k.Fatal(err)
	}
	return site
}

// browser is a plain client of a page, with cookies.
type browser struct {
	k       *rig
	page    http.Handler
	cookies map[string]string
	head    map[string]string
	from    string // its address
	form    url.Values
	status  int
	to      string // Location
	header  http.Header
	body    string
}

func (k *rig) browser(page http.Handler) *browser {
	return &browser{k: k, page: page, cookies: map[string]string{}, from: "127.0.0.1:4000",
		head: map[string]string{"Sec-Fetch-Site": "same-origin", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}}
}

var field = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

func (b *browser) do(method, path string, form url.Values) *browser {
	b.k.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(b.k.Context(), method, public+path, body)
	r.TLS, r.RemoteAddr = nil, b.from
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.head {
		r.Header.Set(name, value)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.page.ServeHTTP(w, r)
	res := w.Result()
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			b.k.Errorf("cookie %v", c)
		}
		b.cookies[c.Name] = c.Value
	}
	b.status, b.to, b.header, b.body = res.StatusCode, res.Header.Get("Location"), res.Header, w.Body.String()
	if b.form = (url.Values{}); b.status == http.StatusOK || b.status == http.StatusServiceUnavailable {
		for _, m := range field.FindAllStringSubmatch(b.body, -1) {
			b.form.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	return b
}

func (b *browser) get(path string) *browser { b.k.Helper(); return b.do(http.MethodGet, path, nil) }

// press sends the form of the page with a button.
func (b *browser) press(path, action string) *browser {
	b.k.Helper()
	form := url.Values{"action": {action}}
	for name, value := range b.form {
		form[name] = value
	}
	return b.do(http.MethodPost, path, form)
}

// enter signs in by a link.
func (b *browser) enter(token string) *browser {
	b.k.Helper()
	b.get("/in/" + token)
	return b.press("/in/"+token, "in")
}

const cookie = "__Host-bot-device"

// isIn reports whether the page lists devices, which it does for whoever is signed in.
func (b *browser) isIn() bool {
	b.k.Helper()
	b.get("/devices")
	return b.status == http.StatusOK && strings.Contains(b.body, `value="out:all"`)
}

// An open page hears that its person was signed out, at this instance or another.
func TestPageHearsThatItIsSignedOut(t *testing.T) {
	k := begin(t)
	b := k.browser(k.page(k.one)).enter(k.ask())
	id, _, _ := strings.Cut(b.cookies[cookie], ".")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, public+"/events", nil)
	r.TLS, r.RemoteAddr = nil, b.from
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w, over := httptest.NewRecorder(), make(chan struct{})
	go func() { b.page.ServeHTTP(w, r); close(over) }()
	for k.one.Engine.Watchers() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := (onPage{k.one.Registry}).SignOut(t.Context(), owner, id, ""); err != nil {
		t.Fatal(err)
	}
	<-over
	if !strings.HasSuffix(w.Body.String(), "event: bye\ndata:\n\n") {
		t.Errorf("the stream said %q", w.Body.String())
	}
}

// The whole way, on each store, with two instances: from the chat to the browser, on with the draft, and out again.
func TestPage(t *testing.T) {
	for name, open := range map[string]func() dialog.Store{
		"memory": func() dialog.Store { return dialog.NewMemory() },
		"sqlite": func() dialog.Store {
			st, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "lockbay.db"))
			if err != nil {
				t.Fatal(err)
			}
			return st
		},
		"postgres": func() dialog.Store {
			st, err := pgstore.Open(t.Context(), testdb.Postgres(t))
			if err != nil {
				t.Fatal(err)
			}
			return st
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := begin(t)
			k.store = open()
			k.at.Store(time.Now().UnixNano())
			t.Cleanup(func() { _ = k.store.Close() })
			k.one = k.instance("b")
			other := k.instance("c")
			k.say("/create")
			k.say("@boris_k")
			token := k.ask()
			b := k.browser(k.page(k.one))
			b.get("/")
			visitor := b.cookies["__Host-bot"]
			b.get("/in/" + token)
			for _, want := range []string{"Go on as <bdi>Anna</bdi> in this browser?", "@anna_b", "Firefox on Linux"} {
				if !strings.Contains(b.body, want) {
					t.Errorf("no %q on\n%s", want, b.body)
				}
			}
			if strings.Contains(b.body, "<a ") || strings.Contains(b.body, "<script") || b.header.Get("Referrer-Policy") != "no-referrer" || b.header.Get("X-Robots-Tag") != "noindex" {
				t.Errorf("the page leads on: %v\n%s", b.header, b.body)
			}
			if b.press("/in/"+token, "in"); b.status != http.StatusSeeOther || b.to != "/" || b.cookies[cookie] == "" {
				t.Fatalf("%d to %q, cookies %v", b.status, b.to, b.cookies)
			}
			there := k.browser(k.page(other)) // the same browser, at another instance
			there.cookies = b.cookies
			if b.get("/"); !strings.Contains(b.body, "boris_k") {
				t.Errorf("the draft is not there:\n%s", b.body)
			}
			b.form.Set("text", "1250 EUR")
			if b.press("/", ""); b.status != http.StatusSeeOther {
				t.Errorf("an answer got %d", b.status)
			}
			if r, _, err := k.one.Hydrate(t.Context(), dialog.Key{Bot: "bot", Flow: "escrow", ID: owner}); err != nil || !strings.Contains(string(r.Answers), "125000") {
				t.Errorf("the person's draft has %s, %v", r.Answers, err)
			}
			if !there.isIn() {
				t.Error("another instance does not know the browser")
			}
			second := k.browser(k.page(other)).enter(k.ask())
			if !second.isIn() {
				t.Fatal("a second browser is not in")
			}
			if b.isIn(); b.press("/devices", "out:others").to != "/devices" || second.isIn() || !b.isIn() {
				t.Error("the others are still in, or this one is not")
			}
			stolen := b.cookies[cookie]
			if b.press("/devices", "out:all"); b.to != "/" || b.cookies[cookie] != "" {
				t.Errorf("to %q, cookies %v", b.to, b.cookies)
			}
			there.cookies = map[string]string{cookie: stolen}
			if there.get("/"); strings.Contains(there.body, "boris_k") || !strings.Contains(there.body, "This browser is signed out") || there.cookies[cookie] != "" {
				t.Errorf("after the sign-out another instance shows\n%s", there.body)
			}
			if b.get("/"); b.cookies["__Host-bot"] != visitor || strings.Contains(b.body, "boris_k") {
				t.Error("the anonymous visitor is another one now")
			}
		})
	}
}

// Each way to be let in that is none: afterwards nobody is signed in.
func TestLetIn(t *testing.T) {
	for name, attack := range map[string]func(k *rig, b *browser, token string){
		"HEAD and 50 GETs, no post": func(_ *rig, b *browser, token string) {
			for range 50 {
				b.get("/in/" + token)
				b.do(http.MethodHead, "/in/"+token, nil)
			}
		},
		"no": func(_ *rig, b *browser, token string) { b.get("/in/"+token).press("/in/"+token, "no") },
		"no mark": func(_ *rig, b *browser, token string) {
			b.get("/in/" + token)
			b.form.Del("csrf")
			b.press("/in/"+token, "in")
		},
		"the mark of another visitor": func(k *rig, b *browser, token string) {
			x := k.browser(b.page).get("/in/" + token)
			b.get("/in/" + token)
			b.form = x.form
			b.press("/in/"+token, "in")
		},
		"from another site": func(_ *rig, b *browser, token string) {
			b.get("/in/" + token)
			b.head["Sec-Fetch-Site"], b.head["Origin"] = "cross-site", "https://evil.example"
			b.press("/in/"+token, "in")
		},
		"without cookies": func(_ *rig, b *browser, token string) {
			b.get("/in/" + token)
			b.cookies = map[string]string{}
			b.press("/in/"+token, "in")
		},
		"used": func(k *rig, b *browser, token string) {
			if !k.browser(b.page).enter(token).isIn() {
				k.Error("the first one is not in")
			}
			b.enter(token)
		},
		"used, with the form of before": func(k *rig, b *browser, token string) {
			b.get("/in/" + token)
			k.browser(b.page).enter(token)
			b.press("/in/"+token, "in")
		},
		"the form of the one who used it": func(k *rig, b *browser, token string) {
			x := k.browser(b.page).get("/in/" + token)
			form := x.form
			x.press("/in/"+token, "in")
			b.get("/")
			b.form = form
			b.press("/in/"+token, "in")
		},
		"expired": func(k *rig, b *browser, token string) {
			b.get("/in/" + token)
			k.pass(device.OfferedFor)
			b.press("/in/"+token, "in")
		},
		"after all": func(k *rig, b *browser, token string) {
			b.get("/in/" + token)
			k.tap("out:all")
			k.until("the link is dropped", func() bool { return !k.offered(token) })
			b.press("/in/"+token, "in")
		},
		"guessed link":   func(_ *rig, b *browser, token string) { b.enter(flip(token)) },
		"a path":         func(_ *rig, b *browser, token string) { b.enter(token + "/..") },
		"GET with in":    func(_ *rig, b *browser, token string) { b.get("/in/" + token + "?action=in&input_id=1") },
		"guessed cookie": func(_ *rig, b *browser, token string) { b.cookies[cookie] = token + "." + token },
		"the device of another person, posted": func(k *rig, b *browser, token string) {
			b.get("/")
			b.form.Set("draft", k.rows()[0].Key.ID)
			b.press("/", "in:"+token+"."+device.HashOf("mine"))
		},
		"a cookie set before the sign-in": func(k *rig, b *browser, token string) {
			b.cookies[cookie] = k.rows()[0].Key.ID + "." + token
			fixed := b.cookies[cookie]
			x := k.browser(b.page)
			x.cookies[cookie] = fixed
			if !x.enter(token).isIn() || x.cookies[cookie] == fixed {
				k.Errorf("signed in with the cookie %q", x.cookies[cookie])
			}
			b.cookies[cookie] = fixed
		},
		"a page shown again after the sign-out": func(k *rig, b *browser, token string) {
			x := k.browser(b.page).enter(token).get("/devices")
			b.cookies, b.form = x.cookies, x.form
			k.tap("out:all")
			k.until("it is out", func() bool { return len(k.rows()) == 0 })
			b.press("/devices", "out:others")
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := begin(t)
			token := k.ask()
			b := k.browser(k.page(k.one))
			attack(k, b, token)
			if b.isIn() {
				t.Error("signed in")
			}
		})
	}
}

// Only the person's own browser signs out, and only by a form of its page.
func TestLetOut(t *testing.T) {
	k := begin(t)
	page := k.page(k.one)
	b := k.browser(page).enter(k.ask())
	id, _, _ := strings.Cut(b.cookies[cookie], ".")
	stranger := k.browser(page)
	k.send(k.one, k.input("tg:2", "/web"))
	if !stranger.enter(k.link(k.one, "tg:2")).get("/devices").press("/devices", "out:"+id).isIn() || !b.isIn() {
		t.Error("a stranger signed somebody out")
	}
	b.form.Del("csrf")
	if b.press("/devices", "out:all"); !b.isIn() {
		t.Error("without the mark")
	}
	b.head["Sec-Fetch-Site"], b.head["Origin"] = "cross-site", "https://evil.example"
	if b.press("/devices", "out:all"); b.status != http.StatusForbidden {
		t.Errorf("another site got %d", b.status)
	}
	b.head = map[string]string{}
	if !b.isIn() {
		t.Error("another site signed somebody out")
	}
}

// Of two posts at once one is signed in. The same post again, as after a lost answer, gets the same cookie.
func TestPostsAtOnce(t *testing.T) {
	k := begin(t)
	page, token := k.page(k.one), k.ask()
	var in atomic.Int64
	var both sync.WaitGroup
	for range 2 {
		b := k.browser(page).get("/in/" + token)
		both.Go(func() {
			if b.press("/in/"+token, "in"); b.cookies[cookie] != "" {
				in.Add(1)
			}
		})
	}
	if both.Wait(); in.Load() != 1 {
		t.Errorf("%d are signed in", in.Load())
	}
	token = k.ask()
	b := k.browser(page).get("/in/" + token)
	form := b.form
	b.press("/in/"+token, "in")
	first := b.cookies[cookie]
	delete(b.cookies, cookie) // the answer was lost
	b.form = form
	if b.press("/in/"+token, "in"); b.cookies[cookie] != first || first == "" {
		t.Errorf("cookie %q, then %q (%d)", first, b.cookies[cookie], b.status)
	}
}

// A network and a person try ten sign-ins in ten minutes.
func TestSignInsAreBounded(t *testing.T) {
	k := begin(t)
	page, token := k.page(k.one), k.ask()
	b := k.browser(page).get("/in/" + token)
	b.from = "203.0.113.7:4000"
	for i := range 11 {
		b.get("/in/"+token).press("/in/"+flip(token), "in")
		if want := map[bool]int{false: http.StatusNotFound, true: http.StatusTooManyRequests}[i == 10]; b.status != want {
			t.Errorf("try %d got %d", i, b.status)
		}
	}
	if b.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if b.from = "198.51.100.7:4000"; !b.enter(token).isIn() {
		t.Error("another network cannot sign in")
	}
}

// While the store is away nobody is signed out, and no card is shown to whom nobody knows.
func TestPageWhileAway(t *testing.T) {
	k := begin(t)
	k.say("/create")
	k.say("@boris_k")
	b := k.browser(k.page(k.one)).enter(k.ask()).get("/")
	proof, form := b.cookies[cookie], b.form
	if err := k.memory.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/list", "/devices"} {
		if b.get(path); b.status != http.StatusServiceUnavailable || b.cookies[cookie] != proof || strings.Contains(b.body, "boris_k") {
			t.Errorf("%s: %d, cookie %q\n%s", path, b.status, b.cookies[cookie], b.body)
		}
	}
	b.form = form
	b.form.Set("text", "1250 EUR")
	if b.press("/", ""); b.status != http.StatusServiceUnavailable || !strings.Contains(b.body, "1250 EUR") || b.form.Get("input_id") != form.Get("input_id") || strings.Contains(b.body, "boris_k") {
		t.Errorf("%d\n%s", b.status, b.body)
	}
	b.form.Del("csrf")
	if b.press("/", ""); b.status != http.StatusServiceUnavailable || strings.Contains(b.body, "1250 EUR") {
		t.Errorf("without the mark: %d\n%s", b.status, b.body)
	}
}

// A browser that signs in anew has one device.
func TestSignInAnew(t *testing.T) {
	k := begin(t)
	b := k.browser(k.page(k.one)).enter(k.ask())
	first := b.cookies[cookie]
	b.enter(k.ask())
	if !b.isIn() || b.cookies[cookie] == first || k.isIn(k.one, first) || len(k.rows()) != 1 {
		t.Errorf("cookie %q after %q, %d rows", b.cookies[cookie], first, len(k.rows()))
	}
}

// A person's data goes with the person: the browser is signed out.
func TestForget(t *testing.T) {
	k := begin(t)
	b := k.browser(k.page(k.one)).enter(k.ask())
	k.ask()
	if _, err := k.one.ForgetPerson(t.Context(), owner); err != nil || len(k.rows()) != 0 || b.isIn() {
		t.Errorf("%v, %s", err, fmt.Sprint(k.rows()))
	}
}
