package sqlitestore

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// patience bounds a hang, not a slow machine.
const patience = time.Minute

func soon(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(4 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// listening is a store that hears of others while it is watched.
type listening struct {
	*Store
	watched     atomic.Bool
	looks, told atomic.Int64
}

func listen(t *testing.T, s *Store) *listening {
	l := &listening{Store: s}
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	t.Cleanup(done.Wait)
	t.Cleanup(stop)
	done.Go(func() {
		err := s.Notices(ctx, func() bool { l.looks.Add(1); return l.watched.Load() }, func() { l.told.Add(1) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Notices: %v", err)
		}
	})
	return l
}

// looked waits until some looks that begin now are over.
func (l *listening) looked(t *testing.T) {
	t.Helper()
	until := l.looks.Load() + 4
	soon(t, "it looks", func() bool { return l.looks.Load() >= until })
}

// A store hears that another process has written, and not of its own commits. While nobody watches it hears nothing,
// and then once that it may have missed something.
func TestNotices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	other := openAt(t, path)
	a := listen(t, openAt(t, path))
	must(t, put(other, "before"))
	a.looked(t)
	if n := a.told.Load(); n != 0 {
		t.Errorf("told %d times while nobody watches", n)
	}
	a.watched.Store(true)
	soon(t, "it may have missed something", func() bool { return a.told.Load() == 1 })
	for range 5 {
		must(t, put(a, rand.Text()))
		_, err := a.Lease(t.Context(), "lease", "holder", time.Second)
		must(t, err)
		a.looked(t)
	}
	if n := a.told.Load(); n != 1 {
		t.Errorf("told %d times of its own commits", n-1)
	}
	for want := int64(2); want < 5; want++ {
		must(t, put(other, rand.Text()))
		soon(t, "the other has written", func() bool { return a.told.Load() == want })
		must(t, put(a, rand.Text()))
	}
	// Its own commit sees the other's first: that is still news.
	must(t, put(other, "another"))
	must(t, put(a, "mine"))
	soon(t, "the other has written before it", func() bool { return a.told.Load() == 5 })
	a.looked(t)
	if n := a.told.Load(); n != 5 {
		t.Errorf("told %d times, want 5", n)
	}
	a.watched.Store(false)
	a.looked(t)
	a.watched.Store(true)
	soon(t, "who watches anew is told once", func() bool { return a.told.Load() == 6 })
}

// A commit that fails costs the connection, and with it the number: the store tells rather than misses anything.
func TestNoticesOfANewConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	other := openAt(t, path)
	a := listen(t, openAt(t, path))
	a.watched.Store(true)
	soon(t, "the first look", func() bool { return a.told.Load() == 1 })
	fails := errors.New("fails")
	if err := a.write(t.Context(), func(*conn) error { return fails }); !errors.Is(err, fails) {
		t.Fatal(err)
	}
	must(t, put(other, "another"))
	soon(t, "it tells", func() bool { return a.told.Load() > 1 })
}

// A watcher at one process reads what another process has written to the file, as a command beside the server does.
func TestWatchersHearOfOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	engine := func(instance string) (*dialog.Engine, *Store) {
		s := openAt(t, path)
		e, err := dialog.New(s, dialog.Config{Instance: instance}, words{})
		must(t, err)
		t.Cleanup(func() { _ = e.Close(context.Background()) })
		return e, s
	}
	server, store := engine("server.1")
	command, _ := engine("command.1")
	var done sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer done.Wait()
	defer stop()
	done.Go(func() { _ = store.Notices(ctx, func() bool { return server.Watchers() > 0 }, server.RefreshAll) })
	key := dialog.Key{Bot: server.Bot(), Flow: "words", ID: "a"}
	told, over := server.Watch(key)
	defer over()
	for _, text := range []string{"one", "two", "three"} {
		out, err := command.Handle(t.Context(), dialog.Input{ID: text, Kind: dialog.KindText, Owner: "a", Text: text})
		must(t, err)
		for read := int64(0); read < out.Record.Version; {
			select {
			case <-told:
			case <-time.After(patience):
				t.Fatal("no word of", text)
			}
			r, _, err := server.Hydrate(t.Context(), key)
			must(t, err)
			read = r.Version
		}
	}
}

// A closed store ends it.
func TestNoticesEnd(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	must(t, s.Close())
	if err := s.Notices(t.Context(), func() bool { return true }, func() {}); !errors.Is(err, dialog.ErrUnavailable) {
		t.Errorf("Notices of a closed store: %v", err)
	}
}

// BenchmarkLook is what each look costs.
func BenchmarkLook(b *testing.B) {
	s := openAt(b, filepath.Join(b.TempDir(), "test.db"))
	for b.Loop() {
		if _, err := s.look(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
