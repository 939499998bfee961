package deal_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// large is a deal whose sums a float64 does not hold.
func large() lockbay.Escrow {
	e := escrow()
	e.Terms.Amount.Minor = 1<<58 + 1
	e.Quote = lockbay.DefaultRules().Quote(e.Terms)
	return e
}

// invariant is a rule of the books, and the defect that breaks it and no other.
type invariant struct {
	name   string
	of     func() lockbay.Escrow
	holds  func(b *bank, e lockbay.Escrow) error
	mutant mutant
}

var errBooks = errors.New("the books are wrong")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errBooks, fmt.Sprintf(format, args...))
}

// at changes the log after an order of this verb that was done.
func at(move lockbay.Move, forgery func(e *lockbay.Escrow)) mutant {
	return mutant{change: func(_ int, in *dialog.Input, _ time.Time, was, e *lockbay.Escrow) {
		if in.Name == string(move) && len(e.Log) > len(was.Log) {
			forgery(e)
		}
	}}
}

// last gives the last entry to change.
func last(e *lockbay.Escrow, change func(x *lockbay.Entry)) {
	forge(e, func(log []lockbay.Entry) []lockbay.Entry { change(&log[len(log)-1]); return log })
}

func posting(account string, minor int64) lockbay.Posting {
	return lockbay.Posting{Account: account, Minor: minor}
}

// refused reports an order that has to be refused, and was not.
func refused(err error) error {
	if err == nil {
		return wrong("it is done")
	}
	return nil
}

