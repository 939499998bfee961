package dialog

import (
	"sync"
	"time"
)

const (
	unfiredPause = 5 * time.Minute // before the next try
	unfiredMost  = 10_000          // remembered at a time
)

// unfired are the timers that this version cannot fire, because their turns have a defect
// or need a newer version, and the rows that it cannot read. Each is reported once, and rests
// for a pause.
type unfired struct {
	mu    sync.Mutex
	until map[unfiredTimer]time.Time // :: timer → when it is tried again
}

type unfiredTimer struct {
	key  Key
	wake string // the id of its input; empty: the row cannot be read
}

// first reports whether x was not reported yet.
func (u *unfired) first(x unfiredTimer) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.until[x]; known {
		return false
	}
	u.put(x, time.Time{})
	return true
}

// rest has x rest until then.
func (u *unfired) rest(x unfiredTimer, until time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.put(x, until)
}

// put is rest; u.mu is held.
func (u *unfired) put(x unfiredTimer, until time.Time) {
	if _, known := u.until[x]; u.until == nil || !known && len(u.until) >= unfiredMost {
		u.until = map[unfiredTimer]time.Time{}
	}
	u.until[x] = until
}

// rests reports whether x rests.
func (u *unfired) rests(x unfiredTimer, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return now.Before(u.until[x])
}

// dueTimer is the earliest timer of r that is due and does not rest.
func (e *Engine) dueTimer(r *Record) (t Timer, ok bool) {
	now := e.Now()
	for _, t := range r.dueTimers(now.UnixMilli()) {
		if !e.unfired.rests(unfiredTimer{r.Key, wakeInput(r.Key, t).ID}, now) {
			return t, true
		}
	}
	return Timer{}, false
}
