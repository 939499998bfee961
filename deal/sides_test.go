package deal_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// TestBothSides: a happy deal by the buttons of both. Each move brings both a new card.
func TestBothSides(t *testing.T) {
	k := joined(t).as(lockbay.Seller)
	k.tap(k.accept()).golden(`
	Accepted. Not paid yet
	# The buyer pays by 15:41 UTC
	Do not deliver yet. We tell you here when the money has come.
	Price: €1,250.00
	Your part of the fee: − €15.62
	You get: €1,234.38
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	- You deliver, then say so here
	Within 72 hours of the payment and your yes. The buyer cannot take the money back before then.
	- The buyer checks, you are paid
	Within 72 hours more, also if they say nothing.
	help create decline
	`)
	if text := k.as(lockbay.Buyer).text(); !strings.HasPrefix(text, "! @anna_ceramics has accepted.") {
		t.Errorf("the buyer reads\n%s", text)
	}
	for _, move := range []func(){
		func() { k.must(cameAs(126563, "R-1")) },
		func() { k.as(lockbay.Seller).tap("delivered") },
		func() { k.as(lockbay.Buyer).tap("release").tap("release:yes") },
	} {
		had := [2]int64{k.rec.As("").Anew, k.rec.As("seller").Anew}
		move()
		if now := [2]int64{k.rec.As("").Anew, k.rec.As("seller").Anew}; now[1] == had[1] && now[0] == had[0] {
			t.Errorf("%s: new cards at %v, had %v", k.rec.Step, now, had)
		}
	}
	k.as(lockbay.Seller).golden(`
	! The buyer has it, and releases the money.
	It is settled
	# €1,234.38 is yours
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	where help create
	`)
	k.as(lockbay.Buyer).golden(`
	It is settled
	# Done on your side
	@anna_ceramics is being paid €1,234.38.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`)
	k.must(sends).must(sentAs("R-77")).as(lockbay.Seller).golden(`
	Receipt
	# Done. You were paid €1,234.38
	You were paid €1,234.38 on Tue 24 Nov 2026, 14:41 UTC, reference R-77.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`)
}

// TestSellersCards: the seller's card in each status that the happy deal passes quickly.
func TestSellersCards(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller)
	k.golden(`
	Paid. You have not accepted yet
	# Sell this for €1,250.00?
	The money is here. Accept by Wed 25 Nov, 14:41 UTC, else all of it goes back.
	Price: €1,250.00
	Your part of the fee: − €15.62
	You get: €1,234.38
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Accepting costs nothing.
	- You deliver, then say so here
	Within 72 hours of the payment and your yes. The buyer cannot take the money back before then.
	- The buyer checks, you are paid
	Within 72 hours more, also if they say nothing.
	` + k.accept() + ` decline help create
	`)
	k.tap(k.accept()).golden(`
	Paid and accepted
	# Deliver by Fri 27 Nov, 14:41 UTC
	We hold the money; the buyer cannot take it back before then.
	4320/4320 3 days left, counted on Tue 24 Nov, 14:41 UTC
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Say it here: from then on the buyer has 72 hours to check.
	- The buyer checks it
	For 72 hours. Then you are paid, also if they say nothing.
	- You are paid €1,234.38
	We ask you then where to send it.
	delivered more dispute create giveback
	`)
	k.alarm(lockbay.AlarmLate).golden(`
	! You let the time to deliver run out.
	The time to deliver is over
	# Have you delivered?
	If you have, say so here. Else all of it goes back to the buyer by itself on Mon 30 Nov, 14:41 UTC, or before if they take it.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Say it here: from then on the buyer has 72 hours to check.
	delivered more dispute create giveback
	`)
	k.tap("delivered").golden(`
	Delivered
	# You are paid by Mon 30 Nov, 14:41 UTC
	The buyer checks it until then. You are paid also if they say nothing.
	4320/4320 3 days left, counted on Fri 27 Nov, 14:41 UTC
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	- You are paid €1,234.38
	We ask you then where to send it.
	dispute create giveback
	`)
	k.tap("dispute").golden(`
	Something is wrong
	# What is wrong?
	Nothing is sent until you two agree, or a person has decided.
	dispute:buyer_silent dispute:other back
	`)
	k.tap("dispute:buyer_silent").golden(`
	You two disagree
	# We hold the money while you two disagree
	Say what happened, or make an offer. Nothing is sent until you two agree, or a person has decided.
	The other side has until Mon 30 Nov, 14:41 UTC to answer.
	A person decides once you have called them: write to @bay_help, and name ESC-0000-001AW.
	- A person decides
	You read the decision here 24 hours before anything is sent.
	say offer withdraw create giveback
	`)
	if text := k.as(lockbay.Buyer).text(); !strings.HasPrefix(text, "! @anna_ceramics says: The buyer does not answer\n") || strings.Contains(k.actions(), "withdraw") {
		t.Errorf("the buyer reads\n%s", text)
	}
	k.as(lockbay.Seller).tap("withdraw").tap("giveback").golden(`
	This is final
	# Give the money back to the buyer?
	It ends this deal and cannot be undone. You are paid nothing.
	back giveback:yes
	`)
	k.tap("giveback:yes").golden(`
	It is settled
	# Done on your side
	The buyer gets €1,265.63 back.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`)
	k.as(lockbay.Buyer).golden(`
	! @anna_ceramics gives all of it back.
	It is settled
	# €1,265.63 is yours
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	where help create
	`)
	k.must(sends).must(sentAs("R-78")).as(lockbay.Seller).golden(`
	Receipt
	# This deal has ended. The buyer got the money back
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`)
}

