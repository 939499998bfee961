package dialog

import (
	"context"
	"testing"
	"time"
)

// An instance that dies without giving its slot back is noticed by the sweeper
// within its lease and a question; one that was never there is not.
func TestPeers(t *testing.T) {
	ctx := context.Background()
	store := NewMemory()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store.SetNow(func() time.Time { return now })
	join := func(name string) *peers {
		e := &Engine{cfg: Config{Bot: "bot", Instance: name, Now: func() time.Time { return now }}.withDefaults(), store: store}
		return &peers{e: e, slot: -1, held: map[int]bool{}}
	}
	a, b := join("a.1"), join("b.1")
	for _, p := range []*peers{a, b} {
		if err := p.stay(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if a.slot != 0 || b.slot != 1 {
		t.Fatalf("slots %d and %d, want 0 and 1", a.slot, b.slot)
	}
	if a.fallen(ctx) {
		t.Fatal("nobody has gone")
	}
	gone := false
	for range 10 { // b says nothing more; its cards wait no longer than ten seconds
		now = now.Add(time.Second)
		if err := a.stay(ctx); err != nil {
			t.Fatal(err)
		}
		if a.fallen(ctx) {
			gone = true
			break
		}
	}
	if !gone {
		t.Fatal("b is dead and nobody noticed")
	}
	for range 12 {
		now = now.Add(time.Second)
		if a.fallen(ctx) {
			t.Fatal("noticed twice")
		}
		if err := a.stay(ctx); err != nil {
			t.Fatal(err)
		}
	}
	c := join("c.1")
	if err := c.stay(ctx); err != nil || c.slot != 1 {
		t.Fatalf("slot %d, %v: want the free one", c.slot, err)
	}
}

// A lease is extended in time, not each time; when its holder is silent another
// has it within ten seconds, and a holder who was away finds out.
func TestTenure(t *testing.T) {
	ctx := context.Background()
	store := &leaseCounter{Memory: NewMemory(), by: map[string]int{}}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store.SetNow(func() time.Time { return now })
	apply := func(name string, clock func() time.Time) *tenure {
		return &tenure{e: &Engine{cfg: Config{Bot: "bot", Instance: name, Now: clock}.withDefaults(), store: store}, name: "sweeper"}
	}
	local := now
	a, b := apply("a.1", func() time.Time { return local }), apply("b.1", func() time.Time { return now })
	keep := func(who *tenure, want bool) {
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
	b.give(ctx)
	keep(a, true)
}

// leaseCounter counts who asks for leases.
type leaseCounter struct {
	*Memory
	by map[string]int
}

func (s *leaseCounter) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	s.by[holder]++
	return s.Memory.Lease(ctx, name, holder, ttl)
}
