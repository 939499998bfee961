package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/lockbay/lockbay/dialog/pgstore"
)

type migrateUpCmd struct {
	Citus      bool `name:"citus" help:"also spread conversations and events over the workers of a Citus cluster"`
	Partitions bool `name:"partitions" help:"create the tables of a new PostgreSQL database in partitions: conversations by key, events by month"`
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
		return usageError{errors.New("--citus and --partitions need a --database-url of postgres://…")}
	case c.Citus && c.Partitions:
		return usageError{errors.New("--citus and --partitions exclude each other: Citus makes partitions of its own")}
	}
	options := append(postgresOptions(), pgstore.WithTimeout(time.Hour)) // distributing moves every row
	if c.Partitions {
		options = append(options, pgstore.WithPartitions())
	}
	st, err := pgstore.Open(p.ctx, url, options...)
	if errors.Is(err, pgstore.ErrNotPartitioned) {
		return fmt.Errorf("%w: lockbay migrate copy", pgstore.ErrNotPartitioned)
	}
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
