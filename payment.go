package lockbay

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// receive books money that came. It is held once all of it is there. A payment of an ended deal goes back, but the whole
// sum revives a lapsed one whose people are known.
func (e *Escrow) receive(a *Act) (bool, error) {
	if e.Status == Cancelled && !a.Return {
		return false, &NotNow{e.Status, a.Role, a.Move}
	}
	sum, text := a.Sum, a.Ref
	if a.Rest {
		missing := e.Missing()
		switch want := e.Quote.Money(missing); {
		case missing > 0 && sum != Money{} && sum != want, missing == 0 && sum != Money{} && sum != e.Sum() && !e.cameAsRest(sum, a.Key):
			return false, ErrSum
		case missing == 0 && !e.EverPaid():
			return false, bad("the deal is %s: received says which sum came", e.Status)
		case missing == 0:
			return false, nil
		}
		sum, text = e.Quote.Money(missing), e.restRef(a.Key)
	}
	ref := Ref(a.Key, manual, text)
	came := e.Came()
	switch {
	case strings.TrimSpace(text) == "":
		return false, bad("a payment needs a reference")
	case e.booked(MoveReceived, ref):
		return false, e.sameRef(MoveReceived, ref, text)
	case sum.Currency != e.Quote.Currency && e.Status.Ended():
		return false, bad("%s came; the deal was in %s", sum.Plain(), e.Quote.Currency)
	case sum.Currency != e.Quote.Currency:
		return e.hold(a, HoldCurrency, strings.TrimSpace(sum.Plain()+" "+text))
	case sum.Minor <= 0:
		return false, bad("a payment of %s", sum.Plain())
	case sum.Minor > moneyMost-came:
		return false, bad("a payment of %s is too large", sum.Plain())
	}
	e.note(a, Entry{Move: string(MoveReceived), Ref: ref, Posts: received(manual, sum.Minor)}, text)
	e.cover(a)
	whole := e.Balances().Owed(AccountBuyer) >= e.Quote.BuyerPays
	switch {
	case whole && (e.Status == PaymentPending || e.Status == PaymentLapsed && !e.declined() && !e.Forgotten()):
		e.fund(a)
	case e.Status.Ended():
		e.enter(Settling, a.At)
		e.finish(a)
	}
	return true, nil
}

// fund holds what the buyer pays: the deal begins, or waits for the seller.
func (e *Escrow) fund(a *Act) {
	e.note(a, Entry{Move: string(entryFunded), Posts: funded(&e.Quote)}, "")
	if e.Accepted() {
		e.enter(Active, a.At)
	} else {
		e.enter(PaymentConfirmed, a.At)
	}
}

// undo takes the last payment back, which was recorded by mistake. Without it the deal waits for its payment again.
func (e *Escrow) undo(a *Act) (bool, error) {
	at := -1
	for i, x := range e.Log {
		if x.verb() == MoveReceived && !e.booked(MoveUndone, x.Ref) {
			at = i
		}
	}
	if at < 0 {
		return false, bad("there is no payment to take back")
	}
	if strings.TrimSpace(a.Text) == "" {
		return false, bad("taking a payment back needs a reason")
	}
	came := Balances{}
	came.add(&e.Log[at])
	b := e.Balances()
	if came.Of(AccountCash) > b.Owed(AccountBuyer)+b.Owed(AccountHeld) {
		return false, bad("the last payment went back to the buyer before")
	}
	e.note(a, Entry{Move: string(MoveUndone), Ref: e.Log[at].Ref, Posts: undone(b, manual, came.Of(AccountCash))}, a.Text)
	b = e.Balances()
	switch {
	case e.Status == PaymentPending:
	case b.Owed(AccountBuyer) >= e.Quote.BuyerPays:
		until, status := e.Until, e.Status
		e.fund(a)
		e.Until, e.Status = until, status
	default:
		window := e.waits()
		e.enter(PaymentPending, a.At)
		e.Expires = a.At.UnixMilli() + window
	}
	return true, nil
}

// payOut begins, ends or takes back a payout of what a party is owed.
func (e *Escrow) payOut(a *Act) (bool, error) {
	to, done, err := e.payee(a)
	if done || err != nil {
		return false, err
	}
	name, account := string(a.Move)+":"+string(to), string(to)
	out := e.Out(to)
	if a.Move == MoveSending {
		owed := e.Balances().Owed(account)
		switch from := e.SendFrom(); {
		case out > 0:
			return false, nil
		case owed == 0:
			return false, bad("nothing is owed to the %s", to)
		case !e.MaySend():
			return false, fmt.Errorf("%w (%s): before anything is sent resume ends that, or decide", ErrHold, e.OnHold())
		case a.At.Before(from):
			return false, bad("a decision waits until %s before anything is sent", from.Format(time.RFC3339))
		}
		e.note(a, Entry{Move: name, Posts: sending(account, manual, owed)}, cmp.Or(a.Text, e.WhereTo(to)))
		return true, nil
	}
	if out == 0 {
		return false, bad("nothing is on its way to the %s; sending begins it", to)
	}
	if a.Move == MoveFailed {
		if strings.TrimSpace(a.Text) == "" {
			return false, bad("want the reason why it did not work")
		}
		e.note(a, Entry{Move: name, Posts: countered(sending(account, manual, out))}, a.Text)
		return true, nil
	}
	e.note(a, Entry{Move: name, Ref: Ref(a.Key, manual, a.Ref), Posts: sent(manual, out)}, a.Ref)
	e.finish(a)
	return true, nil
}

