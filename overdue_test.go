package lockbay

import (
	"testing"
	"time"
)

// TestOverdue: an operator has a day for a hold and for what is to be sent, and a week for a dispute.
func TestOverdue(t *testing.T) {
	paid := Act{Role: Desk, Move: MoveReceived, Rest: true}
	for name, x := range map[string]struct {
		acts []Act
		has  time.Duration // 0: no operator is waited for
	}{
		"paid":     {acts: []Act{paid}},
		"on hold":  {[]Act{paid, {Role: Desk, Move: MoveHold, Why: HoldDesk}}, DeskAnswers},
		"disputed": {[]Act{paid, {Role: Seller, Move: MoveAccept}, {Role: Buyer, Move: MoveDispute, Why: "damaged"}}, DeskDecides},
		"settling": {[]Act{paid, {Role: Seller, Move: MoveDecline}}, DeskAnswers},
		"reported": {[]Act{{Role: Buyer, Move: MovePaid}}, DeskAnswers},
		"lapsed":   {[]Act{{Role: Buyer, Move: MovePaid}, {Role: Clock, Move: MoveOver, At: noon.Add(time.Hour)}}, DeskAnswers},
		"answered": {acts: []Act{{Role: Buyer, Move: MovePaid}, {Role: Desk, Move: MoveNothing}}},
		"decided":  {[]Act{paid, {Role: Desk, Move: MoveDecide, Share: 5000, Text: "half"}}, DecisionDelay + DeskAnswers},
	} {
		e := NewEscrow(NewEscrowID(7), "draft", "tg:1", plates(), DefaultRules().Quote(plates()), noon, time.Hour)
		for _, a := range x.acts {
			if a.Key = refKey; a.At.IsZero() {
				a.At = noon
			}
			if changed, err := e.Act(a); err != nil || !changed {
				t.Fatalf("%s: %s: %v", name, a.Move, err)
			}
		}
		if e.Waits() != (x.has > 0) {
			t.Errorf("%s: waits for an operator: %v", name, e.Waits())
		}
		if e.Overdue(noon.Add(x.has)) {
			t.Errorf("%s: overdue too early", name)
		}
		if got := e.Overdue(noon.Add(x.has + 365*24*time.Hour)); got != (x.has > 0) {
			t.Errorf("%s: overdue after a year: %v", name, got)
		}
		if x.has > 0 && !e.Overdue(noon.Add(x.has+time.Second)) {
			t.Errorf("%s: overdue too late", name)
		}
	}
}
