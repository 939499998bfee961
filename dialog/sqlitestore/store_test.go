package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

func openTest(t testing.TB) dialog.Store {
	return openAt(t, filepath.Join(t.TempDir(), "dir", "test.db"))
}

func openAt(t testing.TB, path string, opts ...Option) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, opts...)
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

func TestStore(t *testing.T) { dialogtest.TestStore(t, openTest) }

func BenchmarkStore(b *testing.B) { dialogtest.BenchmarkStore(b, openTest) }

func key(id string) dialog.Key { return dialog.Key{Bot: "bot", Flow: "flow", ID: id} }

// put creates conversations of these ids in one batch.
func put(s dialog.Store, ids ...string) error {
	var b dialog.Batch
	for _, id := range ids {
		b.Writes = append(b.Writes, &dialog.Write{After: dialogtest.NewRow(key(id))})
	}
	_, err := s.Commit(context.Background(), &b)
	return err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// has wants s to hold exactly these conversations.
func has(t testing.TB, s dialog.Store, ids ...string) {
	t.Helper()
	rows, err := s.List(context.Background(), dialog.Query{Limit: 100_000})
	must(t, err)
	var got []string
	for _, r := range rows {
		got = append(got, r.Key.ID)
	}
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Fatalf("conversations %q, want %q", got, ids)
	}
}

// sql runs a statement on the writing connection and returns the first column.
func (s *Store) sql(t testing.TB, sql string, values ...driver.Value) (got []driver.Value) {
	t.Helper()
	c, err := s.writer.take(context.Background())
	must(t, err)
	defer s.writer.put(c)
	must(t, c.query(sql, values, func(v []driver.Value) error {
		got = append(got, v[0])
		return nil
	}))
	return got
}

func TestPromises(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "a ?%#.db")
	s := openAt(t, path)
	must(t, put(s, "a"))
	for sql, want := range map[string]driver.Value{"pragma synchronous": int64(2), "pragma journal_mode": "wal"} {
		if got := s.sql(t, sql); got[0] != want {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", name, info, err)
		}
	}
	if size, err := s.Size(context.Background()); err != nil || size < 4096 {
		t.Errorf("Size: %d, %v", size, err)
	}
	if bytes, n, err := s.ConversationBytes(context.Background()); err != nil || n != 1 || bytes < 4096 {
		t.Errorf("ConversationBytes: %d, %d, %v", bytes, n, err)
	}
	// Opening takes other users' right to read away.
	must(t, os.Chmod(path, 0o644))
	openAt(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("opened again: %v, %v", info, err)
	}
	if _, err := Open(context.Background(), ":memory:"); err == nil {
		t.Error("Open accepted a store in memory")
	}
}

