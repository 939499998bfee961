package deal_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

var (
	lives = flag.Int("lives", 160, "random lives of deals")
	first = flag.Uint64("seed", 1, "seed of the first life")
)

// TestLives: deals at two instances of the real engine that die, over a store that fails and forgets to answer, with inputs
// that come twice and late, and clocks that jump. After every commit the books are right; with a desk that answers every
// deal ends, and the money that came and the money that left are those of a plain count.
func TestLives(t *testing.T) {
	n := uint64(*lives)
	if testing.Short() {
		n /= 4
	}
	ends, deaths := map[lockbay.Status]int{}, map[string]int{}
	for seed := *first; seed < *first+n && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) {
			l := begunLife(t, seed)
			defer l.close()
			l.play()
			ends[l.end()]++
			for point, n := range l.deaths {
				deaths[point] += n
			}
		})
	}
	t.Logf("%d lives: %v; deaths: %v", n, ends, deaths)
	for _, s := range []lockbay.Status{lockbay.Completed, lockbay.Refunded, lockbay.Cancelled, lockbay.PaymentLapsed} {
		if !t.Failed() && n >= 100 && ends[s] == 0 {
			t.Errorf("%d of %d lives end as %s: they are too much alike", ends[s], n, s)
		}
	}
}

// life is one deal, its people, and the machines that serve it.
type life struct {
	t      *testing.T
	seed   uint64
	r      *rand.Rand
	store  *audit
	flow   *deal.Flow
	e      lockbay.Escrow // as it was begun
	hosts  [2]*host
	deaths map[string]int
	jump   atomic.Int64 // nanoseconds by which all clocks are off
	late   []dialog.Input
	n      int
	shows  int

	came, left int64 // by what the desk was told
}

// host runs one engine after the other.
type host struct {
	bot   *dialog.Engine
	store *dialogtest.Faulty
	away  atomic.Bool // the store cannot be reached from here
	death atomic.Pointer[death]
	dead  atomic.Bool
	lives int
}

// death is where a host dies: at a call of the store, before or after it is done.
type death struct {
	calls atomic.Int64
	after bool
}

// audit looks at each row that is written.
type audit struct {
	*dialog.Memory
	mu  sync.Mutex
	t   *testing.T
	now func() time.Time
	was lockbay.Escrow
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
	}
	if alarms := e.Alarms(a.now()); !e.Status.Ended() && len(alarms) > 0 && len(rec.Timers) == 0 {
		a.t.Errorf("%s waits for %v, and has no timer", e.Status, alarms)
	}
	a.was = e
}

func begunLife(t *testing.T, seed uint64) *life {
	l := &life{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 5)), deaths: map[string]int{}}
	l.store = &audit{Memory: dialog.NewMemory(), t: t, now: l.now}
	l.store.SetNow(l.now)
	l.flow = deal.New(deal.Config{RefKey: []byte("key")})
	l.e = escrow()
	if seed%2 == 1 {
		l.e.Times = lockbay.Times{Accept: 1 + l.r.IntN(3000), Late: 1 + l.r.IntN(6000), Inspection: 1 + l.r.IntN(6000), Decision: 1 + l.r.IntN(3000)}
	}
	l.e.Created, l.e.Expires = l.now().UnixMilli(), l.now().Add(time.Hour).UnixMilli()
	for i := range l.hosts {
		l.hosts[i] = &host{}
		l.boot(i)
	}
	l.deliver(dialog.Input{Kind: dialog.KindText, Text: "open", Owner: buyer, Place: dialog.Place{Channel: "chat", Address: "1000001", Push: true}})
	return l
}

func (l *life) now() time.Time { return time.Now().Add(time.Duration(l.jump.Load())) }

// boot starts the next engine of a host.
func (l *life) boot(i int) {
	h := l.hosts[i]
	h.lives++
	h.dead.Store(false)
	h.death.Store(nil)
	h.store = dialogtest.NewFaulty(l.store)
	h.store.Func(func(m dialogtest.Method, _ *dialog.Batch) (f dialogtest.Fault) {
		switch d := h.death.Load(); {
		case h.dead.Load() || h.away.Load():
			f.Before = dialogtest.ErrFault
		case d != nil && d.calls.Add(-1) == 0 && h.dead.CompareAndSwap(false, true):
			if d.after {
				f.After = dialogtest.ErrFault
			} else {
				f.Before = dialogtest.ErrFault
			}
			l.store.mu.Lock()
			l.deaths[fmt.Sprint(m, " ", map[bool]string{false: "before", true: "after"}[d.after])]++
			l.store.mu.Unlock()
		}
		return f
	})
	c := dialog.Config{Now: l.now, Instance: fmt.Sprintf("host%d.%d", i, h.lives), Recorder: dialog.Recorder{Trouble: func(string, error) {}}}
	bot, err := dialog.New(h.store, c, opener{e: l.e, format: deal.Version}, l.flow)
	if err != nil {
		l.t.Fatal(err)
	}
	bot.Attach(rough{l})
	h.bot = bot
}

