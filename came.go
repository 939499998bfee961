package lockbay

import "slices"

// Came is what came for the deal, in minor units, whoever has it now. A payment that was recorded by mistake did not come.
func (e *Escrow) Came() (sum int64) {
	for i := range e.Log {
		if x := &e.Log[i]; x.verb() == MoveReceived || x.verb() == MoveUndone || x.verb() == entryOpened {
			b := Balances{}
			b.add(x)
			sum += b.Of(AccountCash)
		}
	}
	return sum
}

// CameForeign reports whether money in another currency came, which the books do not have: see [HoldCurrency].
func (e *Escrow) CameForeign() bool {
	return slices.ContainsFunc(e.Log, func(x Entry) bool { return x.Move == string(MoveHold)+":"+HoldCurrency })
}

// CameSome reports whether anything came for the deal, whatever became of it.
func (e *Escrow) CameSome() bool { return e.Came() > 0 || e.CameForeign() }

// Lapse is why a deal lapsed, as far as its books know.
type Lapse string

// Why deals lapse.
const (
	LapseUnpaid     Lapse = "unpaid"     // nothing came
	LapsePart       Lapse = "part"       // something came, and not all of it in time
	LapseForeign    Lapse = "foreign"    // only money in another currency came
	LapseUnaccepted Lapse = "unaccepted" // the seller did not accept, so the buyer was not asked to pay
)

// Lapsed is why the deal lapsed; empty: it did not. What came is what came by now: money that went back came nevertheless.
func (e *Escrow) Lapsed() Lapse {
	switch {
	case e.Status != PaymentLapsed:
		return ""
	case e.Unaccepted():
		return LapseUnaccepted
	case e.Came() > 0:
		return LapsePart
	case e.CameForeign():
		return LapseForeign
	}
	return LapseUnpaid
}

// Unneeded says why money goes back that never paid the deal; empty: the deal was paid, or its parties know, or none does.
func (e *Escrow) Unneeded() (why string) {
	if !e.Paid().IsZero() {
		return ""
	}
	b, after := Balances{}, ""
	for i := range e.Log {
		x := &e.Log[i]
		waits := b.Owed(AccountBuyer) > 0
		b.add(x)
		switch x.verb() {
		case MoveCancel, MoveDecline:
			why, after = "", UnneededEnded
		case MoveOver:
			why, after = e.unneeded()
			if !waits {
				why = ""
			}
		case MoveReceived:
			if !waits && after != "" {
				why = after
			}
		}
	}
	return why
}

// unneeded is why a part goes back that had come when the time was over, and why money that comes after that does.
func (e *Escrow) unneeded() (part, after string) {
	if e.Unaccepted() {
		return UnneededUnaccepted, UnneededEnded
	}
	return UnneededPart, UnneededLate
}

// Why money goes back that never paid the deal.
const (
	UnneededPart       = "part"       // the rest had not come when the time to pay was over
	UnneededUnaccepted = "unaccepted" // the seller had not accepted when their time was over
	UnneededLate       = "late"       // it came when the time to pay was over
	UnneededEnded      = "ended"      // it came when the deal had ended for another reason: cancelled, declined or not accepted
)
