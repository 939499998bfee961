package deal_test

import (
	"testing"
	"time"

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
