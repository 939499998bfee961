package deal_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

const (
	clerk  = "tg:77"
	second = "tg:78"
)

// manned is a deal with operators, whose seller has come.
func manned(t *testing.T) *talk {
	t.Helper()
	k := beginWith(t, opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot", operators: []string{clerk, second}})
	k.handle(start(seller, k.payload(), anna))
	return k.load()
}

// presses is a tap of an operator, or of somebody who is none, on the desk's card.
func (k *talk) presses(who, action string) dialog.Did {
	k.t.Helper()
	k.as(lockbay.Desk)
	in := k.button(action)
	in.Owner, in.Place = who, dialog.Place{Channel: "tg", Address: strings.TrimPrefix(who, "tg:"), Push: true}
	did := k.handle(in).Did
	k.load()
	return did
}

// desk presses a button that is there, as the first operator.
func (k *talk) desk(actions ...string) *talk {
	k.t.Helper()
	for _, action := range actions {
		if k.as(lockbay.Desk); !strings.Contains(" "+k.actions()+" ", " "+action+" ") {
			k.t.Fatalf("no button %s among %s", action, k.actions())
		}
		if did := k.presses(clerk, action); did != dialog.DidApply {
			k.t.Fatalf("%s: %s\n%s", action, did, k.text())
		}
	}
	return k
}

// types gives the desk a text, in the own conversation of the operator.
func (k *talk) types(action, text string) *talk {
	k.t.Helper()
	k.as(lockbay.Desk)
	in := k.button(action)
	in.Owner, in.Place = clerk, dialog.Place{Channel: "tg", Address: "77", Push: true}
	k.handle(in)
	k.handle(dialog.Input{Kind: dialog.KindText, Text: text, Owner: clerk, Place: in.Place})
	k.quiet(k.bot)
	return k.load()
}

// TestDeskLife: a whole life by buttons alone, and what the desk is told when.
func TestDeskLife(t *testing.T) {
	k := manned(t)
	if strings.Contains(k.as(lockbay.Desk).actions(), "came") && len(k.rec.Seats) > 1 {
		t.Error("the desk is called before it is needed")
	}
	k.as(lockbay.Buyer).tap("help").tap("paid").golden(`
	! You said that you have paid.
	A person looks for it, and we tell you here. Do not pay again.
	Confirmed. Waiting for your payment
	# Pay €1,265.63 by 15:41 UTC
	60/60 60 minutes left, counted at 14:41 UTC
	To pay: €1,265.63
	Reference: ESC-0000-001AW
	How to pay: write to @bay_help, and name ESC-0000-001AW as the reference.
	This page changes when your payment is here. You may close it.
	- @anna_ceramics accepts, then delivers
	Within 72 hours of paying and accepting. We hold the money all the time.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	help create cancel
	`)
	k.as(lockbay.Desk).golden(`
	! The buyer says that it is paid.
	The desk
	# Did €1,265.63 come?
	The buyer says that it is paid, with ESC-0000-001AW as the reference. Look, and answer here. Nothing is booked before.
	came sum nothing hold
	`)
	k.desk("came", "came:yes")
	k.as(lockbay.Desk).golden(`
	The desk
	# Nothing to do
	You are told here when this deal needs a person.
	Last at the desk: a payment was booked, by operator 77.
	decide hold
	`)
	k.as(lockbay.Seller).tap(k.accept()).tap("delivered")
	k.as(lockbay.Buyer).tap("release").tap("release:yes")
	k.as(lockbay.Desk).golden(`
	! Money is to be sent.
	The desk
	# Money is to be sent
	Press Send first: that locks the sum. Then send it, and say so here with its reference.
	Last at the desk: a payment was booked, by operator 77.
	send:seller hold
	`)
	k.desk("send:seller").golden(`
	The desk
	# Send €1,234.38 to the seller?
	They have not said where to. Go on only if you know it.
	send:yes back
	`)
	k.desk("send:yes").golden(`
	The desk
	# Money is to be sent
	Press Send first: that locks the sum. Then send it, and say so here with its reference.
	Last at the desk: a payout was begun, by operator 77.
	sent:seller failed:seller hold
	`)
	k.types("sent:seller", "R-77").golden(`
	The desk
	# €1,234.38 was sent to the seller?
	Reference R-77. They read it, and it cannot be undone.
	Only operator 77, who wrote this, can say yes. Not yet puts it away.
	sent:yes back
	`)
	k.desk("sent:yes").golden(`
	The desk
	# Nothing to do
	You are told here when this deal needs a person.
	Last at the desk: a payout was sent, by operator 77.
	sum
	`)
	e := k.stored()
	if e.Status != lockbay.Completed {
		t.Errorf("the deal is %s", e.Status)
	}
	for i := range e.Log {
		if role, operator := e.Actor(i); role == lockbay.Desk && operator != "77" {
			t.Errorf("%s by the operator %q", e.Log[i].Move, operator)
		}
	}
}

// TestDeskRefusesStrangers: whoever is no operator presses each button of the desk: nothing is written.
func TestDeskRefusesStrangers(t *testing.T) {
	k := manned(t)
	check := func() {
		t.Helper()
		for _, action := range strings.Fields(k.as(lockbay.Desk).actions()) {
			for _, who := range []string{buyer, seller, "tg:99", "web:1"} {
				had := k.rec.Version
				if did := k.presses(who, action); did == dialog.DidApply || k.rec.Version != had {
					t.Errorf("%s by %q: %s, version %d after %d", action, who, did, k.rec.Version, had)
				}
			}
		}
	}
	k.as(lockbay.Buyer).tap("help").tap("paid")
	check()
	k.desk("came")
	check()
	k.desk("came:yes").must(accepts)
	check()
	k.desk("decide")
	check()
	k.desk("back").must(delivers).must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveRelease})
	check()
	k.desk("send:seller")
	check()
	k.desk("send:yes")
	check()
}

