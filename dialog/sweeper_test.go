package dialog

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"
)

// hourly records how far ahead Due is asked for, and fails on command.
type hourly struct {
	*Memory
	asked []time.Time
	fail  bool
}

func (h *hourly) Due(ctx context.Context, q DueQuery) ([]*Row, error) {
	h.asked = append(h.asked, q.Until)
	if h.fail {
		return nil, ErrUnavailable
	}
	return h.Memory.Due(ctx, q)
}

// The sweeper looks an hour ahead after a start and after the death of another instance,
// until such a sweep has succeeded.
func TestSweeperLooksAhead(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store := &hourly{Memory: NewMemory()}
	store.SetNow(func() time.Time { return now })
	join := func(name string) *sweeper {
		e, err := New(store, Config{Bot: "bot", Instance: name, Now: func() time.Time { return now }}, nothing{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close(ctx) })
		s := newSweeper(e)
		s.pruned = now
		return s
	}
	a, b := join("a.1"), join("b.1")
	ahead := func(s *sweeper) bool {
		store.asked = nil
		s.round(ctx)
		return len(store.asked) > 0 && store.asked[0].Sub(now) == time.Hour
	}
	if !ahead(a) || ahead(b) || len(store.asked) > 0 {
		t.Fatal("after a start, whoever has the lease looks ahead, and nobody else looks")
	}
	seen := 0
	for range 5 {
		now = now.Add(time.Second)
		if ahead(a) {
			seen++
		}
		_ = ahead(b)
	}
	if seen > 0 {
		t.Fatalf("with nothing new it looked ahead %d times", seen)
	}
	for range 12 { // b says nothing more, and then the store fails
		now = now.Add(time.Second)
		if store.fail = true; ahead(a) {
			seen++
		}
		store.fail = false
		if seen > 0 {
			break
		}
		_ = ahead(a)
	}
	if now = now.Add(time.Second); seen == 0 || !ahead(a) {
		t.Fatalf("b has died and nobody looked through what it left (%d tries)", seen)
	}
	if now = now.Add(time.Second); ahead(a) {
		t.Fatal("it looks ahead again and again")
	}
}

// A sweep that loses its lease between two pages of rows ends: another instance sweeps.
func TestSweepEndsWithItsLease(t *testing.T) {
	store := NewMemory()
	e, err := New(store, Config{Bot: "bot"}, nothing{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	for n := range 2*sweepPage + 1 {
		row := &Row{Head: Head{Key: Key{"bot", "other", strconv.Itoa(n)}, Version: 1, Tag: 1}, Due: 1}
		if _, err := store.Commit(t.Context(), &Batch{Writes: []*Write{{After: row}}}); err != nil {
			t.Fatal(err)
		}
	}
	asked := 0
	did, err := e.sweepPages(t.Context(), 0, func() bool { asked++; return asked < 2 })
	if did.Looked != 2*sweepPage || !errors.Is(err, ErrUnavailable) {
		t.Errorf("looked at %d rows, %v; want %d of them and the lost lease", did.Looked, err, 2*sweepPage)
	}
}
