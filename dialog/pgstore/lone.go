package pgstore

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

// A turn that is alone, as those of a bot with few people are, is one statement that is a
// transaction of its own: the server plans and runs one instead of nine. It carries the
// mark of what the conversation showed before the turn, which waited for it. The parameters
// are those of a batch, arrays of one element.
var updateLone = &statement{"d_lone", `with u as (
			update conversations set batch = $1::bigint, ` + assignFirst(3, turnColumns, turnTypes) + `,
				shown = case when $23::boolean and shown is not distinct from $24::bytea then $25::bytea else shown end
			where key = ($2::text[])[1] and version = ` + first(21, "bigint") + ` and tag = ` + first(22, "bigint") + ` returning shown),
		e as (insert into events (` + eventColumns + `) select t.* from u, ` + unnest(26, eventTypes) + ` as t)
		select ` + nowMillis + `, (select count(*) from u), (select shown from u)`}

// isLone reports whether a batch is one changed row, its events and its mark. The
// connection must have the bounds of a transaction, which nothing else sets here. Citus
// takes no such statement.
func (s *Store) isLone(c *pgx.Conn, x *turns, p *parts) bool {
	return len(p.changes) == 1 && len(x.b.Writes) == 1 && len(p.starts) == 0 && len(x.b.Events) == 0 &&
		x.marks.within(x.b.Writes[0]) && !s.citus && c.PgConn().CustomData()[boundedKey] != nil
}

// within reports whether the marks are at most one, of the row that w changes.
func (m *marks) within(w *dialog.Write) bool {
	if len(m.due) > 0 || len(m.shown) > 1 {
		return false
	}
	return len(m.shown) == 0 || m.shown[0].Key == w.After.Key && m.shown[0].Least <= w.After.Version
}

func (s *Store) tryLone(ctx context.Context, c *pgx.Conn, x *turns, events []dialog.Event) error {
	w := x.b.Writes[0]
	var mark dialog.ShownMark
	marked := len(x.marks.shown) == 1
	if marked {
		mark = x.marks.shown[0]
	}
	verdict := dialog.Unknown
	run := newScript(ctx, c)
	run.send(updateLone, func(row [][]byte) {
		x.out.Now = time.UnixMilli(int8Value(row[0])).UTC()
		if int8Value(row[1]) == 0 {
			return // the mark comes alone
		}
		verdict, x.marks.sent = dialog.Applied, true
		if marked {
			x.marks.got[0] = dialog.Marked{Version: w.After.Version, Applied: bytes.Equal(row[2], mark.New)}
			if !x.marks.got[0].Applied {
				x.marks.got[0].Shown = bytes.Clone(row[2])
			}
		}
	}, slices.Concat(
		[][]byte{int8Param(rand.Int64())}, // #nosec G404 -- a number, no secret
		rowParams([]*dialog.Row{w.After}),
		[][]byte{int8Array(1, func(int) int64 { return w.Before.Version }), int8Array(1, func(int) int64 { return w.Before.Tag })},
		[][]byte{boolParam(marked), byteaParam(mark.Had), byteaParam(mark.New)},
		eventParams(events))...)
	if _, err := run.run(ctx); err != nil {
		return err
	}
	x.out.Verdicts[0], x.done = verdict, true
	return nil
}