// TestTwoOperators: of two who press at once one wins, and the other reads what happened.
func TestTwoOperators(t *testing.T) {
	k := manned(t)
	k.as(lockbay.Buyer).tap("help").tap("paid")
	k.desk("came")
	k.as(lockbay.Desk)
	yes, no := k.button("came:yes"), k.button("back")
	yes.Owner, no.Owner = clerk, second
	if a, b := k.handle(yes), k.handle(no); a.Did != dialog.DidApply || b.Did != dialog.DidStale {
		t.Errorf("%s, %s", a.Did, b.Did)
	}
	yes.ID, yes.Owner = "", second
	if out := k.handle(yes); out.Did != dialog.DidDuplicate && out.Did != dialog.DidStale {
		t.Errorf("the same by another: %s", out.Did)
	}
	k.load()
	if text := k.text(); !strings.Contains(text, "a payment was booked, by operator 77") {
		t.Errorf("the other reads\n%s", text)
	}
	if e := k.stored(); e.Status != lockbay.PaymentConfirmed || e.Balances().Of(lockbay.AccountCash) != e.Quote.BuyerPays {
		t.Errorf("%s with %v", e.Status, e.Balances())
	}
}

// TestDeskDecides: a share and a reason, once more with the sums, then the wait, the reminder, and both payouts.
func TestDeskDecides(t *testing.T) {
	k := manned(t).must(cameAs(126563, "R-1")).must(accepts)
	k.as(lockbay.Buyer).tap("dispute").tap("dispute:damaged")
	if text := k.as(lockbay.Desk).text(); !strings.Contains(text, "A dispute was opened") || !strings.Contains(text, "It is damaged") {
		t.Errorf("the desk reads\n%s", text)
	}
	k.desk("decide").types("decide:other", "101 too much")
	if k.types("decide:other", "70 two plates are broken").as(lockbay.Desk); !strings.Contains(k.text(), "Both read: two plates are broken") {
		t.Fatalf("before the decision\n%s", k.text())
	}
	k.desk("decide:yes")
	if text := k.as(lockbay.Desk).text(); !strings.Contains(text, "Nothing to send yet") || strings.Contains(k.actions(), "send:") {
		t.Errorf("decided\n%s", text)
	}
	anew := k.rec.As("desk").Anew
	k.alarm("desk")
	if text := k.as(lockbay.Desk).text(); k.rec.As("desk").Anew == anew || !strings.Contains(k.actions(), "send:buyer send:seller") {
		t.Errorf("a day later\n%s", text)
	}
	for range 2 {
		anew = k.rec.As("desk").Anew
		if k.alarm("desk"); k.rec.As("desk").Anew == anew {
			t.Error("no reminder")
		}
	}
	k.desk("send:buyer", "send:yes").types("failed:buyer", "no such account")
	k.desk("send:buyer", "send:yes").types("sent:buyer", "R-1").desk("sent:yes")
	k.desk("send:seller", "send:yes").types("sent:seller", "R-2").desk("sent:yes")
	if e := k.stored(); e.Status != lockbay.Completed || len(e.Payouts()) != 2 {
		t.Errorf("%s with %v", e.Status, e.Payouts())
	}
}

