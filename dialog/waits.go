package dialog

import "time"

// wait is the wait of one goroutine of the courier for a time of the engine's clock.
type wait struct {
	until time.Time
	asked bool          // a chat has asked for it: a new record does not end it
	over  chan struct{} // closed at the end
	timer *time.Timer
}

// wait begins a wait; nil while closing, when nobody waits. c.mu is held.
func (c *courier) wait(d time.Duration, asked bool) *wait {
	if c.closing {
		return nil
	}
	w := &wait{until: c.e.cfg.Now().Add(d), asked: asked, over: make(chan struct{})}
	c.waits[w] = struct{}{}
	w.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if left := w.until.Sub(c.e.cfg.Now()); left > 0 { // a test turns the clock
			w.timer.Reset(left)
			return
		}
		c.endWait(w)
	})
	return w
}

// endWait ends a wait, which may be nil or over; c.mu is held.
func (c *courier) endWait(w *wait) {
	if _, there := c.waits[w]; there {
		delete(c.waits, w)
		w.timer.Stop()
		close(w.over)
	}
}

// endWaits ends the waits whose time has come, or all of them; c.mu is held.
func (c *courier) endWaits(all bool) {
	now := c.e.cfg.Now()
	for w := range c.waits {
		if all || !now.Before(w.until) {
			c.endWait(w)
		}
	}
}
