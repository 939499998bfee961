package intake_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

func TestConfirmStartsExactlyOneDeal(t *testing.T) {
	k := begin(t).review()
	draft := k.out.Record.Draft
	confirm := k.pressed("confirm")
	confirm.ID = "c1"
	k.input(confirm)
	id := k.out.Record.Started
	k.step("").expect("You confirmed " + id)
	same := k.input(confirm) // a redelivery
	confirm.ID = "c2"
	again := k.input(confirm) // the same tap under another id
	if same.Did != dialog.DidDuplicate || again.Did != dialog.DidDuplicate || again.Toast == nil || again.Toast.Code != "already" || again.Toast.Args["id"] != id {
		t.Errorf("a second Confirm: %s %s %+v", same.Did, again.Did, again.Toast)
	}
	d := k.deals()
	if len(d) != 1 || d[0].ID != id || d[0].Draft != draft || d[0].Buyer != k.owner || d[0].Expires-d[0].Created != 60*60*1000 {
		t.Fatalf("the deals are %+v", d)
	}
	if q := d[0].Quote; q.BuyerPays != 126563 || q.SellerGets != 123438 || q.BuyerPays-q.SellerGets != q.Fee {
		t.Errorf("the quote is %+v", q)
	}
	k.open(id).step("payment_pending").expect("Pay €1,265.63 by 15:32")
	if r := k.out.Record; r.Draft != id || r.Owner != k.owner {
		t.Errorf("the deal's head is %+v", r.Head)
	}
}

func TestConfirmOfAChangedQuoteCreatesNothing(t *testing.T) {
	k := begin(t).review()
	old := k.pressed("confirm")
	k.rules = euros()
	k.rules.Fee.BasisPoints = 500
	k.input(old)
	k.did(dialog.DidRefuse).step(intake.StepReview)
	k.expect("✗ Nothing was confirmed: you would pay €1,281.25 now, €1,265.63 was shown before.", "You pay: €1,281.25", "confirm")
	old = k.pressed("confirm")
	k.rules = euros()
	k.rules.Fee.BasisPoints = 500
	k.rules.PaymentWindow /= 2
	k.input(old)
	k.did(dialog.DidRefuse).expect("the limits, the time to pay or what a cancel costs changed", "Within 30 minutes.", "Nothing is charged by confirming.\n")
	old = k.pressed("confirm")
	k.rules = euros()
	k.rules.Fee.BasisPoints, k.rules.Fee.Keep = 500, true
	k.rules.PaymentWindow /= 2
	k.input(old)
	k.did(dialog.DidRefuse).expect("what a cancel costs changed", "If you cancel after paying, the fee of €62.50 stays with us.")
	if len(k.deals()) != 0 {
		t.Fatal("a deal was made of what nobody read")
	}
	k.tap("confirm").step("")
	if d := k.deals(); len(d) != 1 || d[0].Quote.BuyerPays != 128125 || !d[0].Quote.Keep {
		t.Errorf("the deals are %+v", d)
	}
}

// TestConfirmOfAnInstanceWithOtherRules: instances of different fees serve one store, as in a rolling change of the
// configuration. What is confirmed is the quote above the pressed button, or nothing.
func TestConfirmOfAnInstanceWithOtherRules(t *testing.T) {
	k := begin(t).review()
	ours, theirs := k.rules, euros()
	theirs.Fee.BasisPoints = 500
	k.rules = theirs
	k.expect("You pay: €1,281.25")
	other := k.pressed("confirm")
	k.rules = ours
	k.expect("You pay: €1,265.63")
	k.input(other)
	k.did(dialog.DidRefuse).step(intake.StepReview).expect("✗ Nothing was confirmed: other sums or terms stood above the button that you pressed.", "You pay: €1,265.63")
	if d := k.deals(); len(d) != 0 {
		t.Fatalf("a quote that nobody read was confirmed: %+v", d[0].Quote)
	}
	own := k.pressed("confirm")
	k.rules = theirs
	k.input(own)
	k.did(dialog.DidRefuse).expect("you would pay €1,281.25 now, €1,265.63 was shown before.")
	k.rules = ours
	fresh := k.pressed("confirm") // of a page that was opened here
	k.rules = theirs
	k.input(fresh)
	k.did(dialog.DidRefuse)
	k.rules = ours
	k.tap("confirm").did(dialog.DidRefuse).expect("you would pay €1,265.63 now, €1,281.25 was shown before.")
	k.tap("confirm").step("")
	if d := k.deals(); len(d) != 1 || d[0].Quote.BuyerPays != 126563 {
		t.Errorf("the deals are %+v", d)
	}
}

