package deal

import (
	"slices"
	"strconv"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// act makes a move, and stores the deal. changed: the move was not made before.
func (f *Flow) act(t *dialog.Turn, e *lockbay.Escrow, a lockbay.Act) (changed bool, err error) {
	a.At, a.Key = t.Now, f.cfg.RefKey
	was, had, ever := e.Status, needOf(e, t.Now), e.EverPaid()
	if changed, err = e.Act(a); err != nil || !changed {
		return false, err
	}
	meet(t, e)
	if a.Move == lockbay.MoveDecline {
		e.Sides.Link++
	}
	save(t.Record, e)
	added := adds(e, &a, was)
	if !added || t.Input.Kind != dialog.KindOrder { // an order that only adds leaves what the owner is asked
		atStep.set(t.Record)
	}
	unsay(t, &a)
	for _, x := range t.Record.Timers {
		if x.Name != deskTimer { // callDesk sets it
			t.Unwake(x.Name)
		}
	}
	for _, x := range e.Alarms(t.Now) {
		t.WakeAt(x.Name, x.At)
	}
	if e.Status.Ended() {
		t.WakeAt(dialog.KeepTimer, e.EndedAt().Add(f.cfg.Keep.People))
	}
	t.Log(dialog.Event{Kind: EventDealt, Cause: string(a.Move), Source: e.Witness()})
	switch {
	case e.Status == was:
	case e.Status.HoldsMoney() && e.Status != lockbay.Settling && (was == lockbay.PaymentPending || was == lockbay.PaymentLapsed):
		if !ever { // a payment that was recorded by mistake may come again
			t.Event(EventPaid, "")
		}
		if was == lockbay.PaymentLapsed {
			t.SayTo("", dialog.Said{Code: "deal.revived"}, false)
		}
	case e.Status == lockbay.PaymentLapsed:
		t.Event(EventLapsed, "")
	case e.Status == lockbay.Cancelled:
		t.Event(EventCancelled, "")
	}
	f.tell(t, e, a, was)
	f.callDesk(t, e, had)
	if added {
		t.Applied()
	} else {
		t.Moved()
	}
	return true, nil
}

// adds reports whether a move only adds to the deal, so that everybody's buttons mean what they meant: a part of the
// money, where it goes, more time after we were away, or that the seller asks for some.
func adds(e *lockbay.Escrow, a *lockbay.Act, was lockbay.Status) bool {
	asks := a.Move == lockbay.MoveMore && a.Role == lockbay.Seller
	return e.Status == was && (asks || slices.Contains(adding, a.Move) || e.Away())
}

var adding = []lockbay.Move{
	lockbay.MoveReceived, lockbay.MoveSay, lockbay.MoveOffer, lockbay.MoveWhere, lockbay.MovePaid, lockbay.MoveNothing, lockbay.MoveRefuse,
}

// seats are the seats of the two sides. The buyer is the owner.
var seats = map[lockbay.Role]string{lockbay.Buyer: "", lockbay.Seller: seat}

// unsay takes away what a side was told before, if the move changes what it reads: only the news of the last move stand on
// its card.
func unsay(t *dialog.Turn, a *lockbay.Act) {
	for side, role := range seats {
		if a.Role == side || !slices.Contains(unseen, a.Move) {
			t.Unsay(role)
		}
	}
}

// unseen are the moves of which the other side reads nothing.
var unseen = []lockbay.Move{lockbay.MoveWhere, lockbay.MovePaid, lockbay.MoveNothing}

// tell says to each side what the other did, or whose time ran out, where the card alone does not.
func (f *Flow) tell(t *dialog.Turn, e *lockbay.Escrow, a lockbay.Act, was lockbay.Status) {
	if e.OnHold() != "" || a.Move == lockbay.MoveAccept && e.Status != was {
		return
	}
	if e.Away() {
		s := dialog.Said{Code: "told.away", Times: map[string]dialog.Moment{"open": dialog.At(a.Open), "end": dialog.At(e.End())}}
		t.SayTo("", s, true)
		t.SayTo(seat, s, true)
		return
	}
	code, args := string(a.Move), map[string]string{}
	switch a.Move {
	case lockbay.MoveOver:
		if was == lockbay.PaymentPending && e.Unaccepted() {
			was = lockbay.PaymentConfirmed // whose time is the seller's, too
		}
		code += "." + string(was)
	case lockbay.MoveAccept:
		if e.Window > 0 {
			code += ".first"
		}
	case lockbay.MoveNothing:
		code += more(e)
	case lockbay.MoveDispute:
		args["why"] = a.Why
	case lockbay.MoveSay, lockbay.MoveOffer: // the desk's message follows what the two say, and rings for nobody
		t.SayTo(deskSeat, dialog.Said{Code: "told.desk.argued"}, false)
	case lockbay.MoveMore, lockbay.MoveGrant:
		args["n"] = strconv.Itoa(a.Hours)
	}
	for side, role := range seats {
		if a.Role != side && slices.Contains(news[side], code) {
			t.SayTo(role, dialog.Said{Code: "told." + string(side) + "." + code, Args: args}, true)
		}
	}
}

// news are the moves of which a side is told.
var news = map[lockbay.Role][]string{
	lockbay.Buyer:  {"nothing", "nothing.more", "accept", "accept.first", "decline", "more", "giveback", "dispute", "withdraw", "say", "offer", "agree", "over.payment_confirmed", "over.active", "over.delivered"},
	lockbay.Seller: {"cancel", "release", "more", "grant", "refuse", "takeback", "extend", "dispute", "withdraw", "say", "offer", "agree", "over.payment_pending", "over.payment_confirmed", "over.active", "over.delivered"},
}
