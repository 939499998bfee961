package pgstore

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
)

// TestLoneTurn: a turn that is alone and its events are one statement, in a database with
// another isolation level, too. A turn that loses leaves no event.
func TestLoneTurn(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url)
	if _, err := s.pool.Exec(t.Context(), `do $$ begin execute format('alter database %I set default_transaction_isolation = serializable', current_database()); end $$`); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, url)
	row := put(t, s, 1)[0]
	commit := func(w *dialog.Write) dialog.Committed {
		t.Helper()
		out, err := s.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{w}})
		if err != nil || out.Now.IsZero() {
			t.Fatalf("%+v, %v", out, err)
		}
		return out
	}
	first, other := grow(row, 1, 1), grow(row, 1, 2)
	for _, w := range []*dialog.Write{first, other} {
		w.Events = []dialog.Event{{Kind: "answered", Key: row.Key.String(), At: time.Now()}, {Kind: "asked", Key: row.Key.String(), At: time.Now()}}
	}
	if v := commit(first).Verdicts[0]; v != dialog.Applied {
		t.Fatalf("the first turn: %v", v)
	}
	if v := commit(other).Verdicts[0]; v != dialog.Conflicts {
		t.Errorf("another turn on the same record: %v", v)
	}
	if v := commit(first).Verdicts[0]; v != dialog.Applied {
		t.Errorf("the first turn again: %v", v)
	}
	if v := commit(grow(first.After, 2, 3)).Verdicts[0]; v != dialog.Applied {
		t.Errorf("a turn without events: %v", v)
	}
	if n := ask[int](t, url, `select count(*) from events`); n != 2 {
		t.Errorf("%d events, want those of the first turn", n)
	}
	var lone int
	var level string
	if err := s.pool.QueryRow(t.Context(), `select count(*), current_setting('transaction_isolation') from pg_prepared_statements where name = 'd_lone'`).Scan(&lone, &level); err != nil {
		t.Fatal(err)
	}
	if lone != 1 || level != "read committed" {
		t.Errorf("%d statements of a lone turn, isolation %q", lone, level)
	}
}
