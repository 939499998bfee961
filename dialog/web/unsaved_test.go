package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// A form that was not handled comes back with its question, the answers so far and the name of the pressed button, whatever
// the reason, and without the store.
func TestUnsavedKeepsTheCard(t *testing.T) {
	for name, x := range map[string]struct {
		status int
		fail   func(w *world)
		limit  float64
	}{
		"away":  {503, func(w *world) { w.store.reads.Store(true); w.store.writes.Store(true); w.engine.Evict() }, 0},
		"quick": {429, func(*world) {}, 0.5}, // bursts of three inputs
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			w := newWorld(t, func(c *Config) { c.RateLimit, c.Now = x.limit, func() time.Time { return now } })
			b := w.visit().open()
			b.say("Bob")
			b.say("3")
			b.want(200, "size")
			x.fail(w)
			known := []string{"What size?", `<dd data-field="who"><bdi>Bob</bdi></dd>`, `<dd data-field="count">3</dd>`, "Step 3 of 4", "Try now", "Sent twice, it counts once."}
			page := b.page
			b.post(page.with("action", "size:large"))
			b.want(x.status, "size", append(known, "Not saved yet: <bdi>large</bdi>", `<p class="kept"><b>large</b> <span>you pressed this</span></p>`, `name="action" value="size:large"`)...)
			b.post(page.with("action", "back"))
			b.want(x.status, "size", append(known, "Not saved yet: <bdi>Back</bdi>")...)
			b.post(page.with("text", "huge"))
			b.want(x.status, "size", append(known, `value="huge"`, "readonly", `<button name="action" value="back">Back</button>`, `<button name="action" value="cancel">Cancel</button>`)...)
		})
	}
}

// The button of a form that this process has not shown keeps its sentence without a name.
func TestUnsavedWithoutACard(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	form := b.page.with("action", "cancel")
	other, err := New(Config{Engine: w.engine, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	w.srv.Config.Handler = other
	w.store.reads.Store(true)
	w.store.writes.Store(true)
	w.engine.Evict()
	b.post(form)
	b.want(503, "", "Your choice is kept", "Try now")
}

// TestUnsavedMeets: a form that was not handled keeps its question and its base, also at a process that has not shown it, or that
// has shown another card since. So it is judged as the form that it was, whatever another window does before it is sent again.
func TestUnsavedMeets(t *testing.T) {
	for _, shown := range []bool{true, false} {
		w := newWorld(t)
		b := w.visit().open()
		b.say("Bob")
		page := b.page
		b.tap("back")
		b.say("Ann")
		if !shown {
			other, err := New(Config{Engine: w.engine, Key: testKey})
			if err != nil {
				t.Fatal(err)
			}
			w.srv.Config.Handler = other
		}
		w.store.reads.Store(true)
		w.store.writes.Store(true)
		w.engine.Evict()
		b.post(page.with("text", "9"))
		b.want(503, b.page.step, `value="9"`, `name="question" value="count"`)
		w.store.reads.Store(false)
		w.store.writes.Store(false)
		b.follow(b.post(b.page.with("text", "9")))
		b.want(200, "size", `<dd data-field="count">9</dd>`, `<bdi>Ann</bdi>`)
	}
}

// A store that hangs keeps nobody waiting: a word comes within two seconds, and the form counts once.
func TestHungStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faulty{Store: dialog.NewMemory()}
		engine, err := dialog.New(store, dialog.Config{Bot: "Shop"}, orderForm(), parcel{})
		if err != nil {
			t.Fatal(err)
		}
		site, err := New(Config{Engine: engine, Key: testKey})
		if err != nil {
			t.Fatal(err)
		}
		var cookies []*http.Cookie
		ask := func(form url.Values) (*httptest.ResponseRecorder, time.Duration) {
			r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
			if form != nil {
				r = httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(form.Encode()))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			for _, c := range cookies {
				r.AddCookie(c)
			}
			w, began := httptest.NewRecorder(), time.Now()
			site.ServeHTTP(w, r)
			if set := w.Result().Cookies(); len(set) > 0 {
				cookies = set
			}
			return w, time.Since(began)
		}
		fields := func(w *httptest.ResponseRecorder, action string) url.Values {
			v := url.Values{"action": {action}}
			for _, m := range hidden.FindAllStringSubmatch(w.Body.String(), -1) {
				v.Set(m[1], m[2])
			}
			return v
		}
		start, _ := ask(nil)
		if w, _ := ask(fields(start, "create")); w.Code != http.StatusSeeOther {
			t.Fatalf("create: %d", w.Code)
		}
		first, _ := ask(nil)
		hung := make(chan struct{})
		store.hung.Store(&hung)
		cancel := fields(first, "cancel")
		for name, form := range map[string]url.Values{"post": cancel, "get": nil} {
			w, took := ask(form)
			if w.Code != http.StatusServiceUnavailable || took > 2*time.Second {
				t.Errorf("%s: status %d after %s", name, w.Code, took)
			}
		}
		store.hung.Store(nil)
		close(hung)
		if w, _ := ask(cancel); w.Code != http.StatusSeeOther {
			t.Errorf("the same form again: %d", w.Code)
		}
		if err := engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
