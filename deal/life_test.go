package deal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

var (
	accepts  = lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveAccept}
	delivers = lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveDelivered}
	sends    = lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSending, Text: "LT60 1010"}
)

func sentAs(ref string) lockbay.Act {
	return lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSent, Ref: ref}
}

func cameAs(minor int64, ref string) lockbay.Act {
	return lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Sum: lockbay.Money{Minor: minor, Currency: "EUR"}, Ref: ref}
}

// stored is the deal in the row, with right books.
func (k *talk) stored() lockbay.Escrow {
	k.t.Helper()
	e, err := deal.Escrow(k.load().rec)
	if err != nil || e.Verify() != nil || string(e.Status) != k.rec.Step {
		k.t.Fatalf("%s: %v, %v", k.rec.Step, err, e.Verify())
	}
	return e
}

// paidDeal is a deal whose payment is there.
func paidDeal(t *testing.T) *talk {
	t.Helper()
	k := begin(t)
	if err := k.order(deal.MarkPaid); err != nil {
		t.Fatal(err)
	}
	return k
}

func TestHappyDeal(t *testing.T) {
	k := paidDeal(t).must(accepts).golden(`
	Paid and accepted
	# @anna_ceramics delivers by Fri 27 Nov, 14:41 UTC
	We hold €1,265.63 until you release it.
	4320/4320 3 days left, counted on Tue 24 Nov, 14:41 UTC
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	You see the sum once more before anybody is paid.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	- If it does not come
	When the time is over you can take your money back; 72 hours later it comes back by itself.
	release more dispute create
	`)
	k.must(delivers).golden(`
	Delivered, says the seller
	# Check it by Fri 27 Nov, 14:41 UTC
	If you say nothing, @anna_ceramics is paid then.
	4320/4320 3 days left, counted on Tue 24 Nov, 14:41 UTC
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Asks once more before anybody is paid.
	- If something is wrong
	Nothing is sent until a person has decided.
	release dispute extend create
	`)
	k.tap("release").golden(`
	This is final
	# Release €1,234.38 to @anna_ceramics?
	It cannot be undone. Nobody from us ever asks you to.
	We hold: €1,265.63
	Fee: €31.25
	The seller gets: €1,234.38
	You have until Fri 27 Nov, 14:41 UTC. Then @anna_ceramics is paid, also if you say nothing.
	release:yes back
	`)
	k.tap("back").tap("release").tap("release:yes").golden(`
	It is settled
	# Done on your side
	@anna_ceramics is being paid €1,234.38.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`)
	k.must(sends).must(sentAs("R-77")).golden(`
	Receipt
	# Done. @anna_ceramics was paid €1,234.38
	Price: €1,250.00
	Your part of the fee: €15.63
	You paid: €1,265.63
	@anna_ceramics was paid €1,234.38 on Tue 24 Nov 2026, 14:41 UTC, reference R-77.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	again help create
	`)
	e := k.stored()
	if e.Status != lockbay.Completed || len(k.rec.Timers) != 1 || e.Balances().Owed(lockbay.AccountFee) != e.Quote.Fee {
		t.Errorf("%s with %v, timers %v", e.Status, e.Balances(), k.rec.Timers)
	}
	if err := errors.Join(k.act(sentAs("R-77")), k.order(deal.MarkPaid)); err != nil {
		t.Errorf("orders given twice: %v", err)
	}
	var moves []string
	for _, x := range k.store.Logged() {
		if x.Kind == deal.EventDealt {
			if moves = append(moves, x.Cause); len(x.Source) != lockbay.WitnessDigits {
				t.Errorf("%s has the witness %q", x.Cause, x.Source)
			}
		}
	}
	if got := strings.Join(moves, " "); got != "received accept delivered release sending sent" {
		t.Errorf("events of %s", got)
	}
	var witnesses []string
	for _, x := range k.store.Logged() {
		if x.Kind == deal.EventDealt {
			witnesses = append(witnesses, x.Source)
		}
	}
	if at := e.FirstAltered(witnesses...); at >= 0 {
		t.Errorf("the witnesses say that entry %d was altered", at)
	}
}

