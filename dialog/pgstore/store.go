// Package pgstore keeps conversations in PostgreSQL (14 or newer).
//
// A batch is one round trip, and its turns are one transaction, which is on the disk when
// it is acknowledged: Open rejects a server with synchronous_commit or fsync off. Marks
// follow in the same round trip, in transactions of their own that do not wait for the
// disk: marks are hints.
//
// The URL says how to connect, as in libpq: several hosts with
// target_session_attrs=read-write follow a failover, sslmode is obeyed, and
// pool_max_conns sizes the pool. Behind a pooler, such as PgBouncer in transaction
// pooling, statements are not prepared unless the URL has
// default_query_exec_mode=cache_statement, which needs support of the pooler
// (max_prepared_statements of PgBouncer, from 1.21 on). [Store.Notices] then needs a URL of
// the server itself.
package pgstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime"
	"strings"
	"sync"
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
	pingAfter      = 10 * time.Millisecond // a connection that was idle for longer is checked before use. The fastest restart that was seen took 34 ms
)

// Store is a dialog.Store in PostgreSQL. Its methods may be called concurrently.
type Store struct {
	pool        *pgxpool.Pool
	timeout     time.Duration
	lockWait    string // as PostgreSQL writes it
	components  []dialog.Schema
	partitioned bool      // of WithPartitions
	citus       bool      // the server has the extension
	monthly     bool      // the events are partitioned
	notifier    *notifier // nil: none
	closed      atomic.Bool
	trouble     func(what string, err error)
	reported    reported        // rows that cannot be read
	notifying   bool            // the notifier runs
	opened      bool            // for turns, and not for Status or Heard alone
	pooled      atomic.Bool     // behind a pooler: nothing is prepared on new connections
	mayPrepare  bool            // the URL has default_query_exec_mode, also for a pooler
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

// WithPartitions makes new tables in partitions: 16 of conversations, by key, and one of
// events for each month, which [Store.Prune] drops as a whole. With tables that exist and
// have no partitions Open returns ErrNotPartitioned, and leaves them alone.
func WithPartitions() Option { return func(s *Store) { s.partitioned = true } }

// ErrNotPartitioned says that the tables exist without partitions, which cannot be added.
var ErrNotPartitioned error = setupError("the tables exist without partitions: make a new database, and copy into it")

// WithNotices notifies other instances of the keys of each commit, see [Store.Notices].
func WithNotices() Option { return func(s *Store) { s.notifier = newNotifier() } }

// WithTimeout bounds each call, beside the caller's context. Defaults to 8 s.
func WithTimeout(d time.Duration) Option { return func(s *Store) { s.timeout = d } }

// WithTrouble sets the function that hears of faults outside of the store's calls: of
// each unreadable row, once, and at most once a minute of the reason why notices cannot
// be sent. Defaults to an error in the log of slog.
func WithTrouble(f func(what string, err error)) Option { return func(s *Store) { s.trouble = f } }

// reported are the rows that were reported, and the time of the last look.
type reported struct {
	sync.Mutex
	keys   map[string]bool
	looked time.Time
}

// Open connects to the server at url, and makes the tables or brings them up to date.
// Tables that a newer version has migrated are used as they are. If this version cannot
// use them, Open returns dialog.ErrSchemaNewer and leaves them untouched.
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
		s.notifying = true
		go s.notifier.run(s.life, s.pool.Config().ConnConfig, s.trouble)
	}
	return s, nil
}

// prepare makes a store that has not connected yet.
func prepare(ctx context.Context, url string, opts []Option) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err) // its text has no password
	}
	s := &Store{timeout: 8 * time.Second, lockWait: lockWait, components: []dialog.Schema{own}, trouble: func(what string, err error) {
		slog.Error("postgres: trouble", "what", what, "error", err)
	}}
	s.life, s.end = context.WithCancel(context.Background())
	for _, opt := range opts {
		opt(s)
	}
	if !strings.Contains(url, "pool_max_conns") {
		// One writes; the others read rows that are not in the cache.
		cfg.MaxConns = int32(max(8, 4*runtime.GOMAXPROCS(0)))
	}
	if !strings.Contains(url, "connect_timeout") {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	cfg.PingTimeout = pingTimeout
	cfg.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > pingAfter }
	if cfg.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheDescribe {
		// That mode keeps descriptions of tables, which another version may migrate.
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
			exists (select from pg_partitioned_table where partrelid = to_regclass('events')),
			to_regclass('pg_dist_partition') is not null`).Scan(&byKey, &s.monthly, &s.citus)
	})
	switch {
	case err != nil:
		return err
	case s.partitioned && !byKey:
		return ErrNotPartitioned
	}
	return s.makeMonths(ctx, time.Now())
}

// look checks the server of each new connection, also after a failover: a commit there
// must be on the disk. It also detects a pooler, by a backend PID that differs from the
// connection's.
func (s *Store) look(ctx context.Context, c *pgx.Conn) error {
	var fsync, commit string
	var session uint32
	err := c.QueryRow(ctx, `select current_setting('fsync'), current_setting('synchronous_commit'), pg_backend_pid()`, pgx.QueryExecModeExec).
		Scan(&fsync, &commit, &session)
	switch {
	case err != nil:
		return err
	case s.opened && (fsync == "off" || commit == "off"):
		return setupError("the server has fsync=" + fsync + " and synchronous_commit=" + commit + ": acknowledged turns could be lost")
	case session != c.PgConn().PID():
		if !s.mayPrepare && !s.pooled.Load() {
			s.pooled.Store(true)
			return errPooler
		}
		return nil // settings of this session would stay with another client's
	}
	if _, err := c.PgConn().Exec(ctx, fmt.Sprintf(sessionBounds, s.lockWait)).ReadAll(); err != nil {
		return err
	}
	c.PgConn().CustomData()[boundedKey] = true
	return nil
}

// boundedKey marks a connection with sessionBounds.
const boundedKey = "dialog/pgstore bounded"

// Close ends Notices, waits for running calls, sends the notices that wait, and closes all
// connections. Every later call is dialog.ErrUnavailable.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.end()
		s.pool.Close()
		if s.notifying {
			<-s.notifier.done
		}
	}
	return nil
}

const tries = 5 // of a call whose error may pass at once

// call runs fn on a connection of the pool, within the store's timeout. If that connection
// is dead, and fn may run twice without harm, call tries a second one.
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

// linger is a context that outlives ctx by lingerTime: the outcome of statements that were
// sent is worth a short wait, and cutting the connection would lose it.
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
