package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"modernc.org/sqlite"
)

// conn is a connection with its prepared statements, used by one goroutine at a
// time. It uses the driver directly, because database/sql costs about a third
// of a turn.
type conn struct {
	driver.Conn
	stmts map[string]driver.Stmt // SQL → prepared
	args  []driver.NamedValue    // reused by each statement
}

// role configures a connection: SQLite's own wait for a lock in milliseconds,
// and pragmas.
type role struct {
	wait    string
	pragmas []string
}

var (
	// SQLite's own checkpoint, each 1,000 pages, stays: the log is soon written over, which
	// costs a lone turn 11 % less than a log that grows.
	writing = role{"100", []string{"synchronous(full)", "cache_size(-8000)", "journal_size_limit(67108864)"}}
	reading = role{"5000", []string{"query_only(1)", "cache_size(-1000)"}}
	copying = role{"5000", []string{"synchronous(full)", "cache_size(-4000)"}}
)

func open(path string, as *role) (*conn, error) {
	q := url.Values{
		"mode":          {"rw"}, // a file that vanished is an error, never a new empty file
		"_busy_timeout": {as.wait},
		"_dqs":          {"0"},
		"_pragma":       append([]string{"trusted_schema(off)", "temp_store(memory)"}, as.pragmas...),
	}
	if as == &reading && still(path) {
		q.Set("mode", "ro")
		q.Set("immutable", "1")
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	d, err := (&sqlite.Driver{}).Open(u.String())
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: d, stmts: map[string]driver.Stmt{}}
	if as == &writing {
		// Durability depends on this setting, so check it.
		err = c.expect("pragma synchronous", int64(2))
	}
	if err != nil {
		_ = c.close()
		return nil, err
	}
	return c, nil
}

// still reports whether nobody has the file open for writing, and this process may not
// write beside it. SQLite reads such a file only if it is told that nobody changes it.
func still(path string) bool {
	_, err := os.Lstat(path + "-wal")
	return errors.Is(err, fs.ErrNotExist) && !(writable(path) && writable(filepath.Dir(path)))
}

// expect runs a statement whose single value must be want.
func (c *conn) expect(sql string, want driver.Value) error {
	var got driver.Value
	err := c.query(sql, nil, func(v []driver.Value) error { got = v[0]; return nil })
	if err == nil && got != want {
		err = fmt.Errorf("%s is %v, want %v", sql, got, want)
	}
	return err
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	return c.Conn.Close()
}

func (c *conn) stmt(sql string) (driver.Stmt, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	s, err := c.Prepare(sql)
	if err != nil {
		return nil, err
	}
	c.stmts[sql] = s
	return s, nil
}

func (c *conn) bind(values []driver.Value) []driver.NamedValue {
	c.args = slices.Grow(c.args[:0], len(values))
	for i, v := range values {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args
}

// run executes a prepared statement.
func (c *conn) run(sql string, values ...driver.Value) error {
	_, err := c.exec(sql, values...)
	return err
}

// exec executes a prepared statement and returns the number of changed rows. It
// takes no context, so nothing interrupts it.
func (c *conn) exec(sql string, values ...driver.Value) (int64, error) {
	s, err := c.stmt(sql)
	if err != nil {
		return 0, err
	}
	r, err := s.(driver.StmtExecContext).ExecContext(context.Background(), c.bind(values))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls each with the columns of every row. The columns are valid only
// during the call.
func (c *conn) query(sql string, values []driver.Value, each func([]driver.Value) error) error {
	s, err := c.stmt(sql)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), c.bind(values))
	if err != nil {
		return err
	}
	columns := make([]driver.Value, len(rows.Columns()))
	for err == nil {
		if err = rows.Next(columns); err == nil {
			err = each(columns)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

// script runs statements without preparing them.
func (c *conn) script(ctx context.Context, sql string) error {
	_, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, sql, nil)
	return err
}

// pool hands out connections and opens them on demand.
type pool struct {
	slots  chan *conn // nil: not open yet
	open   func() (*conn, error)
	closed chan struct{}
	once   sync.Once
}

func newPool(n int, open func() (*conn, error)) *pool {
	p := &pool{slots: make(chan *conn, n), open: open, closed: make(chan struct{})}
	for range n {
		p.slots <- nil
	}
	return p
}

// take waits for a connection. Return it with put.
func (p *pool) take(ctx context.Context) (*conn, error) {
	if p.isClosed() {
		return nil, errClosed
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, errClosed
	case c := <-p.slots:
		if c != nil {
			return c, nil
		}
	}
	c, err := p.open()
	if err != nil {
		p.slots <- nil
		return nil, err
	}
	return c, nil
}

// put returns a connection; nil for a closed one.
func (p *pool) put(c *conn) { p.slots <- c }

func (p *pool) isClosed() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}

// close waits for every connection and closes it.
func (p *pool) close() (err error) {
	p.once.Do(func() {
		close(p.closed)
		for range cap(p.slots) {
			if c := <-p.slots; c != nil {
				err = errors.Join(err, c.close())
			}
		}
	})
	return err
}
