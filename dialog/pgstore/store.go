// Package pgstore keeps conversations in PostgreSQL (14 or newer).
//
// A batch is one round trip, and its turns one transaction, on the disk when
// it is acknowledged: Open refuses a server with synchronous_commit or fsync
// off. What places show (marks) follows in a transaction of its own in the same
// round trip that waits for no disk: marks are hints.
//
// The URL decides how to connect, as libpq has it: several hosts with
// target_session_attrs=read-write follow a failover, sslmode is kept to, and
// pool_max_conns sizes the pool. Behind a pooler, such as PgBouncer in transaction
// pooling, statements are not prepared, unless the URL has
// default_query_exec_mode=cache_statement and the pooler keeps up with it
// (max_prepared_statements of PgBouncer, from 1.21 on); [Store.Notices] then wants
// a URL that leads to the server itself.
package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockbay/lockbay/dialog"
)

const (
	connectTimeout = 5 * time.Second // of one host, unless the URL has connect_timeout
	pingTimeout    = 2 * time.Second
	lingerTime     = time.Second
	pingAfter      = 50 * time.Millisecond // a connection idle for longer is asked before it is used: no server restarts faster
)

// Store is a dialog.Store in PostgreSQL. Its methods may be called concurrently.
type Store struct {
	pool        *pgxpool.Pool
	timeout     time.Duration
	components  []dialog.Schema
	partitioned bool      // at creation
	monthly     bool      // the events are partitioned
	notifier    *notifier // nil: none
	closed      atomic.Bool
	opened      bool            // for turns, not only to tell how far the tables are
	pooled      atomic.Bool     // nothing is prepared on new connections
	mayPrepare  bool            // also through a pooler: the URL says so
	life        context.Context // until Close
	end         context.CancelFunc
}

var _ dialog.Store = (*Store)(nil)

// Option changes how a store is opened.
type Option func(*Store)

// WithMigrations adds migrations of the application's own, such as views: the
// files *.sql of files, in the order of their names. The n-th is version n of
// component; they run after the store's own, in the same transaction. A name that
// ends in ".contract-N.sql" shuts older programs out, see [dialog.Schema].
func WithMigrations(component string, files fs.FS) Option {
	return func(s *Store) { s.components = append(s.components, dialog.NewSchema(component, files)) }
}

// WithPartitions makes the tables, if there are none yet, in partitions:
// conversations in 16 by key, events in one a month, which [Store.Prune] drops
// whole. Tables that are there in one piece are ErrWhole, and stay as they are.
func WithPartitions() Option { return func(s *Store) { s.partitioned = true } }

// ErrWhole says that the tables are there already, in one piece: nothing parts them.
var ErrWhole error = refusal("the tables are there already, and not in partitions: make a new database, and copy into it")

// WithNotices tells other instances after each commit which keys it has
// written; they hear it by [Store.Notices].
func WithNotices() Option { return func(s *Store) { s.notifier = newNotifier() } }

// WithTimeout bounds each call, beside the caller's context. Defaults to 8 s.
func WithTimeout(d time.Duration) Option { return func(s *Store) { s.timeout = d } }

// Open connects to the server at url, making the tables if there are none, and
// brings them up to date. Tables that a newer version has migrated are used as
// they are; if they are beyond what this version can live with, they are
// dialog.ErrSchemaNewer and left untouched.
func Open(ctx context.Context, url string, opts ...Option) (*Store, error) {
	s, err := prepare(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	s.opened = true
	if err := s.start(ctx); err != nil {
		s.Close()
		return nil, failed("open", err)
	}
	if s.notifier != nil {
		go s.notifier.run(s.life, s.pool.Config().ConnConfig)
	}
	return s, nil
}

// prepare makes a store that has not connected yet.
func prepare(ctx context.Context, url string, opts []Option) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err) // without the password
	}
	s := &Store{timeout: 8 * time.Second, components: []dialog.Schema{own}}
	s.life, s.end = context.WithCancel(context.Background())
	for _, opt := range opts {
		opt(s)
	}
	if !strings.Contains(url, "pool_max_conns") {
		// One writes; the others read what is not in the cache.
		cfg.MaxConns = int32(max(8, 4*runtime.GOMAXPROCS(0)))
	}
	if !strings.Contains(url, "connect_timeout") {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	cfg.PingTimeout = pingTimeout
	cfg.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > pingAfter }
	if cfg.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheDescribe {
		// Would keep descriptions of tables that another version migrates.
		cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	s.mayPrepare = strings.Contains(url, "default_query_exec_mode")
	cfg.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		if s.pooled.Load() && c.DefaultQueryExecMode != pgx.QueryExecModeSimpleProtocol {
			c.DefaultQueryExecMode = pgx.QueryExecModeExec
		}
		return nil
	}
	cfg.AfterConnect = s.look
	if s.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return s, nil
}

