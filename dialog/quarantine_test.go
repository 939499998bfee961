package dialog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// oneBad rejects every batch with a turn of one key, as long as it is bad.
type oneBad struct {
	*Memory
	key  Key
	bad  atomic.Bool
	hold chan struct{} // not nil: its turns wait here

	mu             sync.Mutex
	shared, alone  int // batches that were rejected
	writing, twice int // turns of the key that are written now; that were written beside another
}

func (s *oneBad) Commit(ctx context.Context, b *Batch) (Committed, error) {
	its := false
	for _, w := range b.Writes {
		its = its || w.After.Key == s.key
	}
	if !its || !s.bad.Load() {
		return s.Memory.Commit(ctx, b)
	}
	s.mu.Lock()
	if s.writing++; s.writing > 1 {
		s.twice++
	}
	if len(b.Writes) > 1 {
		s.shared++
	} else {
		s.alone++
	}
	s.mu.Unlock()
	if s.hold != nil && len(b.Writes) == 1 {
		<-s.hold
	}
	s.mu.Lock()
	s.writing--
	s.mu.Unlock()
	return Committed{}, errors.New("another transaction holds the row")
}

// TestQuarantine: a turn that fails alone fails one batch of other people, and its key's later
// turns are written beside the batches, one after another, until one succeeds.
func TestQuarantine(t *testing.T) {
	s := &oneBad{Memory: NewMemory(), key: Key{"bot", "pizza", "bad"}}
	s.bad.Store(true)
	b := batcherOn(t, s, nil)
	turn := func(id string) (Verdict, error) {
		return b.commit(t.Context(), &Write{After: &Row{Head: Head{Key: Key{"bot", "pizza", id}, Version: 1}}})
	}
	if _, err := turn("bad"); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	s.hold = make(chan struct{})
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if _, err := turn("bad"); !errors.Is(err, ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	for n := range 200 { // while the bad ones hang
		wg.Go(func() {
			if v, err := turn(fmt.Sprint(n)); v != Applied {
				t.Error(v, err)
			}
		})
		if n == 100 {
			s.mu.Lock()
			hanging := s.alone
			s.mu.Unlock()
			for range hanging {
				if v, err := turn(fmt.Sprint("more", n)); v != Applied {
					t.Error(v, err)
				}
			}
		}
	}
	close(s.hold)
	wg.Wait()
	if s.shared > 0 || s.alone != 6 || s.twice > 0 {
		t.Errorf("%d batches of others were rejected, %d of its own, %d at the same time; want 0, 6 and 0", s.shared, s.alone, s.twice)
	}
	s.bad.Store(false)
	if v, err := turn("bad"); v != Applied {
		t.Error(v, err)
	}
	b.close(context.Background()) // a turn is answered before its key is an ordinary one again
	if left := len(b.quarantine.until); left > 0 {
		t.Errorf("%d keys are quarantined after a success", left)
	}
}

// crowded lets the turns of step bad wait, as rows do that another transaction has locked,
// and then rejects them.
type crowded struct {
	*Memory
	hold chan struct{} // closed at the end

	mu            sync.Mutex
	writing, most int // turns that are written from quarantine now, and at most
}

func (s *crowded) Commit(ctx context.Context, b *Batch) (Committed, error) {
	if len(b.Writes) == 0 || b.Writes[0].After.Step != "bad" {
		return s.Memory.Commit(ctx, b)
	}
	s.mu.Lock()
	s.writing++
	s.most = max(s.most, s.writing)
	s.mu.Unlock()
	<-s.hold
	s.mu.Lock()
	s.writing--
	s.mu.Unlock()
	return Committed{}, errors.New("another transaction holds the row")
}

// TestQuarantineHasRoom: however many keys are quarantined, two of their turns are written at a
// time, and the store has connections left for the others.
func TestQuarantineHasRoom(t *testing.T) {
	const keys = 50
	s := &crowded{Memory: NewMemory(), hold: make(chan struct{})}
	b := batcherOn(t, s, nil)
	defer b.close(context.Background())
	turn := func(step string, n int) (Verdict, error) {
		return b.commit(t.Context(), &Write{After: &Row{Head: Head{Key: Key{"bot", "pizza", fmt.Sprint(step, n)}, Step: step, Version: 1}}})
	}
	var wg sync.WaitGroup
	for n := range keys {
		b.quarantineKey(Key{"bot", "pizza", fmt.Sprint("bad", n)})
		wg.Go(func() {
			if _, err := turn("bad", n); !errors.Is(err, ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	for waiting := 0; waiting < keys; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		waiting = len(b.quarantine.writing)
		b.mu.Unlock()
	}
	for n := range keys {
		if v, err := turn("good", n); v != Applied {
			t.Error(v, err)
		}
	}
	close(s.hold)
	wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most > quarantineAtOnce {
		t.Errorf("%d turns were written from quarantine at the same time, want at most %d", s.most, quarantineAtOnce)
	}
}

// TestCloseWaitsForQuarantine: Close answers the turns that are written from quarantine, and those behind
// them.
func TestCloseWaitsForQuarantine(t *testing.T) {
	s := &oneBad{Memory: NewMemory(), key: Key{"bot", "pizza", "bad"}}
	s.bad.Store(true)
	b := batcherOn(t, s, nil)
	turn := func() error {
		_, err := b.commit(t.Context(), &Write{After: &Row{Head: Head{Key: s.key, Version: 1}}})
		return err
	}
	_ = turn()
	s.hold = make(chan struct{})
	answers := make(chan error, 3)
	for range 3 {
		go func() { answers <- turn() }()
	}
	for behind := 0; behind < 2; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		behind = len(b.quarantine.writing[s.key])
		b.mu.Unlock()
	}
	go close(s.hold)
	b.close(context.Background())
	for range 3 {
		if err := <-answers; !errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
	}
}

// TestLockedTable: where turn after turn fails alone, the rest of the batch is not tried.
func TestLockedTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &locked{Memory: NewMemory()}
		b := batcherOn(t, store, nil)
		defer b.close(context.Background())
		l := &batch{}
		for n := range 100 {
			p := &waiting{w: &Write{After: &Row{Head: Head{Key: Key{"bot", "pizza", fmt.Sprint(n)}, Version: 1}}}, done: make(chan written, 1)}
			l.turns, l.Writes = append(l.turns, p), append(l.Writes, p.w)
		}
		turns := l.turns
		b.write(l)
		for _, p := range turns {
			if r := <-p.done; !errors.Is(r.err, ErrUnavailable) {
				t.Error(r.err)
			}
		}
		if n := store.tries.Load(); n > 10 {
			t.Errorf("%d tries of a second each", n)
		}
	})
}

