package dialog

import (
	"context"
	"fmt"
	"time"
)

// Now is the store's clock, as far as its answers told.
func (e *Engine) Now() time.Time { return e.clock().Add(time.Duration(e.clockOff.Load())) }

// clock follows the monotonic clock; setting the system time does not move it.
func (e *Engine) clock() time.Time { return e.began.Add(e.cfg.Now().Sub(e.began)) }

// Sync asks the store for its time, by which all deadlines are reckoned.
func (e *Engine) Sync(ctx context.Context) error {
	told := e.askClock()
	now, err := e.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("clock of the store: %w", unavailable(err))
	}
	told(now)
	return nil
}

// askClock is called before the store is asked; the function that it returns is
// told the store's time. The store read its clock at some moment in between, which
// bounds the offset: a slow answer does not set the clock back.
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
