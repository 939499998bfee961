package dialog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// badMarks rejects every batch with a mark of one key as long as it is bad, after its turns.
type badMarks struct {
	*Memory
	key Key

	mu            sync.Mutex
	bad           bool
	shared, alone int // batches whose marks were rejected
}

var errRejected = errors.New("another transaction holds the row")

func (s *badMarks) Commit(ctx context.Context, b *Batch) (Committed, error) {
	its, others := 0, 0
	for _, m := range b.Shown {
		if m.Key == s.key {
			its++
		} else {
			others++
		}
	}
	for _, m := range b.Due {
		if m.Key == s.key {
			its++
		} else {
			others++
		}
	}
	s.mu.Lock()
	bad := s.bad && its > 0
	switch {
	case bad && others > 0:
		s.shared++
	case bad:
		s.alone++
	}
	s.mu.Unlock()
	if !bad {
		return s.Memory.Commit(ctx, b)
	}
	if len(b.Writes) == 0 {
		return Committed{}, errRejected
	}
	done, err := s.Memory.Commit(ctx, &Batch{Writes: b.Writes, Events: b.Events})
	done.MarksErr = errRejected
	return done, err
}

func (s *badMarks) set(bad bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad = bad
}

// TestMarksInQuarantine: a mark that the store rejects, as while another transaction holds its row,
// fails one batch of other marks. Those are written at once, and it is tried again beside
// them, until it succeeds.
func TestMarksInQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &badMarks{Memory: NewMemory(), key: Key{"bot", "pizza", "bad"}}
		b := batcherOn(t, s, nil)
		mark := func(id string) {
			key := Key{"bot", "pizza", id}
			if v, err := b.commit(t.Context(), &Write{After: &Row{Head: Head{Key: key, Version: 1}}}); v != Applied {
				t.Fatal(id, v, err)
			}
			shown := &screens{}
			shown.wrote(Place{Channel: "tg", Address: "1"}, 1, "7")
			c := b.e.courier
			c.mu.Lock()
			x := c.errand(key, shown)
			x.known = 1
			c.markLater(key, x)
			c.mu.Unlock()
			b.addMarks(nil, []DueMark{{Key: key, Version: 1, Due: 7}})
		}
		written := func(id string) bool {
			row, err := s.Load(t.Context(), Key{"bot", "pizza", id})
			return err == nil && len(row.Shown) > 0 && row.Due == 7
		}
		s.set(true)
		mark("bad")
		for n := range 20 {
			mark(fmt.Sprint("first", n))
		}
		for n := range 50 {
			time.Sleep(marksTimeout)
			mark(fmt.Sprint("later", n))
		}
		time.Sleep(2 * marksTimeout)
		synctest.Wait()
		for n := range 20 {
			if id := fmt.Sprint("first", n); !written(id) {
				t.Errorf("the marks of %s are not written", id)
			}
		}
		for n := range 50 {
			if id := fmt.Sprint("later", n); !written(id) {
				t.Errorf("the marks of %s are not written", id)
			}
		}
		if s.shared > 1 || s.alone < 3 || written("bad") {
			t.Errorf("%d batches of others were rejected, %d of its own; want at most one, and a few", s.shared, s.alone)
		}
		s.set(false)
		time.Sleep(2 * againAfter)
		synctest.Wait()
		if !written("bad") {
			t.Error("the mark is not written when the row is free")
		}
		b.mu.Lock()
		if len(b.quarantine.until)+len(b.quarantine.marking) > 0 {
			t.Error("the key is in quarantine after a success")
		}
		b.mu.Unlock()
		b.e.Close(context.Background())
	})
}
