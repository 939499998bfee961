package lockbay

// WaitForSeller makes the seller of a new deal accept before the buyer pays: how to pay is told at the acceptance, and the
// time to pay begins then. Until then the seller has [Times.AcceptWithin]. A payment that comes earlier is booked as ever.
func (e *Escrow) WaitForSeller() {
	e.Window = e.Expires - e.Created
	e.Expires = e.Created + e.Times.AcceptWithin().Milliseconds()
}

// AwaitsSeller reports whether the buyer is not asked to pay yet, because the seller accepts first.
func (e *Escrow) AwaitsSeller() bool { return e.Status == PaymentPending && e.Unaccepted() }

// Unaccepted reports whether the buyer was never asked to pay, because the seller, who accepts first, has not.
func (e *Escrow) Unaccepted() bool { return e.Window > 0 && !e.Accepted() }

// waits is how long, in milliseconds, a deal waits that is to be paid again: for its payment, or first for its seller.
func (e *Escrow) waits() int64 {
	switch {
	case e.Unaccepted():
		return e.Times.AcceptWithin().Milliseconds()
	case e.Window > 0:
		return e.Window
	}
	return e.Expires - e.Created
}
