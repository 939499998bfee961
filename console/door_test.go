package console_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
)

const cookieName = "lockbay-console"

// cookie is the browser's cookie of the sign-in; nil: it has none.
func (o *operator) cookie() *http.Cookie {
	u, _ := url.Parse(o.w.srv.URL + "/console")
	for _, c := range o.client.Jar.Cookies(u) {
		if c.Name == cookieName {
			return c
		}
	}
	return nil
}

// with is another browser that has this cookie.
func (w *world) with(value string) *operator {
	w.Helper()
	o := w.operator()
	u, _ := url.Parse(w.srv.URL + "/console")
	o.client.Jar.SetCookies(u, []*http.Cookie{{Name: cookieName, Value: value, Path: "/console"}})
	return o
}

// TestForgedCookies: no cookie but the one that was given opens anything.
func TestForgedCookies(t *testing.T) {
	w := newWorld(t)
	o := w.operator().signIn()
	given := o.cookie().Value
	if !w.with(given).isIn() {
		t.Fatal("the cookie itself opens nothing")
	}
	parts := strings.Split(given, ".")
	later := "9999999999." + parts[1] + "." + parts[2]
	other := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for name, value := range map[string]string{
		"none": "", "a text": "x", "points": "..", "unsigned": parts[0] + "." + parts[1], "without a signature": parts[0] + "." + parts[1] + ".", "later": later,
		"another nonce": parts[0] + ".AAAA." + parts[2], "another signature": parts[0] + "." + parts[1] + "." + other, "longer": given + "A", "padded": given + "=",
		"the form's": o.form(),
	} {
		if w.with(value).isIn() {
			t.Errorf("%s: %q opens the console", name, value)
		}
	}
	for i := range given { // each character matters
		wrong := []byte(given)
		if wrong[i]++; wrong[i] == ';' || wrong[i] == '"' || wrong[i] == '\\' {
			wrong[i] = 'A'
		}
		if w.with(string(wrong)).isIn() {
			t.Errorf("character %d may be another one", i)
		}
	}
}

// form is the cookie of a new sign-in form.
func (o *operator) form() string {
	o.w.Helper()
	fresh := o.w.operator().get("/console")
	u, _ := url.Parse(o.w.srv.URL + "/console")
	for _, c := range fresh.client.Jar.Cookies(u) {
		if c.Name == cookieName+"-form" {
			return c.Value
		}
	}
	o.w.Fatal("no cookie of a form")
	return ""
}

// TestCookieEnds: after 12 hours, with another token or another database, and with a sign-out at any instance, a cookie opens nothing.
func TestCookieEnds(t *testing.T) {
	w := newWorld(t)
	o := w.operator().signIn()
	given := o.cookie().Value
	same := newWorld(t, func(c *console.Config) { c.Log, c.Record = w.memory, recordIn(w.memory) })
	for name, change := range map[string]func(*console.Config){
		"another token": func(c *console.Config) { c.Token += "." }, "another database": func(c *console.Config) { c.Key = []byte(strings.Repeat("k", 32)) },
	} {
		if newWorld(t, change).with(given).isIn() {
			t.Errorf("%s: the cookie is good", name)
		}
	}
	w.advance(12*time.Hour - 2*time.Second)
	if !o.isIn() {
		t.Error("it ended before 12 hours")
	}
	w.advance(2 * time.Second)
	if o.isIn() || w.with(given).isIn() {
		t.Error("it is good after 12 hours")
	}

	copied := same.with(given)
	if !copied.isIn() {
		t.Fatal("another instance of the database does not take it")
	}
	copied.post("/console/out").is(http.StatusSeeOther)
	w.advance(-12 * time.Hour)
	for name, instance := range map[string]*world{"there": same, "here": w} {
		if instance.with(given).isIn() {
			t.Errorf("%s: it is good after the sign-out", name)
		}
	}
	if copied.cookie() != nil {
		t.Error("the browser keeps the cookie after the sign-out")
	}
}

