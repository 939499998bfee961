package sqlitestore

import (
	"context"
	"database/sql/driver"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/lockbay/lockbay/dialog"
)

//go:embed migrations/*.sql
var files embed.FS

var own = func() dialog.Schema {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // a constant path
	}
	return dialog.NewSchema("dialog", sub)
}()

// Migrations returns the versions of the tables.
func (s *Store) Migrations(ctx context.Context) (list []dialog.Migration, err error) {
	err = s.read(ctx, func(c *conn) (err error) {
		list, err = s.status(c)
		return err
	})
	return list, failed("migrations", err)
}

// Status returns the versions of the tables of the file at path, which stays
// unchanged. A missing file is fs.ErrNotExist, another program's is ErrForeign.
func Status(ctx context.Context, path string, opts ...Option) ([]dialog.Migration, error) {
	s, err := prepare(path, opts)
	if err != nil {
		return nil, err
	}
	if err := exists(s.path); err != nil {
		return nil, err
	}
	defer s.Close()
	list, err := s.Migrations(ctx)
	if err == nil && !slices.ContainsFunc(list, func(m dialog.Migration) bool { return m.Have > 0 }) {
		err = s.read(ctx, func(c *conn) error {
			return c.query(`select 1 from sqlite_schema limit 1`, nil, func([]driver.Value) error { return ErrForeign })
		})
	}
	if code(err) == sqlite3.SQLITE_NOTADB {
		err = ErrForeign
	}
	return list, err
}

func (s *Store) status(c *conn) ([]dialog.Migration, error) {
	there := false
	err := c.query(`select 1 from sqlite_schema where name = 'schema_version'`, nil, func([]driver.Value) error {
		there = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	var list []dialog.Migration
	for _, p := range s.components {
		var have, needs int64
		if there {
			err = c.query(`select coalesce(max(version) filter (where component = ?1), 0), coalesce(max(version) filter (where component = ?2), 0)
				from schema_version`, []driver.Value{p.Name, p.NeedsName()},
				func(v []driver.Value) error {
					have, needs = v[0].(int64), v[1].(int64)
					return nil
				})
		}
		if err != nil {
			return nil, err
		}
		list = append(list, p.State(int(have), int(needs)))
	}
	return list, nil
}

// start opens the writing connection and brings the tables up to date. While
// several processes open a new file, SQLite may report busy at any point
// without waiting, so start tries again.
func (s *Store) start(ctx context.Context) error {
	for began := time.Now(); ; {
		err := s.migrate(ctx)
		if !isBusy(err) || time.Since(began) > s.busy {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (s *Store) migrate(ctx context.Context) error {
	c, err := s.writer.take(ctx)
	if err != nil {
		return err
	}
	missing := false
	list, err := s.status(c)
	if err == nil {
		missing, err = dialog.NeedsMigration(list)
	}
	if err == nil {
		// SQLite changes the journal mode only outside a transaction. The file
		// keeps it.
		err = c.expect("pragma journal_mode = wal", "wal")
	}
	if err == nil {
		err = c.dropChecksum()
	}
	if err != nil {
		_ = c.close()
		s.writer.put(nil)
		return err
	}
	s.writer.put(c)
	if !missing {
		return nil
	}
	// One transaction locks, checks and migrates: of many openers one does the
	// work.
	return s.write(ctx, func(c *conn) error {
		list, err := s.status(c)
		if err != nil {
			return err
		}
		if missing, err := dialog.NeedsMigration(list); err != nil || !missing {
			return err // another opener was faster
		}
		if err := s.keepCopy(ctx, c); err != nil {
			return fmt.Errorf("copy before migrating: %w", err)
		}
		if err := c.run(`create table if not exists schema_version (
			component text not null, version integer not null, at integer not null, primary key (component, version)) without rowid`); err != nil {
			return err
		}
		for i, p := range s.components {
			if err := s.bring(ctx, c, p, list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// bring applies the missing migrations of one component.
func (s *Store) bring(ctx context.Context, c *conn, p dialog.Schema, m dialog.Migration) error {
	const record = `insert or ignore into schema_version (component, version, at) values (?, ?, ?)`
	if m.Have >= m.Want {
		return nil
	}
	for n := m.Have + 1; n <= m.Want; n++ {
		name, sql, err := p.Step(n)
		if err == nil {
			err = c.script(context.WithoutCancel(ctx), sql)
		}
		if err == nil {
			err = c.run(record, p.Name, int64(n), s.now().UnixMilli())
		}
		if err != nil {
			return fmt.Errorf("migrate %s %s: %w", p.Name, name, err)
		}
	}
	return c.run(record, p.NeedsName(), int64(p.Needs(m)), s.now().UnixMilli())
}

// fileBeforeEnd is the suffix of the copy made before a migration.
const fileBeforeEnd = ".before-migration"

// keepCopy copies a file that has conversations. c holds the write lock, so the
// copy is the state before the migration.
func (s *Store) keepCopy(ctx context.Context, c *conn) error {
	old := false
	yes := func([]driver.Value) error { old = true; return nil }
	err := c.query(`select 1 from sqlite_schema where name = 'conversations'`, nil, yes)
	if err != nil || !old {
		return err
	}
	old = false
	if err := c.query(`select 1 from conversations union all select 1 from secrets limit 1`, nil, yes); err != nil || !old {
		return err
	}
	return copyTo(ctx, s.path, s.path+s.now().UTC().Format(".20060102T150405.000Z")+fileBeforeEnd)
}
