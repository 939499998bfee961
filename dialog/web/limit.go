package web

import (
	"sync"
	"time"
)

// recent is a map that forgets what was not used lately: two generations of at
// most max entries each, so that memory is bounded whoever comes.
type recent[V any] struct {
	max      int
	cur, old map[string]V
}

func newRecent[V any](most int) *recent[V] { return &recent[V]{max: most, cur: map[string]V{}} }

func (m *recent[V]) get(key string) (v V, ok bool) {
	if v, ok = m.cur[key]; ok {
		return v, true
	}
	v, ok = m.old[key]
	return v, ok
}

func (m *recent[V]) put(key string, v V) {
	if _, there := m.cur[key]; !there && len(m.cur) >= m.max {
		m.cur, m.old = make(map[string]V, m.max/4), m.cur
	}
	m.cur[key] = v
}

// limiter is a token bucket per key. A nil limiter lets everything through.
// Safe for concurrent use.
type limiter struct {
	mu      sync.Mutex
	rate    float64 // tokens a second
	burst   float64
	buckets *recent[bucket]
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: max(burst, 1), buckets: newRecent[bucket](1 << 16)}
}

// take takes a token; if there is none, wait is when there will be one.
func (l *limiter) take(key string, now time.Time) (wait time.Duration) {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets.get(key)
	if !ok {
		b = bucket{tokens: l.burst, at: now}
	}
	if d := now.Sub(b.at); d > 0 {
		b.tokens, b.at = min(l.burst, b.tokens+d.Seconds()*l.rate), now
	}
	if b.tokens < 1 {
		wait = time.Duration((1 - b.tokens) / l.rate * float64(time.Second))
	} else {
		b.tokens--
	}
	l.buckets.put(key, b)
	return wait
}
