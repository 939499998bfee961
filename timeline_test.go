package lockbay

import (
	"testing"
	"time"
)

var mistaken = Act{Role: Desk, Move: MoveUndone, Text: "another deal's"}

// TestPaidUntilUndone: a deal whose payment was recorded by mistake was not paid. One that has all of it without the mistake
// was paid when it was.
func TestPaidUntilUndone(t *testing.T) {
	later := func(a Act, n int) Act { a.At = noon.Add(time.Duration(n) * time.Minute); return a }
	e := booked().moved(t, later(paidAll, 1)).moved(t, accepts)
	until := e.Until
	e.moved(t, later(cameAs(128125, "R-2"), 2)).moved(t, later(mistaken, 3))
	if !e.Paid().Equal(noon.Add(time.Minute)) || e.Status != Active || e.Until != until {
		t.Errorf("paid twice, and once by mistake: %s, paid %s, until %d", e.Status, e.Paid(), e.Until)
	}
	again := later(mistaken, 4)
	again.Text = "that one, too"
	if e.moved(t, again); !e.Paid().IsZero() || e.Status != PaymentPending {
		t.Errorf("not paid: %s, paid %s", e.Status, e.Paid())
	}
	if e.moved(t, later(paidAll, 5)); !e.Paid().Equal(noon.Add(5 * time.Minute)) {
		t.Errorf("paid at last: %s", e.Paid())
	}
}
