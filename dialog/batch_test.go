package dialog

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// leaving rejects its first batches, and then is away.
type leaving struct {
	*Memory
	rejects int64
	commits atomic.Int64 // with turns
}

func (s *leaving) Commit(_ context.Context, b *Batch) (Committed, error) {
	if len(b.Writes) > 0 && s.commits.Add(1) <= s.rejects {
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

// A store that is away is asked once, for the whole batch or for the first of its turns,
// and all callers are told to come again.
func TestStoreLeaves(t *testing.T) {
	for rejects, want := range map[int64]int64{
		0: 1, // away at once
		1: 2, // away while the turns of a rejected batch are written one by one
	} {
		store := &leaving{Memory: NewMemory(), rejects: rejects}
		commitTogether(t, store, 10)
		if n := store.commits.Load(); n != want {
			t.Errorf("after %d rejected batches it was asked %d times, want %d", rejects, n, want)
		}
	}
}

// strict rejects every batch with the turn of one key.
type strict struct {
	*Memory
	bad Key
}

func (s strict) Commit(ctx context.Context, b *Batch) (Committed, error) {
	for _, w := range b.Writes {
		if w.After.Key == s.bad {
			return Committed{}, errors.New("a bad turn")
		}
	}
	return s.Memory.Commit(ctx, b)
}

// The events of a batch are written although one of its turns is rejected.
func TestEventsBesideABadTurn(t *testing.T) {
	s := strict{NewMemory(), Key{"bot", "pizza", "bad"}}
	b := batcherOn(t, s, nil)
	write := &Write{After: &Row{Head: Head{Key: s.bad, Version: 1}}}
	bad := &waiting{w: write, done: make(chan written, 1)}
	b.write(&batch{Batch: Batch{Writes: []*Write{write}, Events: []Event{{Kind: EventUp, Instance: "a.1"}}}, turns: []*waiting{bad}})
	if got := <-bad.done; got.err == nil {
		t.Error("the bad turn has no error")
	}
	if n := len(s.Logged()); n != 1 {
		t.Errorf("%d events, want one", n)
	}
	b.close(context.Background())
}

// refusing rejects every batch, or is away.
type refusing struct {
	*Memory
	err error
}

func (s refusing) Commit(context.Context, *Batch) (Committed, error) { return Committed{}, s.err }

// TestEventsThatFail: events wait while the store is away. Those that it rejects are dropped,
// because one of them may be unwritable, and a trouble tells of it.
func TestEventsThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		later   int
		trouble []string
	}{
		"away":     {ErrUnavailable, 1, nil},
		"rejected": {errors.New("a bad event"), 0, []string{"write events"}},
	} {
		var troubles []string
		e, err := New(refusing{NewMemory(), c.err}, Config{Bot: "bot", Instance: "test", Gate: func(string) {}, Recorder: Recorder{
			Trouble: func(what string, _ error) { troubles = append(troubles, what) }}}, silent{})
		if err != nil {
			t.Fatal(err)
		}
		b := e.batch
		b.write(&batch{Batch: Batch{Events: []Event{{Kind: EventUp, Instance: "a.1"}}}})
		b.mu.Lock()
		n := len(b.later)
		b.later = nil
		b.mu.Unlock()
		if n != c.later || !slices.Equal(troubles, c.trouble) {
			t.Errorf("%s: %d events wait, troubles %q", name, n, troubles)
		}
		b.close(t.Context())
	}
}

