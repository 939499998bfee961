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
