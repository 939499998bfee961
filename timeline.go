package lockbay

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// letters begin the actor of an entry.
var letters = map[Role]string{Buyer: "b", Seller: "s", Desk: "o", Clock: "t"}

// role is who made the move, or in whose name an operator made it.
func (x *Entry) role() Role {
	for role, letter := range letters {
		if strings.HasPrefix(x.By, letter) {
			return role
		}
	}
	return ""
}

// value is what follows the move.
func (x *Entry) value() string { _, v, _ := strings.Cut(x.Move, ":"); return v }

// actor is the role of an act, and the number of the operator who gave the order.
func (e *Escrow) actor(a *Act) string {
	by := letters[a.Role]
	if a.Operator == "" {
		return by
	}
	n := slices.Index(e.Operators, a.Operator)
	if n < 0 && len(a.Operator) <= byLong && len(e.Operators) < byMost {
		n, e.Operators = len(e.Operators), append(e.Operators, a.Operator)
	}
	if n < 0 {
		return by
	}
	return by + strconv.Itoa(n)
}

// Actor is who made an entry: the role, and the operator who acted for it.
func (e *Escrow) Actor(entry int) (role Role, operator string) {
	x := &e.Log[entry]
	if n, err := strconv.Atoi(x.By[min(len(x.By), 1):]); err == nil && n >= 0 && n < len(e.Operators) {
		operator = e.Operators[n]
	}
	return x.role(), operator
}

// note appends an entry of an act, and what was typed beside it, if there is room.
func (e *Escrow) note(a *Act, x Entry, text string) {
	x.At, x.By = a.At.UnixMilli(), e.actor(a)
	kept := encoded(text)
	for i, s := range e.Notes {
		if e.Log[i].verb() != MoveSay {
			kept += encoded(s)
		}
	}
	if text != "" && (a.Move == MoveSay || kept <= notesMost && e.size()+encoded(text) <= rowBytes) {
		if e.Notes == nil {
			e.Notes = map[int]string{}
		}
		e.Notes[len(e.Log)] = text
	}
	e.add(x)
}

// encoded is how many bytes a text takes.
func encoded(text string) int { return len(encode(text)) }

// encode is the JSON of v.
func encode(v any) []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false) // which makes six bytes of one
	if err := w.Encode(v); err != nil {
		panic("lockbay: " + err.Error()) // an escrow has only strings and numbers
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Encode is the JSON of the deal.
func (e *Escrow) Encode() []byte { return encode(e) }

// last is the last entry, or nil.
func (e *Escrow) last() *Entry {
	if len(e.Log) == 0 {
		return nil
	}
	return &e.Log[len(e.Log)-1]
}

// lastMove is the number of the last entry that was not only covered by the move before it, or -1.
func (e *Escrow) lastMove() int {
	at := len(e.Log) - 1
	for at >= 0 && e.Log[at].verb() == entryCovered {
		at--
	}
	return at
}

// find is the last entry of this move, or nil.
func (e *Escrow) find(move Move) *Entry {
	for i := range slices.Backward(e.Log) {
		if e.Log[i].verb() == move {
			return &e.Log[i]
		}
	}
	return nil
}

// Paid is when the whole payment was there; zero: it was not, or it was recorded by mistake.
func (e *Escrow) Paid() time.Time {
	var at int64
	for i := range e.Log {
		switch x := &e.Log[i]; {
		case x.verb() == entryFunded && at == 0:
			at = x.At
		case x.verb() == MoveUndone && (i+1 == len(e.Log) || e.Log[i+1].verb() != entryFunded): // else the rest is all of it
			at = 0
		}
	}
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}

// EverPaid reports whether the whole payment was recorded once, also by mistake.
func (e *Escrow) EverPaid() bool { return e.find(entryFunded) != nil }

// When is when the last entry of a move was made; zero: there is none.
func (e *Escrow) When(move Move) time.Time {
	if x := e.find(move); x != nil {
		return time.UnixMilli(x.At).UTC()
	}
	return time.Time{}
}

// Settled is the move that ended the trade, and when it was made; empty: none has.
func (e *Escrow) Settled() (move Move, at time.Time) {
	for _, x := range slices.Backward(e.Log) {
		switch v := x.verb(); v {
		case MoveCancel, MoveDecline, MoveGiveBack, MoveRelease, MoveTakeBack, MoveAgree, MoveDecide, MoveOver:
			return v, time.UnixMilli(x.At).UTC()
		}
	}
	return "", time.Time{}
}

// since reports whether then was made after the last first.
func (e *Escrow) since(first, then Move) bool {
	for _, x := range slices.Backward(e.Log) {
		switch x.verb() {
		case then:
			return true
		case first:
			return false
		}
	}
	return false
}

// booked reports whether an entry of this move has the reference.
func (e *Escrow) booked(move Move, ref string) bool {
	return slices.ContainsFunc(e.Log, func(x Entry) bool { return x.verb() == move && x.Ref == ref })
}

// Accepted reports whether the seller has accepted.
func (e *Escrow) Accepted() bool { return e.find(MoveAccept) != nil && !e.declined() }

// declined reports whether the seller has declined.
func (e *Escrow) declined() bool { return e.find(MoveDecline) != nil }

// Ender is who ended a deal before it was settled; empty: nobody did.
func (e *Escrow) Ender() Role {
	for _, x := range slices.Backward(e.Log) {
		if v := x.verb(); v == MoveCancel || v == MoveDecline {
			return x.role()
		}
	}
	return ""
}

// DecisionStands reports whether the operator has decided twice: it is not changed again.
func (e *Escrow) DecisionStands() bool {
	n := 0
	for i := range e.Log {
		if e.Log[i].verb() == MoveDecide {
			n++
		}
	}
	return n > 1
}

// MayExtend reports whether the buyer may still take a day more to check.
func (e *Escrow) MayExtend() bool {
	return e.Status == Delivered && !e.since(MoveDelivered, MoveExtend)
}

// Decision is the reason of the operator's decision; empty: nobody decided.
func (e *Escrow) Decision() string {
	for i, x := range slices.Backward(e.Log) {
		if x.verb() == MoveDecide {
			return e.Notes[i]
		}
	}
	return ""
}

// Payout is money that was sent.
type Payout struct {
	To    Role
	Minor int64
	At    int64  // unix milliseconds
	Ref   string // as it was typed; empty: forgotten
}

// Payouts are all payouts that were sent.
func (e *Escrow) Payouts() (list []Payout) {
	for i := range e.Log {
		if x := &e.Log[i]; x.verb() == MoveSent {
			b := Balances{}
			b.add(x)
			list = append(list, Payout{Role(x.value()), b.Of(AccountOut), x.At, e.Notes[i]})
		}
	}
	return list
}
