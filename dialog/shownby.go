package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// shownByMost is how many conversations of a person [Engine.ShownBy] asks.
const shownByMost = 200

// ShownBy reports whether a message at a place shows the card of one of the person's
// conversations, and which: ask before you remove a message or its buttons. shown with
// the zero key means that the person has more conversations than could be asked, and that
// one of the others may show it. Errors are ErrUnavailable.
func (e *Engine) ShownBy(ctx context.Context, owner string, p Place, message string) (key Key, shown bool, err error) {
	own := e.Route(&Input{Owner: owner})
	row, err := e.store.Load(ctx, own)
	switch {
	case err == nil && e.rowShows(row, owner, p, message):
		return own, true, nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return Key{}, false, fmt.Errorf("whose message: %w", unavailable(err))
	}
	rows, err := e.store.List(ctx, Query{Bot: e.cfg.Bot, Owner: owner, Newest: true, Deep: true, Limit: shownByMost})
	if err != nil {
		return Key{}, false, fmt.Errorf("whose message: %w", unavailable(err))
	}
	for _, row := range rows {
		if row.Key != own && e.rowShows(row, owner, p, message) {
			return row.Key, true, nil
		}
	}
	return Key{}, len(rows) == shownByMost, nil
}

// rowShows reports whether message is the live one of a row's conversation at p. Of a
// row that this version cannot decode the column shown decides.
func (e *Engine) rowShows(row *Row, owner string, p Place, message string) bool {
	r, err := row.record()
	if err != nil {
		return slices.ContainsFunc(decodeShown(row.Shown), func(s Shown) bool {
			return s.Channel == p.Channel && s.Address == p.Address && s.Message == message
		})
	}
	e.courier.share(r, row)
	r, _ = r.AsOf(owner)
	at, ok := r.Place(p.Channel, p.Address)
	return ok && r.Message(at) == message
}

// atAnother reports whether in is a tap on a message that shows another conversation.
// It asks only where r would adopt the message.
func (e *Engine) atAnother(ctx context.Context, r *Record, in *Input) (bool, error) {
	if in.atAnother || in.Kind != KindTap || in.Message == "" || !in.Place.Push {
		return in.atAnother, nil
	}
	p, _ := r.Place(in.Place.Channel, in.Place.Address)
	live := r.Message(p)
	if p.Released > 0 || live != "" && !later(in.Message, live) {
		return false, nil
	}
	key, shown, err := e.ShownBy(ctx, in.Owner, in.Place, in.Message)
	return shown && key != r.Key, err
}
