package lockbay

import (
	"slices"
	"strconv"
	"time"
)

// MoreHours are the hours by which there may be more time to deliver.
var MoreHours = []int{24, 48, 72}

// asksMost is how often a seller may ask for more time, so that a log has room for the end.
const asksMost = 5

// more gives more time to deliver: the buyer gives it. The seller asks for it, which changes no time, and not for another
// one before the buyer has answered: their yes is to what they read.
func (e *Escrow) more(a *Act) (bool, error) {
	asked := e.AskedMore()
	switch {
	case !slices.Contains(MoreHours, a.Hours):
		return false, bad("%d hours; more time is 24, 48 or 72 hours", a.Hours)
	case a.Role == Seller && asked == a.Hours:
		return false, nil
	case a.Role == Seller && asked > 0:
		return false, bad("the seller has asked for %d hours, and the buyer has not answered", asked)
	case a.Role == Seller && e.spoke(Seller, MoveMore) >= asksMost:
		return false, bad("the seller has asked %d times", asksMost)
	}
	e.note(a, Entry{Move: string(MoveMore) + ":" + strconv.Itoa(a.Hours)}, a.Text)
	if a.Role == Buyer {
		e.extend(a)
	}
	return true, nil
}

// grant gives the time that the seller asked for.
func (e *Escrow) grant(a *Act) (bool, error) {
	asked := e.AskedMore()
	switch {
	case asked == 0:
		return false, bad("the seller has not asked for more time")
	case a.Hours != 0 && a.Hours != asked:
		return false, bad("the seller asks for %d hours, not for %d", asked, a.Hours)
	}
	a.Hours = asked
	e.note(a, Entry{Move: string(MoveGrant) + ":" + strconv.Itoa(asked)}, a.Text)
	e.extend(a)
	return true, nil
}

// refuse leaves the time as it is.
func (e *Escrow) refuse(a *Act) (bool, error) {
	if e.AskedMore() == 0 {
		return false, bad("the seller has not asked for more time")
	}
	e.note(a, Entry{Move: string(MoveRefuse)}, a.Text)
	return true, nil
}

// extend moves the time to deliver; one that is over, from now.
func (e *Escrow) extend(a *Act) {
	e.Until = max(e.Until, a.At.UnixMilli()) + int64(a.Hours)*time.Hour.Milliseconds()
}

// AskedMore is how many hours more the seller asks for, and the buyer has not answered; 0: none.
func (e *Escrow) AskedMore() int {
	if e.Status != Active {
		return 0
	}
	for _, x := range slices.Backward(e.Log) {
		switch v := x.verb(); {
		case v == MoveMore && x.role() == Seller:
			n, _ := strconv.Atoi(x.value())
			return n
		case v == MoveMore, v == MoveGrant, v == MoveRefuse, v == MoveWithdraw:
			return 0
		}
	}
	return 0
}

// MayAskMore reports whether the seller may ask for more time.
func (e *Escrow) MayAskMore() bool {
	return e.Status == Active && e.AskedMore() == 0 && e.OnHold() == "" && e.spoke(Seller, MoveMore) < asksMost && !e.full()
}