var invariants = []invariant{
	{"every entry is balanced", escrow, func(b *bank, e lockbay.Escrow) error {
		if err := b.do(wholeLife(&e)...); err != nil {
			return err
		}
		e, err := b.deal()
		for _, x := range e.Log {
			sum := int64(0)
			for _, p := range x.Posts {
				sum += p.Minor
			}
			if sum != 0 {
				return wrong("%v sums to %d", x, sum)
			}
		}
		return err
	}, at(lockbay.MoveAccept, func(e *lockbay.Escrow) {
		last(e, func(x *lockbay.Entry) { x.Posts = append(x.Posts, posting(lockbay.AccountLoss, 1)) })
	})},

	{"the log only grows", escrow, func(b *bank, e lockbay.Escrow) error {
		for _, a := range wholeLife(&e) {
			was := e
			if err := b.do(a); err != nil {
				return err
			}
			var err error
			if e, err = b.deal(); err != nil || len(e.Log) <= len(was.Log) || len(was.Log) > 0 && !reflect.DeepEqual(e.Log[:len(was.Log)], was.Log) {
				return errors.Join(err, wrong("%s made of %v the log %v", a.Move, was.Log, e.Log))
			}
		}
		return nil
	}, at(lockbay.MoveDelivered, func(e *lockbay.Escrow) {
		forge(e, func(log []lockbay.Entry) []lockbay.Entry { log[len(log)-2].At--; return log })
	})},

	{"the chain binds every entry", escrow, func(b *bank, e lockbay.Escrow) error {
		err := b.do(wholeLife(&e)...)
		if err != nil {
			return err
		}
		e, err = b.deal()
		if hashes := e.Replay(); hashes[len(hashes)-1] != e.Chain || e.FirstAltered() >= 0 {
			return wrong("the chain ends with %s", e.Chain)
		}
		return err
	}, at(lockbay.MoveAccept, func(e *lockbay.Escrow) { e.Chain = strings.Repeat("0", len(e.Chain)) })},

	{"a duplicate is nothing", escrow, func(b *bank, e lockbay.Escrow) error {
		if err := b.do(cameAs(1, "FIRST")); err != nil {
			return err
		}
		for n := range 40 { // more than a row remembers of its inputs
			if err := b.do(cameAs(1, fmt.Sprint("IN-", n))); err != nil {
				return err
			}
		}
		was, err := b.deal()
		if err != nil {
			return err
		}
		err = b.do(cameAs(1, "FIRST"))
		if e, _ = b.deal(); err != nil || !reflect.DeepEqual(e.Log, was.Log) {
			return errors.Join(err, wrong("a payment that was booked before added %d entries", len(e.Log)-len(was.Log)))
		}
		return nil
	}, mutant{change: func(_ int, in *dialog.Input, now time.Time, was, e *lockbay.Escrow) {
		if in.Name == string(lockbay.MoveReceived) && len(e.Log) == len(was.Log) && len(e.Log) > 40 {
			forge(e, func(log []lockbay.Entry) []lockbay.Entry {
				return append(log, lockbay.Entry{At: now.UnixMilli(), By: "o0", Move: string(lockbay.MoveReceived)})
			})
		}
	}}},

	{"duplicates at the same time count once", escrow, func(b *bank, e lockbay.Escrow) error {
		if err := b.together(8, func(int) lockbay.Act { return cameAs(500, "IN-1") }); err != nil {
			return err
		}
		e, err := b.deal()
		if got := e.Balances().Owed(lockbay.AccountBuyer); got != 500 {
			return wrong("a payment of 500 counts %d", got)
		}
		return err
	}, mutant{input: func(instance int, in *dialog.Input) {
		if instance == 1 {
			in.Text = strings.Replace(in.Text, `"IN-1"`, `"IN-1 at 1"`, 1)
		}
	}}},

	{"no update is lost", escrow, func(b *bank, e lockbay.Escrow) error {
		if err := b.together(16, func(n int) lockbay.Act { return cameAs(1, fmt.Sprint("IN-", n+10)) }); err != nil {
			return err
		}
		e, err := b.deal()
		if len(e.Log) != 16 {
			return wrong("of 16 payments %d are booked", len(e.Log))
		}
		return err
	}, mutant{before: func() func(int, *lockbay.Escrow) {
		var mu sync.Mutex
		var stale *lockbay.Escrow
		return func(instance int, e *lockbay.Escrow) { // the second instance decides on what it read first
			mu.Lock()
			defer mu.Unlock()
			switch {
			case instance == 0:
			case stale == nil || stale.Created != e.Created:
				kept := *e
				stale = &kept
			default:
				*e = *stale
			}
		}
	}()}},

	{"money is conserved", escrow, func(b *bank, e lockbay.Escrow) error {
		acts := slices.Insert(wholeLife(&e), 2, cameAs(777, "IN-2")) // more than was asked for
		toBuyer := by(lockbay.Desk, lockbay.MoveSending)
		toBuyer.To, acts[len(acts)-2].To, acts[len(acts)-1].To = lockbay.Buyer, lockbay.Seller, lockbay.Seller
		if err := b.do(append(acts, toBuyer)...); err != nil {
			return err
		}
		cash := e.Quote.BuyerPays + 777 - e.Quote.SellerGets
		e, err := b.deal()
		if got := e.Balances(); got.Of(lockbay.AccountCash) != cash || got.Of(lockbay.AccountOut) != -777 {
			return wrong("there are %d in cash, and the books say %v", cash, got)
		}
		return err
	}, at(lockbay.MoveReceived, func(e *lockbay.Escrow) {
		if e.Status == lockbay.Active {
			last(e, func(x *lockbay.Entry) { x.Posts[0].Minor--; x.Posts[1].Minor++ })
		}
	})},

	{"the status is that of the journal", escrow, func(b *bank, e lockbay.Escrow) error {
		for i, want := range []lockbay.Status{lockbay.PaymentPending, lockbay.PaymentConfirmed} {
			if err := b.do(cameAs((e.Quote.BuyerPays+1)/2, fmt.Sprint("HALF-", i))); err != nil {
				return err
			}
			now, err := b.deal()
			if err != nil || now.Status != want || (now.Balances().Owed(lockbay.AccountHeld) > 0) != (want == lockbay.PaymentConfirmed) {
				return errors.Join(err, wrong("half of it for the %d. time: %s, with %v", i+1, now.Status, now.Balances()))
			}
		}
		return nil
	}, at(lockbay.MoveReceived, func(e *lockbay.Escrow) {
		if x := e.Log[len(e.Log)-1]; e.Status == lockbay.PaymentPending && len(x.Posts) > 0 && x.Posts[0].Minor > 1000 {
			e.Status = lockbay.PaymentConfirmed
		}
	})},

	{"nothing is sent that is not owed", escrow, func(b *bank, e lockbay.Escrow) error {
		if err := b.do(wholeLife(&e)...); err != nil {
			return err
		}
		again := by(lockbay.Desk, lockbay.MoveSending)
		again.To = lockbay.Seller
		if err := b.do(again); err == nil {
			return wrong("the seller is paid again")
		}
		e, err := b.deal()
		if out := e.Balances().Of(lockbay.AccountOut); out != 0 {
			return wrong("%d are on their way", -out)
		}
		return err
	}, mutant{change: func(_ int, in *dialog.Input, now time.Time, was, e *lockbay.Escrow) {
		if in.Name == string(lockbay.MoveSending) && was.Status == lockbay.Completed {
			forge(e, func(log []lockbay.Entry) []lockbay.Entry {
				return append(log, lockbay.Entry{At: now.UnixMilli(), By: "o0", Move: "sending:seller", Posts: []lockbay.Posting{posting(lockbay.AccountSeller, 5), posting("out:manual", -5)}})
			})
		}
	}}},

	{"nothing drifts", escrow, func(b *bank, e lockbay.Escrow) error {
		decide := by(lockbay.Desk, lockbay.MoveDecide)
		decide.Share, decide.Text = 3333, "a third each"
		if err := b.do(cameAs(e.Quote.BuyerPays, "IN-1"), decide); err != nil {
			return err
		}
		now, err := b.deal()
		seller, fee := e.Quote.SellerGets*3333/lockbay.ShareAll, e.Quote.Fee*3333/lockbay.ShareAll
		if got := now.Balances(); got.Owed(lockbay.AccountSeller) != seller || got.Owed(lockbay.AccountFee) != fee || got.Owed(lockbay.AccountBuyer) != e.Quote.BuyerPays-seller-fee {
			return wrong("%v", got)
		}
		return err
	}, at(lockbay.MoveDecide, func(e *lockbay.Escrow) {
		last(e, func(x *lockbay.Entry) { x.Posts[2].Minor--; x.Posts[3].Minor++ })
	})},

	{"a deal has one currency", escrow, func(b *bank, e lockbay.Escrow) error {
		other := cameAs(e.Quote.BuyerPays, "IN-1")
		other.Sum.Currency = "USD"
		if err := b.do(other); err != nil {
			return err
		}
		e, err := b.deal()
		if len(e.Balances()) > 0 || e.OnHold() != lockbay.HoldCurrency {
			return wrong("dollars for a deal in euros are booked as %v", e.Balances())
		}
		return err
	}, mutant{change: func(_ int, in *dialog.Input, _ time.Time, was, e *lockbay.Escrow) {
		if e.OnHold() == lockbay.HoldCurrency && was.OnHold() == "" {
			last(e, func(x *lockbay.Entry) {
				x.Posts = []lockbay.Posting{posting("cash:manual", 5), posting(lockbay.AccountBuyer, -5)}
			})
		}
	}}},

	{"a mistake is mended by a counter-entry", escrow, func(b *bank, e lockbay.Escrow) error {
		undone := by(lockbay.Desk, lockbay.MoveUndone)
		undone.Text = "another deal's money"
		if err := b.do(cameAs(700, "IN-1"), undone); err != nil {
			return err
		}
		e, err := b.deal()
		if len(e.Log) != 2 || len(e.Log[0].Posts) != 2 || len(e.Balances()) > 0 {
			return wrong("after a payment was taken back: %v", e.Log)
		}
		return err
	}, at(lockbay.MoveUndone, func(e *lockbay.Escrow) { last(e, func(x *lockbay.Entry) { x.Posts = nil }) })},

	{"the orders rebuild the books", large, func(b *bank, e lockbay.Escrow) error {
		plain, part := e, cameAs(e.Quote.BuyerPays-1, "IN-1")
		if err := b.do(part); err != nil {
			return err
		}
		part.At, part.Key = b.clock(), []byte("key")
		if _, err := plain.Act(part); err != nil {
			return err
		}
		e, err := b.deal()
		if !reflect.DeepEqual(e.Balances(), plain.Balances()) {
			return wrong("%v from the orders, and %v in the row", plain.Balances(), e.Balances())
		}
		return err
	}, mutant{change: func(_ int, _ *dialog.Input, _ time.Time, was, e *lockbay.Escrow) {
		if len(e.Log) == len(was.Log) {
			return
		}
		forge(e, func(log []lockbay.Entry) []lockbay.Entry { // through a float64
			for i := range log {
				for j := range log[i].Posts {
					log[i].Posts[j].Minor = int64(float64(log[i].Posts[j].Minor))
				}
			}
			return log
		})
	}}},

	{"entries are in the order of their times", escrow, func(b *bank, e lockbay.Escrow) error {
		if err := b.do(cameAs(e.Quote.BuyerPays, "IN-1")); err != nil {
			return err
		}
		b.pass(-24 * time.Hour)
		if err := b.do(by(lockbay.Seller, lockbay.MoveAccept)); err != nil {
			return err
		}
		e, err := b.deal()
		if !slices.IsSortedFunc(e.Log, func(x, y lockbay.Entry) int { return int(x.At - y.At) }) {
			return wrong("the clock was set back: %v", e.Log)
		}
		return err
	}, mutant{change: func(_ int, in *dialog.Input, now time.Time, was, e *lockbay.Escrow) {
		if in.Name == string(lockbay.MoveAccept) && len(e.Log) > len(was.Log) {
			last(e, func(x *lockbay.Entry) { x.At = now.UnixMilli() })
		}
	}}},

	{"what was refused is refused again", escrow, func(b *bank, e lockbay.Escrow) error {
		in := deal.OrderAct("bot", e.ID, cameAs(0, "IN-1"))
		if err := refused(b.give(0, in)); err != nil {
			return err
		}
		return refused(b.give(0, in))
	}, mutant{forget: true}},
}

// TestInvariantsOfTheBooks: the books keep fifteen rules, and each rule has a defect that breaks it alone.
func TestInvariantsOfTheBooks(t *testing.T) {
	if len(invariants) != 15 {
		t.Fatalf("%d invariants", len(invariants))
	}
	for _, rule := range invariants {
		t.Run(rule.name, func(t *testing.T) {
			for _, defect := range append([]invariant{{name: "nothing"}}, invariants...) {
				e := rule.of()
				err := rule.holds(openBank(t, e, defect.mutant), e)
				switch {
				case defect.name == rule.name && !errors.Is(err, errBooks):
					t.Errorf("its defect is not seen: %v", err)
				case defect.name != rule.name && err != nil:
					t.Errorf("with the defect of %q: %v", defect.name, err)
				}
			}
		})
	}
}
