package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/browser"
)

// gallery serves every card at /name, with the site's own assets.
func gallery(t *testing.T) (url string, names []string) {
	w := newWorld(t, func(c *Config) { c.Write = "support"; c.Name, c.TelegramURL = "LockBay", "https://t.me/lockbay_bot" })
	all := cards()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", policy)
		name := strings.TrimPrefix(r.URL.Path, "/")
		c := all[name]
		switch {
		case name == "unsaved":
			w.site.unsaved(&post{w: rw, r: r, v: visitor{id: "x"}, lang: "en", text: "1250.50 EUR"}, rejection{503, "page.away", nil})
		case name == "404":
			w.site.bare(rw, "en", 404, "page.gone", nil)
		case name == "help":
			w.site.help(rw, r, "en")
		case name == "429":
			w.site.slow(rw, "en", 3e9)
		case c != nil:
			w.site.send(rw, 200, "page", w.site.page(visitor{id: "x"}, "en", c))
		default:
			w.site.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(srv.Close)
	names = append(slices.Sorted(maps.Keys(all)), "unsaved", "404", "help", "429")
	return srv.URL + "/", names
}

// axe finds no fault in any card, light and dark, on a phone and a desktop. No card
// overflows, also with text of twice the size and on the smallest screens.
func TestLook(t *testing.T) {
	b := browser.Start(t)
	url, names := gallery(t)
	views := map[string]browser.View{
		"phone": browser.Phone, "phone-dark": {Width: 390, Height: 844, Dark: true}, "desktop": browser.Desktop,
		"large": {Width: 390, Height: 844, Text: 200}, "narrow": {Width: 320, Height: 600}, "zoom": {Width: 195, Height: 422},
	}
	asked := map[string]bool{"phone": true, "phone-dark": true, "desktop": true} // views checked by axe
	for _, view := range slices.Sorted(maps.Keys(views)) {
		tab := b.Tab(t, views[view])
		tab.BypassPolicy()
		for _, name := range names {
			tab.Open(url + name)
			tab.Shot(name + "-" + view)
			if asked[view] {
				for _, fault := range tab.Axe() {
					t.Errorf("%s, %s: %s", name, view, fault)
				}
			}
			for _, torn := range tab.Torn() {
				t.Errorf("%s, %s: the parts of a text are boxes of their own: %s", name, view, torn)
			}
			if over := tab.Overflow(); over > 0 {
				t.Errorf("%s, %s: %v pixels beyond the edge", name, view, over)
			}
		}
	}
}

// axe finds a fault that is there.
func TestAxeFinds(t *testing.T) {
	b := browser.Start(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>x</title><main><input type="text"></main></html>`))
	}))
	defer srv.Close()
	tab := b.Tab(t, browser.Phone)
	tab.BypassPolicy()
	tab.Open(srv.URL)
	if len(tab.Axe()) == 0 {
		t.Error("a field without a label was not found")
	}
}

// In a browser without scripts forms post, Enter means Continue, and a refused answer
// has the focus and its text.
func TestWithoutScript(t *testing.T) {
	b := browser.Start(t)
	w := newWorld(t)
	view := browser.Phone
	view.NoScript = true
	tab := b.Tab(t, view)
	tab.Open(w.srv.URL + "/")
	tab.Click(`button[value="create"]`)
	tab.Type("#text", "Anna")
	tab.Enter("#text")
	if got := tab.Text(`dd[data-field="who"]`); got != "Anna" {
		t.Fatalf("the page has %q", got)
	}
	tab.Type("#text", "lots")
	tab.Enter("#text")
	if got := tab.Value("#text"); got != "lots" || !strings.HasPrefix(tab.Title(), "Error: ") {
		t.Errorf("%q in the field of %q", got, tab.Title())
	}
	tab.Replace("#text:focus", "7") // matches only with the focus
	tab.Click(".go")
	tab.Type("#text", "large")
	tab.Enter("#text") // Continue, although choices stand before the field
	if got := tab.Attribute("main", "data-step"); got != "review" {
		t.Fatalf("at %q", got)
	}
	tab.Click(`button[value="edit:count"]`)
	tab.Click(`button[value="back"]`)
	tab.Click(`button[value="cancel"]`)
	tab.Click(`button[value="undo"]`)
	tab.Click(`button[value="confirm"]`)
	if got := tab.Attribute("main", "data-step"); got != "under_way" {
		t.Fatalf("at %q", got)
	}
	if strings.Count(w.rows(), "parcel") != 1 {
		t.Errorf("want one parcel:\n%s", w.rows())
	}
}

// The focus is where a person goes on: in the field that answers the question, else on the question, with the first button one
// key away.
func TestFocus(t *testing.T) {
	b := browser.Start(t)
	w := newWorld(t)
	tab := b.Tab(t, browser.Desktop)
	at := func(want string) {
		t.Helper()
		var got string
		for began := time.Now(); time.Since(began) < patience; { // the browser moves the focus after it has shown the page
			got = browser.Eval[string](tab, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
				const e = document.activeElement; done(e.tagName == "BUTTON" ? e.value : e.id || e.tagName) })))`)
			if got == want {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("the focus is on %q, want %q", got, want)
	}
	tab.Open(w.srv.URL + "/")
	at("BODY") // the first visit begins at the top
	tab.Click(`button[value="create"]`)
	at("text")
	tab.Type("#text", "Anna")
	tab.Enter("#text")
	at("text")
	tab.Type("#text", "7")
	tab.Enter("#text")
	at("question") // choices stand before the field
	tab.Press("\t")
	at("size:small")
	tab.Click(`button[value="size:small"]`)
	at("H1")
	tab.Press("\t")
	at("confirm")
	tab.Click(`button[value="edit:count"]`)
	at("text")
	if got := tab.Text(".now"); !strings.Contains(got, "7") {
		t.Errorf("the line of the open question is %q", got)
	}
	tab.Click(`button.alt[value="continue"]`) // Keep
	at("H1")
	tab.Click(`button[value="confirm"]`)
	at("BODY") // this page reloads by itself
}

// Over plain http with a name other than loopback, browsers drop a __Host- cookie and
// send only the Origin with a post.
func TestPlainHTTP(t *testing.T) {
	b := browser.Start(t)
	w := newWorld(t, func(c *Config) { c.Hosts = []string{"shop.lan"} })
	tab := b.Tab(t, browser.Phone)
	tab.Open(strings.Replace(w.srv.URL, "127.0.0.1", "shop.lan", 1) + "/")
	tab.Click(`button[value="create"]`)
	tab.Type("#text", "Anna")
	tab.Click(".go")
	if got := tab.Attribute("main", "data-step"); got != "count" {
		t.Fatalf("at %q", got)
	}
}
