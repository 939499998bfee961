package deal_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
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
	all := &lived{ends: map[lockbay.Status]int{}, firsts: map[lockbay.Status]int{}, deaths: map[point]int{}}
	t.Run("at once", func(t *testing.T) {
		for k := range uint64(atOnce) {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				for seed := *first + k; seed < *first+n && !t.Failed(); seed += atOnce {
					synctest.Test(t, func(t *testing.T) {
						l := begunLife(t, seed)
						defer l.close()
						l.play()
						all.add(l, l.end())
					})
				}
			})
		}
	})
	t.Logf("%d lives: %v, of which the seller accepts first: %v\ndeaths: %s\ntwo people at once: %d times; inputs that came again after the row had forgotten them: %d", n, all.ends, all.firsts, told(all.deaths), all.doubles, all.forgotten)
	if t.Failed() || n < enough {
		return
	}
	for _, s := range []lockbay.Status{lockbay.Completed, lockbay.Refunded, lockbay.Cancelled, lockbay.PaymentLapsed} {
		if all.ends[s] == 0 || all.firsts[s] == 0 {
			t.Errorf("%d of %d lives, and %d of those whose seller accepts first, end as %s: they are too much alike", all.ends[s], n, all.firsts[s], s)
		}
	}
	if few := rarely(all.deaths, n); few != nil {
		t.Errorf("hosts die too rarely %s", strings.Join(few, ", "))
	}
	if want := int(n / 10); all.doubles < want || all.forgotten < want/4 {
		t.Errorf("of %d lives, two people tapped at once %d times and %d inputs were forgotten: too few", n, all.doubles, all.forgotten)
	}
}

// Lives at once, and how many of them have to show all that lives can be.
const (
	atOnce = 4
	enough = 100
)

// lived sums up lives.
type lived struct {
	mu                 sync.Mutex
	ends, firsts       map[lockbay.Status]int // firsts: of deals whose seller accepts first
	deaths             map[point]int
	doubles, forgotten int
}

func (s *lived) add(l *life, end lockbay.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[end]++
	if l.e.Window > 0 {
		s.firsts[end]++
	}
	for at, n := range l.deaths {
		s.deaths[at] += n
	}
	s.doubles += l.doubles
	s.forgotten += l.forgotten
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
	deaths map[point]int
	jump   atomic.Int64 // nanoseconds by which all clocks are off
	late   []sent
	acts   map[string]lockbay.Act // of an input's id: what it tells the desk's books
	n      int
	shows  int

	doubles   int // two people tapped at once
	forgotten int // an input came again that the row did not remember

	came, left int64 // by what the desk was told
}

func begunLife(t *testing.T, seed uint64) *life {
	l := &life{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 5)), deaths: map[point]int{}, acts: map[string]lockbay.Act{}}
	l.store = &audit{Memory: dialog.NewMemory(), t: t, now: l.now}
	l.store.SetNow(l.now)
	l.flow = deal.New(deal.Config{RefKey: []byte("key"), SeatKey: []byte("seats"), Bot: func() string { return "bay_bot" }, Operators: []string{clerk}, Desk: chatWith(clerk)})
	l.store.flow = l.flow
	l.e = escrow()
	if seed%2 == 1 {
		l.e.Times = lockbay.Times{Accept: 1 + l.r.IntN(3000), Late: 1 + l.r.IntN(6000), Inspection: 1 + l.r.IntN(6000), Decision: 1 + l.r.IntN(3000)}
	}
	l.e.Created, l.e.Expires = l.now().UnixMilli(), l.now().Add(time.Hour).UnixMilli()
	if l.r.IntN(3) == 0 {
		l.e.WaitForSeller()
	}
	for i := range l.hosts {
		l.hosts[i] = &host{}
		l.boot(i)
	}
	l.bring(dialog.Input{Kind: dialog.KindText, Text: "open", Owner: buyer, Place: chatWith(buyer)})
	if l.r.IntN(8) > 0 {
		l.come()
	}
	l.doom(l.hosts[l.r.IntN(2)], points()[seed%uint64(len(points()))])
	return l
}

func (l *life) now() time.Time { return time.Now().Add(time.Duration(l.jump.Load())) }

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
			longest, quiet = 8*time.Minute, l.r.IntN(4) > 0
		}
		switch what := l.r.IntN(14); {
		case what < 4 && !quiet:
			l.tap()
		case what < 8:
			l.act()
		case what == 8:
			l.mishap()
		case what == 9:
			l.again()
		case what == 10 && l.r.IntN(4) == 0:
			l.come()
		default:
			l.pass(time.Duration(l.r.Int64N(int64(longest))))
		}
		if l.t.Failed() {
			l.t.Fatalf("seed %d", l.seed)
		}
	}
}

// doom lets a host die at the next call of this kind.
func (l *life) doom(h *host, at point) { h.death.Store(&at) }

// mishap: a host is to die at a call that it makes, or cannot reach it, or all clocks jump.
func (l *life) mishap() {
	h := l.hosts[l.r.IntN(2)]
	switch l.r.IntN(4) {
	case 0, 1:
		l.doom(h, points()[l.r.IntN(len(points()))])
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
	if l.r.IntN(2) == 0 { // all of it comes at last
		l.order(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true})
	}
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

// turn turns the clock of the life, which is in a bubble of testing/synctest.
func turn(d time.Duration) { time.Sleep(d) }

// briefly is a context that ends after a second of that clock.
func briefly() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Second)
}
