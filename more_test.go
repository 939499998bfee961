package lockbay

import (
	"testing"
	"time"
)

func asksMore(hours int) Act { return Act{Role: Seller, Move: MoveMore, Hours: hours} }

var grants = Act{Role: Buyer, Move: MoveGrant}

// TestAskedMore: the seller asks for more time, and the buyer gives it or not. Asking alone changes no time.
func TestAskedMore(t *testing.T) {
	e := in(t, Active)
	until := e.Deadline()
	e.refusedAct(t, grants, "has not asked")
	e.refusedAct(t, Act{Role: Buyer, Move: MoveRefuse}, "has not asked")
	e.refusedAct(t, asksMore(25), "24, 48 or 72")
	if e.moved(t, asksMore(48)); e.AskedMore() != 48 || !e.Deadline().Equal(until) || e.MayAskMore() {
		t.Fatalf("asked for %d hours, until %s", e.AskedMore(), e.Deadline())
	}
	if changed, err := e.try(asksMore(48)); changed || err != nil {
		t.Errorf("asked twice: %t, %v", changed, err)
	}
	e.refusedAct(t, asksMore(72), "has not answered")
	e.refusedAct(t, Act{Role: Buyer, Move: MoveGrant, Hours: 72}, "asks for 48 hours, not for 72")
	if e.moved(t, grants); e.AskedMore() != 0 || !e.Deadline().Equal(until.Add(48*time.Hour)) {
		t.Errorf("given: %d are asked for, until %s", e.AskedMore(), e.Deadline())
	}
	if changed, err := e.try(grants); changed || err != nil {
		t.Errorf("given twice: %t, %v", changed, err)
	}
	if e.moved(t, asksMore(24)).moved(t, Act{Role: Buyer, Move: MoveRefuse}); e.AskedMore() != 0 || !e.Deadline().Equal(until.Add(48*time.Hour)) {
		t.Errorf("refused: until %s", e.Deadline())
	}
	if e.moved(t, asksMore(24)).moved(t, Act{Role: Buyer, Move: MoveMore, Hours: 72}); e.AskedMore() != 0 || !e.Deadline().Equal(until.Add(120*time.Hour)) {
		t.Errorf("the buyer gives more than was asked for: until %s", e.Deadline())
	}
	for i := range asksMost - 3 {
		e.moved(t, asksMore(MoreHours[i%3])).moved(t, Act{Role: Buyer, Move: MoveRefuse})
	}
	e.refusedAct(t, asksMore(24), "asked 5 times")
}

// TestAskedMoreEndsWithTheTrade: what was asked for is nothing once the deal goes on, nor when a dispute is over.
func TestAskedMoreEndsWithTheTrade(t *testing.T) {
	e := in(t, Active).moved(t, asksMore(24)).moved(t, disputes)
	if e.AskedMore() != 0 {
		t.Error("time is asked for in a dispute")
	}
	if e.moved(t, Act{Role: Buyer, Move: MoveWithdraw}); e.AskedMore() != 0 {
		t.Error("it is asked for after the dispute")
	}
	e.moved(t, asksMore(24)).moved(t, delivers).refusedAct(t, grants, "delivered")
}

// TestPayeesAreReminded: who has not said where to send the money is reminded after a day, a week and a month.
func TestPayeesAreReminded(t *testing.T) {
	e := in(t, Settling)
	for _, after := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour} {
		if a := e.Alarms(noon.Add(after - 1))[0]; a.Name != AlarmWhere || !a.At.Equal(noon.Add(after)) {
			t.Errorf("before %s the next alarm is %+v", after, a)
		}
	}
	if all := e.Alarms(noon.Add(30 * 24 * time.Hour)); len(all) != 1 || all[0].Name != AlarmOver {
		t.Errorf("after the last one: %v", all)
	}
	e.moved(t, Act{Role: Seller, Move: MoveWhere, Text: "LT60"})
	if all := e.Alarms(noon); len(e.Nowhere()) != 0 || len(all) != 1 {
		t.Errorf("said, and still %v", all)
	}
}
