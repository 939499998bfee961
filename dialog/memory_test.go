package dialog_test

import (
	"context"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

func TestMemory(t *testing.T) {
	dialogtest.TestStore(t, func(t testing.TB) dialog.Store {
		m := dialog.NewMemory()
		t.Cleanup(func() { m.Close() })
		return m
	})
}

func TestMemoryClock(t *testing.T) {
	ctx := context.Background()
	m := dialog.NewMemory()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	m.SetNow(func() time.Time { return now })
	if ok, _ := m.Lease(ctx, "l", "a", time.Minute); !ok {
		t.Fatal("no lease")
	}
	now = now.Add(time.Minute - 1)
	if ok, _ := m.Lease(ctx, "l", "b", time.Minute); ok {
		t.Error("taken over a nanosecond early")
	}
	now = now.Add(1)
	if ok, _ := m.Lease(ctx, "l", "b", time.Minute); !ok {
		t.Error("not taken over at its end")
	}
	if got, _ := m.Now(ctx); !got.Equal(now) {
		t.Errorf("Now %v, want %v", got, now)
	}
}
