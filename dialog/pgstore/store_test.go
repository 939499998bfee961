package pgstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// openAt opens a store that waits for locks as long as a slow machine needs.
func openAt(t testing.TB, url string, opts ...Option) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, append([]Option{WithLockWait("1min")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// WithLockWait is how long a commit waits for a lock.
func WithLockWait(d string) Option { return func(s *Store) { s.lockWait = d } }

func TestStore(t *testing.T) { dialogtest.TestStore(t, emptied(testdb.Postgres(t))) }

func TestStorePartitioned(t *testing.T) {
	dialogtest.TestStore(t, emptied(testdb.Postgres(t), WithPartitions(), WithNotices()))
}

func TestStoreThroughPgBouncer(t *testing.T) {
	dialogtest.TestStore(t, emptied(bouncer(t, testdb.Postgres(t)), WithNotices()))
}

// emptied opens stores of one database, one after another, each on empty tables.
func emptied(url string, opts ...Option) func(t testing.TB) dialog.Store {
	return func(t testing.TB) dialog.Store { return empty(t, openAt(t, url, opts...)) }
}

// empty empties the tables of a store.
func empty(t testing.TB, s *Store) *Store {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), `with c as (delete from conversations), e as (delete from events), l as (delete from leases) delete from secrets`); err != nil {
		t.Fatal(err)
	}
	return s
}

// bouncer starts a pooler before the server at url. The URL that it returns does not say so.
func bouncer(t testing.TB, url string) string {
	t.Helper()
	return strings.Replace(testdb.PgBouncer(t, url), "default_query_exec_mode=exec", "application_name=test", 1)
}

// TestPoolerFound: a store detects a pooler at the start. A store that may prepare its
// statements detects it by the first that is missing.
func TestPoolerFound(t *testing.T) {
	for name, mode := range map[string]string{"start": "", "later": "&default_query_exec_mode=cache_statement"} {
		t.Run(name, func(t *testing.T) {
			url := bouncer(t, testdb.Postgres(t)) + mode
			stores := []*Store{openAt(t, url), openAt(t, url)}
			if stores[0].pooled.Load() != (mode == "") {
				t.Errorf("pooled: %v", stores[0].pooled.Load())
			}
			var wg sync.WaitGroup
			for i := range 40 {
				s := stores[i%2]
				r := dialogtest.NewRow(key(fmt.Sprint(i)))
				wg.Go(func() {
					w := &dialog.Write{After: r}
					for range 20 {
						if v, err := commitOne(s, w); v != dialog.Applied || err != nil {
							t.Errorf("%s: %v, %v", r.Key, v, err)
							return
						}
						if _, err := s.Load(context.Background(), r.Key); err != nil {
							t.Error(err)
						}
						if _, err := s.Lease(context.Background(), "l", fmt.Sprint(i), time.Second); err != nil {
							t.Error(err)
						}
						w = dialogtest.Next(w.After, rand.Uint64())
					}
				})
			}
			wg.Wait()
			for _, s := range stores {
				if !s.pooled.Load() {
					t.Error("it never noticed")
				}
			}
		})
	}
}

// TestHOT: conversations that grow over their turns, with what they show and with new
// drafts, leave the indexes alone.
func TestHOT(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []Option
	}{{"whole", nil}, {"partitioned", []Option{WithPartitions()}}} {
		t.Run(c.name, func(t *testing.T) {
			url := testdb.Postgres(t)
			s := openAt(t, url, c.opts...)
			const users, turns, batch = 2000, 12, 200
			rows := put(t, s, users)
			for n := range turns {
				for part := range slices.Chunk(rand.Perm(users), batch) {
					slices.Sort(part)
					b := &dialog.Batch{}
					for _, i := range part {
						// The mark of the turn before.
						m := dialog.ShownMark{Key: rows[i].Key, Had: rows[i].Shown, Least: rows[i].Version,
							New: fmt.Appendf(nil, `[{"c":"telegram","a":"1000001","v":%d,"m":"%d"}]`, rows[i].Version, 100+n)}
						b.Shown = append(b.Shown, m)
						w := grow(rows[i], n+1, rand.Uint64())
						w.After.Shown = m.New
						if n%4 == 0 { // a new draft
							w.After.Created = time.Now()
						}
						b.Writes = append(b.Writes, w)
						rows[i] = w.After
					}
					out, err := s.Commit(t.Context(), b)
					if err != nil || slices.ContainsFunc(out.Verdicts, func(v dialog.Verdict) bool { return v != dialog.Applied }) ||
						slices.ContainsFunc(out.Marked, func(m dialog.Marked) bool { return !m.Applied }) {
						t.Fatal(out, err)
					}
				}
			}
			s.pool.Reset() // connections report when they end
			const updates = users * turns * 2
			sum := `select coalesce(sum(%s), 0)::bigint from pg_stat_user_tables where relname ~ '^conversations'`
			soon(t, "the statistics are there", func() bool { return ask[int64](t, url, fmt.Sprintf(sum, "n_tup_upd")) >= updates })
			hot := ask[int64](t, url, fmt.Sprintf(sum, "n_tup_hot_upd"))
			t.Logf("%d of %d updates are HOT", hot, updates)
			if hot*100 < updates*95 {
				t.Errorf("HOT %.1f %%", float64(hot)*100/updates)
			}
		})
	}
}

// TestOverlap: three instances get the same inputs for the same conversations, and marks for
// each other's. There is no deadlock, and every input counts once.
func TestOverlap(t *testing.T) { overlap(t, testdb.Postgres(t)) }

// TestOverlapSerializable: the isolation level does not depend on the database's default.
func TestOverlapSerializable(t *testing.T) {
	overlap(t, testdb.Postgres(t)+"&default_transaction_isolation=serializable")
}

