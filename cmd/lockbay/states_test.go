package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/internal/browser"
	"github.com/lockbay/lockbay/internal/instance"
)

// gallery keeps pages of the program as a visitor got them, and shows them to a browser.
type gallery struct {
	t     *testing.T
	clock *storedClock
	bank  string // file of the payment instructions
	names []string
	pages map[string]*visitor
	from  http.Handler // of the assets
}

// newGallery returns an empty gallery. Its clock begins on a Tuesday afternoon.
func newGallery(t *testing.T) *gallery {
	t.Helper()
	bank := filepath.Join(t.TempDir(), "bank.txt")
	how := "Pay {amount} to LT12 7300 0101 2345 6789, Bay Escrow UAB, with the reference {id}.\nOr pay by bank card: https://pay.example/{id}?sum={amount}"
	if err := os.WriteFile(bank, []byte(how), 0o600); err != nil {
		t.Fatal(err)
	}
	clock := clockAt(time.Date(2026, 11, 24, 12, 32, 0, 0, time.UTC))
	return &gallery{t: t, clock: clock, bank: bank, pages: map[string]*visitor{}}
}

// rig starts a program at the gallery's time, with the settings of an operator in Vilnius and flags.
func (g *gallery) rig(flags ...string) *rig {
	g.t.Helper()
	return newRig(g.t, g.clock, append([]string{"--currency", "EUR", "--currencies", "EUR,USD,BTC", "--time-zone", "Europe/Vilnius",
		"--fee", "percent=2.5", "--limits", "EUR=10..20000", "--payment-window", "48h"}, flags...)...)
}

// usual are the flags of a rig with a support contact and with payment instructions.
func (g *gallery) usual() []string {
	return []string{"--support", "@bay_help", "--payment-instructions",
		"EUR=" + g.bank + ",USD=" + g.bank + ",BTC=Send {amount} to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq. The network is Bitcoin."}
}

// visitor is a new visitor of a rig.
func (g *gallery) visitor(r *rig) *visitor {
	g.t.Helper()
	if g.from == nil {
		u, err := url.Parse("http://" + r.s.addr)
		if err != nil {
			g.t.Fatal(err)
		}
		g.from = httputil.NewSingleHostReverseProxy(u)
	}
	return visit(g.t, &served{t: g.t, Instance: &instance.Instance{Addr: r.s.addr}})
}

// keep keeps the visitor's page, which must have this status.
func (g *gallery) keep(name string, v *visitor, status int) {
	g.t.Helper()
	if v.status != status {
		g.t.Fatalf("%s: status %d, want %d:\n%s", name, v.status, status, v.page)
	}
	shot := *v
	g.names, g.pages[name] = append(g.names, name), &shot
}

// ServeHTTP serves the kept pages at their names, and the assets of the program.
func (g *gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := g.pages[strings.TrimPrefix(r.URL.Path, "/")]
	if v == nil {
		g.from.ServeHTTP(w, r)
		return
	}
	for _, name := range []string{"Content-Type", "Content-Security-Policy"} {
		w.Header().Set(name, v.header.Get(name))
	}
	_, _ = w.Write([]byte(v.page)) // the browser may have gone on
}

// look shows each page on a phone and a desktop, light and dark, and on the narrowest phone. Nothing overflows or is torn,
// and axe finds nothing. With LOCKBAY_SHOTS the pictures are kept.
func (g *gallery) look() {
	g.t.Helper()
	srv := httptest.NewServer(g)
	defer srv.Close()
	b := browser.Start(g.t)
	for _, x := range []struct {
		name      string
		view      browser.View
		axe, shot bool
	}{
		{"phone", browser.Phone, true, true},
		{"phone-dark", browser.View{Width: 390, Height: 844, Dark: true}, false, true},
		{"desktop", browser.Desktop, false, true},
		{"desktop-dark", browser.View{Width: 1280, Height: 900, Dark: true}, true, true},
		{"narrow", browser.View{Width: 320, Height: 640}, false, false},
	} {
		tab := b.Tab(g.t, x.view)
		tab.BypassPolicy()
		for _, name := range g.names {
			tab.Open(srv.URL + "/" + name)
			if x.shot {
				tab.Shot(name + "-" + x.name)
			}
			if x.axe {
				for _, fault := range tab.Axe() {
					g.t.Errorf("%s, %s: %s", name, x.name, fault)
				}
			}
			for _, torn := range tab.Torn() {
				g.t.Errorf("%s, %s: the parts of a text are boxes of their own: %s", name, x.name, torn)
			}
			if over := tab.Overflow(); over > 0 {
				g.t.Errorf("%s, %s: %v pixels beyond the edge", name, x.name, over)
			}
		}
	}
}

