package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

const (
	headColumns = `key, owner, guest, draft_id, conversation_state, version, tag, draft_tag, revision, schema, format, draft_at, created, updated, expires`
	rowColumns  = headColumns + `, due, answers, state, seen, shown`
	selectHead  = `select ` + headColumns + ` from conversations where key = $1`
	selectRow   = `select ` + rowColumns + ` from conversations where key = $1`
	selectDue   = `select ` + rowColumns + ` from conversations where due <= $1 and (due, key) > ($2, $3) and ` + readable + `
		and $5 in ('', split_part(key, ':', 1)) and $6 in ('', split_part(key, ':', 2)) order by due, key limit $4`
	// readable is the condition of rows that scan can read: columns have types, so only
	// the key may be wrong, in a row that was written by hand.
	readable         = `key ~ '^[^:]+:[^:]+:.'`
	selectUnreadable = `select key from conversations where due <= $1 and not (` + readable + `) order by due, key limit 100`
)

// Head implements dialog.Store.
func (s *Store) Head(ctx context.Context, key dialog.Key) (dialog.Head, error) {
	r, err := s.one(ctx, selectHead, key, scanHead)
	if err != nil {
		return dialog.Head{}, err
	}
	return r.Head, nil
}

// Load implements dialog.Store.
func (s *Store) Load(ctx context.Context, key dialog.Key) (*dialog.Row, error) {
	return s.one(ctx, selectRow, key, scanRow)
}

func (s *Store) one(ctx context.Context, sql string, key dialog.Key, scan func(pgx.Row) (*dialog.Row, error)) (r *dialog.Row, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) (err error) {
		r, err = scan(c.QueryRow(ctx, sql, key.String()))
		if errors.Is(err, pgx.ErrNoRows) {
			err = dialog.ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, failed("load "+key.Masked(), err)
	}
	return r, nil
}

// List implements dialog.Store.
func (s *Store) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	columns, scan := headColumns+`, due`, scanFlat
	if q.Deep {
		columns, scan = rowColumns, scanRow
	}
	var f filter
	var sql string
	if q.Newest {
		sql = f.newest(&q, columns)
	} else {
		f.and(`key > %s`, q.After)
		f.narrow(&q)
		order := `key`
		if q.Owner != "" {
			f.and(`owner = %s`, q.Owner)
			// The expression keeps the planner from the key's index, which looks cheaper than
			// sorting one person's few rows while the table is not analysed yet.
			order = `key || ''`
		}
		sql = fmt.Sprintf(`select %s from conversations where %s order by %s limit %s`, columns, f.take(), order, f.arg(limit(q.Limit)))
	}
	rows, err := s.many(ctx, scan, sql, f.args...)
	return rows, failed("list", err)
}

// filter is a condition with its arguments.
type filter struct {
	where []string
	args  []any
}

// arg adds an argument and returns its name.
func (f *filter) arg(v any) string {
	f.args = append(f.args, v)
	return fmt.Sprintf("$%d", len(f.args))
}

func (f *filter) and(condition string, values ...any) {
	names := make([]any, len(values))
	for i, v := range values {
		names[i] = f.arg(v)
	}
	f.where = append(f.where, fmt.Sprintf(condition, names...))
}

// take returns the condition and begins another one.
func (f *filter) take() string {
	where := strings.Join(f.where, " and ")
	f.where = nil
	return where
}

// narrow adds what the query says of bot, flow and step. Keys begin with bot and flow, so
// both select a range of keys.
func (f *filter) narrow(q *dialog.Query) {
	switch {
	case q.Bot != "" && q.Flow != "":
		f.and(`key >= %s`, q.Bot+":"+q.Flow+":")
		f.and(`key < %s`, q.Bot+":"+q.Flow+";")
	case q.Bot != "":
		f.and(`key >= %s`, q.Bot+":")
		f.and(`key < %s`, q.Bot+";")
	case q.Flow != "":
		f.and(`split_part(key, ':', 2) = %s`, q.Flow)
	}
	if q.Step != "" {
		f.and(`conversation_state = %s`, q.Step)
	}
	if !q.Strict {
		f.and(readable)
	}
}

