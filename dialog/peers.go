package dialog

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// renewEvery is how often a lease that is held is extended: each time is a commit
// that waits for the disk, also where nobody writes. Most of leaseFor is left.
const renewEvery = 2 * time.Second

// tenure is a lease for as long as this instance lives.
type tenure struct {
	e     *Engine
	name  string
	since time.Time // when it was last extended; zero: not held
}

// keep extends the lease when it is time, or tries to get it.
func (t *tenure) keep(ctx context.Context) (bool, error) {
	now := t.e.cfg.Now()
	if age := now.Sub(t.since); !t.since.IsZero() && 0 <= age && age < renewEvery {
		return true, nil
	}
	t.since = time.Time{}
	got, err := t.e.store.Lease(ctx, t.name, t.e.cfg.Instance, leaseFor)
	if got = got && err == nil; got {
		t.since = now
	}
	return got, err
}

// give gives it back, so that the next one need not wait for its end.
func (t *tenure) give(ctx context.Context) {
	_, _ = t.e.store.Lease(ctx, t.name, t.e.cfg.Instance, 0) // else it runs out
}

// peerEvery is how long it holds what is known of others. With leaseFor it
// bounds how long the cards of a dead instance wait: ten seconds.
const peerEvery = 2 * time.Second

// slotMost bounds how many instances share a database.
const slotMost = 256

// peers tells which instances live: each that runs holds, under its name, the
// lease of one slot, the lowest that is free.
type peers struct {
	e      *Engine
	ours   tenure          // of our slot; without a name: none yet
	held   map[string]bool // who was there when the sweeper last asked
	failed bool            // its last question had no answer: somebody may have gone unseen

	mu    sync.Mutex
	there map[string]bool // :: instance → it holds a slot; never written to
	asked time.Time       // zero: never
}

func (e *Engine) slots() string { return "instance:" + e.cfg.Bot + ":" }

// stay keeps our slot, or takes one.
func (p *peers) stay(ctx context.Context) error {
	if p.ours.name != "" {
		got, err := p.ours.keep(ctx)
		if err != nil || got {
			return err
		}
		p.ours = tenure{} // it ran out, and another took it
	}
	for n := range slotMost {
		slot := tenure{e: p.e, name: p.e.slots() + strconv.Itoa(n)}
		got, err := slot.keep(ctx)
		if err != nil {
			return err
		}
		if got {
			p.ours = slot
			return nil
		}
	}
	return nil
}

// leave gives our slot back.
func (p *peers) leave(ctx context.Context) {
	if p.ours.name != "" {
		p.ours.give(ctx)
	}
}

// living returns the instances that hold a slot.
func (p *peers) living(ctx context.Context) (map[string]bool, error) {
	now := p.e.cfg.Now()
	p.mu.Lock()
	there, age := p.there, now.Sub(p.asked)
	p.mu.Unlock()
	if there != nil && 0 <= age && age < peerEvery {
		return there, nil
	}
	holders, err := p.e.store.Holders(ctx, p.e.slots())
	if err != nil {
		return nil, err
	}
	there = map[string]bool{}
	for _, instance := range holders {
		there[instance] = true
	}
	p.mu.Lock()
	p.there, p.asked = there, now
	p.mu.Unlock()
	return there, nil
}

// fallen reports whether an instance that was there is gone: what it had
// committed and not yet shown is for another to show. For the sweeper.
func (p *peers) fallen(ctx context.Context) bool {
	there, err := p.living(ctx)
	if err != nil {
		p.failed = true
		return false
	}
	gone := p.failed
	for instance := range p.held {
		gone = gone || !there[instance]
	}
	p.held, p.failed = there, false
	return gone
}

// gone reports whether instance is known to live no more; a new process need not
// have the name of the old one's machine. An engine that does not run knows of
// nobody. Only the cause of a rehydration hangs on it.
func (e *Engine) gone(ctx context.Context, instance string) bool {
	p := e.peers.Load()
	if p == nil || instance == "" {
		return false
	}
	there, err := p.living(ctx)
	return err == nil && !there[instance]
}
