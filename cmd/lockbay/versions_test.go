package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/lockbay/lockbay/internal/testdb"
)

// TestNewerTables: the commands on tables that a newer program has expanded, and on tables that are unusable after a newer
// program's migration.
func TestNewerTables(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	does := func(code int, words string, args ...string) {
		t.Helper()
		var out, errw bytes.Buffer
		got := run(args, strings.NewReader(""), &out, &errw)
		if told := out.String() + errw.String(); got != code || !strings.Contains(told, words) {
			t.Errorf("%v: exit status %d, want %d and %q:\n%s", args, got, code, words, told)
		}
	}
	for kind, url := range map[string]string{"sqlite": "sqlite:" + file("a.db"), "postgres": testdb.Postgres(t)} {
		t.Run(kind, func(t *testing.T) {
			at, from := "--database-url="+url, "--from="+url
			within(t, url, func(st store) { putRows(t, st, 0, 3) })
			exec := func(statements ...string) {
				t.Helper()
				db, err := sql.Open(map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[kind], strings.TrimPrefix(url, "sqlite:"))
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				for _, s := range statements {
					if _, err := db.ExecContext(t.Context(), s); err != nil {
						t.Fatal(err)
					}
				}
			}
			list, err := migrationStatus[kind](t.Context(), strings.TrimPrefix(url, "sqlite:"))
			if err != nil {
				t.Fatal(err)
			}
			known := list[0].Want
			exec(`alter table conversations add column note text`, `update conversations set note = 'kept'`,
				fmt.Sprintf(`insert into schema_version values ('dialog', %d, 0)`, known+1))
			works := fmt.Sprintf("dialog is at version %d, this program knows %d: works, update when convenient", known+1, known)
			does(exitDone, works, "migrate", "status", at)
			does(exitDone, `"needs": 1`, "migrate", "status", "--json", at)
			does(exitDone, works, "doctor", "--support=@bay_help", "--listen=127.0.0.1:0", at)
			does(exitDone, "Up to date", "migrate", "up", at)
			does(exitFailed, "copy with the newer program", "migrate", "copy", from, "--to=sqlite:"+file(kind+"-copy.db"))
			within(t, "sqlite:"+file(kind+"-source.db"), func(st store) { putRows(t, st, 0, 4) })
			if code, rep, stderr := copying(t, "--from=sqlite:"+file(kind+"-source.db"), "--to="+url); rep.Created != 1 {
				t.Errorf("copy into it: %d, %+v, %s", code, rep, stderr)
			}
			if kind == "sqlite" {
				does(exitDone, "Backed up", "backup", file("backup.db"), at)
				does(exitDone, "Restored", "restore", file("backup.db"), "--database-url=sqlite:"+file("restored.db"))
				does(exitDone, works, "migrate", "status", "--database-url=sqlite:"+file("restored.db"))
				db, err := sql.Open("sqlite", file("restored.db"))
				if err != nil {
					t.Fatal(err)
				}
				var n int
				if err := db.QueryRowContext(t.Context(), `select count(*) from conversations where note = 'kept'`).Scan(&n); err != nil || n != 3 {
					t.Errorf("restored: %d rows as the newer program wrote them, %v", n, err)
				}
				_ = db.Close()
			}

			exec(fmt.Sprintf(`insert into schema_version values ('dialog', %[1]d, 0), ('dialog needs', %[1]d, 0)`, known+2))
			newer := fmt.Sprintf("dialog is at version %d, newer than this program", known+2)
			does(exitDone, newer, "migrate", "status", at)
			does(exitFailed, newer, "doctor", "--support=@bay_help", "--listen=127.0.0.1:0", at)
			does(exitFailed, "use the newer program, or restore a backup", "migrate", "up", at)
			if kind == "postgres" {
				does(exitFailed, "use the newer program", "migrate", "up", "--citus", at)
			}
			does(exitFailed, "copy with the newer program", "migrate", "copy", from, "--to=sqlite:"+file(kind+"-copy.db"))
			if kind == "sqlite" {
				does(exitDone, "Backed up", "backup", file("backup-2.db"), at) // as the tables are
				does(exitFailed, "written by a newer version; nothing was changed", "restore", file("a.db"), "--force", "--database-url=sqlite:"+file("restored.db"))
			}
		})
	}
}
