package testdb

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// postgresRole owns every cluster. Connections need no password; servers listen
// on loopback only.
const postgresRole = "lockbay"

// PostgresServer is a PostgreSQL for one test, which may stop, crash and
// promote it. Its methods must not be called concurrently.
type PostgresServer struct {
	t    testing.TB // the owning test; nil for the shared server
	dir  string
	port int
	proc *process // nil while stopped
	free []string // empty databases, see Postgres; shared guards it
}

// Primary starts a PostgreSQL for this test alone, with fsync on. Settings are
// lines of postgresql.conf, such as "max_connections=20".
func Primary(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	s, err := newPostgres(settings...)
	must(t, err)
	return s.belongs(t)
}

func (s *PostgresServer) belongs(t testing.TB) *PostgresServer {
	s.t = t
	t.Cleanup(s.destroy)
	return s
}

// newCluster is a cluster that no server has used, of which each server gets a
// copy: initdb takes several times the CPU of cp. Segments of the log have 1 MB, because
// each cluster and each standby copies one; checkpoints come as with 16 MB.
var newCluster struct {
	sync.Mutex
	dir string
}

func makeCluster() (string, error) {
	newCluster.Lock()
	defer newCluster.Unlock()
	if newCluster.dir != "" {
		return newCluster.dir, nil
	}
	initdb, err := program("initdb", "postgresql")
	if err != nil {
		return "", err
	}
	dir, err := newFolder("cluster")
	if err != nil {
		return "", err
	}
	if err := run(dir, initdb, "-D", filepath.Join(dir, "data"), "-A", "trust", "-U", postgresRole, "-E", "UTF8", "--locale=C", "--no-sync", "--wal-segsize=1"); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	newCluster.dir = dir
	return dir, nil
}

func removeCluster() {
	newCluster.Lock()
	defer newCluster.Unlock()
	_ = os.RemoveAll(newCluster.dir)
	newCluster.dir = ""
}

// newPostgres makes a cluster and starts it.
func newPostgres(settings ...string) (*PostgresServer, error) {
	cluster, err := makeCluster()
	if err != nil {
		return nil, err
	}
	dir, err := newFolder("pg")
	if err != nil {
		return nil, err
	}
	s := &PostgresServer{dir: dir}
	err = run(dir, "cp", "-a", filepath.Join(cluster, "data"), s.data())
	if err == nil {
		err = s.configure(settings)
	}
	if err == nil {
		err = s.startSomewhere()
	}
	if err != nil {
		s.destroy()
		return nil, err
	}
	return s, nil
}

func (s *PostgresServer) data() string { return filepath.Join(s.dir, "data") }

func (s *PostgresServer) configure(settings []string) error {
	conf, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("configure PostgreSQL: %w", err)
	}
	_, err = conf.WriteString("\nfsync = on\nsynchronous_commit = on\nmax_connections = 200\nmin_wal_size = 80MB\nmax_wal_size = 1GB\n" + strings.Join(settings, "\n") + "\n")
	if e := conf.Close(); err == nil {
		err = e
	}
	return err
}

// startSomewhere starts the server on a new port, and tries again if another
// program takes the port first.
func (s *PostgresServer) startSomewhere() (err error) {
	for range 3 {
		s.port = freePort()
		if err = s.launch(); err == nil {
			announce("PostgreSQL %s on %s", s.version(), s.Addr())
			return nil
		}
	}
	return err
}

func (s *PostgresServer) launch() error {
	postgres, err := program("postgres", "postgresql")
	if err != nil {
		return err
	}
	p, err := start(s.dir, syscall.SIGQUIT, postgres, "-D", s.data(), "-c", "listen_addresses=127.0.0.1",
		"-c", "port="+strconv.Itoa(s.port), "-c", "unix_socket_directories="+s.dir)
	if err != nil {
		return err
	}
	if err := p.await(s.dir, func() error { return pingPostgres(s.URL()) }); err != nil {
		p.end(syscall.SIGQUIT)
		return fmt.Errorf("PostgreSQL on %s: %w", s.Addr(), err)
	}
	s.proc = p
	return nil
}

// Addr returns host:port, which stays the same after a restart.
func (s *PostgresServer) Addr() string { return localAddr(s.port) }

// URL returns the URL of the database "postgres", which is empty at first.
func (s *PostgresServer) URL() string { return s.urlOf("postgres") }

// urlOf sets sslmode=disable: by default pgx keeps a second address from the
// URL and would bypass a proxy.
func (s *PostgresServer) urlOf(database string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", postgresRole, s.Addr(), database)
}

