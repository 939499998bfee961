package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// TestKeepOld: what a restore keeps is never replaced, whatever is there under the names that it would take: databases
// kept within the same second, and the logs of earlier ones.
func TestKeepOld(t *testing.T) {
	at := time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)
	dir := t.TempDir()
	path := filepath.Join(dir, "lockbay.db")
	content := map[string]string{} // :: file → what was written into it
	put := func(name, what string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(what), 0o600); err != nil {
			t.Fatal(err)
		}
		content[name] = what
	}
	put(path+".before-restore-20261201-093000-4-wal", "the log of an older one")
	for n := range 6 {
		put(path, fmt.Sprint("not a database ", n))
		put(path+"-wal", fmt.Sprint("its log ", n))
		old, err := keepOld(t.Context(), path, at)
		if err != nil {
			t.Fatal(err)
		}
		if _, there := content[old]; there || !strings.HasPrefix(old, path+".before-restore-20261201-093000") {
			t.Errorf("the %d. is kept as %s", n, old)
		}
		content[old], content[old+"-wal"] = content[path], content[path+"-wal"]
		delete(content, path+"-wal")
		put(path+".new", "the restored one")
		delete(content, path+".new")
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		content[path] = "the restored one"
	}
	for name, want := range content {
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v; want %q", filepath.Base(name), got, err, want)
		}
	}
}

// TestRestoreForceTwice: a second restore --force at once keeps what the first one kept.
func TestRestoreForceTwice(t *testing.T) {
	dir := t.TempDir()
	at := "--database-url=sqlite:" + filepath.Join(dir, "lockbay.db")
	does := func(args ...string) {
		t.Helper()
		var out, errw bytes.Buffer
		if got := run(append(args, at), strings.NewReader(""), &out, &errw); got != exitDone {
			t.Fatalf("%v: exit status %d\n%s%s", args, got, &out, &errw)
		}
	}
	within(t, strings.TrimPrefix(at, "--database-url="), func(st store) { putRows(t, st, 0, 3) })
	backup := filepath.Join(dir, "backup.db")
	does("backup", backup)
	for range 5 {
		does("restore", "--force", backup)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "lockbay.db.before-restore-*"))
	if err != nil || len(kept) != 5 {
		t.Errorf("5 restores kept %d databases: %q, %v", len(kept), kept, err)
	}
}

// TestRestoreDamaged: a backup whose rows were changed is not restored.
func TestRestoreDamaged(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	within(t, "sqlite:"+file("lockbay.db"), func(st store) { putRows(t, st, 0, 3) })
	var out, errw bytes.Buffer
	if run([]string{"backup", file("backup.db"), "--database-url=sqlite:" + file("lockbay.db")}, strings.NewReader(""), &out, &errw) != exitDone {
		t.Fatal(&errw)
	}
	b, err := os.ReadFile(file("backup.db"))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("amount_input"))
	if at < 0 {
		t.Fatal("no row has its step in the file")
	}
	copy(b[at:], "amount_inpux")
	if err := os.WriteFile(file("backup.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	errw.Reset()
	if code := run([]string{"restore", file("backup.db"), "--database-url=sqlite:" + file("new.db")}, strings.NewReader(""), &out, &errw); code != exitFailed ||
		!strings.Contains(errw.String(), "its checksum differs: it is damaged; nothing was changed") {
		t.Errorf("status %d: %s", code, &errw)
	}
	if exists(file("new.db")) {
		t.Error("it is restored")
	}
}

// TestRestoreOnlyOurs: what somebody else has put into a backup is not restored with it.
func TestRestoreOnlyOurs(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return "--database-url=sqlite:" + filepath.Join(dir, name) }
	does := func(args ...string) string {
		t.Helper()
		var out, errw bytes.Buffer
		if got := run(args, strings.NewReader(""), &out, &errw); got != exitDone {
			t.Fatalf("%v: exit status %d\n%s%s", args, got, &out, &errw)
		}
		return out.String()
	}
	within(t, "sqlite:"+filepath.Join(dir, "lockbay.db"), func(st store) { putRows(t, st, 0, 3) })
	backup := filepath.Join(dir, "backup.db")
	does("backup", backup, at("lockbay.db"))
	db, err := sql.Open("sqlite", backup)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		`drop table backup_checksum`, `create table "their ""own" (x)`, `create view theirs as select key, answers from conversations`,
		`create index their_index on conversations (updated)`, `alter table conversations add column theirs text`,
		`create trigger theirs_1 after insert on schema_version begin delete from conversations; end`,
		`create trigger theirs_2 after update on conversations begin insert into "their ""own" values (new.answers); end`,
		`create trigger theirs_3 instead of insert on escrows begin delete from secrets; end`,
	} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out := does("restore", backup, at("restored.db")); !strings.Contains(out, "with the list of your bank (lockbay ledger reconcile FILE.csv) before you send anything") {
		t.Errorf("restore says %s", out)
	}
	want, err := partsOf(t.Context(), filepath.Join(dir, "lockbay.db"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := partsOf(t.Context(), filepath.Join(dir, "restored.db"))
	if err != nil || len(got) != len(want) {
		t.Errorf("%d parts, want %d: %v", len(got), len(want), err)
	}
	for _, p := range got {
		if !has(want, p) {
			t.Errorf("restored with %s %s", p.kind, p.name)
		}
	}
	within(t, "sqlite:"+filepath.Join(dir, "restored.db"), func(st store) {
		if rows, err := st.List(t.Context(), dialog.Query{Limit: 10}); err != nil || len(rows) != 3 {
			t.Errorf("%d conversations, %v", len(rows), err)
		}
	})
}
