package dialog

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Page of a person's conversations.
type Page struct {
	Step  string    // only those at this step; empty: all
	Since time.Time // only those begun then or later; zero: all
	After *Head     // the last one of the page before; nil: the newest
	Limit int       // defaults to 20
}

// Conversations reads a page of a person's conversations of one flow (empty: of all
// flows), newest first: those that have an id of their own and the person as owner or
// guest. The person's own conversation, which gets unbound inputs, is read by Hydrate. A
// page costs as much as its rows, whatever the number of conversations. Drafts are those
// of the rows. Rows of a newer version are left out, and so are updates that were set
// aside. Errors are ErrUnavailable.
func (e *Engine) Conversations(ctx context.Context, owner, flow string, p Page) ([]*Record, error) {
	if p.Limit <= 0 {
		p.Limit = 20
	}
	const pagesMost = 5 // where rows are left out
	q := Query{Bot: e.cfg.Bot, Owner: owner, Flow: flow, Step: p.Step, Since: p.Since, Newest: true, Deep: true, Limit: p.Limit}
	if p.After != nil {
		q.After, q.AfterCreated = p.After.Key.String(), p.After.Created
	}
	var out []*Record
	for range pagesMost {
		rows, err := e.store.List(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list conversations: %w", unavailable(err))
		}
		for _, row := range rows {
			if r, err := row.record(); err == nil && len(out) < p.Limit {
				r, _ = r.AsOf(owner)
				out = append(out, r)
			}
		}
		if len(rows) < q.Limit || len(out) == p.Limit {
			break
		}
		last := rows[len(rows)-1]
		q.After, q.AfterCreated = last.Key.String(), last.Created
	}
	return out, nil
}

// Peek reads the head alone: the strategy's one query. A missing conversation is
// ErrNotFound, one that the store cannot read ErrSchemaNewer; other errors are
// ErrUnavailable.
func (e *Engine) Peek(ctx context.Context, key Key) (Head, error) {
	h, err := e.store.Head(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrSchemaNewer) {
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

// listed reads the person's other conversations if the flow wants them to decide in on
// rec.
func (e *Engine) listed(ctx context.Context, flow Flow, rec *Record, in *Input) (list []*Record, err error) {
	if in.asks != nil {
		return e.askedOf(ctx, in)
	}
	l, ok := flow.(Lister)
	if !ok {
		return nil, nil
	}
	var want Listing
	wanted := false
	if err := guard(func() { want, wanted = l.Lists(rec, in) }); err != nil || !wanted {
		return nil, err
	}
	if want.Most > 0 {
		p := Page{Step: want.Step, Limit: want.Most}
		if want.Within > 0 {
			p.Since = e.Now().Add(-want.Within)
		}
		if want.After != "" {
			h, err := e.Peek(ctx, Key{e.cfg.Bot, want.Flow, want.After})
			switch {
			case err == nil:
				p.After = &h
			case !errors.Is(err, ErrNotFound):
				return nil, err
			}
		}
		if list, err = e.Conversations(ctx, in.Owner, want.Flow, p); err != nil {
			return nil, err
		}
		if in.total = 0; want.Count > 0 && len(list) == want.Most {
			heads, err := e.store.List(ctx, Query{Bot: e.cfg.Bot, Owner: in.Owner, Flow: want.Flow, Newest: true, Limit: want.Count})
			if err != nil {
				return nil, fmt.Errorf("count conversations: %w", unavailable(err))
			}
			in.total = len(heads)
		}
	}
	if want.ID == "" || hasID(list, want.ID) {
		return list, nil
	}
	row, err := e.store.Load(ctx, Key{e.cfg.Bot, want.Flow, want.ID})
	switch {
	case errors.Is(err, ErrNotFound):
		return list, nil
	case err != nil:
		return nil, fmt.Errorf("read a conversation: %w", unavailable(err))
	}
	if r, err := row.record(); err == nil {
		if r, sits := r.AsOf(in.Owner); sits {
			list = append(list, r)
		}
	}
	return list, nil
}

func hasID(list []*Record, id string) bool {
	for _, r := range list {
		if r.Key.ID == id {
			return true
		}
	}
	return false
}
