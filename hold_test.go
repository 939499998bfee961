package lockbay

import (
	"fmt"
	"testing"
	"time"
)

func holds(code string) Act {
	return Act{Role: Desk, Operator: "cli", Move: MoveHold, Why: code, At: much}
}

// TestNothingIsSentOnHold: an operator who has stopped a deal is answered before anything is sent: by a resume, or by a
// decision. A hold that is about sending, and one of a full log, which has no room for a resume, let it be sent.
func TestNothingIsSentOnHold(t *testing.T) {
	begins := Act{Role: Desk, Move: MoveSending, To: Seller, At: much}
	for _, code := range Holds {
		e := in(t, Settling).moved(t, holds(code))
		if code == HoldPayout || code == HoldLimit {
			e.moved(t, begins)
			continue
		}
		e.refusedAct(t, begins, "on hold ("+code+")")
		if e.moved(t, Act{Role: Desk, Move: MoveResume, At: much}).moved(t, begins); e.Out(Seller) != e.Quote.SellerGets {
			t.Errorf("%s: after the resume %d are on their way", code, e.Out(Seller))
		}
	}

	full := in(t, Settling).moved(t, holds(HoldDesk))
	for i := 0; len(full.Log) < logMost; i++ {
		full.moved(t, cameAs(1, fmt.Sprint("R-", i)))
	}
	full.refusedAct(t, Act{Role: Desk, Move: MoveResume, At: much}, "full")
	if full.moved(t, begins); full.OnHold() != HoldDesk {
		t.Errorf("a full deal is on hold: %q", full.OnHold())
	}
}

// TestDecisionAnswersAHold: what was decided on hold is sent on hold, and so is the part of a deal that the desk cancels. A
// hold after the decision, and a chargeback after it, want another answer.
func TestDecisionAnswersAHold(t *testing.T) {
	at := func(a Act, n int) Act { a.At = much.Add(time.Duration(n) * 2 * DecisionDelay); return a }
	begins := Act{Role: Desk, Move: MoveSending, To: Seller}
	decided := func() *Escrow { return in(t, Disputed).moved(t, holds(HoldDesk)).moved(t, at(decides(5000), 0)) }
	decided().moved(t, at(begins, 1))
	decided().refusedAct(t, at(begins, 0), "a decision waits")
	decided().moved(t, holds(HoldCurrency)).refusedAct(t, at(begins, 1), "on hold (currency)")

	e := in(t, Disputed).moved(t, at(takenBack(5, "C-1"), 0)).moved(t, at(decides(5000), 0)).moved(t, at(takenBack(100, "C-2"), 0))
	e.refusedAct(t, at(begins, 1), "on hold (chargeback)")
	e.moved(t, at(decides(4000), 1)).moved(t, at(begins, 2))

	c := booked().moved(t, cameAs(500, "R-1")).moved(t, holds(HoldDesk)).moved(t, at(Act{Role: Desk, Move: MoveCancel}, 0))
	begins.To = Buyer
	if c.moved(t, at(begins, 1)); c.Out(Buyer) != 500 {
		t.Errorf("cancelled: %d are on their way", c.Out(Buyer))
	}
}

// TestHoldTellsWhatHappened: what has happened is booked on hold as ever: a payout that was begun before it is sent, or did
// not work.
func TestHoldTellsWhatHappened(t *testing.T) {
	for _, a := range []Act{sentAs("R-1"), {Role: Desk, Move: MoveFailed, Text: "closed account"}} {
		e := in(t, Settling).moved(t, sends).moved(t, holds(HoldDesk))
		if e.moved(t, a); e.Out(Seller) != 0 {
			t.Errorf("%s: %d are on their way", a.Move, e.Out(Seller))
		}
	}
}
