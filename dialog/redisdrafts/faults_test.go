package redisdrafts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
	"github.com/lockbay/lockbay/internal/testdb"
)

// bound is the longest duration of a call with a timeout of 50 ms.
const bound = 250 * time.Millisecond

// slowest makes calls one after another, wants ErrUnavailable from each, and
// returns the longest duration.
func slowest(t *testing.T, calls ...func() error) (most time.Duration) {
	t.Helper()
	for _, call := range calls {
		began := time.Now()
		if err := call(); !errors.Is(err, dialog.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		most = max(most, time.Since(began))
	}
	return most
}

// wakes is how often a call waits for its turn on the processor, at most.
const wakes = 8

// inTime wants the duration that do returns to be within the bound. A round that the
// lateness of the machine explains, at each wake of the call, is repeated, for as long as
// there is patience.
func inTime(t *testing.T, do func() time.Duration) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		stalled := stalls()
		took, late := do(), stalled()
		switch {
		case took <= bound:
			return
		case late < bound/5 && took > bound+wakes*late:
			t.Errorf("took %v, at most %v, on a machine late by %v", took, bound, late)
			return
		case time.Now().After(end):
			t.Logf("took %v; the machine is too busy to tell, late by %v", took, late)
			return
		}
	}
}

// stalls measures how late goroutines wake up, until worst is called.
func stalls() (worst func() time.Duration) {
	const each = 5 * time.Millisecond
	stop, most := make(chan struct{}), make(chan time.Duration)
	go func() {
		var late time.Duration
		for {
			began := time.Now()
			select {
			case <-stop:
				most <- late
				return
			case <-time.After(each):
				late = max(late, time.Since(began)-each)
			}
		}
	}()
	return func() time.Duration { close(stop); return <-most }
}

// broken runs do while the server is broken, and wants the store to recover
// afterwards.
func broken(t *testing.T, s *redisdrafts.Store, breaks, mends func(), do func() time.Duration) func() time.Duration {
	return func() time.Duration {
		t.Helper()
		breaks()
		took := do()
		mends()
		recovers(t, s)
		return took
	}
}

// recovers waits until calls succeed again.
func recovers(t *testing.T, s *redisdrafts.Store) {
	t.Helper()
	soon(t, "calls succeed", func() bool {
		_, err := s.Get(t.Context(), name)
		return err == nil || errors.Is(err, dialog.ErrNotFound)
	})
}

// written waits until a value is put.
func written(t *testing.T, s *redisdrafts.Store, name, value string) {
	t.Helper()
	soon(t, "a value is put", func() bool { return s.Put(t.Context(), name, 1, []byte(value), time.Hour) == nil })
}

// holds waits until a value is read.
func holds(t *testing.T, s *redisdrafts.Store, name string) (value string) {
	t.Helper()
	soon(t, "a value is read", func() bool {
		b, err := s.Get(t.Context(), name)
		value = string(b)
		return err == nil
	})
	return value
}

var quick = redisdrafts.Options{Breaker: redisdrafts.Breaker{Failures: 4, OpenFor: 200 * time.Millisecond}}

func TestHung(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	s := open(t, "redis://"+proxy.Addr(), quick)
	ready(t, s)
	written(t, s, name, "x")
	for _, cut := range []bool{false, true} { // open connections that hang, and new ones
		breaks := func() {
			proxy.Hang(true)
			if cut {
				proxy.Cut()
			}
		}
		inTime(t, broken(t, s, breaks, func() { proxy.Hang(false) }, func() time.Duration {
			return slowest(t,
				func() error { _, err := s.Get(t.Context(), name); return err },
				func() error { return s.Put(t.Context(), name, 2, []byte("y"), time.Hour) },
				func() error { return s.Put(t.Context(), name, 0, []byte("y"), time.Hour) },
				func() error { return s.Delete(t.Context(), name+"other") })
		}))
		// A write whose caller gave up may have arrived.
		if got := holds(t, s, name); got != "x" && got != "y" {
			t.Errorf("got %q", got)
		}
	}
}

// TestHungBeside: each of two hundred concurrent calls ends in time.
func TestHungBeside(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	o := quick
	o.Breaker.Failures = 1 << 30
	s := open(t, "redis://"+proxy.Addr(), o)
	ready(t, s)
	for _, cut := range []bool{false, true} {
		breaks := func() {
			proxy.Hang(true)
			if cut {
				proxy.Cut()
			}
		}
		inTime(t, broken(t, s, breaks, func() { proxy.Hang(false) }, func() time.Duration {
			return beside(200, func(i int) time.Duration {
				return slowest(t, func() error { _, err := s.Get(t.Context(), fmt.Sprint(i)); return err })
			})
		}))
	}
	inTime(t, func() time.Duration {
		s := open(t, "redis://"+proxy.Addr(), o)
		ready(t, s)
		proxy.Hang(true)
		defer proxy.Hang(false)
		began := time.Now()
		_ = s.Close()
		return time.Since(began)
	})
}

