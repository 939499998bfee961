package lockbay

import (
	"testing"
	"time"
)

// TestOpenDoor: a time runs out only if people could reach us in its last quarter; else they have that much from when we
// were back, and then it runs out.
func TestOpenDoor(t *testing.T) {
	paid := []Act{{Role: Desk, Move: MoveReceived, Rest: true}}
	accepted := append(paid, Act{Role: Seller, Move: MoveAccept})
	delivered := append(accepted, Act{Role: Seller, Move: MoveDelivered})
	for _, c := range []struct {
		acts  []Act
		in    Status
		door  time.Duration
		after Status
	}{
		{nil, PaymentPending, 15 * time.Minute, PaymentLapsed},
		{paid, PaymentConfirmed, 6 * time.Hour, Settling},
		{accepted, Active, DoorMost, Settling},
		{delivered, Delivered, DoorMost, Settling},
	} {
		begin := func() Escrow {
			e := NewEscrow(NewEscrowID(7), "draft", "tg:1", plates(), DefaultRules().Quote(plates()), noon, time.Hour)
			for _, a := range c.acts {
				a.At, a.Key = noon.Add(time.Minute), refKey
				if _, err := e.Act(a); err != nil {
					t.Fatal(err)
				}
			}
			if e.Status != c.in {
				t.Fatalf("it is %s", e.Status)
			}
			return e
		}
		over := func(e *Escrow, at, open time.Time) {
			t.Helper()
			if changed, err := e.Act(Act{Role: Clock, Move: MoveOver, At: at, Key: refKey, Seen: true, Open: open}); err != nil || !changed {
				t.Fatalf("%s: %v, %v", c.in, changed, err)
			}
			if err := e.Verify(); err != nil {
				t.Fatal(err)
			}
		}
		e := begin()
		end := e.End()
		if over(&e, end, end.Add(-c.door)); e.Status != c.after {
			t.Errorf("%s: we were there for %v, and it is %s", c.in, c.door, e.Status)
		}
		e = begin()
		open := end.Add(time.Hour)
		late := e.Status == Active
		over(&e, open, open)
		if e.Status != c.in || !e.Away() || !e.End().Equal(open.Add(c.door)) || late != e.IsLate(open) {
			t.Errorf("%s: we came back at %v, and it is %s until %v", c.in, open, e.Status, e.End())
		}
		if over(&e, e.End(), open); e.Status != c.after || e.Away() {
			t.Errorf("%s: the time that was given is over, and it is %s", c.in, e.Status)
		}
		e = begin() // a minute too short: the rest of it is given
		open = end.Add(-c.door + time.Minute)
		if over(&e, end, open); !e.End().Equal(end.Add(time.Minute)) {
			t.Errorf("%s: a minute is missing, and %v are given", c.in, e.End().Sub(end))
		}
	}
}
