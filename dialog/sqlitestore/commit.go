package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Commit implements dialog.Store: one transaction, one fsync, and a prepared
// statement a turn.
func (s *Store) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	out := dialog.Committed{
		Verdicts: make([]dialog.Verdict, len(b.Writes)),
		Marked:   make([]dialog.Marked, len(b.Shown)),
	}
	err := s.write(ctx, func(c *conn) (err error) {
		for i, w := range b.Writes {
			if out.Verdicts[i], err = c.turn(w); err != nil {
				return err
			}
		}
		for i, m := range b.Shown {
			if out.Marked[i], err = c.shown(m); err != nil {
				return err
			}
		}
		for _, m := range b.Due {
			if err := c.run(setDue, null(m.Due), m.Key.String(), m.Version, null(m.Due)); err != nil {
				return err
			}
		}
		return c.events(b.Events)
	})
	if err != nil {
		return dialog.Committed{}, failed("commit", err)
	}
	out.Now = s.clock()
	return out, nil
}

const (
	insertRow = `insert into conversations (draft_id, conversation_state, version, tag, draft_tag, revision, schema, format,
		draft_at, updated, expires, answers, state, seen, owner, guest, created, due, key, shown)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (key) do nothing`
	assign = `draft_id = ?, conversation_state = ?, version = ?, tag = ?, draft_tag = ?, revision = ?, schema = ?, format = ?,
		draft_at = ?, updated = ?, expires = ?, answers = ?, state = ?, seen = ?`
	// Most turns keep the columns of the indexes. SQLite rewrites an index whose
	// column is assigned, even with the same value. So the first statement leaves
	// them out and matches only unchanged rows; the second writes the others.
	updateRow      = `update conversations set ` + assign + ` where owner = ? and guest is ? and created is ? and due is ? and key = ? and version = ? and tag = ?`
	updateWholeRow = `update conversations set ` + assign + `, owner = ?, guest = ?, created = ?, due = ? where key = ? and version = ? and tag = ?`
	selectStamp    = `select version, tag, seen from conversations where key = ?`
	selectShown    = `select shown, version from conversations where key = ?`
	// A column written by hand may have another type; what SQLite casts a fraction to is its own.
	setShown = `update conversations set shown = ? where key = ? and (ifnull(cast(shown as blob), x'') = ifnull(?, x'') or typeof(shown) = 'real')
		and version >= ? and typeof(version) = 'integer' returning version`
	setDue      = `update conversations set due = ? where key = ? and version = ? and due is not ?`
	insertEvent = `insert into events (at, kind, key, draft_id, step, mode, variant, instance, cause, source, took_us)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// turn writes one turn and returns its verdict. The transaction holds the write
// lock, so rows read here stay valid.
func (c *conn) turn(w *dialog.Write) (dialog.Verdict, error) {
	key := w.After.Key.String()
	if len(w.Starts) > 0 {
		// Check before writing: a rejected turn must leave nothing behind.
		taken, err := c.taken(w)
		if err != nil {
			return dialog.Unknown, err
		}
		if taken {
			found, err := c.stamp(w.After.Key)
			if err == nil && stamp(found) == w.Before {
				return dialog.Taken, nil
			}
			return dialog.Judge(w, found), err
		}
	}
	values := append(rowValues(w.After), key)
	var n int64
	var err error
	if w.Before == (dialog.Stamp{}) {
		n, err = c.exec(insertRow, append(values, w.After.Shown)...)
	} else {
		values = append(values, w.Before.Version, w.Before.Tag)
		if n, err = c.exec(updateRow, values...); err == nil && n == 0 {
			n, err = c.exec(updateWholeRow, values...)
		}
	}
	if err != nil {
		return dialog.Unknown, err
	}
	if n == 0 {
		found, err := c.stamp(w.After.Key)
		return dialog.Judge(w, found), err
	}
	for _, r := range w.Starts {
		n, err := c.exec(insertRow, append(rowValues(r), r.Key.String(), r.Shown)...)
		if err == nil && n == 0 {
			err = errors.New("a started conversation appeared within the transaction")
		}
		if err != nil {
			return dialog.Unknown, err
		}
	}
	return dialog.Applied, c.events(w.Events)
}

// taken reports whether the key of a start of w is in use.
func (c *conn) taken(w *dialog.Write) (bool, error) {
	for i, r := range w.Starts {
		if r.Key == w.After.Key || slices.ContainsFunc(w.Starts[:i], func(o *dialog.Row) bool { return o.Key == r.Key }) {
			return true, nil
		}
		if found, err := c.stamp(r.Key); err != nil || found != nil {
			return true, err
		}
	}
	return false, nil
}

// stamp reads the columns for dialog.Judge; nil for a missing row.
func (c *conn) stamp(key dialog.Key) (found *dialog.Row, err error) {
	err = c.query(selectStamp, []driver.Value{key.String()}, func(v []driver.Value) error {
		version, ok := v[0].(int64)
		tag, ok2 := v[1].(int64)
		if !ok || !ok2 {
			return fmt.Errorf("version or tag is no integer: %w", dialog.ErrSchemaNewer)
		}
		found = &dialog.Row{Head: dialog.Head{Key: key, Version: version, Tag: tag}, Seen: blob(v[2])}
		return nil
	})
	return found, err
}

func stamp(r *dialog.Row) dialog.Stamp {
	if r == nil {
		return dialog.Stamp{}
	}
	return r.Stamp()
}

// shown writes a mark, or reads what is there instead.
func (c *conn) shown(m dialog.ShownMark) (got dialog.Marked, err error) {
	key := m.Key.String()
	err = c.query(setShown, []driver.Value{m.New, key, m.Had, m.Least}, func(v []driver.Value) error {
		got = dialog.Marked{Applied: true, Version: v[0].(int64)}
		return nil
	})
	if err != nil || got.Applied {
		return got, err
	}
	err = c.query(selectShown, []driver.Value{key}, func(v []driver.Value) error {
		if version, ok := v[1].(int64); ok { // else the row cannot be read, and counts as none
			got.Shown, got.Version = blob(v[0]), version
		}
		return nil
	})
	return got, err
}

func (c *conn) events(events []dialog.Event) error {
	for i := range events {
		e := &events[i]
		err := c.run(insertEvent, e.At.UnixMilli(), string(e.Kind), text(e.Key), text(e.Draft), text(e.Step), text(e.Mode),
			text(e.Variant), text(e.Instance), text(e.Cause), text(e.Source), null(e.Took.Microseconds()))
		if err != nil {
			return err
		}
	}
	return nil
}

// rowValues returns the columns of assign, then those of the indexes but the key.
func rowValues(r *dialog.Row) []driver.Value {
	return append(make([]driver.Value, 0, 21),
		r.Draft, r.Step, r.Version, r.Tag, r.DraftTag, r.Revision, int64(r.Schema), int64(r.Format),
		int64(r.Where), millis(r.Updated), millis(r.Expires), r.Answers, r.State, r.Seen, r.Owner, text(r.Guest), millis(r.Created), null(r.Due))
}

// millis returns t in unix milliseconds, null for the zero time.
func millis(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// null returns n, or null for 0.
func null(n int64) driver.Value {
	if n == 0 {
		return nil
	}
	return n
}

// text returns s, or null for the empty string.
func text(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}
