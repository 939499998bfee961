package deal_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// TestWaits: a deal that waits for an operator stays due within a day, day after day, although no desk is set up and no
// timer reminds of it. One that has ended is due when its people
// are to be forgotten.
func TestWaits(t *testing.T) {
	k := begin(t).must(cameAs(126563, "R-1")).must(accepts)
	looked := func(after time.Duration) { // a day later, and the row is due then
		t.Helper()
		k.now = k.now.Add(dialog.WaitMost)
		k.ring()
		want, row := k.now.Add(after), (*dialog.Row)(nil)
		for end := time.Now().Add(patience); row == nil || !time.UnixMilli(row.Due).Equal(want); time.Sleep(time.Millisecond) {
			var err error
			if row, err = k.store.Load(t.Context(), k.key()); err != nil || time.Now().After(end) {
				t.Fatalf("due %v, want %v: %v", time.UnixMilli(row.Due).UTC(), want, err)
			}
		}
	}
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldDesk})
	for range 3 {
		looked(dialog.WaitMost)
	}
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume})
	k.must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveRelease}) // the next timer but one is in days
	k.alarm("where")
	for range 3 {
		looked(dialog.WaitMost)
	}
	if k.rec.Step != string(lockbay.Settling) || time.UnixMilli(k.rec.Timers[0].At).Before(k.now.Add(dialog.WaitMost)) {
		t.Errorf("%s with %v", k.rec.Step, k.rec.Timers)
	}
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSending})
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSent, Ref: "R-2"})
	looked(89 * 24 * time.Hour)
}
