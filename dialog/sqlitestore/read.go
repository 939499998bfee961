package sqlitestore

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const (
	headColumns = `key, owner, guest, draft_id, conversation_state, version, tag, draft_tag, revision, schema, format, draft_at, created, updated, expires`
	rowColumns  = headColumns + `, due, answers, state, seen, shown`
	selectHead  = `select ` + headColumns + ` from conversations where key = ?`
	selectRow   = `select ` + rowColumns + ` from conversations where key = ?`
	selectDue   = `select ` + rowColumns + ` from conversations indexed by conversations_due where due <= ? and (due, key) > (?, ?)
		and ? in ('', bot) and ? in ('', flow) order by due, key limit ?`
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
	if q.Newest {
		sql, values := newest(&q)
		rows, err := s.many(ctx, sql, values)
		return rows, failed("list", err)
	}
	from, f := `conversations`, &filter{where: `key > ?`, values: []driver.Value{q.After}}
	f.narrow(&q)
	if q.Owner != "" {
		from += ` indexed by conversations_owner`
		f.and(`owner = ?`, q.Owner)
	}
	sql := `select ` + columns(&q) + ` from ` + from + ` where ` + f.where + ` order by key limit ?`
	rows, err := s.many(ctx, sql, append(f.values, limit(q.Limit)))
	return rows, failed("list", err)
}

// newest is the list of the newest conversations. A person's are those of the owner and
// those of the guest, each in the order of its index, merged.
func newest(q *dialog.Query) (sql string, values []driver.Value) {
	if q.Everyone {
		return scan(q, `conversations_newest`, `bot = ? and flow = ?`, q.Bot, q.Flow)
	}
	owner, values := scan(q, `conversations_owner`, `owner = ?`, q.Owner)
	guest, more := scan(q, `conversations_guest`, `guest = ? and owner <> ?`, q.Owner, q.Owner)
	sql = `select * from (` + owner + `) union all select * from (` + guest + `) order by created desc, key desc limit ?`
	return sql, append(append(values, more...), limit(q.Limit))
}

// scan is a page of the newest conversations in the order of one index.
func scan(q *dialog.Query, index, which string, of ...driver.Value) (sql string, values []driver.Value) {
	after := int64(math.MaxInt64)
	if q.After != "" {
		after = since(q.AfterCreated)
	}
	f := &filter{where: which, values: of}
	f.and(`listed >= ?`, since(q.Since))
	f.and(`(listed, key) < (?, ?)`, after, q.After)
	f.narrow(q)
	sql = `select ` + columns(q) + ` from conversations indexed by ` + index + ` where ` + f.where + ` order by listed desc, key desc limit ?`
	return sql, append(f.values, limit(q.Limit))
}

func columns(q *dialog.Query) string {
	if q.Deep {
		return rowColumns
	}
	return headColumns + `, due`
}

// since returns t in unix milliseconds, 0 for the zero time.
func since(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// filter is a condition with its values.
type filter struct {
	where  string
	values []driver.Value
}

func (f *filter) and(condition string, values ...driver.Value) {
	f.where += ` and ` + condition
	f.values = append(f.values, values...)
}

// narrow adds what the query says of bot, flow and step. Keys begin with bot and flow, so
// both select a range of keys.
func (f *filter) narrow(q *dialog.Query) {
	switch {
	case q.Bot != "" && q.Flow != "":
		f.and(`key >= ?`, q.Bot+":"+q.Flow+":")
		f.and(`key < ?`, q.Bot+":"+q.Flow+";")
	case q.Bot != "":
		f.and(`key >= ?`, q.Bot+":")
		f.and(`key < ?`, q.Bot+";")
	case q.Flow != "":
		f.and(`flow = ?`, q.Flow)
	}
	if q.Step != "" {
		f.and(`conversation_state = ?`, q.Step)
	}
	if !q.Strict {
		f.and(readable)
	}
}

// Due implements dialog.Store. It reports rows that cannot be read.
func (s *Store) Due(ctx context.Context, q dialog.DueQuery) (rows []*dialog.Row, err error) {
	after, afterKey := driver.Value(q.After), driver.Value(q.AfterKey)
	for most := limit(q.Limit); err == nil; {
		left, found := most-int64(len(rows)), int64(0)
		err = s.read(ctx, func(c *conn) error {
			return c.query(selectDue, []driver.Value{q.Until.UnixMilli(), after, afterKey, q.Bot, q.Flow, left}, func(v []driver.Value) error {
				found++
				after, afterKey = v[15], v[0]
				if b, ok := afterKey.([]byte); ok {
					afterKey = bytes.Clone(b)
				}
				if r, err := row(v); err == nil {
					rows = append(rows, r)
				} else {
					s.skipped(afterKey, err)
				}
				return ctx.Err()
			})
		})
		if found < left || int64(len(rows)) == most {
			break
		}
	}
	if err != nil {
		return nil, failed("due", err)
	}
	return rows, nil
}

// skipped reports a row that cannot be read, once.
func (s *Store) skipped(key driver.Value, err error) {
	name := fmt.Sprintf("%q", blob(key))
	if k, bad := dialog.ParseKey(string(blob(key))); bad == nil {
		name = k.Masked()
	}
	if s.reported.first(name) {
		s.trouble("row "+name, err)
	}
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
	c := values{v: v}
	if h.Key, err = dialog.ParseKey(c.text(0)); err != nil {
		c.wrong(0, "bot:flow:id")
	}
	h.Owner, h.Draft, h.Step = c.text(1), c.text(3), c.text(4)
	if v[2] != nil {
		h.Guest = c.text(2)
	}
	h.Version, h.Tag, h.DraftTag, h.Revision = c.number(5), c.number(6), c.number(7), c.number(8)
	h.Schema, h.Format, h.Where = int(c.number(9)), int(c.number(10)), dialog.Where(c.number(11))
	h.Created, h.Updated, h.Expires = c.time(12), c.time(13), c.time(14)
	return h, c.err
}

// row reads the columns of rowColumns, or of headColumns and due.
func row(v []driver.Value) (*dialog.Row, error) {
	h, err := head(v)
	if err != nil {
		return nil, err
	}
	c := values{v: v}
	r := &dialog.Row{Head: h, Due: c.orNull(15)}
	if len(v) > 16 {
		r.Answers, r.State, r.Seen, r.Shown = blob(v[16]), blob(v[17]), blob(v[18]), blob(v[19])
	}
	return r, c.err
}
