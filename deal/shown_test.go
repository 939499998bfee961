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

// delivered waits until the couriers have shown all cards, and the store knows it.
func (k *talk) delivered() *talk {
	k.t.Helper()
	k.quiet(k.bot)
	return k.load()
}

// quiet waits until an engine has shown and written all.
func (k *talk) quiet(bot *dialog.Engine) {
	k.t.Helper()
	for end := time.Now().Add(patience); bot.Stats().Couriers+bot.Stats().Marks > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatal("cards or their marks are still under way")
		}
	}
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

// TestSilentBuyerOnAPage: a buyer who opened the page after the delivery was told, even if they pressed nothing; one who
// opened it before, or not at all, was not. Opening it again writes nothing, and opening it moves nothing.
func TestSilentBuyerOnAPage(t *testing.T) {
	page := dialog.Place{Channel: "web", Address: "v1"}
	for name, opened := range map[string]struct{ before, after, told, elsewhere bool }{
		"never": {}, "before": {before: true}, "after": {after: true, told: true}, "after, at another instance": {after: true, told: true, elsewhere: true},
	} {
		k := beginWith(t, opener{e: escrow(), format: deal.Version})
		reads := k.bot
		if opened.elsewhere {
			other, err := dialog.New(k.store, dialog.Config{Now: func() time.Time { return time.UnixMilli(k.shown.Load()).UTC() }}, opener{}, k.flow)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = other.Close(context.Background()) }()
			reads = other
		}
		k.handle(dialog.Input{Kind: dialog.KindTap, Owner: buyer, Name: "status", Value: escrow().ID, Place: page})
		if err := k.load().order(deal.MarkPaid); err != nil {
			t.Fatal(err)
		}
		open := func(yes bool) {
			if !yes {
				return
			}
			version := k.rec.Version
			for range 3 {
				r, sits := k.load().rec.AsOf(buyer)
				if !sits || r.Version != version {
					t.Fatalf("%s: version %d, was %d", name, r.Version, version)
				}
				reads.Read(r, page)
				k.quiet(reads)
			}
		}
		k.must(accepts)
		open(opened.before)
		k.now = k.now.Add(time.Minute)
		k.must(delivers)
		open(opened.after)
		k.alarm(lockbay.AlarmSoon).alarm(lockbay.AlarmOver)
		e := k.stored()
		if told := e.Balances().Owed(lockbay.AccountSeller) > 0; told != opened.told || (e.OnHold() == lockbay.HoldUnreachable) == opened.told {
			t.Errorf("%s: the deal is %s, on hold: %q, with %v", name, e.Status, e.OnHold(), e.Balances())
		}
	}
}
