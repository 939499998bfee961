package insightdb

import (
	"path/filepath"
	"testing"

	"github.com/lockbay/lockbay/dialog/sqlitestore"
)

// olderTables are those of a file of before rollouts.
const olderTables = `create table insight_drafts (draft text primary key, slot integer not null, who blob, escrow text, lost integer, data text not null) without rowid;
create table insight_state (name text primary key, value text not null) without rowid;
insert into insight_drafts values ('d', 1, null, null, null, '{"s":1800000,"t":[0,0,0,0,0,0,0,0,0,0,1]}');
insert into insight_state values ('cursor', '1800000'), ('format', 'older')`

// TestOlderTables: a file of an older program is made anew from the events, and by an older program after that it is again.
func TestOlderTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lockbay.db")
	st, err := sqlitestore.Open(t.Context(), path, sqlitestore.WithMigrations("insight", SQLite()))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	log := &clocked{Store: st, EventLog: st, now: end}
	events := month(5, 50, 3)
	log.put(t, events)
	open := func() *DB {
		t.Helper()
		d, err := OpenSQLite(t.Context(), path, path+".insight", log, config)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	if _, err := d.scratch.ExecContext(t.Context(), `drop table insight_drafts; drop table insight_state; `+olderTables); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for again := range 2 {
		d = open()
		if until, whole, err := d.Until(t.Context()); err != nil || until.IsZero() != (again == 0) || whole { // the rules are the same
			t.Errorf("it is counted until %s, %t, %v", until, whole, err)
		}
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, d, events, log.now)
		if _, err := d.scratch.ExecContext(t.Context(), `update insight_state set value = 'older' where name = 'format'`); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
