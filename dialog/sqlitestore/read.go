package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const (
	headColumns = `key, owner, draft_id, conversation_state, version, tag, draft_tag, revision, schema, format, draft_at, created, updated, expires`
	rowColumns  = headColumns + `, due, answers, state, seen, shown`
	selectHead  = `select ` + headColumns + ` from conversations where key = ?`
	selectRow   = `select ` + rowColumns + ` from conversations where key = ?`
	selectDue   = `select ` + rowColumns + ` from conversations where due <= ? and (due, key) > (?, ?) order by due, key limit ?`
)

// Head implements dialog.Store.
func (s *Store) Head(ctx context.Context, key dialog.Key) (h dialog.Head, err error) {
	err = s.one(ctx, selectHead, key, func(v []driver.Value) (err error) {
		h, err = head(v)
		return err
	})
	return h, err
}

// Load implements dialog.Store.
func (s *Store) Load(ctx context.Context, key dialog.Key) (r *dialog.Row, err error) {
	err = s.one(ctx, selectRow, key, func(v []driver.Value) (err error) {
		r, err = row(v)
		return err
	})
	return r, err
}

func (s *Store) one(ctx context.Context, sql string, key dialog.Key, each func([]driver.Value) error) error {
	err := s.read(ctx, func(c *conn) error {
		found := false
		err := c.query(sql, []driver.Value{key.String()}, func(v []driver.Value) error {
			found = true
			return each(v)
		})
		if err == nil && !found {
			err = dialog.ErrNotFound
		}
		return err
	})
	return failed("load "+key.Masked(), err)
}

// List implements dialog.Store.
func (s *Store) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	columns, from, where := headColumns+`, due`, `conversations`, `key > ?`
	if q.Deep {
		columns = rowColumns
	}
	values := []driver.Value{q.After}
	and := func(condition string, value string) {
		where += ` and ` + condition
		values = append(values, value)
	}
	// Keys begin with bot and flow, so both select a range of keys.
	switch {
	case q.Bot != "" && q.Flow != "":
		and(`key >= ?`, q.Bot+":"+q.Flow+":")
		and(`key < ?`, q.Bot+":"+q.Flow+";")
	case q.Bot != "":
		and(`key >= ?`, q.Bot+":")
		and(`key < ?`, q.Bot+";")
	case q.Flow != "":
		and(`flow = ?`, q.Flow)
	}
	if q.Owner != "" {
		from += ` indexed by conversations_owner`
		and(`owner = ?`, q.Owner)
	}
	if q.Step != "" {
		and(`conversation_state = ?`, q.Step)
	}
	sql := `select ` + columns + ` from ` + from + ` where ` + where + ` order by key limit ?`
	rows, err := s.many(ctx, sql, append(values, limit(q.Limit)))
	return rows, failed("list", err)
}

// Due implements dialog.Store.
func (s *Store) Due(ctx context.Context, q dialog.DueQuery) ([]*dialog.Row, error) {
	rows, err := s.many(ctx, selectDue, []driver.Value{q.Until.UnixMilli(), q.After, q.AfterKey, limit(q.Limit)})
	return rows, failed("due", err)
}

func (s *Store) many(ctx context.Context, sql string, values []driver.Value) (rows []*dialog.Row, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(sql, values, func(v []driver.Value) error {
			r, err := row(v)
			rows = append(rows, r)
			return errors.Join(err, ctx.Err()) // the caller may cancel a long list
		})
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func limit(n int) int64 {
	if n <= 0 {
		return 100
	}
	return int64(n)
}

// head reads the columns of headColumns.
func head(v []driver.Value) (h dialog.Head, err error) {
	if h.Key, err = dialog.ParseKey(v[0].(string)); err != nil {
		return h, fmt.Errorf("a row of this file: %w", err)
	}
	h.Owner, h.Draft, h.Step = v[1].(string), v[2].(string), v[3].(string)
	h.Version, h.Tag, h.DraftTag, h.Revision = v[4].(int64), v[5].(int64), v[6].(int64), v[7].(int64)
	h.Schema, h.Format, h.Where = int(v[8].(int64)), int(v[9].(int64)), dialog.Where(v[10].(int64))
	h.Created, h.Updated, h.Expires = when(v[11]), when(v[12]), when(v[13])
	return h, nil
}

// row reads the columns of rowColumns, or of headColumns and due.
func row(v []driver.Value) (*dialog.Row, error) {
	h, err := head(v)
	if err != nil {
		return nil, err
	}
	r := &dialog.Row{Head: h}
	r.Due, _ = v[14].(int64)
	if len(v) > 15 {
		r.Answers, r.State, r.Seen, r.Shown = blob(v[15]), blob(v[16]), blob(v[17]), blob(v[18])
	}
	return r, nil
}

func when(v driver.Value) time.Time {
	ms, ok := v.(int64)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
