package deal_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// audit looks at each row that is written, and keeps plain books beside those of the deal.
type audit struct {
	*dialog.Memory
	mu    sync.Mutex
	t     *testing.T
	now   func() time.Time
	last  time.Time // that a clock has shown: what rang before the clocks went back does not ring again
	was   lockbay.Escrow
	plain plain
	flow  *deal.Flow // whose cards are read
}

func (a *audit) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out, err := a.Memory.Commit(ctx, b)
	for i, v := range out.Verdicts {
		if w := b.Writes[i]; v == dialog.Applied && w.After.Key.Flow == deal.FlowName {
			a.look(w.After)
		}
	}
	return out, err
}

func (a *audit) look(row *dialog.Row) {
	rec, err := dialog.Decode(row)
	if err != nil {
		a.t.Fatal(err)
	}
	e, err := deal.Escrow(rec)
	if err = errors.Join(err, e.Verify()); err != nil {
		a.t.Errorf("%s: %v", e.Status, err)
	}
	if len(e.Log) < len(a.was.Log) || len(a.was.Log) > 0 && !reflect.DeepEqual(e.Log[:len(a.was.Log)], a.was.Log) {
		a.t.Errorf("the log %v became %v", a.was.Log, e.Log)
		return
	}
	for _, x := range e.Log[len(a.was.Log):] {
		err = errors.Join(err, a.plain.book(&x))
	}
	if err = errors.Join(err, a.plain.fit(&e)); err != nil {
		a.t.Errorf("%s after %v: %v", e.Status, e.Log[max(0, len(e.Log)-2):], err)
	}
	a.read(rec, &e)
	if now := a.now(); now.After(a.last) {
		a.last = now
	}
	for _, x := range e.Alarms(a.last) {
		if _, waits := timerOf(rec, x.Name); !waits {
			a.t.Errorf("%s waits for %s at %v, and its timers are %v", e.Status, x.Name, x.At, rec.Timers)
		}
	}
	a.was = e
}

// read looks at what each side, and the desk, read of the money.
func (a *audit) read(rec *dialog.Record, e *lockbay.Escrow) {
	for _, role := range []string{"", string(lockbay.Seller), string(lockbay.Desk)} {
		if of := rec.As(role); of.Role() == role {
			c := a.flow.Render(of, dialog.View{Lang: "en", Now: a.now(), Place: dialog.Place{Channel: "tg", Push: true}})
			if err := truly(e, &c); err != nil {
				a.t.Errorf("the %s reads: %v", cmp.Or(role, "buyer"), err)
			}
		}
	}
}

func timerOf(rec *dialog.Record, name string) (dialog.Timer, bool) {
	for _, x := range rec.Timers {
		if x.Name == name {
			return x, true
		}
	}
	return dialog.Timer{}, false
}

// goes reports whether the cash of an entry left: it was sent, or its provider took it back.
func goes(x *lockbay.Entry) bool {
	verb, _, _ := strings.Cut(x.Move, ":")
	return verb == string(lockbay.MoveSent) || verb == string(lockbay.MoveChargeback)
}

// plain are the books as a child would keep them: seven purses, and what came and left.
type plain struct {
	cash, buyer, held, seller, fee, out, loss int64 // each is 0 or more; cash may be less by the loss
	came, left                                int64
	taken                                     int64 // back by a provider
	refs                                      map[string]bool
}

// book reads an entry of the log.
func (p *plain) book(x *lockbay.Entry) error {
	sum := int64(0)
	for _, post := range x.Posts {
		sum += post.Minor
		switch account, _, _ := strings.Cut(post.Account, ":"); account {
		case lockbay.AccountCash:
			p.cash += post.Minor
			if goes(x) {
				p.left -= post.Minor
				if !strings.HasPrefix(x.Move, string(lockbay.MoveSent)) {
					p.taken -= post.Minor
				}
			} else {
				p.came += post.Minor
			}
		case lockbay.AccountBuyer:
			p.buyer -= post.Minor
		case lockbay.AccountHeld:
			p.held -= post.Minor
		case lockbay.AccountSeller:
			p.seller -= post.Minor
		case lockbay.AccountFee:
			p.fee -= post.Minor
		case lockbay.AccountOut:
			p.out -= post.Minor
		case lockbay.AccountLoss:
			p.loss += post.Minor
		default:
			return fmt.Errorf("%d on the account %s", post.Minor, post.Account)
		}
	}
	verb, _, _ := strings.Cut(x.Move, ":")
	ref := verb + " " + x.Ref
	switch {
	case sum != 0:
		return fmt.Errorf("an entry sums to %d", sum)
	case min(p.cash+p.loss, p.buyer, p.held, p.seller, p.fee, p.out, p.loss) < 0:
		return fmt.Errorf("a purse is overdrawn: %+v", *p)
	case p.left > p.came+p.loss:
		return fmt.Errorf("%d came and %d left", p.came, p.left)
	case x.Ref != "" && p.refs[ref]:
		return fmt.Errorf("%s counts twice", ref)
	}
	if p.refs == nil {
		p.refs = map[string]bool{}
	}
	p.refs[ref] = true
	return nil
}

// fit compares a status with the purses.
func (p *plain) fit(e *lockbay.Escrow) error {
	held, owed := int64(0), p.seller+p.out
	switch e.Status {
	case lockbay.PaymentConfirmed, lockbay.Active, lockbay.Delivered, lockbay.Disputed:
		if held = e.Quote.BuyerPays; e.OnHold() != "" { // what was taken back is missing until a person has decided
			held -= min(p.taken, max(0, held-p.held))
		}
	case lockbay.Settling:
		owed = 0
	case lockbay.Completed, lockbay.Refunded, lockbay.Cancelled, lockbay.PaymentLapsed:
		owed += p.buyer
	}
	if p.held != held || owed != 0 {
		return fmt.Errorf("%s does not fit %+v", e.Status, *p)
	}
	return nil
}
