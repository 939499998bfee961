package pgstore

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
)

// TestMarksAgain: marks that fail behind committed turns are tried again without them, and
// everything of the batch is written once.
func TestMarksAgain(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url)
	rows := put(t, s, 2)
	if _, err := s.pool.Exec(t.Context(), `create sequence nth;
		create function deadlocked() returns trigger language plpgsql as $$ begin
			if nextval('nth') = 1 then raise exception using errcode = '40P01'; end if;
			return new;
		end $$;
		create trigger deadlocked before update of shown on conversations for each row execute function deadlocked()`); err != nil {
		t.Fatal(err)
	}
	out, err := s.Commit(t.Context(), &dialog.Batch{
		Writes: []*dialog.Write{grow(rows[0], 1, 1)},
		Shown:  []dialog.ShownMark{{Key: rows[1].Key, New: []byte("7"), Least: rows[1].Version}},
		Events: []dialog.Event{{Kind: dialog.EventUp, Instance: "a.1", At: time.Now()}},
	})
	if err != nil || out.Verdicts[0] != dialog.Applied || !out.Marked[0].Applied || out.Marked[0].Version != rows[1].Version {
		t.Fatalf("%+v, %v", out, err)
	}
	if n := ask[int](t, url, `select count(*) from events where kind = 'up'`); n != 1 {
		t.Errorf("%d events, want one", n)
	}
	if n := ask[int](t, url, `select last_value from nth`); n < 2 {
		t.Errorf("the marks were written %d times: nothing was tried again", n)
	}
	after, err := s.Load(t.Context(), rows[1].Key)
	if err != nil || len(after.Shown) == 0 {
		t.Errorf("the mark is not there: %v, %v", after, err)
	}
}

// TestMarksFail: a mark that cannot be written undoes no turn, and says that it was not.
func TestMarksFail(t *testing.T) {
	s := openAt(t, testdb.Postgres(t))
	rows := put(t, s, 2)
	if _, err := s.pool.Exec(t.Context(), `create function rejected() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
		create trigger rejected before update of shown on conversations for each row execute function rejected()`); err != nil {
		t.Fatal(err)
	}
	shown := []dialog.ShownMark{{Key: rows[1].Key, New: []byte("7"), Least: rows[1].Version}}
	out, err := s.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{grow(rows[0], 1, 1)}, Shown: shown})
	if err != nil || out.Verdicts[0] != dialog.Applied || out.MarksErr == nil {
		t.Errorf("behind a turn: %+v, %v", out, err)
	}
	if _, err := s.Commit(t.Context(), &dialog.Batch{Shown: shown}); err == nil {
		t.Error("alone: no error")
	}
}
