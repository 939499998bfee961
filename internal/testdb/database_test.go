package testdb

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestDatabaseIsEmptied: the database of an earlier test is as a new one.
func TestDatabaseIsEmptied(t *testing.T) {
	for name, c := range map[string]struct {
		changes string
		again   bool // the next test gets the same one
	}{
		"nothing":         {"", true},
		"objects":         {"create table a(n serial primary key); create view b as select n from a; create type c as enum ('d')", true},
		"a setting":       {"do $$ begin execute format('alter database %I set work_mem = 99', current_database()); end $$", false},
		"a schema":        {"create schema other", false},
		"rights":          {"revoke all on schema public from public", false},
		"a default right": {"alter default privileges grant select on tables to public", false},
		"a lost schema":   {"drop schema public", false},
	} {
		var oid, session int
		var url string
		t.Run(name, func(t *testing.T) {
			url = Postgres(t)
			before, err := pgx.Connect(t.Context(), url) // it outlives the test
			if err != nil {
				t.Fatal(err)
			}
			execute(t, before, c.changes)
			session = int(before.PgConn().PID())
			oid = count(t, before, "select oid::int from pg_database where datname = current_database()")
		})
		t.Run(name+", then", func(t *testing.T) {
			now := connect(t, Postgres(t))
			if c, err := pgx.Connect(t.Context(), url); err == nil {
				_ = c.Close(context.Background())
				t.Error("the database answers to its earlier name")
			}
			if n := count(t, now, sprintf("select count(*) from pg_stat_activity where pid = %d and datname like 'test%%'", session)); n != 0 {
				t.Error("a session of the earlier test goes on")
			}
			if again := count(t, now, "select oid::int from pg_database where datname = current_database()") == oid; again != c.again {
				t.Errorf("the same database again: %t", again)
			}
			fresh := connect(t, shared.server.urlOf("template1"))
			for _, sql := range []string{
				"select nspowner::regrole || coalesce(nspacl::text, '') from pg_namespace where nspname = 'public'",
				"select count(*)::text from pg_namespace where nspname !~ '^pg_(toast_)?temp'",
				"select count(*)::text from pg_class where relkind <> 't' and relnamespace = 'public'::regnamespace",
				"select count(*)::text from pg_type where typtype = 'e'",
				"select count(*)::text from pg_default_acl",
				"show work_mem",
			} {
				if got, want := text(t, now, sql), text(t, fresh, sql); got != want {
					t.Errorf("%s: %s, want %s", sql, got, want)
				}
			}
			_ = fresh.Close(t.Context()) // else it cannot be copied
		})
	}
}