// TestTypedConfirmInAChat: an instance of other fees may have shown the review in a chat, and a typed command does not tell.
// So it is answered with the review, whose button does.
func TestTypedConfirmInAChat(t *testing.T) {
	k := begin(t)
	k.push = true
	k.review()
	ours, theirs := k.rules, euros()
	theirs.Fee.BasisPoints = 500
	k.rules = theirs
	k.expect("You pay: €1,281.25") // their courier took over
	k.rules = ours
	k.say("/confirm").did(dialog.DidRefuse).step(intake.StepReview).expect("✗ Nothing was confirmed yet: read the sums", "You pay: €1,265.63")
	if r := k.out.Record; len(k.deals()) != 0 || r.Anew != r.Version {
		t.Fatalf("%d escrows, and the review of version %d comes anew in %d", len(k.deals()), r.Version, r.Anew)
	}
	k.tap("confirm").step("")
	if d := k.deals(); len(d) != 1 || d[0].Quote.BuyerPays != 126563 {
		t.Errorf("the deals are %+v", d)
	}

	k = begin(t).review() // a terminal has shown what it confirms
	if k.say("/confirm").step(""); len(k.deals()) != 1 {
		t.Errorf("%d escrows", len(k.deals()))
	}
}

func TestConfirmOnAnOldCardDoesNothing(t *testing.T) {
	k := begin(t).review()
	old := k.pressed("confirm")
	k.tap("edit:amount").say("900 eur")
	k.input(old)
	k.did(dialog.DidStale).step(intake.StepReview).expect("! That button is from an earlier step.", "Price: €900.00")
	if len(k.deals()) != 0 {
		t.Error("an old card confirmed")
	}
}

func TestCreateBesideAPendingDealBeginsANewDraft(t *testing.T) {
	k := begin(t)
	id := k.confirmed()
	k.after(time.Minute)
	k.tap("create").step(intake.StepSeller)
	if k.out.Record.Key.Flow != intake.FlowName {
		t.Fatal("create went to the deal")
	}
	k.say("@piotr_books").say("200 eur")
	k.open(id).step("payment_pending")
	k.mine().step(intake.StepDescription)
	first := k.out.Record.Draft
	k.say("Seven books, as new").tap("delivery:24").tap("confirm")
	if d := k.deals(); len(d) != 2 || d[0].Draft != first || d[0].Draft == d[1].Draft {
		t.Errorf("the deals are %+v", d)
	}
}

func TestStatusListsTheDealsEachWithItsCard(t *testing.T) {
	k := begin(t)
	k.say("/status").expect("You have no escrows yet.")
	one := k.confirmed()
	k.after(time.Minute)
	two := k.confirmed()
	k.say("/create").say("@anna_ceramics").say("/status").step(intake.StepAmount)
	k.expect("! You have 2 escrows.", "# How much is the deal?", "status:"+two+" status:"+one)
	b, _ := k.find("status:" + two)
	if got := dialog.Plain(b.Label); got != "@anna_ceramics, €1,265.63, 24 Nov: to be paid" {
		t.Errorf("the line is %q", got)
	}
	k.tap("status:" + one).step("payment_pending").expect(one)
	if r := k.out.Record; r.Key.ID != one || r.Anew != r.Version {
		t.Error("the card of the deal does not come anew")
	}
	stranger := press("status:" + one + "||")
	k.owner = "tg:666"
	if out := k.input(stranger); out.Did != dialog.DidForeign {
		t.Errorf("somebody else's deal: %s", out.Did)
	}
	for range 12 {
		k.confirmed()
	}
	k.say("/status")
	if n := strings.Count(k.text(), "status:ESC-"); n != 10 {
		t.Errorf("%d escrows are listed", n)
	}
}

// An id can be typed. A mistyped id is answered with the mistake and the nearest id of this person.
func TestStatusOfOneEscrow(t *testing.T) {
	k := begin(t)
	k.say("/status ESC-7K4M-92QXA").expect("You have no escrows yet.")
	one := k.confirmed()
	k.after(time.Minute)
	two := k.confirmed()
	k.say("/create").say("@anna_ceramics").say("/status " + strings.ToLower(one)).step(intake.StepAmount)
	k.expect("! "+one+" is yours.", "# How much is the deal?", "status:"+one)
	if _, ok := k.find("status:" + two); ok {
		t.Error("another one is there, too")
	}
	slip := []byte(two)
	slip[6], slip[7] = slip[7], slip[6]
	k.say("/status "+string(slip)).expect("! “"+string(slip)+"” is none of your latest escrows.", "The nearest is "+two+".", "status:"+two)
	k.tap("status:" + two).step("payment_pending").expect(two)
	k.mine()
	long := "my plates \n\t " + strings.Repeat("🌷", 200)
	k.say("/status "+long).expect("! “my plates 🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷🌷…” is none of your latest escrows. One looks like ESC-7K4M-92QXA.", "status:"+two+" status:"+one)
	k.say("/start status").expect("! You have 2 escrows.")

	k.owner = "tg:666" // a stranger does not learn whether it exists
	k.say("/status " + one).expect("You have no escrows yet.")
}

