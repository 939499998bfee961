package lockbay

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

var noon = time.UnixMilli(1796000000000).UTC()

var refKey = []byte("key")

// moved makes a move that must change the deal.
func (e *Escrow) moved(t *testing.T, a Act) *Escrow {
	t.Helper()
	if changed, err := e.try(a); !changed || err != nil {
		t.Fatalf("%s by the %s of a deal that is %s: %t, %v", a.Move, a.Role, e.Status, changed, err)
	}
	return e
}

// try makes a move, at noon if it has no time.
func (e *Escrow) try(a Act) (bool, error) {
	if a.Key = refKey; a.At.IsZero() {
		a.At = noon
	}
	return e.Act(a)
}

// refusedAct makes a move that must be refused, and leave the deal as it is.
func (e *Escrow) refusedAct(t *testing.T, a Act, want string) {
	t.Helper()
	before := *e
	if changed, err := e.try(a); changed || err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(before, *e) {
		t.Errorf("%s by the %s of a deal that is %s: %t, %v; want %q", a.Move, a.Role, before.Status, changed, err, want)
	}
}

var (
	paidAll  = Act{Role: Desk, Operator: "cli", Move: MoveReceived, Rest: true}
	accepts  = Act{Role: Seller, Operator: "cli", Move: MoveAccept}
	delivers = Act{Role: Seller, Move: MoveDelivered}
	releases = Act{Role: Buyer, Move: MoveRelease}
	sends    = Act{Role: Desk, Operator: "cli", Move: MoveSending, Text: "LT60 1010"}
	disputes = Act{Role: Buyer, Move: MoveDispute, Why: "damaged"}
)

func sentAs(ref string) Act { return Act{Role: Desk, Operator: "cli", Move: MoveSent, Ref: ref} }

func cameAs(minor int64, ref string) Act {
	return Act{Role: Desk, Operator: "cli", Move: MoveReceived, Sum: Money{minor, "EUR"}, Ref: ref}
}

func decides(share int) Act {
	return Act{Role: Desk, Operator: "cli", Move: MoveDecide, Share: share, Text: "two plates are broken"}
}

// in is a deal of this status, by the shortest way.
func in(t *testing.T, s Status) *Escrow {
	t.Helper()
	ways := map[Status][]Act{
		PaymentPending: {}, PaymentConfirmed: {paidAll}, Active: {paidAll, accepts}, Delivered: {paidAll, accepts, delivers}, Disputed: {paidAll, accepts, disputes},
		Settling: {paidAll, accepts, delivers, releases}, Completed: {paidAll, accepts, delivers, releases, sends, sentAs("R-77")},
		Refunded:  {paidAll, {Role: Buyer, Move: MoveCancel}, sends, sentAs("R-78")},
		Cancelled: {{Role: Buyer, Move: MoveCancel}}, PaymentLapsed: {{Role: Clock, Move: MoveOver, At: noon.Add(time.Hour)}},
	}
	e := booked()
	for _, a := range ways[s] {
		e.moved(t, a)
	}
	if e.Status != s {
		t.Fatalf("the deal is %s, want %s", e.Status, s)
	}
	return e
}

var everyStatus = []Status{PaymentPending, PaymentConfirmed, Active, Delivered, Disputed, Settling, Completed, Refunded, PaymentLapsed, Cancelled}

var everyMove = []Move{
	MoveReceived, MoveUndone, MovePaid, MoveNothing, MoveCancel, MoveAccept, MoveDecline, MoveDelivered, MoveGiveBack, MoveRelease, MoveTakeBack, MoveMore, MoveGrant, MoveRefuse, MoveExtend, MoveDispute,
	MoveWithdraw, MoveSay, MoveOffer, MoveAgree, MoveDecide, MoveWhere, MoveSending, MoveSent, MoveFailed, MoveChargeback, MoveHold, MoveResume, MoveReseat, MoveOver, "unheard of",
}

