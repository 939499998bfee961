package dialog

import (
	"context"
	"strconv"
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

// peerEvery is how often the sweeper asks who is still there. With leaseFor it
// bounds how long the cards of a dead instance wait: ten seconds.
const peerEvery = 2 * time.Second

// slotMost bounds how many instances share a database.
const slotMost = 256

// peers tells the sweeper when an instance has died: what it had committed and
// not yet shown is then shown by another. Each instance holds the lease of one
// slot, the lowest that is free; whoever finds a slot free that was held before
// knows that its holder is gone.
type peers struct {
	e      *Engine
	slot   int          // ours, -1: none yet
	ours   tenure       // of slot
	held   map[int]bool // slots that somebody held when last asked
	asked  time.Time
	failed bool // the last question had no answer: somebody may have gone unseen
}

func (e *Engine) slotName(n int) string { return "instance:" + e.cfg.Bot + ":" + strconv.Itoa(n) }

// stay keeps our slot, or takes one.
func (p *peers) stay(ctx context.Context) error {
	if p.slot >= 0 {
		got, err := p.ours.keep(ctx)
		if err != nil || got {
			return err
		}
		p.slot = -1 // it ran out, and another took it
	}
	for n := range slotMost {
		p.ours = tenure{e: p.e, name: p.e.slotName(n)}
		got, err := p.ours.keep(ctx)
		if err != nil {
			return err
		}
		if got {
			p.slot = n
			return nil
		}
	}
	return nil
}

// fallen reports whether an instance that was there is gone. For the sweeper.
func (p *peers) fallen(ctx context.Context) bool {
	now := p.e.cfg.Now()
	if now.Sub(p.asked) < peerEvery {
		return false
	}
	p.asked = now
	gone, free := false, 0
	for n := 0; n < slotMost && free < 2; n++ {
		if n == p.slot {
			continue
		}
		nobody, err := p.e.store.Lease(ctx, p.e.slotName(n), p.e.cfg.Instance, 0) // only looks: it is not ours
		if err != nil {
			p.failed = true
			return false
		}
		if !nobody {
			p.held[n], free = true, 0
			continue
		}
		free++
		gone = gone || p.held[n]
		delete(p.held, n)
	}
	gone = gone || p.failed
	p.failed = false
	return gone
}

// leave gives our slot back.
func (p *peers) leave(ctx context.Context) {
	if p.slot >= 0 {
		p.ours.give(ctx)
	}
}