// TestDeskLocksWhatItShows: where to send money is changed between the question and the yes.
func TestDeskLocksWhatItShows(t *testing.T) {
	k := manned(t).must(cameAs(126563, "R-1")).must(lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveDecline})
	where := func(text string) { k.must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveWhere, Text: text}) }
	where("LT60 1")
	k.desk("send:buyer")
	if !strings.Contains(k.text(), "To LT60 1.") {
		t.Errorf("the question is\n%s", k.text())
	}
	where("LT60 2")
	if did := k.presses(clerk, "send:yes"); did == dialog.DidApply {
		t.Error("it is sent to another place than was shown")
	}
	e := k.stored()
	if e.Out(lockbay.Buyer) != 0 {
		t.Error("a payout was begun")
	}
	k.desk("send:buyer", "send:yes")
	if e = k.stored(); e.Out(lockbay.Buyer) != e.Quote.BuyerPays {
		t.Error("no payout was begun")
	}
}

// TestDeskSums: another sum with its reference, holds, and what the desk does not take.
func TestDeskSums(t *testing.T) {
	k := manned(t)
	k.as(lockbay.Buyer).tap("help").tap("paid")
	for _, text := range []string{"40,00 R-1", "0 R-1", "-1 R-1", "1e99 R-1", "40.00", "R-1", strings.Repeat("9", 40) + " R-1", "40.00 " + strings.Repeat("r", 300)} {
		had := k.rec.Version
		if k.types("sum", text); k.rec.Version != had {
			t.Errorf("%q is taken", text)
		}
		k.handle(dialog.Input{Kind: dialog.KindTap, Name: "leave", Owner: clerk, Place: dialog.Place{Channel: "tg", Address: "77", Push: true}})
	}
	k.types("sum", "40.00 R-1").desk("sum:yes")
	e := k.stored()
	if e.Missing() != e.Quote.BuyerPays-4000 || e.Reported() {
		t.Errorf("%d is missing", e.Missing())
	}
	k.desk("hold").desk("resume")
	if k.types("sum", "1225.63 eur R-2").desk("sum:yes"); k.stored().Status != lockbay.PaymentConfirmed {
		t.Errorf("the deal is %s", k.stored().Status)
	}
}

// TestNothingCame: a lapsed deal whose buyer says that they paid offers no second payment, until the desk has answered.
func TestNothingCame(t *testing.T) {
	k := manned(t).alarm(lockbay.AlarmLapse).as(lockbay.Buyer)
	k.tap("paid")
	if actions := k.actions(); strings.Contains(actions, "again") || strings.Contains(actions, "paid") {
		t.Errorf("meanwhile the buyer can %s", actions)
	}
	k.desk("nothing", "nothing:yes").as(lockbay.Buyer)
	if text := k.text(); !strings.Contains(text, "no payment has come") || !strings.Contains(k.actions(), "paid again") {
		t.Errorf("answered:\n%s", text)
	}
}

// TestOperatorBuys: an operator who is the buyer has a message for each part, and each button acts for its own.
func TestOperatorBuys(t *testing.T) {
	e := escrow()
	k := beginWith(t, opener{e: e, format: deal.Version, operators: []string{buyer}})
	k.tap("help").tap("paid").as(lockbay.Desk)
	for _, action := range []string{"came", "came:yes"} {
		if did := k.presses(buyer, action); did != dialog.DidApply {
			t.Fatalf("%s: %s", action, did)
		}
	}
	if k.as(lockbay.Buyer).tap("cancel").tap("cancel:yes"); k.stored().Status != lockbay.Settling {
		t.Errorf("the deal is %s", k.stored().Status)
	}
	if k.as(lockbay.Desk); !strings.Contains(k.actions(), "send:buyer") {
		t.Errorf("the desk can %s", k.actions())
	}
}

