package dialog

import (
	"container/heap"
	"time"
)

// napLook is how often the earliest nap is compared with the engine's clock, which may
// have been set forward.
const napLook = 50 * time.Millisecond

// nap is the wait of one goroutine of the courier for a time of the engine's clock.
type nap struct {
	until time.Time
	asked bool          // a chat has asked for it: a new record does not end it
	over  chan struct{} // closed at the end
	at    int           // index in naps; -1: over
}

// naps are a heap of the waits, the earliest first, with one timer for all: thousands of
// waits cost no more timers than one. The courier's lock guards them.
type naps struct {
	list    []*nap
	ticking bool // a timer runs
}

func (s *naps) Len() int           { return len(s.list) }
func (s *naps) Less(i, j int) bool { return s.list[i].until.Before(s.list[j].until) }

func (s *naps) Swap(i, j int) {
	s.list[i], s.list[j] = s.list[j], s.list[i]
	s.list[i].at, s.list[j].at = i, j
}

func (s *naps) Push(x any) {
	n := x.(*nap)
	n.at = len(s.list)
	s.list = append(s.list, n)
}

func (s *naps) Pop() any {
	last := len(s.list) - 1
	n := s.list[last]
	s.list[last] = nil
	s.list = s.list[:last]
	n.at = -1
	return n
}

// nap begins a wait; nil while closing, when nobody waits. c.mu is held.
func (c *courier) nap(d time.Duration, asked bool) *nap {
	if c.closing {
		return nil
	}
	n := &nap{until: c.e.cfg.Now().Add(d), asked: asked, over: make(chan struct{})}
	heap.Push(&c.naps, n)
	c.tick()
	return n
}

// sleep waits for the end of a nap, which may be nil.
func (n *nap) sleep() {
	if n != nil {
		<-n.over
	}
}

// rouse ends a nap, which may be nil or over; c.mu is held.
func (c *courier) rouse(n *nap) {
	if n != nil && n.at >= 0 {
		heap.Remove(&c.naps, n.at)
		close(n.over)
	}
}

// rouseDue ends the naps whose time has come, or all of them; c.mu is held.
func (c *courier) rouseDue(all bool) {
	now := c.e.cfg.Now()
	for c.naps.Len() > 0 && (all || !now.Before(c.naps.list[0].until)) {
		c.rouse(c.naps.list[0])
	}
}

// tick sets the timer if there are naps; c.mu is held.
func (c *courier) tick() {
	if c.naps.ticking || c.naps.Len() == 0 {
		return
	}
	c.naps.ticking = true
	time.AfterFunc(min(c.naps.list[0].until.Sub(c.e.cfg.Now()), napLook), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.naps.ticking = false
		c.rouseDue(false)
		c.tick()
	})
}
