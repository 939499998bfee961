package web

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A text that is too large is given back in its field, to be made shorter. What cannot be
// given back is said so. Nothing is stored.
func TestTooLarge(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	before := w.rows()
	form, text := b.page.with(), "A long story. "+strings.Repeat("x", 64<<10)
	form.Set("text", text)
	b.post(form)
	b.want(413, "who", "make it shorter", ">\n"+text+"</textarea>", "Continue</button>")
	if strings.Contains(b.page.body, "readonly") || b.page.form.Get("input_id") == "" {
		t.Error("the text cannot be changed")
	}
	short := b.page.with("text", "Bob")
	form.Set("text", strings.Repeat("x", backBody))
	b.head.Set("Expect", "100-continue") // else the refusal may cut a client off that still sends
	b.post(form)
	b.head.Del("Expect")
	b.want(413, "", "too long to be shown here again")
	b.post(b.get("/").with("text", "\u0434"+strings.Repeat("x", 60<<10)))
	b.want(422, "who")
	if w.rows() == before {
		t.Error("a refused answer is a turn")
	}
	if s := b.follow(b.post(short)); s.step != "count" {
		t.Errorf("the shorter text: %d at %q", s.status, s.step)
	}
}

// The token decides where the browser says nothing of the origin. The text is applied.
func TestNullOrigin(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	b.head.Set("Origin", "null")
	b.say("Bob")
	b.want(200, "count", "Bob")
}

// A browser that keeps no cookie hears that one is needed, and of the way by Telegram, as
// often as it tries. The typed text is on the page.
func TestNoCookies(t *testing.T) {
	name := ""
	w := newWorld(t, func(c *Config) { c.Telegram = func() string { return name } })
	for _, c := range []struct {
		head   map[string]string
		status int
	}{
		{nil, 403},
		{map[string]string{"Sec-Fetch-Site": "same-origin"}, 409},
		{map[string]string{"Origin": w.srv.URL}, 409},
		{map[string]string{"Origin": w.srv.URL, "Cookie": "of=another"}, 409},
	} {
		for range 3 {
			b := w.visit()
			b.http.Jar = nil
			for k, v := range c.head {
				b.head.Set(k, v)
			}
			b.post(b.get("/").with("text", "Bob & co"))
			b.want(c.status, "", "This page needs a cookie", "Bob &amp; co")
			if strings.Contains(b.page.body, "t.me") || b.page.header.Get("Set-Cookie") == "" {
				t.Error("a way that is not there, or no cookie")
			}
		}
	}
	name = "bay_bot"
	b := w.visit()
	b.http.Jar = nil
	b.head.Set("Sec-Fetch-Site", "same-origin")
	b.post(b.get("/").with("action", "create"))
	b.want(409, "", `href="https://t.me/bay_bot"`)
	if w.rows() != "" {
		t.Errorf("something was stored:\n%s", w.rows())
	}
	// a cookie that has gone wrong is no missing one
	b = w.visit()
	b.http.Jar = nil
	b.head.Set("Sec-Fetch-Site", "same-origin")
	b.head.Set("Cookie", "shop=damaged")
	b.post(b.get("/").with("text", "Bob"))
	b.want(409, "", "belonged to another visit")
}

// A request for an unknown host is in the log with the mend, once a minute, and gets a link
// to the right address where there is one.
func TestMisdirected(t *testing.T) {
	for _, c := range []struct{ public, link string }{{"", "Ask whoever runs this service"}, {"https://pay.example", `<a class="button go" href="https://pay.example">`}} {
		w := newWorld(t, func(x *Config) { x.PublicURL = c.public })
		for _, host := range []string{"www.pay.example", "evil.example", strings.Repeat("x", 5000)} {
			b := w.visit()
			b.head["Host"] = []string{host}
			b.get("/")
			b.want(421, "", c.link)
			if strings.Contains(b.page.body, `class="button go" href="/"`) || strings.Contains(b.page.body, `href="/help"`) {
				t.Error("a link stays at the wrong host")
			}
		}
		if got := w.log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "www.pay.example") || !strings.Contains(got, "--public-url") {
			t.Errorf("logged %s", got)
		}
	}
}

// The bodies that are being read are bounded, for each network and in all. What is given
// back can be taken again.
func TestBodies(t *testing.T) {
	b := newBodies()
	take := func(addr string) (n int) {
		for b.take(netip.MustParseAddr(addr), maxBody) {
			n++
		}
		return n
	}
	one := take("203.0.113.9")
	if one != someBodies/maxBody {
		t.Errorf("%d of one network", one)
	}
	if n := take("203.0.113.200"); n != 0 {
		t.Errorf("%d more of a neighbour", n)
	}
	if !b.take(netip.MustParseAddr("203.0.113.9"), smallBody) {
		t.Error("a small form is refused")
	}
	other := take("2001:db8::1")
	if other != one {
		t.Errorf("%d of another network", other)
	}
	here := take("127.0.0.1")
	if total := one + other + here; total != allBodies/maxBody {
		t.Errorf("%d in all", total)
	}
	for range one {
		b.give(netip.MustParseAddr("203.0.113.9"), maxBody)
	}
	b.give(netip.MustParseAddr("203.0.113.9"), smallBody)
	if n := take("203.0.113.1"); n != one {
		t.Errorf("%d after they were given back", n)
	}
}