// TestStates looks at every state of the page, as the program shows it.
func TestStates(t *testing.T) {
	g := newGallery(t)
	r := g.rig(g.usual()...)
	g.questions(r)
	g.turns(r)
	g.stale(r)
	g.unsaved(r)
	g.writing(r)
	g.deals(r)
	g.trades()
	g.chosen()
	g.doors(r)
	if !testing.Short() { // the race detector sees nothing of a browser
		g.look()
	}
}

const (
	seller  = "@anna_ceramics"
	price   = "1250.00 EUR"
	article = "Handmade dinner set, 24 pieces, celadon glaze, two spare plates"
)

// to answers the questions of a new draft up to a step.
func (g *gallery) to(v *visitor, step string) *visitor {
	g.t.Helper()
	v.tap("create")
	for _, say := range []string{seller, price, article} {
		if v.step() == step {
			return v
		}
		v.say(say)
	}
	if v.step() != step {
		v.tap("delivery:72")
	}
	return v.at(step)
}

// questions keeps the questions of a draft, their refusals, the review and its edits.
func (g *gallery) questions(r *rig) {
	v := g.visitor(r)
	g.keep("start", v, 200)
	v.tap("create").at("seller_input")
	g.keep("step1", v, 200)
	g.keep("step1-refused", v.say("0x52908400098527886E0F7030069857D2E4169EE7"), 422)
	v.get().say(seller).at("amount_input")
	g.keep("step2", v, 200)
	g.keep("step2-refused", v.say("12.500 eur"), 422)
	v.get().say(price).at("description_input")
	g.keep("step3", v, 200)
	g.keep("step3-refused", v.say("plates"), 422)
	g.keep("step3-long", v.say(strings.Repeat(article+"; ", 10)), 422)
	v.get().say(article).at("delivery_time")
	g.keep("step4", v, 200)
	g.keep("step4-refused", v.say("friday"), 422)
	v.get().tap("delivery:72").at("trade_review")
	g.keep("review", v, 200)
	for _, field := range []string{"seller", "amount", "description", "delivery", "fee"} {
		g.keep("edit-"+field, v.tap("edit:"+field), 200)
		v.tap("back").at("trade_review")
	}
}

// turns keeps what happens to a draft by itself, and by its menu.
func (g *gallery) turns(r *rig) {
	v := g.to(g.visitor(r), "delivery_time")
	g.keep("choose", v.tap("create"), 200)
	v.tap("continue")
	r.advance(2 * time.Hour)
	g.keep("welcome-back", v.get().tap("resume"), 200)
	r.advance(13 * time.Hour)
	g.keep("reminder", v.get(), 200)
	g.keep("renewed", v.tap("renew"), 200)
	g.keep("cancelled", v.tap("cancel"), 200)
	g.keep("undone", v.tap("undo"), 200)
	r.advance(25 * time.Hour)
	g.keep("expired", v.get(), 200)
}

// stale keeps pages that came too late.
func (g *gallery) stale(r *rig) {
	v := g.to(g.visitor(r), "amount_input")
	old := *v
	v.say("1300 eur")
	g.keep("stale-text", old.say("1250.50 EUR"), 409)
	old = *v.get()
	v.tap("back")
	g.keep("stale-tap", old.tap("cancel"), 409)
	v.tap("continue").say(article)
	old = *v.get().tap("back").at("description_input")
	v.tap("back").tap("continue")
	v.get()
	g.keep("stale-field", old.say("Another dinner set, of 12 pieces"), 409)
}

// unsaved keeps forms that could not be saved.
func (g *gallery) unsaved(r *rig) {
	away := func(name string, v *visitor, post func() *visitor) {
		g.t.Helper()
		r.faulty.away.Store(true)
		defer r.faulty.away.Store(false)
		v.once = true
		g.keep(name, post(), 503)
		v.get()
	}
	v := g.to(g.visitor(r), "amount_input")
	away("unsaved", v, func() *visitor { return v.say("1250.50 EUR") })
	g.keep("unreached", v, 503)
	v.get().say(price).say(article).at("delivery_time")
	away("unsaved-choice", v, func() *visitor { return v.tap("delivery:72") })
	v.get().tap("delivery:72").at("trade_review")
	away("unsaved-confirm", v, func() *visitor { return v.tap("confirm") })
	v.get().at("trade_review")

	slow := g.rig("--rate-limit", "0.2")
	v = g.visitor(slow).tap("create")
	for v.status == 200 {
		v.say("0x529")
		v.get()
		v.say(seller)
	}
	g.keep("quick", v, 429)
}

