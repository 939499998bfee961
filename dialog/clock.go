package dialog

import (
	"context"
	"fmt"
	"time"
)

// Now is the store's clock, estimated from the store's answers.
func (e *Engine) Now() time.Time { return e.clock().Add(time.Duration(e.clockOff.Load())) }

// clock follows the monotonic clock; setting the system time does not move it.
func (e *Engine) clock() time.Time { return e.began.Add(e.cfg.Now().Sub(e.began)) }

// Sync asks for the store's time, which all deadlines follow.
func (e *Engine) Sync(ctx context.Context) error {
	setClock := e.askClock()
	now, err := e.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("clock of the store: %w", unavailable(err))
	}
	setClock(now)
	return nil
}

// askClock is called before a call of the store, and its result after, with the store's
// time. The store read its clock in between, which bounds the offset: a slow answer does
// not set the clock back.
func (e *Engine) askClock() func(time.Time) {
	asked := e.clock()
	return func(t time.Time) {
		if t.IsZero() {
			return
		}
		low, high := int64(t.Sub(e.clock())), int64(t.Sub(asked))
		e.clockOff.Store(max(low, min(high, e.clockOff.Load())))
	}
}
