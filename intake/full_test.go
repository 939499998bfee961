package intake_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// One person has at most 20 escrows that wait for their payment. Confirm is refused, and
// goes on once one of them has ended, in whatever way. Others that ended do not count.
func TestPendingEscrowsArePerPersonAtMostTwenty(t *testing.T) {
	k := begin(t)
	pending := []string{k.confirmed()}
	for len(pending) < 20 {
		k.after(time.Second)
		pending = append(pending, k.another())
	}
	k.seed(150, lockbay.PaymentConfirmed)
	k.mine()
	k.reviewed().tap("confirm").did(dialog.DidRefuse).step(intake.StepReview).
		expect("20 of your escrows wait for their payment", pending[19])
	if n := k.pending(); n != 20 {
		t.Errorf("%d are pending", n)
	}
	k.open(pending[0]).tap("cancel").tap("cancel:yes").step("cancelled")
	k.mine().tap("confirm").did(dialog.DidApply)
	if n := k.pending(); n != 20 {
		t.Errorf("after one was cancelled %d are pending", n)
	}
	k.reviewed().tap("confirm").did(dialog.DidRefuse)
	k.after(61 * time.Minute) // all have lapsed, whether or not a sweep came by
	k.tap("confirm").did(dialog.DidApply)

	k.owner = "tg:2" // another person
	k.out = dialog.Outcome{}
	k.reviewed().tap("confirm").did(dialog.DidApply)
}

// reviewed makes a draft up to its review.
func (k *talk) reviewed() *talk {
	k.t.Helper()
	return k.say("/create").say("@piotr_books").say("200 eur").say("Seven books, as new").tap("delivery:24").step(intake.StepReview)
}

// another confirms another escrow and returns its id.
func (k *talk) another() string {
	k.t.Helper()
	k.reviewed().tap("confirm").did(dialog.DidApply)
	return k.deals()[0].ID
}

// pending counts the person's escrows that wait for their payment.
func (k *talk) pending() (n int) {
	k.t.Helper()
	records, err := k.bot.Conversations(k.t.Context(), k.owner, "deal", dialog.Page{Limit: 500, Step: string(lockbay.PaymentPending)})
	if err != nil {
		k.t.Fatal(err)
	}
	return len(records)
}
