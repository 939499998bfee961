package lockbay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Act is a move that somebody makes.
type Act struct {
	Role     Role      `json:"role"`
	Operator string    `json:"-"` // who gave the order in the name of the role; empty: the role itself
	Move     Move      `json:"move"`
	At       time.Time `json:"-"`

	Sum    Money     `json:"sum,omitzero"`     // received: what came
	Rest   bool      `json:"rest,omitempty"`   // received: the rest that was missing came in full. Sum is empty, or the rest
	Return bool      `json:"return,omitempty"` // received after a cancel: the money is sent back
	Ref    string    `json:"ref,omitempty"`    // received, sent: the reference of the payment
	Key    []byte    `json:"-"`                // of references, see [Ref]
	Share  int       `json:"share,omitempty"`  // decide, offer: the seller's, in 10,000
	Offer  int       `json:"offer,omitempty"`  // agree: number of the offer that was read; 0: the one that stands
	To     Role      `json:"to,omitempty"`     // sending, sent, failed: whose payout. Empty: there is only one
	Hours  int       `json:"hours,omitempty"`  // more; grant: what was asked for, or 0
	Seat   string    `json:"seat,omitempty"`   // reseat: key of the account
	Why    string    `json:"why,omitempty"`    // dispute, hold: a code
	Text   string    `json:"text,omitempty"`   // a reason, where to send a payout, or a statement
	Seen   bool      `json:"-"`                // over: the buyer was shown the status
	Open   time.Time `json:"-"`                // over: since when people can reach us; zero: always
}

// TextMost bounds a reason, an address and a reference, in characters.
const TextMost = 200

const (
	logMost   = 200      // entries; then the deal is held
	logFull   = 220      // entries; the desk still ends the deal
	notesMost = 6 << 10  // bytes of all notes, as JSON
	moneyMost = 1 << 60  // minor units that may come for a deal, so that no sum overflows
	fullBytes = 38 << 10 // bytes of a deal with a long log, beside its statements; a row has room for 49 KiB
	sayBytes  = 46 << 10 // bytes of a deal, after which nothing is said any more
	rowBytes  = 93 << 9  // bytes of a deal, after which no note is kept
	logLong   = 8        // entries of a long log
	byMost    = 16       // operators whose names a deal keeps, of at most byLong bytes
	byLong    = 64
	manual    = "manual" // the provider of payments by hand
)

// More errors of moves. A move that the status does not have is a [*NotNow].
var (
	ErrHold = errors.New("the deal is on hold")
	ErrFull = errors.New("the log of the deal is full")
	ErrAct  = errors.New("the order cannot be done")
)

// NotNow is the error of a move that the table does not have: see [Lifecycle].
type NotNow struct {
	Status Status
	Role   Role
	Move   Move
}

// Error says who may make the move, and when.
func (n *NotNow) Error() string {
	switch {
	case errors.Is(n, ErrPaid):
		return ErrPaid.Error() + ": escrows decide --seller 0% gives all of it back"
	case errors.Is(n, ErrCancelled):
		return ErrCancelled.Error() + ": with --return the money is booked and sent back"
	}
	var roles, in []string
	for _, s := range Lifecycle {
		if s.Move == n.Move && !slices.Contains(in, string(s.In)) && slices.Contains(s.Roles, n.Role) {
			in = append(in, string(s.In))
		}
		for _, r := range s.Roles {
			if s.Move == n.Move && !slices.Contains(roles, string(r)) {
				roles = append(roles, string(r))
			}
		}
	}
	if slices.Contains(always, n.Move) {
		roles = []string{string(Desk)}
	}
	switch {
	case len(in) > 0:
		return fmt.Sprintf("the deal is %s: %s by the %s is possible in %s", n.Status, n.Move, n.Role, strings.Join(in, ", "))
	case n.Role == Desk && slices.Contains(always, n.Move):
		return fmt.Sprintf("the deal is %s: %s is possible until it has ended", n.Status, n.Move)
	case len(roles) > 0:
		return fmt.Sprintf("the deal is %s: %s is a move of the %s, not of the %s", n.Status, n.Move, strings.Join(roles, " or the "), n.Role)
	}
	return fmt.Sprintf("the deal is %s: no deal has the move %s", n.Status, n.Move)
}

// Is reports ErrPaid for a cancel after the payment, and ErrCancelled for a payment after the cancel.
func (n *NotNow) Is(target error) bool {
	switch target {
	case ErrPaid:
		return n.Move == MoveCancel && n.Role == Desk && n.Status != PaymentPending && n.Status != PaymentLapsed && n.Status != Cancelled
	case ErrCancelled:
		return n.Status == Cancelled && n.Move == MoveReceived
	}
	return false
}

// badAct is an ErrAct that says what is wrong.
type badAct string

func (b badAct) Error() string      { return string(b) }
func (badAct) Is(target error) bool { return target == ErrAct }

func bad(format string, args ...any) error { return badAct(fmt.Sprintf(format, args...)) }