// newest is the list of the newest conversations. A person's are those of the owner and
// those of the guest, each in the order of its index, merged.
func (f *filter) newest(q *dialog.Query, columns string) string {
	if q.Everyone {
		f.and(`split_part(key, ':', 1) = %s`, q.Bot)
		f.and(`split_part(key, ':', 2) = %s`, q.Flow)
		rest := *q
		rest.Bot, rest.Flow = "", "" // a range of keys would lead the planner to the key's index
		return f.scan(&rest, columns)
	}
	f.and(`owner = %s`, q.Owner)
	owner := f.scan(q, columns+`, listed`)
	f.and(`guest = %s`, q.Owner)
	f.and(`owner <> %s`, q.Owner)
	guest := f.scan(q, columns+`, listed`)
	return fmt.Sprintf(`select %s from ((%s) union all (%s)) both_lists order by listed desc, key desc limit %s`, columns, owner, guest, f.arg(limit(q.Limit)))
}

// scan is a page of the newest conversations in the order of one index.
func (f *filter) scan(q *dialog.Query, columns string) string {
	after := int64(math.MaxInt64)
	if q.After != "" {
		after = millis(q.AfterCreated)
	}
	f.and(`listed >= %s`, millis(q.Since))
	f.and(`(listed, key) < (%s, %s)`, after, q.After)
	f.narrow(q)
	return fmt.Sprintf(`select %s from conversations where %s order by listed desc, key desc limit %s`, columns, f.take(), f.arg(limit(q.Limit)))
}

// Due implements dialog.Store. It reports rows that cannot be read.
func (s *Store) Due(ctx context.Context, q dialog.DueQuery) ([]*dialog.Row, error) {
	if q.After == 0 && q.AfterKey == "" {
		s.reportUnreadable(ctx, q.Until.UnixMilli())
	}
	rows, err := s.many(ctx, scanRow, selectDue, q.Until.UnixMilli(), q.After, q.AfterKey, limit(q.Limit), q.Bot, q.Flow)
	return rows, failed("due", err)
}

// reportEvery is how often rows that cannot be read are looked for.
const reportEvery = time.Minute

// reportUnreadable reports rows that are due and cannot be read, because their key is no
// bot:flow:id, each once.
func (s *Store) reportUnreadable(ctx context.Context, until int64) {
	s.reported.Lock()
	defer s.reported.Unlock()
	if time.Since(s.reported.looked) < reportEvery {
		return
	}
	s.reported.looked = time.Now()
	var keys []string
	err := s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		found, err := c.Query(ctx, selectUnreadable, until)
		if err != nil {
			return err
		}
		keys, err = pgx.CollectRows(found, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return // the list of due rows says what is wrong
	}
	for _, key := range keys {
		if !s.reported.keys[key] {
			s.trouble(fmt.Sprintf("row %q", key), errUnreadable)
		}
	}
	s.reported.keys = map[string]bool{}
	for _, key := range keys {
		s.reported.keys[key] = true
	}
}

func (s *Store) many(ctx context.Context, scan func(pgx.Row) (*dialog.Row, error), sql string, args ...any) (rows []*dialog.Row, err error) {
	err = s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		found, err := c.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(found, func(r pgx.CollectableRow) (*dialog.Row, error) { return scan(r) })
		return err
	})
	if err != nil || len(rows) == 0 {
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

// scanHead reads headColumns, scanFlat headColumns and due, scanRow rowColumns.
func scanHead(r pgx.Row) (*dialog.Row, error) { return scan(r, 15) }
func scanFlat(r pgx.Row) (*dialog.Row, error) { return scan(r, 16) }
func scanRow(r pgx.Row) (*dialog.Row, error)  { return scan(r, 20) }

func scan(r pgx.Row, columns int) (*dialog.Row, error) {
	row := &dialog.Row{}
	var key string
	var where int32
	var guest *string
	var created, updated, expires, due *int64
	into := [...]any{&key, &row.Owner, &guest, &row.Draft, &row.Step, &row.Version, &row.Tag, &row.DraftTag, &row.Revision, &row.Schema, &row.Format,
		&where, &created, &updated, &expires, &due, &row.Answers, &row.State, &row.Seen, &row.Shown}
	if err := r.Scan(into[:columns]...); err != nil {
		return nil, err
	}
	row.Where = dialog.Where(where)
	if guest != nil {
		row.Guest = *guest
	}
	var err error
	if row.Key, err = dialog.ParseKey(key); err != nil {
		return nil, fmt.Errorf("a row of conversations: %w: %w", dialog.ErrSchemaNewer, err)
	}
	row.Created, row.Updated, row.Expires = when(created), when(updated), when(expires)
	if due != nil {
		row.Due = *due
	}
	return row, nil
}

func when(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms).UTC()
}
