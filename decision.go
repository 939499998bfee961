package lockbay

import (
	"strconv"
	"strings"
)

func (a *Act) decision() string { return string(MoveDecide) + ":" + strconv.Itoa(a.Share) }

// decide divides what is held. A decision may be changed once, before anything of it was sent.
func (e *Escrow) decide(a *Act) (bool, error) {
	if a.Share < 0 || a.Share > ShareAll {
		return false, bad("a share of %s%%; want 0 to 100", Percent(a.Share))
	}
	if strings.TrimSpace(a.Text) == "" {
		return false, bad("a decision needs a reason")
	}
	parts := divided(e.Divide(a.Share))
	if e.Status == Settling {
		before := e.settlement()
		if !e.contested(before) && (before == nil || before.verb() != MoveDecide || e.find(entryCountered) != nil || e.since(MoveDecide, MoveSending)) {
			return false, bad("only a decision is changed, once, and before anything of it was sent")
		}
		e.note(a, Entry{Move: string(entryCountered), Posts: e.recalled(before)}, "")
	}
	e.note(a, Entry{Move: a.decision(), Posts: parts}, a.Text)
	e.enter(Settling, a.At)
	e.finish(a)
	return true, nil
}

// Divide is [Quote.Split] for what a decision divides now: what is held, or what a settlement that is decided anew left.
// What was charged back is the buyer's part first, then our fee, then the seller's.
func (e *Escrow) Divide(share int) (seller, fee, buyer int64) {
	seller, fee, buyer = e.Quote.Split(share)
	b := e.Balances()
	if x := e.settlement(); x != nil && e.Status == Settling {
		b.add(&Entry{Posts: e.recalled(x)})
	}
	missing := e.Quote.BuyerPays - b.Owed(AccountHeld)
	for _, part := range []*int64{&buyer, &fee, &seller} {
		less := min(*part, missing)
		*part, missing = *part-less, missing-less
	}
	return seller, fee, buyer
}

// settlement is the last entry that divided what was held; nil: there is none.
func (e *Escrow) settlement() *Entry {
	for i := len(e.Log) - 1; i >= 0; i-- {
		x := &e.Log[i]
		b := Balances{}
		if b.add(x); x.verb() == MoveDecide || b[AccountHeld] > 0 && x.verb() != MoveChargeback && x.verb() != MoveUndone {
			return x
		}
	}
	return nil
}

// contested reports whether money was charged back since an entry, and nothing was sent.
func (e *Escrow) contested(since *Entry) bool {
	return since != nil && e.since(since.verb(), MoveChargeback) && !e.since(since.verb(), MoveSending)
}

// recalled takes a settlement back, without what was charged back since.
func (e *Escrow) recalled(x *Entry) []Posting {
	now, was := e.Balances(), Balances{}
	was.add(x)
	seller, fee := min(was.Owed(AccountSeller), now.Owed(AccountSeller)), was.Owed(AccountFee)
	buyer := min(was.Owed(AccountBuyer), now.Owed(AccountBuyer))
	return countered(divided(seller, fee, buyer))
}
