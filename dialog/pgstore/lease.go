package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

// Forget implements dialog.Store.
func (s *Store) Forget(ctx context.Context, key dialog.Key, at dialog.Stamp) error {
	err := s.call(ctx, false, func(ctx context.Context, c *pgx.Conn) error {
		done, err := c.Exec(ctx, `delete from conversations where key = $1 and version = $2 and tag = $3`, key.String(), at.Version, at.Tag)
		if err != nil || done.RowsAffected() > 0 {
			return err
		}
		var there bool
		err = c.QueryRow(ctx, `select exists (select from conversations where key = $1)`, key.String()).Scan(&there)
		switch {
		case err != nil:
			return err
		case there:
			return dialog.ErrConflict
		}
		return dialog.ErrNotFound
	})
	if err != nil {
		return failed("forget "+key.Masked(), err)
	}
	if s.notifier != nil {
		s.notifier.announce([]string{key.String()})
	}
	return nil
}

// The clock is read after the wait for the lease's row, so that an old time never judges
// the lease. A lease of another holder is only read, because a failed upsert would write
// and wait for the disk.
var (
	leaseFree = `(l.until <= ` + nowMillis + ` or l.until > ` + nowMillis + ` + ` + fmt.Sprint((dialog.LeaseMost + time.Second).Milliseconds()) + `)`
	takeLease = `insert into leases as l (name, holder, until) select $1::text, $2::text, ` + nowMillis + ` + $3::bigint
		where not exists (select from leases l where l.name = $1::text and l.holder <> $2::text and not ` + leaseFree + `)
		on conflict (name) do update set holder = excluded.holder, until = ` + nowMillis + ` + $3::bigint
		where l.holder = excluded.holder or ` + leaseFree
	endLease    = `delete from leases where name = $1 and holder = $2`
	findHolders = `select l.name, l.holder from leases l where starts_with(l.name, $1) and not ` + leaseFree
)

// Lease implements dialog.Store.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error) {
	sql, args := endLease, []any{name, holder}
	if ttl > 0 {
		sql, args = takeLease, append(args, max(1, min(ttl, dialog.LeaseMost).Milliseconds()))
	}
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		done, err := c.Exec(ctx, sql, args...)
		held = done.RowsAffected() > 0
		return err
	})
	return held && err == nil, failed("lease "+name, err)
}

// Holders implements dialog.Store.
func (s *Store) Holders(ctx context.Context, prefix string) (held map[string]string, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		held = map[string]string{}
		rows, err := c.Query(ctx, findHolders, prefix)
		if err != nil {
			return err
		}
		var name, holder string
		_, err = pgx.ForEachRow(rows, []any{&name, &holder}, func() error {
			held[name] = holder
			return nil
		})
		return err
	})
	if err != nil {
		return nil, failed("holders of "+prefix, err)
	}
	return held, nil
}

// Secret implements dialog.Store.
func (s *Store) Secret(ctx context.Context, name string, initial []byte) (secret []byte, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) (err error) {
		secret, err = secretOn(ctx, c, name, initial)
		return err
	})
	if err != nil {
		return nil, failed("secret "+name, err)
	}
	return secret, nil
}

// secretOn is Secret on one connection.
func secretOn(ctx context.Context, c *pgx.Conn, name string, initial []byte) (secret []byte, err error) {
	read := func() error { return c.QueryRow(ctx, `select value from secrets where name = $1`, name).Scan(&secret) }
	err = read() // reading first works on a read-only server, too
	if !errors.Is(err, pgx.ErrNoRows) {
		return secret, err
	}
	if initial == nil {
		return nil, dialog.ErrNotFound
	}
	if _, err := c.Exec(ctx, `insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing`, name, initial); err != nil {
		return nil, err
	}
	err = read()
	return secret, err
}
