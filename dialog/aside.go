package dialog

import (
	"context"
	"errors"
	"fmt"
)

// A row set aside keeps the raw inputs of one owner that cannot be handled yet, for its
// channel. It is no conversation: its flow is AsideFlow, its step is empty, and it is
// never due. The owner column names the owner.
const (
	// AsideFlow is the flow of such rows. No flow of a bot has this name.
	AsideFlow = "aside"
	// AsideFormat is their format, above that of any record: code that takes such a row
	// for a conversation leaves it alone (ErrSchemaNewer).
	AsideFormat = 1 << 30
)

// Asides lists this bot's rows set aside, without their content, in the order of their
// keys. Errors are ErrUnavailable.
func (e *Engine) Asides(ctx context.Context) ([]Head, error) {
	var heads []Head
	q := Query{Bot: e.cfg.Bot, Flow: AsideFlow, Limit: 100}
	for {
		rows, err := e.store.List(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list rows set aside: %w", unavailable(err))
		}
		for _, row := range rows {
			heads = append(heads, row.Head)
		}
		if len(rows) < q.Limit {
			return heads, nil
		}
		q.After = rows[len(rows)-1].Key.String()
	}
}

// Aside reads a row set aside. A missing row is ErrNotFound, one that the store cannot
// read is ErrSchemaNewer; other errors are ErrUnavailable.
func (e *Engine) Aside(ctx context.Context, key Key) (*Row, error) {
	row, err := e.store.Load(ctx, key)
	if err != nil {
		return nil, asideError(key, err)
	}
	return row, nil
}

// SetAside writes a row set aside in place of the one with the stamp before (zero: there
// is none). If another row is there, it returns ErrConflict. Other errors are
// ErrUnavailable: the row may be written, and the same call again tells.
func (e *Engine) SetAside(ctx context.Context, before Stamp, row *Row) error {
	done, err := e.store.Commit(ctx, &Batch{Writes: []*Write{{Before: before, After: row}}})
	switch {
	case err != nil:
		return asideError(row.Key, err)
	case len(done.Verdicts) != 1 || done.Verdicts[0] != Applied:
		return asideError(row.Key, ErrConflict)
	}
	return nil
}

// DropAside deletes the row set aside with this stamp. A missing row is ErrNotFound,
// another one ErrConflict; other errors are ErrUnavailable.
func (e *Engine) DropAside(ctx context.Context, key Key, at Stamp) error {
	return asideError(key, e.store.Forget(ctx, key, at))
}

// asideError is ErrNotFound, ErrConflict, ErrSchemaNewer or ErrUnavailable.
func asideError(key Key, err error) error {
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrSchemaNewer):
		err = unavailable(err)
	}
	return fmt.Errorf("row set aside %s: %w", key.Masked(), err)
}

const forgetMost = 20 // tries to delete rows that their channel is writing

// forgetAside deletes the rows set aside of the owner that key names, and reports
// whether there were any.
func (e *Engine) forgetAside(ctx context.Context, key Key) (found bool, err error) {
	for range forgetMost {
		rows, err := e.store.List(ctx, Query{Bot: key.Bot, Flow: AsideFlow, Owner: key.ID})
		if err != nil {
			return found, fmt.Errorf("list rows set aside: %w", unavailable(err))
		}
		if len(rows) == 0 {
			return found, nil
		}
		for _, row := range rows {
			switch err := e.store.Forget(ctx, row.Key, row.Stamp()); {
			case err == nil:
				found = true
			case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound): // the next list tells
			default:
				return found, fmt.Errorf("forget %s: %w", row.Key.Masked(), unavailable(err))
			}
		}
	}
	return found, fmt.Errorf("rows set aside keep changing: %w", ErrConflict)
}