// Start starts the server again after Stop or Crash and waits until it answers.
func (s *PostgresServer) Start() {
	s.t.Helper()
	if s.proc == nil {
		must(s.t, s.launch())
	}
}

// Stop shuts the server down cleanly: it closes connections and writes a
// checkpoint.
func (s *PostgresServer) Stop() { s.halt(syscall.SIGINT) }

// Crash ends the server without a checkpoint; the next start recovers from the
// log.
func (s *PostgresServer) Crash() { s.halt(syscall.SIGQUIT) }

// Restart is Stop and Start.
func (s *PostgresServer) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

func (s *PostgresServer) halt(sig syscall.Signal) {
	if s.proc != nil {
		s.proc.end(sig)
		s.proc = nil
	}
}

// Set changes one setting of the running server, such as
// ("default_transaction_read_only", "on"). Open sessions follow.
func (s *PostgresServer) Set(name, value string) {
	s.t.Helper()
	must(s.t, s.exec(fmt.Sprintf("alter system set %s = '%s'", name, strings.ReplaceAll(value, "'", "''"))))
	must(s.t, s.exec("select pg_reload_conf()"))
	must(s.t, poll(name+" = "+value, func() (ok bool, err error) {
		err = s.query(&ok, "select current_setting($1) = $2", name, value)
		return ok, err
	}))
}

// Standby copies the running server (pg_basebackup) and starts the copy as a
// streaming hot standby. Replication is asynchronous; see Synchronous.
func (s *PostgresServer) Standby() *PostgresServer {
	s.t.Helper()
	basebackup, err := program("pg_basebackup", "postgresql")
	must(s.t, err)
	dir, err := newFolder("standby")
	must(s.t, err)
	standby := (&PostgresServer{dir: dir}).belongs(s.t)
	must(s.t, run(dir, basebackup, "-d", s.URL()+"&application_name=standby", "-D", standby.data(),
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"))
	must(s.t, standby.startSomewhere())
	must(s.t, poll("the standby streams", func() (ok bool, err error) {
		err = s.query(&ok, "select exists(select from pg_stat_replication where state = 'streaming' and application_name = 'standby')")
		return ok, err
	}))
	return standby
}

// Synchronous turns synchronous replication on or off. While it is on, commits
// wait for the standby, so a promotion loses no acknowledged commit; without a
// standby, commits hang.
func (s *PostgresServer) Synchronous(on bool) {
	s.t.Helper()
	names := ""
	if on {
		names = "*"
	}
	s.Set("synchronous_standby_names", names)
	// Commits look at a flag that the checkpointer sets when it reads the settings again, later than sessions do. It may
	// have read them before the first of two checkpoints begins, and has before the second.
	for range 2 {
		s.Exec("checkpoint")
	}
}

// Promote makes a standby a primary and waits until it accepts writes.
func (s *PostgresServer) Promote() {
	s.t.Helper()
	var promoted bool
	must(s.t, s.query(&promoted, "select pg_promote(true, 60)"))
	if !promoted {
		s.t.Fatalf("testdb: %s was not promoted\n%s", s.Addr(), tail(s.dir))
	}
	s.Synchronous(false) // the copy may have this setting, and has no standby
}

// Exec runs one statement in the database of URL, as superuser.
func (s *PostgresServer) Exec(sql string) {
	s.t.Helper()
	must(s.t, s.exec(sql))
}

func (s *PostgresServer) exec(sql string) error {
	return s.connected(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, sql)
		return err
	})
}

func (s *PostgresServer) query(into any, sql string, args ...any) error {
	return s.connected(func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, sql, args...).Scan(into)
	})
}

func (s *PostgresServer) connected(do func(context.Context, *pgx.Conn) error) error {
	return s.connectedTo("postgres", do)
}

func (s *PostgresServer) connectedTo(database string, do func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	c, err := pgx.Connect(ctx, s.urlOf(database))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	return do(ctx, c)
}

// version returns the first word of the server's version, such as "15.18".
func (s *PostgresServer) version() string {
	var v string
	if err := s.query(&v, "show server_version"); err != nil {
		return "of unknown version"
	}
	v, _, _ = strings.Cut(v, " ")
	return v
}

// destroy kills the server and removes its folder, for good.
func (s *PostgresServer) destroy() {
	s.halt(syscall.SIGQUIT)
	_ = poll("its folder is removed", func() (bool, error) { // the last children may still be writing
		err := os.RemoveAll(s.dir)
		return err == nil, err
	})
}
