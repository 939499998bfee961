package deal_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// keeping is a paid deal whose fee is kept if the buyer cancels.
func keeping(t *testing.T) *talk {
	e := escrow()
	e.Quote.Keep = true
	k := beginWith(t, opener{e: e, format: deal.Version})
	return k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true})
}

// TestKeptFee: the buyer reads what a cancel costs before it, and what stayed after it. The deal keeps what its review said.
func TestKeptFee(t *testing.T) {
	k := keeping(t)
	if k.rec.Schema < deal.Chosen || !k.flow.Knows(&k.rec.Head) {
		t.Errorf("the deal has the version %d, so an older program loses that its fee is kept", k.rec.Schema)
	}
	k.tap("cancel").golden(`
	This is final
	# Cancel, and take back €1,234.38?
	There is no Undo. The fee of €31.25 stays with us, because @anna_ceramics has done nothing wrong.
	back cancel:yes
	`)
	k.tap("cancel:yes").golden(`
	It is settled
	# €1,234.38 is yours
	The fee of €31.25 stayed with us, because you cancelled after paying.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	where help create
	`)
	k.must(sends).must(sentAs("R-78")).golden(`
	Receipt
	# You got €1,234.38 back
	Price: €1,250.00
	Your part of the fee: €15.63
	You paid: €1,265.63
	You got €1,234.38 back on Tue 24 Nov 2026, 14:41 UTC, reference R-78.
	The fee of €31.25 stayed with us, because you cancelled after paying.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	again help create
	`)
}

// TestKeptFeeOfASilentSeller: once the seller's time is over, the button gives all of it back, also before the clock does.
func TestKeptFeeOfASilentSeller(t *testing.T) {
	k := keeping(t)
	k.now = k.now.Add(lockbay.AcceptWithin + time.Second)
	k.tap("cancel").golden(`
	This is final
	# Cancel, and take back €1,265.63?
	There is no Undo. All of it comes back, the fee too.
	back cancel:yes
	`)
	k.tap("cancel:yes")
	if e := k.stored(); k.out.Did != dialog.DidApply || e.Balances().Owed(lockbay.AccountBuyer) != 126563 {
		t.Errorf("%s: %v", k.out.Did, e.Balances())
	}
}

// TestKeptFeeIsThePrice: a kept fee may be all that the buyer paid. Then nobody reads that the money went back.
func TestKeptFeeIsThePrice(t *testing.T) {
	e := escrow()
	e.Quote.Keep = true
	e.Quote.Fee, e.Quote.BuyerFee, e.Quote.SellerFee = e.Quote.Amount, 0, e.Quote.Amount
	e.Quote.BuyerPays, e.Quote.SellerGets = e.Quote.Amount, 0
	k := wholly(t, opener{e: e, format: deal.Version}).in(situation{lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true}, cancels})
	if status := k.stored().Status; status != lockbay.Refunded {
		t.Fatalf("the deal is %s", status)
	}
	for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
		c := k.as(role).card("en")
		want := [2]string{"This deal has ended. Nothing was left to send back", "Ended. Nothing was left to send back"}
		if got := [2]string{dialog.Plain(c.Question), dialog.Plain(c.Line.State)}; got != want {
			t.Errorf("the %s reads %q, want %q", role, got, want)
		}
	}
}