func (s *Store) start(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	var byKey bool
	err := s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `select exists (select from pg_partitioned_table where partrelid = to_regclass('conversations')),
			exists (select from pg_partitioned_table where partrelid = to_regclass('events'))`).Scan(&byKey, &s.monthly)
	})
	switch {
	case err != nil:
		return err
	case s.partitioned && !byKey:
		return ErrWhole
	}
	return s.makeMonths(ctx, time.Now())
}

// look sees where a new connection leads: whether a commit will be on the disk
// there, for what is promised hangs on that, also after a failover; and whether a
// pooler stands between, which gives each transaction another session.
func (s *Store) look(ctx context.Context, c *pgx.Conn) error {
	var fsync, commit string
	var session uint32
	err := c.QueryRow(ctx, `select current_setting('fsync'), current_setting('synchronous_commit'), pg_backend_pid()`, pgx.QueryExecModeExec).
		Scan(&fsync, &commit, &session)
	switch {
	case err != nil:
		return err
	case s.opened && (fsync == "off" || commit == "off"):
		return refusal("the server has fsync=" + fsync + " and synchronous_commit=" + commit + ": acknowledged turns could be lost")
	case session != c.PgConn().PID() && !s.mayPrepare && !s.pooled.Load():
		s.pooled.Store(true)
		return errPooler
	}
	return nil
}

// Close waits for calls that are running, ends Notices, and closes all connections. Every
// later call is dialog.ErrUnavailable.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.end()
		s.pool.Close()
	}
	return nil
}

const tries = 5 // of what may pass at once

// call runs fn on a connection of the pool, within the store's timeout. What
// may be done twice without harm is tried on a second connection when the first
// turns out to be dead.
func (s *Store) call(ctx context.Context, twice bool, fn func(ctx context.Context, c *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var err error
	for n := 1; ; n++ {
		err = s.try(ctx, fn)
		m := meaningOf(err)
		if m&again == 0 && !(m&stale != 0 && twice && n == 1) || n == tries || ctx.Err() != nil || s.closed.Load() {
			break
		}
	}
	if err != nil && ctx.Err() != nil && !isOurs(err) && !errors.Is(err, ctx.Err()) {
		err = errors.Join(ctx.Err(), err)
	}
	return err
}

func (s *Store) try(ctx context.Context, fn func(ctx context.Context, c *pgx.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return errClosed
	}
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	err = fn(ctx, c.Conn())
	m := meaningOf(err)
	if m&pooler != 0 {
		s.pooled.Store(true)
	}
	if m&stale != 0 {
		s.pool.Reset()
	}
	return err
}

// linger is a context that outlives ctx for a moment: what was sent may be done
// all the same, and it is better to know, than to cut the connection.
func (s *Store) linger(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lingerTime, cancel) })
	return longer, func() { stop(); cancel() }
}

// Now implements dialog.Store: the clock of the server.
func (s *Store) Now(ctx context.Context) (now time.Time, err error) {
	var ms int64
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `select `+nowMillis).Scan(&ms)
	})
	if err != nil {
		return time.Time{}, failed("now", err)
	}
	return time.UnixMilli(ms).UTC(), nil
}

// nowMillis is the server's clock in unix milliseconds.
const nowMillis = `floor(extract(epoch from clock_timestamp()) * 1000)::bigint`
