package dialog

import (
	"context"
	"testing"
	"time"
)

// The sweeper notices the death of an instance that kept its slot, once the lease has
// ended and the list was read again.
func TestPeers(t *testing.T) {
	ctx := context.Background()
	store := NewMemory()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store.SetNow(func() time.Time { return now })
	join := func(name string) *peers {
		return &peers{e: &Engine{cfg: Config{Bot: "bot", Instance: name, Now: func() time.Time { return now }}.withDefaults(), store: store}}
	}
	a, b := join("a.1"), join("b.1")
	for _, p := range []*peers{a, b} {
		if err := p.stay(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if a.own.name != "instance:bot:0" || b.own.name != "instance:bot:1" {
		t.Fatalf("slots %q and %q, want 0 and 1", a.own.name, b.own.name)
	}
	if a.departed(ctx) {
		t.Fatal("nobody has gone")
	}
	gone := false
	for range 10 { // b says nothing more; its cards wait no longer than ten seconds
		now = now.Add(time.Second)
		if err := a.stay(ctx); err != nil {
			t.Fatal(err)
		}
		if a.departed(ctx) {
			gone = true
			break
		}
	}
	if !gone {
		t.Fatal("b is dead and nobody noticed")
	}
	for range 12 {
		now = now.Add(time.Second)
		if a.departed(ctx) {
			t.Fatal("noticed twice")
		}
		if err := a.stay(ctx); err != nil {
			t.Fatal(err)
		}
	}
	c := join("c.1")
	if err := c.stay(ctx); err != nil || c.own.name != "instance:bot:1" {
		t.Fatalf("slot %q, %v: want the free one", c.own.name, err)
	}
}

// The end of an instance is noticed although another instance has taken its slot, and
// although lower slots are free.
func TestPeersFollowed(t *testing.T) {
	ctx := context.Background()
	store := NewMemory()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store.SetNow(func() time.Time { return now })
	all := map[string]*peers{}
	stay := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if all[name] == nil {
				all[name] = &peers{e: &Engine{cfg: Config{Bot: "bot", Instance: name, Now: func() time.Time { return now }}.withDefaults(), store: store}}
			}
			if err := all[name].stay(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	departed := func(want bool) {
		t.Helper()
		now = now.Add(peerEvery)
		if got := all["d.1"].departed(ctx); got != want {
			t.Fatalf("departed: %v, want %v", got, want)
		}
	}
	stay("a.1", "b.1", "c.1", "d.1")
	departed(false)
	all["a.1"].leave(ctx)
	stay("e.1", "b.1", "c.1", "d.1")
	departed(true)
	stay("e.1", "b.1", "c.1", "d.1")
	departed(false)
	all["e.1"].leave(ctx)
	all["b.1"].leave(ctx)
	stay("c.1", "d.1")
	departed(true)
	stay("c.1", "d.1")
	departed(false)
	all["c.1"].leave(ctx)
	stay("d.1")
	departed(true)
	stay("d.1")
	departed(false)
}

// A record of an instance that has gone means a restart, whatever the name of the new
// process; a record of a running one means another instance.
func TestCauseByPeers(t *testing.T) {
	ctx := context.Background()
	store := &leaseCounter{Memory: NewMemory(), by: map[string]int{}}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store.SetNow(func() time.Time { return now })
	join := func(name string) *Engine {
		return &Engine{cfg: Config{Bot: "bot", Instance: name, Now: func() time.Time { return now }}.withDefaults(), store: store}
	}
	cause := func(e *Engine, by string, want Cause) {
		t.Helper()
		if got := e.causeOf(ctx, &Record{By: by}, &Input{}, false); got != want {
			t.Errorf("%s reads what %s wrote: %s, want %s", e.cfg.Instance, by, got, want)
		}
	}
	old, fresh, other := join("pod-a.1"), join("pod-b.1"), join("pod-c.1")
	cause(fresh, "pod-a.1", CauseInstance) // does not run: knows of nobody
	runs := map[*Engine]*sweeper{old: newSweeper(old), fresh: newSweeper(fresh), other: newSweeper(other)}
	live := func(all ...*Engine) {
		t.Helper()
		for _, e := range all {
			if err := runs[e].peers.stay(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 60 {
		live(old, fresh, other)
		cause(fresh, "pod-a.1", CauseInstance)
		cause(fresh, "pod-b.0", CauseRestart) // by its name
		cause(fresh, "", CauseInstance)       // nobody knows who
		now = now.Add(time.Second)
	}
	if store.looks > 31 {
		t.Errorf("asked %d times in a minute", store.looks)
	}
	runs[old].leave(ctx) // a rolling update
	now = now.Add(peerEvery)
	live(fresh, other)
	cause(fresh, "pod-a.1", CauseRestart)
	cause(fresh, "pod-c.1", CauseInstance)
	now = now.Add(leaseFor) // other is killed
	live(fresh)
	cause(fresh, "pod-c.1", CauseRestart)
	cause(fresh, "pod-b.1", CauseEviction)
}

// A lease is extended when it is time, and not at each call. Within ten seconds of its
// holder's silence another instance has it, and the former holder finds out.
func TestLeaseIsExtended(t *testing.T) {
	ctx := context.Background()
	store := &leaseCounter{Memory: NewMemory(), by: map[string]int{}}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store.SetNow(func() time.Time { return now })
	apply := func(name string, clock func() time.Time) *lease {
		return &lease{e: &Engine{cfg: Config{Bot: "bot", Instance: name, Now: clock}.withDefaults(), store: store}, name: "sweeper"}
	}
	local := now
	a, b := apply("a.1", func() time.Time { return local }), apply("b.1", func() time.Time { return now })
	keep := func(who *lease, want bool) {
		t.Helper()
		if got, err := who.keep(ctx); err != nil || got != want {
			t.Fatalf("%s at %s: %v, %v, want %v", who.e.cfg.Instance, now.Format("04:05"), got, err, want)
		}
	}
	for range 60 {
		keep(a, true)
		keep(b, false)
		now, local = now.Add(time.Second), local.Add(time.Second)
	}
	if n := store.by["a.1"]; n < 20 || n > 30 {
		t.Errorf("extended %d times in a minute", n)
	}
	local = local.Add(-3 * time.Hour) // its clock is set back: that makes its lease no longer
	keep(a, true)
	now = now.Add(7 * time.Second)
	keep(b, false)
	now = now.Add(time.Second)
	keep(b, true)
	local = local.Add(8 * time.Second)
	keep(a, false)
	b.release(ctx)
	keep(a, true)
}

// leaseCounter counts who asks for leases, and how often somebody looks.
type leaseCounter struct {
	*Memory
	by    map[string]int
	looks int
}

func (s *leaseCounter) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	s.by[holder]++
	return s.Memory.Lease(ctx, name, holder, ttl)
}

func (s *leaseCounter) Holders(ctx context.Context, prefix string) (map[string]string, error) {
	s.looks++
	return s.Memory.Holders(ctx, prefix)
}

// An instance that still runs has not ended: the next one of its host waits for its end, and then says no cause. The last
// of several that stop says so.
func TestUpBesideAnInstanceOfItsHost(t *testing.T) {
	clock := newHandClock()
	store := NewMemory()
	store.SetNow(clock.now)
	type life struct {
		startup
		peers *peers
	}
	begin := func(instance string) *life {
		e, err := New(store, Config{Instance: instance, Now: clock.now}, silent{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close(context.Background()) })
		return &life{startup{e: e, at: clock.now()}, &peers{e: e}}
	}
	pass := func(d time.Duration, lives ...*life) {
		t.Helper()
		for end := clock.now().Add(d); ; clock.advance(time.Second) {
			for _, l := range lives {
				l.log(t.Context(), false)
				if err := l.peers.stay(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if !clock.now().Before(end) {
				return
			}
		}
	}
	says := func(l *life, up bool, cause string) {
		t.Helper()
		if l.logged != up || l.cause != cause {
			t.Fatalf("%s logged %v, cause %q; want %v, %q", l.e.cfg.Instance, l.logged, l.cause, up, cause)
		}
	}
	stop := func(l *life) {
		l.log(t.Context(), true)
		l.peers.leave(t.Context())
		l.end(t.Context())
	}
	a := begin("host.1")
	pass(0, a)
	says(a, true, "")
	b := begin("host.2")
	pass(leaseFor, a, b)
	says(b, false, "")
	pass(2*time.Second, a, b)
	says(b, true, "")
	stop(a)
	pass(time.Hour, b) // and b is killed
	c := begin("host.3")
	pass(0, c)
	says(c, false, "")
	pass(leaseFor, c)
	says(c, true, endedByCrash)
	d := begin("host.4")
	pass(0, c, d)
	stop(d) // before it knows
	says(d, true, "")
	stop(c)
	e := begin("host.5")
	pass(0, e)
	says(e, true, endedByStop)
}
