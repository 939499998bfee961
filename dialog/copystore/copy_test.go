package copystore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/copystore"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

var ctx = context.Background()

func sqlite(t testing.TB) dialog.Store { return sqliteAt(t, filepath.Join(t.TempDir(), "a.db")) }

func sqliteAt(t testing.TB, path string) dialog.Store {
	t.Helper()
	s, err := sqlitestore.Open(ctx, path)
	return opened(t, s, err)
}

func postgres(opts ...pgstore.Option) func(t testing.TB) dialog.Store {
	return func(t testing.TB) dialog.Store {
		t.Helper()
		s, err := pgstore.Open(ctx, testdb.Postgres(t), opts...)
		return opened(t, s, err)
	}
}

func opened[S dialog.Store](t testing.TB, s S, err error) dialog.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// conversation is a row with a place, Cyrillic text, emoji, and bytes that are
// not text.
func conversation(i int) *dialog.Row {
	r := dialogtest.NewRow(dialog.Key{Bot: "lockbay", Flow: []string{"deal", "escrow"}[i%2], ID: fmt.Sprintf("tg:%d", 1_000_000+i*7919%1_000_003)})
	r.Version = 1 + int64(i%9)
	r.State = []byte(`{"p":[{"c":"telegram","a":"1","p":true}]}`)
	r.Answers = []byte(`{"description":"Чайник 🫖 ` + fmt.Sprint(i) + `"}`)
	r.Seen = []byte{0, 255, 0, 1, 2, 3, 4, byte(i)}
	switch i % 5 {
	case 1:
		r.Answers, r.Where = nil, dialog.InRedis
	case 2:
		r.Shown, r.Due = nil, 0
	case 3:
		r.Step, r.Seen = "", nil
		r.Expires = r.Expires.Add(-r.Expires.Sub(r.Created))
	case 4:
		r.Where = dialog.InRow
	}
	return r
}

// fill stores n conversations and returns the store.
func fill(t testing.TB, s dialog.Store, n int) dialog.Store {
	t.Helper()
	var writes []*dialog.Write
	for i := range n {
		writes = append(writes, &dialog.Write{After: conversation(i)})
	}
	for part := range slices.Chunk(writes, 500) {
		commit(t, s, part...)
	}
	return s
}

func commit(t testing.TB, s dialog.Store, writes ...*dialog.Write) {
	t.Helper()
	slices.SortFunc(writes, func(a, b *dialog.Write) int {
		if a.After.Key.String() < b.After.Key.String() {
			return -1
		}
		return 1
	})
	done, err := s.Commit(ctx, &dialog.Batch{Writes: writes})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range done.Verdicts {
		if v != dialog.Applied {
			t.Fatalf("%s: %v", writes[i].After.Key, v)
		}
	}
}

