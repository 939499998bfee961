package lockbay

import (
	"testing"
	"time"
)

// awaiting is a deal that its seller accepts first.
func awaiting() *Escrow {
	e := booked()
	e.WaitForSeller()
	return e
}

// TestAcceptFirst: the seller has the time to accept, and the buyer the time to pay from then on.
func TestAcceptFirst(t *testing.T) {
	e := awaiting()
	if !e.AwaitsSeller() || !e.End().Equal(noon.Add(AcceptWithin)) || e.Lapsed() == LapseUnaccepted {
		t.Fatalf("confirmed: %t until %s", e.AwaitsSeller(), e.End())
	}
	yes := noon.Add(5 * time.Hour)
	e.refusedAct(t, Act{Role: Buyer, Move: MoveRelease, At: yes}, "is possible in")
	e.moved(t, Act{Role: Seller, Move: MoveAccept, At: yes})
	if e.AwaitsSeller() || e.Status != PaymentPending || !e.End().Equal(yes.Add(time.Hour)) || e.Alarms(yes)[0].At != e.End() {
		t.Fatalf("accepted: %t until %s, %v", e.AwaitsSeller(), e.End(), e.Alarms(yes))
	}
	if changed, err := e.try(Act{Role: Seller, Move: MoveAccept, At: yes.Add(time.Minute)}); changed || err != nil || !e.End().Equal(yes.Add(time.Hour)) {
		t.Errorf("accepted twice: %t, %v, until %s", changed, err, e.End())
	}
	paid := *e
	if paid.moved(t, Act{Role: Desk, Move: MoveReceived, Rest: true, At: yes}); paid.Status != Active {
		t.Errorf("paid: %s", paid.Status)
	}
	if e.moved(t, Act{Role: Clock, Move: MoveOver, At: yes.Add(time.Hour)}); e.Status != PaymentLapsed || e.Lapsed() == LapseUnaccepted {
		t.Errorf("not paid: %s", e.Status)
	}
}

// TestAcceptFirstByNobody: without the seller's yes the deal lapses, and what came goes back.
func TestAcceptFirstByNobody(t *testing.T) {
	e := awaiting()
	if changed, err := e.try(Act{Role: Clock, Move: MoveOver, At: noon.Add(AcceptWithin - time.Second)}); changed || err != nil {
		t.Fatalf("before its time: %t, %v", changed, err)
	}
	e.moved(t, cameAs(5, "R-1")).moved(t, Act{Role: Clock, Move: MoveOver, At: noon.Add(AcceptWithin)})
	if e.Status != Settling || e.Balances().Owed(AccountBuyer) != 5 {
		t.Fatalf("with money in: %s, %v", e.Status, e.Balances())
	}
	if e.moved(t, sends).moved(t, sentAs("R-2")); e.Lapsed() != LapseUnaccepted {
		t.Errorf("it ends as %s", e.Status)
	}
}

// TestAcceptFirstPaidAnyway: a payment before the acceptance is booked as ever. When it is taken back, the deal waits for
// what it waited for.
func TestAcceptFirstPaidAnyway(t *testing.T) {
	e := awaiting().moved(t, paidAll)
	if e.Status != PaymentConfirmed || e.AwaitsSeller() {
		t.Fatalf("paid: %s", e.Status)
	}
	later := noon.Add(time.Hour)
	undo := Act{Role: Desk, Move: MoveUndone, Text: "another deal's", At: later}
	if e.moved(t, undo); !e.AwaitsSeller() || !e.End().Equal(later.Add(AcceptWithin)) {
		t.Errorf("taken back before the acceptance: %s until %s", e.Status, e.End())
	}
	e = awaiting().moved(t, accepts).moved(t, paidAll)
	if e.moved(t, undo); e.AwaitsSeller() || e.Status != PaymentPending || !e.End().Equal(later.Add(time.Hour)) {
		t.Errorf("taken back after it: %s until %s", e.Status, e.End())
	}
}
