package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

const (
	headColumns = `key, owner, draft_id, conversation_state, version, tag, draft_tag, revision, schema, format, draft_at, created, updated, expires`
	rowColumns  = headColumns + `, due, answers, state, seen, shown`
	selectHead  = `select ` + headColumns + ` from conversations where key = $1`
	selectRow   = `select ` + rowColumns + ` from conversations where key = $1`
	selectDue   = `select ` + rowColumns + ` from conversations where due <= $1 and (due, key) > ($2, $3) order by due, key limit $4`
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
	where := []string{`key > $1`}
	args := []any{q.After}
	and := func(condition, value string) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	// The key begins with bot and flow, so they select a range of keys.
	switch {
	case q.Bot != "" && q.Flow != "":
		and(`key >= $%d`, q.Bot+":"+q.Flow+":")
		and(`key < $%d`, q.Bot+":"+q.Flow+";")
	case q.Bot != "":
		and(`key >= $%d`, q.Bot+":")
		and(`key < $%d`, q.Bot+";")
	case q.Flow != "":
		and(`split_part(key, ':', 2) = $%d`, q.Flow)
	}
	order := `key`
	if q.Owner != "" {
		and(`owner = $%d`, q.Owner)
		// The expression keeps the planner from the key's index, which looks cheaper than
		// sorting one person's few rows while the table is not analysed yet.
		order = `key || ''`
	}
	if q.Step != "" {
		and(`conversation_state = $%d`, q.Step)
	}
	args = append(args, limit(q.Limit))
	sql := fmt.Sprintf(`select %s from conversations where %s order by %s limit $%d`, columns, strings.Join(where, " and "), order, len(args))
	rows, err := s.many(ctx, scan, sql, args...)
	return rows, failed("list", err)
}

// Due implements dialog.Store.
func (s *Store) Due(ctx context.Context, q dialog.DueQuery) ([]*dialog.Row, error) {
	rows, err := s.many(ctx, scanRow, selectDue, q.Until.UnixMilli(), q.After, q.AfterKey, limit(q.Limit))
	return rows, failed("due", err)
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
func scanHead(r pgx.Row) (*dialog.Row, error) { return scan(r, 14) }
func scanFlat(r pgx.Row) (*dialog.Row, error) { return scan(r, 15) }
func scanRow(r pgx.Row) (*dialog.Row, error)  { return scan(r, 19) }

func scan(r pgx.Row, columns int) (*dialog.Row, error) {
	row := &dialog.Row{}
	var key string
	var where int32
	var created, updated, expires, due *int64
	into := [...]any{&key, &row.Owner, &row.Draft, &row.Step, &row.Version, &row.Tag, &row.DraftTag, &row.Revision, &row.Schema, &row.Format,
		&where, &created, &updated, &expires, &due, &row.Answers, &row.State, &row.Seen, &row.Shown}
	if err := r.Scan(into[:columns]...); err != nil {
		return nil, err
	}
	row.Where = dialog.Where(where)
	var err error
	if row.Key, err = dialog.ParseKey(key); err != nil {
		return nil, setupError("a row of conversations has a bad key: " + err.Error())
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
