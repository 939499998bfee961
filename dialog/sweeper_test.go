package dialog

import (
	"context"
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