// reboot ends a host, dead or alive, and starts its next engine.
func (l *life) reboot(i int) {
	h := l.hosts[i]
	h.dead.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = h.bot.Close(ctx)
	l.boot(i)
}

func (l *life) close() {
	for _, h := range l.hosts {
		_ = h.bot.Close(context.Background())
	}
}

// rough is a chat that shows cards, mostly.
type rough struct{ l *life }

func (rough) Name() string { return "chat" }

func (c rough) Show(context.Context, dialog.Showing) (string, error) {
	c.l.store.mu.Lock()
	defer c.l.store.mu.Unlock()
	c.l.shows++
	switch c.l.shows % 17 {
	case 3:
		return "", &dialog.RetryAfter{After: time.Minute}
	case 7:
		return "", errors.New("the chat does not answer")
	case 11:
		return "", dialog.ErrGone
	}
	return fmt.Sprint(c.l.shows), nil
}

func (rough) Remove(context.Context, dialog.Place, string) error { return nil }

// deliver brings an input to some host until it is acknowledged, and now and then once more.
func (l *life) deliver(in dialog.Input) dialog.Outcome {
	l.t.Helper()
	l.n++
	if in.ID == "" {
		in.ID = fmt.Sprint("in ", l.n)
	}
	for tries := range 40 {
		i := l.r.IntN(2)
		out, err := l.hosts[i].bot.Handle(context.Background(), in)
		if l.hosts[i].dead.Load() {
			l.reboot(i)
			continue
		}
		if err == nil {
			if again := l.r.IntN(8); again == 0 {
				_, _ = l.hosts[1-i].bot.Handle(context.Background(), in)
			} else if again == 1 {
				l.late = append(l.late, in)
			}
			return out
		}
		if tries > 4 {
			l.hosts[0].away.Store(false)
			l.hosts[1].away.Store(false)
		}
		time.Sleep(time.Second)
	}
	l.t.Fatalf("seed %d: %v is never acknowledged", l.seed, in)
	return dialog.Outcome{}
}

// deal is the deal as it is.
func (l *life) deal() (*dialog.Record, lockbay.Escrow) {
	l.t.Helper()
	row, err := l.store.Load(context.Background(), dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: l.e.ID})
	if err != nil {
		l.t.Fatal(err)
	}
	rec, err := dialog.Decode(row)
	if err != nil {
		l.t.Fatal(err)
	}
	e, err := deal.Escrow(rec)
	if err != nil {
		l.t.Fatal(err)
	}
	return rec, e
}

// play lets people, desk, time and mishaps do something, forty times.
func (l *life) play() {
	for range l.r.IntN(40) {
		_, e := l.deal()
		longest, quiet := 40*time.Hour, false
		if e.Status == lockbay.PaymentPending { // few deals end here
			longest, quiet = 20*time.Minute, l.r.IntN(4) > 0
		}
		switch what := l.r.IntN(12); {
		case what < 3 && !quiet:
			l.tap()
		case what < 8:
			l.act()
		case what == 8:
			l.mishap()
		case what == 9:
			if n := len(l.late); n > 0 {
				l.deliver(l.late[l.r.IntN(n)])
			}
		default:
			l.pass(time.Duration(l.r.Int64N(int64(longest))))
		}
		if l.t.Failed() {
			l.t.Fatalf("seed %d", l.seed)
		}
	}
}

// tap is a button of the buyer's card, or one of a card before.
func (l *life) tap() {
	rec, _ := l.deal()
	c := l.hosts[0].bot.Render(rec, dialog.View{Lang: "en", Place: dialog.Place{Channel: "chat"}})
	all := slices.Concat(c.Choices, c.Alt, c.Quiet)
	if c.Primary != nil {
		all = append(all, *c.Primary)
	}
	if len(all) == 0 {
		return
	}
	b := all[l.r.IntN(len(all))]
	in := dialog.Input{Kind: dialog.KindTap, Owner: buyer, Bound: true, Draft: rec.Draft, Revision: rec.Revision - int64(l.r.IntN(4)/3),
		Place: dialog.Place{Channel: "chat", Address: "1000001", Push: true}}
	in.Name, in.Value, _ = strings.Cut(b.Action, ":")
	l.deliver(in)
}