// TestColumns reads the columns that people query.
func TestColumns(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	r := dialogtest.NewRow(dialog.Key{Bot: "lockbay", Flow: "escrow", ID: "web:a:b"})
	r.Answers = []byte(`{"seller":"@Іван"}`)
	e := dialog.Event{Kind: dialog.EventRehydrated, Key: r.Key.String(), Draft: "d", Step: "s", Mode: "m", Variant: "v", Instance: "i",
		Cause: "c", Source: "so", Took: 1500 * time.Microsecond, At: time.UnixMilli(1234)}
	_, err := s.Commit(context.Background(), &dialog.Batch{Writes: []*dialog.Write{{After: r, Events: []dialog.Event{e}}}, Events: []dialog.Event{{Kind: dialog.EventUp}}})
	must(t, err)
	for sql, want := range map[string]driver.Value{
		"select bot || '|' || flow || '|' || id from conversations":                   "lockbay|escrow|web:a:b",
		"select conversation_state from conversations":                                "amount_input",
		"select cast(answers as text) ->> 'seller' from conversations":                "@Іван",
		"select strftime('%Y-%m-%d', created / 1000, 'unixepoch') from conversations": "2026-05-01",
		`select concat_ws('|', at, kind, key, draft_id, step, mode, variant, instance, cause, source, took_us)
			from events where n = 1`: "1234|rehydrated|lockbay:escrow:web:a:b|d|s|m|v|i|c|so|1500",
		"select count(*) from events where kind = 'up' and key is null and took_us is null": int64(1),
	} {
		if got := s.sql(t, sql); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
}

// TestIndexes: the queries of the hot paths use their indexes.
func TestIndexes(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	for sql, want := range map[string]string{
		selectDue: "SEARCH conversations USING INDEX conversations_due ((due,key)>(?,?) AND due<?)",
		selectRow: "SEARCH conversations USING INDEX sqlite_autoindex_conversations_1 (key=?)",
		updateRow: "SEARCH conversations USING INDEX sqlite_autoindex_conversations_1 (key=?)",
		setDue:    "SEARCH conversations USING INDEX sqlite_autoindex_conversations_1 (key=?)",
	} {
		var plan []string
		must(t, s.read(context.Background(), func(c *conn) error {
			return c.query("explain query plan "+sql, make([]driver.Value, 30)[:countParams(sql)], func(v []driver.Value) error {
				plan = append(plan, v[3].(string))
				return nil
			})
		}))
		if !slices.Equal(plan, []string{want}) {
			t.Errorf("%s\n%q, want %q", sql, plan, want)
		}
	}
}

func countParams(sql string) (n int) {
	for _, r := range sql {
		if r == '?' {
			n++
		}
	}
	return n
}

// TestReadersAreKept: a connection is closed after a read that fails, and kept after one whose
// answer is that there is nothing, or that it is for a newer program.
func TestReadersAreKept(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	opened, open := 0, s.readers.open
	s.readers.open = func() (*conn, error) { opened++; return open() }
	read := func(answer error) {
		if err := s.read(t.Context(), func(*conn) error { return answer }); !errors.Is(err, answer) {
			t.Fatalf("%v, want %v", err, answer)
		}
	}
	for range cap(s.readers.slots) {
		read(nil)
	}
	for _, answer := range []error{nil, dialog.ErrNotFound, dialog.ErrSchemaNewer, errors.New("broken")} {
		opened = 0
		for range 2 * cap(s.readers.slots) {
			read(answer)
		}
		if broken := opened > 0; broken != (answer != nil && answer.Error() == "broken") {
			t.Errorf("after %v, %d connections are opened anew", answer, opened)
		}
	}
}

// TestBadTurn: a failed statement, even one whose failure ends the transaction,
// leaves nothing of its batch behind, and the store goes on working.
func TestBadTurn(t *testing.T) {
	for _, how := range []string{"abort", "fail", "rollback"} {
		t.Run(how, func(t *testing.T) {
			s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
			s.sql(t, `create trigger poison before insert on conversations when new.owner = 'c' begin select raise(`+how+`, 'poison'); end`)
			err := put(s, "a", "b", "c", "d", "e")
			if err == nil || errors.Is(err, dialog.ErrUnavailable) || errors.Is(err, dialog.ErrNotFound) {
				t.Fatalf("Commit: %v, want an error of that batch alone", err)
			}
			has(t, s)
			for _, id := range []string{"a", "b", "d", "e"} {
				must(t, put(s, id))
			}
			has(t, s, "a", "b", "d", "e")
		})
	}
}

// TestCommitFails: a COMMIT that fails leaves its transaction open. Nothing of the batch
// stays, and the next one gets another connection.
func TestCommitFails(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	for _, sql := range []string{
		`create table parents (id integer primary key)`,
		`create table children (parent integer references parents (id) deferrable initially deferred)`,
		`create trigger orphan after insert on conversations when new.owner = 'c' begin insert into children values (1); end`,
	} {
		s.sql(t, sql)
	}
	for range 3 {
		s.sql(t, `pragma foreign_keys = on`) // of this connection alone; a deferred one is checked by COMMIT
		if err := put(s, "a", "b", "c"); err == nil || errors.Is(err, dialog.ErrUnavailable) {
			t.Fatalf("Commit: %v, want an error of that batch alone", err)
		}
		has(t, s)
		if got := s.sql(t, `pragma foreign_keys`); got[0] != int64(0) {
			t.Error("the connection is kept")
		}
	}
	must(t, put(s, "a", "b"))
	has(t, s, "a", "b")
}

// TestDiskFull: acknowledged batches stay, a full disk acknowledges no batch,
// and the store works again once there is room.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path)
	must(t, put(s, "first"))
	s.sql(t, `pragma max_page_count = 60`)
	want := []string{"first"}
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		ids := []string{string(rune('а'+i)) + "1", string(rune('а'+i)) + "2", string(rune('а'+i)) + "3"}
		if err = put(s, ids...); err == nil {
			want = append(want, ids...)
		}
	}
	if !errors.Is(err, dialog.ErrUnavailable) || errors.Is(err, dialog.ErrNotFound) {
		t.Fatalf("Commit on a full disk: %v, want unavailable", err)
	}
	has(t, s, want...)
	must(t, put(s, "later")) // a new connection, without the limit
	must(t, s.Close())
	has(t, openAt(t, path), append(want, "later")...)
}

