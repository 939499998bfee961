package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

// turns is one Commit at work.
type turns struct {
	b     *dialog.Batch
	out   dialog.Committed
	taken []bool // by write: the key of a start is taken
	marks *marks
	done  bool // the turns are committed
}

// Commit implements dialog.Store. When ctx ends after the batch was sent, Commit waits up
// to a second longer for the outcome.
func (s *Store) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	x := &turns{b: b, marks: newMarks(b, s.lockWait)}
	x.out.Verdicts = make([]dialog.Verdict, len(b.Writes))
	x.out.Marked = make([]dialog.Marked, len(b.Shown))
	x.taken = claims(b.Writes)
	err := s.call(ctx, false, func(ctx context.Context, c *pgx.Conn) error {
		ctx, cancel := s.linger(ctx)
		defer cancel()
		var locked error // a row of the marks
		if !x.done {     // once the turns are committed, only the marks are tried again
			err := s.writeTurns(ctx, c, x)
			if err != nil && (!x.done || !errors.Is(err, errLocked)) {
				return err
			}
			locked = err
		}
		if err := cmp.Or(s.judge(ctx, c, x), locked); err != nil {
			return err
		}
		return isLocked(x.marks.finish(ctx, c))
	})
	switch {
	case err == nil:
		x.marks.fill(&x.out)
	case x.done && x.judged() && len(b.Writes) > 0:
		x.out.MarksErr = failed("commit marks", err)
	default:
		return dialog.Committed{}, failed("commit", err)
	}
	if s.notifier != nil {
		s.notifier.wrote(b.Writes, x.out.Verdicts)
	}
	return x.out, nil
}

func (x *turns) judged() bool { return !slices.Contains(x.out.Verdicts, dialog.Unknown) }

// claims says which writes start a key that another row of the batch has.
func claims(writes []*dialog.Write) []bool {
	taken := make([]bool, len(writes))
	if !slices.ContainsFunc(writes, func(w *dialog.Write) bool { return len(w.Starts) > 0 }) {
		return taken
	}
	claimed := make(map[dialog.Key]bool, len(writes))
	for _, w := range writes {
		claimed[w.After.Key] = true
	}
	for i, w := range writes {
		own := map[dialog.Key]bool{}
		for _, r := range w.Starts {
			taken[i] = taken[i] || claimed[r.Key] || own[r.Key]
			own[r.Key] = true
		}
		for k := range own {
			claimed[k] = claimed[k] || !taken[i]
		}
	}
	return taken
}

// writeTurns runs the transaction of the turns, and the marks behind it. Ids of starts are
// random, so a taken one is rare: then the transaction is rolled back, and done again
// without the turns that start a taken key.
func (s *Store) writeTurns(ctx context.Context, c *pgx.Conn, x *turns) error {
	for tries := 1; ; tries++ {
		check, err := s.tryTurns(ctx, c, x)
		if code(err) != startTaken || !check || tries == 5 {
			return isLocked(err)
		}
		if err := s.findTaken(ctx, c, x); err != nil {
			return err
		}
	}
}

// isLocked is err as errLocked, if it came from a locked row.
func isLocked(err error) error {
	if code(err) == lockedRow {
		return fmt.Errorf("%w: %w", errLocked, err)
	}
	return err
}

