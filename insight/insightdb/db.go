// Package insightdb keeps what the events of conversations come to, so that the figures of any window are a sum of a few
// thousand short rows.
//
// Five tables are scratch, made of the events of the last 90 days and made anew from them at will: creations
// (insight_drafts), tickets, lives of instances, slots that are to be counted, and the cursor. Two are kept for good and name nobody:
// insight_slots and insight_restarts. In PostgreSQL the scratch tables are unlogged. With SQLite they are in a file of their
// own, NAME.insight.db, so that only the counts of a fold wait for the database's writer.
package insightdb

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"embed"
	_ "embed" // scratch.sql
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

//go:embed scratch.sql
var scratchTables string

// SQLite has the migrations of the component insight.
func SQLite() fs.FS { return sub("sqlite") }

// Postgres has the migrations of the component insight.
func Postgres() fs.FS { return sub("postgres") }

func sub(name string) fs.FS {
	f, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // a constant path
	}
	return f
}

// Log is what a DB needs of the store whose events it counts.
type Log interface {
	dialog.EventLog
	Now(ctx context.Context) (time.Time, error)
	Secret(ctx context.Context, name string, initial []byte) ([]byte, error)
}

// DB keeps counts. Its methods may be called concurrently, also by several processes.
type DB struct {
	log           Log
	cfg           insight.Config
	keep          time.Duration
	secret        atomic.Pointer[[]byte] // nil: the database has none yet
	page          int                    // events that are read at once
	scratch, kept *sql.DB
	postgres      bool
	killed        func() bool // for tests: the process dies here; asked before each statement that writes, and around each commit
}

// Keep is how long creations are kept, as long as events.
const Keep = 90 * 24 * time.Hour

// OpenSQLite opens the counts in the database at path, whose tables the store has made, and the scratch tables in the file of
// a name, which may be missing.
func OpenSQLite(ctx context.Context, path, name string, log Log, cfg insight.Config) (*DB, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // beside the database
	switch {
	case err == nil:
		err = f.Close()
	case errors.Is(err, fs.ErrExist):
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("insight: %w", err)
	}
	d := &DB{log: log, cfg: cfg}
	if d.scratch, err = openFile(name, "normal", "journal_mode(wal)"); err == nil {
		d.kept, err = openFile(path, "full")
	}
	if err == nil {
		err = d.makeScratch(ctx)
	}
	return d.opened(ctx, err)
}

// makeScratch makes the tables of the file that lack. One of creations whose rows lie in the order of drafts is of an older
// program: it is made anew, with all that is made of events.
func (d *DB) makeScratch(ctx context.Context) error {
	older, err := numbers(ctx, d.scratch, `select wr from pragma_table_list where schema = 'main' and name = 'insight_drafts'`)
	if err != nil {
		return err
	}
	if !slices.Contains(older, 1) {
		_, err = d.scratch.ExecContext(ctx, scratchTables)
		return err
	}
	return d.change(ctx, func(tx querier) error {
		_, err := tx.ExecContext(ctx, `drop table insight_drafts; delete from insight_state;`+scratchTables)
		return err
	})
}

// openFile opens a SQLite file. Its transactions take the lock of the file at once.
func openFile(path, synchronous string, pragmas ...string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"mode": {"rw"}, "_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(5000)", "synchronous(" + synchronous + ")", "temp_store(memory)"}, pragmas...)}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err == nil {
		db.SetMaxOpenConns(4)
	}
	return db, err
}

// OpenPostgres opens the counts in the database at the URL of a store, which has made the tables.
func OpenPostgres(ctx context.Context, at string, log Log, cfg insight.Config) (*DB, error) {
	c, err := pgxpool.ParseConfig(at)
	if err != nil {
		return nil, fmt.Errorf("insight: %w", err)
	}
	if !strings.Contains(at, "default_query_exec_mode") {
		c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec // through any pooler
	}
	db := stdlib.OpenDB(*c.ConnConfig)
	db.SetMaxOpenConns(3)
	d := &DB{log: log, cfg: cfg, scratch: db, kept: db, postgres: true}
	return d.opened(ctx, nil)
}

