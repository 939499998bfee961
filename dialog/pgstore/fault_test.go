package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// proxied opens a store through a proxy.
func proxied(t *testing.T, opts ...Option) (*Store, *testdb.FaultyProxy) {
	t.Helper()
	direct := testdb.Postgres(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	p := testdb.Proxy(t, u.Host)
	return openAt(t, p.URL(direct), opts...), p
}

func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, dialog.ErrUnavailable) || errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("%s: %v, want unavailable", what, err)
	}
}

func commitOne(s *Store, w *dialog.Write) (dialog.Verdict, error) {
	out, err := s.Commit(context.Background(), &dialog.Batch{Writes: []*dialog.Write{w}})
	if err != nil {
		return dialog.Unknown, err
	}
	return out.Verdicts[0], nil
}

// TestLostAnswer: the commit happened and its answer was lost. Wherever the answer is cut,
// the outcome is unknown, and a retry finds it.
func TestLostAnswer(t *testing.T) {
	s, p := proxied(t)
	rows := put(t, s, 50)
	for cut := range int64(40) {
		r := rows[cut]
		w := dialogtest.Next(r, 7)
		w.Starts = []*dialog.Row{dialogtest.NewRow(key(fmt.Sprint("deal", cut)))}
		w.Events = []dialog.Event{{Kind: "confirmed", At: time.Now()}}
		if _, err := s.Now(t.Context()); err != nil { // the connection is not checked again
			t.Fatal(err)
		}
		p.DropAnswerAfter(cut * 8)
		v, err := commitOne(s, w)
		p.DropAnswerAfter(-1)
		if err == nil {
			if v != dialog.Applied {
				t.Fatalf("cut at %d: %v", cut*8, v)
			}
			continue // the whole answer had come
		}
		unavailable(t, "commit", err)
		got, err := s.Load(t.Context(), r.Key)
		if err != nil || got.Stamp() != w.After.Stamp() {
			t.Fatalf("cut at %d: the row is %+v, %v", cut*8, got, err)
		}
		if v, err := commitOne(s, w); v != dialog.Applied || err != nil {
			t.Fatalf("retry: %v, %v", v, err)
		}
		if v, err := commitOne(s, dialogtest.Next(r, 7)); v != dialog.Duplicate || err != nil {
			t.Fatalf("redelivered to another instance: %v, %v", v, err)
		}
	}
	if p.Dropped() < 20 {
		t.Fatalf("only %d answers were lost", p.Dropped())
	}
	if n := count(t, s, "events"); n != 40 {
		t.Errorf("%d events of 40 turns", n)
	}
	if n := count(t, s, "conversations"); n != 90 {
		t.Errorf("%d conversations, want 90", n)
	}
}