// rows returns all rows of a store.
func rows(t testing.TB, s dialog.Store) []*dialog.Row {
	t.Helper()
	list, err := s.List(ctx, dialog.Query{Deep: true, Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func equal(t testing.TB, from, to dialog.Store) {
	t.Helper()
	if diff := cmp.Diff(rows(t, from), rows(t, to)); diff != "" {
		t.Fatalf("the copy differs (-source +copy):\n%.2000s", diff)
	}
	a, errA := copystore.SumOf(ctx, from)
	b, errB := copystore.SumOf(ctx, to)
	if errA != nil || errB != nil || a != b || a.Conversations == 0 {
		t.Fatalf("sums: %+v %v, %+v %v", a, errA, b, errB)
	}
}

func copied(t testing.TB, from, to dialog.Store, opt copystore.Options, want copystore.Result) {
	t.Helper()
	got, err := copystore.Copy(ctx, from, to, opt)
	if err != nil || got != want {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
}

// TestStores: between stores of any kind, every column arrives unchanged, there
// and back.
func TestStores(t *testing.T) {
	memory := func(testing.TB) dialog.Store { return dialog.NewMemory() }
	for name, pair := range map[string][2]func(testing.TB) dialog.Store{
		"memory to SQLite":                             {memory, sqlite},
		"SQLite to PostgreSQL":                         {sqlite, postgres()},
		"SQLite to PostgreSQL in partitions":           {sqlite, postgres(pgstore.WithPartitions())},
		"PostgreSQL to PostgreSQL in partitions":       {postgres(), postgres(pgstore.WithPartitions())},
		"PostgreSQL in partitions to SQLite, 1 a page": {postgres(pgstore.WithPartitions()), sqlite},
	} {
		t.Run(name, func(t *testing.T) {
			opt := copystore.Options{Page: 64}
			n := 300
			if name[len(name)-6:] == "a page" {
				opt.Page, n = 1, 40
			}
			from, to := fill(t, pair[0](t), n), pair[1](t)
			copied(t, from, to, opt, copystore.Result{Seen: n, Created: n})
			equal(t, from, to)
			copied(t, from, to, opt, copystore.Result{Seen: n, Same: n})

			back := pair[0](t)
			copied(t, to, back, opt, copystore.Result{Seen: n, Created: n})
			equal(t, from, back)
		})
	}
}

// TestResume: a pass that dies in the middle is continued by the next.
func TestResume(t *testing.T) {
	const n = 5000
	from := fill(t, sqlite(t), n)
	to := postgres()(t)
	for dies := 1; dies <= 3; dies++ {
		dying, kill := context.WithCancel(ctx)
		got, err := copystore.Copy(dying, from, to, copystore.Options{Page: 200, Progress: func(seen int) {
			if seen >= dies*1400 {
				kill()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("pass %d: %+v, %v", dies, got, err)
		}
		sum, err := copystore.SumOf(ctx, to)
		if err != nil || sum.Conversations < dies*1400-400 || sum.Conversations >= n {
			t.Fatalf("after pass %d: %+v, %v", dies, sum, err)
		}
	}
	got, err := copystore.Copy(ctx, from, to, copystore.Options{})
	if err != nil || got.Seen != n || got.Created+got.Same != n || got.Same < 3800 {
		t.Fatalf("%+v, %v", got, err)
	}
	equal(t, from, to)
}

// TestSourceIsWritten: the next pass finds changes behind the current one.
func TestSourceIsWritten(t *testing.T) {
	const n = 1000
	from, to := fill(t, sqlite(t), n), postgres()(t)
	list := rows(t, from)
	first := true
	got, err := copystore.Copy(ctx, from, to, copystore.Options{Page: 100, Progress: func(seen int) {
		if seen < 500 || !first {
			return
		}
		first = false
		for _, i := range []int{3, 4, 998} { // two behind, one ahead
			commit(t, from, dialogtest.Next(list[i], 7))
		}
		commit(t, from, &dialog.Write{After: dialogtest.NewRow(dialog.Key{Bot: "a", Flow: "first", ID: "of all"})})
		if err := from.Forget(ctx, list[10].Key, list[10].Stamp()); err != nil {
			t.Error(err)
		}
		// A change of the marks alone keeps the stamp.
		show(t, from, list[20], 1, "m40")
	}})
	if err != nil || got.Created != n {
		t.Fatalf("%+v, %v", got, err)
	}
	a, _ := copystore.SumOf(ctx, from)
	b, _ := copystore.SumOf(ctx, to)
	if a == b {
		t.Fatal("the sums are equal although the source has changed")
	}
	copied(t, from, to, copystore.Options{}, copystore.Result{Seen: n, Created: 1, Updated: 2, Same: n - 3, Extra: 1})
	// The target keeps forgotten rows, until a pass is Exact.
	copied(t, from, to, copystore.Options{Exact: true, Keep: func(*dialog.Row) bool { return true }}, copystore.Result{Seen: n, Same: n, Extra: 1})
	copied(t, from, to, copystore.Options{Exact: true}, copystore.Result{Seen: n, Same: n, Deleted: 1})
	equal(t, from, to)
}

// TestNewerStays: a row that is newer in the target is never overwritten.
func TestNewerStays(t *testing.T) {
	for name, open := range map[string]func(testing.TB) dialog.Store{"SQLite": sqlite, "PostgreSQL": postgres()} {
		t.Run(name, func(t *testing.T) {
			from, to := fill(t, sqlite(t), 10), open(t)
			copied(t, from, to, copystore.Options{}, copystore.Result{Seen: 10, Created: 10})
			list := rows(t, from)
			commit(t, to, dialogtest.Next(list[0], 1)) // one turn ahead
			commit(t, to, dialogtest.Next(list[1], 1)) // another turn of the same number
			commit(t, from, dialogtest.Next(list[1], 2))
			// Forgotten and begun again later in the target; a few turns ahead
			// in the source.
			if err := to.Forget(ctx, list[2].Key, list[2].Stamp()); err != nil {
				t.Fatal(err)
			}
			anew := *list[2]
			anew.Version, anew.Tag, anew.Updated = 1, rand.Int64(), anew.Updated.Add(3600e9)
			commit(t, to, &dialog.Write{After: &anew})
			w := dialogtest.Next(list[2], 3)
			w.After.Version = 50
			commit(t, from, w)
			before := rows(t, to)
			copied(t, from, to, copystore.Options{}, copystore.Result{Seen: 10, Same: 7, Newer: 3})
			if diff := cmp.Diff(before, rows(t, to)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// TestBegunAnew: a conversation forgotten in the source and begun again
// replaces its copy, with fewer turns and with more.
func TestBegunAnew(t *testing.T) {
	for name, open := range map[string]func(testing.TB) dialog.Store{"SQLite": sqlite, "PostgreSQL": postgres()} {
		t.Run(name, func(t *testing.T) {
			from, to := fill(t, sqlite(t), 10), open(t)
			for _, row := range rows(t, from) {
				show(t, from, row, 40, "old")
			}
			copied(t, from, to, copystore.Options{}, copystore.Result{Seen: 10, Created: 10})
			for i, row := range rows(t, from)[:9] {
				if err := from.Forget(ctx, row.Key, row.Stamp()); err != nil {
					t.Fatal(err)
				}
				anew := *row
				anew.Version, anew.Tag, anew.Updated = int64(1+i), rand.Int64(), anew.Updated.Add(3600e9)
				anew.Answers, anew.Where = []byte(`{"seller":"@carol"}`), dialog.InRow
				anew.Shown = shown(1, "new")
				commit(t, from, &dialog.Write{After: &anew})
			}
			copied(t, from, to, copystore.Options{}, copystore.Result{Seen: 10, Same: 1, Updated: 9})
			equal(t, from, to) // with what they show
			copied(t, from, to, copystore.Options{Exact: true}, copystore.Result{Seen: 10, Same: 10})
		})
	}
}

// TestTwoPassesAtOnce: two concurrent passes end with the right result.
func TestTwoPassesAtOnce(t *testing.T) {
	from, to := fill(t, sqlite(t), 2000), postgres()(t)
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := copystore.Copy(ctx, from, to, copystore.Options{Page: 50})
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	equal(t, from, to)
}

// locked fails its first commits, as a store does while another transaction holds a row.
type locked struct {
	dialog.Store
	fails int
}

func (l *locked) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if l.fails--; l.fails >= 0 {
		return dialog.Committed{}, errors.New("a row is locked")
	}
	return l.Store.Commit(ctx, b)
}

// TestLocked: a pass waits for a row that is locked for a while, and ends with the reason
// where it stays so.
func TestLocked(t *testing.T) {
	for fails, whole := range map[int]bool{1: true, 6: true, 1000: false} {
		synctest.Test(t, func(t *testing.T) {
			from, to := fill(t, dialog.NewMemory(), 10), &locked{dialog.NewMemory(), fails}
			began := time.Now()
			got, err := copystore.Copy(ctx, from, to, copystore.Options{})
			if took := time.Since(began); whole != (err == nil) || whole != (got.Created == 10) || took > 15*time.Second {
				t.Errorf("after %d failures, %v: %+v, %v", fails, took, got, err)
			}
		})
	}
}

// shown is a column of one place.
func shown(version int64, message string) []byte {
	return fmt.Appendf(nil, `[{"c":"telegram","a":"1","v":%d,"m":%q}]`, version, message)
}

// show notes what row shows, as if it had come to that version.
func show(t *testing.T, s dialog.Store, row *dialog.Row, version int64, message string) {
	t.Helper()
	out, err := s.Commit(ctx, &dialog.Batch{Shown: []dialog.ShownMark{{Key: row.Key, Had: row.Shown, New: shown(version, message)}}})
	if err != nil || !out.Marked[0].Applied {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	url := testdb.Postgres(t)
	pg1, err := pgstore.Open(ctx, url)
	opened(t, pg1, err)
	pg2, err := pgstore.Open(ctx, url+"&application_name=other")
	opened(t, pg2, err)
	a, b, c := sqliteAt(t, path), sqliteAt(t, path), sqlite(t)
	for _, x := range []struct {
		a, b dialog.Store
		want bool
	}{{a, b, true}, {a, c, false}, {a, a, true}, {pg1, pg2, true}, {pg1, a, false}} {
		for range 2 { // and nothing is left behind
			if got, err := copystore.Same(ctx, x.a, x.b); err != nil || got != x.want {
				t.Fatal(got, err)
			}
		}
	}
}

func TestHeld(t *testing.T) {
	s := sqlite(t)
	if held, err := copystore.Held(ctx, s, "sweeper:x"); held || err != nil {
		t.Fatal(held, err)
	}
	if got, err := s.Lease(ctx, "sweeper:x", "somebody", 60e9); !got || err != nil {
		t.Fatal("looking has left a lease", err)
	}
	if held, err := copystore.Held(ctx, s, "sweeper:x"); !held || err != nil {
		t.Fatal(held, err)
	}
}

func TestSecret(t *testing.T) {
	from, to := sqlite(t), postgres()(t)
	want := []byte{0, 1, 255, 'k'}
	if _, err := from.Secret(ctx, "cookie", want); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := copystore.Secret(ctx, from, to, "cookie"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := to.Secret(ctx, "cookie", []byte("other")); err != nil || string(got) != string(want) {
		t.Fatalf("%q %v", got, err)
	}
	_, _ = to.Secret(ctx, "webhook", []byte("served before"))
	if err := copystore.Secret(ctx, from, to, "webhook"); err != nil {
		t.Fatal("a secret missing in the source:", err)
	}
	_, _ = from.Secret(ctx, "webhook", []byte("its own"))
	if err := copystore.Secret(ctx, from, to, "webhook"); !errors.Is(err, copystore.ErrOtherSecret) {
		t.Fatal(err)
	}
}