// Act makes a move. It reports whether the deal changed: a move that was made before changes nothing, and is no error.
// After an error the deal is as it was. The books are checked before the deal changes, so a move that would leave them
// wrong is an error, too.
func (e *Escrow) Act(a Act) (changed bool, err error) {
	next := *e
	next.Notes, next.Operators = maps.Clone(e.Notes), slices.Clip(e.Operators)
	if changed, err = next.act(&a); err != nil || !changed {
		return false, err
	}
	next.cover(&a)
	if next.full() && next.OnHold() == "" && !next.Status.Ended() {
		next.note(&Act{Role: Clock, At: a.At}, Entry{Move: string(MoveHold) + ":" + HoldLimit}, "")
	}
	b := next.Balances()
	if account := b.wrong(); account != "" {
		return false, fmt.Errorf("%s: %s: %w", a.Move, account, ErrSide)
	}
	if err := next.fits(b); err != nil {
		return false, fmt.Errorf("%s: %w", a.Move, err)
	}
	*e = next
	return true, nil
}

// full reports whether the deal has no room for more than its end.
func (e *Escrow) full() bool {
	if len(e.Log) < logLong {
		return false
	}
	size, said := e.size(), 0
	for _, s := range e.Statements() {
		said += encoded(s.Text)
	}
	return len(e.Log) >= logMost || size > sayBytes || size-said > fullBytes
}

// size is how many bytes the deal takes.
func (e *Escrow) size() int { return len(e.Encode()) }

// toTheEnd is what a deal has room for whose log is full.
var toTheEnd = []Books{BooksDivide, BooksAgree, BooksSend, BooksSent, BooksFailed, BooksTaken}

func (e *Escrow) act(a *Act) (changed bool, err error) {
	if err := a.check(); err != nil {
		return false, err
	}
	step := stepOf(e.Status, a.Role, a.Move)
	switch {
	case e.repeats(a):
		return false, nil
	case step == nil:
		return false, &NotNow{e.Status, a.Role, a.Move}
	}
	opened := e.open(a)
	switch code := e.OnHold(); {
	case code != "" && a.Role == Clock:
		return false, nil
	case code != "" && a.Role != Desk:
		return false, fmt.Errorf("%w (%s): escrows resume ends that", ErrHold, code)
	case len(e.Log) >= logFull, e.full() && !slices.Contains(toTheEnd, step.Books):
		return false, ErrFull
	}
	if a.Move == MoveOver && !a.At.Before(e.End()) && e.extendAway(a) {
		return true, nil
	}
	changed, err = e.book(step, a)
	return changed || opened && a.Move == MoveHold, err // it is on hold by its opening
}

// check refuses what no order may hold.
func (a *Act) check() error {
	for _, s := range []string{a.Ref, a.Text, a.Seat} {
		n, said := utf8.RuneCountInString(s), a.Move == MoveSay // which has bounds of its own, and may have several lines
		switch {
		case n > TextMost && !said:
			return bad("a text of %d characters; at most %d are kept", n, TextMost)
		case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !(said && r == '\n') }):
			return bad("a text with control characters")
		}
	}
	return nil
}

// book does what the row of the table says.
func (e *Escrow) book(step *Step, a *Act) (bool, error) {
	switch step.Books {
	case BooksReceive:
		return e.receive(a)
	case BooksUndo:
		return e.undo(a)
	case BooksTaken:
		return e.chargeBack(a)
	case BooksDivide:
		return e.decide(a)
	case BooksAgree:
		return e.agree(a)
	case BooksSend, BooksSent, BooksFailed:
		return e.payOut(a)
	case BooksReturn, BooksCancel, BooksPay:
		return e.settle(step, a)
	}
	return e.trade(step, a)
}

// trade makes a move that posts nothing.
func (e *Escrow) trade(step *Step, a *Act) (bool, error) {
	name := string(a.Move)
	switch a.Move {
	case MoveMore:
		return e.more(a)
	case MoveGrant:
		return e.grant(a)
	case MoveRefuse:
		return e.refuse(a)
	case MoveExtend:
		if !e.MayExtend() {
			return false, bad("the day more was taken before; it is given once")
		}
		e.Until += Extension.Milliseconds()
	case MoveDispute:
		if !slices.Contains(Reasons, a.Why) {
			return false, bad("the reason %q; want one of %s", a.Why, strings.Join(Reasons, ", "))
		}
		name += ":" + a.Why
	case MoveWithdraw:
		return e.withdraw(a)
	case MoveSay:
		return e.say(a)
	case MoveOffer:
		return e.offer(a)
	case MoveWhere:
		return e.where(a)
	case MovePaid, MoveNothing:
		return e.report(a)
	case MoveReseat:
		return e.reseat(a)
	case MoveHold, MoveResume:
		return e.holdOrResume(a)
	case MoveOver:
		return e.over(a)
	}
	e.note(a, Entry{Move: name}, a.Text)
	switch step.To {
	case "":
		if a.Move == MoveAccept && e.Window > 0 { // now the buyer pays
			e.Expires = a.At.UnixMilli() + e.Window
		}
	case Disputed:
		e.Status = Disputed // the deadline waits
	default:
		e.enter(step.To, a.At)
	}
	return true, nil
}

