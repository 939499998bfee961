package lockbay

import "strings"

// entryCovered follows from a move: what is the buyer's makes good what was charged back before.
const entryCovered Move = "covered"

// chargeBack books that a provider took a payment back. The money goes out of what is the buyer's, then out of what is held,
// and the rest is our loss. A deal that goes on waits for a person: see [HoldChargeback].
//
// Of a paid deal less than the buyer's payment is held after it. Such a deal stays on hold: the desk divides what is left
// by a decision, or books money that came again, and once all of it is held resumes the deal. What was settled before the
// chargeback may be decided anew, until a payout begins.
func (e *Escrow) chargeBack(a *Act) (bool, error) {
	ref := Ref(a.Key, manual, a.Ref)
	left := e.Came() - e.ChargedBack()
	switch {
	case strings.TrimSpace(a.Ref) == "":
		return false, bad("a chargeback needs a reference")
	case e.booked(MoveChargeback, ref):
		return false, e.sameRef(MoveChargeback, ref, a.Ref)
	case strings.TrimSpace(a.Text) == "":
		return false, bad("a chargeback needs a reason")
	case a.Sum.Currency != e.Quote.Currency:
		return false, bad("%s were charged back; the deal is in %s", a.Sum.Plain(), e.Quote.Currency)
	case a.Sum.Minor <= 0:
		return false, bad("a chargeback of %s", a.Sum.Plain())
	case a.Sum.Minor > left:
		return false, bad("a chargeback of %s; %s came and was not taken back", a.Sum.Plain(), e.Quote.Money(left).Plain())
	}
	e.note(a, Entry{Move: string(MoveChargeback), Ref: ref, Posts: e.Balances().ChargedBack(manual, a.Sum.Minor)}, a.Ref+" "+a.Text)
	e.finish(a)
	if !e.Status.Ended() {
		_, _ = e.hold(a, HoldChargeback, "")
	}
	return true, nil
}

// ChargedBack is what providers took back, in minor units, whoever bears it.
func (e *Escrow) ChargedBack() (sum int64) {
	for i := range e.Log {
		if x := &e.Log[i]; x.verb() == MoveChargeback {
			b := Balances{}
			b.add(x)
			sum -= b.Of(AccountCash)
		}
	}
	return sum
}

// cover makes good with the buyer's money what was charged back before: our loss, then what is missing of what is held. So
// nobody is owed what they have taken back, and money that comes again is held again.
func (e *Escrow) cover(a *Act) {
	if e.find(MoveChargeback) == nil {
		return
	}
	b := e.Balances()
	loss := min(b.Owed(AccountBuyer), b[AccountLoss])
	held := min(b.Owed(AccountBuyer)-loss, e.short())
	if loss+held == 0 {
		return
	}
	e.note(a, Entry{Move: string(entryCovered), Posts: posts(Posting{AccountBuyer, loss + held}, Posting{AccountHeld, -held}, Posting{AccountLoss, -loss})}, "")
	e.finish(a)
}

// holdsAll reports whether a deal of this status holds what its buyer paid.
func (s Status) holdsAll() bool {
	return s == PaymentConfirmed || s == Active || s == Delivered || s == Disputed
}

// short is what is missing of what the deal holds, because it was charged back since the deal was paid.
func (e *Escrow) short() (sum int64) {
	if !e.Status.holdsAll() {
		return 0
	}
	for i := range e.Log {
		x := &e.Log[i]
		b := Balances{}
		b.add(x)
		switch x.verb() {
		case entryFunded:
			sum = 0
		case MoveChargeback, entryCovered:
			sum += b[AccountHeld]
		}
	}
	return sum
}