// beside runs many calls at once and returns the longest duration.
func beside(many int, do func(i int) time.Duration) (most time.Duration) {
	took := make([]time.Duration, many)
	var all sync.WaitGroup
	for i := range took {
		all.Go(func() { took[i] = do(i) })
	}
	all.Wait()
	return slices.Max(took)
}

// TestHungOnArrival: a connection made to a hung server at the end of a call's
// time delays no other call.
func TestHungOnArrival(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	o := quick
	o.Breaker.Failures = 1 << 30
	s := open(t, "redis://"+proxy.Addr(), o)
	ready(t, s)
	inTime(t, broken(t, s, func() { proxy.Hang(true) }, func() { proxy.Hang(false) }, func() time.Duration {
		return beside(400, func(i int) time.Duration {
			<-time.After(time.Duration(i) * 250 * time.Microsecond) // spread over two deadlines
			if i%20 == 0 {
				proxy.Cut()
			}
			return slowest(t, func() error { _, err := s.Get(t.Context(), fmt.Sprint(i)); return err })
		})
	}))
}

func TestSlow(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	s := open(t, "redis://"+proxy.Addr(), quick)
	ready(t, s)
	get := func() error { _, err := s.Get(t.Context(), name); return err }
	inTime(t, broken(t, s, func() { proxy.Delay(2 * bound) }, func() { proxy.Delay(0) }, func() time.Duration {
		return slowest(t, get, get, get, get)
	}))
	in := open(t, "redis://"+proxy.Addr(), patient) // slow, and in time
	ready(t, in)
	proxy.Delay(10 * time.Millisecond)
	for range 20 {
		missing(t, in, name)
	}
}

// TestCutBetween: connections lost between two calls fail no call.
func TestCutBetween(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	s := open(t, "redis://"+proxy.Addr(), patient)
	ready(t, s)
	for i := range 20 {
		put(t, s, name, int64(i+1), fmt.Sprint(i))
		proxy.Cut()
		want(t, s, name, fmt.Sprint(i))
		proxy.Cut()
	}
}

func TestStopped(t *testing.T) {
	node := testdb.RedisServer(t)
	s := open(t, node.URL(), quick)
	get := func() error { _, err := s.Get(t.Context(), name); return err }
	recovers(t, s)
	inTime(t, broken(t, s, node.Stop, node.Start, func() time.Duration { return slowest(t, slices.Repeat([]func() error{get}, 10)...) }))
}

func TestAwayAtStart(t *testing.T) {
	node := testdb.RedisServer(t)
	node.Stop()
	var s *redisdrafts.Store
	inTime(t, func() time.Duration {
		s = open(t, node.URL(), quick)
		return slowest(t, func() error { _, err := s.Get(t.Context(), name); return err })
	})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	slowest(t, func() error { return s.Ping(ctx) })
	node.Start()
	written(t, s, name, "x")
	if got := holds(t, s, name); got != "x" {
		t.Errorf("got %q", got)
	}
}

// TestHungAtStart starts with a server that accepts and never answers.
func TestHungAtStart(t *testing.T) {
	for _, scheme := range []string{"redis://%s", "redis-cluster://%s", "redis-sentinel://%s/main"} {
		proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
		proxy.Hang(true)
		inTime(t, func() time.Duration {
			s := open(t, fmt.Sprintf(scheme, proxy.Addr()), quick)
			get := func() error { _, err := s.Get(t.Context(), name); return err }
			took := slowest(t, get, func() error { return s.Put(t.Context(), name, 1, nil, time.Hour) })
			began := time.Now()
			_ = s.Close()
			return max(took, time.Since(began), slowest(t, get))
		})
	}
}

