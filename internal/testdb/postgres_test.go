package testdb

import (
	"context"
	"errors"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestPostgresDatabases(t *testing.T) {
	var gone string
	t.Run("one", func(t *testing.T) {
		gone = Postgres(t)
		c := connect(t, gone)
		execute(t, c, "create table a(n int)")
		for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
			if got := text(t, c, "show "+name); got != "on" {
				t.Errorf("%s is %s", name, got)
			}
		}
		if other := connect(t, Postgres(t)); count(t, other, "select count(*) from pg_tables where tablename='a'") != 0 {
			t.Error("a second database is not empty")
		}
	})
	if c, err := pgx.Connect(t.Context(), gone); err == nil {
		_ = c.Close(t.Context())
		t.Error("the database outlived its test")
	}
	a, _ := url.Parse(gone)
	b, _ := url.Parse(Postgres(t))
	if a.Host != b.Host {
		t.Errorf("two clusters in one process: %s, %s", a.Host, b.Host)
	}
}

func TestStopAndStartAgain(t *testing.T) {
	var addr string
	t.Run("before", func(t *testing.T) { Postgres(t); addr = shared.server.Addr() })
	Stop()
	if listening(addr) {
		t.Error("the server listens after Stop")
	}
	connect(t, Postgres(t))
}

func TestPostgresRestartAndCrash(t *testing.T) {
	t.Parallel()
	s := Primary(t, "max_connections=17")
	c := connect(t, s.URL())
	if got := text(t, c, "show max_connections"); got != "17" {
		t.Errorf("max_connections is %s", got)
	}
	execute(t, c, "create table a(n int)")
	execute(t, c, "insert into a values(1)")
	addr := s.Addr()
	for name, halt := range map[string]func(){"restart": s.Restart, "crash": func() { s.Crash(); s.Start() }} {
		halt()
		if s.Addr() != addr {
			t.Errorf("%s: moved to %s", name, s.Addr())
		}
		if _, err := c.Exec(t.Context(), "select 1"); err == nil {
			t.Errorf("%s: an old connection still works", name)
		}
		c = connect(t, s.URL())
		if n := count(t, c, "select count(*) from a"); n != 1 {
			t.Errorf("%s: %d rows", name, n)
		}
	}
	s.Stop()
	s.Stop() // a second Stop does nothing
	if _, err := pgx.Connect(t.Context(), s.URL()); !refused(err) {
		t.Errorf("stopped: %v", err)
	}
}

func TestPostgresReadOnly(t *testing.T) {
	t.Parallel()
	s := Primary(t)
	s.Exec("create table a(n int)")
	s.Set("default_transaction_read_only", "on")
	c := connect(t, s.URL())
	_, err := c.Exec(t.Context(), "insert into a values(1)")
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "25006" {
		t.Errorf("got %v", err)
	}
	s.Set("default_transaction_read_only", "off")
	execute(t, connect(t, s.URL()), "insert into a values(1)")
}

// TestSynchronousHolds: from the moment that Synchronous returns, no commit is acknowledged without the standby, however
// late the server's own processes read their settings.
func TestSynchronousHolds(t *testing.T) {
	t.Parallel()
	primary := Primary(t)
	standby := primary.Standby()
	c := connect(t, primary.URL())
	execute(t, c, "create table a(n int)")
	sign := func(s *PostgresServer, process string, sig syscall.Signal) {
		var pid int
		must(t, s.query(&pid, "select pid from pg_stat_activity where backend_type = $1", process))
		must(t, syscall.Kill(pid, sig))
	}
	sign(primary, "checkpointer", syscall.SIGSTOP)
	time.AfterFunc(300*time.Millisecond, func() { sign(primary, "checkpointer", syscall.SIGCONT) })
	primary.Synchronous(true)
	sign(standby, "walreceiver", syscall.SIGSTOP)
	done := make(chan error, 1)
	go func() {
		_, err := c.Exec(context.Background(), "insert into a values(1)")
		done <- err
	}()
	select {
	case err := <-done:
		t.Errorf("a commit was acknowledged without the standby: %v", err)
	case <-time.After(500 * time.Millisecond):
		sign(standby, "walreceiver", syscall.SIGCONT)
		must(t, <-done)
	}
}

// TestStandby: with Synchronous, a promoted standby has every acknowledged
// commit.
func TestStandby(t *testing.T) {
	t.Parallel()
	primary := Primary(t, "synchronous_standby_names='*'") // the copy inherits this setting
	standby := primary.Standby()
	primary.Synchronous(true)
	c := connect(t, primary.URL())
	execute(t, c, "create table a(n int)")
	for range 20 {
		execute(t, c, "insert into a values(1)")
	}
	if _, err := connect(t, standby.URL()).Exec(t.Context(), "insert into a values(1)"); err == nil {
		t.Error("a standby accepted a write")
	}
	primary.Crash()
	standby.Promote()
	c = connect(t, standby.URL())
	if n := count(t, c, "select count(*) from a"); n != 20 {
		t.Errorf("%d of 20 rows after the failover", n)
	}
	// The new primary must not wait for a standby of its own.
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if _, err := c.Exec(ctx, "insert into a values(1)"); err != nil {
		t.Errorf("write after promotion: %v", err)
	}
}

func TestPgBouncer(t *testing.T) {
	t.Parallel()
	direct := Postgres(t)
	through := PgBouncer(t, direct)
	d, b := connect(t, direct), connect(t, through)
	if want, got := text(t, d, "select current_database()"), text(t, b, "select current_database()"); got != want {
		t.Errorf("database %s, not %s", got, want)
	}
	execute(t, b, "create table a(n int)")
	for i := range 3 { // a named prepared statement would fail from the second on
		if _, err := b.Exec(t.Context(), "insert into a values($1)", i); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, d, "select count(*) from a"); n != 3 {
		t.Errorf("%d rows", n)
	}
	pid := count(t, b, "select pg_backend_pid()")
	if other := count(t, connect(t, through), "select pg_backend_pid()"); other != pid {
		t.Errorf("two idle clients have connections %d and %d of their own: not transaction pooling", pid, other)
	}
}