func overlap(t *testing.T, url string) {
	const users, inputs = 60, 40
	first := openAt(t, url)
	rows := put(t, first, users)
	var wg sync.WaitGroup
	var applied, duplicates atomic.Int64
	for n := range 3 {
		s := first
		if n > 0 {
			s = openAt(t, url)
		}
		wg.Go(func() {
			for input := uint64(1); input <= inputs; input++ {
				open := rand.Perm(users)
				for len(open) > 0 {
					part := slices.Clone(open[:min(20, len(open))])
					slices.Sort(part)
					b := &dialog.Batch{}
					var sent []int
					for _, i := range part {
						r, err := s.Load(context.Background(), rows[i].Key)
						if err != nil {
							t.Error(err)
							return
						}
						if seen(r, input) {
							duplicates.Add(1)
							continue
						}
						sent = append(sent, i)
						b.Writes = append(b.Writes, dialogtest.Next(r, input))
						other, err := s.Load(context.Background(), rows[rand.N(users)].Key)
						if err != nil {
							t.Error(err)
							return
						}
						if !slices.ContainsFunc(b.Shown, func(m dialog.ShownMark) bool { return m.Key == other.Key }) {
							b.Shown = append(b.Shown, dialog.ShownMark{Key: other.Key, Had: other.Shown, New: fmt.Append(nil, input), Least: int64(input)})
						}
						b.Due = append(b.Due, dialog.DueMark{Key: other.Key, Version: int64(input), Due: int64(rand.N(100))})
					}
					out, err := s.Commit(context.Background(), b)
					if err != nil {
						t.Error(err)
						return
					}
					open = open[len(part):]
					for i, v := range out.Verdicts {
						switch v {
						case dialog.Applied:
							applied.Add(1)
						case dialog.Duplicate:
							duplicates.Add(1)
						default:
							open = append(open, sent[i])
						}
					}
				}
			}
		})
	}
	wg.Wait()
	if applied.Load() != users*inputs || duplicates.Load() != 2*users*inputs {
		t.Errorf("%d applied, %d duplicates, want %d and %d", applied.Load(), duplicates.Load(), users*inputs, 2*users*inputs)
	}
	for _, r := range rows {
		got, err := first.Load(t.Context(), r.Key)
		if err != nil || got.Version != 1+inputs {
			t.Errorf("%s is not at version %d, %v", r.Key, 1+inputs, err)
		}
	}
	if n := ask[int64](t, url, `select deadlocks from pg_stat_database where datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}

// TestStartRace: turns of several instances start the same conversation. One of them wins;
// the others change nothing, and hurt no other turn.
func TestStartRace(t *testing.T) {
	url := testdb.Postgres(t)
	const instances, rounds = 3, 40
	stores := make([]*Store, instances)
	for i := range stores {
		stores[i] = openAt(t, url)
	}
	rows := put(t, stores[0], instances*4)
	for round := range rounds {
		var wg sync.WaitGroup
		var started atomic.Int64
		deal := dialogtest.NewRow(key(fmt.Sprint("deal", round)))
		for n, s := range stores {
			wg.Go(func() {
				b := &dialog.Batch{}
				for i := n * 4; i < n*4+4; i++ {
					b.Writes = append(b.Writes, dialogtest.Next(rows[i], rand.Uint64()))
				}
				first := dialogtest.NewRow(key(fmt.Sprint("first", round, "-", n)))
				w := b.Writes[1]
				w.Starts = []*dialog.Row{first, deal}
				w.Events = []dialog.Event{{Kind: "confirmed", At: time.Now()}}
				out, err := s.Commit(context.Background(), b)
				if err != nil {
					t.Error(err)
					return
				}
				for i, v := range out.Verdicts {
					switch {
					case v == dialog.Applied:
						rows[n*4+i] = b.Writes[i].After
					case i != 1 || v != dialog.Taken:
						t.Errorf("turn %d: %v", i, v)
					}
				}
				_, err = s.Head(context.Background(), first.Key)
				if won := out.Verdicts[1] == dialog.Applied; won {
					started.Add(1)
				} else if !errors.Is(err, dialog.ErrNotFound) {
					t.Errorf("a start of a turn that lost: %v", err)
				}
			})
		}
		wg.Wait()
		if started.Load() != 1 {
			t.Fatalf("round %d: %d turns started one conversation", round, started.Load())
		}
	}
	if n := count(t, stores[0], "events"); n != rounds {
		t.Errorf("%d events, want %d", n, rounds)
	}
}

func seen(r *dialog.Row, input uint64) bool {
	for b := range slices.Chunk(r.Seen, 8) {
		if binary.BigEndian.Uint64(b) == input {
			return true
		}
	}
	return false
}

// TestLeaseClock: a lease ends by the server's clock, wherever the instances' clocks are.
func TestLeaseClock(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url)
	if ok, err := s.Lease(t.Context(), "poller", "a", 30*time.Second); !ok || err != nil {
		t.Fatal(ok, err)
	}
	left := ask[int64](t, url, `select until - `+nowMillis+` from leases where name = 'poller'`)
	if left < 20_000 || left > 30_000 {
		t.Errorf("%d ms left of 30 s", left)
	}
}

func TestSize(t *testing.T) {
	for _, opts := range [][]Option{nil, {WithPartitions()}} {
		s := openAt(t, testdb.Postgres(t), opts...)
		put(t, s, 500)
		bytes, n, err := s.ConversationBytes(t.Context())
		if err != nil || n != 500 || bytes < 500*300 || bytes > 500*5000 {
			t.Errorf("%d bytes of %d conversations, %v", bytes, n, err)
		}
		if size, err := s.Size(t.Context()); err != nil || size < bytes {
			t.Errorf("%d bytes in all, %v", size, err)
		}
	}
}