func TestNobodyAccepts(t *testing.T) {
	k := paidDeal(t).alarm(lockbay.AlarmOver).golden(`
	! @anna_ceramics let the time to accept run out.
	It is settled
	# €1,265.63 is yours
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	where help create
	`)
	k.must(sends).golden(`
	It is settled
	# €1,265.63 is yours
	We are sending it. You read its reference here.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`).must(sentAs("R-78")).golden(`
	Receipt
	# You got €1,265.63 back
	Price: €1,250.00
	Your part of the fee: €15.63
	You paid: €1,265.63
	You got €1,265.63 back on Wed 25 Nov 2026, 14:41 UTC, reference R-78.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	again help create
	`)
	if e := k.stored(); e.Status != lockbay.Refunded {
		t.Errorf("the deal is %s", e.Status)
	}
}

func TestLateDeal(t *testing.T) {
	k := paidDeal(t).must(accepts)
	version := k.rec.Version
	if k.alarm(lockbay.AlarmLate); k.rec.Anew == version {
		t.Error("nobody is told that the time is over")
	}
	k.golden(`
	Not delivered in time
	# Take back €1,265.63, or wait?
	All of it comes back, the fee too. If you do nothing, that happens by itself on Mon 30 Nov, 14:41 UTC.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Asks once more, and then where to send it.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	takeback more:24 release dispute create
	`)
	k.tap("more:24")
	if e := k.stored(); e.IsLate(k.now) || !e.Deadline().Equal(k.now.Add(24*time.Hour)) {
		t.Errorf("a day more: until %s", e.Deadline())
	}
	k.alarm(lockbay.AlarmLate).tap("takeback").tap("takeback:yes")
	if e := k.stored(); e.Status != lockbay.Settling || e.Balances().Owed(lockbay.AccountBuyer) != e.Quote.BuyerPays {
		t.Errorf("taken back: %s, %v", e.Status, e.Balances())
	}
}

// TestSilentBuyer: who was shown the delivery and says nothing lets the seller be paid; who was never shown it does not.
func TestSilentBuyer(t *testing.T) {
	k := paidDeal(t).must(accepts)
	k.now = k.now.Add(time.Minute)
	k.must(delivers)
	k.alarm(lockbay.AlarmSoon).alarm(lockbay.AlarmOver).golden(`
	Stopped
	# A person must look at this deal
	@anna_ceramics says it is delivered. We did not reach you, so nobody was paid.
	Nobody is called by itself: write to @bay_help, and name ESC-0000-001AW.
	- They write here what they do
	You read here what they decide, and what they send.
	help create
	`)
	if e := k.stored(); e.OnHold() != lockbay.HoldUnreachable || e.Balances().Owed(lockbay.AccountHeld) != e.Quote.BuyerPays || len(k.rec.Timers) != 0 {
		t.Errorf("%s, %q, %v, timers %v", e.Status, e.OnHold(), e.Balances(), k.rec.Timers)
	}
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume})
	k.handle(dialog.Input{Kind: dialog.KindTap, Owner: buyer, Name: "status", Value: escrow().ID}) // reads it
	if k.load().alarm(lockbay.AlarmOver); k.rec.Step != string(lockbay.Settling) {
		t.Errorf("the buyer has read it and says nothing: %s", k.rec.Step)
	}
	if e := k.stored(); e.Balances().Owed(lockbay.AccountSeller) != e.Quote.SellerGets {
		t.Errorf("%v", e.Balances())
	}
}

func TestDispute(t *testing.T) {
	k := paidDeal(t).must(accepts).must(delivers).tap("dispute").golden(`
	Something is wrong
	# What is wrong?
	Nothing is sent until you two agree, or a person has decided.
	dispute:not_come dispute:not_as_described dispute:damaged dispute:seller_silent dispute:other back
	`)
	k.tap("dispute:damaged").golden(`
	You two disagree
	# We hold €1,265.63 while you two disagree
	Say what happened, or make an offer. Nothing is sent until you two agree, or a person has decided.
	The other side has until Fri 27 Nov, 14:41 UTC to answer.
	A person decides once you have called them: write to @bay_help, and name ESC-0000-001AW.
	- A person decides
	You read the decision here 24 hours before anything is sent.
	say offer withdraw create release
	`)
	if len(k.rec.Timers) != 1 || k.rec.Timers[0].Name != lockbay.AlarmAnswer {
		t.Errorf("a time runs out in a dispute: %v", k.rec.Timers)
	}
	k.tap("withdraw")
	if k.rec.Step != string(lockbay.Delivered) {
		t.Fatalf("withdrawn: %s", k.rec.Step)
	}
	k.tap("dispute").tap("dispute:other")
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Share: 7000, Text: "two plates are broken"}).golden(`
	It is settled
	# €379.70 is yours
	A person decided, because: two plates are broken
	@anna_ceramics gets €864.06.
	It is sent after Wed 25 Nov, 14:41 UTC. Until then the decision can be changed.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	where say help create
	`)
	if err := k.act(sends); err == nil || !strings.Contains(err.Error(), "name one") {
		t.Errorf("two payouts in one order: %v", err)
	}
}

