package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Size is the size of the database on the disk, in bytes.
func (s *Store) Size(ctx context.Context) (bytes int64, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `select pg_database_size(current_database())`).Scan(&bytes)
	})
	return bytes, failed("size", err)
}

// EventsBefore counts the events that Prune would delete.
func (s *Store) EventsBefore(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `select count(*) from events where at < $1`, before.UnixMilli()).Scan(&n)
	})
	return n, failed("events before", err)
}

// ConversationBytes is the number of conversations and their size in bytes: whole pages,
// with indexes, without events. It counts every row, so it is too slow for each scrape.
func (s *Store) ConversationBytes(ctx context.Context) (bytes, conversations int64, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		shards, err := distributed(ctx, c)
		if err != nil {
			return err
		}
		size := `coalesce((select sum(pg_total_relation_size(relid))::bigint from pg_partition_tree('conversations')), pg_total_relation_size('conversations'))`
		if len(shards) > 0 {
			size = `citus_total_relation_size('conversations')`
		}
		return c.QueryRow(ctx, `select (select count(*) from conversations), `+size).Scan(&conversations, &bytes)
	})
	return bytes, conversations, failed("conversation bytes", err)
}

// DraftsInRedis counts the unfinished drafts that lie in Redis. It reads every row, so it
// is for diagnosis only.
func (s *Store) DraftsInRedis(ctx context.Context) (n int64, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `select count(*) from conversations where draft_at = 1 and conversation_state <> ''`).Scan(&n)
	})
	return n, failed("drafts in Redis", err)
}
