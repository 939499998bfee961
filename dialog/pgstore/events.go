package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const pruneMax = 10_000 // events a call

// Prune implements dialog.Store. In partitioned events it drops each month that is older
// as a whole, with any number of events. It also makes the partitions of the months to
// come: call it at least once a month.
func (s *Store) Prune(ctx context.Context, before time.Time) (int, error) {
	var n int64
	err := s.call(ctx, false, func(ctx context.Context, c *pgx.Conn) (err error) {
		if _, err = c.Exec(ctx, `delete from leases where until < $1`, before.UnixMilli()); err != nil {
			return err
		}
		if s.monthly {
			if n, err = s.dropMonths(ctx, c, before); err != nil || n > 0 {
				return err
			}
		}
		// Delete up to the time of the first event beyond pruneMax: this needs no id and
		// no lock of the table.
		until := before.UnixMilli()
		err = c.QueryRow(ctx, `select at from events where at < $1 order by at offset $2 limit 1`, until, pruneMax).Scan(&until)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		done, err := c.Exec(ctx, `delete from events where at < $1`, until)
		if n = done.RowsAffected(); err == nil && n == 0 && until != before.UnixMilli() {
			// One millisecond has more than pruneMax.
			done, err = c.Exec(ctx, `delete from events where at = $1`, until)
			n = done.RowsAffected()
		}
		return err
	})
	if err == nil {
		err = s.makeMonths(ctx, time.Now())
	}
	if err != nil {
		return 0, failed("prune", err)
	}
	return int(n), nil
}

// A month's partition is named events_2026_05.
const (
	monthName   = "events_2006_01"
	monthsAhead = 2
)

// monthTimeout bounds each wait for a lock of a partition. A long read of events, such as
// pg_dump, holds that lock, and every turn would wait behind this request.
const monthTimeout = "20ms"

// makeMonths makes the partitions of this month and the next ones.
func (s *Store) makeMonths(ctx context.Context, now time.Time) error {
	if !s.monthly {
		return nil
	}
	return s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		first := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
		for n := range 1 + monthsAhead {
			from := first.AddDate(0, n, 0)
			var there bool
			if err := c.QueryRow(ctx, `select to_regclass($1) is not null`, from.Format(monthName)).Scan(&there); err != nil {
				return err
			}
			if there {
				continue
			}
			// The lock of the migrations lets one of several instances make it.
			_, err := c.PgConn().Exec(ctx, fmt.Sprintf(`begin isolation level read committed; set local lock_timeout = '%s'; select pg_advisory_xact_lock(%d);
				set local lock_timeout = '%s'; create table if not exists %s partition of events for values from (%d) to (%d); commit`,
				lockTimeout, int64(migrationLock), monthTimeout, from.Format(monthName), from.UnixMilli(), from.AddDate(0, 1, 0).UnixMilli())).ReadAll()
			if err != nil {
				if c.PgConn().TxStatus() != 'I' {
					_, _ = c.PgConn().Exec(ctx, "rollback").ReadAll()
				}
				switch code(err) {
				case "23514", "55P03", "25006", "42501":
					// The default partition has events of this month, the table is busy,
					// the server is read-only, or this user may not make tables: the
					// default partition takes the events.
				default:
					return err
				}
			}
		}
		return nil
	})
}

// dropMonths drops the partitions in which every event is older than before. It returns
// how many events they had, counting at most a million of each. For a user who may not
// drop them, Prune deletes their events as usual.
func (s *Store) dropMonths(ctx context.Context, c *pgx.Conn, before time.Time) (n int64, err error) {
	rows, err := c.Query(ctx, `select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
		where i.inhparent = to_regclass('events') and c.relname ~ '^events_[0-9]{4}_[0-9]{2}$' and pg_has_role(c.relowner, 'usage') order by 1`)
	if err != nil {
		return 0, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		month, err := time.Parse(monthName, name)
		if err != nil || month.AddDate(0, 1, 0).After(before) {
			continue
		}
		var had int64
		if err = c.QueryRow(ctx, `select count(*) from (select from `+name+` limit 1000000) as e`).Scan(&had); err == nil {
			_, err = c.PgConn().Exec(ctx, fmt.Sprintf(`begin isolation level read committed; set local lock_timeout = '%s'; drop table if exists %s; commit`,
				monthTimeout, name)).ReadAll()
		}
		if c.PgConn().TxStatus() != 'I' {
			_, _ = c.PgConn().Exec(ctx, "rollback").ReadAll()
		}
		switch {
		case err == nil:
			n += had
		case code(err) != "42P01": // missing: another instance has dropped it
			return n, fmt.Errorf("drop %s: %w", name, err)
		}
	}
	return n, nil
}
