package lockbay

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func takenBack(minor int64, ref string) Act {
	return Act{Role: Desk, Operator: "cli", Move: MoveChargeback, Sum: Money{minor, "EUR"}, Ref: ref, Text: "the card was stolen"}
}

// much is long after every time of the deals in tests.
var much = noon.Add(1000 * time.Hour)

// TestChargebackInEveryStatus: whatever was taken back, and whenever: the books are right, a deal that goes on is on hold,
// the same reference changes nothing, and a desk ends the deal.
func TestChargebackInEveryStatus(t *testing.T) {
	for _, status := range everyStatus {
		all := in(t, status).Came()
		for name, minor := range map[string]int64{"a part": all / 3, "all but one": all - 1, "all": all, "more than all": all + 1, "nothing": 0} {
			e := in(t, status)
			if all == 0 || minor > all || minor == 0 {
				e.refusedAct(t, takenBack(minor, "CB-1"), "a chargeback of ")
				continue
			}
			before := e.Balances()
			e.moved(t, takenBack(minor, "CB-1"))
			b := e.Balances()
			if got := before.Of(AccountCash) - b.Of(AccountCash); got != minor || e.ChargedBack() != minor || e.Verify() != nil {
				t.Errorf("%s of a deal that was %s: the cash is %d less, %v", name, status, got, e.Verify())
			}
			if held := e.OnHold() == HoldChargeback; held == status.Ended() || !status.Ended() && e.Alarms(much) != nil {
				t.Errorf("%s of a deal that was %s: on hold %q, and it waits for %v", name, status, e.OnHold(), e.Alarms(much))
			}
			if status.Ended() && (e.Status != status || b[AccountLoss] != minor) {
				t.Errorf("%s of a deal that was %s: %s, %v", name, status, e.Status, b)
			}
			again := *e
			if changed, err := e.try(takenBack(minor, "CB-1")); changed || err != nil || len(e.Log) != len(again.Log) {
				t.Errorf("%s of a deal that was %s, given twice: %t, %v", name, status, changed, err)
			}
			e.refusedAct(t, takenBack(all-minor+1, "CB-2"), "came and was not taken back")
			ended(t, e)
		}
	}
}

// ended is the deal after a desk has ended it: what is held is divided, and what is owed is sent.
func ended(t *testing.T, e *Escrow) *Escrow {
	t.Helper()
	for n := range 3 {
		for _, a := range []Act{decides(5000), {Role: Desk, Move: MoveCancel}, {Role: Desk, Move: MoveResume}, {Role: Desk, Move: MoveSending, To: Buyer}, {Role: Desk, Move: MoveSending, To: Seller},
			{Role: Desk, Move: MoveSent, To: Buyer, Ref: fmt.Sprint("B-", n)}, {Role: Desk, Move: MoveSent, To: Seller, Ref: fmt.Sprint("S-", n)}} {
			if a.At = much.Add(time.Duration(n) * 2 * DecisionDelay); e.Status.holdsAll() || a.Move != MoveDecide && !e.Status.Ended() {
				_, _ = e.try(a)
			}
		}
	}
	if !e.Status.Ended() || e.OnHold() != "" || e.Verify() != nil {
		t.Errorf("a desk does not end a deal that is %s, on hold %q, with %v: %v", e.Status, e.OnHold(), e.Balances(), e.Verify())
	}
	return e
}

// TestChargebackOfWhatIsHeld: the deal does not go on without its money. A decision divides what is left: the buyer has
// had theirs, then our fee goes, then the seller's part.
func TestChargebackOfWhatIsHeld(t *testing.T) {
	q := booked().Quote // pays 128125, gets 121875, fee 6250
	for _, c := range []struct {
		taken               int64
		share               int
		seller, fee, buyer_ int64
		end                 Status
	}{
		{q.BuyerPays, ShareAll, 0, 0, 0, Refunded},
		{q.BuyerPays, 0, 0, 0, 0, Refunded},
		{100, ShareAll, q.SellerGets, q.Fee - 100, 0, Completed},
		{q.Fee + 100, ShareAll, q.SellerGets - 100, 0, 0, Completed},
		{100, 0, 0, 0, q.BuyerPays - 100, Refunded},
		{100, 5000, q.SellerGets / 2, q.Fee / 2, q.BuyerPays - q.SellerGets/2 - q.Fee/2 - 100, Completed},
		{q.BuyerPays - 1, 5000, 1, 0, 0, Completed},
	} {
		for _, status := range []Status{PaymentConfirmed, Active, Delivered, Disputed} {
			e := in(t, status).moved(t, takenBack(c.taken, "CB-1"))
			e.refusedAct(t, Act{Role: Desk, Move: MoveResume}, "was charged back")
			e.refusedAct(t, Act{Role: Buyer, Move: MoveRelease}, map[bool]string{true: "is possible in", false: "on hold"}[status == PaymentConfirmed])
			forged := *e
			forged.add(Entry{At: noon.UnixMilli(), By: "o", Move: "resume"})
			if err := forged.Verify(); !errors.Is(err, ErrStatus) {
				t.Errorf("%s: resumed without its money: %v", status, err)
			}
			if e.Missing() != c.taken {
				t.Errorf("%s: %d are missing, want %d", status, e.Missing(), c.taken)
			}
			e.moved(t, decides(c.share))
			b := e.Balances()
			if b.Owed(AccountSeller) != c.seller || b.Owed(AccountFee) != c.fee || b.Owed(AccountBuyer) != c.buyer_ || b[AccountLoss] != 0 || b.Owed(AccountHeld) != 0 {
				t.Errorf("%d of a deal that was %s, then %d to the seller: %v; want %+v", c.taken, status, c.share, b, c)
			}
			if ended(t, e); e.Status != c.end {
				t.Errorf("%d of a deal that was %s, then %d to the seller: it ends as %s", c.taken, status, c.share, e.Status)
			}
		}
	}
}

