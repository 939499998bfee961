package redisdrafts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
	"github.com/lockbay/lockbay/internal/testdb"
)

// bound is how long a call may take where 50 ms are allowed, on a busy machine.
const bound = 100 * time.Millisecond

// within makes a call that must fail as unavailable within d.
func within(t *testing.T, d time.Duration, call func() error) {
	t.Helper()
	began := time.Now()
	err := call()
	if took := time.Since(began); took > d {
		t.Errorf("took %v, at most %v", took, d)
	}
	if !errors.Is(err, dialog.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// recovers waits until calls succeed again.
func recovers(t *testing.T, s *redisdrafts.Store, d time.Duration) {
	t.Helper()
	began := time.Now()
	for {
		_, err := s.Get(t.Context(), name)
		if err == nil || errors.Is(err, dialog.ErrNotFound) {
			return
		}
		if time.Since(began) > d {
			t.Fatalf("not recovered within %v: %v", d, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

var quick = redisdrafts.Options{Breaker: redisdrafts.Breaker{Failures: 4, OpenFor: 200 * time.Millisecond}}

func TestHung(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	s := open(t, "redis://"+proxy.Addr(), quick)
	ready(t, s)
	recovers(t, s, time.Second)
	put(t, s, name, 1, "x")
	for _, fresh := range []bool{false, true} { // open connections that hang, and new ones
		proxy.Hang(true)
		if fresh {
			proxy.Cut()
		}
		within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
		within(t, bound, func() error { return s.Put(t.Context(), name, 2, []byte("y"), time.Hour) })
		within(t, bound, func() error { return s.Put(t.Context(), name, 0, []byte("y"), time.Hour) })
		within(t, bound, func() error { return s.Delete(t.Context(), name+"other") })
		if s.State() != "open" {
			t.Errorf("breaker is %s after four calls without an answer", s.State())
		}
		began := time.Now()
		for range 1000 {
			within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
		}
		if took := time.Since(began); took > 150*time.Millisecond {
			t.Errorf("1000 calls took %v while the breaker is open", took)
		}
		proxy.Hang(false)
		recovers(t, s, time.Second)
		// A write that nobody waited for may have come or not.
		if b, err := s.Get(t.Context(), name); err != nil || string(b) != "x" && string(b) != "y" {
			t.Errorf("got %q, %v", b, err)
		}
	}
}

// TestHungBeside: two hundred at once each end in time.
func TestHungBeside(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	o := quick
	o.Breaker.Failures = 1 << 30
	s := open(t, "redis://"+proxy.Addr(), o)
	ready(t, s)
	for _, cut := range []bool{false, true} {
		proxy.Hang(true)
		if cut {
			proxy.Cut()
		}
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				within(t, 2*bound, func() error { _, err := s.Get(t.Context(), fmt.Sprint(i)); return err })
			})
		}
		all.Wait()
		proxy.Hang(false)
		recovers(t, s, 2*time.Second)
	}
	proxy.Hang(true)
	began := time.Now()
	if _ = s.Close(); time.Since(began) > 2*bound {
		t.Errorf("Close took %v", time.Since(began))
	}
}

// TestHungOnArrival: a connection that is made at the very end of a call's time
// to a server that hangs is not waited for by others.
func TestHungOnArrival(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	o := quick
	o.Breaker.Failures = 1 << 30
	s := open(t, "redis://"+proxy.Addr(), o)
	ready(t, s)
	proxy.Hang(true)
	var all sync.WaitGroup
	for i := range 400 { // a quarter of a millisecond apart, over two deadlines
		all.Go(func() {
			time.Sleep(time.Duration(i) * 250 * time.Microsecond)
			if i%20 == 0 {
				proxy.Cut()
			}
			within(t, 3*bound, func() error { _, err := s.Get(t.Context(), fmt.Sprint(i)); return err })
		})
	}
	all.Wait()
}

func TestSlow(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	s := open(t, "redis://"+proxy.Addr(), quick)
	ready(t, s)
	proxy.Delay(200 * time.Millisecond)
	for range 4 {
		within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
	}
	proxy.Delay(0)
	recovers(t, s, time.Second)
	in := open(t, "redis://"+proxy.Addr(), patient) // slow, and in time
	ready(t, in)
	proxy.Delay(10 * time.Millisecond)
	for range 20 {
		missing(t, in, name)
	}
}

// TestCutBetween: connections that were lost between two calls hurt nobody.
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
	recovers(t, s, time.Second)
	node.Stop()
	for range 10 {
		within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
	}
	node.Start()
	recovers(t, s, time.Second)
}

func TestAwayAtStart(t *testing.T) {
	node := testdb.RedisServer(t)
	node.Stop()
	s := open(t, node.URL(), quick)
	within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	within(t, time.Second, func() error { return s.Ping(ctx) })
	node.Start()
	recovers(t, s, 2*time.Second)
	put(t, s, name, 1, "x")
	want(t, s, name, "x")
}

// TestHungAtStart: a server that accepts and never answers.
func TestHungAtStart(t *testing.T) {
	for _, scheme := range []string{"redis://%s", "redis-cluster://%s", "redis-sentinel://%s/main"} {
		proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
		proxy.Hang(true)
		s := open(t, fmt.Sprintf(scheme, proxy.Addr()), quick)
		within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
		within(t, bound, func() error { return s.Put(t.Context(), name, 1, nil, time.Hour) })
		began := time.Now()
		if _ = s.Close(); time.Since(began) > bound {
			t.Errorf("Close took %v", time.Since(began))
		}
		within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
	}
}

func TestBreakerHalfOpen(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	s := open(t, "redis://"+proxy.Addr(), quick)
	ready(t, s)
	proxy.Hang(true)
	for range 4 {
		within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
	}
	time.Sleep(220 * time.Millisecond)
	if s.State() != "half-open" {
		t.Fatalf("breaker is %s", s.State())
	}
	// One probe waits; the others end at once, and as unavailable too.
	var all sync.WaitGroup
	var mu sync.Mutex
	waited := 0
	for range 20 {
		all.Go(func() {
			began := time.Now()
			_, err := s.Get(t.Context(), name)
			if !errors.Is(err, dialog.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
			if time.Since(began) > 40*time.Millisecond {
				mu.Lock()
				waited++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if waited != 1 || s.State() != "open" {
		t.Errorf("%d waited, breaker is %s", waited, s.State())
	}
	proxy.Hang(false)
	time.Sleep(220 * time.Millisecond)
	missing(t, s, name)
	if s.State() != "closed" {
		t.Errorf("breaker is %s", s.State())
	}
}

// TestCallersWhoGo are no failures of Redis.
func TestCallersWhoGo(t *testing.T) {
	proxy := testdb.Proxy(t, testdb.RedisServer(t).Addr())
	s := open(t, "redis://"+proxy.Addr(), quick)
	ready(t, s)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		within(t, bound, func() error { _, err := s.Get(gone, name); return err })
		if _, err := s.Get(gone, name); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
	proxy.Delay(20 * time.Millisecond)
	for range 20 {
		hurried, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		within(t, bound, func() error { _, err := s.Get(hurried, name); return err })
		cancel()
	}
	proxy.Delay(0)
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
	o := quick
	o.Breaker.Failures = 1 << 30 // every call is tried
	s := open(t, "redis-cluster://"+strings.Join(addrs, ","), o)
	ready(t, s)
	for i := range 30 {
		put(t, s, fmt.Sprintf("{%d}", i), 1, "x")
	}
	nodes[1].Freeze()
	frozen := 0
	for i := range 30 {
		began := time.Now()
		_, err := s.Get(t.Context(), fmt.Sprintf("{%d}", i))
		if took := time.Since(began); took > bound {
			t.Errorf("took %v", took)
		}
		if err != nil {
			frozen++
		}
	}
	if frozen == 0 || frozen > 25 {
		t.Errorf("%d of 30 failed while one of three nodes is frozen", frozen)
	}
	for _, n := range []int{0, 2} {
		nodes[n].Freeze()
	}
	for i := range 10 {
		within(t, bound, func() error { _, err := s.Get(t.Context(), fmt.Sprintf("{%d}", i)); return err })
	}
	for _, n := range nodes {
		n.Thaw()
	}
	recovers(t, s, 15*time.Second)
	deadline := time.Now().Add(15 * time.Second)
	for i := 0; i < 30; i++ {
		if _, err := s.Get(t.Context(), fmt.Sprintf("{%d}", i)); err != nil {
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
			i--
		}
	}
}

// TestClusterMoves a slot while it is used: MOVED, and nothing else is seen.
func TestClusterMoves(t *testing.T) {
	nodes := testdb.RedisClusterNodes(t)
	s := open(t, "redis-cluster://"+nodes[0].Addr(), patient)
	ready(t, s)
	put(t, s, name, 3, "x")
	slot := nodes[0].Do("CLUSTER", "KEYSLOT", "escrow_draft:"+name)
	if got := nodes[0].Do("CLUSTER", "KEYSLOT", "escrow_draft:"+name+":00000000000000ff"); got != slot {
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
	from.Do("MIGRATE", host, port, "", "0", "5000", "KEYS", "escrow_draft:"+name)
	want(t, s, name, "x")       // ASK
	put(t, s, name, 2, "older") // the script follows, and still refuses
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
	recovers(t, s, time.Second)
	put(t, s, name, 1, "x")
	watched.Nodes[0].Do("WAIT", "1", "1000")
	watched.Nodes[0].Stop()
	within(t, bound, func() error { _, err := s.Get(t.Context(), name); return err })
	watched.AwaitFailover()
	recovers(t, s, 10*time.Second)
	want(t, s, name, "x")
	deadline := time.Now().Add(10 * time.Second)
	for s.Put(t.Context(), name, 2, []byte("y"), time.Hour) != nil {
		if time.Now().After(deadline) {
			t.Fatal("no write after the failover")
		}
		time.Sleep(20 * time.Millisecond)
	}
	want(t, s, name, "y")
}
