package deal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// awaiting is a deal with a link that its seller accepts first.
func awaiting(t *testing.T, o opener) *talk {
	o.e, o.format = escrow(), deal.Version
	o.e.WaitForSeller()
	return beginWith(t, o)
}

// TestAcceptFirst: the buyer reads how to pay once the seller has accepted, and both read until when.
func TestAcceptFirst(t *testing.T) {
	k := awaiting(t, opener{seats: []byte("seats"), bot: "bay_bot"})
	if k.rec.Schema < deal.Chosen {
		t.Errorf("the deal has the version %d, so an older program asks for its money at once", k.rec.Schema)
	}
	k.golden(`
	Confirmed. The seller accepts first
	# @anna_ceramics has until Wed 25 Nov, 14:41 UTC to accept
	Do not pay yet. When they have accepted, you read here how, and you have time for it.
	1440/1440 24 hours left, counted at 14:41 UTC
	Price: €1,250.00
	Your part of the fee: €15.63
	To pay then: €1,265.63
	Send @anna_ceramics this link: https://t.me/bay_bot?start=s_0000001AW_OK7PZe9PshA1o7GS6FK4fQ
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	- You pay us
	Once they have accepted: we tell you here how. Until you pay, cancelling is free.
	- @anna_ceramics delivers
	Within 72 hours of your payment. We hold the money all the time.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	link help create cancel
	`)
	k.handle(start(seller, k.payload(), anna))
	k.load().as(lockbay.Seller).golden(`
	A deal for you, not accepted yet
	# Sell this for €1,250.00?
	Accept by Wed 25 Nov, 14:41 UTC: the buyer pays after that. Deliver only when we say that the money is here.
	1440/1440 24 hours left, counted at 14:41 UTC
	Price: €1,250.00
	Your part of the fee: − €15.62
	You get: €1,234.38
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Accepting costs nothing.
	- The buyer pays us
	Once you have accepted. We tell you at once.
	- You deliver, then say so here
	Within 72 hours of the payment and your yes. The buyer cannot take the money back before then.
	- The buyer checks, you are paid
	Within 72 hours more, also if they say nothing.
	` + k.accept() + ` decline help create
	`)
	k.now = begun.Add(3 * time.Hour)
	k.tap(k.accept()).as(lockbay.Buyer)
	if c := k.card("en"); c.Band == nil || dialog.Plain(c.Band.Strong) != "@anna_ceramics has accepted." || !strings.Contains(strings.Join(c.Body, "\n"), "How to pay") ||
		dialog.Plain(c.Question) != "Pay €1,265.63 by 18:41 UTC" || k.rec.Anew != k.rec.Version {
		t.Errorf("after the acceptance: %s\n%s", dialog.Plain(c.Question), k.text())
	}
	if k.rec.Timers[0].At != begun.Add(4*time.Hour).UnixMilli() {
		t.Errorf("it lapses at %v", k.rec.Timers)
	}
}

// TestAcceptFirstTellsNobodyHowToPay: before the acceptance no text and no button of the buyer's message is about paying,
// also where operators have a desk, and in part paid.
func TestAcceptFirstTellsNobodyHowToPay(t *testing.T) {
	k := awaiting(t, opener{operators: []string{"tg:9"}})
	came := lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Sum: lockbay.Money{Minor: 500, Currency: "EUR"}, Ref: "R-1"}
	for range 2 {
		for _, action := range []string{"help", "back"} {
			if text := k.text(); strings.Contains(text, "How to pay") || strings.Contains(text, "Have you paid") || slices.Contains(strings.Fields(k.actions()), "paid") {
				t.Errorf("before the acceptance the buyer reads\n%s", text)
			}
			k.tap(action)
		}
		k.must(came)
	}
	c := k.card("en")
	if last := c.Facts[len(c.Facts)-1]; dialog.Plain(last.Value) != "€5.00" || !strings.Contains(strings.Join(c.Body, "\n"), "Tell them of this deal yourself") {
		t.Errorf("what came is not on the card: %+v\n%s", c.Facts, k.text())
	}
}

// TestAcceptFirstByNobody: the deal lapses, and both read who let the time run out.
func TestAcceptFirstByNobody(t *testing.T) {
	k := awaiting(t, opener{seats: []byte("seats"), bot: "bay_bot"})
	k.handle(start(seller, k.payload(), anna))
	k.load().now = begun.Add(time.Hour)
	if k.wake(); k.rec.Step != string(lockbay.PaymentPending) {
		t.Fatalf("after the time to pay the deal is %s", k.rec.Step)
	}
	k.alarm(lockbay.AlarmLapse).as(lockbay.Buyer).golden(`
	! @anna_ceramics let the time to accept run out.
	# @anna_ceramics did not accept by Wed 25 Nov, 14:41 UTC
	This escrow has ended, and you owe nothing.
	Have you paid? Then do not pay again. Write to @bay_help, and name ESC-0000-001AW.
	again help create
	`)
	k.as(lockbay.Seller).golden(`
	! You let the time to accept run out.
	# You did not accept by Wed 25 Nov, 14:41 UTC
	This deal has ended. You owe nothing.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`)
	for role, want := range map[lockbay.Role]string{lockbay.Buyer: "The seller did not accept in time", lockbay.Seller: "You did not accept in time"} {
		if l := k.as(role).card("en").Line; l.State != want || l.Needs {
			t.Errorf("the list of the %s says %+v", role, l)
		}
	}
}
