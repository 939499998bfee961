package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Others lists the newest 20 of the person's conversations of another flow,
// newest first. Errors are ErrUnavailable.
func (e *Engine) Others(ctx context.Context, owner, flow string) ([]*Record, error) {
	const most = 20
	q := Query{Bot: e.cfg.Bot, Owner: owner, Flow: flow, Deep: true, Limit: 200}
	var out []*Record
	for {
		rows, err := e.store.List(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", flow, unavailable(err))
		}
		for _, row := range rows {
			if r, err := row.record(); err == nil { // what is newer is for newer instances to list
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

// Peek reads the head alone: the strategy's one query. ErrNotFound: there is no
// such conversation; everything else is ErrUnavailable.
func (e *Engine) Peek(ctx context.Context, key Key) (Head, error) {
	h, err := e.store.Head(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = unavailable(err)
	}
	return h, err
}

// Hydrate reads a conversation for showing, never from a cache: the head from
// the store, the draft from where the head says that it lies. The result says
// where it came from. Where there is no conversation the record has version 0
// and the source is FromNone. Errors: ErrUnavailable, ErrSchemaNewer.
func (e *Engine) Hydrate(ctx context.Context, key Key) (*Record, Rehydration, error) {
	return e.rehydrateFrom(ctx, &Input{Key: key}, true)
}

// listed are the person's other conversations, where the flow wants them for in.
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