// TestSignInForm: a form counts once, in the browser that got it, for 15 minutes, at any instance, and from no other site.
func TestSignInForm(t *testing.T) {
	w := newWorld(t)
	same := newWorld(t)
	refused := func(name string, o *operator, status int) {
		t.Helper()
		if o.status != status || o.cookie() != nil {
			t.Errorf("%s: status %d, cookie %v", name, o.status, o.cookie())
		}
	}
	o := w.operator().get("/console")
	word := o.match(`name="form" value="([^"]*)"`)
	stranger := w.operator()
	stranger.page = o.page
	refused("another browser's", stranger.post("/console", "token", token), 403)
	refused("no word", w.operator().get("/console").post("/console", "token", token, "form", ""), 403)
	old := w.operator().get("/console")
	w.advance(15 * time.Minute)
	refused("an old one", old.post("/console", "token", token), 403)
	w.advance(-15 * time.Minute)

	w.srv, same.srv = same.srv, w.srv // the same browser, at the other instance
	if o.post("/console", "token", token); o.status != http.StatusSeeOther || o.cookie() == nil {
		t.Fatalf("another instance does not take the form: %d\n%s", o.status, o.page)
	}
	o.client.Jar.SetCookies(mustURL(w.srv.URL+"/console"), []*http.Cookie{{Name: cookieName, Path: "/console", MaxAge: -1}})
	refused("the same again", o.post("/console", "token", token, "form", word), 403)

	x := w.operator().get("/console")
	for name, headers := range map[string][]string{"Sec-Fetch-Site": {"Sec-Fetch-Site", "cross-site"}, "Origin": {"Origin", "https://evil.example"}} {
		refused("a form of another site, by "+name, x.send("/console", headers, "token", token), 403)
	}
}

func mustURL(text string) *url.URL { u, _ := url.Parse(text); return u }

// send posts a form with headers of a browser.
func (o *operator) send(path string, headers []string, pairs ...string) *operator {
	o.w.Helper()
	form := url.Values{"csrf": {o.match(`name="csrf" value="([^"]*)"`)}, "form": {o.match(`name="form" value="([^"]*)"`)}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, o.w.srv.URL+path, strings.NewReader(form.Encode()))
	r.RequestURI = ""
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return o.read(o.client.Do(r))
}

// TestBruteForce: of many wrong tokens at once from one network ten are judged a minute, and then the right one waits, too. Others
// come in meanwhile.
func TestBruteForce(t *testing.T) {
	w := newWorld(t)
	for _, prefix := range []string{"192.0.2.7", "2001:db8:1:2::7"} {
		w.come(prefix)
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 40 {
			wg.Go(func() {
				o := w.operator().get("/console").post("/console", "token", "a wrong token that is long enough")
				mu.Lock()
				defer mu.Unlock()
				statuses[o.status]++
			})
		}
		wg.Wait()
		if statuses[403] != 10 || statuses[429] != 30 {
			t.Errorf("%s: %v", prefix, statuses)
		}
		o := w.operator().get("/console").post("/console", "token", token)
		if o.is(429, "Wait a minute"); o.header.Get("Retry-After") == "" || o.cookie() != nil {
			t.Errorf("%s: after ten wrong ones the right one comes in, or is not told when", prefix)
		}
	}
	w.come("2001:db8:1:2::8") // the same customer
	w.operator().get("/console").post("/console", "token", token).is(429)
	w.come("192.0.2.8")
	w.operator().signIn()
	w.come("192.0.2.7")
	w.advance(time.Minute)
	w.operator().signIn()
	for range 12 { // right ones are not counted
		w.operator().signIn()
	}
	if text := w.log.String(); strings.Contains(text, "wrong token that") || strings.Contains(text, token) || !strings.Contains(text, "192.0.2.7") {
		t.Errorf("the log is\n%s", text)
	}
}

// come is from where the next requests come.
func (w *world) come(from string) { w.mu.Lock(); w.from = netip.MustParseAddr(from); w.mu.Unlock() }

// TestEveryPostIsGuarded: without the word of the page, with the word of another browser, and from another site no order is taken.
func TestEveryPostIsGuarded(t *testing.T) {
	w := full(t)
	o := w.operator().signIn()
	thread := "/console/conversations/d7Kq2mX9"
	other := w.operator().signIn().get(thread).match(`name="csrf" value="([^"]*)"`)
	for _, c := range []struct {
		path  string
		pairs []string
	}{
		{"/console/out", nil}, {"/console/conversations", []string{"q", "d7Kq2mX9"}}, {thread, []string{"reason", "support"}},
	} {
		o.get(thread).is(200)
		for name, do := range map[string]func(){
			"no word":             func() { o.post(c.path, append([]string{"csrf", ""}, c.pairs...)...) },
			"the word of another": func() { o.post(c.path, append([]string{"csrf", other}, c.pairs...)...) },
			"from another site":   func() { o.send(c.path, []string{"Sec-Fetch-Site", "cross-site"}, c.pairs...) },
			"with another origin": func() { o.send(c.path, []string{"Origin", "https://evil.example"}, c.pairs...) },
			"in the address and no body": func() {
				o.post(c.path+"?"+url.Values{"csrf": {o.match(`name="csrf" value="([^"]*)"`)}}.Encode(), append([]string{"csrf", ""}, c.pairs...)...)
			},
			"of somebody signed out": func() {
				x := w.operator()
				x.page = o.page
				x.post(c.path, c.pairs...)
				o.status, o.page, o.header = x.status, x.page, x.header
			},
		} {
			page := o.page
			if do(); o.status != 403 || strings.Contains(o.page, "@anna_ceramics") || o.header.Get("Location") != "" {
				t.Errorf("%s, %s: status %d", c.path, name, o.status)
			}
			o.page = page
		}
	}
	if n := reveals(t, w); n != 0 {
		t.Errorf("%d reveals in the log", n)
	}
	if !o.isIn() {
		t.Error("somebody else signed the operator out")
	}
	for _, path := range []string{"/console", "/console/audit", thread} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodTrace, http.MethodOptions} {
			r, _ := http.NewRequest(method, w.srv.URL+path, nil)
			if o.read(o.client.Do(r)); o.status != 405 {
				t.Errorf("%s %s: %d", method, path, o.status)
			}
		}
	}
}

