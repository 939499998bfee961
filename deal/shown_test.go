package deal_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// chat is a channel that shows every card, or is blocked.
type chat struct {
	n       atomic.Int64
	blocked atomic.Bool
}

func (*chat) Name() string { return "tg" }

func (c *chat) Show(context.Context, dialog.Showing) (string, error) {
	if c.blocked.Load() {
		return "", dialog.ErrBlocked
	}
	return strconv.FormatInt(c.n.Add(1), 10), nil
}

func (*chat) Remove(context.Context, dialog.Place, string) error { return nil }

// patience bounds a hang.
const patience = time.Minute

// delivered waits until the couriers have shown all cards.
func (k *talk) delivered() *talk {
	k.t.Helper()
	for end := time.Now().Add(patience); k.bot.Stats().Couriers > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatal("cards are still under way")
		}
	}
	return k.load()
}

// TestSilentBuyerInAChat: a chat that has the message counts as told; a chat that is blocked does not.
func TestSilentBuyerInAChat(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		k := beginWith(t, opener{e: escrow(), format: deal.Version})
		shows := &chat{}
		k.bot.Attach(shows)
		k.handle(dialog.Input{Kind: dialog.KindTap, Owner: buyer, Name: "status", Value: escrow().ID, Place: dialog.Place{Channel: "tg", Address: "1", Push: true}})
		if err := k.delivered().order(deal.MarkPaid); err != nil {
			t.Fatal(err)
		}
		k.delivered().must(accepts).delivered()
		k.now = k.now.Add(time.Minute)
		shows.blocked.Store(blocked)
		k.must(delivers).delivered()
		k.alarm(lockbay.AlarmSoon).delivered().alarm(lockbay.AlarmOver)
		e := k.stored()
		if told := e.Balances().Owed(lockbay.AccountSeller) > 0; told == blocked || (e.OnHold() == lockbay.HoldUnreachable) != blocked {
			t.Errorf("blocked: %t, and the deal is %s, on hold: %q, with %v", blocked, e.Status, e.OnHold(), e.Balances())
		}
	}
}
