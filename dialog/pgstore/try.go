package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

const oldestServer = 140000

// errTried rolls back a transaction that succeeded.
var errTried = errors.New("tried")

// Try runs the statements of Open and of a store's calls in the database at url, in one
// transaction that is rolled back. After nil a store can be opened and used. Try also runs
// the migrations that are missing; they wait at most 3 s for a lock.
func Try(ctx context.Context, url string, opts ...Option) error {
	s, err := prepare(ctx, url, opts)
	if err != nil {
		return err
	}
	defer s.Close()
	s.opened = true
	return failed("try", s.call(ctx, false, s.tryOn))
}

func (s *Store) tryOn(ctx context.Context, c *pgx.Conn) error {
	err := pgx.BeginTxFunc(ctx, c, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(pgx.Tx) error {
		var version int
		if err := c.QueryRow(ctx, `select current_setting('server_version_num')::int`).Scan(&version); err != nil {
			return err
		}
		if version < oldestServer {
			return setupError(fmt.Sprintf("the server is PostgreSQL %d: upgrade to 14 or newer", version/10000))
		}
		list, err := s.status(ctx, c)
		if err != nil {
			return err
		}
		missing, err := dialog.NeedsMigration(list)
		if err == nil && missing {
			err = s.migrateIn(ctx, c)
		}
		if err == nil {
			_, err = c.PgConn().Exec(ctx, everyUse).ReadAll()
		}
		if err == nil {
			err = errTried
		}
		return err
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return err
}

// everyUse has each kind of statement on each table, with a row of its own.
const everyUse = `
	insert into conversations (key, owner, conversation_state, draft_id, version, tag, batch, draft_tag, revision, schema, format, draft_at)
		values ('try:try:try', '', '', '', 1, 1, 1, 1, 1, 1, 1, 0) on conflict (key) do nothing;
	update conversations set version = version where key = 'try:try:try';
	delete from conversations where key = 'try:try:try' returning key;
	insert into events (key, at, kind) values ('', floor(extract(epoch from clock_timestamp()) * 1000)::bigint, 'up');
	delete from events where at < 0;
	select from events where at < 0;
	insert into leases (name, holder, until) values ('try', 'try', 0) on conflict (name) do update set until = excluded.until;
	delete from leases where name = 'try' returning name;
	insert into secrets (name, value) values ('try', '') on conflict (name) do nothing;
	select from secrets where name = 'try'`