// TestReplyAtTheDesk: an operator may answer the desk's message with a sum and its reference. It is asked once more.
func TestReplyAtTheDesk(t *testing.T) {
	k := manned(t)
	k.as(lockbay.Buyer).tap("help").tap("paid")
	reply := dialog.Input{Kind: dialog.KindText, Text: "40.00 R-1", Owner: clerk, Place: dialog.Place{Channel: "tg", Address: "77", Push: true},
		Reply: dialog.Reply{Message: "77", Draft: escrow().ID + "~desk"}}
	k.handle(reply)
	k.quiet(k.bot)
	if e := k.load().stored(); e.Missing() != e.Quote.BuyerPays {
		t.Error("a payment was booked before it was asked once more")
	}
	k.desk("sum:yes")
	if e := k.stored(); e.Missing() != e.Quote.BuyerPays-4000 {
		t.Errorf("%d is missing", e.Missing())
	}
	reply.Owner, reply.Text = buyer, "1225.63 R-2"
	had := k.rec.Version
	k.handle(reply)
	if k.quiet(k.bot); k.load().rec.Version != had {
		t.Error("another person books a payment")
	}
}

// TestReplyMeans: a reply to the desk's message is what its status needs in words, and is asked once more.
func TestReplyMeans(t *testing.T) {
	settle := func(k *talk) {
		k.must(cameAs(126563, "R-1")).must(accepts).must(delivers).must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveRelease})
	}
	dispute := func(k *talk) {
		k.must(cameAs(126563, "R-1")).must(accepts)
		k.as(lockbay.Buyer).tap("dispute").tap("dispute:damaged")
	}
	out := func(k *talk) { settle(k); k.desk("send:seller", "send:yes") }
	for _, c := range []struct {
		name  string
		begin func(k *talk)
		text  string
		want  string // on the desk's card
	}{
		{"a sum", func(k *talk) { k.as(lockbay.Buyer).tap("help").tap("paid") }, "40.00 R-1", "Book 40.00 EUR for"},
		{"a reference on its way", out, "R-77", "€1,234.38 was sent to the seller?"},
		{"a sum on its way", out, "40.00 R-2", "Book 40.00 EUR for"},
		{"a share", dispute, "70 two plates are broken", "Decide: 70% to the seller?"},
		{"a sum in a dispute", dispute, "40.00 R-2", "Book 40.00 EUR for"},
		{"a share that is none", settle, "70 two plates are broken", "Book 70.00 EUR for"},
		{"a reference of nothing", settle, "R-77", "Money is to be sent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := manned(t)
			c.begin(k)
			before := escrowOf(k)
			k.handle(dialog.Input{Kind: dialog.KindText, Text: c.text, Owner: clerk, Place: dialog.Place{Channel: "tg", Address: "77", Push: true},
				Reply: dialog.Reply{Message: "77", Draft: escrow().ID + "~desk"}})
			k.quiet(k.bot)
			if text := k.load().as(lockbay.Desk).text(); !strings.Contains(text, c.want) {
				t.Errorf("the desk reads\n%s", text)
			}
			if now := escrowOf(k); len(now.Log) != len(before.Log) {
				t.Error("the deal was moved without a yes")
			}
		})
	}
}

// TestDeskOfAnotherProcess: an order by a process that knows no desk calls the desk of the one that serves, at once and when
// a decision has waited, and the desk is reminded each day as before.
func TestDeskOfAnotherProcess(t *testing.T) {
	k := manned(t).must(cameAs(126563, "R-1")).must(accepts)
	clock := func() time.Time { return time.UnixMilli(k.shown.Load()).UTC() }
	flow := deal.New(deal.Config{RefKey: []byte("key"), SeatKey: []byte("seats"), Detached: true})
	command, err := dialog.New(k.store, dialog.Config{Now: clock, Detached: true}, opener{}, flow)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Close(t.Context()) }()
	order := func(a lockbay.Act) {
		t.Helper()
		k.tick()
		in := deal.OrderAct("bot", escrow().ID, a)
		in.ID = string(a.Move)
		out, err := command.Handle(t.Context(), in)
		if err = errors.Join(err, flow.Verdict(in, out, k.now)); err != nil {
			t.Fatal(err)
		}
		k.bot.Refresh(k.key())
		k.load()
	}
	called := func(want string) {
		t.Helper()
		if text := k.alarm("desk").as(lockbay.Desk).text(); !strings.Contains(text, want) {
			t.Errorf("want %q, the desk reads\n%s", want, text)
		}
	}
	order(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldDesk})
	called("This deal is on hold")
	called("This deal is on hold")
	order(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume})
	order(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Share: 7000, Text: "two plates are broken"})
	called("Nothing to send yet")
	called("Money is to be sent")
}