// TestChargebackThatComesAgain: what comes again is held again, in parts, and then the deal goes on.
func TestChargebackThatComesAgain(t *testing.T) {
	e := in(t, Delivered).moved(t, cameAs(7, "R-7"))
	e.moved(t, takenBack(107, "CB-1"))
	if b := e.Balances(); b.Owed(AccountBuyer) != 0 || b.Owed(AccountHeld) != e.Quote.BuyerPays-100 {
		t.Fatalf("the surplus goes first: %v", b)
	}
	e.moved(t, cameAs(40, "R-8"))
	e.refusedAct(t, Act{Role: Desk, Move: MoveResume}, "0.60 EUR of what the deal holds")
	wrong := paidAll
	wrong.Sum = Money{61, "EUR"}
	e.refusedAct(t, wrong, ErrSum.Error())
	if e.moved(t, paidAll); e.Missing() != 0 || e.Balances().Owed(AccountHeld) != e.Quote.BuyerPays || e.OnHold() != HoldChargeback {
		t.Fatalf("all of it is there: %d missing, %v", e.Missing(), e.Balances())
	}
	if changed, err := e.try(paidAll); changed || err != nil {
		t.Errorf("paid again: %t, %v", changed, err)
	}
	e.moved(t, Act{Role: Desk, Move: MoveResume}).moved(t, cameAs(5, "R-9")).moved(t, releases)
	if b := e.Balances(); e.Status != Settling || b.Owed(AccountSeller) != e.Quote.SellerGets || b.Owed(AccountBuyer) != 5 {
		t.Errorf("released: %s, %v", e.Status, b)
	}
}

// TestChargebackBeforeAllIsPaid: the part that came is gone, and the deal waits for all of it again.
func TestChargebackBeforeAllIsPaid(t *testing.T) {
	e := booked().moved(t, cameAs(500, "R-1")).moved(t, takenBack(500, "CB-1"))
	if e.Status != PaymentPending || e.Missing() != e.Quote.BuyerPays || len(e.Balances()) != 0 {
		t.Fatalf("%s, %d missing, %v", e.Status, e.Missing(), e.Balances())
	}
	later := noon.Add(time.Hour)
	if e.moved(t, Act{Role: Desk, Move: MoveResume, At: later}); !e.End().Equal(later.Add(time.Hour)) {
		t.Errorf("resumed, it lapses at %s", e.End())
	}
	if e.moved(t, paidAll); e.Status != PaymentConfirmed {
		t.Errorf("paid: %s", e.Status)
	}
	c := booked().moved(t, cameAs(500, "R-1")).moved(t, takenBack(200, "CB-1")).moved(t, Act{Role: Desk, Move: MoveCancel})
	if ended(t, c); c.Status != Cancelled || c.Payouts()[0].Minor != 300 {
		t.Errorf("cancelled: %s, %+v", c.Status, c.Payouts())
	}
}

// TestChargebackAfterTheEnd: it is our loss, and what comes again makes it good instead of going back to the buyer.
func TestChargebackAfterTheEnd(t *testing.T) {
	for _, status := range []Status{Completed, Refunded} {
		e := in(t, status)
		all := e.Quote.BuyerPays
		e.moved(t, takenBack(all, "CB-1")).moved(t, cameAs(40, "R-8"))
		if b := e.Balances(); e.Status != status || b[AccountLoss] != all-40 || b.Owed(AccountBuyer) != 0 {
			t.Errorf("a part came again: %s, %v", e.Status, b)
		}
		e.moved(t, cameAs(all, "R-9"))
		if b := e.Balances(); e.Status != Settling || b[AccountLoss] != 0 || b.Owed(AccountBuyer) != 40 {
			t.Errorf("more than all came again: %s, %v", e.Status, b)
		}
		if ended(t, e); e.Status != status {
			t.Errorf("it ends as %s, and was %s", e.Status, status)
		}
	}
}

