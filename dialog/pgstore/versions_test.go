package pgstore

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// newer is a program with these migrations of the conversations beyond ours :: name → SQL.
func newer(t testing.TB, more map[string]string) Option {
	t.Helper()
	steps := fstest.MapFS{}
	for n := 1; n <= own.Version(); n++ {
		name, sql, err := own.Step(n)
		if err != nil {
			t.Fatal(err)
		}
		steps[name] = &fstest.MapFile{Data: []byte(sql)}
	}
	for name, sql := range more {
		steps[name] = &fstest.MapFile{Data: []byte(sql)}
	}
	return func(s *Store) { s.components[0] = dialog.NewSchema(own.Name, steps) }
}

var (
	expand = map[string]string{"0901_note.sql": `alter table conversations add column note text;
		create index conversations_note on conversations (note, updated);
		create table once (n int); insert into once values (1);`}
	contract = map[string]string{"0901_note.sql": expand["0901_note.sql"],
		"0902_once.contract.sql": `drop table once; create table twice (n int); insert into twice values (1);`}
)

// TestExpanded: an older program works on tables that a newer one has added to, running or
// restarted, and keeps the additions.
func TestExpanded(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []Option
		pool bool
	}{{"whole", nil, false}, {"partitioned", []Option{WithPartitions()}, false}, {"pooled", nil, true}} {
		t.Run(c.name, func(t *testing.T) {
			direct := testdb.Postgres(t)
			url := direct
			if c.pool {
				url = testdb.PgBouncer(t, direct)
			}
			running := openAt(t, url, c.opts...)
			put(t, running, 3) // its statements are prepared
			turns := func(s *Store, turn uint64) {
				t.Helper()
				for i := range 3 {
					row, err := s.Load(t.Context(), key(fmt.Sprintf("k%05d", i)))
					if err != nil {
						t.Fatal(err)
					}
					mustApply(t, s, dialogtest.Next(row, turn))
				}
			}
			turns(running, 1)
			next := openAt(t, url, newer(t, expand))
			if _, err := next.pool.Exec(t.Context(), `update conversations set note = 'kept'`); err != nil {
				t.Fatal(err)
			}
			again := openAt(t, url, c.opts...)
			turns(running, 2)
			turns(again, 3)
			if n := ask[int](t, direct, `select count(*) from conversations where note = 'kept' and version > 3`); n != 3 {
				t.Errorf("%d rows have what the newer one has stored", n)
			}
			m := dialog.Migration{Component: "dialog", Have: own.Version() + 1, Want: own.Version(), Needs: 1}
			if got, err := again.Migrations(t.Context()); err != nil || got[0] != m {
				t.Errorf("migrations %+v, %v, want %+v", got, err, m)
			}
		})
	}
}

// TestStoreExpanded: dialogtest.TestStore on a running older store.
func TestStoreExpanded(t *testing.T) {
	url := testdb.Postgres(t)
	dialogtest.TestStore(t, func(t testing.TB) dialog.Store {
		s := empty(t, openAt(t, url))
		if _, err := s.pool.Exec(t.Context(), fmt.Sprintf(`drop table if exists once; alter table conversations drop column if exists note;
			delete from schema_version where component = 'dialog' and version > %d`, own.Version())); err != nil { // what the case before has added
			t.Fatal(err)
		}
		openAt(t, url, newer(t, expand)).Close()
		return s
	})
	if n := ask[int](t, url, `select n from once`); n != 1 {
		t.Error("the last case did not run on what the newer one has added")
	}
}

// TestContracted: an older program rejects the tables, and leaves them as they are.
func TestContracted(t *testing.T) {
	url := testdb.Postgres(t)
	put(t, openAt(t, url), 3)
	s := openAt(t, url, newer(t, contract))
	for name, opts := range map[string][]Option{"ours": nil, "between": {newer(t, expand)}} {
		_, err := Open(t.Context(), url, append(opts, WithMigrations("views", views))...)
		if !errors.Is(err, dialog.ErrSchemaNewer) || !strings.Contains(err.Error(), fmt.Sprintf("at version %d, this program knows ", own.Version()+2)) {
			t.Errorf("open by %s: %v", name, err)
		}
	}
	if ask[bool](t, url, `select to_regclass('notes') is not null or exists (select from schema_version where component like 'views%')`) {
		t.Error("something was migrated")
	}
	openAt(t, url, newer(t, contract))
	if n := count(t, s, "conversations"); n != 3 {
		t.Errorf("%d conversations", n)
	}
}

// TestNothingStored: tables without a stored needs want a program that knows all of them.
func TestNothingStored(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url)
	exec := func(sql string) {
		t.Helper()
		if _, err := s.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`delete from schema_version where component = 'dialog needs'`)
	openAt(t, url) // nothing to do
	exec(`insert into schema_version values ('dialog', 99, 0)`)
	if _, err := Open(t.Context(), url); !errors.Is(err, dialog.ErrSchemaNewer) || !strings.Contains(err.Error(), fmt.Sprintf("at version 99, this program knows %d", own.Version())) {
		t.Errorf("open: %v", err)
	}
}

// TestViewsExpanded: the same for the application's own migrations.
func TestViewsExpanded(t *testing.T) {
	url := testdb.Postgres(t)
	set := func(names ...string) Option {
		files := fstest.MapFS{}
		for _, name := range names {
			files[name] = &fstest.MapFile{Data: []byte(`create or replace view owners as select distinct owner from conversations`)}
		}
		return WithMigrations("views", files)
	}
	put(t, openAt(t, url, set("1.sql", "2.sql")), 1)
	if n := count(t, openAt(t, url, set("1.sql")), "owners"); n != 1 {
		t.Errorf("%d owners in the view", n)
	}
	openAt(t, url, set("1.sql", "2.sql", "3.contract.sql"))
	for _, files := range [][]string{{"1.sql"}, {"1.sql", "2.sql"}} {
		if _, err := Open(t.Context(), url, set(files...)); !errors.Is(err, dialog.ErrSchemaNewer) || !strings.Contains(err.Error(), `"views"`) {
			t.Errorf("open with %v: %v", files, err)
		}
	}
	openAt(t, url) // without the views
}

// TestMixedAtOnce: ten programs start at once, older and newer. Each migration is done once,
// and only a contract shuts an older one out.
func TestMixedAtOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		more  map[string]string
		there bool
		table string
	}{{"new database", expand, false, "once"}, {"expand", expand, true, "once"}, {"contract", contract, true, "twice"}} {
		t.Run(c.name, func(t *testing.T) {
			for range 3 {
				url := testdb.Postgres(t)
				if c.there {
					put(t, openAt(t, url), 1)
				}
				var wg sync.WaitGroup
				for i := range 10 {
					wg.Go(func() {
						var opts []Option
						if i%2 == 0 {
							opts = append(opts, newer(t, c.more))
						}
						s, err := Open(t.Context(), url, opts...)
						if err == nil {
							_, err = s.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: dialogtest.NewRow(key(fmt.Sprint("by", i)))}}})
							err = errors.Join(err, s.Close())
						}
						if err != nil && (i%2 == 0 || c.table == "once" || !errors.Is(err, dialog.ErrSchemaNewer)) {
							t.Errorf("opener %d: %v", i, err)
						}
					})
				}
				wg.Wait()
				if n := count(t, openAt(t, url, newer(t, c.more)), c.table); n != 1 {
					t.Errorf("it ran %d times", n)
				}
				if n := ask[int](t, url, `select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`); n != 0 {
					t.Errorf("%d locks were left behind", n)
				}
			}
		})
	}
}