// repeats reports whether the move was made before and is still done, so that an order may be given twice.
func (e *Escrow) repeats(a *Act) bool {
	at := e.lastMove()
	var last *Entry
	if at >= 0 {
		last = &e.Log[at]
	}
	switch a.Move {
	case MoveCancel:
		return e.Status == Cancelled
	case MoveAccept:
		return e.Accepted() && (e.Status == PaymentPending || e.Status == Active)
	case MoveDelivered:
		return e.Status == Delivered && a.Role == Seller
	case MoveDispute:
		return e.Status == Disputed && (a.Role == Buyer || a.Role == Seller)
	case MoveResume:
		return e.OnHold() == "" && !e.Status.Ended() && a.Role == Desk && !e.IsBefore()
	case MoveHold:
		return e.OnHold() != "" && e.OnHold() == a.Why && a.Role == Desk
	case MovePaid:
		return e.Reported() && a.Role == Buyer
	case MoveNothing:
		return e.reportAnswer() == MoveNothing && a.Role == Desk
	case MoveUndone:
		return last != nil && last.verb() == MoveUndone && a.Role == Desk && e.Notes[at] == a.Text
	case MoveFailed:
		return last != nil && last.verb() == MoveFailed && a.Role == Desk && (a.To == "" || last.value() == string(a.To))
	case MoveSay:
		return last != nil && last.verb() == MoveSay && last.role() == a.Role && e.Notes[at] == cleanText(a.Text)
	case MoveDecline, MoveGiveBack, MoveRelease, MoveTakeBack, MoveExtend, MoveGrant, MoveRefuse, MoveWithdraw, MoveAgree:
		return last != nil && last.verb() == a.Move && last.role() == a.Role
	case MoveSent:
		return e.Status.Ended() && a.Ref != "" && e.booked(MoveSent, Ref(a.Key, manual, a.Ref))
	case MoveDecide:
		return last != nil && last.Move == a.decision() && a.Role == Desk
	}
	return false
}

// settle ends the trade: all goes to one side. Before the deal was paid in full, what came is the buyer's anyway.
func (e *Escrow) settle(step *Step, a *Act) (bool, error) {
	share, text := 0, a.Text
	switch {
	case a.Move == MoveOver && a.At.Before(e.End()):
		return false, nil
	case a.Move == MoveTakeBack && !e.IsLate(a.At):
		return false, bad("the time to deliver is not over before %s", e.Deadline().Format(time.RFC3339))
	case a.Move == MoveOver && step.Books == BooksPay && !a.Seen:
		return e.hold(a, HoldUnreachable, "")
	case step.Books == BooksPay:
		share = ShareAll
	}
	var p []Posting
	if e.Balances().Owed(AccountHeld) > 0 {
		p = settled(&e.Quote, share)
		if step.Books == BooksCancel && e.KeepsFee(a.At) {
			p = divided(0, e.Quote.Fee, e.Quote.BuyerPays-e.Quote.Fee)
		}
	}
	e.note(a, Entry{Move: string(a.Move), Posts: p}, text)
	if to := step.To; len(p) == 0 && e.Balances().Owed(AccountBuyer) == 0 {
		e.enter(to, a.At)
		return true, nil
	}
	e.enter(Settling, a.At)
	e.finish(a)
	return true, nil
}

// over: the time of a status that posts nothing is over.
func (e *Escrow) over(a *Act) (bool, error) {
	if a.At.Before(e.End()) {
		return false, nil
	}
	return e.hold(a, HoldPayout, "")
}

// finish ends a deal that owes nobody anything.
func (e *Escrow) finish(a *Act) {
	b := e.Balances()
	if e.Status == Settling && b.Owed(AccountBuyer) == 0 && b.Owed(AccountSeller) == 0 && b.Of(AccountOut) == 0 {
		e.enter(e.ending(), a.At)
	}
}

// ending is the end of a deal, which follows from its log alone.
func (e *Escrow) ending() Status {
	end, settled, paid := PaymentLapsed, false, false
	for i := range e.Log {
		x := &e.Log[i]
		b := Balances{}
		b.add(x)
		switch held := b[AccountHeld]; {
		case x.verb() == MoveUndone || x.verb() == MoveChargeback:
		case held > 0 || x.verb() == MoveDecide: // of what was charged back nothing may be left
			settled, paid = true, b.Owed(AccountSeller) > 0 || b.Owed(AccountBuyer) == 0 && b.Owed(AccountFee) > 0 && x.verb() != MoveCancel
		case held < 0:
			settled = false
		case x.verb() == MoveCancel || x.verb() == MoveDecline:
			end = Cancelled
		case x.verb() == MoveOver:
			end = PaymentLapsed
		}
	}
	switch {
	case !settled:
		return end
	case paid:
		return Completed
	}
	return Refunded
}
