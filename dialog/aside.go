package dialog

import (
	"context"
	"errors"
	"fmt"
)

// A row set aside is no conversation. A channel keeps in it, as they came, the
// inputs of one owner that cannot be handled yet. Its key has AsideFlow for a flow,
// its owner column names the owner, its step is empty, and it is never due.
const (
	// AsideFlow is the flow of such rows. No flow of a bot has this name.
	AsideFlow = "aside"
	// AsideFormat is their format. It is above that of any record: whoever takes
	// one for a conversation leaves it alone.
	AsideFormat = 1 << 30
)

// Asides lists the rows set aside of this bot, without their content, in the order
// of their keys. Errors are ErrUnavailable.
func (e *Engine) Asides(ctx context.Context) ([]Head, error) {
	var heads []Head
	q := Query{Bot: e.cfg.Bot, Flow: AsideFlow, Limit: 100}
	for {
		rows, err := e.store.List(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list what was set aside: %w", unavailable(err))
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

// Aside reads a row set aside. ErrNotFound: there is none; else ErrUnavailable.
func (e *Engine) Aside(ctx context.Context, key Key) (*Row, error) {
	row, err := e.store.Load(ctx, key)
	if err != nil {
		return nil, asideError(key, err)
	}
	return row, nil
}

// SetAside writes a row set aside in place of the one with the stamp before (zero:
// there is none). ErrConflict: another one is there. Else ErrUnavailable: it may be
// written, and the same call tells.
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

// DropAside deletes a row set aside that has this stamp. ErrNotFound: there is none;
// ErrConflict: another one is there; else ErrUnavailable.
func (e *Engine) DropAside(ctx context.Context, key Key, at Stamp) error {
	return asideError(key, e.store.Forget(ctx, key, at))
}

// asideError is ErrNotFound, ErrConflict or ErrUnavailable.
func asideError(key Key, err error) error {
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrConflict):
		err = unavailable(err)
	}
	return fmt.Errorf("set aside of %s: %w", key.Masked(), err)
}

const forgetMost = 20 // tries to delete what its channel is just writing to

// forgetAside deletes what was set aside of the owner that key is named by, and
// reports whether there was anything.
func (e *Engine) forgetAside(ctx context.Context, key Key) (found bool, err error) {
	for range forgetMost {
		rows, err := e.store.List(ctx, Query{Bot: key.Bot, Flow: AsideFlow, Owner: key.ID})
		if err != nil {
			return found, fmt.Errorf("list what was set aside: %w", unavailable(err))
		}
		if len(rows) == 0 {
			return found, nil
		}
		for _, row := range rows {
			switch err := e.store.Forget(ctx, row.Key, row.Stamp()); {
			case err == nil:
				found = true
			case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound): // looked at again
			default:
				return found, fmt.Errorf("forget %s: %w", row.Key.Masked(), unavailable(err))
			}
		}
	}
	return found, fmt.Errorf("what was set aside goes on: %w", ErrConflict)
}
