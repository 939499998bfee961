package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

var _ dialog.EventLog = (*Store)(nil)

// Events implements dialog.EventLog.
func (s *Store) Events(ctx context.Context, q dialog.EventQuery) (page []dialog.Event, err error) {
	from, until := q.Bounds()
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		page = nil
		where := func(until int64) (f filter) {
			f.and(`at >= %s`, from)
			f.and(`at < %s`, until)
			if q.Key != (dialog.Key{}) {
				f.and(`key = %s`, q.Key.String())
			}
			if q.Kind != "" {
				f.and(`kind = %s`, string(q.Kind))
			}
			if q.Draft != "" {
				f.and(`draft_id = %s`, q.Draft)
			}
			return f
		}
		last, end := where(until), until
		sql := `select at from events where ` + last.take() + ` order by at limit 1 offset ` + last.arg(int64(q.Most()-1))
		switch err := c.QueryRow(ctx, sql, last.args...).Scan(&end); {
		case err == nil:
			end++ // with all events of this millisecond
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		all := where(end)
		rows, err := c.Query(ctx, `select `+eventColumns+` from events where `+all.take()+` order by at`, all.args...)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, scanEvent)
		return err
	})
	if err != nil || len(page) == 0 {
		return nil, failed("events", err)
	}
	return page, nil
}

// scanEvent reads eventColumns.
func scanEvent(r pgx.CollectableRow) (e dialog.Event, err error) {
	var at int64
	var took *int64
	var kind string
	var draft, step, mode, variant, instance, cause, source *string
	err = r.Scan(&at, &kind, &e.Key, &draft, &step, &mode, &variant, &instance, &cause, &source, &took)
	e.At, e.Kind = time.UnixMilli(at).UTC(), dialog.EventKind(kind)
	for into, value := range map[*string]*string{&e.Draft: draft, &e.Step: step, &e.Mode: mode, &e.Variant: variant, &e.Instance: instance, &e.Cause: cause, &e.Source: source} {
		if value != nil {
			*into = *value
		}
	}
	if took != nil {
		e.Took = time.Duration(*took) * time.Microsecond
	}
	return e, err
}

// ForgetEvents implements dialog.EventLog. No index has the keys of events, so the caller
// alone bounds its time.
func (s *Store) ForgetEvents(ctx context.Context, key dialog.Key) (n int, err error) {
	forget := func(ctx context.Context, c *pgx.Conn) error {
		done, err := c.Exec(ctx, `delete from events where key = $1`, key.String())
		n += int(done.RowsAffected())
		return err
	}
	if err = s.try(ctx, forget); meaningOf(err)&(again|stale) != 0 {
		err = s.try(ctx, forget)
	}
	return n, failed("forget events", err)
}
