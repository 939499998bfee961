package main

import (
	"net/url"
	"strings"

	"github.com/lockbay/lockbay"
)

// chosen keeps deals whose operator has chosen: the seller accepts first, and the fee of a cancel is kept. A payment of
// theirs is taken back.
func (g *gallery) chosen() {
	g.t.Helper()
	addr := freeAddr(g.t)
	r := g.rig(append(g.usual(), "--listen", addr, "--public-url", "http://"+addr, "--deal", "accept=first", "--fee", "refund=keep")...)
	review := func() *visitor {
		return g.visitor(r).tap("create").say("anna@example.com").say(price).say(article).tap("delivery:72")
	}
	v := review()
	g.keep("review-chosen", v, 200)
	g.keep("awaits", v.tap("confirm").at("payment_pending"), 200)
	if strings.Contains(v.page, "LT12") || strings.Contains(v.page, "Reference") {
		g.t.Errorf("the buyer reads how to pay before the seller has accepted:\n%s", v.page)
	}
	link, err := url.Parse(v.match(`(http://[^<"]*/s/[^<"]*)`))
	if err != nil {
		g.t.Fatal(err)
	}
	g.keep("join-first", g.visitor(r).open(link.Path), 200)

	x := g.trade(r, false)
	g.keep("accepted-first", x.buyer.get(), 200)
	if !strings.Contains(x.buyer.page, "Reference") {
		g.t.Errorf("the buyer does not read how to pay after the seller has accepted:\n%s", x.buyer.page)
	}
	x.paid().act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveChargeback, Sum: lockbay.Money{Minor: 50000, Currency: "EUR"}, Ref: "CB-1", Text: "the card was stolen"})
	x.both("chargeback")

	y := &trade{g: g, r: r, id: v.draft(), buyer: v}
	y.paid()
	g.keep("cancel-kept", v.get().tap("cancel"), 200)
	g.keep("settling-kept", v.tap("cancel:yes"), 200)
}