// TestEventsBesideWhatFails: events whose batch the store rejects for its turn or its mark
// are written by themselves.
func TestEventsBesideWhatFails(t *testing.T) {
	s := strict{NewMemory(), Key{"bot", "pizza", "bad"}}
	b := batcherOn(t, s, func(string) {})
	defer b.close(context.Background())
	event := []Event{{Kind: EventUp, Instance: "a.1"}}
	write := &Write{After: &Row{Head: Head{Key: s.bad, Version: 1}}}
	bad := &waiting{w: write, done: make(chan written, 1)}
	b.failed(&batch{Batch: Batch{Writes: []*Write{write}, Events: event}, turns: []*waiting{bad}}, errors.New("locked as a whole"))
	if got := <-bad.done; got.err == nil {
		t.Error("the bad turn has no error")
	}
	b.failed(&batch{Batch: Batch{Due: []DueMark{{Key: s.bad, Version: 1, Due: 1}}, Events: event}}, errors.New("a bad mark"))
	if n := len(s.Logged()); n != 2 {
		t.Errorf("%d events, want two", n)
	}
}

// commitTogether commits turns in one batch, whose outcome is unknown.
func commitTogether(t *testing.T, store Store, turns int) {
	full := make(chan struct{})
	hold := func(point string) {
		if point == "batch" {
			<-full
		}
	}
	b := batcherOn(t, store, hold)
	defer b.close(context.Background())
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
}

// What waits while the store is away is bounded: the newest due marks, and the first
// events.
func TestWaitingIsBounded(t *testing.T) {
	full := make(chan struct{})
	b := batcherOn(t, NewMemory(), func(string) { <-full })
	defer b.close(context.Background())
	defer close(full)
	mark := func(n int) DueMark {
		return DueMark{Key: Key{"bot", "pizza", fmt.Sprint(n)}, Version: 1, Due: 1}
	}
	for n := range dueMax {
		b.addMarks(nil, []DueMark{mark(n)})
	}
	b.again(&batch{Batch: Batch{Due: []DueMark{mark(dueMax)}}}, ErrUnavailable)
	for range 2 * laterMax {
		b.logLater(Event{Kind: EventDuplicate})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.due) != dueMax || len(b.dueAt) != dueMax || len(b.later) != laterMax {
		t.Errorf("%d due marks (%d by row) and %d events wait", len(b.due), len(b.dueAt), len(b.later))
	}
}

// The marks of a sweep go with the next batch, and take along those that wait for a turn.
func TestMarksOfASweep(t *testing.T) {
	full := make(chan struct{})
	b := batcherOn(t, NewMemory(), func(string) { <-full })
	defer b.close(context.Background())
	defer close(full)
	waits, swept := DueMark{Key: Key{"bot", "pizza", "1"}, Version: 1, Due: 1}, DueMark{Key: Key{"bot", "pizza", "2"}, Version: 1, Due: 2}
	b.mu.Lock()
	b.keepDue([]DueMark{waits})
	b.marksBy = time.Now().Add(time.Hour)
	b.mu.Unlock()
	if bt := b.take(); !bt.empty() {
		t.Fatalf("a mark that waits goes alone: %v", bt.Due)
	}
	b.markNow([]DueMark{swept})
	if bt := b.take(); !slices.Equal(bt.Due, []DueMark{waits, swept}) {
		t.Errorf("the next batch has the marks %v", bt.Due)
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
		b.signal()
		<-idle // it is about to look
		for range n % 500 {
			runtime.KeepAlive(n) // a little later each time
		}
		b.close(context.Background())
		if row, err := store.Load(t.Context(), row.Key); err != nil || len(row.Shown) == 0 {
			t.Fatalf("round %d: what is shown is lost: %v", n, err)
		}
	}
}

// The due mark of a version that may never have been written leaves that of the version
// before it alone. Of one version the last mark counts.
func TestKeepDue(t *testing.T) {
	var b batcher
	row := Key{"bot", "escrow", "tg:1"}
	b.keepDue([]DueMark{{row, 5, 60}})
	b.keepDue([]DueMark{{row, 6, 90}, {row, 5, 30}})
	if len(b.due) != 2 || b.due[0] != (DueMark{row, 5, 30}) || b.due[1] != (DueMark{row, 6, 90}) {
		t.Errorf("%v", b.due)
	}
}
