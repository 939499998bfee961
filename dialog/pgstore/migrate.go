package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

//go:embed migrations/*.sql
var files embed.FS

//go:embed partitions.sql
var partitions string

var own = func() component {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // a constant path
	}
	return newComponent("dialog", sub)
}()

const (
	migrationLock  = 0x6469616c6f67 // of all migrations in a database
	lockTimeout    = "3s"           // so that nobody waits behind a migration that waits
	migrateTimeout = time.Minute    // of all tries
)

// component is a set of migrations that is numbered by itself.
type component struct {
	name  string
	files fs.FS
	steps []string // names of files, in order; the n-th makes version n
}

func newComponent(name string, files fs.FS) component {
	steps, _ := fs.Glob(files, "*.sql") // sorted; the pattern is well-formed
	return component{name, files, steps}
}

// Migration tells how far a component of the tables is.
type Migration struct {
	Component string
	Have      int // version in the database; 0: none of it
	Want      int // version that this program knows
}

// Migrations tells how far the tables are.
func (s *Store) Migrations(ctx context.Context) (list []Migration, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) (err error) {
		list, err = s.status(ctx, c)
		return err
	})
	return list, failed("migrations", err)
}

// Status tells how far the tables of the database at url are, without changing
// anything.
func Status(ctx context.Context, url string, opts ...Option) ([]Migration, error) {
	s, err := prepare(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Migrations(ctx)
}

func (s *Store) status(ctx context.Context, c *pgx.Conn) ([]Migration, error) {
	var there bool
	if err := c.QueryRow(ctx, `select to_regclass('schema_version') is not null`).Scan(&there); err != nil {
		return nil, err
	}
	var list []Migration
	for _, p := range s.components {
		m := Migration{Component: p.name, Want: len(p.steps)}
		if there {
			err := c.QueryRow(ctx, `select coalesce(max(version), 0) from schema_version where component = $1`, p.name).Scan(&m.Have)
			if err != nil {
				return nil, err
			}
		}
		list = append(list, m)
	}
	return list, nil
}

// missing reports whether there is something to migrate. A component that is
// further than we know is an error.
func missing(list []Migration) (bool, error) {
	missing := false
	for _, m := range list {
		if m.Have > m.Want {
			return false, fmt.Errorf("the tables of %q are at version %d, this program knows %d: %w", m.Component, m.Have, m.Want, dialog.ErrSchemaNewer)
		}
		missing = missing || m.Have < m.Want
	}
	return missing, nil
}

// migrate brings the tables up to date. A lock that is not to be had in time
// is waited for anew: a waiting DDL statement stops all others behind it.
func (s *Store) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	for {
		err := s.try(ctx, func(ctx context.Context, c *pgx.Conn) error {
			list, err := s.status(ctx, c)
			if err != nil {
				return err
			}
			if missing, err := missing(list); err != nil || !missing {
				return err
			}
			return s.migrateOn(ctx, c)
		})
		if code(err) != "55P03" {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// migrateOn locks, looks and changes in one transaction: of many openers one
// does it, also through a pooler, which would leave a lock of the session behind.
func (s *Store) migrateOn(ctx context.Context, c *pgx.Conn) error {
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		_, err := c.PgConn().Exec(ctx, fmt.Sprintf(`set local lock_timeout = '%s'; select pg_advisory_xact_lock(%d);
			create table if not exists schema_version (
				component text not null, version int not null, at bigint not null, primary key (component, version))`,
			lockTimeout, int64(migrationLock))).ReadAll()
		if err != nil {
			return err
		}
		list, err := s.status(ctx, c)
		if err != nil {
			return err
		}
		if _, err := missing(list); err != nil {
			return err
		}
		for i, p := range s.components {
			for n := list[i].Have; n < len(p.steps); n++ {
				if err := s.step(ctx, c, p, n); err != nil {
					return fmt.Errorf("migrate %s %s: %w", p.name, p.steps[n], err)
				}
			}
		}
		return nil
	})
}

// step brings one component from version n to n+1.
func (s *Store) step(ctx context.Context, c *pgx.Conn, p component, n int) error {
	sql, err := fs.ReadFile(p.files, p.steps[n])
	if err != nil {
		return err
	}
	text := string(sql)
	if p.name == own.name && n == 0 && s.partitioned {
		text += "\n;\n" + partitions
	}
	if _, err := c.PgConn().Exec(ctx, text).ReadAll(); err != nil {
		return err
	}
	_, err = c.Exec(ctx, `insert into schema_version (component, version, at) values ($1, $2, `+nowMillis+`)`, p.name, n+1)
	return err
}