// TestEveryMoveInEveryStatus: each role tries each move in each status. What the table has is done, or refused for a reason
// of its own; anything else is refused with a sentence that names the status, and nothing changes.
func TestEveryMoveInEveryStatus(t *testing.T) {
	for _, status := range everyStatus {
		for _, role := range []Role{Buyer, Seller, Desk, Clock} {
			for _, move := range everyMove {
				e := in(t, status)
				before := *e
				a := Act{Role: role, Move: move, At: noon.Add(100 * 24 * time.Hour), Sum: Money{5, "EUR"}, Ref: "R-1", Hours: 24, Why: HoldDesk, Text: "because", Return: true, Seen: true}
				if move == MoveDispute {
					a.Why = "other"
				}
				changed, err := e.try(a)
				step := stepOf(status, role, move)
				var not *NotNow
				switch {
				case step == nil && !changed && err == nil: // made before
				case step == nil && (!errors.As(err, &not) || !strings.Contains(err.Error(), string(status)) && !errors.Is(err, ErrPaid) && !errors.Is(err, ErrCancelled)):
					t.Errorf("%s by the %s in %s: %t, %v", move, role, status, changed, err)
				case step != nil && errors.As(err, &not):
					t.Errorf("%s by the %s in %s: %v", move, role, status, err)
				case step != nil && changed && step.To != "" && e.Status != step.To && e.Status != Settling && !e.Status.Ended():
					t.Errorf("%s by the %s in %s leads to %s, not to %s", move, role, status, e.Status, step.To)
				}
				if !changed && !reflect.DeepEqual(before, *e) {
					t.Errorf("%s by the %s in %s changed the deal and says nothing", move, role, status)
				}
				if err := e.Verify(); err != nil {
					t.Errorf("%s by the %s in %s: %v", move, role, status, err)
				}
			}
		}
	}
}

func TestHappyLife(t *testing.T) {
	e := booked()
	q := e.Quote
	e.moved(t, paidAll)
	if e.Status != PaymentConfirmed || e.Balances().Owed(AccountHeld) != q.BuyerPays || !e.Deadline().Equal(noon.Add(AcceptWithin)) {
		t.Fatalf("paid: %+v", e)
	}
	if e.moved(t, accepts); e.Status != Active || !e.Deadline().Equal(noon.Add(72*time.Hour)) {
		t.Fatalf("accepted: %+v", e)
	}
	e.moved(t, delivers).moved(t, releases)
	if e.Status != Settling || e.Balances().Owed(AccountSeller) != q.SellerGets {
		t.Fatalf("released: %+v", e)
	}
	e.moved(t, sends)
	if e.Out(Seller) != q.SellerGets || e.Status != Settling {
		t.Fatalf("sending: %+v", e)
	}
	e.moved(t, sentAs("R-77"))
	if e.Status != Completed || len(e.Balances()) != 2 || e.Balances().Owed(AccountFee) != q.Fee {
		t.Fatalf("sent: %s, %v", e.Status, e.Balances())
	}
	var told []string
	for _, x := range e.Log {
		told = append(told, x.By+" "+x.Move)
	}
	if want := "o0 received, o0 funded, s0 accept, s delivered, b release, o0 sending:seller, o0 sent:seller"; strings.Join(told, ", ") != want {
		t.Errorf("the log is %s, want %s", strings.Join(told, ", "), want)
	}
	if fmt.Sprint(e.Operators) != "[cli]" || e.Notes[0] != "rest" || e.Notes[5] != "LT60 1010" || e.Notes[6] != "R-77" {
		t.Errorf("beside the log: %v, %v", e.Operators, e.Notes)
	}
}