// TestBreaker: an open breaker fails every call at once, then lets one probe
// through. A call that reached the server would last for the test's patience.
func TestBreaker(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	o := quick
	o.Timeout = 2 * patience
	s := open(t, "redis://"+proxy.Addr(), o)
	ready(t, s)
	get := func() error { _, err := s.Get(t.Context(), name); return err }
	state := func(want string) {
		t.Helper()
		soon(t, "the breaker is "+want, func() bool { return s.State() == want })
	}
	fail := func() { // quickly
		proxy.Refuse(true)
		slowest(t, get, get, get, get)
		proxy.Refuse(false)
		proxy.Hang(true)
	}
	shut := o
	shut.Breaker.OpenFor = time.Hour
	s = open(t, "redis://"+proxy.Addr(), shut)
	ready(t, s)
	fail()
	if took := slowest(t, slices.Repeat([]func() error{get}, 1000)...); s.State() != "open" || took > patience {
		t.Errorf("the breaker is %s, a call took %v", s.State(), took)
	}
	proxy.Hang(false)

	s = open(t, "redis://"+proxy.Addr(), o)
	ready(t, s)
	fail()
	for _, well := range []bool{false, true} {
		state("half-open")
		ended := make(chan error, 20)
		for range cap(ended) {
			go func() { ended <- get() }()
		}
		for range cap(ended) - 1 {
			if err := <-ended; !errors.Is(err, dialog.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if well {
			proxy.Hang(false)
		} else {
			proxy.Cut()
			proxy.Refuse(true)
		}
		if err := <-ended; errors.Is(err, dialog.ErrNotFound) != well {
			t.Errorf("the probe: %v", err)
		}
		if well {
			state("closed")
			missing(t, s, name)
			break
		}
		proxy.Refuse(false)
	}
}

// TestCallersWhoGo: a cancelled call counts as no failure of Redis.
func TestCallersWhoGo(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	s := open(t, "redis://"+proxy.Addr(), patient)
	ready(t, s)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if _, err := s.Get(gone, name); !errors.Is(err, context.Canceled) || !errors.Is(err, dialog.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
	}
	proxy.Hang(true) // no answer can be quicker than the caller's deadline
	for range 20 {
		hurried, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		slowest(t, func() error { _, err := s.Get(hurried, name); return err })
		cancel()
	}
	proxy.Hang(false)
	if s.State() != "closed" {
		t.Errorf("breaker is %s", s.State())
	}
	missing(t, s, name)
}

func TestClusterFrozen(t *testing.T) {
	nodes := testdb.RedisClusterNodes(t)
	var addrs []string
	for _, n := range nodes {
		addrs = append(addrs, n.Addr())
	}
	s := open(t, "redis-cluster://"+strings.Join(addrs, ","), quick)
	ready(t, s)
	key := func(i int) string { return fmt.Sprintf("{%d}", i) }
	whole := func() {
		for i := range 30 {
			holds(t, s, key(i))
		}
	}
	for i := range 30 {
		written(t, s, key(i), "x")
	}
	o := quick
	o.Breaker.Failures = 1 << 30 // every call is tried
	s = open(t, "redis-cluster://"+strings.Join(addrs, ","), o)
	ready(t, s)
	inTime(t, func() (most time.Duration) { // some fail while one of three nodes is frozen
		whole()
		nodes[1].Freeze()
		defer nodes[1].Thaw()
		frozen := 0
		for i := range 30 {
			began := time.Now()
			if _, err := s.Get(t.Context(), key(i)); err != nil {
				frozen++
			}
			most = max(most, time.Since(began))
		}
		if frozen == 0 {
			t.Error("none failed")
		}
		if frozen > 25 { // those of the other nodes came too late
			most += bound
		}
		return most
	})
	whole()
	each := func(do func(*testdb.RedisNode)) func() {
		return func() {
			for _, n := range nodes {
				do(n)
			}
		}
	}
	inTime(t, broken(t, s, each((*testdb.RedisNode).Freeze), each((*testdb.RedisNode).Thaw), func() (most time.Duration) {
		for i := range 10 {
			most = max(most, slowest(t, func() error { _, err := s.Get(t.Context(), key(i)); return err }))
		}
		return most
	}))
	whole()
}

// TestClusterMoves moves a slot during use. Callers see no difference.
func TestClusterMoves(t *testing.T) {
	nodes := testdb.RedisClusterNodes(t)
	s := open(t, "redis-cluster://"+nodes[0].Addr(), patient)
	ready(t, s)
	put(t, s, name, 3, "x")
	slot := nodes[0].Do("CLUSTER", "KEYSLOT", "draft:"+name)
	if got := nodes[0].Do("CLUSTER", "KEYSLOT", "draft:"+name+":00000000000000ff"); got != slot {
		t.Fatalf("copy and draft lie in slots %s and %s", slot, got)
	}
	var from, to *testdb.RedisNode
	for _, n := range nodes {
		if n.Do("CLUSTER", "COUNTKEYSINSLOT", slot) == "1" {
			from = n
		} else {
			to = n
		}
	}
	id := to.Do("CLUSTER", "MYID")
	to.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", from.Do("CLUSTER", "MYID"))
	from.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", id)
	host, port, _ := strings.Cut(to.Addr(), ":")
	from.Do("MIGRATE", host, port, "", "0", "60000", "KEYS", "draft:"+name)
	want(t, s, name, "x")       // ASK
	put(t, s, name, 2, "older") // the script follows, and still rejects
	want(t, s, name, "x")
	for _, n := range []*testdb.RedisNode{to, from} {
		n.Do("CLUSTER", "SETSLOT", slot, "NODE", id)
	}
	want(t, s, name, "x") // MOVED
	put(t, s, name, 4, "y")
	want(t, s, name, "y")
}

func TestSentinelFailsOver(t *testing.T) {
	watched := testdb.RedisSentinel(t)
	s := open(t, "redis-sentinel://"+watched.Addr()+"/"+testdb.SentinelMaster, quick)
	ready(t, s)
	written(t, s, name, "x")
	watched.Nodes[0].Do("WAIT", "1", "60000")
	watched.Nodes[0].Stop()
	slowest(t, func() error { _, err := s.Get(t.Context(), name); return err })
	watched.AwaitFailover()
	if got := holds(t, s, name); got != "x" {
		t.Errorf("got %q", got)
	}
	soon(t, "a write after the failover", func() bool { return s.Put(t.Context(), name, 2, []byte("y"), time.Hour) == nil })
	if got := holds(t, s, name); got != "y" {
		t.Errorf("got %q", got)
	}
}
