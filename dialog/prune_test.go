package dialog_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// unpruned is a store whose old events cannot be deleted, or which has too many
// of them.
type unpruned struct {
	*dialog.Memory
	tries  atomic.Int64
	many   bool
	looked atomic.Int64 // sweeps
}

func (s *unpruned) Prune(context.Context, time.Time) (int, error) {
	s.tries.Add(1)
	if s.many {
		time.Sleep(50 * time.Millisecond)
		return 10_000, nil
	}
	return 0, errors.New("somebody reads them")
}

func (s *unpruned) Due(ctx context.Context, q dialog.DueQuery) ([]*dialog.Row, error) {
	s.looked.Add(1)
	return s.Memory.Due(ctx, q)
}

// Timers go on while millions of old events are deleted.
func TestPruneMany(t *testing.T) {
	store := &unpruned{Memory: dialog.NewMemory(), many: true}
	e, err := dialog.New(store, dialog.Config{}, pizza)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 4500*time.Millisecond)
	defer stop()
	defer e.Close(context.Background())
	_ = e.Run(ctx)
	if looked, tries := store.looked.Load(), store.tries.Load(); looked < 3 || tries < 40 {
		t.Errorf("%d sweeps while %d times events were deleted", looked, tries)
	}
}

// Deleting old events that fails is not tried again with every sweep: it may
// have held up every turn.
func TestPruneFails(t *testing.T) {
	store := &unpruned{Memory: dialog.NewMemory()}
	now := atomic.Pointer[time.Time]{}
	set := func(at time.Time) { now.Store(&at) }
	began := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	set(began)
	clock := func() time.Time { return *now.Load() }
	store.SetNow(clock)
	e, err := dialog.New(store, dialog.Config{Now: clock}, pizza)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		_ = e.Run(ctx)
		close(ended)
	}()
	defer e.Close(context.Background())
	defer func() { stop(); <-ended }()
	time.Sleep(2500 * time.Millisecond)
	if n := store.tries.Load(); n != 1 {
		t.Errorf("tried %d times at once", n)
	}
	set(began.Add(61 * time.Second))
	for end := time.Now().Add(10 * time.Second); store.tries.Load() < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not tried again a minute later")
		}
	}
}
