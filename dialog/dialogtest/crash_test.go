package dialogtest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

func buy(s *Script) {
	s.Command("/create")
	s.Expect("What shall it be?")
	s.Say("tea")
	s.Expect("What size?")
	s.Say("huge")
	s.DoubleTap("size:large")
	s.Expect("Where to?")
	s.Evict()
	s.Say("Kyiv")
	s.Expect("Step 4 of 4", "tea", "large", "Kyiv")
	s.Tap("Edit")
	s.Say("coffee")
	s.Expect("Step 4 of 4", "coffee", "large", "Kyiv")
	s.DoubleTap("Confirm")
	s.Expect("is pending", "coffee/large/Kyiv")
	s.Command("/create")
	s.Expect("What shall it be?")
}

func TestCrashPoints(t *testing.T) {
	CrashPoints(t, func(testing.TB) Options { return Options{Flows: orderFlows()} }, buy)
}

// CrashPoints finds a store that acknowledges before it has written.
func TestCrashPointsFindHaste(t *testing.T) {
	said := probe(t, func(tb testing.TB) {
		CrashPoints(tb, func(testing.TB) Options {
			return Options{
				Flows:  orderFlows(),
				Store:  &hasty{Memory: dialog.NewMemory()},
				Reopen: func(s dialog.Store) dialog.Store { return &hasty{Memory: s.(*hasty).Memory} },
			}
		}, buy)
	})
	if said == "" {
		t.Fatal("a store that writes late has passed")
	}
	t.Log(said)
}

// hasty writes a batch when the next call comes.
type hasty struct {
	*dialog.Memory
	mu   sync.Mutex
	late *dialog.Batch // not written yet
}

// flush writes the late batch, and leaves b for the next call.
func (h *hasty) flush(ctx context.Context, b *dialog.Batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.late != nil {
		_, _ = h.Memory.Commit(ctx, h.late)
	}
	h.late = b
}

func (h *hasty) Load(ctx context.Context, key dialog.Key) (*dialog.Row, error) {
	h.flush(ctx, nil)
	return h.Memory.Load(ctx, key)
}

func (h *hasty) Due(ctx context.Context, q dialog.DueQuery) ([]*dialog.Row, error) {
	h.flush(ctx, nil)
	return h.Memory.Due(ctx, q)
}

func (h *hasty) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	h.flush(ctx, nil)
	return h.Memory.List(ctx, q)
}

func (h *hasty) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	h.flush(ctx, b)
	out := dialog.Committed{Verdicts: make([]dialog.Verdict, len(b.Writes)), Marked: make([]dialog.Marked, len(b.Shown))}
	for i := range b.Writes {
		out.Verdicts[i] = dialog.Applied
	}
	for i, m := range b.Shown {
		out.Marked[i] = dialog.Marked{Applied: true, Version: m.Least}
	}
	return out, nil
}

// probe runs f with a test that may fail, and returns the failure.
func probe(t *testing.T, f func(testing.TB)) string {
	p := &probeTB{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(p)
	}()
	<-done
	for i := len(p.cleanups) - 1; i >= 0; i-- {
		p.cleanups[i]()
	}
	return p.said.String()
}

type probeTB struct {
	testing.TB
	said     strings.Builder
	cleanups []func()
}

func (p *probeTB) Helper()                   {}
func (p *probeTB) Logf(string, ...any)       {}
func (p *probeTB) Cleanup(f func())          { p.cleanups = append(p.cleanups, f) }
func (p *probeTB) Errorf(f string, a ...any) { fmt.Fprintf(&p.said, f, a...) }
func (p *probeTB) Fatalf(f string, a ...any) {
	fmt.Fprintf(&p.said, f, a...)
	runtime.Goexit()
}