// Small forms that are being read are bounded for each network, whatever its large ones take: behind a proxy nothing else
// bounds them. Loopback has no bound.
func TestSmallForms(t *testing.T) {
	b := newBodies()
	take := func(addr string) (n int) {
		for n < connsAll && b.take(netip.MustParseAddr(addr), int64(n%smallBody)) {
			n++
		}
		return n
	}
	for b.take(netip.MustParseAddr("2001:db8:1::1"), maxBody) {
	}
	for _, c := range []struct {
		addr string
		want int
	}{
		{"2001:db8:1:2::1", connsNetwork}, {"2001:db8:1:3::1", 0}, {"2001:db8:2::1", connsNetwork},
		{"203.0.113.9", connsNetwork}, {"203.0.113.10", 0}, {"127.0.0.1", connsAll},
	} {
		if n := take(c.addr); n != c.want {
			t.Errorf("%s: %d, want %d", c.addr, n, c.want)
		}
	}
	for n := range connsNetwork {
		b.give(netip.MustParseAddr("203.0.113.9"), int64(n%smallBody))
	}
	if n := take("203.0.113.1"); n != connsNetwork {
		t.Errorf("%d after they were given back", n)
	}
}

// Half-sent bodies of one network, as many as there may be, hold up neither another network
// nor a small form.
func TestHalfSentBodies(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	addr := strings.TrimPrefix(w.srv.URL, "http://")
	send := func(from string, length int) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\ntext=", addr, from, length)
		return c
	}
	for range someBodies / maxBody {
		send("203.0.113.9", maxBody)
	}
	for deadline := time.Now().Add(patience); w.site.bodies.take(netip.MustParseAddr("203.0.113.9"), maxBody); {
		w.site.bodies.give(netip.MustParseAddr("203.0.113.9"), maxBody)
		if time.Now().After(deadline) {
			t.Fatal("the bodies are not being read")
		}
		time.Sleep(time.Millisecond)
	}
	res, err := http.ReadResponse(bufio.NewReader(send("203.0.113.9", maxBody)), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" || !res.Close {
		t.Errorf("one more of the network: %d %v", res.StatusCode, res.Header)
	}
	b.head.Set("X-Forwarded-For", "198.51.100.1")
	b.post(b.page.with("text", strings.Repeat("x", 50<<10))) // of another network
	b.want(422, "who")
	b.head.Set("X-Forwarded-For", "203.0.113.9")
	b.follow(b.post(b.page.with("text", "Bob"))) // small
	b.want(200, "count")
}

// Cheap checks come before the body: a form of another site, or of an address that asks too
// much, is answered without it.
func TestChecksBeforeTheBody(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	w := newWorld(t, func(c *Config) { c.RateLimit, c.Now = 0.1, func() time.Time { return clock } })
	for _, c := range []struct {
		head   string
		status int
	}{{"Sec-Fetch-Site: cross-site", 403}, {"X-Forwarded-For: 203.0.113.9", 429}} {
		for range 6 {
			ask(w.site, "203.0.113.9:1")
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.srv.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\n%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\n%s", c.head, url.Values{"text": {"x"}}.Encode())
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s: %d", c.head, res.StatusCode)
		}
		_ = conn.Close()
	}
}

// A body that is no form cannot be read. The page says so, and not that the form was another visitor's.
func TestBodiesThatAreNoForm(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	form := b.page.with("text", "Bob")
	for kind, status := range map[string]int{
		"": 400, "application/json": 400, "text/plain": 400, "text/plain; charset=utf-8": 400, "application/x-www-form-urlencoded; x": 400,
		"multipart/form-data": 400, "Application/X-WWW-Form-Urlencoded; charset=UTF-8": 303,
	} {
		req, err := http.NewRequest(http.MethodPost, w.srv.URL+"/", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		if s := b.do(req); s.status != status || status == 400 && !strings.Contains(s.body, "We cannot read that answer") {
			t.Errorf("%q: %d, want %d\n%s", kind, s.status, status, s.body)
		}
	}
	b.get("/")
	req, err := http.NewRequest(http.MethodPost, w.srv.URL+"/", strings.NewReader(
		multiparts(b.page.with("text", "7"))+"--b--\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "Multipart/Form-Data; boundary=b")
	b.follow(b.do(req))
	b.want(200, "size")
}

// multiparts writes a form as parts between the boundary b.
func multiparts(form url.Values) string {
	var s strings.Builder
	for name := range form {
		s.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + form.Get(name) + "\r\n")
	}
	return s.String()
}