// TestOrdersGivenTwice: an order that is done already changes nothing, and is no error.
func TestOrdersGivenTwice(t *testing.T) {
	for name, x := range map[string]struct {
		e *Escrow
		a Act
	}{
		"the rest": {booked().moved(t, cameAs(128062, "R-1")).moved(t, paidAll), Act{Role: Desk, Move: MoveReceived, Rest: true, Sum: Money{63, "EUR"}}},
		"paid":     {in(t, PaymentConfirmed), paidAll}, "paid, long ago": {in(t, Completed), paidAll}, "accepted": {in(t, Active), accepts}, "delivered": {in(t, Delivered), delivers},
		"released": {in(t, Settling), releases}, "sending": {in(t, Settling).moved(t, sends), sends}, "sent": {in(t, Completed), sentAs("R-77")},
		"cancelled": {in(t, Cancelled), Act{Role: Desk, Move: MoveCancel}}, "disputed": {in(t, Disputed), disputes},
		"decided": {in(t, Disputed).moved(t, decides(5000)), decides(5000)}, "the same reference": {booked().moved(t, cameAs(5, "R-1")), cameAs(5, "R-1")},
		"the same reference, another sum": {booked().moved(t, cameAs(5, "R-1")), cameAs(6, "R-1")},
		"failed":                          {in(t, Settling).moved(t, sends).moved(t, Act{Role: Desk, Move: MoveFailed, Text: "no account"}), Act{Role: Desk, Move: MoveFailed, Text: "no account"}},
		"undone":                          {in(t, Active).moved(t, Act{Role: Desk, Move: MoveUndone, Text: "mistake"}), Act{Role: Desk, Move: MoveUndone, Text: "mistake"}},
		"withdrawn":                       {in(t, Disputed).moved(t, Act{Role: Buyer, Move: MoveWithdraw}), Act{Role: Buyer, Move: MoveWithdraw}},
		"held":                            {in(t, Active).moved(t, Act{Role: Desk, Move: MoveHold, Why: HoldDesk}), Act{Role: Desk, Move: MoveHold, Why: HoldDesk}},
		"resumed":                         {in(t, Active), Act{Role: Desk, Move: MoveResume}},
		"accepted before it was paid":     {booked().moved(t, accepts), accepts},
	} {
		entries := len(x.e.Log)
		if changed, err := x.e.try(x.a); changed || err != nil || len(x.e.Log) != entries {
			t.Errorf("%s: %t, %v", name, changed, err)
		}
	}
}

func TestPartsAndSurplus(t *testing.T) {
	e := booked()
	all := e.Quote.BuyerPays
	e.moved(t, cameAs(all-6563, "R-1"))
	if e.Status != PaymentPending || e.Missing() != 6563 {
		t.Fatalf("a part came: %s, %d are missing", e.Status, e.Missing())
	}
	e.refusedAct(t, Act{Role: Desk, Move: MoveReceived, Rest: true, Sum: Money{all, "EUR"}}, "another sum")
	e.moved(t, accepts).moved(t, cameAs(7000, "R-2"))
	if e.Status != Active || e.Missing() != 0 || e.Balances().Owed(AccountBuyer) != 437 {
		t.Fatalf("too much came: %s, %v", e.Status, e.Balances())
	}
	e.moved(t, delivers).moved(t, releases)
	e.refusedAct(t, sends, "name one")
	to := func(a Act, r Role) Act { a.To = r; return a }
	e.moved(t, to(sends, Buyer)).moved(t, to(sends, Seller)).moved(t, to(sentAs("R-3"), Seller))
	e.refusedAct(t, to(sentAs("R-3"), Buyer), "the other payout")
	if e.moved(t, sentAs("R-4")); e.Status != Completed {
		t.Fatalf("all is sent: %s", e.Status)
	}
	part := booked().moved(t, cameAs(4000, "R-1")).moved(t, Act{Role: Clock, Move: MoveOver, At: noon.Add(time.Hour)})
	if part.Status != Settling || part.Balances().Owed(AccountBuyer) != 4000 {
		t.Fatalf("a part, and the time is over: %s, %v", part.Status, part.Balances())
	}
	part.refusedAct(t, paidAll, "received says")
	if part.moved(t, sends).moved(t, sentAs("R-5")); part.Status != PaymentLapsed {
		t.Errorf("the part was sent back: %s", part.Status)
	}
	left := booked().moved(t, cameAs(4000, "R-1")).moved(t, Act{Role: Buyer, Move: MoveCancel}).moved(t, sends).moved(t, sentAs("R-5"))
	if left.Status != Cancelled {
		t.Errorf("the part of a cancelled deal was sent back: %s", left.Status)
	}
}

