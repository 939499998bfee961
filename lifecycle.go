package lockbay

import (
	"slices"
	"time"
)

// Role is who makes a move. Buyer and seller are also accounts of the ledger.
type Role string

// The roles.
const (
	Buyer  Role = AccountBuyer
	Seller Role = AccountSeller
	Desk   Role = "desk" // the operators
	Clock  Role = "time"
)

// The moves. A button has the name of its move.
const (
	MoveReceived   Move = "received" // money came
	MoveUndone     Move = "undone"   // a payment was recorded by mistake
	MovePaid       Move = "paid"     // the buyer says that they have paid; nothing is booked
	MoveNothing    Move = "nothing"  // the desk has found no payment
	MoveCancel     Move = "cancel"
	MoveAccept     Move = "accept"
	MoveDecline    Move = "decline"
	MoveDelivered  Move = "delivered"
	MoveGiveBack   Move = "giveback"
	MoveRelease    Move = "release"
	MoveTakeBack   Move = "takeback"
	MoveMore       Move = "more"   // the buyer gives more time to deliver; the seller asks for it
	MoveGrant      Move = "grant"  // the buyer gives what was asked for
	MoveRefuse     Move = "refuse" // the buyer does not
	MoveExtend     Move = "extend" // the buyer takes a day more to check
	MoveDispute    Move = "dispute"
	MoveWithdraw   Move = "withdraw"
	MoveSay        Move = "say"   // a party says what happened
	MoveOffer      Move = "offer" // a party proposes a division
	MoveAgree      Move = "agree" // the other party accepts it
	MoveDecide     Move = "decide"
	MoveWhere      Move = "where"      // a party says where to send what it is owed
	MoveSending    Move = "sending"    // a payout begins
	MoveSent       Move = "sent"       // it was sent
	MoveFailed     Move = "failed"     // it did not work
	MoveChargeback Move = "chargeback" // a provider took a payment back
	MoveHold       Move = "hold"
	MoveResume     Move = "resume"
	MoveReseat     Move = "reseat" // the seller's side goes to another account of theirs
	MoveOver       Move = "over"   // the time of a status is over
)

// Entries that follow from another move of the same turn.
const (
	entryFunded    Move = "funded"    // all is there, and is held
	entryCountered Move = "countered" // the decision before does not count
	entryOpened    Move = "opened"    // the books of a deal that was paid before there were books
)

// Books is what a move does to the accounts.
type Books string

// What moves do to the accounts. BooksCancel is of the one move by which the buyer gives up a paid deal in which the seller
// did nothing wrong: the buyer's cancel of a payment_confirmed deal while the seller still has time to accept. Then the fee
// stays ours, if the deal was confirmed so ([Quote]). After any other return the buyer has all of it, the fee too: before
// the deal is paid in full nothing is held, and a seller who declines, lets a time run out or gives the money back costs
// the buyer nothing. A decision of the desk divides the fee by the seller's share.
const (
	BooksNothing Books = ""
	BooksReceive Books = "what came is the buyer's; once it is all, it is held"
	BooksUndo    Books = "the last payment is taken back"
	BooksReturn  Books = "all to the buyer"
	BooksCancel  Books = "all to the buyer; with `--fee refund=keep` the fee is ours"
	BooksPay     Books = "all to the seller"
	BooksDivide  Books = "divided between seller, fee and buyer"
	BooksAgree   Books = "divided as the other party offered"
	BooksSend    Books = "what a party is owed goes out"
	BooksSent    Books = "what was out has left"
	BooksFailed  Books = "what was out is owed again"
	BooksTaken   Books = "taken back: what is the buyer's, then what is held, then our loss"
)

// Step is a row of the table: who may make which move in a status, where it leads, and what it posts.
type Step struct {
	In    Status
	Roles []Role
	Move  Move
	To    Status // empty: the status stays, or the money decides. With money to return, an end is reached through Settling
	Books Books
}

var (
	buyer, seller, party = []Role{Buyer}, []Role{Seller}, []Role{Buyer, Seller}
	desk, buyerDesk, tme = []Role{Desk}, []Role{Buyer, Desk}, []Role{Clock}
)

