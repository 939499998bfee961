package sqlitestore

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Forget implements dialog.Store.
func (s *Store) Forget(ctx context.Context, key dialog.Key, at dialog.Stamp) error {
	var verdict error
	err := s.write(ctx, func(c *conn) error {
		n, err := c.exec(`delete from conversations where key = ? and version = ? and tag = ?`, key.String(), at.Version, at.Tag)
		if err != nil || n > 0 {
			return err
		}
		found, err := c.stamp(key)
		verdict = dialog.ErrConflict
		if found == nil {
			verdict = dialog.ErrNotFound
		}
		return err
	})
	if err == nil {
		err = verdict
	}
	return failed("forget "+key.Masked(), err)
}

// Lease implements dialog.Store.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error) {
	err = s.write(ctx, func(c *conn) error {
		now := s.now()
		if ttl <= 0 {
			held = true
			if err := c.run(`delete from leases where name = ? and (holder = ? or until <= ?)`, name, holder, now.UnixMilli()); err != nil {
				return err
			}
			return c.query(`select 1 from leases where name = ?`, []driver.Value{name}, func([]driver.Value) error {
				held = false // another's
				return nil
			})
		}
		n, err := c.exec(`insert into leases (name, holder, until) values (?, ?, ?)
			on conflict (name) do update set holder = excluded.holder, until = excluded.until where leases.holder = excluded.holder or leases.until <= ?`,
			name, holder, now.Add(ttl).UnixMilli(), now.UnixMilli())
		held = n > 0
		return err
	})
	return held && err == nil, failed("lease "+name, err)
}

// Secret implements dialog.Store.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) (secret []byte, err error) {
	err = s.write(ctx, func(c *conn) error {
		if err := c.run(`insert into secrets (name, value) values (?, ?) on conflict (name) do nothing`, name, fresh); err != nil {
			return err
		}
		return c.query(`select value from secrets where name = ?`, []driver.Value{name}, func(v []driver.Value) error {
			secret = blob(v[0])
			return nil
		})
	})
	if err != nil {
		return nil, failed("secret "+name, err)
	}
	return secret, nil
}

// Prune implements dialog.Store.
func (s *Store) Prune(ctx context.Context, before time.Time) (int, error) {
	var n int64
	err := s.write(ctx, func(c *conn) (err error) {
		n, err = c.exec(`delete from events where n in (select n from events where at < ? order by at limit 10000)`, before.UnixMilli())
		return err
	})
	if err != nil {
		return 0, failed("prune", err)
	}
	return int(n), nil
}