// Without a draft, Cancel tells of the escrows.
func TestCancelWithoutADraftPointsToTheEscrow(t *testing.T) {
	k := begin(t)
	k.say("/cancel").expect("! There is no draft here.")
	id := k.confirmed()
	k.say("/cancel").step("").expect("! There is no draft to cancel. One of your escrows waits for your payment.", "its own Cancel is there", "status:"+id)
	k.say("/resume").step("").expect("! There is no draft here. One of your escrows waits for your payment.", "status:"+id)
	k.tap("status:" + id).tap("cancel").expect("# Cancel " + id + "?").tap("cancel:yes").step("cancelled")
	k.mine().say("/cancel").expect("! There is no draft here.")
	k.confirmed()
	k.confirmed()
	k.say("/cancel").expect("! There is no draft to cancel. 2 of your escrows wait for your payment.")
	if _, ok := k.find("status:" + id); ok {
		t.Error("a cancelled one can be cancelled")
	}
	k.say("/create").say("@anna_ceramics").say("/cancel").step("").expect("# This draft is cancelled")
}

func TestAgainOffersTheSameTermsAsANewDraft(t *testing.T) {
	k := begin(t)
	k.review().tap("edit:fee").tap("fee:buyer").tap("confirm")
	id := k.out.Record.Started
	k.open(id).after(2 * hour).wake("lapse")
	k.step("payment_lapsed").expect("No payment came by Tue 24 Nov, 15:32 UTC", "Escrow: "+id, "again help create")
	again := k.pressed("again")
	k.input(again)
	k.step(intake.StepReview).expect("Seller: @anna_ceramics", "Fee: You", "You pay: €1,281.25", "confirm")
	if k.out.Record.Key.Flow != intake.FlowName {
		t.Fatal("again stayed with the deal")
	}
	draft := k.out.Record.Draft
	k.input(again) // the same tap under another id
	k.step(intake.StepReview).expect("# Is this right?")
	if k.out.Record.Draft != draft {
		t.Error("a second tap made a second draft")
	}
	k.tap("confirm")
	if d := k.deals(); len(d) != 2 || d[0].Terms != d[1].Terms {
		t.Errorf("the deals are %+v", d)
	}
	// beside a draft with answers the person is asked first, and Start over takes the offered terms
	k.say("/create").say("@piotr_books")
	k.input(again)
	k.expect("# Go on with this draft?", "Seller: @piotr_books").tap("restart").step(intake.StepReview).expect("Seller: @anna_ceramics")
	// beside an empty draft it begins at once
	k.tap("cancel").say("/create")
	k.input(again)
	k.step(intake.StepReview)
	// another person's escrow is not offered
	k.owner, k.name = "tg:666", "mallory"
	k.input(again)
	k.step(intake.StepSeller)
	if strings.Contains(k.text(), "Seller: ") {
		t.Error("a stranger got the terms")
	}
}

// TestConfirmOfAQuoteBeforeKeys: a review that an older program showed is confirmed by its hash without a key. A quote that
// changed since is not, and the next review has a hash with the key.
func TestConfirmOfAQuoteBeforeKeys(t *testing.T) {
	keyed := func() *lockbay.Rules {
		r := euros()
		r.QuoteKey = []byte("of the database")
		return r
	}
	k := begin(t).review().older()
	old := k.pressed("confirm")
	k.rules = keyed()
	k.input(old)
	k.step("")
	if len(k.deals()) != 1 {
		t.Fatal("the review of an older program was not confirmed")
	}

	k = begin(t).review().older()
	old = k.pressed("confirm")
	k.rules = keyed()
	k.rules.PaymentWindow /= 2
	k.input(old)
	k.did(dialog.DidRefuse).step(intake.StepReview).tap("confirm").step("")

	k = begin(t).review() // a hash as anybody can make it
	old = k.pressed("confirm")
	k.rules = keyed()
	k.input(old)
	k.did(dialog.DidRefuse).step(intake.StepReview)
}

// bare is the currency of a number alone in a stored draft, which programs before keys did not keep.
var bare = regexp.MustCompile(`,?"b":"[A-Z]+"`)

// older makes the record one that a program before keys wrote.
func (k *talk) older() *talk {
	k.t.Helper()
	row, err := k.store.Load(k.t.Context(), k.out.Record.Key)
	if err == nil {
		err = k.store.Forget(k.t.Context(), row.Key, row.Stamp())
	}
	if err == nil {
		row.Format, row.Answers = 2, bare.ReplaceAll(row.Answers, nil)
		_, err = k.store.Commit(k.t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}})
	}
	if err != nil {
		k.t.Fatal(err)
	}
	k.n++
	k.restart()
	return k
}

// TestConfirmWithASellerWhoAcceptsFirst: the review says in which order things happen, and the deal keeps it.
func TestConfirmWithASellerWhoAcceptsFirst(t *testing.T) {
	k := begin(t).review()
	old := k.pressed("confirm")
	k.rules = euros()
	k.rules.AcceptFirst, k.rules.Times.Accept = true, 120
	k.input(old)
	k.did(dialog.DidRefuse).expect("- You tell @anna_ceramics; they accept\nWithin 2 hours. You pay nothing before that.\n- You pay us\nWithin 60 minutes of their yes.")
	k.tap("confirm").step("")
	d := k.deals()
	if len(d) != 1 || !d[0].AwaitsSeller() || d[0].Expires-d[0].Created != (2*time.Hour).Milliseconds() || d[0].Window != time.Hour.Milliseconds() {
		t.Errorf("the deals are %+v", d)
	}
}
