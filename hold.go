package lockbay

import (
	"slices"
	"strings"
	"time"
)

// hold stops the deal until an operator resumes it.
func (e *Escrow) hold(a *Act, code, text string) (bool, error) {
	if e.OnHold() == code {
		return false, nil
	}
	e.note(a, Entry{Move: string(MoveHold) + ":" + code}, text)
	return true, nil
}

// holdOrResume is the desk's order.
func (e *Escrow) holdOrResume(a *Act) (bool, error) {
	if a.Move == MoveHold {
		if !slices.Contains(Holds, a.Why) {
			return false, bad("the code %q; want one of %s", a.Why, strings.Join(Holds, ", "))
		}
		return e.hold(a, a.Why, a.Text)
	}
	if short := e.short(); short > 0 {
		return false, bad("%s of what the deal holds was charged back: decide divides the rest, and received books what came again", e.Quote.Money(short).Plain())
	}
	code, length := e.OnHold(), a.At.UnixMilli()-e.HeldSince().UnixMilli()
	e.note(a, Entry{Move: string(MoveResume)}, a.Text)
	switch length = max(length, 0); {
	case e.Status == PaymentPending:
		e.Expires += length
	case e.Until != 0:
		e.Until += length
	}
	switch {
	case code == HoldUnreachable:
		e.Until = max(e.Until, a.At.Add(LeastLeft).UnixMilli())
	case code == HoldPayout && e.Status == Settling: // else the time were over at once
		e.Until = max(e.Until, a.At.Add(Unclaimed).UnixMilli())
	}
	return true, nil
}

// HeldSince is when the deal was held, which may have got another code since.
func (e *Escrow) HeldSince() time.Time {
	var since int64
	for _, x := range slices.Backward(e.Log) {
		if v := x.verb(); v == MoveResume {
			break
		} else if v == MoveHold {
			since = x.At
		}
	}
	return time.UnixMilli(since).UTC()
}

// Foreign is the sum in another currency for which the deal is on hold.
func (e *Escrow) Foreign() (sum Money, is bool) {
	if e.OnHold() != HoldCurrency {
		return sum, false
	}
	for i, x := range slices.Backward(e.Log) {
		if x.Move == string(MoveHold)+":"+HoldCurrency {
			sum, _, err := foreign(e.Notes[i])
			return sum, err == nil
		}
	}
	return sum, false
}

// OnHold is the code of the hold, or empty. The end of a deal is the end of its hold.
func (e *Escrow) OnHold() string {
	if e.Status.Ended() {
		return ""
	}
	for _, x := range slices.Backward(e.Log) {
		switch x.verb() {
		case MoveHold:
			return x.value()
		case MoveResume:
			return ""
		}
	}
	return ""
}

// MaySend reports whether a payout may begin: on hold, once an operator has answered. Two holds are themselves about
// sending, and a deal whose log is full has no room for its resume.
func (e *Escrow) MaySend() bool {
	switch e.OnHold() {
	case "", HoldPayout, HoldLimit:
		return true
	}
	return e.answered() || e.full()
}

// answered reports whether an operator has ended the trade of a deal since it was put on hold, or since more was charged back.
func (e *Escrow) answered() bool {
	for _, x := range slices.Backward(e.Log) {
		switch x.verb() {
		case MoveDecide, MoveCancel:
			return true
		case MoveHold, MoveChargeback:
			return false
		}
	}
	return true
}
