package dialog

import (
	"context"
	"errors"
	"fmt"
)

// readyFlow is the flow of the row that Ready writes and deletes.
const readyFlow = "ready"

// Ready reports whether a turn can be committed: it commits one, with a row of the size of
// a conversation, and deletes the row. An error is ErrUnavailable.
func (e *Engine) Ready(ctx context.Context) error {
	row := &Row{Head: Head{Key: Key{e.cfg.Bot, readyFlow, e.Host()}, Version: 1, Tag: e.tag(), Format: AsideFormat}, State: make([]byte, 4<<10)}
	for range 2 {
		done, err := e.store.Commit(ctx, &Batch{Writes: []*Write{{After: row}}})
		switch {
		case err != nil:
			return fmt.Errorf("commit a turn: %w", unavailable(err))
		case done.Verdicts[0] == Applied:
			return e.forgetReady(ctx, row.Key, row.Stamp())
		}
		// An earlier call died before it deleted its row, or another one is at work.
		left, err := e.store.Head(ctx, row.Key)
		if err == nil {
			err = e.forgetReady(ctx, row.Key, left.Stamp())
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("delete a row: %w", unavailable(err))
		}
	}
	return nil // others commit beside this one
}

func (e *Engine) forgetReady(ctx context.Context, key Key, at Stamp) error {
	err := e.store.Forget(ctx, key, at)
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) {
		return nil
	}
	return fmt.Errorf("delete a row: %w", unavailable(err))
}
