package testdb

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

var databases atomic.Int64

// Postgres returns the URL of a new, empty database with fsync on, in a cluster
// shared by the tests of this process. The URL leads nowhere after the test.
//
// Emptying a database takes a fraction of the CPU that making one takes. So the next
// test gets the database, emptied and under a new name, unless the test has changed
// more of it than the contents of the schema public: such a database is dropped.
func Postgres(t testing.TB) string {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		server, err := newPostgres()
		must(t, err)
		shared.server = server
	}
	server, name := shared.server, newName()
	if n := len(server.free); n > 0 {
		old := server.free[n-1]
		server.free = server.free[:n-1]
		must(t, server.exec("alter database "+old+" rename to "+name))
	} else {
		must(t, server.exec("create database "+name))
	}
	t.Cleanup(func() {
		if err := server.takeBack(name); err != nil {
			t.Errorf("testdb: %v", err)
		}
	})
	return server.urlOf(name)
}

func newName() string { return fmt.Sprintf("test_%d", databases.Add(1)) }

// takeBack empties a database for the next test, or drops it.
func (s *PostgresServer) takeBack(name string) error {
	shared.Lock()
	defer shared.Unlock()
	if shared.server != s { // Stop has removed it
		return nil
	}
	next := newName()
	if s.rename(name, next) == nil && s.empty(next) {
		s.free = append(s.free, next)
		return nil
	}
	for _, n := range []string{name, next} {
		if err := s.exec("drop database if exists " + n + " with (force)"); err != nil {
			return err
		}
	}
	return nil
}

// rename ends the sessions of a database and gives it a name that no client knows.
func (s *PostgresServer) rename(name, next string) error {
	return s.connected(func(ctx context.Context, c *pgx.Conn) error {
		for _, sql := range []string{
			"alter database " + name + " allow_connections false",
			"select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '" + name + "'",
			"alter database " + name + " rename to " + next,
			"alter database " + next + " allow_connections true",
		} {
			if _, err := c.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// usual asks whether a database is as it was created, but for the contents of the schema
// public.
const usual = `select
	(select count(*) from pg_namespace where nspname !~ '^pg_' and nspname not in ('public', 'information_schema')) = 0
	and (select count(*) from pg_extension) = 1
	and (select count(*) from pg_event_trigger) = 0
	and (select count(*) from pg_publication) = 0
	and (select count(*) from pg_foreign_data_wrapper) = 0
	and (select count(*) from pg_largeobject_metadata) = 0
	and (select count(*) from pg_default_acl) = 0
	and (select count(*) from pg_db_role_setting s where s.setdatabase = d.oid) = 0
	and (select nspowner::regrole || nspacl::text from pg_namespace where nspname = 'public') = 'pg_database_owner{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}'
	and d.datacl is null and d.datconnlimit = -1
	from pg_database d where d.datname = current_database()`

// empty makes a database as it was created, and reports whether it could.
func (s *PostgresServer) empty(name string) (ok bool) {
	err := s.connectedTo(name, func(ctx context.Context, c *pgx.Conn) error {
		if err := c.QueryRow(ctx, "select coalesce(("+usual+"), false)").Scan(&ok); err != nil || !ok {
			return err
		}
		_, err := c.Exec(ctx, `drop schema public cascade; create schema public authorization pg_database_owner;
			grant usage on schema public to public; select pg_stat_reset()`)
		return err
	})
	return ok && err == nil
}
