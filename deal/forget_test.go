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

// later turns the clock, and sweeps until nothing is due.
func (k *talk) later(d time.Duration) {
	k.t.Helper()
	k.now = k.now.Add(d)
	for range 3 {
		k.tick()
		if _, err := k.bot.Sweep(k.t.Context(), 0); err != nil {
			k.t.Fatal(err)
		}
	}
}

// TestForgottenInTime: 90 days after its end a deal loses its people, and ten years later its books go.
func TestForgottenInTime(t *testing.T) {
	const day = 24 * time.Hour
	k := paidDeal(t).must(accepts).must(delivers).must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveRelease}).must(sends).must(sentAs("R-77"))
	k.later(89 * day)
	if e := k.load().stored(); e.Forgotten() || k.rec.Owner != buyer {
		t.Fatal("the people are forgotten too early")
	}
	k.later(2 * day)
	k.later(2 * time.Hour)
	e := k.load().stored()
	if raw := string(k.rec.Answers); !e.Forgotten() || k.rec.Owner != "" || len(k.rec.Places) > 0 || strings.Contains(raw, "anna") || strings.Contains(raw, "R-77") {
		t.Fatalf("what stays of %q is %s", k.rec.Owner, raw)
	}
	// A payment that comes now is booked, sent back, and its reference forgotten, too.
	if err := errors.Join(k.act(cameAs(500, "LATE-1")), k.act(sends), k.act(sentAs("BACK-1"))); err != nil {
		t.Fatal(err)
	}
	if e := k.load().stored(); e.Status != lockbay.Completed || len(e.Notes) == 0 {
		t.Fatalf("%s with notes %v", e.Status, e.Notes)
	}
	k.later(91 * day)
	k.later(2 * time.Hour)
	if e := k.load().stored(); len(e.Notes) > 0 || len(e.Operators) > 0 {
		t.Errorf("the notes are %v, the operators %v", e.Notes, e.Operators)
	}
	k.later(3570 * day)
	if _, err := k.bot.Peek(t.Context(), k.key()); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("the books are there after their time: %v", err)
	}
}

// TestKeepsNoBooks: a deal for which no money came goes whole; one in whose currency no money came stays.
func TestKeepsNoBooks(t *testing.T) {
	k := begin(t)
	if err := k.order(deal.Cancel); err != nil {
		t.Fatal(err)
	}
	if kept, err := k.flow.Keeps(k.rec, k.now); kept != nil || err != nil {
		t.Errorf("an unpaid deal keeps %+v, %v", kept, err)
	}
	k = begin(t).must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Sum: lockbay.Money{Minor: 5, Currency: "USD"}, Ref: "R-1"})
	if _, err := k.flow.Keeps(k.rec, k.now); err == nil || !strings.Contains(err.Error(), "on hold (currency)") {
		t.Errorf("a deal on hold: %v", err)
	}
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume}).must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveCancel})
	if kept, err := k.flow.Keeps(k.rec, k.now); kept == nil || err != nil {
		t.Errorf("other money came, and %+v is kept: %v", kept, err)
	}
}