// Lifecycle is the life of a deal. Whatever is not in the table is refused. docs/lifecycle.md is made from it.
var Lifecycle = []Step{
	{PaymentPending, buyerDesk, MoveCancel, Cancelled, BooksReturn},
	{PaymentPending, seller, MoveAccept, "", BooksNothing},
	{PaymentPending, seller, MoveDecline, Cancelled, BooksReturn},
	{PaymentPending, desk, MoveReceived, "", BooksReceive},
	{PaymentPending, desk, MoveChargeback, "", BooksTaken},
	{PaymentPending, desk, MoveUndone, PaymentPending, BooksUndo},
	{PaymentPending, buyer, MovePaid, "", BooksNothing},
	{PaymentPending, desk, MoveNothing, "", BooksNothing},
	{PaymentPending, tme, MoveOver, PaymentLapsed, BooksReturn},

	{PaymentConfirmed, seller, MoveAccept, Active, BooksNothing},
	{PaymentConfirmed, seller, MoveDecline, Settling, BooksReturn},
	{PaymentConfirmed, buyer, MoveCancel, Settling, BooksCancel},
	{PaymentConfirmed, desk, MoveReceived, "", BooksReceive},
	{PaymentConfirmed, desk, MoveChargeback, "", BooksTaken},
	{PaymentConfirmed, desk, MoveUndone, PaymentPending, BooksUndo},
	{PaymentConfirmed, desk, MoveDecide, Settling, BooksDivide},
	{PaymentConfirmed, tme, MoveOver, Settling, BooksReturn},

	{Active, seller, MoveDelivered, Delivered, BooksNothing},
	{Active, seller, MoveGiveBack, Settling, BooksReturn},
	{Active, buyer, MoveRelease, Settling, BooksPay},
	{Active, party, MoveMore, "", BooksNothing},
	{Active, buyer, MoveGrant, "", BooksNothing},
	{Active, buyer, MoveRefuse, "", BooksNothing},
	{Active, buyer, MoveTakeBack, Settling, BooksReturn},
	{Active, party, MoveDispute, Disputed, BooksNothing},
	{Active, desk, MoveReceived, "", BooksReceive},
	{Active, desk, MoveChargeback, "", BooksTaken},
	{Active, desk, MoveUndone, PaymentPending, BooksUndo},
	{Active, desk, MoveDecide, Settling, BooksDivide},
	{Active, tme, MoveOver, Settling, BooksReturn},

	{Delivered, buyer, MoveRelease, Settling, BooksPay},
	{Delivered, buyer, MoveExtend, "", BooksNothing},
	{Delivered, seller, MoveGiveBack, Settling, BooksReturn},
	{Delivered, party, MoveDispute, Disputed, BooksNothing},
	{Delivered, desk, MoveReceived, "", BooksReceive},
	{Delivered, desk, MoveChargeback, "", BooksTaken},
	{Delivered, desk, MoveDecide, Settling, BooksDivide},
	{Delivered, tme, MoveOver, Settling, BooksPay},

	{Disputed, buyer, MoveRelease, Settling, BooksPay},
	{Disputed, seller, MoveGiveBack, Settling, BooksReturn},
	{Disputed, party, MoveWithdraw, "", BooksNothing},
	{Disputed, party, MoveSay, "", BooksNothing},
	{Disputed, party, MoveOffer, "", BooksNothing},
	{Disputed, party, MoveAgree, Settling, BooksAgree},
	{Disputed, desk, MoveReceived, "", BooksReceive},
	{Disputed, desk, MoveChargeback, "", BooksTaken},
	{Disputed, desk, MoveDecide, Settling, BooksDivide},

	{Settling, desk, MoveReceived, "", BooksReceive},
	{Settling, desk, MoveChargeback, "", BooksTaken},
	{Settling, desk, MoveDecide, Settling, BooksDivide},
	{Settling, party, MoveSay, "", BooksNothing},
	{Settling, party, MoveWhere, "", BooksNothing},
	{Settling, desk, MoveSending, "", BooksSend},
	{Settling, desk, MoveSent, "", BooksSent},
	{Settling, desk, MoveFailed, "", BooksFailed},
	{Settling, tme, MoveOver, "", BooksNothing},

	{Completed, desk, MoveReceived, Settling, BooksReceive},
	{Completed, desk, MoveChargeback, "", BooksTaken},
	{Refunded, desk, MoveReceived, Settling, BooksReceive},
	{Refunded, desk, MoveChargeback, "", BooksTaken},
	{Cancelled, desk, MoveReceived, Settling, BooksReceive},
	{Cancelled, desk, MoveChargeback, "", BooksTaken},
	{PaymentLapsed, desk, MoveReceived, Settling, BooksReceive},
	{PaymentLapsed, desk, MoveChargeback, "", BooksTaken},
	{Cancelled, desk, MoveNothing, "", BooksNothing},
	{PaymentLapsed, desk, MoveCancel, Cancelled, BooksReturn},
	{PaymentLapsed, buyer, MovePaid, "", BooksNothing},
	{PaymentLapsed, desk, MoveNothing, "", BooksNothing},
}

// always are the moves of the desk in every status that has not ended.
var always = []Move{MoveHold, MoveResume, MoveReseat}

// stepOf returns the row of a move, or nil. The moves that the desk always has are not in the table.
func stepOf(in Status, role Role, move Move) *Step {
	if slices.Contains(always, move) && role == Desk && !in.Ended() && slices.ContainsFunc(Lifecycle, func(s Step) bool { return s.In == in }) {
		return &Step{In: in, Roles: desk, Move: move}
	}
	for i := range Lifecycle {
		if s := &Lifecycle[i]; s.In == in && s.Move == move && slices.Contains(s.Roles, role) {
			return s
		}
	}
	return nil
}

