package deal_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// TestReseat: a seller who has lost their account goes on with another one. Both are told, the account before can do
// nothing any more, and no link of before brings it back.
func TestReseat(t *testing.T) {
	for _, to := range []string{"tg:5000005", "web:new"} {
		k := met(t)
		old := start(seller, k.payload(), anna)
		k.handle(old)
		k.load().must(cameAs(126563, "R-1"))
		k.as(lockbay.Seller)
		link, accept := k.stored().Sides.Link, k.button(k.accept())
		reseat := lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReseat, Seat: to}
		k.must(reseat)
		e := k.stored()
		if k.rec.Guest != to || e.Sides.Joined != to || e.Sides.Seller != "" || e.Sides.Link <= link {
			t.Fatalf("%s: the guest is %s, and the deal says %+v", to, k.rec.Guest, e.Sides)
		}
		for role, want := range map[lockbay.Role]string{lockbay.Buyer: "@anna_ceramics uses another account now.", lockbay.Seller: "The operator has moved this deal to your account."} {
			if c := k.as(role).card("en"); c.Band == nil || dialog.Plain(c.Band.Strong) != want {
				t.Errorf("%s: the %s reads %+v", to, role, c.Band)
			}
		}
		version := k.rec.Version
		if k.handle(accept); k.out.Did != dialog.DidForeign || k.load().rec.Version != version {
			t.Errorf("%s: the account before accepts: %s", to, k.out.Did)
		}
		if k.handle(old); k.out.Did != dialog.DidForeign || k.load().rec.Version != version {
			t.Errorf("%s: the account before joins: %s", to, k.out.Did)
		}
		places := 0
		for _, p := range k.rec.Places {
			if p.Seat == "seller" {
				places++
			}
		}
		if want := map[bool]int{true: 1}[strings.HasPrefix(to, "tg:")]; places != want {
			t.Errorf("%s: the seller is told at %d places, want %d: %+v", to, places, want, k.rec.Places)
		}
		if err := k.act(reseat); err != nil || k.load().rec.Version != version {
			t.Errorf("%s, twice: %v", to, err)
		}
		if k.as(lockbay.Seller).tap(k.accept()); !k.accepted() || k.stored().Status != lockbay.Active {
			t.Errorf("%s: the new account does not accept: %s", to, k.out.Did)
		}
		if list, err := k.bot.Conversations(t.Context(), seller, deal.FlowName, dialog.Page{}); err != nil || len(list) != 0 {
			t.Errorf("%s: the account before has %d deals: %v", to, len(list), err)
		}
	}
}

// TestReseatRefused: the buyer's account, and a deal that nobody has joined.
func TestReseatRefused(t *testing.T) {
	for want, k := range map[string]*talk{"is the buyer": joined(t), "nobody has joined": met(t)} {
		to := map[bool]string{true: buyer, false: "web:new"}[want == "is the buyer"]
		guest := k.rec.Guest
		if err := k.act(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReseat, Seat: to}); err == nil || !strings.Contains(err.Error(), want) || k.load().rec.Guest != guest {
			t.Errorf("%s: %v, the guest is %q", want, err, k.rec.Guest)
		}
	}
}
