package main

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// trade is a deal of two visitors of a gallery.
type trade struct {
	g             *gallery
	r             *rig
	id            string
	buyer, seller *visitor
}

// trade confirms an escrow with a seller who joins on the page.
func (g *gallery) trade(r *rig, keep bool) *trade {
	g.t.Helper()
	x := &trade{g: g, r: r, buyer: g.visitor(r), seller: g.visitor(r)}
	x.buyer.tap("create").say("anna@example.com").say(price).say(article).tap("delivery:72").tap("confirm").at("payment_pending")
	x.id = x.buyer.draft()
	link, err := url.Parse(x.buyer.match(`(http://[^<"]*/s/[^<"]*)`))
	if err != nil {
		g.t.Fatal(err)
	}
	x.seller.open(link.Path)
	if keep {
		g.keep("pending-link", x.buyer, 200)
		g.keep("join", x.seller, 200)
	}
	x.seller.read(x.seller.client.PostForm(x.seller.i.URL(link.Path), url.Values{"action": {"accept:" + x.seller.match(`value="accept:([^"]*)"`)},
		"input_id": {x.seller.match(`name="input_id" value="([^"]*)"`)}, "csrf": {x.seller.match(`name="csrf" value="([^"]*)"`)}}))
	x.seller.get().at("payment_pending")
	return x
}

// act gives an operator's order.
func (x *trade) act(a lockbay.Act) {
	x.g.t.Helper()
	if _, err := order(x.r.ctx, x.r.s.app, deal.OrderAct(botName, x.id, a)); err != nil {
		x.g.t.Fatal(err)
	}
}

// paid is the operator's order that says that all has come.
func (x *trade) paid() *trade {
	x.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true, Ref: "rest"})
	return x
}

// says gives a text of the seller to the deal, and waits until the deal has answered.
func (x *trade) says(text string) *visitor {
	x.g.t.Helper()
	rec, _ := x.r.load(dialog.Key{Bot: botName, Flow: deal.FlowName, ID: x.id})
	own := x.r.engine().Route(&dialog.Input{Owner: rec.As(string(lockbay.Seller)).Owner})
	x.seller.say(text)
	x.r.until("the deal has answered", func() bool {
		rec, _ := x.r.load(own)
		return len(rec.Pending) == 0
	})
	return x.seller.get()
}

// both keeps what both sides see.
func (x *trade) both(name string) {
	x.g.t.Helper()
	x.g.keep(name, x.buyer.get(), 200)
	x.g.keep(name+"-seller", x.seller.get(), 200)
}

// trades keeps a deal from its link to its end, as both sides see it.
func (g *gallery) trades() {
	addr := freeAddr(g.t)
	r := g.rig(append(g.usual(), "--listen", addr, "--public-url", "http://"+addr)...)
	x := g.trade(r, true)
	g.keep("accepted-seller", x.seller, 200)
	x.paid().both("active")
	r.advance(70 * time.Hour)
	x.both("active-hours")
	x.seller.tap("delivered")
	x.both("delivered")
	g.keep("release", x.buyer.tap("release"), 200)
	x.buyer.tap("release:yes")
	x.both("settling")
	g.keep("where", x.seller.tap("where"), 200)
	g.keep("where-refused", x.says(strings.Repeat("9", 201)), 200)
	g.keep("where-said", x.says("LT60 1010 0123 4567 8901, Anna Petraitė"), 200)
	if !strings.Contains(x.seller.page, "LT60 1010 0123 4567 8901") {
		g.t.Errorf("the seller does not read where the money goes:\n%s", x.seller.page)
	}
	if strings.Contains(x.buyer.get().page, "LT60") {
		g.t.Error("the buyer reads where the seller's money goes")
	}
	x.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSending})
	x.both("sending")
	x.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSent, Ref: "R-77"})
	x.both("completed")

	x = g.trade(r, false).paid()
	x.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldDesk})
	x.both("hold")
	x.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume})
	r.advance(73 * time.Hour)
	x.both("late")
	g.keep("takeback", x.buyer.tap("takeback"), 200)
	x.buyer.tap("takeback:yes")
	x.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSending})
	x.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSent, Ref: "R-78"})
	x.both("refunded")

	x = g.trade(r, false).paid()
	g.keep("giveback", x.seller.get().tap("giveback"), 200)
	x.seller.tap("back")
	g.keep("dispute", x.buyer.get().tap("dispute"), 200)
	x.buyer.tap("dispute:not_as_described")
	x.both("disputed")
	x.seller.tap("say")
	x.says("The parcel left here whole. The spare plates were in it; I can send two more.")
	g.keep("offer", x.seller.tap("offer"), 200)
	x.seller.tap("offer:25")
	x.both("offered")
	g.keep("say", x.buyer.tap("say"), 200)
	x.buyer.tap("leave").get()
	g.keep("agree", x.buyer.tap("agree:1"), 200)
	x.buyer.tap("back")
	x.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Share: 7000, Text: strings.Repeat("Four of the plates are broken. ", 4)})
	x.both("decided")
	g.keep("list-selling", x.seller.open("/list"), 200)
}

// TestSilentBuyerOnThePage: a buyer without a chat who opened the page after the delivery, and pressed nothing, has seen
// it: the seller is paid when the time to check is over. One who did not open it is waited for.
func TestSilentBuyerOnThePage(t *testing.T) {
	for _, opens := range []bool{true, false} {
		g := newGallery(t)
		addr := freeAddr(t)
		r := g.rig("--listen", addr, "--public-url", "http://"+addr)
		x := g.trade(r, false).paid()
		x.buyer.get()
		r.advance(time.Hour)
		x.seller.get().tap("delivered")
		if opens {
			x.buyer.get().at("delivered")
			r.until("the mark is written", func() bool { return r.engine().Stats().Marks == 0 })
		}
		r.advance(49 * time.Hour) // told a day before the end
		r.advance(24 * time.Hour)
		want := "We did not reach the buyer"
		if opens {
			want = "is yours"
		}
		if !strings.Contains(x.seller.get().page, want) {
			t.Errorf("opens: %t: the seller reads\n%s", opens, x.seller.page)
		}
	}
}
