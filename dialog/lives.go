package dialog

import (
	"context"
	"sync"
	"time"
)

const (
	lifeFor   = 30 * time.Second // a killed instance passes for alive for so long
	lifeEvery = 10 * time.Second // how often it says that it lives, and how long what is known of others holds
	livesMost = 1000             // instances that are known of
)

// lives tells an instance that is gone from one that has moved on: a new process
// need not have the name of the old one's machine. Each instance that runs holds
// a lease under its own name. Only the cause of a rehydration hangs on it.
type lives struct {
	mu    sync.Mutex
	since time.Time       // when ours was last extended; zero: this engine does not run
	known map[string]life // :: instance → what was found
	clear []string        // instances that are gone, whose leases are to be deleted
}

type life struct {
	gone bool
	at   time.Time
}

func (e *Engine) lifeName(instance string) string { return "life:" + e.cfg.Bot + ":" + instance }

// live says, when it is time, that this instance lives. What killed ones have
// left is deleted.
func (e *Engine) live(ctx context.Context) error {
	now := e.cfg.Now()
	e.lives.mu.Lock()
	age, dead := now.Sub(e.lives.since), e.lives.clear
	e.lives.clear = nil
	e.lives.mu.Unlock()
	for _, instance := range dead {
		if got, err := e.store.Lease(ctx, e.lifeName(instance), e.cfg.Instance, time.Second); got && err == nil {
			_, _ = e.store.Lease(ctx, e.lifeName(instance), e.cfg.Instance, 0)
		}
	}
	if 0 <= age && age < lifeEvery {
		return nil
	}
	_, err := e.store.Lease(ctx, e.lifeName(e.cfg.Instance), e.cfg.Instance, lifeFor)
	if err == nil {
		e.lives.mu.Lock()
		e.lives.since = now
		e.lives.mu.Unlock()
	}
	return err
}

// die says that it is about to end.
func (e *Engine) die(ctx context.Context) {
	_, _ = e.store.Lease(ctx, e.lifeName(e.cfg.Instance), e.cfg.Instance, 0) // else it runs out
}

// gone reports whether instance is known to live no more. An engine that does not
// run knows of nobody.
func (e *Engine) gone(ctx context.Context, instance string) bool {
	now := e.cfg.Now()
	e.lives.mu.Lock()
	l, known := e.lives.known[instance]
	runs := !e.lives.since.IsZero()
	e.lives.mu.Unlock()
	if age := now.Sub(l.at); known && 0 <= age && age < lifeEvery {
		return l.gone
	}
	if !runs || instance == "" {
		return false
	}
	nobody, err := e.store.Lease(ctx, e.lifeName(instance), e.cfg.Instance, 0) // only looks: it is not ours
	if err != nil {
		return false
	}
	e.lives.mu.Lock()
	defer e.lives.mu.Unlock()
	if e.lives.known == nil || len(e.lives.known) >= livesMost {
		e.lives.known = map[string]life{}
	}
	if nobody && !l.gone {
		e.lives.clear = append(e.lives.clear, instance)
	}
	e.lives.known[instance] = life{nobody, now}
	return nobody
}
