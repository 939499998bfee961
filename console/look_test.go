package console_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/browser"
	"github.com/lockbay/lockbay/rollout"
)

// story is a draft that lost its answers in a restart, and was confirmed.
func story() []dialog.Event {
	begin := time.Date(2026, 11, 23, 15, 58, 2, 0, time.UTC)
	var list []dialog.Event
	add := func(after string, kind dialog.EventKind, step, cause, source, instance string) {
		d, _ := time.ParseDuration(after)
		list = append(list, dialog.Event{Kind: kind, Key: "lockbay:escrow:tg:4829142", Draft: "d7Kq2mX9", Step: step, Cause: cause, Source: source, Mode: "lightweight", Instance: instance, At: begin.Add(d), Took: 3 * time.Millisecond})
	}
	add("0s", "started", "", "", "telegram", "bay.1")
	add("29s", "answered", "seller_input", "seller", "", "bay.1")
	add("1m8s", "refused", "amount_input", "two_readings", "", "bay.1")
	add("1m22s", "answered", "amount_input", "amount", "", "bay.1")
	add("4m7s", "lost", "description_input", "memory", "", "bay.2")
	add("4m7s", "rehydrated", "description_input", "restart", "none", "bay.2")
	add("7m10s", "answered", "seller_input", "seller", "", "bay.2")
	add("7m28s", "answered", "amount_input", "amount", "", "bay.2")
	add("7m29s", "duplicate", "description_input", "tap", "", "bay.2")
	add("8m42s", "answered", "description_input", "description", "", "bay.2")
	add("9m", "answered", "delivery_time", "delivery", "", "bay.2")
	add("9m38s", "confirmed", "trade_review", "ESC-7K4M-92QXA", "", "bay.2")
	for _, after := range []string{"3m45s", "3m49s"} {
		d, _ := time.ParseDuration(after)
		e := dialog.Event{Kind: dialog.EventDown, Instance: "bay.1", At: begin.Add(d)}
		if after == "3m49s" {
			e.Kind, e.Instance, e.Cause = dialog.EventUp, "bay.2", "stop"
		}
		list = append(list, e)
	}
	return list
}

