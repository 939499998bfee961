package dialog

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// leaving refuses the first batch for what is in it, and then is away.
type leaving struct {
	*Memory
	commits atomic.Int64
}

func (s *leaving) Commit(context.Context, *Batch) (Committed, error) {
	if s.commits.Add(1) == 1 {
		return Committed{}, errors.New("one of them is bad")
	}
	return Committed{}, ErrUnavailable
}

// A store that goes away while a batch is written one by one is not asked for
// each turn, and time out for time out: all are told to come again.
func TestStoreLeavesOneByOne(t *testing.T) {
	const turns = 10
	store := &leaving{Memory: NewMemory()}
	full := make(chan struct{})
	hold := func(point string) {
		if point == "batch" {
			<-full
		}
	}
	b := newBatcher(store, hold, nil, nil, nil, nil, func(*Write) {}, func() func(time.Time) { return func(time.Time) {} })
	defer b.close()
	var wg sync.WaitGroup
	for n := range turns {
		wg.Go(func() {
			w := &Write{After: &Row{Head: Head{Key: Key{"bot", "pizza", fmt.Sprint(n)}}}}
			if v, err := b.commit(t.Context(), w); v != Unknown || !errors.Is(err, ErrUnavailable) {
				t.Errorf("%v, %v", v, err)
			}
		})
	}
	for queued := 0; queued < turns; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		queued = len(b.queue)
		b.mu.Unlock()
	}
	close(full)
	wg.Wait()
	if n := store.commits.Load(); n != 2 {
		t.Errorf("asked %d times, want twice", n)
	}
}

// What waits to ride with a turn is written when the batcher closes, also at the
// moment at which it has just found nothing to do.
func TestCloseWritesWhatWaits(t *testing.T) {
	for n := range 20_000 {
		store := NewMemory()
		idle := make(chan struct{}, 8)
		b := newBatcher(store, func(point string) {
			if point == "batch" {
				idle <- struct{}{}
			}
		}, func(key Key, x *screens) (ShownMark, bool) { return x.mark(key), true }, func(*screens, ShownMark, Marked) {}, func(Key, int64) {}, nil, nil, func() func(time.Time) { return func(time.Time) {} })
		row := &Row{Head: Head{Key: Key{"bot", "pizza", "1"}, Version: 1}}
		if v, err := b.commit(t.Context(), &Write{After: row}); v != Applied {
			t.Fatal(v, err)
		}
		<-idle
		<-idle // after the turn
		shown := &screens{}
		shown.wrote(Place{Channel: "tg", Address: "1"}, 1, "7")
		b.mark(row.Key, shown)
		b.wake()
		<-idle // it is about to look
		for range n % 500 {
			runtime.KeepAlive(n) // a little later each time
		}
		b.close()
		if row, err := store.Load(t.Context(), row.Key); err != nil || len(row.Shown) == 0 {
			t.Fatalf("round %d: what is shown is lost: %v", n, err)
		}
	}
}
