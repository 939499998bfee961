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

// leaving rejects the first batch, and then is away.
type leaving struct {
	*Memory
	commits atomic.Int64 // with turns
}

func (s *leaving) Commit(_ context.Context, b *Batch) (Committed, error) {
	if len(b.Writes) > 0 && s.commits.Add(1) == 1 {
		return Committed{}, errors.New("one of them is bad")
	}
	return Committed{}, ErrUnavailable
}

// silent is a flow that does nothing.
type silent struct{}

func (silent) FlowName() string          { return "silent" }
func (silent) Decide(*Turn)              {}
func (silent) Render(*Record, View) Card { return Card{} }

// batcherOn is the batcher of an engine.
func batcherOn(t *testing.T, store Store, gate func(string)) *batcher {
	t.Helper()
	e, err := New(store, Config{Bot: "bot", Instance: "test", Gate: gate}, silent{})
	if err != nil {
		t.Fatal(err)
	}
	return e.batch
}

// A store goes away while a batch is written one by one: one timeout is enough, and all
// callers are told to come again.
func TestStoreLeavesOneByOne(t *testing.T) {
	const turns = 10
	store := &leaving{Memory: NewMemory()}
	full := make(chan struct{})
	hold := func(point string) {
		if point == "batch" {
			<-full
		}
	}
	b := batcherOn(t, store, hold)
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

// Close writes the marks that wait, also when the batcher has just found nothing to do.
func TestCloseWritesWhatWaits(t *testing.T) {
	for n := range 20_000 {
		store := NewMemory()
		idle := make(chan struct{}, 8)
		b := batcherOn(t, store, func(point string) {
			if point == "batch" {
				idle <- struct{}{}
			}
		})
		row := &Row{Head: Head{Key: Key{"bot", "pizza", "1"}, Version: 1}}
		if v, err := b.commit(t.Context(), &Write{After: row}); v != Applied {
			t.Fatal(v, err)
		}
		<-idle
		<-idle // after the turn
		shown := &screens{}
		shown.wrote(Place{Channel: "tg", Address: "1"}, 1, "7")
		c := b.e.courier
		c.mu.Lock()
		x := c.errand(row.Key, shown)
		x.known = row.Version
		c.markLater(row.Key, x)
		c.mu.Unlock()
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
