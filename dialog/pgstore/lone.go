package pgstore

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

// A turn that is alone, as those of a bot with few people are, is one statement that is a
// transaction of its own: the server plans and runs one instead of five. The parameters
// are those of a batch, arrays of one element.
var updateLone = &statement{"d_lone", `with u as (
			update conversations set batch = $1::bigint, ` + assignFirst(3, turnColumns, turnTypes) + `
			where key = ($2::text[])[1] and version = ` + first(21, "bigint") + ` and tag = ` + first(22, "bigint") + ` returning 1),
		e as (insert into events (` + eventColumns + `) select t.* from u, ` + unnest(23, eventTypes) + ` as t)
		select ` + nowMillis + `, count(*) from u`}

// isLone reports whether a batch is one changed row and its events. The connection must
// have the bounds of a transaction, which nothing else sets here. Citus takes no such
// statement.
func (s *Store) isLone(c *pgx.Conn, x *turns, p *parts) bool {
	return len(p.changes) == 1 && len(x.b.Writes) == 1 && len(p.starts) == 0 && len(x.b.Events) == 0 && x.marks.empty() &&
		!s.citus && c.PgConn().CustomData()[boundedKey] != nil
}

func (s *Store) tryLone(ctx context.Context, c *pgx.Conn, x *turns, events []dialog.Event) error {
	w := x.b.Writes[0]
	verdict := dialog.Unknown
	run := newScript(ctx, c)
	run.send(updateLone, func(row [][]byte) {
		x.out.Now = time.UnixMilli(int8Value(row[0])).UTC()
		if int8Value(row[1]) == 1 {
			verdict = dialog.Applied
		}
	}, slices.Concat(
		[][]byte{int8Param(rand.Int64())}, // #nosec G404 -- a number, no secret
		rowParams([]*dialog.Row{w.After}),
		[][]byte{int8Array(1, func(int) int64 { return w.Before.Version }), int8Array(1, func(int) int64 { return w.Before.Tag })},
		eventParams(events))...)
	if _, err := run.run(ctx); err != nil {
		return err
	}
	x.out.Verdicts[0], x.marks.sent, x.done = verdict, true, true
	return nil
}
