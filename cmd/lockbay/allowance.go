package main

import (
	"sync"
	"time"
)

// allowance is a token bucket per person: rate inputs per second, bursts of six
// seconds. People who have been quiet for a minute cost nothing.
type allowance struct {
	rate float64
	mu   sync.Mutex
	m    map[string]bucket
	swep time.Time
}

type bucket struct {
	left float64
	at   time.Time
}

func newAllowance(rate float64) *allowance { return &allowance{rate: rate, m: map[string]bucket{}} }

func (a *allowance) allow(owner string) bool {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.swep) > time.Minute {
		for k, b := range a.m {
			if now.Sub(b.at) > time.Minute {
				delete(a.m, k)
			}
		}
		a.swep = now
	}
	full := max(6*a.rate, 1)
	b, ok := a.m[owner]
	if !ok {
		b = bucket{full, now}
	}
	b.left = min(full, b.left+now.Sub(b.at).Seconds()*a.rate)
	b.at = now
	ok = b.left >= 1
	if ok {
		b.left--
	}
	a.m[owner] = b
	return ok
}
