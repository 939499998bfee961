package dialogtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// The parts of TestStore about leases, secrets and events.

// leaseSetter is a store in which a test can write any lease.
type leaseSetter interface {
	SetLease(t testing.TB, name, holder string, until time.Time)
}

func testLeases(t *storeTest) {
	for _, part := range []func(*storeTest){testLeaseHolders, testLeaseEnds, testLeaseOfAnotherTime, testLeaseRace} {
		part(t)
	}
}

// lease asks for a lease, and wants this answer.
func (t *storeTest) lease(name, holder string, ttl time.Duration, want bool) {
	t.Helper()
	if got, err := t.s.Lease(context.Background(), name, holder, ttl); err != nil || got != want {
		t.Fatalf("Lease %s for %s, %v: %v, %v, want %v", name, holder, ttl, got, err, want)
	}
}

// holders wants these holders of the leases with this prefix.
func (t *storeTest) holders(prefix string, want map[string]string) {
	t.Helper()
	if got, err := t.s.Holders(context.Background(), prefix); err != nil || !maps.Equal(got, want) {
		t.Fatalf("Holders of %q: %v, %v, want %v", prefix, got, err, want)
	}
}

func testLeaseHolders(t *storeTest) {
	t.lease("poller", "a", time.Hour, true)
	t.lease("poller", "a", time.Hour, true) // extended
	t.lease("poller", "b", time.Hour, false)
	t.lease("poller", "b", 0, false) // not b's to give back
	t.lease("poller", "b", time.Hour, false)
	t.lease("sweeper", "b", time.Hour, true) // another name
	t.lease("nobody's", "c", 0, false)
	t.lease("slot_1:ü", "b", time.Hour, true)
	t.lease("slot_%2:ü", "c", time.Hour, true)
	t.lease("slotte", "c", time.Hour, true)
	t.lease("a slot_3", "c", time.Hour, true)
	t.holders("slot_", map[string]string{"slot_1:ü": "b", "slot_%2:ü": "c"})
	t.holders("slot_%", map[string]string{"slot_%2:ü": "c"})
	t.holders("SLOT_", nil)
	t.holders("poller", map[string]string{"poller": "a"})
	t.lease("poller", "a", 0, true)
	t.holders("poller", nil)
	t.lease("poller", "b", time.Hour, true)
	t.lease("poller", "a", 0, false)
	t.lease("poller", "a", time.Hour, false)
}

// A lease ends by itself, on the store's clock.
func testLeaseEnds(t *storeTest) {
	ctx := context.Background()
	const ttl = 100 * time.Millisecond
	began, err := t.s.Now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.lease("short", "a", ttl, true)
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		got, err := t.s.Lease(ctx, "short", "b", time.Hour)
		now, err2 := t.s.Now(ctx)
		if err = errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if got {
			if now.Before(began.Add(ttl - 2*time.Millisecond)) {
				t.Fatalf("taken over after %v of %v", now.Sub(began), ttl)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("a lease that has run out is not given to another")
		}
	}
	t.lease("short", "a", 0, false) // b's now
	t.lease("over", "a", time.Millisecond, true)
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if held, err := t.s.Holders(ctx, "over"); err != nil || time.Now().After(end) {
			t.Fatalf("a lease of a millisecond runs: %v, %v", held, err)
		} else if len(held) == 0 {
			break
		}
	}
	t.lease("over", "b", 0, false)
	t.lease("over", "a", 0, true) // it has run out, and nobody has taken it
	t.lease("over", "a", 0, false)
	t.holders("short", map[string]string{"short": "b"})
	t.lease("short", "a", time.Hour, false)
}

