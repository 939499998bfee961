// Package limit is a rate limiter with bounded memory. The channels use it for the
// inputs of one person and of one address.
package limit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// keysMost is how many keys each generation of a limiter holds.
const keysMost = 1 << 16

// Limiter is a token bucket per key. It holds at most 2×65,536 buckets; a key that
// was evicted begins again with a full bucket. A nil Limiter has no limit. Safe for
// concurrent use.
type Limiter struct {
	perSecond rate.Limit
	burst     int

	mu      sync.Mutex
	buckets *Recent[*rate.Limiter] // guarded by mu
}

// New makes a limiter of perSecond tokens per second and key. A bucket holds burst
// tokens, rounded down, and at least one.
func New(perSecond, burst float64) *Limiter {
	return &Limiter{perSecond: rate.Limit(perSecond), burst: max(int(burst), 1), buckets: NewRecent[*rate.Limiter](keysMost)}
}

// PerPerson makes the limiter for the inputs of one person: perSecond inputs, with
// bursts of six seconds. It returns nil for 0 or less.
func PerPerson(perSecond float64) *Limiter {
	if perSecond <= 0 {
		return nil
	}
	return New(perSecond, 6*perSecond)
}

// Take takes a token of key and returns 0. For an empty bucket Take returns the time
// until the next token and takes nothing.
func (l *Limiter) Take(key string, now time.Time) (wait time.Duration) {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets.Get(key)
	if !ok {
		b = rate.NewLimiter(l.perSecond, l.burst)
	}
	l.buckets.Put(key, b)
	r := b.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// Give gives a token of key back.
func (l *Limiter) Give(key string, now time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets.Get(key); ok {
		b.ReserveN(now, -1)
	}
}