func (d *DB) opened(ctx context.Context, err error) (*DB, error) {
	d.keep, d.page = Keep, 10_000
	if err == nil {
		err = d.know(ctx, nil)
		if errors.Is(err, dialog.ErrNotFound) {
			err = nil
		}
	}
	if err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("insight: %w", err)
	}
	return d, nil
}

// know reads the secret; initial, if it is not nil, is that of a database without one.
func (d *DB) know(ctx context.Context, initial []byte) error {
	secret, err := d.log.Secret(ctx, "insight", initial)
	if err == nil {
		d.secret.Store(&secret)
	}
	return err
}

// key is the secret, or nothing.
func (d *DB) key() []byte {
	if secret := d.secret.Load(); secret != nil {
		return *secret
	}
	return nil
}

// Close waits for running calls and closes the files or connections.
func (d *DB) Close() (err error) {
	for _, db := range []*sql.DB{d.scratch, d.kept} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

// querier is a transaction, or a pool.
type querier interface {
	ExecContext(ctx context.Context, sql string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, sql string, args ...any) (*sql.Rows, error)
}

// lock is of all that changes scratch tables.
const lock = `select pg_advisory_xact_lock(7598258015)`

// change runs fn in a transaction of the scratch tables; one runs at a time.
func (d *DB) change(ctx context.Context, fn func(tx querier) error) error {
	return d.within(ctx, d.scratch, func(tx querier) error {
		if d.postgres {
			if _, err := tx.ExecContext(ctx, lock); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

// keeping runs fn in a transaction of the kept tables. In PostgreSQL it is tx itself. In SQLite it ends before that of the
// scratch tables does: if the process dies in between, the slots are still to be counted, and are counted again.
func (d *DB) keeping(ctx context.Context, tx querier, fn func(kept querier) error) error {
	if d.postgres {
		return fn(tx)
	}
	return d.within(ctx, d.kept, fn)
}

func (d *DB) within(ctx context.Context, db *sql.DB, fn func(tx querier) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err = fn(mortal{tx, d}); err == nil {
		err = d.dies()
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err = tx.Commit(); err == nil {
		err = d.dies()
	}
	return err
}

var errKilled = errors.New("killed")

func (d *DB) dies() error {
	if d.killed != nil && d.killed() {
		return errKilled
	}
	return nil
}

// mortal is a transaction of a process that tests kill before any of its statements.
type mortal struct {
	querier
	d *DB
}

func (m mortal) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if err := m.d.dies(); err != nil {
		return nil, err
	}
	return m.querier.ExecContext(ctx, text, args...)
}

// rows calls each for every row of a query, with what scans it.
func rows(ctx context.Context, q querier, text string, args []any, each func(scan func(...any) error) error) (err error) {
	r, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for r.Next() {
		if err := each(r.Scan); err != nil {
			return err
		}
	}
	return r.Err()
}

// who are 8 bytes that stand for an owner.
func (d *DB) who(owner string) []byte {
	m := hmac.New(sha256.New, d.key())
	m.Write([]byte(owner))
	return m.Sum(nil)[:8]
}

// Forget blanks who began creations and wrote tickets: an owner such as tg:1000001. Their counts stay, and name nobody.
func (d *DB) Forget(ctx context.Context, owner string) error {
	return d.change(ctx, func(tx querier) error {
		err := d.forgetTickets(ctx, tx, d.who(owner))
		if err == nil {
			_, err = tx.ExecContext(ctx, `update insight_drafts set who = null where who = $1`, d.who(owner))
		}
		return err
	})
}

// values are places for n rows of m values.
func values(n, m int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString([]string{"(", ", ("}[min(i, 1)])
		for j := range m {
			b.WriteString([]string{"$", ", $"}[min(j, 1)])
			fmt.Fprint(&b, i*m+j+1)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// placesMost bounds the places of a statement: SQLite looks for each among the names of all the others.
const placesMost = 220

// inChunks calls fn with some of a list at a time, rows of a number of values, and with their places.
func inChunks(list []any, of int, fn func(places string, some []any) error) error {
	for len(list) > 0 {
		n := min(placesMost/of, len(list)/of)
		if err := fn(values(n, of), list[:n*of]); err != nil {
			return err
		}
		list = list[n*of:]
	}
	return nil
}
