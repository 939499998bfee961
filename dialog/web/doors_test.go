package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Posts from other sites are rejected, and nothing is stored.
func TestForgedPosts(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	good := b.page.with("text", "Bob")
	token := good.Get("csrf")
	other := w.visit()
	other.get("/")
	before := w.rows()

	for name, c := range map[string]struct {
		token   string
		head    map[string]string
		stateOf int
	}{
		"no token":                     {"", nil, 403},
		"a wrong token":                {"AAAAAAAAAAAAAAAAAAAAAA", nil, 403},
		"the token cut":                {token[:20], nil, 403},
		"another's token":              {other.page.form.Get("csrf"), nil, 403},
		"cross-site":                   {token, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"same-site":                    {token, map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"foreign origin":               {token, map[string]string{"Origin": "https://evil.example"}, 403},
		"null origin, no token":        {"", map[string]string{"Origin": "null"}, 403},
		"null origin, another's token": {other.page.form.Get("csrf"), map[string]string{"Origin": "null"}, 403},
		"cross-site with null origin":  {token, map[string]string{"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403},
		"cross-site, no token":         {"", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"typed address, no token":      {"", map[string]string{"Sec-Fetch-Site": "none"}, 403},
		"own page, another's token":    {other.page.form.Get("csrf"), map[string]string{"Sec-Fetch-Site": "same-origin"}, 409},
		"own origin, another's token":  {other.page.form.Get("csrf"), map[string]string{"Origin": w.srv.URL}, 409},
		"own page, token of old times": {"", map[string]string{"Sec-Fetch-Site": "same-origin"}, 409},
	} {
		b.head = http.Header{}
		for k, v := range c.head {
			b.head.Set(k, v)
		}
		form := url.Values{}
		for k, v := range good {
			form[k] = v
		}
		form.Set("csrf", c.token)
		form.Set("text", "Mallory & co")
		s := b.post(form)
		if s.status != c.stateOf {
			t.Errorf("%s: %d, want %d", name, s.status, c.stateOf)
		}
		if quoted := strings.Contains(s.body, "Mallory &amp; co"); quoted != (c.stateOf == 409) {
			t.Errorf("%s: quoted %v", name, quoted)
		}
		if c.stateOf == 409 && s.step != "who" {
			t.Errorf("%s: shows %q, not the current card", name, s.step)
		}
		if got := w.rows(); got != before {
			t.Fatalf("%s changed something:\n%s", name, got)
		}
	}
	// a plain client needs only the right token, with or without browser headers
	b.head = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {w.srv.URL}}
	if s := b.post(good); s.status != 303 {
		t.Errorf("the right form: %d", s.status)
	}
	// without the cookie the token belongs to no visitor
	if s := w.visit().post(good); s.status != 403 {
		t.Errorf("token without cookie: %d", s.status)
	}
}

func TestCookie(t *testing.T) {
	w := newWorld(t)
	b := w.visit()
	s := b.get("/")
	c := s.header.Get("Set-Cookie")
	if !strings.HasPrefix(c, "shop=") || strings.Contains(c, "Secure") { // over plain http some clients drop a Secure cookie
		t.Errorf("cookie on plain http: %q", c)
	}
	if s = b.get("/"); s.header.Get("Set-Cookie") != "" {
		t.Error("a known visitor got another cookie")
	}
	b.open()
	value := regexp.MustCompile(`^shop=([^;]+)`).FindStringSubmatch(c)[1]
	id, sig, _ := strings.Cut(value, ".")
	other := "A" // a first letter that this random signature does not have
	if sig[:1] == other {
		other = "B"
	}
	for _, forged := range []string{id, id + ".", "." + sig, id + "." + other + sig[1:], strings.Repeat("0", 24) + "." + sig, id + "." + sig + "A", value + "." + sig} {
		f := w.visit()
		f.head.Set("Cookie", "shop="+forged)
		if s := f.get("/"); s.step != "" || s.header.Get("Set-Cookie") == "" {
			t.Errorf("cookie %q opened %q", forged, s.step)
		}
	}
	// a cookie of an older version is accepted and renewed
	old := w.visit()
	old.head.Set("Cookie", "__Host-shop="+value)
	if s := old.get("/"); s.step != "who" || !strings.HasPrefix(s.header.Get("Set-Cookie"), "shop="+value) {
		t.Errorf("a cookie of an older version: at %q, %q", s.step, s.header.Get("Set-Cookie"))
	}
	// over https the cookie has the prefix __Host-
	req := httptest.NewRequest(http.MethodGet, "https://shop.example/", nil)
	rec := httptest.NewRecorder()
	w.site.ServeHTTP(rec, req)
	c = rec.Header().Get("Set-Cookie")
	for _, want := range []string{"__Host-shop=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age="} {
		if !strings.Contains(c, want) {
			t.Errorf("cookie %q has no %s", c, want)
		}
	}
}

func TestKeyRotation(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	old := b.page
	rotated, err := New(Config{Engine: w.engine, Key: bytes.Repeat([]byte("n"), 32), OldKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	w.srv.Config.Handler = rotated
	if s := b.get("/"); s.step != "who" || s.header.Get("Set-Cookie") == "" {
		t.Error("a cookie of the old key is not renewed")
	}
	if s := b.follow(b.post(old.with("text", "Bob"))); s.step != "count" {
		t.Fatalf("the old cookie and token opened %q", s.step)
	}
	third, err := New(Config{Engine: w.engine, Key: bytes.Repeat([]byte("n"), 32)})
	if err != nil {
		t.Fatal(err)
	}
	w.srv.Config.Handler = third
	if s := b.get("/"); s.step != "count" {
		t.Error("the cookie was not renewed")
	}
	if _, err := New(Config{Engine: w.engine, Key: []byte("short")}); err == nil {
		t.Error("a short key was accepted")
	}
}

func TestRateLimit(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	w := newWorld(t, func(c *Config) { c.RateLimit, c.Now = 1, func() time.Time { return clock } })
	b := w.visit()
	b.get("/")
	b.post(b.page.with("action", "create"))
	b.get("/")
	for range 5 {
		b.post(b.page.with("text", "x"))
		b.want(422, "who")
	}
	before := w.rows()
	form := b.page.with("text", "Bob the \"Builder\"")
	b.post(form)
	b.want(429, "who", `value="Bob the &#34;Builder&#34;"`, "Try now")
	if b.page.header.Get("Retry-After") != "1" || b.page.form.Get("input_id") != form.Get("input_id") {
		t.Error("no way to try again with the same input")
	}
	if w.rows() != before {
		t.Error("it changed something")
	}
	if c := w.visit(); c.open().page.status != 200 {
		t.Error("another visitor is held up")
	}
	clock = clock.Add(time.Second)
	if s := b.post(form); s.status != 303 {
		t.Errorf("a second later: %d", s.status)
	}
}

func TestHosts(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.PublicURL, c.Hosts = "https://pay.example", []string{"bot.lan"} })
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:8080": 200, "localhost:1": 200, "[::1]:99": 200, "pay.example": 200, "PAY.example:443": 200, "bot.lan": 200,
		"evil.example": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "pay.example.evil.example": 421,
	} {
		b := w.visit()
		b.head["Host"] = []string{host}
		req, _ := http.NewRequest(http.MethodGet, w.srv.URL+"/", nil)
		if s := b.do(req); s.status != want {
			t.Errorf("host %q: %d, want %d", host, s.status, want)
		}
	}
	if got := ask(w.site, "203.0.113.1:1"); got != 200 {
		t.Errorf("not on loopback: %d", got)
	}
	// behind a proxy with its own Host, the browser sends the public origin
	b := w.visit().open()
	b.head.Set("Origin", "https://pay.example")
	if s := b.post(b.page.with("text", "Bob")); s.status != 303 {
		t.Errorf("public origin: %d", s.status)
	}
}

func TestHeadersAndMethods(t *testing.T) {
	w := newWorld(t)
	b := w.visit()
	s := b.get("/")
	for k, want := range map[string]string{
		"Content-Security-Policy": policy, "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8", "Content-Encoding": "",
	} {
		if got := s.header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	for _, bad := range []string{"<script", " style=", " onclick", "http://", "javascript:"} {
		if strings.Contains(scriptless(s.body), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, c := range []struct {
		method, path string
		want         int
	}{{"HEAD", "/", 200}, {"PUT", "/", 405}, {"DELETE", "/", 405}, {"HEAD", "/events", 405}, {"POST", "/events", 405}, {"GET", "/help", 200}, {"POST", "/help", 405}, {"POST", "/assets/x", 404}, {"GET", "/assets/../site.go", 404}, {"GET", "//", 404}} {
		req, err := http.NewRequest(c.method, w.srv.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s := b.do(req); s.status != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, s.status, c.want)
		}
	}
	if got := w.rows(); got != "" {
		t.Errorf("something was stored:\n%s", got)
	}
}

// A slash at the end of a page's path leads to the page.
func TestSlashAtTheEnd(t *testing.T) {
	w := newWorld(t)
	site := w.srv.Config.Handler
	for path, want := range map[string]string{
		"/help/": "/help", "/list/": "/list", "/list//": "/list", "/help/?a=b": "/help?a=b", "/": "", "//": "", "/nope/": "", "/assets/": "", "//list.example/": "",
	} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			r, a := httptest.NewRequest(method, path, nil), httptest.NewRecorder()
			r.Host = w.srv.Listener.Addr().String()
			site.ServeHTTP(a, r)
			got := a.Header().Get("Location")
			if moved := want != "" && method != "POST"; moved != (a.Code == http.StatusMovedPermanently) || moved && got != want {
				t.Errorf("%s %s: %d, to %q; want %q", method, path, a.Code, got, want)
			}
		}
	}
}

func TestAssets(t *testing.T) {
	w := newWorld(t)
	b := w.visit()
	paths := regexp.MustCompile(`/assets/[a-z]+\.[0-9a-f]{12}\.[a-z]+`).FindAllString(b.get("/").body, -1)
	if len(paths) != 3 {
		t.Fatalf("assets %q", paths)
	}
	total := 0
	for _, p := range paths {
		b.head.Set("Accept-Encoding", "gzip")
		s := b.get(p)
		if s.status != 200 || !strings.Contains(s.header.Get("Cache-Control"), "immutable") || s.header.Get("Content-Encoding") != "gzip" || s.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", p, s.status, s.header)
		}
		z, err := gzip.NewReader(strings.NewReader(s.body))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		total += len(s.body)
		b.head.Set("Accept-Encoding", "identity")
		if s := b.get(p); s.body != string(plain) {
			t.Errorf("%s differs when compressed", p)
		}
	}
	if total > 20<<10 {
		t.Errorf("%d bytes of assets", total)
	}
}

// scriptless is a page without its own script, which is a file.
func scriptless(page string) string {
	return regexp.MustCompile(`<script defer src="/assets/page\.[0-9a-f]{12}\.js"[^<>]*></script>`).ReplaceAllString(page, "")
}

// Text of people is escaped everywhere.
func TestEscaping(t *testing.T) {
	w := newWorld(t)
	nasty := "\u2068</bdi></dd><script>alert(1)</script>\" onfocus=\"x\u2069 <img src=x onerror=y>"
	b := w.visit().open()
	b.say(nasty[:60])
	b.post(b.page.with("text", nasty))
	for _, bad := range []string{"<script", "<img", `" onfocus="`} {
		if strings.Contains(scriptless(b.page.body), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	b.get("/")
	b.post(b.page.with("draft", nasty, "action", nasty, "input_id", nasty[:40], "revision", nasty))
	if strings.Contains(scriptless(b.page.body), "<script") {
		t.Error("the page has a script of a visitor")
	}
}

func TestRun(t *testing.T) {
	store := dialog.NewMemory()
	e, err := dialog.New(store, dialog.Config{}, orderForm())
	if err != nil {
		t.Fatal(err)
	}
	one, err := Key(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	if two, _ := Key(context.Background(), e); !bytes.Equal(one, two) || len(one) != 32 {
		t.Error("the key is not kept")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, e, addr, func(c *Config) { c.Name = "Pizza of the house" }) }()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if res, err := http.Get("http://" + addr + "/"); err == nil {
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("Pizza of the house")) {
				t.Errorf("status %d, without the name that was set: %s", res.StatusCode, body)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("it does not answer")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	if err := Run(context.Background(), e, "nowhere"); err == nil {
		t.Error("a bad address was accepted")
	}
	s := Server(http.NotFoundHandler())
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 {
		t.Error("the server has no timeout for slow clients")
	}
}
