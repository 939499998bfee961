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

var own = func() dialog.Schema {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // a constant path
	}
	return dialog.NewSchema("dialog", sub)
}()

const (
	migrationLock  = 0x6469616c6f67 // of all migrations in a database
	lockTimeout    = "3s"           // statements of other connections wait behind a migration that waits for a lock
	migrateTimeout = time.Minute    // of all tries
)

// Migrations is the state of the tables, by component.
func (s *Store) Migrations(ctx context.Context) (list []dialog.Migration, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) (err error) {
		list, err = s.status(ctx, c)
		return err
	})
	return list, failed("migrations", err)
}

// Status is the state of the tables of the database at url. It only reads.
func Status(ctx context.Context, url string, opts ...Option) ([]dialog.Migration, error) {
	s, err := prepare(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Migrations(ctx)
}

func (s *Store) status(ctx context.Context, c *pgx.Conn) ([]dialog.Migration, error) {
	var there bool
	if err := c.QueryRow(ctx, `select to_regclass('schema_version') is not null`).Scan(&there); err != nil {
		return nil, err
	}
	var list []dialog.Migration
	for _, p := range s.components {
		var have, needs int
		if there {
			err := c.QueryRow(ctx, `select coalesce(max(version) filter (where component = $1), 0), coalesce(max(version) filter (where component = $2), 0)
				from schema_version`, p.Name, p.NeedsName()).Scan(&have, &needs)
			if err != nil {
				return nil, err
			}
		}
		list = append(list, p.State(have, needs))
	}
	return list, nil
}

// migrate brings the tables up to date. It gives up each wait for a lock after
// lockTimeout and tries again, because a waiting DDL statement stops all others behind
// it.
func (s *Store) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	for {
		err := s.try(ctx, func(ctx context.Context, c *pgx.Conn) error {
			list, err := s.status(ctx, c)
			if err != nil {
				return err
			}
			if missing, err := dialog.NeedsMigration(list); err != nil || !missing {
				return err
			}
			return s.migrateOn(ctx, c)
		})
		if code(err) != "55P03" && meaningOf(err)&again == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// migrateOn locks, reads and changes in one transaction, so that one of many openers
// migrates. The lock belongs to the transaction: through a pooler a lock of the session
// would stay behind.
func (s *Store) migrateOn(ctx context.Context, c *pgx.Conn) error {
	return pgx.BeginTxFunc(ctx, c, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(pgx.Tx) error { return s.migrateIn(ctx, c) })
}

// migrateIn is migrateOn inside a transaction.
func (s *Store) migrateIn(ctx context.Context, c *pgx.Conn) error {
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
	if missing, err := dialog.NeedsMigration(list); err != nil || !missing {
		return err // done by another opener
	}
	for i, p := range s.components {
		if err := s.bring(ctx, c, p, list[i]); err != nil {
			return err
		}
	}
	return nil
}

// bring applies the migrations that one component lacks.
func (s *Store) bring(ctx context.Context, c *pgx.Conn, p dialog.Schema, m dialog.Migration) error {
	const record = `insert into schema_version (component, version, at) values ($1, $2, ` + nowMillis + `) on conflict do nothing`
	if m.Have >= m.Want {
		return nil
	}
	for n := m.Have + 1; n <= m.Want; n++ {
		name, sql, err := p.Step(n)
		if p.Name == own.Name && n == 1 && s.partitioned {
			sql += "\n;\n" + partitions
		}
		if err == nil {
			_, err = c.PgConn().Exec(ctx, sql).ReadAll()
		}
		if err == nil {
			_, err = c.Exec(ctx, record, p.Name, n)
		}
		if err != nil {
			return fmt.Errorf("migrate %s %s: %w", p.Name, name, err)
		}
	}
	_, err := c.Exec(ctx, record, p.NeedsName(), p.Needs(m))
	return err
}