func count(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestHang: a server that accepts and never answers ends no call later than its deadline.
func TestHang(t *testing.T) {
	s, p := proxied(t)
	r := put(t, s, 1)[0]
	p.Hang(true)
	s.timeout = 600 * time.Millisecond
	for name, call := range map[string]func(ctx context.Context) error{
		"Load": func(ctx context.Context) error { _, err := s.Load(ctx, r.Key); return err },
		"Due":  func(ctx context.Context) error { _, err := s.Due(ctx, dialog.DueQuery{Until: time.Now()}); return err },
		"Commit": func(ctx context.Context) error {
			_, err := s.Commit(ctx, &dialog.Batch{Writes: []*dialog.Write{dialogtest.Next(r, 0)}})
			return err
		},
		"Lease": func(ctx context.Context) error { _, err := s.Lease(ctx, "l", "h", time.Hour); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		unavailable(t, name, call(ctx))
		if ctx.Err() != nil {
			t.Errorf("%s took %v of %v", name, patience, s.timeout)
		}
		cancel()
	}
	s.timeout = 2 * patience
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Load(ctx, r.Key); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > patience {
		t.Errorf("a caller's deadline: %v after %v", err, time.Since(began))
	}
	p.Hang(false)
	if _, err := s.Load(t.Context(), r.Key); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// TestRestart: calls after a restart succeed, although the pool was full of dead connections.
func TestRestart(t *testing.T) {
	server := testdb.Primary(t)
	s := openAt(t, server.URL())
	r := put(t, s, 1)[0]
	for name, halt := range map[string]func(){"in order": server.Stop, "crash": server.Crash} {
		var wg sync.WaitGroup
		for range 8 { // fill the pool
			wg.Go(func() { _, _ = s.Load(t.Context(), r.Key) })
		}
		wg.Wait()
		halt()
		_, err := s.Load(t.Context(), r.Key)
		unavailable(t, name+": while it is away", err)
		_, err = commitOne(s, dialogtest.Next(r, 0))
		unavailable(t, name+": commit while it is away", err)
		server.Start()
		for range 20 {
			w := dialogtest.Next(r, 0)
			if v, err := commitOne(s, w); v != dialog.Applied || err != nil {
				t.Fatalf("%s: commit after it: %v, %v", name, v, err)
			}
			r = w.After
			if _, err := s.Load(t.Context(), r.Key); err != nil {
				t.Fatalf("%s: load after it: %v", name, err)
			}
		}
		wg = sync.WaitGroup{}
		for range 20 {
			wg.Go(func() {
				if _, err := s.Load(t.Context(), r.Key); err != nil {
					t.Errorf("%s: load: %v", name, err)
				}
			})
		}
		wg.Wait()
	}
	// A restart between two calls.
	server.Restart()
	w := dialogtest.Next(r, 0)
	if v, err := commitOne(s, w); v != dialog.Applied || err != nil {
		t.Fatalf("commit after a restart: %v, %v", v, err)
	}
}

func TestReadOnly(t *testing.T) {
	server := testdb.Primary(t)
	s := openAt(t, server.URL())
	r := put(t, s, 1)[0]
	if _, err := s.Secret(t.Context(), "cookies", []byte("x")); err != nil {
		t.Fatal(err)
	}
	server.Set("default_transaction_read_only", "on")
	w := dialogtest.Next(r, 0)
	w.Events = []dialog.Event{{Kind: "answered", At: time.Now()}}
	_, err := commitOne(s, w)
	unavailable(t, "commit", err)
	_, err = s.Lease(t.Context(), "l", "h", time.Hour)
	unavailable(t, "lease", err)
	if _, err := s.Load(t.Context(), r.Key); err != nil {
		t.Errorf("load: %v", err)
	}
	if _, err := s.Holders(t.Context(), "l"); err != nil {
		t.Errorf("holders: %v", err)
	}
	if b, err := s.Secret(t.Context(), "cookies", nil); string(b) != "x" || err != nil {
		t.Errorf("secret: %q, %v", b, err)
	}
	if again, err := Open(t.Context(), server.URL()); err != nil {
		t.Errorf("open: %v", err)
	} else {
		again.Close()
	}
	server.Set("default_transaction_read_only", "off")
	if v, err := commitOne(s, w); v != dialog.Applied || err != nil {
		t.Errorf("after it: %v, %v", v, err)
	}
}

func TestOutOfConnections(t *testing.T) {
	server := testdb.Primary(t, "max_connections=8", "superuser_reserved_connections=0")
	s := openAt(t, server.URL())
	r := put(t, s, 1)[0]
	s.pool.Reset()
	var conns []*pgx.Conn
	for range 20 {
		if c, err := pgx.Connect(t.Context(), server.URL()); err == nil {
			conns = append(conns, c)
		}
	}
	_, err := s.Load(t.Context(), r.Key)
	unavailable(t, "load", err)
	_, err = commitOne(s, dialogtest.Next(r, 0))
	unavailable(t, "commit", err)
	for _, c := range conns {
		_ = c.Close(t.Context())
	}
	soon(t, "there is a connection again", func() bool { _, err := s.Load(t.Context(), r.Key); return err == nil })
}

// TestFailover: the standby is promoted under load. With synchronous commit every
// acknowledged turn survives, and the store finds the new primary by itself.
func TestFailover(t *testing.T) {
	primary := testdb.Primary(t, "synchronous_standby_names='*'")
	standby := primary.Standby()
	primary.Synchronous(true)
	url := fmt.Sprintf("postgres://lockbay@%s,%s/postgres?sslmode=disable&target_session_attrs=read-write", primary.Addr(), standby.Addr())
	s := openAt(t, url, WithTimeout(2*time.Second))
	rows := put(t, s, 20)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var acknowledged, lostAnswers atomic.Int64
	var after atomic.Bool
	var since atomic.Int64
	for _, r := range rows {
		wg.Go(func() {
			for input := uint64(1); ctx.Err() == nil; input++ {
				w := dialogtest.Next(r, input)
				for {
					v, err := commitOne(s, w)
					if err == nil && (v == dialog.Applied || v == dialog.Duplicate) {
						break
					}
					if err == nil {
						t.Errorf("%s: %v of a turn that nobody else makes", r.Key, v)
						return
					}
					if !errors.Is(err, dialog.ErrUnavailable) {
						t.Errorf("%s: %v", r.Key, err)
						return
					}
					lostAnswers.Add(1)
					time.Sleep(20 * time.Millisecond) // and again
				}
				acknowledged.Add(1)
				if after.Load() {
					since.Add(1)
				}
				r = w.After
			}
			if got, err := s.Load(t.Context(), r.Key); err != nil || got.Stamp() != r.Stamp() {
				t.Errorf("%s is %+v, %v, want %+v", r.Key, got, err, r.Stamp())
			}
		})
	}
	soon(t, "turns are under way", func() bool { return acknowledged.Load() > 200 })
	before := acknowledged.Load()
	primary.Crash()
	standby.Promote()
	after.Store(true)
	soon(t, "turns go on", func() bool { return since.Load() > 200 })
	cancel()
	wg.Wait()
	t.Logf("%d turns before, %d in all, %d answers missing", before, acknowledged.Load(), lostAnswers.Load())
}

// TestPromotedLossy: a standby without fsync becomes the primary. The store does not write
// to it, and the error says why.
func TestPromotedLossy(t *testing.T) {
	primary := testdb.Primary(t)
	primary.Set("synchronous_commit", "off")
	standby := primary.Standby() // with its settings
	primary.Set("synchronous_commit", "on")
	s := openAt(t, fmt.Sprintf("postgres://lockbay@%s,%s/postgres?sslmode=disable&target_session_attrs=read-write", primary.Addr(), standby.Addr()))
	r := put(t, s, 1)[0]
	primary.Synchronous(true) // it has the row
	first := dialogtest.Next(r, 1)
	mustApply(t, s, first)
	primary.Crash()
	standby.Promote()
	w := dialogtest.Next(first.After, 2)
	for range 20 {
		if v, err := commitOne(s, w); err == nil || !errors.Is(err, dialog.ErrUnavailable) && !strings.Contains(err.Error(), "synchronous_commit=off") {
			t.Fatalf("commit: %v, %v", v, err)
		}
	}
	soon(t, "it says why", func() bool {
		h, err := s.Head(t.Context(), r.Key)
		if err == nil {
			t.Fatalf("head: %+v", h)
		}
		return strings.Contains(err.Error(), "synchronous_commit=off")
	})
	standby.Set("synchronous_commit", "on")
	h, err := s.Head(t.Context(), r.Key)
	defer func() { t.Logf("head: %v", err) }()
	soon(t, "it is read once it is mended", func() bool {
		h, err = s.Head(t.Context(), r.Key)
		return err == nil
	})
	if h.Version != 2 {
		t.Errorf("head after it was mended: %+v", h)
	}
}

// TestCodes: an error about the server is ErrUnavailable; an error about a statement is not.
func TestCodes(t *testing.T) {
	for _, c := range strings.Fields("08006 25006 53100 53200 53300 55P03 57014 57P01 57P03 58030 XX000 28P01 3D000") {
		if err := failed("x", pgError(c)); !errors.Is(err, dialog.ErrUnavailable) {
			t.Errorf("%s: %v", c, err)
		}
	}
	for _, c := range strings.Fields("22P05 22021 23505 40001 40P01 42P01 0A000 42P05 22001") {
		if err := failed("x", pgError(c)); errors.Is(err, dialog.ErrUnavailable) {
			t.Errorf("%s: %v", c, err)
		}
	}
	if err := failed("x", context.Canceled); !errors.Is(err, context.Canceled) || !errors.Is(err, dialog.ErrUnavailable) {
		t.Error(err)
	}
}
