package pgstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
)

// failures counts failed commits with turns of several people.
type failures struct {
	*Store
	n atomic.Int64
}

func (s *failures) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	out, err := s.Store.Commit(ctx, b)
	if err != nil && len(b.Writes) > 1 {
		s.n.Add(1)
	}
	return out, err
}

// lock locks a row in a transaction that stays open until the returned function is called.
func lock(t *testing.T, url, key string) (unlock func()) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	done, err := c.Exec(t.Context(), `begin; update conversations set version = version where key = '`+key+`'`)
	if err != nil || done.RowsAffected() != 1 {
		t.Fatal("lock:", done, err)
	}
	var once sync.Once
	unlock = func() { once.Do(func() { _ = c.Close(context.Background()) }) }
	t.Cleanup(unlock)
	return unlock
}

// TestLockedRow: somebody's open transaction holds the row of one person, whose turns are
// refused until it ends. It delays other people's turns once.
func TestLockedRow(t *testing.T) {
	const people, turns = 20, 30
	url := testdb.Postgres(t)
	s := &failures{Store: openAt(t, url, WithLockWait(lockWait))}
	bot, err := dialog.New(s, dialog.Config{}, echo{})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(context.Background())
	say := func(n int, id string) error {
		_, err := bot.Handle(t.Context(), dialog.Input{ID: id, Kind: dialog.KindText, Owner: fmt.Sprint("tg:", n), Text: id})
		return err
	}
	for n := range people {
		if err := say(n, "first"); err != nil {
			t.Fatal(err)
		}
	}
	unlock := lock(t, url, "bot:echo:tg:0")
	var refused atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := say(0, "again"); !errors.Is(err, dialog.ErrUnavailable) {
				t.Errorf("the locked one: %v", err)
				return
			}
			refused.Add(1)
		}
	}()
	soon(t, "the lock is met", func() bool { return refused.Load() > 1 })
	var wg sync.WaitGroup
	for n := 1; n < people; n++ {
		wg.Go(func() {
			for i := range turns {
				if err := say(n, fmt.Sprint(i)); err != nil {
					t.Errorf("a neighbour: %v", err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	<-stopped
	if n := s.n.Load(); n > 1 {
		t.Errorf("%d batches of several people failed, want at most one", n)
	}
	unlock()
	soon(t, "its turn goes through once the row is free", func() bool { return say(0, "again") == nil })
}

// TestBounds: no statement of ours waits for a row for long, and a transaction that its
// process leaves open ends: also through a pooler, where a session is not ours.
func TestBounds(t *testing.T) {
	s := openAt(t, testdb.Postgres(t), WithLockWait(lockWait))
	for name, want := range map[string]string{"lock_timeout": lockWait, "idle_in_transaction_session_timeout": "10s", "tcp_keepalives_idle": "10"} {
		var got string
		if err := s.pool.QueryRow(t.Context(), `select current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", name, got, err, want)
		}
	}
}

// TestLockedForget: neither do the calls that are no commit.
func TestLockedForget(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url, WithLockWait(lockWait))
	r := put(t, s, 1)[0]
	unlock := lock(t, url, r.Key.String())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.timeout = patience
	if err := s.Forget(ctx, r.Key, r.Stamp()); !errors.Is(err, dialog.ErrUnavailable) || ctx.Err() != nil {
		t.Errorf("%v, want unavailable before the deadline", err)
	}
	unlock()
	soon(t, "the row is forgotten", func() bool { return s.Forget(t.Context(), r.Key, r.Stamp()) == nil })
}

// chats shows cards. The card of chat 0 waits for its time.
type chats struct{ free chan struct{} }

func (chats) Name() string { return "chat" }

func (c chats) Show(ctx context.Context, s dialog.Showing) (string, error) {
	if s.Place.Address == "0" {
		<-c.free
	}
	return cmp.Or(s.Message, "1"), nil
}

func (chats) Remove(context.Context, dialog.Place, string) error { return nil }

// TestLockedMark: the mark of a row that somebody's open transaction holds waits beside those
// of other people, which are written.
func TestLockedMark(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url, WithLockWait(lockWait))
	bot, err := dialog.New(s, dialog.Config{}, echo{})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(context.Background())
	c := chats{make(chan struct{})}
	bot.Attach(c)
	say := func(n int, id string) {
		t.Helper()
		in := dialog.Input{ID: id, Kind: dialog.KindText, Owner: fmt.Sprint("tg:", n), Text: id, Place: dialog.Place{Channel: "chat", Address: fmt.Sprint(n), Push: true}}
		if _, err := bot.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	marked := func(n int) bool {
		row, err := s.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "echo", ID: fmt.Sprint("tg:", n)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := dialog.Decode(row)
		return err == nil && !r.Undelivered()
	}
	say(0, "first")
	unlock := lock(t, url, "bot:echo:tg:0")
	close(c.free)
	for round := range 10 {
		for n := 1; n < 10; n++ {
			say(n, fmt.Sprint(round))
		}
		soon(t, "the cards of others are marked", func() bool {
			for n := 1; n < 10; n++ {
				if !marked(n) {
					return false
				}
			}
			return true
		})
	}
	if marked(0) {
		t.Fatal("the row was not locked")
	}
	unlock()
	soon(t, "its card is marked once the row is free", func() bool { return marked(0) })
}