// TestDeclined: a seller who declines asks once, and both read who ended it.
func TestDeclined(t *testing.T) {
	k := joined(t).as(lockbay.Seller).tap("decline").golden(`
	This is final
	# Decline this deal?
	There is no Undo. The buyer reads that you declined.
	back decline:yes
	`)
	link := k.stored().Sides.Link
	k.tap("decline:yes").golden(`
	# You declined this deal
	You owe nothing.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`)
	if now := k.stored().Sides.Link; now != link+1 {
		t.Errorf("link %d after %d", now, link)
	}
	k.as(lockbay.Buyer).golden(`
	! @anna_ceramics declined the deal.
	# @anna_ceramics declined ESC-0000-001AW
	We hold no money for it.
	Have you paid? Write to @bay_help, and name ESC-0000-001AW.
	again help create
	`)
	k = joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller).tap("decline").golden(`
	This is final
	# Decline this deal?
	There is no Undo. The buyer gets all of the money back.
	back decline:yes
	`).tap("decline:yes")
	if e := k.stored(); e.Status != lockbay.Settling || e.Balances().Owed(lockbay.AccountBuyer) != e.Quote.BuyerPays {
		t.Errorf("%s, %v", e.Status, e.Balances())
	}
}

// TestSilentSeller: each side reads who let the time run out.
func TestSilentSeller(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).alarm(lockbay.AlarmOver)
	if text := k.as(lockbay.Seller).text(); !strings.HasPrefix(text, "! You let the time to accept run out.\nIt is settled\n# Done on your side\n") {
		t.Errorf("the seller reads\n%s", text)
	}
	if text := k.as(lockbay.Buyer).text(); !strings.HasPrefix(text, "! @anna_ceramics let the time to accept run out.\nIt is settled\n# €1,265.63 is yours\n") {
		t.Errorf("the buyer reads\n%s", text)
	}
	joined(t).alarm(lockbay.AlarmLapse).as(lockbay.Seller).golden(`
	! The buyer let the time to pay run out.
	Do not deliver.
	# No payment came by Tue 24 Nov, 15:41 UTC
	You owe nothing. If the payment still comes, we tell you here.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	help create
	`)
}

// TestTermsOfAnotherCard: the seller accepts the terms that the card showed, and no others.
func TestTermsOfAnotherCard(t *testing.T) {
	k := joined(t).as(lockbay.Seller)
	for _, hash := range []string{"", "AAAAAAAAAA", "yes"} {
		in := k.button("accept:" + hash)
		if out := k.handle(in); out.Did != dialog.DidStale || k.accepted() {
			t.Errorf("accepted with the hash %q: %s", hash, out.Did)
		}
	}
	k.tap(k.accept())
	if !k.accepted() {
		t.Error("the hash on the card is not accepted")
	}
	if facts := dialog.Plain(fmt.Sprint(k.card("en").Facts)); !strings.Contains(facts, "72 hours from the payment and your yes") {
		t.Errorf("the seller reads %s", facts)
	}
	if hash := k.hash(); !strings.Contains(dialog.Plain(fmt.Sprint(k.card("en").Facts, k.as(lockbay.Buyer).card("en").Facts)), hash[:5]+"-"+hash[5:]) {
		t.Error("the hash is not on the cards")
	}
}

