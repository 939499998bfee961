package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

// Marks go in transactions of their own behind that of the turns, one for each
// kind: a writer that holds the rows of one statement while it waits for those
// of the next could deadlock with another. They do not wait for the disk: a
// mark that is lost in a crash is found missing and made again.
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

// marks are those of one batch. What a row shows is merged here, over what is
// remembered of it or read, and written if it is still that.
type marks struct {
	cache *shownCache
	b     *dialog.Batch
	list  []*shownRow // sorted by key
	due   []dialog.DueMark
}

// shownRow is what one row shows.
type shownRow struct {
	key      string
	marks    []int // numbers of Batch.Shown
	had      []byte
	known    bool // had is likely to be right
	shown    []byte
	replaced []string // one for each of marks
	version  int64    // of the row; 0: there is none, or it is not read yet
	least    int64    // the version that the row must have for this merge to be right
	settled  bool
}

func newMarks(s *Store, b *dialog.Batch) *marks {
	m := &marks{cache: &s.shown, b: b}
	byKey := map[string]*shownRow{}
	for i, mark := range b.Shown {
		key := mark.Key.String()
		r := byKey[key]
		if r == nil {
			r = &shownRow{key: key}
			byKey[key] = r
			m.list = append(m.list, r)
		}
		r.marks = append(r.marks, i)
	}
	slices.SortFunc(m.list, func(a, b *shownRow) int { return cmp.Compare(a.key, b.key) })
	for _, r := range m.list {
		r.had, r.known = s.shown.get(r.key)
	}
	if len(b.Shown) > 0 {
		guess := func(row *dialog.Row) {
			if r := byKey[row.Key.String()]; r != nil {
				r.had, r.known = row.Shown, true
			}
		}
		for _, w := range b.Writes {
			if w.Before == (dialog.Stamp{}) {
				guess(w.After)
			}
			for _, start := range w.Starts {
				guess(start)
			}
		}
	}
	// The last one for a version of a row counts.
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

func (m *marks) empty() bool { return len(m.list) == 0 && len(m.due) == 0 }

// merge puts the marks of r over what it had. Before its version is read, the row
// is taken to have every version that they name, which the update checks.
func (m *marks) merge(r *shownRow) {
	r.shown, r.replaced, r.least = r.had, nil, 0
	version := r.version
	if version == 0 {
		version = dialog.Foreign - 1
	}
	for _, i := range r.marks {
		merged, replaced, least := dialog.MergeShown(r.shown, m.b.Shown[i].Shown, version)
		if merged != nil {
			r.shown = merged
		}
		r.replaced, r.least = append(r.replaced, replaced), max(r.least, least)
	}
}

// send queues what can be done at once.
func (m *marks) send(run *script) {
	var change, same []*shownRow
	for _, r := range m.list {
		r.settled = false
		if !r.known {
			continue
		}
		if m.merge(r); bytes.Equal(r.shown, r.had) {
			same = append(same, r)
		} else {
			change = append(change, r)
		}
	}
	if len(change)+len(same)+len(m.due) == 0 {
		return
	}
	apart := func(write func()) {
		run.send(begin, nil)
		run.send(forMarks, nil)
		write()
		run.send(commit, nil)
	}
	if len(change) > 0 {
		apart(func() { m.write(run, change) })
	}
	if n := len(m.due); n > 0 {
		apart(func() {
			run.send(updateDue, nil,
				textArray(n, func(i int) string { return m.due[i].Key.String() }),
				int8Array(n, func(i int) int64 { return m.due[i].Version }),
				int8NullArray(n, func(i int) int64 { return m.due[i].Due }))
		})
	}
	if len(same) > 0 { // last: a begin behind it would find itself in a transaction that has begun
		m.read(run, same, func(r *shownRow, shown []byte) { r.settled = bytes.Equal(shown, r.had) && r.version >= r.least })
	}
}

func (m *marks) read(run *script, rows []*shownRow, each func(r *shownRow, shown []byte)) {
	byKey := make(map[string]*shownRow, len(rows))
	for _, r := range rows {
		byKey[r.key] = r
	}
	run.send(selectShown, func(row [][]byte) {
		r := byKey[string(row[0])]
		r.version = int8Value(row[2])
		each(r, row[1])
	}, textArray(len(rows), func(i int) string { return rows[i].key }))
}

func (m *marks) write(run *script, rows []*shownRow) {
	run.send(updateShown, func(row [][]byte) {
		r := rows[int8Value(row[0])-1]
		r.version, r.settled = int8Value(row[1]), true
		m.cache.put(r.key, r.shown)
	}, textArray(len(rows), func(i int) string { return rows[i].key }),
		byteaArray(len(rows), func(i int) []byte { return rows[i].had }),
		byteaArray(len(rows), func(i int) []byte { return rows[i].shown }),
		int8Array(len(rows), func(i int) int64 { return rows[i].least }))
}

// settle reads what send did not know, or was mistaken about, and tries again.
func (m *marks) settle(ctx context.Context, c *pgx.Conn) error {
	for range 5 { // then another writer is too quick for us, and has the newer message
		var open, change []*shownRow
		for _, r := range m.list {
			if !r.settled {
				r.known, r.version = false, 0
				open = append(open, r)
			}
		}
		if len(open) == 0 {
			return nil
		}
		run := newScript(ctx, c)
		m.read(run, open, func(r *shownRow, shown []byte) { r.had, r.known = bytes.Clone(shown), true })
		if _, err := run.run(ctx); err != nil {
			return err
		}
		for _, r := range open {
			if !r.known { // there is no such row
				m.cache.drop(r.key)
				r.replaced, r.settled = nil, true
				continue
			}
			m.cache.put(r.key, r.had)
			if m.merge(r); bytes.Equal(r.shown, r.had) {
				r.settled = true
			} else {
				change = append(change, r)
			}
		}
		if len(change) == 0 {
			return nil
		}
		run = newScript(ctx, c)
		run.send(begin, nil)
		run.send(forMarks, nil)
		m.write(run, change)
		run.send(commit, nil)
		if _, err := run.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tell fills in what became of the marks.
func (m *marks) tell(out *dialog.Committed) {
	for _, r := range m.list {
		for i, n := range r.marks {
			out.Versions[n] = r.version
			if r.settled && r.version != 0 {
				out.Replaced[n] = r.replaced[i]
			}
		}
	}
}

// shownCache remembers what rows show, of those that were written last: a mark
// comes soon after its turn. It may be wrong; the update finds out.
type shownCache struct {
	mu   sync.Mutex
	rows map[string][]byte
}

const (
	shownCacheRows = 8192
	shownCacheSize = 1024 // bytes of one; a longer one is not remembered
)

func (c *shownCache) put(key string, shown []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows == nil {
		c.rows = map[string][]byte{}
	}
	if len(shown) > shownCacheSize {
		delete(c.rows, key)
		return
	}
	if _, ok := c.rows[key]; !ok && len(c.rows) >= shownCacheRows {
		for any := range c.rows {
			delete(c.rows, any)
			break
		}
	}
	c.rows[key] = bytes.Clone(shown)
}

func (c *shownCache) get(key string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown, ok := c.rows[key]
	return shown, ok
}

func (c *shownCache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.rows, key)
}
