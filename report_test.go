package lockbay

import (
	"testing"
	"time"
)

// TestReported: a buyer's word books nothing, is kept once, and ends with the money or with the desk's answer.
func TestReported(t *testing.T) {
	says, nothing := Act{Role: Buyer, Move: MovePaid}, Act{Role: Desk, Move: MoveNothing}
	e := booked()
	e.refusedAct(t, nothing, "has not said")
	e.moved(t, says)
	if !e.Reported() || e.MayReport() || len(e.Balances()) != 0 || e.Missing() != e.Quote.BuyerPays || e.HasBooks() {
		t.Errorf("reported: %v, %v", e.Reported(), e.Balances())
	}
	if changed, err := e.try(says); changed || err != nil {
		t.Errorf("said twice: %t, %v", changed, err)
	}
	e.moved(t, Act{Role: Clock, Move: MoveOver, At: noon.Add(time.Hour)})
	if e.Status != PaymentLapsed || !e.Reported() {
		t.Errorf("%s, reported %t", e.Status, e.Reported())
	}
	e.moved(t, nothing)
	if changed, err := e.try(nothing); changed || err != nil || e.Reported() || !e.MayReport() {
		t.Errorf("answered twice: %t, %v", changed, err)
	}
	e.moved(t, says).moved(t, nothing).moved(t, Act{Role: Desk, Move: MoveCancel})
	if changed, err := e.try(nothing); changed || err != nil {
		t.Errorf("answered again after a move: %t, %v", changed, err)
	}
}

// TestReports: a buyer says it a few times at most, and the money ends it.
func TestReports(t *testing.T) {
	says, nothing := Act{Role: Buyer, Move: MovePaid}, Act{Role: Desk, Move: MoveNothing}
	e := booked()
	e.moved(t, says).moved(t, nothing)
	for range reportsMost - 1 {
		e.moved(t, says).moved(t, nothing)
	}
	e.refusedAct(t, says, "5 times")
	if e.MayReport() {
		t.Error("it may be said for ever")
	}
	if e.moved(t, paidAll); e.Reported() || e.Status != PaymentConfirmed {
		t.Errorf("paid: %s", e.Status)
	}
}
