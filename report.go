package lockbay

import "slices"

// reportsMost is how often a buyer may say that they have paid, so that a log has room for the end.
const reportsMost = 5

// report notes that the buyer says they have paid, or that the desk has found nothing. Neither books anything.
func (e *Escrow) report(a *Act) (bool, error) {
	said := e.reports()
	switch {
	case a.Move == MovePaid && said >= reportsMost:
		return false, bad("the buyer has said it %d times; the desk looks", said)
	case a.Move == MoveNothing && !e.Reported():
		return false, bad("the buyer has not said that they paid")
	}
	e.note(a, Entry{Move: string(a.Move)}, a.Text)
	return true, nil
}

// Reported reports whether the buyer says that they have paid, and the desk has not answered yet.
func (e *Escrow) Reported() bool {
	if e.Status != PaymentPending && e.Status != PaymentLapsed && e.Status != Cancelled {
		return false
	}
	return e.reportAnswer() == MovePaid
}

// reportAnswer is the last that was said of a payment that the buyer reports: by the buyer, or by the desk. Empty: nothing.
func (e *Escrow) reportAnswer() Move {
	for _, x := range slices.Backward(e.Log) {
		switch v := x.verb(); v {
		case MovePaid, MoveNothing, MoveReceived:
			return v
		}
	}
	return ""
}

// reports is how often the buyer has said that they paid.
func (e *Escrow) reports() (n int) {
	for i := range e.Log {
		if e.Log[i].verb() == MovePaid {
			n++
		}
	}
	return n
}

// MayReport reports whether the buyer may say that they have paid.
func (e *Escrow) MayReport() bool {
	return (e.Status == PaymentPending || e.Status == PaymentLapsed) && !e.Reported() && e.reports() < reportsMost && !e.Forgotten()
}
