package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

func ask(h http.Handler, from string, head ...string) int {
	req := httptest.NewRequest(http.MethodGet, "http://shop.example/", nil)
	req.RemoteAddr = from
	for i := 0; i < len(head); i += 2 {
		req.Header.Add(head[i], head[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec.Code
}

// The limit of an address is ten times a visitor's. Only trusted proxies may name
// another address.
func TestAddressLimit(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	w := newWorld(t, func(c *Config) {
		c.RateLimit, c.Now = 0.1, func() time.Time { return clock } // an address: 1 a second, 6 at once
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	drain := func(from string, head ...string) (n int) {
		for n < 50 && ask(w.site, from, head...) == 200 {
			n++
		}
		return n
	}
	if n := drain("203.0.113.1:1000"); n != 6 {
		t.Errorf("%d at once from one address", n)
	}
	if n := drain("203.0.113.1:2000", "X-Forwarded-For", "198.51.100.7"); n != 0 {
		t.Errorf("%d more by naming another address", n)
	}
	if n := drain("10.1.2.3:1", "X-Forwarded-For", "198.51.100.7"); n != 6 {
		t.Errorf("%d through a trusted proxy", n)
	}
	if n := drain("10.9.9.9:1", "X-Forwarded-For", "1.2.3.4, 198.51.100.7, 10.1.2.3"); n != 0 {
		t.Errorf("%d by writing an address before one's own", n)
	}
	if n := drain("10.9.9.9:1", "X-Forwarded-For", "junk"); n != 6 {
		t.Errorf("%d with a malformed header, which counts for the proxy", n)
	}
	if n := drain("[2001:db8::1]:1"); n != 6 {
		t.Errorf("%d from IPv6", n)
	}
	if n := drain("[2001:db8::ffff:2]:1"); n != 0 {
		t.Errorf("%d more from the same network", n)
	}
	if n := drain("127.0.0.1:1"); n != 50 {
		t.Errorf("%d from loopback", n)
	}
	if n := drain("127.0.0.1:1", "X-Forwarded-For", "203.0.113.77"); n != 6 {
		t.Errorf("%d of one visitor through a proxy on this machine", n)
	}
	if n := drain("[2001:db8:7:1::1]:1") + drain("[2001:db8:7:2::1]:1") + drain("[2001:db8:7:3::1]:1") + drain("[2001:db8:7:4::1]:1") + drain("[2001:db8:7:5::1]:1"); n != 24 {
		t.Errorf("%d from one /48", n)
	}
	clock = clock.Add(2 * time.Second)
	if n := drain("203.0.113.1:1000"); n != 2 {
		t.Errorf("%d two seconds later", n)
	}
}

func TestNewcomers(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	w := newWorld(t, func(c *Config) { c.AnonymousCap, c.Now = 2, func() time.Time { return clock } })
	first := w.visit().open()
	w.visit().open()
	third := w.visit()
	third.get("/")
	third.tap("create")
	third.want(429, "")
	if got := strings.Count(w.rows(), "order"); got != 2 {
		t.Errorf("%d drafts", got)
	}
	first.say("Bob")
	first.want(200, "count") // a visitor with a draft goes on
	clock = clock.Add(12 * time.Hour)
	third.get("/")
	third.tap("create")
	third.want(200, "who")
}

// The client is read from every form of X-Forwarded-For that proxies write.
func TestClient(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, c := range []struct {
		peer string
		head []string
		want string
	}{
		{"203.0.113.1:9", []string{"198.51.100.7"}, "203.0.113.1"}, // nobody's proxy
		{"10.0.0.1:9", []string{"198.51.100.7"}, "198.51.100.7"},
		{"[::ffff:10.0.0.1]:9", []string{"198.51.100.7"}, "198.51.100.7"},
		{"10.0.0.1:9", []string{"203.0.113.9:50001"}, "203.0.113.9"},
		{"10.0.0.1:9", []string{" 203.0.113.9:50001 , 10.2.2.2:80"}, "203.0.113.9"},
		{"10.0.0.1:9", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"}, // two headers
		{"10.0.0.1:9", []string{"203.0.113.9, "}, "203.0.113.9"},
		{"10.0.0.1:9", []string{`"203.0.113.9"`}, "203.0.113.9"},
		{"10.0.0.1:9", []string{`"203.0.113.9:1"`}, "203.0.113.9"},
		{"10.0.0.1:9", []string{"2001:DB8::7"}, "2001:db8::7"},
		{"10.0.0.1:9", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"10.0.0.1:9", []string{"[2001:db8::7]:443"}, "2001:db8::7"},
		{"10.0.0.1:9", []string{`"[2001:db8::7]:443"`}, "2001:db8::7"},
		{"10.0.0.1:9", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:9", []string{"fe80::1%eth0"}, "fe80::1"},
		{"10.0.0.1:9", []string{"unknown"}, "10.0.0.1"},
		{"10.0.0.1:9", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"10.0.0.1:9", []string{"203.0.113.9:99999"}, "10.0.0.1"},
		{"10.0.0.1:9", nil, "10.0.0.1"},
		{"127.0.0.1:9", []string{"203.0.113.9"}, "203.0.113.9"}, // a proxy on this machine
		{"[::1]:9", []string{"1.1.1.1, 203.0.113.9:7"}, "203.0.113.9"},
		{"127.0.0.1:9", nil, "127.0.0.1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		for _, h := range c.head {
			r.Header.Add("X-Forwarded-For", h)
		}
		if got := w.site.Client(r).String(); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.peer, c.head, got, c.want)
		}
	}
}

// A trusted proxy says whether the visitor uses https, in any case and as the first of a
// list. Nobody else does.
func TestSecure(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, c := range []struct {
		peer, proto string
		want        bool
	}{
		{"10.0.0.1:9", "https", true}, {"10.0.0.1:9", "HTTPS", true}, {"10.0.0.1:9", "https,http", true},
		{"10.0.0.1:9", "https, http", true}, {"10.0.0.1:9", ` "https" `, true}, {"10.0.0.1:9", "http,https", false},
		{"10.0.0.1:9", "http", false}, {"10.0.0.1:9", "", false}, {"10.0.0.1:9", "httpsx", false},
		{"203.0.113.1:9", "https", false}, {"127.0.0.1:9", "https", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		if got := w.site.Secure(r); got != c.want {
			t.Errorf("%s %q: %v", c.peer, c.proto, got)
		}
	}
}

// A proxy that says nothing of https, or is not trusted, is on the way to the public name: that name alone tells that
// the browser uses https, and then the cookie is marked Secure.
func TestSecureByName(t *testing.T) {
	for _, c := range []struct {
		public, host string
		want         bool
	}{
		{"https://pay.example", "pay.example", true}, {"https://pay.example", "PAY.example:443", true}, {"https://pay.example:8443", "pay.example:8443", true},
		{"https://pay.example", "pay.example.", true}, {"https://pay.example", "localhost", false}, {"https://pay.example", "127.0.0.1:8080", false},
		{"http://localhost:8080", "localhost:8080", false}, {"", "pay.example", false},
	} {
		w := newWorld(t, func(x *Config) { x.PublicURL, x.Hosts = c.public, []string{"pay.example"} })
		b := w.visit()
		b.head.Set("Host", c.host)
		got := b.get("/").header.Get("Set-Cookie")
		if strings.Contains(got, "; Secure") != c.want || strings.HasPrefix(got, "__Host-") != c.want {
			t.Errorf("%q asked for as %q: cookie %q", c.public, c.host, got)
		}
	}
}

// A network uses up its own share of new visitors, and nobody else's. So do many networks,
// and this machine.
func TestNewcomersOfOthers(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	w := newWorld(t, func(c *Config) { c.Now = func() time.Time { return clock } })
	count := func(n int, addr func(i int) string) (began int) {
		for i := range n {
			if w.site.newcomer(netip.MustParseAddr(addr(i))) {
				began++
			}
		}
		return began
	}
	if n := count(20_000, func(i int) string { return fmt.Sprintf("2001:db8:1:%x::%x", i%65536, i) }); n != 1000 {
		t.Errorf("%d from one /48", n)
	}
	if n := count(500, func(i int) string { return fmt.Sprintf("2001:db8:2:1::%x", i) }); n != 200 {
		t.Errorf("%d from one /64", n)
	}
	if n := count(500, func(int) string { return "203.0.113.9" }); n != 200 {
		t.Errorf("%d from one address", n)
	}
	if n := count(25_000, func(int) string { return "127.0.0.1" }); n != 20_000 {
		t.Errorf("%d from this machine", n)
	}
	// a provider's /32 with all its /48s
	if n := count(60_000, func(i int) string { return fmt.Sprintf("2001:db9:%x:1::1", i) }); n != 5000+1280 {
		t.Errorf("%d from one /32", n)
	}
	// few addresses of a provider use up what all its networks have together
	if n := count(6000, func(i int) string { return fmt.Sprintf("192.0.%d.1", i%30) }); n != 5000+30*reserved {
		t.Errorf("%d from 30 addresses of one /16", n)
	}
	if n := count(100, func(int) string { return "192.0.99.1" }); n != reserved {
		t.Errorf("%d from another network of that /16", n)
	}
	// very many networks use up what all have together
	count(40_000, func(i int) string { return fmt.Sprintf("%d.%d.0.1", 20+i%200, i/200) })
	if n := count(100, func(int) string { return "198.51.100.1" }); n != reserved {
		t.Errorf("%d from a network that began nobody yet", n)
	}
	clock = clock.Add(24 * time.Hour)
	if n := count(100, func(int) string { return "198.51.100.1" }); n != 100 {
		t.Errorf("%d a day later", n)
	}
}

// A proxy that is not trusted is in the log, once a minute.
func TestStrangeProxy(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	ask(w.site, "203.0.113.1:9")
	ask(w.site, "127.0.0.1:9")
	ask(w.site, "10.0.0.1:9", "X-Forwarded-For", "198.51.100.7", "X-Forwarded-Proto", "https")
	if w.log.Len() > 0 {
		t.Errorf("logged %s", w.log)
	}
	for range 1000 {
		ask(w.site, "172.17.0.1:9", "X-Forwarded-For", "198.51.100.7")
		ask(w.site, "127.0.0.1:9", "X-Real-Ip", "198.51.100.7")
	}
	if got := w.log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "172.17.0.1") || !strings.Contains(got, "--trusted-proxies") {
		t.Errorf("logged %s", got)
	}
}

// A trusted proxy that says not for whom it asks is told about once a minute. A probe of a
// load balancer is no visitor.
func TestSilentProxy(t *testing.T) {
	for name, c := range map[string]struct {
		header []string
		logged int
	}{
		"X-Real-IP":       {[]string{"X-Real-Ip", "198.51.100.7"}, 1},
		"Forwarded":       {[]string{"Forwarded", "for=198.51.100.7"}, 1},
		"X-Forwarded-For": {[]string{"X-Forwarded-For", "198.51.100.7", "X-Real-Ip", "198.51.100.7"}, 0},
		"none":            {nil, 0},
	} {
		w := newWorld(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
		for range 100 {
			ask(w.site, "10.0.0.1:9", c.header...)
		}
		if got := w.log.String(); strings.Count(got, "\n") != c.logged || c.logged > 0 && !strings.Contains(got, "X-Forwarded-For") {
			t.Errorf("%s: logged %s", name, got)
		}
	}
}

// The visitors of a network start so many conversations in a time. Nobody else's count, and
// other actions go on.
func TestStarts(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	w := newWorld(t, func(c *Config) {
		c.Now = func() time.Time { return clock }
		c.Starts, c.StartCap, c.StartSpan = []string{"confirm"}, 3, time.Hour
	})
	order := func(from string) *client {
		b := w.visit()
		b.head.Set("X-Forwarded-For", from)
		b.open()
		b.say("Bob")
		b.say("3")
		b.tap("size:large")
		b.tap("confirm")
		return b
	}
	for range 3 {
		order("203.0.113.9").want(200, "under_way")
	}
	b := order("203.0.113.9")
	b.want(429, "review", "from your network have confirmed", "Try now")
	order("198.51.100.1").want(200, "under_way")
	b.get("/")
	b.tap("edit:who")
	b.tap("continue")
	b.want(200, "review")
	clock = clock.Add(21 * time.Minute)
	b.tap("confirm")
	b.want(200, "under_way")
}

// A press that starts nothing leaves the starts to others, and so does one that a larger
// network rejects.
func TestPressesThatStartNothing(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Starts, c.StartCap, c.StartSpan = []string{"confirm"}, 2, time.Hour })
	from := func(addr string) *client {
		b := w.visit()
		b.head.Set("X-Forwarded-For", addr)
		return b.open()
	}
	ready := func(b *client) *client {
		b.say("Bob")
		b.say("3")
		b.tap("size:large")
		return b
	}
	idle := from("203.0.113.9")
	for range 20 {
		idle.tap("confirm")
		idle.want(409, "who")
	}
	first := ready(from("203.0.113.9"))
	form := first.page.with("action", "confirm")
	for range 3 { // the same form again is the same start
		first.follow(first.post(form))
		first.want(200, "under_way")
	}
	ready(from("203.0.113.9")).tap("confirm")
	late := ready(from("203.0.113.9"))
	late.tap("confirm")
	late.want(429, "review")
	for i := range 3 {
		for range 2 {
			b := ready(from(fmt.Sprint("203.0.113.", i)))
			b.tap("confirm")
			b.want(200, "under_way")
		}
	}
	if wait := w.site.starts.take(netip.MustParseAddr("203.0.113.8"), time.Now()); wait == 0 {
		t.Error("the network has a start left")
	}
	if wait := w.site.starts[0].Take("203.0.113.8/32", time.Now()); wait != 0 {
		t.Error("a start that the network rejected cost one of the address")
	}
}

// The press of a visitor who left before the answer counts like any other.
func TestStartsOfVisitorsWhoLeft(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Starts, c.StartCap, c.StartSpan = []string{"confirm"}, 1, time.Hour })
	b := w.visit().open()
	b.say("Bob")
	b.say("3")
	b.tap("size:large")
	r := httptest.NewRequest(http.MethodPost, w.srv.URL+"/", strings.NewReader(b.page.with("action", "confirm").Encode()))
	for _, c := range b.http.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	r.RemoteAddr = "203.0.113.9:1"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	left, leave := context.WithCancel(r.Context())
	leave()
	w.site.ServeHTTP(httptest.NewRecorder(), r.WithContext(left))
	b.get("/")
	b.want(200, "under_way")
	if w.site.starts.take(netip.MustParseAddr("203.0.113.9"), time.Now()) == 0 {
		t.Error("the address has a start left")
	}
}

// Presses at the same time start no more than the cap.
func TestStartsAtOnce(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Starts, c.StartCap, c.StartSpan = []string{"confirm"}, 3, time.Hour })
	var all sync.WaitGroup
	for range 12 {
		b := w.visit()
		b.head.Set("X-Forwarded-For", "203.0.113.9")
		b.open()
		b.say("Bob")
		b.say("3")
		b.tap("size:large")
		all.Go(func() { b.post(b.page.with("action", "confirm")) })
	}
	all.Wait()
	if n := strings.Count(w.rows(), "under_way"); n != 3 {
		t.Errorf("%d started", n)
	}
}