// act is an order of the desk: in its own name, or in the seller's.
func (l *life) act() {
	_, e := l.deal()
	a := lockbay.Act{Role: lockbay.Desk, Ref: fmt.Sprint("R-", l.r.IntN(30)), Text: "because"}
	if l.r.IntN(3) == 0 {
		a.Role = lockbay.Seller
	}
	var moves []lockbay.Move
	for _, s := range lockbay.Lifecycle {
		for _, role := range s.Roles {
			if role == a.Role && (s.In == e.Status || l.r.IntN(20) == 0) {
				moves = append(moves, s.Move)
			}
		}
	}
	if e.OnHold() != "" {
		moves, a.Role = []lockbay.Move{lockbay.MoveResume, lockbay.MoveDecide, lockbay.MoveReceived}, lockbay.Desk
	} else if l.r.IntN(15) == 0 {
		moves, a.Role = []lockbay.Move{lockbay.MoveHold}, lockbay.Desk
	}
	if len(moves) == 0 {
		return
	}
	a.Move, a.Why, a.Share = moves[l.r.IntN(len(moves))], lockbay.HoldDesk, []int{0, lockbay.ShareAll, l.r.IntN(lockbay.ShareAll)}[l.r.IntN(3)]
	switch a.Move {
	case lockbay.MoveReceived:
		a.Sum, a.Return = lockbay.Money{Minor: []int64{e.Quote.BuyerPays, e.Quote.BuyerPays, l.r.Int64N(e.Quote.BuyerPays) + 1, 0}[l.r.IntN(4)], Currency: "EUR"}, true
	case lockbay.MoveChargeback:
		a.Sum = lockbay.Money{Minor: l.r.Int64N(e.Quote.BuyerPays) + 1, Currency: "EUR"}
	case lockbay.MoveDispute:
		a.Why = lockbay.Reasons[l.r.IntN(len(lockbay.Reasons))]
	case lockbay.MoveSay:
		a.Text = fmt.Sprint("it broke ", l.n)
	case lockbay.MoveSending, lockbay.MoveSent, lockbay.MoveFailed:
		a.To = []lockbay.Role{lockbay.Buyer, lockbay.Seller}[l.r.IntN(2)]
	}
	l.order(a)
}

// order gives an order, and counts the money that the desk was told of.
func (l *life) order(a lockbay.Act) {
	_, was := l.deal()
	in := deal.OrderAct("bot", l.e.ID, a)
	out := l.deliver(in)
	if err := l.flow.Verdict(in, out, l.now()); err != nil {
		return
	}
	_, e := l.deal()
	for i := len(was.Log); i < len(e.Log); i++ {
		b := lockbay.Escrow{Log: e.Log[i : i+1]}
		switch cash := b.Balances().Of(lockbay.AccountCash); {
		case cash == 0:
		case a.Move == lockbay.MoveReceived && cash == a.Sum.Minor:
			l.came += a.Sum.Minor
		case a.Move == lockbay.MoveUndone:
			l.came += cash
		case a.Move == lockbay.MoveSent, a.Move == lockbay.MoveChargeback:
			l.left -= cash
		default:
			l.t.Errorf("seed %d: %s books %v", l.seed, a.Move, e.Log[i])
		}
	}
}

// mishap: a host is to die at one of the next calls of its store, or cannot reach it, or all clocks jump.
func (l *life) mishap() {
	h := l.hosts[l.r.IntN(2)]
	switch l.r.IntN(4) {
	case 0, 1:
		d := &death{after: l.r.IntN(2) == 0}
		d.calls.Store(l.r.Int64N(6) + 1)
		h.death.Store(d)
	case 2:
		h.away.Store(true)
	case 3:
		l.jump.Add(int64([]time.Duration{-24 * time.Hour, -time.Minute, time.Hour}[l.r.IntN(3)]))
	}
}

// pass lets time go by, and whoever is there sweep.
func (l *life) pass(d time.Duration) {
	time.Sleep(min(d, time.Minute)) // of an outage: it is tried again each second
	for _, h := range l.hosts {
		h.away.Store(false)
	}
	time.Sleep(d)
	if l.r.IntN(4) > 0 { // somebody has swept all the time
		since := fmt.Sprint(l.now().Add(-20 * time.Hour).UnixMilli())
		_, _ = l.store.Lease(context.Background(), "open:bot", since, time.Minute)
	}
	for i, h := range l.hosts {
		_, _ = h.bot.Sweep(context.Background(), time.Minute)
		time.Sleep(time.Minute)
		if h.dead.Load() {
			l.reboot(i)
		}
	}
	synctest.Wait()
}

// end lets a desk answer until the deal has ended, and compares the money.
func (l *life) end() lockbay.Status {
	l.t.Helper()
	for range 30 {
		_, e := l.deal()
		if e.Status.Ended() {
			break
		}
		l.order(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume})
		l.order(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Text: "the end"})
		for _, to := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
			l.order(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSending, To: to})
			l.order(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSent, To: to, Ref: fmt.Sprint("E-", l.n, to)})
		}
		l.hosts[0].away.Store(false)
		l.hosts[1].away.Store(false)
		l.pass(25 * time.Hour)
	}
	_, e := l.deal()
	b := e.Balances()
	if !e.Status.Ended() {
		l.t.Errorf("seed %d: with a desk that answers the deal is still %s, with %v", l.seed, e.Status, b)
	}
	if b.Of(lockbay.AccountCash) != l.came-l.left || l.came-l.left != b.Owed(lockbay.AccountFee)-b[lockbay.AccountLoss] {
		l.t.Errorf("seed %d: %d came and %d left; the books say %v", l.seed, l.came, l.left, b)
	}
	return e.Status
}