// TestSecondOpener opens a second store on the same file, as another process
// would.
func TestSecondOpener(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "test.db")
	a, b := openAt(t, path), openAt(t, path, WithBusy(time.Minute))
	brief := openAt(t, path, WithBusy(400*time.Millisecond))
	must(t, put(a, "x"))
	row, err := b.Load(ctx, key("x"))
	must(t, err)
	w := dialogtest.Next(row, 1)
	for _, s := range []*Store{b, a} {
		out, err := s.Commit(ctx, &dialog.Batch{Writes: []*dialog.Write{w}})
		if err != nil || out.Verdicts[0] != dialog.Applied {
			t.Fatalf("%v, %v", out, err)
		}
	}
	out, err := a.Commit(ctx, &dialog.Batch{Writes: []*dialog.Write{dialogtest.Next(row, 2)}})
	if err != nil || out.Verdicts[0] != dialog.Conflicts {
		t.Fatalf("%v, %v, want a conflict", out, err)
	}
	// While one store writes, the other still reads, and its write waits and
	// gives up in time.
	hold := make(chan struct{})
	held := make(chan struct{})
	done := make(chan error)
	go func() {
		done <- a.write(ctx, func(*conn) error { close(held); <-hold; return nil })
	}()
	<-held
	if _, err := b.Load(ctx, key("x")); err != nil {
		t.Errorf("Load while another writes: %v", err)
	}
	if err := put(brief, "y"); !errors.Is(err, dialog.ErrUnavailable) {
		t.Errorf("Commit while another writes for too long: %v, want unavailable", err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := b.Secret(short, "s", []byte("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Secret until a deadline: %v", err)
	}
	time.AfterFunc(250*time.Millisecond, func() { close(hold) })
	if err := put(b, "z"); err != nil {
		t.Errorf("Commit while another writes for a while: %v", err)
	}
	must(t, <-done)
	has(t, a, "x", "z")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestClock(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"), WithNow(func() time.Time { return now }))
	lease := func(holder string, want bool) {
		t.Helper()
		if got, err := s.Lease(ctx, "l", holder, time.Minute); err != nil || got != want {
			t.Fatalf("Lease for %s: %v, %v", holder, got, err)
		}
	}
	lease("a", true)
	now = now.Add(time.Minute - time.Millisecond)
	lease("b", false)
	now = now.Add(time.Millisecond)
	lease("b", true)
	out, err := s.Commit(ctx, &dialog.Batch{})
	if err != nil || !out.Now.Equal(now) {
		t.Errorf("Commit tells %v, %v, want %v", out.Now, err, now)
	}
}

// SetLease writes a lease with any end, as another clock might, for
// dialogtest.TestStore.
func (s *Store) SetLease(t testing.TB, name, holder string, until time.Time) {
	t.Helper()
	if err := s.write(t.Context(), func(c *conn) error {
		return c.run(`insert into leases (name, holder, until) values (?, ?, ?) on conflict (name) do update set holder = excluded.holder, until = excluded.until`,
			name, holder, until.UnixMilli())
	}); err != nil {
		t.Fatal(err)
	}
}