func TestMoneyAfterTheEnd(t *testing.T) {
	late := in(t, PaymentLapsed)
	if late.moved(t, paidAll); late.Status != PaymentConfirmed {
		t.Errorf("paid after it lapsed: %s", late.Status)
	}
	accepted := booked().moved(t, accepts).moved(t, Act{Role: Clock, Move: MoveOver, At: noon.Add(time.Hour)})
	if accepted.moved(t, paidAll); accepted.Status != Active {
		t.Errorf("accepted, and paid after it lapsed: %s", accepted.Status)
	}
	for _, end := range []Status{Completed, Refunded, Cancelled, PaymentLapsed} {
		e := in(t, end)
		a := cameAs(500, "R-late")
		if end == Cancelled {
			if e.refusedAct(t, a, "--return"); !errors.Is(&NotNow{end, Desk, MoveReceived}, ErrCancelled) {
				t.Error("a payment after the cancel has another error")
			}
			a.Return = true
		}
		if e.moved(t, a); e.Status != Settling || e.Balances().Owed(AccountBuyer) != 500 {
			t.Fatalf("%s: money came, and it is %s with %v", end, e.Status, e.Balances())
		}
		if e.moved(t, sends).moved(t, sentAs("R-back")); e.Status != end {
			t.Errorf("%s: after the money went back it is %s", end, e.Status)
		}
	}
	declined := booked().moved(t, Act{Role: Seller, Move: MoveDecline})
	if declined.moved(t, Act{Role: Desk, Move: MoveReceived, Rest: true, Return: true}); declined.Status != Settling {
		t.Errorf("declined, then paid: %s", declined.Status)
	}
}

func TestTimesRunOut(t *testing.T) {
	over := func(after time.Duration) Act {
		return Act{Role: Clock, Move: MoveOver, At: noon.Add(after), Seen: true}
	}
	for status, x := range map[Status]struct {
		after time.Duration
		leads Status
	}{
		PaymentPending: {time.Hour, PaymentLapsed}, PaymentConfirmed: {24 * time.Hour, Settling}, Active: {144 * time.Hour, Settling}, Delivered: {72 * time.Hour, Settling},
	} {
		e := in(t, status)
		if changed, err := e.try(over(x.after - time.Millisecond)); changed || err != nil {
			t.Errorf("%s: over too early: %v", status, err)
		}
		if e.moved(t, over(x.after)); e.Status != x.leads {
			t.Errorf("%s: its time is over, and it is %s", status, e.Status)
		}
		if owed := e.Balances(); status == Delivered != (owed.Owed(AccountSeller) > 0) {
			t.Errorf("%s: its time is over: %v", status, owed)
		}
	}
	blind := in(t, Delivered)
	a := over(72 * time.Hour)
	if a.Seen = false; blind.moved(t, a).OnHold() != HoldUnreachable || blind.Alarms(a.At) != nil {
		t.Errorf("the buyer was never told, and the deal is %s, on hold: %q", blind.Status, blind.OnHold())
	}
	if blind.moved(t, Act{Role: Desk, Move: MoveResume, At: noon.Add(80 * time.Hour)}); blind.Deadline().Before(noon.Add(104 * time.Hour)) {
		t.Errorf("resumed at hour 80, and over at %s", blind.Deadline().Sub(noon))
	}
	active := in(t, Active)
	active.refusedAct(t, Act{Role: Buyer, Move: MoveTakeBack, At: noon.Add(71 * time.Hour)}, "not over before")
	if active.IsLate(noon.Add(71*time.Hour)) || !active.IsLate(noon.Add(72*time.Hour)) {
		t.Error("late at the wrong time")
	}
	if active.moved(t, Act{Role: Buyer, Move: MoveTakeBack, At: noon.Add(72 * time.Hour)}); active.Status != Settling || active.Balances().Owed(AccountBuyer) != active.Quote.BuyerPays {
		t.Errorf("taken back: %s, %v", active.Status, active.Balances())
	}
}

