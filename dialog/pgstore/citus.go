package pgstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// ErrNoCitus says that the database lacks the extension that distributes tables.
var ErrNoCitus error = setupError("the extension citus is not in this database: create extension citus, as superuser, on a server that has it")

// Distribute spreads conversations and events by key over the workers of a Citus
// cluster; the other tables stay on the coordinator. Tables that are distributed already
// stay as they are.
func (s *Store) Distribute(ctx context.Context) error {
	// Rows that are there are moved, which may take long.
	err := s.try(ctx, func(ctx context.Context, c *pgx.Conn) error {
		if _, err := c.Exec(ctx, `set lock_timeout = '1min'`); err != nil {
			return err
		}
		defer func() { _, _ = c.Exec(context.WithoutCancel(ctx), `set lock_timeout = '`+s.lockWait+`'`) }()
		var there, partitioned bool
		err := c.QueryRow(ctx, `select exists (select from pg_extension where extname = 'citus'),
			exists (select from pg_partitioned_table where partrelid = to_regclass('conversations'))`).Scan(&there, &partitioned)
		switch {
		case err != nil:
			return err
		case !there:
			return ErrNoCitus
		case partitioned:
			return setupError("conversations are partitioned by key already (WithPartitions): Citus does not distribute such tables")
		}
		have, err := distributed(ctx, c)
		if err != nil {
			return err
		}
		for _, t := range []struct{ name, sql string }{
			{"conversations", `select create_distributed_table('conversations', 'key')`},
			{"events", `select create_distributed_table('events', 'key', colocate_with => 'conversations')`},
		} {
			if slices.Contains(have, t.name) {
				continue
			}
			if _, err := c.Exec(ctx, t.sql); err != nil {
				return fmt.Errorf("distribute %s: %w", t.name, err)
			}
		}
		return nil
	})
	return failed("distribute", err)
}

// distributed lists the tables that Citus has distributed.
func distributed(ctx context.Context, c *pgx.Conn) ([]string, error) {
	var there bool
	if err := c.QueryRow(ctx, `select to_regclass('pg_dist_partition') is not null`).Scan(&there); err != nil || !there {
		return nil, err
	}
	rows, err := c.Query(ctx, `select logicalrelid::text from pg_dist_partition where partmethod = 'h'`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
