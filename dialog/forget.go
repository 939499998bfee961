package dialog

import (
	"context"
	"errors"
	"fmt"
)

// Forget deletes a conversation in any state, its events (see [EventLog]), and the rows set
// aside of its owner. If there is nothing of these, it returns ErrNotFound; if another
// instance has just changed the conversation, ErrConflict; if a newer version wrote it and
// may keep more that belongs to it, ErrSchemaNewer. Other errors are ErrUnavailable: then
// a part may be deleted, and calling Forget again deletes the rest.
func (e *Engine) Forget(ctx context.Context, key Key) error { return e.ForgetIf(ctx, key, nil) }

// ForgetIf is Forget, unless may returns an error for the conversation, which no turn
// changes in between: then nothing is deleted.
func (e *Engine) ForgetIf(ctx context.Context, key Key, may func(*Head) error) error {
	if err := e.locks.lock(ctx, key); err != nil {
		return fmt.Errorf("forget %s: %w", key.Masked(), unavailable(err))
	}
	defer e.locks.unlock(key)
	h, err := e.Peek(ctx, key)
	missing := errors.Is(err, ErrNotFound)
	switch {
	case missing:
	case err != nil:
		return err
	case h.Format > seatsFormat:
		return fmt.Errorf("forget %s of format %d: %w", key.Masked(), h.Format, ErrSchemaNewer)
	case !e.knows(&h):
		return fmt.Errorf("forget %s with a draft of format %d at step %q: %w", key.Masked(), h.Schema, h.Step, ErrSchemaNewer)
	}
	if !missing && may != nil {
		if err := may(&h); err != nil {
			return err
		}
	}
	aside, err := e.forgetAside(ctx, key)
	if err != nil {
		return err
	}
	if !missing {
		if err := e.forget(ctx, &h); err != nil {
			return err
		}
	}
	logged, err := e.forgetEvents(ctx, key) // last: until then turns may write more
	switch {
	case err != nil:
		return err
	case missing && !aside && !logged:
		return fmt.Errorf("forget %s: %w", key.Masked(), ErrNotFound)
	}
	return nil
}

// knows reports whether this version of the flow knows the draft of h.
func (e *Engine) knows(h *Head) bool {
	f := e.flows[h.Key.Flow]
	k, ok := f.(Knower)
	return !ok || e.asks(f, "know", func() bool { return k.Knows(h) })
}

// forget deletes a conversation that still has the stamp of h; its key is locked.
func (e *Engine) forget(ctx context.Context, h *Head) error {
	err := e.store.Forget(ctx, h.Key, h.Stamp())
	switch {
	case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound):
		return err
	case err != nil:
		return fmt.Errorf("forget %s: %w", h.Key.Masked(), unavailable(err))
	}
	e.cache.drop(h.Key)
	e.courier.forget(h.Key)
	e.forgetDrafts(ctx, h)
	return nil
}
