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
	for range 12 { // b says nothing more
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
