package dialog_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
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
	synctest.Test(t, func(t *testing.T) {
		store := &unpruned{Memory: dialog.NewMemory(), many: true}
		e, err := dialog.New(store, dialog.Config{}, pizza)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close(context.Background())
		ctx, stop := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer stop()
		_ = e.Run(ctx)
		if looked, tries := store.looked.Load(), store.tries.Load(); looked < 3 || tries < 40 {
			t.Errorf("%d sweeps while %d times events were deleted", looked, tries)
		}
	})
}

// After an error old events are deleted again later, and not at every sweep: the try may
// have held up every turn.
func TestPruneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &unpruned{Memory: dialog.NewMemory()}
		e, err := dialog.New(store, dialog.Config{}, pizza)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close(context.Background())
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			_ = e.Run(ctx)
			close(ended)
		}()
		defer func() { stop(); <-ended }()
		for _, c := range []struct {
			after time.Duration
			want  int64
		}{{time.Second / 2, 1}, {58 * time.Second, 1}, {5 * time.Second, 2}} {
			time.Sleep(c.after)
			if n := store.tries.Load(); n != c.want {
				t.Errorf("tried %d times, %v later, want %d", n, c.after, c.want)
			}
		}
	})
}

// Leases of hosts that are gone, such as pods with fresh names, are deleted when their events
// would be. How the last life of a host ended is known until then.
func TestLeasesOfGoneHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := dialog.NewMemory()
		lease := func(host string, ttl time.Duration) bool {
			t.Helper()
			got, err := store.Lease(context.Background(), "life:bot:"+host, "stopped", ttl)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		lease("pod-1", time.Minute)
		time.Sleep(2 * 24 * time.Hour)
		lease("pod-2", time.Minute)
		time.Sleep(89 * 24 * time.Hour)
		e, err := dialog.New(store, dialog.Config{}, pizza)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close(context.Background())
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_ = e.Run(ctx)
		if lease("pod-1", 0) || !lease("pod-2", 0) {
			t.Error("want the lease that ended 91 days ago deleted, and the one of 89 days ago kept")
		}
	})
}

// counted is a store that notes before which time events are deleted.
type counted struct {
	*dialog.Memory
	before []time.Time
}

func (s *counted) Prune(ctx context.Context, before time.Time) (int, error) {
	s.before = append(s.before, before)
	return s.Memory.Prune(ctx, before)
}

// Events go only once something else has read them; where that is unknown, they stay.
func TestPruneOnlyCounted(t *testing.T) {
	for name, c := range map[string]struct {
		counted time.Duration // ago
		err     error
		want    time.Duration // ago
	}{
		"all":       {counted: time.Hour, want: 90 * 24 * time.Hour},
		"some":      {counted: 100 * 24 * time.Hour, want: 100 * 24 * time.Hour},
		"not known": {err: errors.New("away")},
	} {
		synctest.Test(t, func(t *testing.T) {
			store, began := &counted{Memory: dialog.NewMemory()}, time.Now()
			e, err := dialog.New(store, dialog.Config{
				Recorder: dialog.Recorder{Trouble: func(string, error) {}},
				Counted:  func(context.Context) (time.Time, error) { return began.Add(-c.counted), c.err },
			}, pizza)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close(context.Background())
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
			defer stop()
			_ = e.Run(ctx)
			if c.want == 0 && len(store.before) > 0 || c.want > 0 && (len(store.before) == 0 || began.Sub(store.before[0]).Round(time.Hour) != c.want) {
				t.Errorf("%s: deleted before %v, %v ago at most", name, store.before, c.want)
			}
		})
	}
}
