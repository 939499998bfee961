// Package sqlitestore keeps conversations in one SQLite file.
//
// An acknowledged commit is on the disk: WAL with synchronous=FULL, checked at
// start. One connection writes; readers have connections of their own and never
// wait for it. Several processes may use one file: the write lock serialises
// their commits, and the compare-and-swap settles conflicts. The file must be
// on a local disk. A store whose file was removed, moved or replaced takes
// nothing more: it is unavailable until the file is back.
//
// Two traps for an embedding program. Opening and closing the database file by
// other means in the same process drops SQLite's POSIX locks. And this package
// makes SQLite use fdatasync(2) in the whole process, where the platform has
// it.
package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/lockbay/lockbay/dialog"
)

// Store is a dialog.Store in a SQLite file. Its methods may be called
// concurrently.
type Store struct {
	path       string
	file       fs.FileInfo // at path, when it was opened
	now        func() time.Time
	busy       time.Duration
	components []dialog.Schema
	writer     *pool // of one
	readers    *pool
	trouble    func(what string, err error)
	reported   once
}

var _ dialog.Store = (*Store)(nil)

// Option changes how a store is opened.
type Option func(*Store)

// WithMigrations adds the application's own migrations, such as views: the
// files *.sql of files, in the order of their names. The n-th file is version n
// of component. They run after the store's own migrations, in the same
// transaction. A name that ends in ".contract-N.sql" shuts older programs out,
// see [dialog.Schema].
func WithMigrations(component string, files fs.FS) Option {
	return func(s *Store) { s.components = append(s.components, dialog.NewSchema(component, files)) }
}

// WithNow sets the clock for leases and [Store.Now]. Defaults to time.Now.
func WithNow(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// WithBusy sets how long a call waits for another process's write before it
// returns ErrUnavailable. Defaults to 5 s.
func WithBusy(d time.Duration) Option { return func(s *Store) { s.busy = d } }

// WithTrouble sets the function that hears of each unreadable row, once. Defaults to an
// error in the log of slog.
func WithTrouble(f func(what string, err error)) Option { return func(s *Store) { s.trouble = f } }

// once remembers the reported rows, up to a bound.
type once struct {
	mu sync.Mutex
	m  map[string]bool
}

func (o *once) first(what string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.m == nil || len(o.m) >= 1000 {
		o.m = map[string]bool{}
	}
	first := !o.m[what]
	o.m[what] = true
	return first
}

// Open opens the file at path, creates a missing file (mode 0600, its folder
// 0700), and migrates its tables. A file with conversations is copied beside
// itself before a migration. A file migrated by a newer version is used as it
// is; one that shuts this version out is dialog.ErrSchemaNewer and stays
// untouched.
func Open(ctx context.Context, path string, opts ...Option) (*Store, error) {
	s, err := prepare(path, opts)
	if err != nil {
		return nil, err
	}
	if err := s.makeFile(); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := s.start(ctx); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("open %s: %w", path, normalise(err))
	}
	if s.file, err = os.Stat(s.path); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}

// OpenReading opens the file at path for reading alone: its tables stay as they are,
// and the file and its folder may be without write permission. Calls that write are
// dialog.ErrUnavailable.
func OpenReading(path string, opts ...Option) (*Store, error) {
	s, err := prepare(path, opts)
	if err != nil {
		return nil, err
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s.writer = newPool(1, func() (*conn, error) { return nil, errReading })
	return s, nil
}

// there is an error unless the open file is still the one at its path: what a removed file
// gets is lost with the process. After it the outcome of a commit is unknown.
func (s *Store) there() error {
	if now, err := os.Stat(s.path); s.file != nil && (err != nil || !os.SameFile(s.file, now)) {
		return fmt.Errorf("%s was removed, moved or replaced while it is open; put it back, or start again: %w", s.path, dialog.ErrUnavailable)
	}
	return nil
}

// prepare returns a store without connections.
func prepare(path string, opts []Option) (*Store, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, fmt.Errorf("open %q: want the path of a file; dialog.NewMemory keeps conversations in memory", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s := &Store{path: abs, now: time.Now, busy: 5 * time.Second, components: []dialog.Schema{own}, trouble: func(what string, err error) {
		slog.Error("sqlite: a row cannot be read and stays as it is", "row", what, "error", err)
	}}
	for _, opt := range opts {
		opt(s)
	}
	s.writer = newPool(1, func() (*conn, error) { return open(s.path, &writing) })
	s.readers = newPool(max(4, runtime.GOMAXPROCS(0)), func() (*conn, error) { return open(s.path, &reading) })
	return s, nil
}

// makeFile creates the file before SQLite does, to set its mode. It never opens
// an existing file: closing one would drop SQLite's locks.
func (s *Store) makeFile() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return os.Chmod(s.path, 0o600)
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// Close waits for running calls and closes the file. Every later call returns
// dialog.ErrUnavailable.
func (s *Store) Close() error {
	// Close the writer last: the last connection checkpoints the WAL.
	return normalise(errors.Join(s.readers.close(), s.writer.close()))
}

// Now implements dialog.Store with the clock of this machine.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	if s.writer.isClosed() {
		return time.Time{}, errClosed
	}
	if err := s.there(); err != nil {
		return time.Time{}, err
	}
	return s.clock(), nil
}

// clock returns the store's clock in whole milliseconds, the unit of all times in the file.
func (s *Store) clock() time.Time { return s.now().Truncate(time.Millisecond) }

// write runs fn in a transaction of its own. The context bounds only the wait
// for the lock: a transaction that began runs to its end. After any error the
// transaction is rolled back and the connection thrown away, because an
// interrupted connection may have left its transaction and would commit each
// later statement by itself.
func (s *Store) write(ctx context.Context, fn func(c *conn) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.writer.take(ctx)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // an error or a panic
			_ = c.run("rollback") // the transaction may have ended already
			_ = c.close()
			c = nil
		}
		s.writer.put(c)
	}()
	if err := s.begin(ctx, c); err != nil {
		done = isBusy(err) || ctx.Err() != nil // no transaction began: keep the connection
		return err
	}
	if err := fn(c); err != nil {
		return err
	}
	if err := c.run("commit"); err != nil {
		return err
	}
	done = true
	return s.there() // last: the file may go at any moment before
}

// begin takes the write lock. It waits for other processes in short steps, so
// that the context can end the wait.
func (s *Store) begin(ctx context.Context, c *conn) error {
	for start := time.Now(); ; {
		err := c.run("begin immediate")
		switch {
		case !isBusy(err):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Since(start) > s.busy:
			return err
		}
	}
}

// read runs fn on a reading connection.
func (s *Store) read(ctx context.Context, fn func(c *conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.readers.take(ctx)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			_ = c.close()
			c = nil
		}
		s.readers.put(c)
	}()
	err = fn(c)
	done = err == nil || errors.Is(err, dialog.ErrNotFound) || errors.Is(err, dialog.ErrSchemaNewer)
	return err
}
