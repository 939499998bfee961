package lockbay

import "time"

// The times in which operators act.
const (
	DeskAnswers = 24 * time.Hour     // on a deal that is on hold, on what is to be sent, and on a payment that was reported
	DeskDecides = 7 * 24 * time.Hour // a dispute
)

// Waits reports whether the deal waits for an operator, or will without another move: once what was decided may be sent.
func (e *Escrow) Waits() bool {
	return e.OnHold() != "" || e.Reported() || e.Status == Disputed || e.Status == Settling
}

// Overdue reports whether the deal has waited for an operator longer than they have.
func (e *Escrow) Overdue(now time.Time) bool {
	last := e.last()
	if last == nil || e.Status.Ended() && !e.Reported() {
		return false
	}
	since := time.UnixMilli(last.At)
	switch {
	case e.Reported():
		return now.Sub(time.UnixMilli(e.find(MovePaid).At)) > DeskAnswers
	case e.OnHold() != "":
		return now.Sub(since) > DeskAnswers
	case e.Status == Disputed:
		return now.Sub(time.UnixMilli(e.find(MoveDispute).At)) > DeskDecides
	case e.Status == Settling:
		if from := e.SendFrom(); from.After(since) {
			since = from
		}
		return now.Sub(since) > DeskAnswers
	}
	return false
}