func TestPartOfThePayment(t *testing.T) {
	k := begin(t).must(cameAs(120000, "R-1")).golden(`
	Paid in part
	# Pay the missing €65.63 by 15:41 UTC
	Sent in full? A bank on the way may have kept a part. Ask us before you pay again.
	60/60 60 minutes left, counted at 14:41 UTC
	Still to pay: €65.63
	Reference: ESC-0000-001AW
	How to pay: write to @bay_help, and name ESC-0000-001AW as the reference.
	This page changes when your payment is here. You may close it.
	- You tell @anna_ceramics; they accept, then deliver
	Within 72 hours of paying and accepting. We hold the money all the time.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	help create cancel
	`)
	for want, in := range map[string]dialog.Input{
		"another sum": deal.OrderSum("bot", escrow().ID, lockbay.Money{Minor: 126563, Currency: "EUR"}),
	} {
		if err := k.give(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	k.tap("cancel").golden(`
	This is final
	# Cancel ESC-0000-001AW?
	There is no Undo. What came goes back to you.
	back cancel:yes
	`).tap("back")
	if err := k.order(deal.MarkPaid); err != nil || k.stored().Status != lockbay.PaymentConfirmed {
		t.Errorf("the rest came: %v, %s", err, k.rec.Step)
	}
	k.tap("cancel").golden(`
	This is final
	# Cancel, and take back €1,265.63?
	There is no Undo. All of it comes back, the fee too.
	back cancel:yes
	`).tap("cancel:yes")
	if e := k.stored(); e.Status != lockbay.Settling || e.Balances().Owed(lockbay.AccountBuyer) != e.Quote.BuyerPays {
		t.Errorf("cancelled after it was paid: %s, %v", e.Status, e.Balances())
	}
}

func TestHoldOfADeal(t *testing.T) {
	k := paidDeal(t).must(accepts).must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldDesk}).golden(`
	Stopped
	# A person looks at this deal
	No time runs out until they have answered.
	Do you know more about it? Write to @bay_help, and name ESC-0000-001AW.
	- They write here what they do
	You read here what they decide, and what they send.
	- The time goes on where it stopped
	3 days are left.
	help create
	`)
	old := dialog.Input{Kind: dialog.KindTap, Owner: buyer, Bound: true, Draft: k.rec.Draft, Revision: k.rec.Revision, Name: "release"}
	if out := k.handle(old); out.Did != dialog.DidStale || k.load().rec.Open != "" {
		t.Errorf("released on hold: %s", out.Did)
	}
	if err := k.act(delivers); !errors.Is(err, lockbay.ErrHold) {
		t.Errorf("delivered on hold: %v", err)
	}
	if k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume}); len(k.rec.Timers) != 4 {
		t.Errorf("timers after the hold: %v", k.rec.Timers)
	}
}

// TestForeignMoney: money in another currency holds the deal. Both read what came, and how much of the time is left.
func TestForeignMoney(t *testing.T) {
	k := joined(t)
	k.now = k.now.Add(20 * time.Minute)
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Sum: lockbay.Money{Minor: 126563, Currency: "USD"}, Ref: "R-1"})
	k.now = k.now.Add(3 * time.Hour)
	for _, side := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
		text, facts := k.load().as(side).text(), dialog.Plain(fmt.Sprint(k.card("en").Facts))
		if !strings.Contains(text, "Money in another currency came.") || !strings.Contains(text, "40 minutes are left.") || !strings.Contains(facts, "Came $1,265.63") {
			t.Errorf("the %s reads\n%s\n%s", side, text, facts)
		}
	}
}