// TestChargebackWhileSettling: who was to get all of it back has it. A payout that is on its way is our loss, and is made
// good if it does not work. What the seller was to get is decided anew, or sent.
func TestChargebackWhileSettling(t *testing.T) {
	back := in(t, PaymentConfirmed).moved(t, Act{Role: Buyer, Move: MoveCancel})
	all := back.Quote.BuyerPays
	sending := *back
	if back.moved(t, takenBack(all, "CB-1")); back.Status != Refunded || len(back.Balances()) != 0 {
		t.Errorf("all was to go back: %s, %v", back.Status, back.Balances())
	}
	e := sending.moved(t, sends).moved(t, takenBack(all, "CB-1"))
	if b := e.Balances(); e.Status != Settling || b[AccountLoss] != all || e.Out(Buyer) != all {
		t.Fatalf("on its way: %s, %v", e.Status, b)
	}
	failed := Act{Role: Desk, Move: MoveFailed, To: Buyer, Text: "closed account"}
	if e.moved(t, failed); e.Status != Refunded || len(e.Balances()) != 0 {
		t.Errorf("it did not work: %s, %v", e.Status, e.Balances())
	}

	for _, share := range []int{0, 5000, ShareAll} {
		e := in(t, Settling).moved(t, takenBack(all, "CB-1"))
		if b := e.Balances(); b[AccountLoss] != all || b.Owed(AccountSeller) != e.Quote.SellerGets {
			t.Fatalf("released: %v", b)
		}
		e.moved(t, decides(share))
		seller, fee, _ := e.Quote.Split(share)
		if b := e.Balances(); b.Owed(AccountSeller) != seller || b.Owed(AccountFee) != fee || b.Owed(AccountBuyer) != 0 || b[AccountLoss] != seller+fee {
			t.Errorf("decided anew, %d: %v", share, b)
		}
		if share > 0 {
			e.refusedAct(t, decides(share-1), "only a decision is changed")
		}
		if changed, err := e.try(decides(share)); changed || err != nil && share > 0 {
			t.Errorf("decided twice: %t, %v", changed, err)
		}
		if ended(t, e); share == 0 && e.Status != Refunded || share > 0 && e.Status != Completed {
			t.Errorf("decided anew, %d: it ends as %s", share, e.Status)
		}
	}
	sent := in(t, Settling).moved(t, sends).moved(t, takenBack(all, "CB-1"))
	sent.refusedAct(t, decides(0), "only a decision is changed")
	if ended(t, sent); sent.Status != Completed || sent.Balances()[AccountLoss] != all {
		t.Errorf("sent: %s, %v", sent.Status, sent.Balances())
	}
}

// TestChargebackNeeds: a chargeback without reference, reason or the deal's currency is refused.
func TestChargebackNeeds(t *testing.T) {
	for want, change := range map[string]func(a *Act){
		"needs a reference": func(a *Act) { a.Ref = " " },
		"needs a reason":    func(a *Act) { a.Text = "" },
		"the deal is in EUR": func(a *Act) {
			a.Sum.Currency = "USD"
		},
		"a chargeback of -0.05 EUR": func(a *Act) { a.Sum.Minor = -5 },
		"a move of the desk":        func(a *Act) { a.Role = Seller },
	} {
		a := takenBack(5, "CB-1")
		change(&a)
		in(t, Active).refusedAct(t, a, want)
	}
}

// TestChargebackOfADealOfBefore: a deal that was paid before there were books gets them, and its payment can be taken back.
func TestChargebackOfADealOfBefore(t *testing.T) {
	e := booked()
	e.Status = PaymentConfirmed
	e.refusedAct(t, takenBack(e.Quote.BuyerPays+1, "CB-1"), "came and was not taken back")
	e.moved(t, takenBack(e.Quote.BuyerPays-5, "CB-1"))
	if b := e.Balances(); e.OnHold() != HoldChargeback || b.Owed(AccountHeld) != 5 || e.Verify() != nil {
		t.Errorf("on hold %q, with %v: %v", e.OnHold(), b, e.Verify())
	}
	if ended(t, e); e.Status != Completed {
		t.Errorf("it ends as %s", e.Status)
	}
}

// TestSurplusThatWasTakenBack: what was paid too much and charged back does not come back once more.
func TestSurplusThatWasTakenBack(t *testing.T) {
	e := in(t, Active).moved(t, cameAs(500, "R-2"))
	if e.Surplus() != 500 {
		t.Fatalf("%d too much", e.Surplus())
	}
	e.moved(t, Act{Role: Desk, Move: MoveChargeback, Sum: Money{500, "EUR"}, Ref: "C-1", Text: "the bank took it back"})
	if e.Surplus() != 0 {
		t.Errorf("%d too much", e.Surplus())
	}
}
