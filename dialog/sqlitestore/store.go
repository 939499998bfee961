// Package sqlitestore keeps conversations in one SQLite file.
//
// A commit is on the disk when it is acknowledged: WAL with synchronous=FULL,
// read back at start. There is one writing connection, and reading ones beside
// it that never wait for it. Several processes may use one file: they take
// turns at the write lock, and the compare-and-swap does the rest. The file
// must be on a local disk.
//
// Two traps for whoever embeds it. Opening and closing the database file by
// other means in the same process drops SQLite's locks (POSIX). And commits
// use fdatasync(2), for the whole process, where the platform has it.
package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/lockbay/lockbay/dialog"
)

// Store is a dialog.Store in a SQLite file. Its methods may be called
// concurrently.
type Store struct {
	path       string
	now        func() time.Time
	busy       time.Duration
	components []dialog.Schema
	writer     *pool // of one
	readers    *pool
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

// WithNow sets the store's clock, which leases and [Store.Now] go by. Defaults
// to time.Now.
func WithNow(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// WithBusy sets how long a call waits while another process writes, before it
// is ErrUnavailable. Defaults to 5 s.
func WithBusy(d time.Duration) Option { return func(s *Store) { s.busy = d } }

// Open opens the file at path, making it (mode 0600, and its folder 0700) if
// there is none, and brings its tables up to date; a file with conversations
// is copied beside itself before that. A file that a newer version has migrated
// is used as it is; if it is beyond what this version can live with, it is
// dialog.ErrSchemaNewer and left untouched.
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
	return s, nil
}

// prepare makes a store that has opened nothing yet.
func prepare(path string, opts []Option) (*Store, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, fmt.Errorf("open %q: want the path of a file; dialog.NewMemory keeps conversations in memory", path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s := &Store{path: abs, now: time.Now, busy: 5 * time.Second, components: []dialog.Schema{own}}
	for _, opt := range opts {
		opt(s)
	}
	s.writer = newPool(1, func() (*conn, error) { return open(s.path, &writing) })
	s.readers = newPool(max(4, runtime.GOMAXPROCS(0)), func() (*conn, error) { return open(s.path, &reading) })
	return s, nil
}

// makeFile makes the file before SQLite does, to set its mode. An existing one
// is never opened here: closing it again would drop SQLite's locks.
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

// Close waits for calls that are running, and closes the file. Every later
// call is dialog.ErrUnavailable.
func (s *Store) Close() error {
	// The writer last: the last connection to go folds the WAL into the file.
	return normalise(errors.Join(s.readers.close(), s.writer.close()))
}

// Now implements dialog.Store: the clock of this machine.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	if s.writer.isClosed() {
		return time.Time{}, errClosed
	}
	return s.clock(), nil
}

// clock is the store's clock in whole milliseconds, as the file keeps all times.
func (s *Store) clock() time.Time { return s.now().Truncate(time.Millisecond) }

// write runs fn in a transaction of its own. The caller's context ends only
// the waiting for it: once begun it runs to its end. After any error
// everything is rolled back and the connection thrown away, because one that
// was interrupted may have left its transaction already, and would commit each
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
			_ = c.run("rollback") // it may be over already
			_ = c.close()
			c = nil
		}
		s.writer.put(c)
	}()
	if err := s.begin(ctx, c); err != nil {
		done = isBusy(err) || ctx.Err() != nil // nothing was begun: the connection is as it was
		return err
	}
	if err := fn(c); err != nil {
		return err
	}
	if err := c.run("commit"); err != nil {
		return err
	}
	done = true
	return nil
}

// begin takes the write lock, waiting for other processes in short steps so
// that the context can end it.
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
	done = err == nil || errors.Is(err, dialog.ErrNotFound)
	return err
}