// TestDoubleTapOfRelease: the same button twice, also under another id, releases once.
func TestDoubleTapOfRelease(t *testing.T) {
	k := paidDeal(t).must(accepts).tap("release")
	yes := dialog.Input{Kind: dialog.KindTap, Owner: buyer, Bound: true, Draft: k.rec.Draft, Revision: k.rec.Revision, Name: "release", Value: "yes"}
	for i := range 3 {
		yes.ID = fmt.Sprint("tap ", i)
		k.handle(yes)
	}
	if e := k.stored(); e.Status != lockbay.Settling || len(e.Log) != 4 {
		t.Errorf("%s after %d entries", e.Status, len(e.Log))
	}
}

// TestOrdersAtOnce: two instances get the same payment and the same payout at once. Each is booked once.
func TestOrdersAtOnce(t *testing.T) {
	k := begin(t)
	other, err := dialog.New(k.store, dialog.Config{Now: func() time.Time { return begun }}, opener{e: escrow(), format: deal.Version}, deal.New(deal.Config{RefKey: []byte("key")}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	atOnce := func(acts ...lockbay.Act) {
		t.Helper()
		var all sync.WaitGroup
		for range 8 {
			for _, bot := range []*dialog.Engine{k.bot, other} {
				for _, a := range acts {
					all.Go(func() {
						if _, err := bot.Handle(context.Background(), deal.OrderAct("bot", escrow().ID, a)); err != nil {
							t.Error(err)
						}
					})
				}
			}
		}
		all.Wait()
	}
	atOnce(cameAs(100000, "R-1"), cameAs(26563, "R-2"))
	if e := k.stored(); e.Status != lockbay.PaymentConfirmed || e.Balances().Of(lockbay.AccountCash) != e.Quote.BuyerPays || len(e.Log) != 3 {
		t.Fatalf("%s, %v after %d entries", e.Status, e.Balances(), len(e.Log))
	}
	k.must(accepts)
	atOnce(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveRelease}, lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveGiveBack}) // opposite ends
	atOnce(sends)
	atOnce(sentAs("R-3"))
	if e := k.stored(); !e.Status.Ended() || len(e.Payouts()) != 1 || e.Balances().Owed(lockbay.AccountSeller) != 0 {
		t.Errorf("%s, %v, payouts %v", e.Status, e.Balances(), e.Payouts())
	}
}

// TestOrderAfterACrash: the process dies after the commit of an order and before its answer. The order that is given again is
// done, and booked once.
func TestOrderAfterACrash(t *testing.T) {
	k := begin(t)
	in := deal.OrderAct("bot", escrow().ID, cameAs(126563, "R-1"))
	if err := k.give(in); err != nil {
		t.Fatal(err)
	}
	flow := deal.New(deal.Config{RefKey: []byte("key")})
	fresh, err := dialog.New(k.store, dialog.Config{Now: func() time.Time { return begun }}, opener{e: escrow(), format: deal.Version}, flow)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fresh.Close(context.Background()) })
	for range 2 { // the same order, then the operator's next try under a new id
		out, err := fresh.Handle(context.Background(), in)
		if err != nil || flow.Verdict(in, out, begun) != nil {
			t.Fatal(err, flow.Verdict(in, out, begun))
		}
		in = deal.OrderAct("bot", escrow().ID, cameAs(126563, "R-1"))
	}
	if e := k.stored(); len(e.Log) != 2 || e.Status != lockbay.PaymentConfirmed {
		t.Errorf("%s after %d entries", e.Status, len(e.Log))
	}
}

// TestRefusedOrders: an order that the table does not have says why, writes nothing into the deal, and leaves its card.
func TestRefusedOrders(t *testing.T) {
	k := begin(t)
	for want, a := range map[string]lockbay.Act{
		"the deal is payment_pending: delivered by the seller is possible in active":    delivers,
		"the deal is payment_pending: accept is a move of the seller, not of the buyer": {Role: lockbay.Buyer, Move: lockbay.MoveAccept},
		"the deal is payment_pending: no deal has the move steal":                       {Role: lockbay.Desk, Move: "steal"},
		"over: an order for another move":                                               {Role: lockbay.Clock, Move: lockbay.MoveOver},
		"a payment of 0.00 EUR":                                                         cameAs(0, "R-1"),
	} {
		card := k.text()
		if err := k.act(a); err == nil || err.Error() != want || k.text() != card || len(k.stored().Log) != 0 {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
