package dialog

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// peerEvery is how old the list of instances may be. With leaseFor it bounds how long
// the cards of a dead instance wait: ten seconds.
const peerEvery = 2 * time.Second

// slotMost bounds how many instances share a database.
const slotMost = 256

// peers lists the running instances. Each one holds, under its name, the lease of one
// slot: the lowest that was free.
type peers struct {
	e      *Engine
	own    lease           // of this instance's slot; without a name: none yet
	seen   map[string]bool // the list at the sweeper's last call of departed
	failed bool            // that call had an error: an instance may have come and gone unseen

	mu     sync.Mutex
	latest map[string]bool // :: instance → it holds a slot; never written to
	asked  time.Time       // when latest was read; zero: never
}

func (e *Engine) slots() string { return "instance:" + e.cfg.Bot + ":" }

// stay keeps this instance's slot, or takes one.
func (p *peers) stay(ctx context.Context) error {
	if p.own.name != "" {
		got, err := p.own.keep(ctx)
		if err != nil || got {
			return err
		}
		p.own = lease{} // the lease ran out, and another instance took the slot
	}
	for n := range slotMost {
		slot := lease{e: p.e, name: p.e.slots() + strconv.Itoa(n)}
		got, err := slot.keep(ctx)
		if err != nil {
			return err
		}
		if got {
			p.own = slot
			return nil
		}
	}
	return nil
}

// leave gives this instance's slot back.
func (p *peers) leave(ctx context.Context) {
	if p.own.name != "" {
		p.own.release(ctx)
	}
}

// list returns the instances that hold a slot, as of at most peerEvery ago.
func (p *peers) list(ctx context.Context) (map[string]bool, error) {
	now := p.e.cfg.Now()
	p.mu.Lock()
	latest, age := p.latest, now.Sub(p.asked)
	p.mu.Unlock()
	if latest != nil && 0 <= age && age < peerEvery {
		return latest, nil
	}
	holders, err := p.e.store.Holders(ctx, p.e.slots())
	if err != nil {
		return nil, err
	}
	latest = map[string]bool{}
	for _, instance := range holders {
		latest[instance] = true
	}
	p.mu.Lock()
	p.latest, p.asked = latest, now
	p.mu.Unlock()
	return latest, nil
}

// neighbour reports whether another process of this host holds a slot.
func (e *Engine) neighbour(ctx context.Context) (bool, error) {
	holders, err := e.store.Holders(ctx, e.slots())
	for _, instance := range holders {
		if instance != e.cfg.Instance && e.sameHost(instance) {
			return true, nil
		}
	}
	return false, err
}

// departed reports whether an instance has gone since the last call, or may have gone
// unseen: it may have left cards that are committed and not shown. For the sweeper.
func (p *peers) departed(ctx context.Context) bool {
	latest, err := p.list(ctx)
	if err != nil {
		p.failed = true
		return false
	}
	gone := p.failed
	for instance := range p.seen {
		gone = gone || !latest[instance]
	}
	p.seen, p.failed = latest, false
	return gone
}

// gone reports whether no live instance holds this name. It is false where that is
// unknown: on an error, and in an engine that does not run. Only the cause of a
// rehydration depends on it.
func (e *Engine) gone(ctx context.Context, instance string) bool {
	p := e.peers.Load()
	if p == nil || instance == "" {
		return false
	}
	latest, err := p.list(ctx)
	return err == nil && !latest[instance]
}
