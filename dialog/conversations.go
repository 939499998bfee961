package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Conversations reads a person's conversations: own, which unbound inputs go to, and the
// newest 200 others, newest first. own has version 0 if there is none. The draft of own
// is read from where it lies, those of the others from their rows. Errors are
// ErrUnavailable, and ErrSchemaNewer for own; others of a newer version are left out.
func (e *Engine) Conversations(ctx context.Context, owner string) (own *Record, others []*Record, err error) {
	const most = 200
	key := e.Route(&Input{Owner: owner})
	own = &Record{Head: Head{Key: key, Owner: owner}, shown: &screens{}}
	others, err = e.newest(ctx, Query{Bot: e.cfg.Bot, Owner: owner}, most, func(row *Row) (mine bool, err error) {
		switch {
		case row.Key != key:
			return false, nil
		case row.Where == InRow:
			own, err = row.record()
		default:
			own, _, err = e.Hydrate(ctx, key)
		}
		return true, err
	})
	if err != nil {
		return nil, nil, err
	}
	return own, others, nil
}

// Others reads the newest 20 of a person's conversations of one flow, newest first.
// Errors are ErrUnavailable.
func (e *Engine) Others(ctx context.Context, owner, flow string) ([]*Record, error) {
	const most = 20
	return e.newest(ctx, Query{Bot: e.cfg.Bot, Owner: owner, Flow: flow}, most, func(*Row) (bool, error) { return false, nil })
}

// newest reads the newest conversations of a query. Rows that take takes are left out,
// and so are rows set aside and those that this version cannot decode.
func (e *Engine) newest(ctx context.Context, q Query, most int, take func(*Row) (bool, error)) ([]*Record, error) {
	var out []*Record
	q.Deep, q.Limit = true, 200
	for {
		rows, err := e.store.List(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list conversations: %w", unavailable(err))
		}
		for _, row := range rows {
			if taken, err := take(row); err != nil {
				return nil, err
			} else if taken {
				continue
			}
			if r, err := row.record(); err == nil {
				out = append(out, r)
			}
		}
		slices.SortStableFunc(out, func(a, b *Record) int { return b.Created.Compare(a.Created) })
		out = out[:min(len(out), most)]
		if len(rows) < q.Limit {
			return out, nil
		}
		q.After = rows[len(rows)-1].Key.String()
	}
}

// Peek reads the head alone: the strategy's one query. A missing conversation is
// ErrNotFound; other errors are ErrUnavailable.
func (e *Engine) Peek(ctx context.Context, key Key) (Head, error) {
	h, err := e.store.Head(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = unavailable(err)
	}
	return h, err
}

// Hydrate reads a conversation for showing, never from a cache: the head from the store,
// the draft from where the head says. Without a conversation the record has version 0 and
// the source is FromNone. Errors: ErrUnavailable, ErrSchemaNewer.
func (e *Engine) Hydrate(ctx context.Context, key Key) (*Record, Rehydration, error) {
	return e.rehydrateFrom(ctx, &Input{Key: key}, true)
}

// listed reads the person's other conversations if the flow wants them for in.
func (e *Engine) listed(ctx context.Context, flow Flow, in *Input) ([]*Record, error) {
	l, ok := flow.(Lister)
	if !ok {
		return nil, nil
	}
	name, wanted := "", false
	if err := guard(func() { name, wanted = l.Lists(in) }); err != nil || !wanted {
		return nil, err
	}
	return e.Others(ctx, in.Owner, name)
}