func TestMoreTime(t *testing.T) {
	e := in(t, Active).moved(t, Act{Role: Buyer, Move: MoveMore, Hours: 24})
	if !e.Deadline().Equal(noon.Add(96 * time.Hour)) {
		t.Errorf("a day more: %s", e.Deadline().Sub(noon))
	}
	if e.moved(t, Act{Role: Buyer, Move: MoveMore, Hours: 48, At: noon.Add(100 * time.Hour)}); !e.Deadline().Equal(noon.Add(148 * time.Hour)) {
		t.Errorf("two days from hour 100: %s", e.Deadline().Sub(noon))
	}
	e.refusedAct(t, Act{Role: Buyer, Move: MoveMore, Hours: 25}, "24, 48 or 72")
	d := in(t, Delivered).moved(t, Act{Role: Buyer, Move: MoveExtend})
	if !d.Deadline().Equal(noon.Add(96 * time.Hour)) {
		t.Errorf("a day more to check: %s", d.Deadline().Sub(noon))
	}
	if changed, err := d.try(Act{Role: Buyer, Move: MoveExtend}); changed || err != nil {
		t.Errorf("the same order again: %t, %v", changed, err)
	}
	d.moved(t, Act{Role: Desk, Move: MoveHold, Why: HoldDesk}).moved(t, Act{Role: Desk, Move: MoveResume})
	d.refusedAct(t, Act{Role: Buyer, Move: MoveExtend}, "given once")
	var names []string
	for _, a := range in(t, Active).Alarms(noon) {
		names = append(names, fmt.Sprintf("%s %s", a.Name, a.At.Sub(noon)))
	}
	if got := strings.Join(names, ", "); got != "half 36h0m0s, late 72h0m0s, soon 120h0m0s, over 144h0m0s" {
		t.Errorf("alarms: %s", got)
	}
}

func TestHolds(t *testing.T) {
	e := in(t, Active).moved(t, Act{Role: Desk, Operator: "cli", Move: MoveHold, Why: HoldDesk, Text: "asks the carrier"})
	e.refusedAct(t, releases, "on hold (desk)")
	if changed, err := e.try(Act{Role: Clock, Move: MoveOver, At: noon.Add(1000 * time.Hour)}); changed || err != nil || e.Alarms(noon) != nil {
		t.Errorf("a time ran out on hold: %v", err)
	}
	if e.moved(t, Act{Role: Desk, Move: MoveResume, At: noon.Add(10 * time.Hour)}); !e.Deadline().Equal(noon.Add(82 * time.Hour)) {
		t.Errorf("ten hours on hold move the deadline to %s", e.Deadline().Sub(noon))
	}
	p := booked().moved(t, Act{Role: Desk, Move: MoveReceived, Sum: Money{126563, "USD"}, Ref: "R-1"})
	if p.OnHold() != HoldCurrency || len(p.Balances()) != 0 || p.Status != PaymentPending {
		t.Errorf("dollars came: %s, %q, %v", p.Status, p.OnHold(), p.Balances())
	}
	if p.moved(t, Act{Role: Desk, Move: MoveResume, At: noon.Add(time.Hour)}); !p.ExpiresAt().Equal(noon.Add(2 * time.Hour)) {
		t.Errorf("an hour on hold moves the time to pay to %s", p.ExpiresAt())
	}
	e.refusedAct(t, Act{Role: Desk, Move: MoveHold, Why: "because"}, "want one of")
	twice := in(t, Active).moved(t, Act{Role: Desk, Move: MoveHold, Why: HoldDesk}).moved(t, Act{Role: Desk, Move: MoveHold, Why: HoldPayout, At: noon.Add(5 * time.Hour)})
	if twice.moved(t, Act{Role: Desk, Move: MoveResume, At: noon.Add(10 * time.Hour)}); !twice.Deadline().Equal(noon.Add(82 * time.Hour)) {
		t.Errorf("ten hours on two holds move the deadline to %s", twice.Deadline().Sub(noon))
	}
}

