package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

// Each kind of marks has a transaction of its own behind that of the turns: a writer that
// holds the rows of one statement while it waits for those of the next could deadlock
// with another. Marks do not wait for the disk, because the courier repeats a mark that
// a crash loses.
var (
	forMarks = &statement{"d_marks", `select set_config('synchronous_commit', 'off', true), ` + inOrder}

	updateShown = &statement{"d_shown", `with t as materialized (
			select * from unnest($1::text[], $2::bytea[], $3::bytea[], $4::bigint[]) with ordinality as t(key, had, shown, version, n))
		update conversations c set shown = t.shown from t
			where c.key = t.key and c.shown is not distinct from t.had and c.version >= t.version
		returning t.n, c.version`}

	updateDue = &statement{"d_due", `with t as materialized (
			select * from unnest($1::text[], $2::bigint[], $3::bigint[]) as t(key, version, due))
		update conversations c set due = t.due from t where c.key = t.key and c.version = t.version and c.due is distinct from t.due`}

	selectShown = &statement{"d_had", `select key, shown, version from conversations where key = any($1::text[])`}
)

// marks are the marks of one batch.
type marks struct {
	shown []dialog.ShownMark // sorted by key, as are the others
	order []int              // indices in the batch
	got   []dialog.Marked
	due   []dialog.DueMark
	sent  bool // and committed

	lockWait string
}

func newMarks(b *dialog.Batch, lockWait string) *marks {
	m := &marks{lockWait: lockWait, got: make([]dialog.Marked, len(b.Shown))}
	for i := range b.Shown {
		m.order = append(m.order, i)
	}
	slices.SortFunc(m.order, func(i, j int) int { return cmp.Compare(b.Shown[i].Key.String(), b.Shown[j].Key.String()) })
	for _, i := range m.order {
		m.shown = append(m.shown, b.Shown[i])
	}
	// Of several due marks for one version of a row the last one counts.
	m.due = slices.Clone(b.Due)
	slices.SortStableFunc(m.due, func(a, b dialog.DueMark) int {
		return cmp.Or(cmp.Compare(a.Key.String(), b.Key.String()), cmp.Compare(a.Version, b.Version))
	})
	last := m.due[:0]
	for i, d := range m.due {
		if i+1 == len(m.due) || m.due[i+1].Key != d.Key || m.due[i+1].Version != d.Version {
			last = append(last, d)
		}
	}
	m.due = last
	return m
}

func (m *marks) empty() bool { return len(m.shown)+len(m.due) == 0 }

// send queues the statements of the marks.
func (m *marks) send(run *script) {
	if n := len(m.shown); n > 0 {
		clear(m.got)
		run.send(begin, nil)
		run.send(forMarks, nil, []byte(m.lockWait))
		run.send(updateShown, func(row [][]byte) {
			m.got[int8Value(row[0])-1] = dialog.Marked{Applied: true, Version: int8Value(row[1])}
		}, textArray(n, func(i int) string { return m.shown[i].Key.String() }),
			byteaArray(n, func(i int) []byte { return m.shown[i].Had }),
			byteaArray(n, func(i int) []byte { return m.shown[i].New }),
			int8Array(n, func(i int) int64 { return m.shown[i].Least }))
		run.send(commit, nil)
	}
	if n := len(m.due); n > 0 {
		run.send(begin, nil)
		run.send(forMarks, nil, []byte(m.lockWait))
		run.send(updateDue, nil,
			textArray(n, func(i int) string { return m.due[i].Key.String() }),
			int8Array(n, func(i int) int64 { return m.due[i].Version }),
			int8NullArray(n, func(i int) int64 { return m.due[i].Due }))
		run.send(commit, nil)
	}
}

// finish sends the marks unless they were written behind their turns. It reads the rows
// whose marks were not applied.
func (m *marks) finish(ctx context.Context, c *pgx.Conn) error {
	if !m.sent && !m.empty() {
		run := newScript(ctx, c)
		m.send(run)
		if _, err := run.run(ctx); err != nil {
			return err
		}
		m.sent = true
	}
	open := map[string]*dialog.Marked{}
	var keys []string
	for i := range m.got {
		if !m.got[i].Applied {
			keys = append(keys, m.shown[i].Key.String())
			open[keys[len(keys)-1]] = &m.got[i]
		}
	}
	if len(keys) == 0 {
		return nil
	}
	run := newScript(ctx, c)
	run.send(selectShown, func(row [][]byte) {
		*open[string(row[0])] = dialog.Marked{Version: int8Value(row[2]), Shown: bytes.Clone(row[1])}
	}, textArray(len(keys), func(i int) string { return keys[i] }))
	_, err := run.run(ctx)
	return err
}

// fill fills the results into out, in the order of the batch.
func (m *marks) fill(out *dialog.Committed) {
	for i, n := range m.order {
		out.Marked[n] = m.got[i]
	}
}