// full is a console with everything on it.
func full(t *testing.T, rollouts ...rollout.State) *world {
	w := newWorld(t, func(c *console.Config) {
		c.Zone = time.FixedZone("Europe/Vilnius", 2*60*60)
		c.Head = func(_ context.Context, key dialog.Key) (dialog.Head, error) {
			return dialog.Head{Key: key, Step: "delivery_time", Version: 10, Where: dialog.InMemory, Updated: at}, nil
		}
		c.Stores = func(context.Context) []console.Check {
			return []console.Check{{Name: "database", OK: true, Note: "SQLite /var/lib/lockbay/lockbay.db"}, {Name: "redis", Note: "Redis does not answer", Mend: "check that the server runs"}}
		}
		c.Tickets = func(context.Context) ([]console.Ticket, error) {
			return []console.Ticket{{ID: "TCK-19", Class: "progress", Key: dialog.Key{Bot: "lockbay", Flow: "ticket", ID: "TCK-19"}, At: at, Step: "amount_input"}}, nil
		}
		c.Rollouts = func(context.Context) ([]rollout.State, error) { return rollouts, nil }
		c.Order = func(_ context.Context, name, _ string, o *rollout.Order) error {
			for i := range rollouts {
				if rollouts[i].Name == name {
					return rollouts[i].Check(o, at)
				}
			}
			return errors.New("there is no such rollout")
		}
	})
	w.plant()
	if _, err := w.memory.Commit(t.Context(), &dialog.Batch{Events: story()}); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestLook: axe finds nothing on any page, light and dark, on a phone and a desktop, and nothing overflows.
func TestLook(t *testing.T) {
	rollouts := slices.DeleteFunc(situations(), func(s rollout.State) bool { return !slices.Contains([]string{"may", "stopped", "reverted"}, s.Name) })
	w := full(t, rollouts...)
	o := w.operator()
	pages := map[string]*operator{}
	keep := func(name string, status int) {
		t.Helper()
		shot := *o.is(status)
		pages[name] = &shot
	}
	o.get("/console")
	keep("door", 200)
	o.post("/console", "token", "wrong")
	keep("door-wrong", 403)
	o.signIn()
	keep("console", 200)
	for i := range rollouts {
		o.get("/console/rollouts/" + rollouts[i].Name)
		keep("rollout-"+rollouts[i].Name, 200)
	}
	o.get("/console/rollouts/may").post("/console/rollouts/may", "order", "advance")
	keep("rollout-no-reason", 422)
	for name, path := range map[string]string{"console-90": "/console?window=90d", "conversations": "/console/conversations", "console-rollouts": "/console/rollouts", "tickets": "/console/tickets", "stores": "/console/stores", "report": "/console/report", "missing": "/console/none"} {
		o.get(path)
		keep(name, map[string]int{"missing": 404}[name]+map[bool]int{true: 200}[name != "missing"])
	}
	o.get("/console/conversations")
	o.post("/console/conversations", "q", "nobody")
	keep("not-found", 422)
	o.get("/console/conversations/d7Kq2mX9")
	keep("console-conversation", 200)
	o.post("/console/conversations/d7Kq2mX9", "reason", "")
	keep("no-reason", 422)
	o.post("/console/conversations/d7Kq2mX9", "reason", "support")
	keep("revealed", 200)
	o.get("/console/audit")
	keep("audit", 200)
	empty := newWorld(t)
	o = empty.operator().signIn()
	keep("empty", 200)
	o.get("/console/report")
	keep("empty-report", 200)
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p := pages[strings.TrimPrefix(r.URL.Path, "/")]
		if p == nil {
			w.console.ServeHTTP(rw, r)
			return
		}
		for _, name := range []string{"Content-Type", "Content-Security-Policy"} {
			rw.Header().Set(name, p.header.Get(name))
		}
		_, _ = rw.Write([]byte(p.page))
	}))
	defer srv.Close()
	b := browser.Start(t)
	for _, x := range []struct {
		name string
		view browser.View
		axe  bool
	}{
		{"phone", browser.Phone, true}, {"phone-dark", browser.View{Width: 390, Height: 844, Dark: true}, true}, {"desktop", browser.Desktop, true},
		{"desktop-dark", browser.View{Width: 1280, Height: 900, Dark: true}, true}, {"narrow", browser.View{Width: 320, Height: 640}, false}, {"large", browser.View{Width: 390, Height: 844, Text: 200}, false},
	} {
		tab := b.Tab(t, x.view)
		tab.BypassPolicy()
		for _, name := range slices.Sorted(maps.Keys(pages)) {
			tab.Open(srv.URL + "/" + name)
			tab.Shot(name + "-" + x.name)
			if x.axe {
				for _, fault := range tab.Axe() {
					t.Errorf("%s, %s: %s", name, x.name, fault)
				}
			}
			for _, torn := range tab.Torn() {
				t.Errorf("%s, %s: the parts of a text are boxes of their own: %s", name, x.name, torn)
			}
			if over := tab.Overflow(); over > 0 {
				t.Errorf("%s, %s: %v pixels beyond the edge", name, x.name, over)
			}
		}
	}
}

// TestTheirPolicy: the pages need no script, no style of an element, and nothing from elsewhere.
func TestTheirPolicy(t *testing.T) {
	w := full(t)
	o := w.operator().signIn()
	for _, path := range []string{"/console", "/console/conversations", "/console/conversations/d7Kq2mX9", "/console/report", "/console/audit", "/console/stores"} {
		o.get(path).is(200)
		for _, wrong := range []string{"<script", " style=", "http://", "https://", "javascript:", "@import", "url("} {
			if strings.Contains(o.page, wrong) {
				t.Errorf("%s has %q", path, wrong)
			}
		}
		if policy := o.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src '") || o.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %q, %q", path, policy, o.header.Get("Cache-Control"))
		}
	}
}
