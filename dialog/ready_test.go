package dialog

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// fullStore is a store that can be read, and refuses commits while it is full.
type fullStore struct {
	Store
	full atomic.Bool
}

var errFull = errors.New("database or disk is full")

func (s *fullStore) Commit(ctx context.Context, b *Batch) (Committed, error) {
	if s.full.Load() {
		return Committed{}, errFull
	}
	return s.Store.Commit(ctx, b)
}

// Ready holds while a turn can be committed, and leaves nothing behind: also when it is
// called by many, or when an earlier call died in the middle.
func TestReady(t *testing.T) {
	store := &fullStore{Store: NewMemory()}
	e, err := New(store, Config{}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := e.Ready(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	store.full.Store(true)
	if err := e.Ready(t.Context()); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
	store.full.Store(false)
	putRow(t, store, Key{"bot", readyFlow, e.Host()}, "", "", e.Now(), AsideFormat)
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("with a row of a call that died: %v", err)
	}
	if rows, err := store.List(t.Context(), Query{}); err != nil || len(rows) != 0 {
		t.Errorf("%d rows are left, %v", len(rows), err)
	}
}
