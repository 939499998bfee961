package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/lockbay/lockbay/dialog"
)

func sqlFiles(sql ...string) fs.FS {
	files := fstest.MapFS{"README.md": {Data: []byte("not SQL")}}
	for i, text := range sql {
		files[fmt.Sprintf("%04d.sql", i+1)] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

const owners = `create view owners as select distinct owner from conversations;`

func copies(t *testing.T, path string) []string {
	t.Helper()
	found, err := filepath.Glob(path + ".*.before-migration")
	must(t, err)
	return found
}

func TestMigrations(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "test.db")
	if _, err := Status(ctx, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Status without a file: %v", err)
	}
	s := openAt(t, path)
	must(t, put(s, "a"))
	must(t, s.Close())

	views := WithMigrations("views", sqlFiles(owners, `create table notes (n int); create index notes_n on notes (n); insert into notes values (7);`))
	v := own.Version()
	want := []dialog.Migration{{Component: "dialog", Have: v, Want: v, Needs: 1}, {Component: "views", Want: 2}}
	if got, err := Status(ctx, path, views); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Status: %v, %v, want %v", got, err, want)
	}
	s = openAt(t, path, views)
	want[1].Have, want[1].Needs = 2, 1
	if got, err := s.Migrations(ctx); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Migrations: %v, %v, want %v", got, err, want)
	}
	if got := s.sql(t, "select owner from owners union all select n from notes"); fmt.Sprint(got) != "[a 7]" {
		t.Errorf("the application's tables: %v", got)
	}
	// The file was copied as it was.
	kept := copies(t, path)
	if len(kept) != 1 {
		t.Fatalf("copies %q, want one", kept)
	}
	if got, err := Status(ctx, kept[0], views); err != nil || got[1].Have != 0 {
		t.Errorf("Status of the copy: %v, %v", got, err)
	}
	has(t, openAt(t, kept[0]), "a")
	if info, err := os.Stat(kept[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	// The next opening migrates nothing and makes no copy.
	must(t, s.Close())
	has(t, openAt(t, path, views), "a")
	has(t, openAt(t, path), "a") // without the views too
	if n := len(copies(t, path)); n != 1 {
		t.Errorf("%d copies after opening again", n)
	}
}

func TestMigrationFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := openAt(t, path)
	must(t, put(s, "a"))
	must(t, s.Close())
	_, err := Open(context.Background(), path, WithMigrations("views", sqlFiles(owners, `create table t (a int); create table t (b int);`)))
	if err == nil || !strings.Contains(err.Error(), "migrate views 0002.sql") {
		t.Fatalf("Open: %v", err)
	}
	s = openAt(t, path, WithMigrations("views", sqlFiles(owners, `create table t (a int);`))) // the failed migration left nothing behind
	has(t, s, "a")
}

func TestNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	must(t, os.WriteFile(path, []byte(strings.Repeat("my holiday pictures ", 1000)), 0o600))
	if _, err := Open(context.Background(), path); !errors.Is(err, dialog.ErrUnavailable) || errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("Open: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), "my holiday") || len(b) != 20_000 {
		t.Errorf("the file was touched: %d bytes, %v", len(b), err)
	}
}

// TestManyOpeners opens a new file, and one that needs migrations, ten times at
// once. Each migration runs once.
func TestManyOpeners(t *testing.T) {
	step := `create table once (n int); insert into once values (1);`
	for round := range 10 {
		path := filepath.Join(t.TempDir(), "test.db")
		together := func(opts ...Option) {
			var wg sync.WaitGroup
			for i := range 10 {
				wg.Go(func() {
					s, err := Open(context.Background(), path, opts...)
					if err == nil {
						err = put(s, fmt.Sprintf("%d-%d-%d", round, len(opts), i))
					}
					if err == nil {
						err = s.Close()
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		together()
		together(WithMigrations("app", sqlFiles(step)))
		s := openAt(t, path, WithMigrations("app", sqlFiles(step)))
		if got := s.sql(t, "select count(*) from once union all select count(*) from conversations"); fmt.Sprint(got) != "[1 20]" {
			t.Fatalf("round %d: %v", round, got)
		}
		if n := len(copies(t, path)); n != 1 {
			t.Fatalf("round %d: %d copies", round, n)
		}
	}
}