// locked is a store that rejects every batch, each after a second.
type locked struct {
	*Memory
	tries atomic.Int64
}

func (s *locked) Commit(context.Context, *Batch) (Committed, error) {
	s.tries.Add(1)
	<-time.After(time.Second)
	return Committed{}, errors.New("another transaction holds the table")
}

// hanging lets the turns of step bad wait for the end of their context.
type hanging struct{ *Memory }

func (s hanging) Commit(ctx context.Context, b *Batch) (Committed, error) {
	if len(b.Writes) > 0 && b.Writes[0].After.Step == "bad" {
		<-ctx.Done()
		return Committed{}, ctx.Err()
	}
	return s.Memory.Commit(ctx, b)
}

// TestCloseWhileTheStoreHangs: Close waits for the turns that are at the store, answers those
// that wait to be written from quarantine, and cuts the store off soon after its context has ended.
func TestCloseWhileTheStoreHangs(t *testing.T) {
	for bound, most := range map[time.Duration]time.Duration{time.Hour: batchTimeout, time.Second: time.Second + 2*stopFor} {
		synctest.Test(t, func(t *testing.T) {
			e := batcherOn(t, hanging{NewMemory()}, nil).e
			const keys, turns = 10, 3
			answers := make(chan error, keys*turns)
			for n := range keys * turns {
				row := &Row{Head: Head{Key: Key{"bot", "pizza", fmt.Sprint(n % keys)}, Step: "bad", Version: 1}}
				e.batch.quarantineKey(row.Key)
				go func() {
					_, err := e.batch.commit(context.Background(), &Write{After: row})
					answers <- err
				}()
			}
			synctest.Wait()
			ctx, cancel := context.WithTimeout(context.Background(), bound)
			defer cancel()
			began := time.Now()
			_ = e.Close(ctx)
			if took := time.Since(began); took > most {
				t.Errorf("closed within %v, it took %v; want at most %v", bound, took, most)
			}
			for range keys * turns {
				if err := <-answers; !errors.Is(err, ErrUnavailable) {
					t.Error(err)
				}
			}
		})
	}
}
