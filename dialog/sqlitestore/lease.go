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
	if ttl <= 0 {
		held, err = s.giveLease(ctx, name, holder)
		return held && err == nil, failed("lease "+name, err)
	}
	err = s.write(ctx, func(c *conn) error {
		now := s.now()
		n, err := c.exec(`insert into leases (name, holder, until) values (?, ?, ?)
			on conflict (name) do update set holder = excluded.holder, until = excluded.until
			where leases.holder = excluded.holder or leases.until <= ? or leases.until > ?`,
			name, holder, now.Add(min(ttl, dialog.LeaseMost)).UnixMilli(), now.UnixMilli(), leaseLast(now))
		held = n > 0
		return err
	})
	return held && err == nil, failed("lease "+name, err)
}

// leaseLast is when a lease can end at the latest, in unix milliseconds.
func leaseLast(now time.Time) int64 { return now.Add(dialog.LeaseMost + time.Second).UnixMilli() }

// giveLease writes only what is there to be given back.
func (s *Store) giveLease(ctx context.Context, name, holder string) (free bool, err error) {
	ours := false
	err = s.read(ctx, func(c *conn) error {
		now := s.now()
		free = true
		return c.query(`select holder = ?, until <= ? or until > ? from leases where name = ?`,
			[]driver.Value{holder, now.UnixMilli(), leaseLast(now), name}, func(v []driver.Value) error {
				ours = v[0] == int64(1)
				free = ours || v[1] == int64(1)
				return nil
			})
	})
	if err != nil || !ours {
		return free, err
	}
	return true, s.write(ctx, func(c *conn) error { return c.run(`delete from leases where name = ? and holder = ?`, name, holder) })
}

// Secret implements dialog.Store.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) (secret []byte, err error) {
	look := func(c *conn) error {
		found := false
		err := c.query(`select value from secrets where name = ?`, []driver.Value{name}, func(v []driver.Value) error {
			secret, found = blob(v[0]), true
			return nil
		})
		if err == nil && !found {
			err = dialog.ErrNotFound
		}
		return err
	}
	if fresh == nil {
		err = s.read(ctx, look)
	} else {
		err = s.write(ctx, func(c *conn) error {
			if err := c.run(`insert into secrets (name, value) values (?, ?) on conflict (name) do nothing`, name, fresh); err != nil {
				return err
			}
			return look(c)
		})
	}
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