func TestDecisions(t *testing.T) {
	e := in(t, Disputed)
	for _, share := range []int{-1, 10001} {
		e.refusedAct(t, decides(share), "want 0 to 100")
	}
	mute := decides(5000)
	mute.Text = " "
	e.refusedAct(t, mute, "needs a reason")
	e.moved(t, decides(7000))
	seller, fee, buyer := e.Quote.Split(7000)
	if b := e.Balances(); e.Status != Settling || b.Owed(AccountSeller) != seller || b.Owed(AccountFee) != fee || b.Owed(AccountBuyer) != buyer {
		t.Fatalf("decided: %s, %v", e.Status, e.Balances())
	}
	to := func(a Act, r Role, after time.Duration) Act { a.To, a.At = r, noon.Add(after); return a }
	e.refusedAct(t, to(sends, Seller, 23*time.Hour), "a decision waits until")
	e.moved(t, decides(5000))
	e.refusedAct(t, decides(1000), "once")
	e.moved(t, to(sends, Seller, 24*time.Hour)).moved(t, to(sends, Buyer, 24*time.Hour))
	e.moved(t, Act{Role: Desk, Move: MoveFailed, To: Buyer, Text: "no such account"})
	e.refusedAct(t, to(sentAs("R-1"), Buyer, 25*time.Hour), "nothing is on its way")
	e.moved(t, to(sends, Buyer, 26*time.Hour)).moved(t, to(sentAs("R-1"), Buyer, 27*time.Hour))
	if e.moved(t, sentAs("R-2")); e.Status != Completed {
		t.Errorf("both are sent: %s", e.Status)
	}
	for share, end := range map[int]Status{0: Refunded, 1: Completed, ShareAll: Completed} {
		e := in(t, Active).moved(t, decides(share))
		for e.Status == Settling {
			a := to(sends, "", 48*time.Hour)
			if a.To = Buyer; e.Balances().Owed(AccountBuyer) == 0 {
				a.To = Seller
			}
			e.moved(t, a).moved(t, sentAs("R-"+string(a.To)))
		}
		if e.Status != end {
			t.Errorf("%d of 10,000 to the seller: %s", share, e.Status)
		}
	}
	w := in(t, Disputed)
	w.refusedAct(t, Act{Role: Seller, Move: MoveWithdraw}, "only who opened")
	if w.moved(t, Act{Role: Buyer, Move: MoveWithdraw, At: noon.Add(200 * time.Hour)}); w.Status != Active || !w.Deadline().Equal(noon.Add(224*time.Hour)) {
		t.Errorf("withdrawn: %s until %s", w.Status, w.Deadline().Sub(noon))
	}
}

func TestUndo(t *testing.T) {
	undo := Act{Role: Desk, Operator: "cli", Move: MoveUndone, Text: "it was for another deal"}
	for _, status := range []Status{PaymentConfirmed, Active} {
		e := in(t, status)
		undo.At = noon.Add(30 * time.Hour)
		if e.moved(t, undo); e.Status != PaymentPending || len(e.Balances()) != 0 || !e.ExpiresAt().Equal(noon.Add(31*time.Hour)) {
			t.Errorf("%s, undone: %s, %v, until %s", status, e.Status, e.Balances(), e.ExpiresAt())
		}
		if e.moved(t, paidAll); e.Status != status || e.Notes[len(e.Log)-2] != "rest-2" {
			t.Errorf("%s, undone and paid: %s, %v", status, e.Status, e.Notes)
		}
	}
	for _, status := range []Status{Delivered, Disputed, Settling, Completed, Cancelled, PaymentLapsed} {
		in(t, status).refusedAct(t, undo, "undone by the desk is possible in payment_pending, payment_confirmed, active")
	}
	booked().refusedAct(t, undo, "no payment")
	more := in(t, Active).moved(t, cameAs(500, "R-2"))
	if more.moved(t, undo); more.Status != Active || more.Balances().Owed(AccountBuyer) != 0 {
		t.Errorf("the surplus was undone: %s, %v", more.Status, more.Balances())
	}
}

// TestDealsOfBefore: a deal that was paid before there were books gets them at its first move, and is held until an operator
// resumes it.
func TestDealsOfBefore(t *testing.T) {
	before := func() *Escrow { e := booked(); e.Status = PaymentConfirmed; return e }
	e := before()
	if changed, err := e.try(paidAll); changed || err != nil || e.Log != nil || e.Verify() != nil || e.Alarms(noon) != nil {
		t.Errorf("paid again: %t, %v, %v", changed, err, e.Log)
	}
	e.refusedAct(t, accepts, "on hold (desk)")
	e.moved(t, Act{Role: Desk, Move: MoveResume, At: noon.Add(time.Hour)})
	if e.Status != PaymentConfirmed || e.Balances().Owed(AccountHeld) != e.Quote.BuyerPays || e.OnHold() != "" || !e.Deadline().Equal(noon.Add(25*time.Hour)) {
		t.Errorf("resumed: %s, %v until %s", e.Status, e.Balances(), e.Deadline())
	}
	e.moved(t, accepts).moved(t, delivers).moved(t, releases).moved(t, sends).moved(t, sentAs("R-1"))
	if e.Status != Completed || e.Verify() != nil {
		t.Errorf("at the end: %s, %v", e.Status, e.Verify())
	}
	stop := Act{Role: Desk, Move: MoveHold, Why: HoldDesk, At: noon}
	h := before().moved(t, stop)
	if again, err := h.try(stop); h.OnHold() != HoldDesk || h.MaySend() || again || err != nil {
		t.Errorf("put on hold: %q, and again: %t, %v", h.OnHold(), again, err)
	}
	d := before().moved(t, decides(0))
	if d.Status != Settling || d.OnHold() != HoldDesk {
		t.Errorf("decided: %s, %q", d.Status, d.OnHold())
	}
}