// reveals is how many the log has.
func reveals(t *testing.T, w *world) (n int) {
	t.Helper()
	list, err := w.memory.Events(t.Context(), dialog.EventQuery{Kind: dialog.EventOrdered})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Cause, "reveal:") {
			n++
		}
	}
	return n
}

// TestReveal: answers come after a reason is in the log, and only those of the draft that the page is about.
func TestReveal(t *testing.T) {
	w := full(t)
	o := w.operator().signIn()
	const at = "/console/conversations/d7Kq2mX9"
	hidden := func(status int) {
		t.Helper()
		if o.is(status); strings.Contains(o.page, "anna_ceramics") || strings.Contains(o.page, "4829142") || strings.Contains(o.page, "stoneware") {
			t.Errorf("answers are on the page:\n%s", o.page)
		}
	}
	o.get(at)
	hidden(200)
	for _, wrong := range []string{"", "Support", "support ", "curious", "reveal:support"} {
		o.get(at).post(at, "reason", wrong)
		hidden(422)
	}
	o.get(at)
	w.fails = errAway
	o.post(at, "reason", "defect")
	hidden(503)
	w.fails = nil
	if n := reveals(t, w); n != 0 {
		t.Fatalf("%d reveals before a reason was taken", n)
	}
	for i, reason := range console.Reasons {
		o.get(at).post(at, "reason", reason).is(200, "@anna_ceramics", "tg:4829142", "Twelve <b>stoneware</b> plates")
		if strings.Contains(o.page, "<b>stoneware") {
			t.Error("markup of a person is markup of the page")
		}
		if n := reveals(t, w); n != i+1 {
			t.Errorf("%d reveals in the log, want %d", n, i+1)
		}
	}
	o.get(at)
	hidden(200) // it is not kept
	o.get("/console/conversations/none").post("/console/conversations/none", "reason", "support").is(403)
	for _, address := range []string{"none", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "escrow%2Ftg:4829142", "tg:4829142", "%00"} {
		o.get(at)
		o.post("/console/conversations/"+address, "reason", "support")
		hidden(404)
	}
	if n := reveals(t, w); n != len(console.Reasons) {
		t.Errorf("%d reveals in the log", n)
	}
}

// TestHeaders: nothing is kept, framed or sent on, whoever asks and whatever the answer is.
func TestHeaders(t *testing.T) {
	w := full(t)
	in, out := w.operator().signIn(), w.operator()
	for _, o := range []*operator{in, out} {
		for _, path := range []string{"/console", "/console/", "/console/conversations", "/console/conversations/d7Kq2mX9", "/console/report", "/console/report.json", "/console/none", "/console/out"} {
			h := o.get(path).header
			if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" || h.Get("X-Robots-Tag") != "noindex" {
				t.Errorf("%s: %v", path, h)
			}
			policy := h.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none';") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "script-src") {
				t.Errorf("%s: policy %q", path, policy)
			}
		}
	}
	fresh := w.operator().get("/console")
	fresh.post("/console", "token", token)
	given := strings.Join(fresh.header.Values("Set-Cookie"), "\n")
	for _, want := range []string{"Path=/console", "HttpOnly", "SameSite=Strict", "Max-Age=43200"} {
		if !strings.Contains(given, want) {
			t.Errorf("the cookie %q has no %s", given, want)
		}
	}
	if strings.Contains(given, "Secure") {
		t.Error("the cookie is Secure although the browser uses http: it would be lost")
	}
	safe := newWorld(t, func(c *console.Config) { c.Secure = func(*http.Request) bool { return true } })
	if got := safe.operator().get("/console").header.Get("Set-Cookie"); !strings.Contains(got, "; Secure") {
		t.Errorf("over https the cookie is %q", got)
	}
}
