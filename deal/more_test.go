package deal_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// works is an accepted deal of two people, in which the seller has to deliver.
func works(t *testing.T) *talk {
	t.Helper()
	return joined(t).must(by(lockbay.Seller, lockbay.MoveAccept)).must(cameAs(126563, "R-1"))
}

// TestMoreTimeIsGiven: the buyer chooses how much more time there is, and the seller is told.
func TestMoreTimeIsGiven(t *testing.T) {
	k := works(t).as(lockbay.Buyer).tap("more").golden(`
	More time to deliver
	# How much more time do you give?
	@anna_ceramics has until Fri 27 Nov, 14:41 UTC now.
	more:24 more:48 more:72 back
	`)
	k.tap("more:48")
	if text := k.as(lockbay.Seller).text(); !strings.HasPrefix(text, "! The buyer gives you 48 hours more.") || !strings.Contains(text, "Deliver by Sun 29 Nov, 14:41 UTC") {
		t.Errorf("the seller reads\n%s", text)
	}
}

// TestMoreTimeIsAskedFor: the seller asks; the buyer reads for how much, and gives it or leaves the time as it is. What the
// seller asks changes nothing that the buyer's buttons mean.
func TestMoreTimeIsAskedFor(t *testing.T) {
	for _, yes := range []bool{true, false} {
		k := works(t)
		revision := k.rec.As("").Revision
		k.as(lockbay.Seller).tap("more").golden(`
		More time to deliver
		# How much more time do you need?
		You have until Fri 27 Nov, 14:41 UTC now. The buyer decides.
		more:24 more:48 more:72 back
		`)
		k.tap("more:24")
		if text := k.text(); !strings.Contains(text, "You asked for 24 hours more.") || strings.Contains(k.actions(), "more") {
			t.Errorf("the seller reads\n%s", text)
		}
		if k.as(lockbay.Buyer); k.rec.As("").Revision != revision {
			t.Error("asking changes what the buyer's buttons mean")
		}
		if text := k.text(); !strings.HasPrefix(text, "! @anna_ceramics asks for 24 hours more to deliver.") || !strings.Contains(k.actions(), "grant:yes grant:no") {
			t.Errorf("the buyer reads\n%s", text)
		}
		action, end, told := "grant:no", "Fri 27 Nov", "leaves the time to deliver as it is"
		if yes {
			action, end, told = "grant:yes", "Sat 28 Nov", "gives you 24 hours more"
		}
		k.tap(action)
		if text := k.as(lockbay.Seller).text(); !strings.Contains(text, told) || !strings.Contains(text, "Deliver by "+end) {
			t.Errorf("after %s the seller reads\n%s", action, text)
		}
	}
}

// TestGrantTwice: the same yes twice gives the time once, and a yes after the seller has delivered gives nothing.
func TestGrantTwice(t *testing.T) {
	k := works(t).as(lockbay.Seller).tap("more").tap("more:24").as(lockbay.Buyer)
	yes := k.button("grant:yes")
	k.handle(yes)
	until := k.load().stored().Until
	k.handle(yes)
	yes.ID = ""
	if out := k.handle(yes); out.Did == dialog.DidApply || k.load().stored().Until != until {
		t.Errorf("given twice: %s", out.Did)
	}
	k.as(lockbay.Seller).tap("more").tap("more:72").as(lockbay.Buyer)
	yes = k.button("grant:yes")
	k.as(lockbay.Seller).tap("delivered")
	if out := k.handle(yes); out.Did != dialog.DidStale {
		t.Errorf("given after the delivery: %s", out.Did)
	}
}

// TestHalfIsTold: the seller is told at half of the time to deliver; the buyer is left alone.
func TestHalfIsTold(t *testing.T) {
	k := works(t)
	buyer, seller := k.rec.As("").Anew, k.rec.As("seller").Anew
	k.alarm(lockbay.AlarmHalf)
	if k.rec.As("").Anew != buyer || k.rec.As("seller").Anew == seller || !strings.HasPrefix(k.as(lockbay.Seller).text(), "! Half of the time") {
		t.Errorf("the seller reads\n%s", k.as(lockbay.Seller).text())
	}
}

// TestPayeeIsReminded: who has not said where to send the money is reminded, three times; the other side is not.
func TestPayeeIsReminded(t *testing.T) {
	k := settles(t)
	for range 3 {
		buyer, seller := k.rec.As("").Anew, k.rec.As("seller").Anew
		k.alarm(lockbay.AlarmWhere)
		if k.rec.As("").Anew != buyer || k.rec.As("seller").Anew == seller || !strings.HasPrefix(k.as(lockbay.Seller).text(), "! €1,234.38 waits for you.") {
			t.Errorf("the seller reads\n%s", k.as(lockbay.Seller).text())
		}
	}
	if len(k.rec.Timers) != 1 || k.rec.Timers[0].Name != lockbay.AlarmOver {
		t.Errorf("it waits for %v", k.rec.Timers)
	}
}
