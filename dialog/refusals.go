package dialog

import (
	"maps"
	"sync"
	"time"
)

const (
	// refusedFor is how long a sender is told to come again before the engine
	// does without: another instance, or a draft store that is back, may help.
	refusedFor = time.Minute
	// An hour-old refusal says nothing of now: after this pause it begins anew.
	refusalPause = 2 * refusedFor
)

// refusals are since when keys are being refused.
type refusals struct {
	mu   sync.Mutex
	m    map[Key]refusal
	room int // how many there may be before those nobody asks for any more are dropped
}

type refusal struct{ first, last time.Time }

// again notes one more refusal of key and returns since how long it is refused.
func (r *refusals) again(key Key, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	x, ok := r.m[key]
	if !ok || now.Sub(x.last) > refusalPause {
		x.first = now
		if !ok && len(r.m) >= r.room {
			r.tidy(now)
		}
	}
	x.last = now
	r.m[key] = x
	return now.Sub(x.first)
}

// tidy drops those that nobody asks for any more; r.mu is held.
func (r *refusals) tidy(now time.Time) {
	if r.m == nil {
		r.m = map[Key]refusal{}
	}
	maps.DeleteFunc(r.m, func(_ Key, x refusal) bool { return now.Sub(x.last) > refusalPause })
	r.room = max(1000, 2*len(r.m))
}

// over notes that key is refused no more.
func (r *refusals) over(key Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.m) > 0 {
		delete(r.m, key)
	}
}
