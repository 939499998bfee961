package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// newer opens as a newer program with these additional migrations :: name →
// SQL.
func newer(t testing.TB, more map[string]string) Option {
	t.Helper()
	steps := fstest.MapFS{}
	for n := 1; n <= own.Version(); n++ {
		name, sql, err := own.Step(n)
		must(t, err)
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

// TestExpanded: an older program, running or restarted, works on tables that a
// newer one expanded, and keeps the newer columns.
func TestExpanded(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "test.db")
	running := openAt(t, path)
	must(t, put(running, "a"))
	next := openAt(t, path, newer(t, expand))
	must(t, put(next, "b"))
	next.sql(t, `update conversations set note = 'kept'`)

	again := openAt(t, path)
	turn := uint64(1)
	for _, s := range []*Store{running, again} {
		has(t, s, "a", "b")
		for _, id := range []string{"a", "b"} {
			row, err := s.Load(ctx, key(id))
			must(t, err)
			out, err := s.Commit(ctx, &dialog.Batch{Writes: []*dialog.Write{dialogtest.Next(row, turn)}})
			if turn++; err != nil || out.Verdicts[0] != dialog.Applied {
				t.Fatalf("a turn of %s: %v, %v", id, out, err)
			}
		}
	}
	if got := next.sql(t, `select note from conversations union all select count(*) from once`); fmt.Sprint(got) != "[kept kept 1]" {
		t.Errorf("what the newer one has stored: %v", got)
	}
	m := dialog.Migration{Component: "dialog", Have: own.Version() + 1, Want: own.Version(), Needs: 1}
	if got, err := again.Migrations(ctx); err != nil || got[0] != m {
		t.Errorf("Migrations: %+v, %v, want %+v", got, err, m)
	}
	// One copy: the older program had nothing to migrate.
	if n := len(copies(t, path)); n != 1 {
		t.Errorf("%d copies", n)
	}
	// A backup by the older program has everything.
	must(t, again.Backup(ctx, path+".backup"))
	back := openAt(t, path+".backup", newer(t, expand))
	if got := back.sql(t, `select note from conversations`); fmt.Sprint(got) != "[kept kept]" {
		t.Errorf("in the backup: %v", got)
	}
}

// TestStoreExpanded runs the store suite on an older program over expanded
// tables.
func TestStoreExpanded(t *testing.T) {
	dialogtest.TestStore(t, func(t testing.TB) dialog.Store {
		path := filepath.Join(t.TempDir(), "test.db")
		s := openAt(t, path)
		openAt(t, path, newer(t, expand))
		return s
	})
}

// TestContracted: an older program returns ErrSchemaNewer and leaves the file
// unchanged.
func TestContracted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path)
	must(t, put(s, "a"))
	must(t, s.Close())
	s = openAt(t, path, newer(t, contract))
	must(t, s.Close())
	was, err := os.ReadFile(path)
	must(t, err)
	for name, opts := range map[string][]Option{"ours": nil, "between": {newer(t, expand)}} {
		_, err = Open(context.Background(), path, append(opts, WithMigrations("views", sqlFiles(owners)))...)
		if !errors.Is(err, dialog.ErrSchemaNewer) || !strings.Contains(err.Error(), fmt.Sprintf("at version %d, this program knows ", own.Version()+2)) {
			t.Errorf("Open by %s: %v", name, err)
		}
	}
	if is, err := os.ReadFile(path); err != nil || string(is) != string(was) {
		t.Errorf("the file was changed: %v", err)
	}
	if n := len(copies(t, path)); n != 1 {
		t.Errorf("%d copies, want the one of the newer program", n)
	}
	has(t, openAt(t, path, newer(t, contract)), "a")
}

// TestNothingStored: tables without a stored lowest version require a program
// that knows all of them.
func TestNothingStored(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path)
	must(t, put(s, "a"))
	s.sql(t, `delete from schema_version where component = 'dialog needs'`)
	openAt(t, path) // nothing to do
	s.sql(t, `insert into schema_version values ('dialog', 99, 0)`)
	_, err := Open(context.Background(), path)
	if !errors.Is(err, dialog.ErrSchemaNewer) || !strings.Contains(err.Error(), fmt.Sprintf("at version 99, this program knows %d", own.Version())) {
		t.Fatalf("Open: %v", err)
	}
	if n := len(copies(t, path)); n != 0 {
		t.Errorf("%d copies of a file that is not ours to change", n)
	}
}

// TestViewsExpanded: the same for the application's own migrations.
func TestViewsExpanded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	views := func(names ...string) Option {
		files := fstest.MapFS{}
		for _, name := range names {
			files[name] = &fstest.MapFile{Data: []byte(`drop view if exists owners; ` + owners)}
		}
		return WithMigrations("views", files)
	}
	must(t, put(openAt(t, path, views("1.sql", "2.sql")), "a"))
	s := openAt(t, path, views("1.sql"))
	if got := s.sql(t, `select owner from owners`); fmt.Sprint(got) != "[a]" {
		t.Errorf("the view: %v", got)
	}
	openAt(t, path, views("1.sql", "2.sql", "3.contract.sql"))
	for _, files := range [][]string{{"1.sql"}, {"1.sql", "2.sql"}} {
		if _, err := Open(context.Background(), path, views(files...)); !errors.Is(err, dialog.ErrSchemaNewer) || !strings.Contains(err.Error(), `"views"`) {
			t.Errorf("Open with %v: %v", files, err)
		}
	}
	has(t, openAt(t, path), "a") // without the views
}

// TestMixedOpeners opens a file ten times at once, by older and newer programs.
// Each migration runs once, and only a contract shuts older programs out.
func TestMixedOpeners(t *testing.T) {
	for _, c := range []struct {
		name  string
		more  map[string]string
		there bool
		table string
	}{{"new file", expand, false, "once"}, {"expand", expand, true, "once"}, {"contract", contract, true, "twice"}} {
		t.Run(c.name, func(t *testing.T) {
			for range 5 {
				path := filepath.Join(t.TempDir(), "test.db")
				if c.there {
					must(t, put(openAt(t, path), "before"))
				}
				var wg sync.WaitGroup
				for i := range 10 {
					wg.Go(func() {
						var opts []Option
						if i%2 == 0 {
							opts = append(opts, newer(t, c.more))
						}
						s, err := Open(context.Background(), path, opts...)
						if err == nil {
							err = errors.Join(put(s, fmt.Sprint(i)), s.Close())
						}
						if err != nil && (i%2 == 0 || c.table == "once" || !errors.Is(err, dialog.ErrSchemaNewer)) {
							t.Errorf("opener %d: %v", i, err)
						}
					})
				}
				wg.Wait()
				s := openAt(t, path, newer(t, c.more))
				if got := s.sql(t, `select count(*) from `+c.table); fmt.Sprint(got) != "[1]" {
					t.Errorf("it ran %v times", got)
				}
				if n := len(copies(t, path)); c.there && n != 1 {
					t.Errorf("%d copies", n)
				}
			}
		})
	}
}