// The usual times of a deal. An operator may choose others: see [Times].
const (
	AcceptWithin  = 24 * time.Hour      // of the seller, from the payment
	Late          = 72 * time.Hour      // after the time to deliver, until all goes back by itself
	Inspection    = 72 * time.Hour      // of the buyer, after the delivery
	Extension     = 24 * time.Hour      // that a buyer may take once
	LeastLeft     = 24 * time.Hour      // after a dispute was withdrawn, or a card could not be shown
	Answer        = 72 * time.Hour      // of a party in a dispute, from the other's last word
	DecisionDelay = 24 * time.Hour      // between an operator's decision and its payout
	Unclaimed     = 90 * 24 * time.Hour // until a payout that nobody asks for is held
	HalfFrom      = 24 * time.Hour      // a time to deliver, so that its seller is told at its half
	Soon          = 24 * time.Hour      // before a deal settles by itself, its people are told
)

// remindedOfWhere is when payees are reminded to say where to send their money, from when it became theirs.
var remindedOfWhere = []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}

// Codes of a hold. While a deal is on hold no time runs out.
const (
	HoldDesk        = "desk"        // an operator looks
	HoldCurrency    = "currency"    // money in another currency came
	HoldUnreachable = "unreachable" // the buyer could not be shown that it was delivered
	HoldPayout      = "payout"      // a payout could not be sent for a long time
	HoldLimit       = "limit"       // the log is full
	HoldChargeback  = "chargeback"  // a payment was taken back
)

// Holds are the codes of all holds.
var Holds = []string{HoldDesk, HoldCurrency, HoldUnreachable, HoldPayout, HoldLimit, HoldChargeback}

// Reasons are why a deal is disputed.
var Reasons = []string{"not_come", "not_as_described", "damaged", "seller_silent", "buyer_silent", "other"}

// enter moves the deal to a status, and sets its deadline.
func (e *Escrow) enter(s Status, now time.Time) {
	e.Status, e.Until = s, 0
	after := map[Status]time.Duration{
		PaymentConfirmed: e.Times.AcceptWithin(), Active: time.Duration(e.Terms.DeliveryHours) * time.Hour, Delivered: e.Times.InspectedFor(), Settling: Unclaimed,
	}[s]
	if after > 0 {
		e.Until = now.Add(after).UnixMilli()
	}
}

// Deadline is when the time of the status is over; zero: never. The time to deliver has [Late] behind it.
func (e *Escrow) Deadline() time.Time {
	switch {
	case e.Status == PaymentPending:
		return e.ExpiresAt()
	case e.Until == 0 || e.Status == Disputed:
		return time.Time{}
	}
	return time.UnixMilli(e.Until).UTC()
}

// DeliversFrom is when the time to deliver began: the later of payment and acceptance; zero: it has not.
func (e *Escrow) DeliversFrom() time.Time {
	from, paid := e.When(MoveAccept), e.Paid()
	if from.IsZero() || paid.After(from) {
		from = paid
	}
	return from
}

// End is when the deal goes on by itself; zero: never.
func (e *Escrow) End() time.Time {
	at := e.Deadline()
	if e.Status == Active && !at.IsZero() {
		at = at.Add(e.Times.LateFor())
	}
	return at
}

// IsLate reports whether the time to deliver is over.
func (e *Escrow) IsLate(now time.Time) bool {
	return e.Status == Active && e.Until != 0 && now.UnixMilli() >= e.Until
}

// Alarm is a time at which a deal wants to be woken.
type Alarm struct {
	Name string
	At   time.Time
}

// The names of alarms.
const (
	AlarmLapse  = "lapse"  // an unpaid deal lapses
	AlarmOver   = "over"   // the deal goes on by itself
	AlarmHalf   = "half"   // half of the time to deliver is over
	AlarmLate   = "late"   // the time to deliver is over
	AlarmSoon   = "soon"   // the deal will soon go on by itself
	AlarmAnswer = "answer" // the time to answer in a dispute is over
	AlarmWhere  = "where"  // a payee has not said where to send the money
)

// Alarms are the times at which the deal wants to be woken. A deal on hold has none.
func (e *Escrow) Alarms(now time.Time) (list []Alarm) {
	end := e.End()
	if e.OnHold() != "" {
		return nil
	}
	later := func(name string, at time.Time) {
		if at.After(now) {
			list = append(list, Alarm{name, at})
		}
	}
	switch e.Status {
	case Disputed:
		_, until := e.AnswerBy()
		later(AlarmAnswer, until)
	case PaymentPending:
		return []Alarm{{AlarmLapse, end}}
	case Active:
		if from := e.DeliversFrom(); e.Deadline().Sub(from) >= HalfFrom {
			later(AlarmHalf, from.Add(e.Deadline().Sub(from)/2))
		}
		later(AlarmLate, e.Deadline())
		if soon := end.Add(-Soon); !soon.Before(e.Deadline()) {
			later(AlarmSoon, soon)
		}
	case Delivered:
		later(AlarmSoon, end.Add(-Soon))
	case Settling:
		for _, after := range remindedOfWhere {
			if at := end.Add(after - Unclaimed); len(e.Nowhere()) > 0 && len(list) == 0 {
				later(AlarmWhere, at)
			}
		}
	}
	if end.IsZero() {
		return list
	}
	return append(list, Alarm{AlarmOver, end})
}