// deals keeps an escrow in each of its states, and the list.
func (g *gallery) deals(r *rig) {
	v := g.visitor(r)
	g.keep("list-empty", v.open("/list"), 200)
	g.to(v.get(), "trade_review").tap("confirm").at("payment_pending")
	first := v.draft()
	g.keep("pending", v, 200)
	g.keep("pending-cancel", v.tap("cancel"), 200)
	v.tap("back")
	g.keep("pending-stale", v.tap("edit:amount"), 409)
	v.get()
	if _, err := order(r.ctx, r.s.app, deal.Order(botName, deal.MarkPaid, first)); err != nil {
		g.t.Fatal(err)
	}
	g.keep("paid", v.get(), 200)

	coins := v.tap("create").say("@marko_bikes").say("0.01 BTC").say("Gravel wheels, 700c, no play in the hubs").tap("delivery:24").tap("confirm").at("payment_pending")
	g.keep("pending-btc", coins, 200)
	g.keep("deal-cancelled", v.tap("cancel").tap("cancel:yes"), 200)

	v.tap("create").say("lena@example.com").say("87.75 eur").say("A desk lamp of brass, with its bulb").tap("delivery:24").tap("confirm").at("payment_pending")
	late := v.draft()
	r.advance(49 * time.Hour)
	g.keep("lapsed", v.get().at("payment_lapsed"), 200)
	v.tap("create").say("+49 1511 2345678").say("620 usd").say("A 35 mm lens, no scratches, both caps").tap("delivery:48").tap("confirm").at("payment_pending")
	g.keep("list", v.open("/list"), 200)
	g.to(v.get(), "description_input")
	g.keep("list-draft", v.open("/list"), 200)
	g.keep("paid-beside", v.get().tap("status:"+first), 200)
	if _, err := order(r.ctx, r.s.app, deal.Order(botName, deal.MarkPaid, late)); err != nil {
		g.t.Fatal(err)
	}
	g.keep("late-payment", v.tap("status:"+late), 200)
	g.keep("missing-id", v.tap("status:ESC-7K4M-92QXA"), 409)
	g.keep("cancelled-beside", v.get().tap("resume").tap("cancel"), 200)
	r.advance(25 * time.Hour)
	g.keep("start-beside", v.get(), 200)

	without := g.rig("--support", "@bay_help")
	g.keep("pending-ask", g.to(g.visitor(without), "trade_review").tap("confirm"), 200)
	nobody := g.rig("--open-escrows", "1")
	v = g.visitor(nobody)
	g.keep("start-nobody", v, 200)
	g.to(v, "trade_review")
	g.keep("review-nobody", v, 200)
	g.keep("pending-nobody", v.tap("confirm"), 200)
	g.keep("full", g.to(v, "trade_review").tap("confirm"), 422)
	g.keep("help-nobody", v.open("/help"), 200)
}

// doors keeps the pages without a draft or an escrow, and those that reject a request.
func (g *gallery) doors(r *rig) {
	v := g.visitor(r)
	g.keep("help", v.open("/help"), 200)
	g.keep("404", v.open("/nothing"), 404)
	v.get().tap("create")
	ask := func(name string, status int, client *http.Client, change func(*http.Request)) {
		g.t.Helper()
		form := url.Values{"text": {seller}, "csrf": {v.match(`name="csrf" value="([^"]*)"`)}, "draft": {v.draft()}, "revision": {v.match(`data-revision="([^"]*)"`)}}
		req, err := http.NewRequestWithContext(r.ctx, http.MethodPost, v.i.URL("/"), strings.NewReader(form.Encode()))
		if err != nil {
			g.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(req)
		page := *v
		g.keep(name, page.read(client.Do(req)), status)
	}
	ask("403", 403, v.client, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })
	ask("405", 405, v.client, func(r *http.Request) { r.Method = http.MethodPut })
	ask("421", 421, v.client, func(r *http.Request) { r.Host = "evil.example" })
	public := g.visitor(g.rig("--public-url", "https://pay.example"))
	page := *v
	v.i = public.i
	ask("421-public", 421, v.client, func(r *http.Request) { r.Host = "evil.example" })
	*v = page
	ask("no-cookie", 403, http.DefaultClient, func(*http.Request) {})
	other := g.visitor(r)
	ask("foreign", 409, other.client, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") })
	g.keep("large", v.say(strings.Repeat(article+"; ", 1100)), 413)
}