// A lease from before the clock was set back by three hours is free; a lease that ends
// within a minute is held.
func testLeaseOfAnotherTime(t *storeTest) {
	set, ok := t.s.(leaseSetter)
	if !ok {
		t.Fatalf("%T has no SetLease, so a clock that is set back cannot be tried: see TestStore", t.s)
	}
	now, err := t.s.Now(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, holder := range []string{"b", "a"} {
		set.SetLease(t, "ahead", "a", now.Add(3*time.Hour))
		t.holders("ahead", nil)
		t.lease("ahead", holder, 8*time.Second, true)
		t.holders("ahead", map[string]string{"ahead": holder})
		t.lease("ahead", "c", 8*time.Second, false)
	}
	set.SetLease(t, "minute", "a", now.Add(dialog.LeaseMost))
	t.lease("minute", "b", 8*time.Second, false)
	t.holders("minute", map[string]string{"minute": "a"})
	set.SetLease(t, "over", "a", now)
	t.holders("over", nil)
	t.lease("longer", "a", 3*time.Hour, true) // LeaseMost bounds it, so it never counts as one from before
	t.lease("longer", "b", 8*time.Second, false)
}

// One of many callers at once gets the lease.
func testLeaseRace(t *storeTest) {
	var wg sync.WaitGroup
	won := make(chan string, 20)
	for i := range 20 {
		wg.Go(func() {
			holder := fmt.Sprint(i)
			if ok, err := t.s.Lease(context.Background(), "race", holder, time.Hour); err != nil {
				t.Error(err)
			} else if ok {
				won <- holder
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("%d holders of one lease", len(won))
	}
}

func testSecrets(t *storeTest) {
	ctx := context.Background()
	var wg sync.WaitGroup
	got := make([][]byte, 20)
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = t.s.Secret(ctx, "cookies", slices.Repeat([]byte{byte(i), 0, 255}, 10)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range got {
		if len(got[i]) != 30 || !slices.Equal(got[i], got[0]) {
			t.Fatalf("two secrets of one name: %x, %x", got[0], got[i])
		}
	}
	other, err := t.s.Secret(ctx, "webhook", []byte("w"))
	if err != nil || string(other) != "w" {
		t.Fatalf("another name: %q, %v", other, err)
	}
	// Reading stores no secret.
	for range 2 {
		if b, err := t.s.Secret(ctx, "none", nil); !errors.Is(err, dialog.ErrNotFound) || errors.Is(err, dialog.ErrUnavailable) {
			t.Fatalf("look for a secret that is not there: %q, %v", b, err)
		}
	}
	if b, err := t.s.Secret(ctx, "webhook", nil); err != nil || string(b) != "w" {
		t.Fatalf("look for one that is: %q, %v", b, err)
	}
}

func testEvents(t *storeTest) {
	w := create(NewRow(key("a")))
	e := dialog.Event{Kind: dialog.EventRehydrated, Key: w.After.Key.String(), Draft: "d", Step: "amount_input", Mode: "database",
		Variant: "v", Instance: "i", Cause: "restart", Source: "database", Took: 1500 * time.Microsecond, At: epoch}
	w.Events = []dialog.Event{e, {Kind: "asked", At: epoch}}
	t.batch(&dialog.Batch{Writes: []*dialog.Write{w}, Events: []dialog.Event{{Kind: dialog.EventUp, Instance: "i", At: epoch}}})
	lost := Next(NewRow(w.After.Key), 0)
	lost.Events = []dialog.Event{e}
	t.turn(lost, dialog.Conflicts)
	t.events(3)
}

func testPrune(t *storeTest) {
	var events []dialog.Event
	for i := range 10_008 {
		events = append(events, dialog.Event{Kind: "answered", At: epoch.Add(time.Duration(i) * time.Millisecond)})
	}
	slices.Reverse(events) // not in the order of time
	t.batch(&dialog.Batch{Events: events})
	for _, want := range []int{10_000, 5, 0} { // at most 10,000 a call, and only older ones
		n, err := t.s.Prune(context.Background(), epoch.Add(10_005*time.Millisecond))
		if err != nil || n != want {
			t.Fatalf("Prune: %d, %v, want %d", n, err, want)
		}
	}
	t.events(3)
}

// testPruneLeases: leases that ended before that are gone, as if given back; others stay
// their holder's.
func testPruneLeases(t *storeTest) {
	set, ok := t.s.(leaseSetter)
	if !ok {
		t.Fatalf("%T has no SetLease: see TestStore", t.s)
	}
	for _, name := range []string{"gone", "gone, too"} {
		set.SetLease(t, name, "a", epoch.Add(-time.Millisecond))
	}
	set.SetLease(t, "ended", "a", epoch)
	t.lease("held", "a", time.Hour, true)
	t.batch(&dialog.Batch{Events: []dialog.Event{{Kind: "answered", At: epoch.Add(-time.Hour)}, {Kind: "answered", At: epoch}}})
	if n, err := t.s.Prune(context.Background(), epoch); err != nil || n != 1 { // counts events alone
		t.Fatalf("Prune: %d, %v", n, err)
	}
	t.lease("gone", "a", 0, false)
	t.lease("gone, too", "a", 0, false)
	t.lease("ended", "a", 0, true)
	t.holders("held", map[string]string{"held": "a"})
	t.events(1)
}

// events wants the log to have so many events, and empties it.
func (t *storeTest) events(want int) {
	t.Helper()
	got := 0
	for {
		n, err := t.s.Prune(context.Background(), epoch.Add(1000*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if got += n; n == 0 {
			break
		}
	}
	if got != want {
		t.Fatalf("%d events, want %d", got, want)
	}
}