// payee is whose payout an order is about. done: the order was given before.
func (e *Escrow) payee(a *Act) (to Role, done bool, err error) {
	if a.To != "" && a.To != Buyer && a.To != Seller {
		return "", false, bad("a payout goes to the buyer or the seller, not to %q", a.To)
	}
	if a.Move == MoveSent {
		ref := Ref(a.Key, manual, a.Ref)
		switch at := slices.IndexFunc(e.Log, func(x Entry) bool { return x.verb() == MoveSent && x.Ref == ref }); {
		case strings.TrimSpace(a.Ref) == "":
			return "", false, bad("want the reference of what was sent")
		case at >= 0 && (a.To == "" || e.Log[at].value() == string(a.To)):
			return "", true, e.sameRef(MoveSent, ref, a.Ref)
		case at >= 0:
			return "", false, bad("the reference %q is that of the other payout", a.Ref)
		}
	}
	if a.To != "" {
		return a.To, false, nil
	}
	var open []Role
	for _, r := range party {
		owes := e.Out(r) > 0
		if a.Move == MoveSending {
			owes = owes || e.Balances().Owed(string(r)) > 0
		}
		if owes {
			open = append(open, r)
		}
	}
	switch len(open) {
	case 0:
		return "", false, bad("there is no payout to the buyer or the seller")
	case 1:
		return open[0], false, nil
	}
	return "", false, bad("there are two payouts: name one with --to buyer or --to seller")
}

// Out is what is on its way to a party.
func (e *Escrow) Out(to Role) int64 {
	for _, x := range slices.Backward(e.Log) {
		if x.value() != string(to) {
			continue
		}
		switch x.verb() {
		case MoveSent, MoveFailed:
			return 0
		case MoveSending:
			b := Balances{}
			b.add(&x)
			return -b.Of(AccountOut)
		}
	}
	return 0
}

// SendFrom is when payouts may begin: a decision waits, so that it can be changed.
func (e *Escrow) SendFrom() time.Time {
	if x := e.find(MoveDecide); x != nil {
		return time.UnixMilli(x.At).UTC().Add(e.Times.DecisionWaits())
	}
	return time.Time{}
}

// Missing is what the buyer still has to pay, or to pay again. It is 0 if nothing can be paid any more.
func (e *Escrow) Missing() int64 {
	if short := e.short(); short > 0 {
		return short
	}
	if e.Status != PaymentPending && e.Status != PaymentLapsed && e.Status != Cancelled {
		return 0
	}
	return max(e.Quote.BuyerPays-e.Balances().Owed(AccountBuyer), 0)
}

// Surplus is what came for a deal that was paid beyond what the buyer has to pay. It goes back with the end of the deal.
func (e *Escrow) Surplus() int64 {
	if e.Paid().IsZero() {
		return 0
	}
	return max(e.Came()-e.ChargedBack()-e.Quote.BuyerPays, 0)
}

// RestRefs are the references of payments whose reference nobody gave, under a key. After such a payment was taken back the
// next one has the next reference.
func RestRefs(key []byte) []string {
	all := make([]string, logMost)
	for n := range all {
		all[n] = Ref(key, manual, restText(n))
	}
	return all
}

func restText(n int) string {
	if n == 0 {
		return "rest"
	}
	return "rest-" + strconv.Itoa(n+1)
}

// restRef is the text of the first of these references that is free.
func (e *Escrow) restRef(key []byte) string {
	n := 0
	for e.booked(MoveReceived, Ref(key, manual, restText(n))) {
		n++
	}
	return restText(n)
}

// cameAsRest reports whether this sum was booked as the rest: the order is given again.
func (e *Escrow) cameAsRest(sum Money, key []byte) bool {
	for n := 0; e.booked(MoveReceived, Ref(key, manual, restText(n))); n++ {
		ref := Ref(key, manual, restText(n))
		if slices.ContainsFunc(e.Log, func(x Entry) bool {
			return x.verb() == MoveReceived && x.Ref == ref && slices.Contains(x.Posts, Posting{AccountBuyer, -sum.Minor}) && sum.Currency == e.Quote.Currency
		}) {
			return true
		}
	}
	return false
}

// IsBefore reports whether the deal was paid before there were books.
func (e *Escrow) IsBefore() bool { return e.Status == PaymentConfirmed && len(e.Log) == 0 }

// open begins the books of a deal that was paid before there were books, and reports whether it did. It is on hold, so no
// new deadline falls on it.
func (e *Escrow) open(a *Act) bool {
	if !e.IsBefore() {
		return false
	}
	e.note(a, Entry{Move: string(entryOpened), Posts: received(manual, e.Quote.BuyerPays)}, "")
	e.note(a, Entry{Move: string(entryFunded), Posts: funded(&e.Quote)}, "")
	e.note(a, Entry{Move: string(MoveHold) + ":" + HoldDesk}, "")
	e.Until = a.At.Add(e.Times.AcceptWithin()).UnixMilli()
	return true
}
