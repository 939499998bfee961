package dialog

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a Store inside the process, for tests and trials. Its rows end with the
// process.
type Memory struct {
	mu      sync.Mutex
	now     func() time.Time
	closed  bool
	rows    map[string]*Row            // key → row, never handed out
	people  map[string]map[string]*Row // owner or guest → key → row
	events  []Event
	leases  map[string]leaseRow
	secrets map[string][]byte
}

type leaseRow struct {
	holder string
	until  time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store whose clock is time.Now.
func NewMemory() *Memory {
	return &Memory{
		now:     time.Now,
		rows:    map[string]*Row{},
		people:  map[string]map[string]*Row{},
		leases:  map[string]leaseRow{},
		secrets: map[string][]byte{},
	}
}

// SetNow sets the store's clock.
func (m *Memory) SetNow(now func() time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = now
}

// Logged is a copy of the log, in the order of writing.
func (m *Memory) Logged() []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

// enter reads the clock, which may call back and so runs unlocked, and then takes the
// lock. After an error the lock is free.
func (m *Memory) enter(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, err
	}
	m.mu.Lock()
	clock := m.now
	m.mu.Unlock()
	now := clock().Truncate(time.Millisecond)
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return time.Time{}, fmt.Errorf("memory store is closed: %w", ErrUnavailable)
	}
	return now, nil
}

// Head implements Store.
func (m *Memory) Head(ctx context.Context, key Key) (Head, error) {
	row, err := m.Load(ctx, key)
	if err != nil {
		return Head{}, err
	}
	return row.Head, nil
}

// Load implements Store.
func (m *Memory) Load(ctx context.Context, key Key) (*Row, error) {
	if _, err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	row, ok := m.rows[key.String()]
	if !ok {
		return nil, fmt.Errorf("load %s: %w", key.Masked(), ErrNotFound)
	}
	return copyRow(row), nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, q Query) ([]*Row, error) {
	if _, err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	rows := m.rows
	if q.Owner != "" && !q.Everyone {
		rows = m.people[q.Owner]
	}
	var found []*Row
	for key, row := range rows {
		there := key > q.After && (q.Owner == "" || row.Owner == q.Owner)
		if q.Newest {
			there = q.lists(row)
		}
		if there && (q.Bot == "" || row.Key.Bot == q.Bot) && (q.Flow == "" || row.Key.Flow == q.Flow) && (q.Step == "" || row.Step == q.Step) {
			found = append(found, row)
		}
	}
	slices.SortFunc(found, func(a, b *Row) int {
		if q.Newest {
			return cmp.Or(cmp.Compare(millis(b.Created), millis(a.Created)), cmp.Compare(b.Key.String(), a.Key.String()))
		}
		return cmp.Compare(a.Key.String(), b.Key.String())
	})
	return page(found, q.Limit, q.Deep), nil
}

// Due implements Store.
func (m *Memory) Due(ctx context.Context, q DueQuery) ([]*Row, error) {
	if _, err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	until := q.Until.UnixMilli()
	var found []*Row
	for key, row := range m.rows {
		if (q.Bot == "" || row.Key.Bot == q.Bot) && (q.Flow == "" || row.Key.Flow == q.Flow) && row.Due != 0 && row.Due <= until && (row.Due > q.After || row.Due == q.After && key > q.AfterKey) {
			found = append(found, row)
		}
	}
	slices.SortFunc(found, func(a, b *Row) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Key.String(), b.Key.String()))
	})
	return page(found, q.Limit, true), nil
}

func page(found []*Row, limit int, deep bool) []*Row {
	if limit <= 0 {
		limit = 100
	}
	found = found[:min(limit, len(found))]
	for i, row := range found {
		row = copyRow(row)
		if !deep {
			row.Answers, row.State, row.Seen, row.Shown = nil, nil, nil, nil
		}
		found[i] = row
	}
	return found
}

// Commit implements Store.
func (m *Memory) Commit(ctx context.Context, b *Batch) (Committed, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return Committed{}, err
	}
	defer m.mu.Unlock()
	out := Committed{Verdicts: make([]Verdict, len(b.Writes)), Marked: make([]Marked, len(b.Shown)), Now: now}
	for i, w := range b.Writes {
		out.Verdicts[i] = m.write(w)
	}
	for i, mark := range b.Shown {
		row := m.rows[mark.Key.String()]
		if row == nil {
			continue
		}
		got := Marked{Version: row.Version}
		if got.Applied = bytes.Equal(row.Shown, mark.Had) && row.Version >= mark.Least; got.Applied {
			row.Shown = bytes.Clone(mark.New)
		} else {
			got.Shown = bytes.Clone(row.Shown)
		}
		out.Marked[i] = got
	}
	for _, mark := range b.Due {
		if row := m.rows[mark.Key.String()]; row != nil && row.Version == mark.Version {
			row.Due = mark.Due
		}
	}
	m.events = append(m.events, b.Events...)
	return out, nil
}

