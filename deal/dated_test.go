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

// dated are the labels of the dated facts of the card, with their values.
func (k *talk) dated() (list []string) {
	for _, f := range k.card("en").Facts {
		if slices.Contains([]string{"paid", "accepted", "delivered", "settled"}, f.Field) {
			list = append(list, dialog.Plain(f.Label+" "+f.Value))
		}
	}
	return list
}

// TestDatedFacts: what happened stands on the cards of both, with its time, from the payment on.
func TestDatedFacts(t *testing.T) {
	k := joined(t)
	if got := k.dated(); got != nil {
		t.Errorf("before the payment: %q", got)
	}
	steps := []struct {
		move func()
		fact string
	}{
		{func() { k.must(cameAs(126563, "R-1")) }, "Paid Tue 24 Nov, 15:41 UTC"},
		{func() { k.as(lockbay.Seller).tap(k.accept()) }, "Accepted Tue 24 Nov, 16:41 UTC"},
		{func() { k.tap("delivered") }, "Delivered Tue 24 Nov, 17:41 UTC"},
		{func() { k.as(lockbay.Buyer).tap("release").tap("release:yes") }, "Released Tue 24 Nov, 18:41 UTC"},
	}
	var want []string
	for _, s := range steps {
		k.now = k.now.Add(time.Hour)
		s.move()
		want = append(want, s.fact)
		for _, side := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
			want := want
			if k.stored().Status == lockbay.PaymentConfirmed && side == lockbay.Buyer { // a receipt
				want = ofTheYear(want)
			}
			if got := k.as(side).dated(); !slices.Equal(got, want) {
				t.Errorf("the %s reads %q, want %q", side, got, want)
			}
		}
	}
	k.must(sends).must(sentAs("R-77"))
	for _, side := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
		if got := k.as(side).dated(); !slices.Equal(got, ofTheYear(want)) {
			t.Errorf("the receipt has %q, want %q", got, ofTheYear(want))
		}
		if !strings.Contains(k.text(), "on Tue 24 Nov 2026, 18:41 UTC, reference R-77.") {
			t.Errorf("the receipt is\n%s", k.text())
		}
	}
}

// TestNothingIsDatedAfterAMistake: a payment that was recorded by mistake is not on the cards any more.
func TestNothingIsDatedAfterAMistake(t *testing.T) {
	k := joined(t).must(accepts).must(cameAs(126563, "R-1")).must(acted(lockbay.Desk, lockbay.MoveUndone, "another deal's"))
	for _, side := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
		if got := k.as(side).dated(); got != nil {
			t.Errorf("the %s reads %q", side, got)
		}
	}
}

// ofTheYear are dates with their year.
func ofTheYear(list []string) (of []string) {
	for _, s := range list {
		of = append(of, strings.Replace(s, "Nov,", "Nov 2026,", 1))
	}
	return of
}

// TestTimeLeft: the bar counts days and hours, hours, and minutes.
func TestTimeLeft(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller)
	k.tap(k.accept())
	for _, x := range []struct {
		after time.Duration
		want  string
	}{
		{0, "3 days left, counted on Tue 24 Nov, 14:41 UTC"},
		{time.Minute, "2 days and 23 hours left, counted on Tue 24 Nov, 14:42 UTC"},
		{25 * time.Hour, "47 hours left, counted at 15:41 UTC"},
		{71 * time.Hour, "60 minutes left, counted at 13:41 UTC"},
	} {
		k.now = begun.Add(x.after)
		for _, side := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
			if got := dialog.Plain(k.as(side).card("en").Bar.Text); got != x.want {
				t.Errorf("after %s the %s reads %q, want %q", x.after, side, got, x.want)
			}
		}
	}
}

// TestAcceptedFirst: after the seller has accepted, the buyer is not told to ask them.
func TestAcceptedFirst(t *testing.T) {
	k := joined(t)
	if !strings.Contains(k.text(), "@anna_ceramics accepts, then delivers") {
		t.Errorf("before, the buyer reads\n%s", k.text())
	}
	k.as(lockbay.Seller).tap(k.accept())
	if text := k.as(lockbay.Buyer).text(); !strings.Contains(text, "- @anna_ceramics delivers\nWithin 72 hours of your payment.") {
		t.Errorf("the buyer reads\n%s", text)
	}
}

// TestTimesOfTheOperator: sentences about coming times have those of the deal.
func TestTimesOfTheOperator(t *testing.T) {
	o := opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot"}
	o.e.Times = lockbay.Times{Late: 24 * 60, Decision: 90}
	k := beginWith(t, o)
	k.handle(start(seller, k.payload(), anna))
	k.load().must(cameAs(126563, "R-1")).must(accepts)
	if text := k.as(lockbay.Buyer).text(); !strings.Contains(text, "24 hours later it comes back by itself") {
		t.Errorf("the buyer reads\n%s", text)
	}
	k.tap("dispute").tap("dispute:damaged")
	for _, side := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
		if text := k.as(side).text(); !strings.Contains(text, "You read the decision here 90 minutes before anything is sent.") {
			t.Errorf("the %s reads\n%s", side, text)
		}
	}
}
