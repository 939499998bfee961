package dialogtest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

func one(id string) *dialog.Batch {
	return &dialog.Batch{Writes: []*dialog.Write{{After: dialogtest.NewRow(dialog.Key{Bot: "b", Flow: "f", ID: id})}}}
}

// TestFaultyIsTransparent: without a fault, Faulty behaves like the wrapped store.
func TestFaultyIsTransparent(t *testing.T) {
	dialogtest.TestStore(t, func(testing.TB) dialog.Store {
		memory := dialog.NewMemory()
		return leaser{dialogtest.NewFaulty(memory), memory}
	})
}

// leaser is a store that takes leases by another clock.
type leaser struct {
	dialog.Store
	memory *dialog.Memory
}

// SetLease takes a lease of a minute by a clock that is set to a minute before its end.
func (l leaser) SetLease(t testing.TB, name, holder string, until time.Time) {
	t.Helper()
	l.memory.SetNow(func() time.Time { return until.Add(-dialog.LeaseMost) })
	defer l.memory.SetNow(time.Now)
	if ok, err := l.Lease(t.Context(), name, holder, dialog.LeaseMost); err != nil || !ok {
		t.Fatalf("lease %s for %s: %v, %v", name, holder, ok, err)
	}
}

func TestFaulty(t *testing.T) {
	ctx := context.Background()
	there := func(s dialog.Store, id string) bool {
		_, err := s.Load(ctx, dialog.Key{Bot: "b", Flow: "f", ID: id})
		if err != nil && !errors.Is(err, dialog.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	f := dialogtest.NewFaulty(dialog.NewMemory())
	f.Fail(dialogtest.Commit, 1)
	f.Lose(dialogtest.Commit, 1)
	if _, err := f.Commit(ctx, one("a")); !errors.Is(err, dialog.ErrUnavailable) || there(f, "a") {
		t.Errorf("failed: %v, there %v", err, there(f, "a"))
	}
	if out, err := f.Commit(ctx, one("a")); !errors.Is(err, dialog.ErrUnavailable) || out.Verdicts != nil || !there(f, "a") {
		t.Errorf("lost: %v, %v, there %v", out, err, there(f, "a"))
	}
	if _, err := f.Commit(ctx, one("b")); err != nil || !there(f, "b") {
		t.Errorf("after the faults: %v", err)
	}
	boom := errors.New("boom")
	f.Func(func(m dialogtest.Method, b *dialog.Batch) (fault dialogtest.Fault) {
		if m == dialogtest.Commit && b.Writes[0].After.Key.ID == "c" {
			fault.Before = boom
		}
		return fault
	})
	if _, err := f.Commit(ctx, one("c")); !errors.Is(err, boom) {
		t.Errorf("by func: %v", err)
	}
	if _, err := f.Commit(ctx, one("d")); err != nil {
		t.Errorf("by func: %v", err)
	}
	f.Heal()
	if _, err := f.Commit(ctx, one("c")); err != nil {
		t.Errorf("healed: %v", err)
	}
	if n := f.Calls(dialogtest.Commit); n != 6 {
		t.Errorf("%d commits, want 6", n)
	}
}

func TestFaultyHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dialogtest.NewFaulty(dialog.NewMemory())
		f.Hang(dialogtest.Commit, 2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if _, err := f.Commit(ctx, one("a")); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		done := make(chan error, 1)
		go func() {
			_, err := f.Commit(t.Context(), one("b"))
			done <- err
		}()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("did not hang: %v", err)
		default:
		}
		f.Heal()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := f.Load(t.Context(), dialog.Key{Bot: "b", Flow: "f", ID: "b"}); err != nil {
			t.Error(err)
		}
	})
}
