package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

const oldestServer = 140000

// errTried ends a transaction in which everything went well.
var errTried = errors.New("tried")

// Try does in the database at url what Open and the calls of a store do there,
// in one transaction that is rolled back: whoever is told nil can open a store
// and use it. Migrations that are due are tried too, and wait at most 3 s for a
// lock.
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
			return refusal(fmt.Sprintf("the server is PostgreSQL %d: 14 or newer is wanted", version/10000))
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

// everyUse is each kind of statement on each table, with a row that nobody has.
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
