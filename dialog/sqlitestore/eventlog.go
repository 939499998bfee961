package sqlitestore

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

var _ dialog.EventLog = (*Store)(nil)

const eventColumns = `at, kind, key, draft_id, step, mode, variant, instance, cause, source, took_us`

// Events implements dialog.EventLog.
func (s *Store) Events(ctx context.Context, q dialog.EventQuery) (page []dialog.Event, err error) {
	from, until := q.Bounds()
	where, values := `at >= ? and at < ?`, []driver.Value{from, until}
	if q.Key != (dialog.Key{}) {
		where, values = where+` and key = ?`, append(values, q.Key.String())
	}
	if q.Kind != "" {
		where, values = where+` and kind = ?`, append(values, string(q.Kind))
	}
	if q.Draft != "" {
		where, values = where+` and draft_id = ?`, append(values, q.Draft)
	}
	err = s.read(ctx, func(c *conn) error {
		last := `select at from events where ` + where + ` order by at limit 1 offset ?`
		err := c.query(last, append(values[:len(values):len(values)], int64(q.Most()-1)), func(v []driver.Value) error {
			values[1] = integer(v[0]) + 1
			return nil
		})
		if err != nil {
			return err
		}
		return c.query(`select `+eventColumns+` from events where `+where+` order by at, n`, values, func(v []driver.Value) error {
			page = append(page, event(v))
			return ctx.Err()
		})
	})
	if err != nil {
		return nil, failed("events", err)
	}
	return page, nil
}

// event reads the columns of eventColumns.
func event(v []driver.Value) dialog.Event {
	text := func(i int) string { return string(blob(v[i])) }
	return dialog.Event{
		At: time.UnixMilli(integer(v[0])).UTC(), Kind: dialog.EventKind(text(1)), Key: text(2), Draft: text(3), Step: text(4), Mode: text(5),
		Variant: text(6), Instance: text(7), Cause: text(8), Source: text(9), Took: time.Duration(integer(v[10])) * time.Microsecond,
	}
}

// integer is 0 for a value of another type, which somebody wrote by hand.
func integer(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}

const forgetAtOnce = 1000 // events in one transaction

// ForgetEvents implements dialog.EventLog. It looks for the events before it writes,
// because writers would wait for the search.
func (s *Store) ForgetEvents(ctx context.Context, key dialog.Key) (n int, err error) {
	for {
		var found []int64
		err = s.read(ctx, func(c *conn) error {
			return c.query(`select n from events where key = ? limit ?`, []driver.Value{key.String(), int64(forgetAtOnce)}, func(v []driver.Value) error {
				found = append(found, integer(v[0]))
				return nil
			})
		})
		if err != nil || len(found) == 0 {
			return n, failed("forget events", err)
		}
		err = s.write(ctx, func(c *conn) error {
			for _, number := range found {
				if err := c.run(`delete from events where n = ? and key = ?`, number, key.String()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, failed("forget events", err)
		}
		if n += len(found); len(found) < forgetAtOnce {
			return n, nil
		}
	}
}