// write judges one turn and, if it wins, writes it.
func (m *Memory) write(w *Write) Verdict {
	key := w.After.Key.String()
	found := m.rows[key]
	if found == nil && w.Before != (Stamp{}) || found != nil && found.Stamp() != w.Before {
		return Judge(w, found)
	}
	for i, start := range w.Starts {
		k := start.Key.String()
		if m.rows[k] != nil || k == key || slices.ContainsFunc(w.Starts[:i], func(r *Row) bool { return r.Key == start.Key }) {
			return Taken
		}
	}
	after := copyRow(w.After)
	if found != nil {
		after.Shown = found.Shown
	}
	m.put(key, after)
	for _, start := range w.Starts {
		m.put(start.Key.String(), copyRow(start))
	}
	m.events = append(m.events, w.Events...)
	return Applied
}

// put stores a row, whose people may have changed.
func (m *Memory) put(key string, row *Row) {
	m.remove(key)
	m.rows[key] = row
	for _, person := range []string{row.Owner, row.Guest} {
		if person == "" {
			continue
		}
		if m.people[person] == nil {
			m.people[person] = map[string]*Row{}
		}
		m.people[person][key] = row
	}
}

// remove deletes a row if it is there.
func (m *Memory) remove(key string) {
	row := m.rows[key]
	if row == nil {
		return
	}
	delete(m.rows, key)
	for _, person := range []string{row.Owner, row.Guest} {
		if delete(m.people[person], key); len(m.people[person]) == 0 {
			delete(m.people, person)
		}
	}
}

// Forget implements Store.
func (m *Memory) Forget(ctx context.Context, key Key, at Stamp) error {
	if _, err := m.enter(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	row, ok := m.rows[key.String()]
	switch {
	case !ok:
		return fmt.Errorf("forget %s: %w", key.Masked(), ErrNotFound)
	case row.Stamp() != at:
		return fmt.Errorf("forget %s: %w", key.Masked(), ErrConflict)
	}
	m.remove(key.String())
	return nil
}

// Lease implements Store.
func (m *Memory) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	l, there := m.leases[name]
	mine := there && l.holder == holder
	switch {
	case ttl <= 0:
		if mine {
			delete(m.leases, name)
		}
		return mine, nil
	case !mine && l.runs(now):
		return false, nil
	}
	m.leases[name] = leaseRow{holder, now.Add(min(ttl, LeaseMost))}
	return true, nil
}

func (l leaseRow) runs(now time.Time) bool {
	return l.until.After(now) && !l.until.After(now.Add(LeaseMost+time.Second))
}

// Holders implements Store.
func (m *Memory) Holders(ctx context.Context, prefix string) (map[string]string, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	held := map[string]string{}
	for name, l := range m.leases {
		if strings.HasPrefix(name, prefix) && l.runs(now) {
			held[name] = l.holder
		}
	}
	return held, nil
}

// Secret implements Store.
func (m *Memory) Secret(ctx context.Context, name string, initial []byte) ([]byte, error) {
	if _, err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if _, ok := m.secrets[name]; !ok {
		if initial == nil {
			return nil, fmt.Errorf("secret %s: %w", name, ErrNotFound)
		}
		m.secrets[name] = bytes.Clone(initial)
	}
	return bytes.Clone(m.secrets[name]), nil
}

// Prune implements Store.
func (m *Memory) Prune(ctx context.Context, before time.Time) (int, error) {
	if _, err := m.enter(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	n := 0
	m.events = slices.DeleteFunc(m.events, func(e Event) bool {
		old := n < 10_000 && e.At.Before(before)
		if old {
			n++
		}
		return old
	})
	maps.DeleteFunc(m.leases, func(_ string, l leaseRow) bool { return l.until.Before(before) })
	return n, nil
}

// Now implements Store.
func (m *Memory) Now(ctx context.Context) (time.Time, error) {
	now, err := m.enter(ctx)
	if err != nil {
		return time.Time{}, err
	}
	m.mu.Unlock()
	return now, nil
}

// Close implements Store. Every later call is ErrUnavailable.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// copyRow is a copy of r as a database would return it: times in whole milliseconds
// UTC, no bytes as nil, and nothing shared with r.
func copyRow(r *Row) *Row {
	c := *r
	for _, t := range []*time.Time{&c.Created, &c.Updated, &c.Expires} {
		if !t.IsZero() {
			*t = time.UnixMilli(t.UnixMilli()).UTC()
		}
	}
	for _, b := range []*[]byte{&c.Answers, &c.State, &c.Seen, &c.Shown} {
		if len(*b) == 0 {
			*b = nil
		} else {
			*b = bytes.Clone(*b)
		}
	}
	return &c
}
