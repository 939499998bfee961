package copystore

import (
	"context"

	"github.com/lockbay/lockbay/dialog"
)

// cursor walks all rows of a store in the order of their keys.
type cursor struct {
	store dialog.Store
	q     dialog.Query
	page  []*dialog.Row
	ended bool
}

func newCursor(store dialog.Store, page int, deep bool) *cursor {
	return &cursor{store: store, q: dialog.Query{Deep: deep, Limit: page, Strict: true}} // a row left out would be lost
}

// next returns the next row, nil after the last.
func (c *cursor) next(ctx context.Context) (*dialog.Row, error) {
	if len(c.page) == 0 && !c.ended {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		page, err := c.store.List(ctx, c.q)
		if err != nil {
			return nil, err
		}
		if c.ended = len(page) < c.q.Limit; len(page) > 0 {
			c.q.After = page[len(page)-1].Key.String()
		}
		c.page = page
	}
	if len(c.page) == 0 {
		return nil, nil
	}
	r := c.page[0]
	c.page = c.page[1:]
	return r, nil
}