// TestBadActs: what nobody can mean is refused, and nothing is written.
func TestBadActs(t *testing.T) {
	long := strings.Repeat("ж", TextMost+1)
	for want, a := range map[string]Act{
		"a payment of 0": cameAs(0, "R-1"), "a payment of -": cameAs(-1, "R-1"), "too large": cameAs(1<<61, "R-1"), "needs a reference": cameAs(5, " "),
		"characters; at most 200": cameAs(5, long), "control characters": cameAs(5, "a\x00b"),
	} {
		booked().refusedAct(t, a, want)
	}
	for want, a := range map[string]Act{"the reference of what was sent": sentAs(""), "not to": {Role: Desk, Move: MoveSending, To: "desk"}, "nothing is owed to the buyer": {Role: Desk, Move: MoveSending, To: Buyer}} {
		in(t, Settling).refusedAct(t, a, want)
	}
	in(t, Active).refusedAct(t, Act{Role: Buyer, Move: MoveDispute, Why: "bored"}, "want one of")
}

// TestFullLog: a log has an end. The desk can still end the deal.
func TestFullLog(t *testing.T) {
	e := in(t, Active)
	for i := 0; len(e.Log) < logMost; i++ {
		e.moved(t, cameAs(1, fmt.Sprint("R-", i)))
	}
	if e.OnHold() != HoldLimit {
		t.Fatalf("%d entries, and on hold: %q", len(e.Log), e.OnHold())
	}
	e.refusedAct(t, cameAs(1, "R-more"), "full")
	e.moved(t, decides(ShareAll))
	late := noon.Add(48 * time.Hour)
	for _, r := range party {
		e.moved(t, Act{Role: Desk, Move: MoveSending, To: r, At: late})
		a := sentAs("S-" + string(r))
		a.To, a.At = r, late
		e.moved(t, a)
	}
	if e.Status != Completed || e.Verify() != nil {
		t.Errorf("at the end: %s, %v", e.Status, e.Verify())
	}
}

// TestFullDealFitsItsRow: a deal at all of its limits has room in a row, of which a flow has 49 KiB.
func TestFullDealFitsItsRow(t *testing.T) {
	for _, description := range []string{strings.Repeat("<", 500), strings.Repeat("ж", 16_000)} { // the answers of a form have 32 KiB
		fullDeal(t, description)
	}
}

func fullDeal(t *testing.T, description string) {
	t.Helper()
	e := in(t, Active)
	e.Terms.Description = description
	for i := 0; ; i++ {
		a := cameAs(1_000_000_000_000, strings.Repeat("<", TextMost-3)+fmt.Sprint(i))
		a.Operator = strings.Repeat("<", byLong-2) + fmt.Sprint(i%byMost)
		if e.OnHold() == HoldLimit {
			a = decides(5000)
		}
		if e.moved(t, a); e.Status != Active {
			break
		}
	}
	for i := range 16 {
		a := Act{Role: Desk, Move: []Move{MoveSending, MoveFailed}[i%2], To: Buyer, Text: strings.Repeat("<", TextMost), At: noon.Add(48 * time.Hour)}
		e.moved(t, a)
	}
	if n := len(e.Encode()); n > 49<<10 || e.Verify() != nil {
		t.Errorf("a full deal has %d bytes: %v", n, e.Verify())
	}
}