// TestSeatsAtOnce: both tap opposite ends at once, each twice. One end counts.
func TestSeatsAtOnce(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller)
	k.tap(k.accept()).tap("delivered").tap("giveback")
	k.as(lockbay.Buyer).tap("release")
	taps := []dialog.Input{k.as(lockbay.Buyer).button("release:yes"), k.as(lockbay.Seller).button("giveback:yes")}
	var all sync.WaitGroup
	for i := range 8 {
		in := taps[i%2]
		in.ID = fmt.Sprint("tap ", i)
		all.Go(func() {
			if _, err := k.bot.Handle(context.Background(), in); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if e := k.stored(); e.Status != lockbay.Settling || len(e.Log) != 5 {
		t.Errorf("%s after %d entries: %+v", e.Status, len(e.Log), e.Log)
	}
	k = joined(t)
	old := k.as(lockbay.Seller).button(k.accept())
	k.as(lockbay.Buyer).tap("cancel").tap("cancel:yes")
	if out := k.handle(old); out.Did != dialog.DidStale || k.accepted() {
		t.Errorf("a button of an earlier status: %s", out.Did)
	}
}

// TestSeenIsTheBuyers: that the seller was here, and was shown a card, tells nothing of the buyer.
func TestSeenIsTheBuyers(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller)
	k.tap(k.accept())
	k.now = k.now.Add(time.Minute)
	k.tap("delivered")
	k.now = k.now.Add(time.Minute)
	k.handle(start(seller, "s_0000001AW_x", anna))
	k.load().alarm(lockbay.AlarmOver)
	if e := k.stored(); e.OnHold() != lockbay.HoldUnreachable {
		t.Errorf("paid although the buyer was shown nothing: %s", e.Status)
	}
}

// TestOwnQuestions: each side has the question that it opened.
func TestOwnQuestions(t *testing.T) {
	k := joined(t).as(lockbay.Seller)
	revision := k.rec.As("").Revision
	k.tap("decline").as(lockbay.Buyer)
	if k.rec.As("").Revision != revision || strings.Contains(k.text(), "Decline") {
		t.Errorf("the buyer reads\n%s", k.text())
	}
	k.tap("cancel")
	if text := k.as(lockbay.Seller).text(); !strings.Contains(text, "Decline this deal?") {
		t.Errorf("the seller reads\n%s", text)
	}
}

// TestQuestionsBesideTaps: one side opens and closes a question a thousand times while the other one taps. Each tap is
// applied at the first try.
func TestQuestionsBesideTaps(t *testing.T) {
	k := works(t)
	var all sync.WaitGroup
	for role, actions := range map[string][2]string{"": {"release", "back"}, "seller": {"more", "back"}} {
		all.Go(func() {
			for i := range 1000 {
				rec, _, err := k.bot.Hydrate(context.Background(), k.key())
				if err != nil {
					t.Error(err)
					return
				}
				in := dialog.Input{ID: fmt.Sprint("tap ", role, i), Kind: dialog.KindTap, Name: actions[i%2], Owner: rec.As(role).Owner, Bound: true, Revision: rec.As(role).Revision, Draft: escrow().ID}
				if role != "" {
					in.Draft += "~" + role
				}
				if out, err := k.bot.Handle(context.Background(), in); err != nil || out.Did != dialog.DidApply {
					t.Errorf("the %dth tap of %q: %s, %v", i, role, out.Did, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestOneLinkManyPeople: of many who open a link at once, one sits, and all the others read that it works once.
func TestOneLinkManyPeople(t *testing.T) {
	o := opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot"}
	o.e.Terms.Seller = lockbay.Party{Kind: lockbay.KindEmail, Value: "anna@example.com"}
	k := beginWith(t, o)
	link := k.payload()
	var all sync.WaitGroup
	var sat, late atomic.Int32
	for i := range 8 {
		who := fmt.Sprint("tg:", 100+i)
		in := start(who, link, dialog.Profile{ID: fmt.Sprint(100 + i)})
		in.ID = "open " + who
		all.Go(func() {
			out, err := k.bot.Handle(context.Background(), in)
			switch {
			case err != nil:
				t.Error(err)
			case out.Did == dialog.DidApply:
				sat.Add(1)
			case out.Did == dialog.DidForeign && out.Toast.Code == "join.used":
				late.Add(1)
			}
		})
	}
	all.Wait()
	if e := k.stored(); sat.Load() != 1 || late.Load() != 7 || e.Sides.Joined != k.rec.Guest || len(k.rec.Seats) != 1 {
		t.Errorf("%d sat, %d were late: %+v, guest %s", sat.Load(), late.Load(), e.Sides, k.rec.Guest)
	}
}

// TestWhatOnlyAddsLeavesButtons: a part of the money, and where it goes, leave everybody's buttons as they were.
func TestWhatOnlyAddsLeavesButtons(t *testing.T) {
	k := joined(t)
	revisions := func() [2]int64 { r := k.load().rec; return [2]int64{r.As("").Revision, r.As("seller").Revision} }
	where := by(lockbay.Seller, lockbay.MoveWhere)
	where.Text = "LT12 7300 0101 2345 6789"
	for _, c := range []struct {
		act  lockbay.Act
		adds bool
	}{
		{cameAs(500, "R-1"), true}, {cameAs(126063, "R-2"), false}, {by(lockbay.Seller, lockbay.MoveAccept), false},
		{by(lockbay.Buyer, lockbay.MoveRelease), false}, {where, true},
	} {
		was := revisions()
		k.must(c.act)
		if now := revisions(); (now == was) != c.adds || (now[0] == was[0]) != (now[1] == was[1]) {
			t.Errorf("%s: the revisions were %v, and are %v", c.act.Move, was, now)
		}
	}
}
