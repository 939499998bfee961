package deal_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// A deal in a list says who, how much, where it stands and what it is.
func TestLineOfADeal(t *testing.T) {
	k := begin(t)
	line := func(state string, needs bool) {
		t.Helper()
		l := k.card("en").Line
		want := dialog.Line{Who: "@anna_ceramics", Sum: "€1,265.63", State: state, What: "Buying, 24 Nov: Сервиз ручной работы 🍽️, 24 предмета", Needs: needs}
		if got := (dialog.Line{Who: dialog.Plain(l.Who), Sum: dialog.Plain(l.Sum), State: dialog.Plain(l.State), What: dialog.Plain(l.What), Needs: l.Needs}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	line("Pay by 15:41 UTC", true)
	k.now = begun.Add(time.Hour)
	k.wake()
	line("No payment came by Tue 24 Nov, 15:41 UTC", false)
	if err := k.order(deal.MarkPaid); err != nil {
		t.Fatal(err)
	}
	line("Paid. The seller accepts by Wed 25 Nov, 15:41 UTC", false)
}

// A line in which money is sent says to whom: after a decision each side has its own part.
func TestLineOfASettledDeal(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1"))
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Share: 7000, Text: "half"})
	line := func(role lockbay.Role, sum, state string, needs bool) {
		t.Helper()
		l := k.as(role).card("en").Line
		if dialog.Plain(l.Sum) != sum || dialog.Plain(l.State) != state || l.Needs != needs {
			t.Errorf("the %s: %s, %s (needs: %t)", role, dialog.Plain(l.Sum), dialog.Plain(l.State), l.Needs)
		}
	}
	line(lockbay.Buyer, "€1,265.63", "Say where to send your €379.70", true)
	line(lockbay.Seller, "€864.06", "Say where to send your €864.06", true)
	k.must(lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveWhere, Text: "LT12"})
	line(lockbay.Seller, "€864.06", "We send you €864.06", false)
	k.now = k.now.Add(25 * time.Hour)
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSending, To: lockbay.Seller}).must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSent, To: lockbay.Seller, Ref: "R-2"})
	line(lockbay.Seller, "€864.06", "Settled. The buyer gets the money back", false)
	line(lockbay.Buyer, "€1,265.63", "Say where to send your €379.70", true)
}
