package lockbay

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestTimesOfADeal: a deal goes by the times of its Confirm, and stores none where they are the usual ones.
func TestTimesOfADeal(t *testing.T) {
	times := Times{Accept: 120, Late: 60, Inspection: 24 * 60, Decision: 30}
	e := in(t, PaymentPending)
	if raw, _ := json.Marshal(e); strings.Contains(string(raw), `"m":{`) {
		t.Errorf("a usual deal stores its times: %s", raw)
	}
	e.Times = times
	at := noon
	move := func(a Act) {
		t.Helper()
		a.At = at
		e.moved(t, a)
	}
	until := func(want time.Duration) {
		t.Helper()
		if got := e.End().Sub(at); got != want {
			t.Errorf("in %s the time is %s, want %s", e.Status, got, want)
		}
	}
	move(Act{Role: Desk, Move: MoveReceived, Rest: true})
	until(2 * time.Hour)
	move(Act{Role: Seller, Move: MoveAccept})
	until(time.Duration(e.Terms.DeliveryHours)*time.Hour + time.Hour)
	for _, x := range e.Alarms(at) {
		if x.Name == AlarmSoon {
			t.Errorf("who is late for an hour is told a day before: %v", x)
		}
	}
	at = e.Deadline()
	move(Act{Role: Seller, Move: MoveDelivered})
	until(24 * time.Hour)
	move(Act{Role: Desk, Move: MoveDecide, Share: 5000, Text: "half"})
	if got := e.SendFrom().Sub(at); got != 30*time.Minute {
		t.Errorf("a decision waits for %s", got)
	}
}