// tryTurns is the round trip. check: the check of the starts failed.
func (s *Store) tryTurns(ctx context.Context, c *pgx.Conn, x *turns) (check bool, err error) {
	batch := int8Param(rand.Int64()) // #nosec G404 -- a number, no secret
	p := x.split()
	if s.isLone(c, x, &p) {
		return false, s.tryLone(ctx, c, x, p.events)
	}
	run := newScript(ctx, c)
	many := len(p.changes)+len(p.creates) > 1
	whole := p.any || !x.marks.empty() // false: only the clock is read
	if whole {
		run.send(begin, nil)
	}
	switch {
	case many:
		run.send(forTurns, nil, []byte(s.lockWait))
	case whole && c.PgConn().CustomData()[boundedKey] == nil:
		run.send(bounded, nil, []byte(s.lockWait))
	}
	checked, committed := -1, -1
	if len(p.changes) > 0 {
		before := func(i int) dialog.Stamp { return x.b.Writes[p.changes[i]].Before }
		rows := x.rows(p.changes)
		run.send(updateRows, func(row [][]byte) {
			x.out.Verdicts[p.changes[int8Value(row[0])-1]] = dialog.Applied
		}, slices.Concat([][]byte{batch}, rowParams(rows), [][]byte{
			int8Array(len(rows), func(i int) int64 { return before(i).Version }),
			int8Array(len(rows), func(i int) int64 { return before(i).Tag })})...)
	}
	if len(p.creates) > 0 {
		rows := x.rows(p.creates)
		byKey := make(map[string]int, len(rows))
		for i, r := range rows {
			byKey[r.Key.String()] = p.creates[i]
		}
		run.send(insertRows, func(row [][]byte) {
			x.out.Verdicts[byKey[string(row[0])]] = dialog.Applied
		}, slices.Concat([][]byte{batch}, rowParams(rows), [][]byte{shownParam(rows)})...)
	}
	if len(p.starts) > 0 {
		params := rowParams(p.starts)
		of := textArray(len(p.startOf), func(i int) string { return p.startOf[i] })
		run.send(insertStarts, nil, slices.Concat([][]byte{batch}, params, [][]byte{shownParam(p.starts), of})...)
		checked = run.send(checkStarts, nil, batch, of, params[0])
	}
	if len(p.events) > 0 {
		of := textArray(len(p.eventOf), func(i int) string { return p.eventOf[i] })
		run.send(insertTurnEvents, nil, slices.Concat([][]byte{batch, of}, eventParams(p.events))...)
	}
	if len(x.b.Events) > 0 {
		run.send(insertEvents, nil, eventParams(x.b.Events)...)
	}
	run.send(clock, func(row [][]byte) { x.out.Now = time.UnixMilli(int8Value(row[0])).UTC() })
	if whole {
		committed = run.send(commit, nil)
	}
	x.marks.send(run)
	at, err := run.run(ctx)
	x.marks.sent = err == nil
	x.done = err == nil || whole && at > committed
	if whole && x.done && run.sent[committed].tag != "COMMIT" {
		x.done, err = false, errors.New("the server answered commit with "+run.sent[committed].tag)
	}
	if !x.done {
		clear(x.out.Verdicts)
	}
	return at == checked, err
}

// parts are the statements that a batch becomes.
type parts struct {
	changes, creates []int // indices of writes
	starts           []*dialog.Row
	startOf          []string // key of the turn, by start
	events           []dialog.Event
	eventOf          []string // key of the turn, by event
	any              bool     // something is to be written
}

func (x *turns) split() (p parts) {
	for i, w := range x.b.Writes {
		if x.taken[i] {
			continue
		}
		key := w.After.Key.String()
		if w.Before == (dialog.Stamp{}) {
			p.creates = append(p.creates, i)
		} else {
			p.changes = append(p.changes, i)
		}
		for _, r := range w.Starts {
			p.starts = append(p.starts, r)
			p.startOf = append(p.startOf, key)
		}
		for range w.Events {
			p.eventOf = append(p.eventOf, key)
		}
		p.events = append(p.events, w.Events...)
	}
	p.any = len(p.changes)+len(p.creates)+len(x.b.Events) > 0
	return p
}

func (x *turns) rows(writes []int) []*dialog.Row {
	rows := make([]*dialog.Row, len(writes))
	for i, n := range writes {
		rows[i] = x.b.Writes[n].After
	}
	return rows
}

// findTaken finds the turns that start a key which exists.
func (s *Store) findTaken(ctx context.Context, c *pgx.Conn, x *turns) error {
	p := x.split()
	there := map[string]bool{}
	run := newScript(ctx, c)
	run.send(selectKeys, func(row [][]byte) { there[string(row[0])] = true },
		textArray(len(p.starts), func(i int) string { return p.starts[i].Key.String() }))
	if _, err := run.run(ctx); err != nil {
		return err
	}
	for i, w := range x.b.Writes {
		x.taken[i] = x.taken[i] || slices.ContainsFunc(w.Starts, func(r *dialog.Row) bool { return there[r.Key.String()] })
	}
	return nil
}

// judge reads the rows of the turns that lost, and gives their verdicts.
func (s *Store) judge(ctx context.Context, c *pgx.Conn, x *turns) error {
	if x.judged() {
		return nil
	}
	var keys []string
	for i, v := range x.out.Verdicts {
		if v == dialog.Unknown {
			keys = append(keys, x.b.Writes[i].After.Key.String())
		}
	}
	found := map[string]*dialog.Row{}
	run := newScript(ctx, c)
	run.send(selectStamps, func(row [][]byte) {
		found[string(row[0])] = &dialog.Row{Head: dialog.Head{Version: int8Value(row[1]), Tag: int8Value(row[2])}, Seen: bytes.Clone(row[3])}
	}, textArray(len(keys), func(i int) string { return keys[i] }))
	if _, err := run.run(ctx); err != nil {
		return err
	}
	for i, w := range x.b.Writes {
		if x.out.Verdicts[i] != dialog.Unknown {
			continue
		}
		row := found[w.After.Key.String()]
		stamp := dialog.Stamp{}
		if row != nil {
			stamp = row.Stamp()
		}
		if x.taken[i] && stamp == w.Before {
			x.out.Verdicts[i] = dialog.Taken
		} else {
			x.out.Verdicts[i] = dialog.Judge(w, row)
		}
	}
	return nil
}
