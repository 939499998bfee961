package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog/pgstore"
)

type migrateUpCmd struct {
	Citus      bool `name:"citus" help:"then spread conversations and events over the workers of a Citus cluster"`
	Partitions bool `name:"partitions" help:"make a new PostgreSQL database in partitions: conversations by key, events by month"`
}

func (c *migrateUpCmd) Run(p *program, set *Settings) error {
	if !c.Citus && !c.Partitions {
		st, err := set.openStore(p.ctx)
		if err != nil {
			return err
		}
		defer st.Close()
		fmt.Fprintln(p.out, "Up to date:", set.databaseName())
		return nil
	}
	kind, url, err := set.database()
	switch {
	case err != nil:
		return usageError{err}
	case kind != "postgres":
		return usageError{errors.New("--citus and --partitions want a --database-url that is postgres://…")}
	case c.Citus && c.Partitions:
		return usageError{errors.New("--citus and --partitions exclude each other: Citus makes partitions of its own")}
	}
	options := append(postgresOptions(), pgstore.WithTimeout(time.Hour)) // distributing moves every row
	if c.Partitions {
		options = append(options, pgstore.WithPartitions())
		if whole, err := hasWholeTables(p.ctx, url); err != nil {
			return fmt.Errorf("%w: %s: %w", errNoDatabase, set.databaseName(), err)
		} else if whole {
			return errors.New("the tables are there already, and not in partitions; make a new database, and lockbay migrate copy into it")
		}
	}
	st, err := pgstore.Open(p.ctx, url, options...)
	if err != nil {
		return set.databaseTrouble(err)
	}
	defer st.Close()
	if c.Citus {
		if err := st.Distribute(p.ctx); err != nil {
			return err
		}
		fmt.Fprintln(p.out, "Up to date and distributed:", set.databaseName())
		return nil
	}
	fmt.Fprintln(p.out, "Up to date, in partitions:", set.databaseName())
	return nil
}

// hasWholeTables reports whether the conversations are there in one piece.
func hasWholeTables(ctx context.Context, url string) (whole bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return false, err
	}
	defer c.Close(context.WithoutCancel(ctx))
	err = c.QueryRow(ctx, `select coalesce((select relkind = 'r' from pg_class where oid = to_regclass('conversations')), false)`).Scan(&whole)
	return whole, err
}
