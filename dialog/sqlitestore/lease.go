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
		sql, args := giveLease, []driver.Value{name, holder}
		if ttl > 0 {
			sql, args = takeLease, append(args, now.Add(min(ttl, dialog.LeaseMost)).UnixMilli(), now.UnixMilli(), leaseLast(now))
		}
		n, err := c.exec(sql, args...)
		held = n > 0
		return err
	})
	return held && err == nil, failed("lease "+name, err)
}

const (
	takeLease = `insert into leases (name, holder, until) values (?, ?, ?)
		on conflict (name) do update set holder = excluded.holder, until = excluded.until
		where leases.holder = excluded.holder or leases.until <= ? or leases.until > ?`
	giveLease = `delete from leases where name = ? and holder = ?`
)

// leaseLast returns the latest possible end of a lease, in unix milliseconds.
func leaseLast(now time.Time) int64 { return now.Add(dialog.LeaseMost + time.Second).UnixMilli() }

// Holders implements dialog.Store.
func (s *Store) Holders(ctx context.Context, prefix string) (map[string]string, error) {
	held := map[string]string{}
	err := s.read(ctx, func(c *conn) error {
		now := s.now()
		return c.query(`select name, holder from leases where instr(name, ?) = 1 and until > ? and until <= ?`,
			[]driver.Value{prefix, now.UnixMilli(), leaseLast(now)}, func(v []driver.Value) error {
				held[string(blob(v[0]))] = string(blob(v[1]))
				return nil
			})
	})
	if err != nil {
		return nil, failed("holders of "+prefix, err)
	}
	return held, nil
}

// Secret implements dialog.Store.
func (s *Store) Secret(ctx context.Context, name string, initial []byte) (secret []byte, err error) {
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
	if initial == nil {
		err = s.read(ctx, look)
	} else {
		err = s.write(ctx, func(c *conn) error {
			if err := c.run(`insert into secrets (name, value) values (?, ?) on conflict (name) do nothing`, name, initial); err != nil {
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
		if err != nil {
			return err
		}
		return c.run(`delete from leases where until < ?`, before.UnixMilli())
	})
	if err != nil {
		return 0, failed("prune", err)
	}
	return int(n), nil
}
