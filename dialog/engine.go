package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Engine runs many flows on one store. Its methods may be called concurrently.
type Engine struct {
	cfg      Config
	store    Store
	flows    map[string]Flow
	order    []Flow
	cache    *cache
	locks    keyLocks
	batch    *batcher
	courier  *courier
	began    time.Time    // with a monotonic reading
	clockOff atomic.Int64 // nanoseconds from this process's clock to the store's
	held     heldDrafts
	sealing  sealKey
	copies   copies
	peers    atomic.Pointer[peers] // nil: this engine does not run
	watches  watches
	door     atomic.Pointer[door] // nil: not asked for yet
	parked   failures[parked]     // inputs that a newer instance may understand
	unread   failures[Key]        // drafts that cannot be read
	failed   failures[parked]     // inputs whose failure is logged
	unfired  unfired              // timers that this version cannot fire
	daily    daily
	untold   untold
	holder   string   // holder of the leases that Lease takes: the instance and a random part
	asked    sync.Map // leases that this engine has asked for :: name → true
	running  running
	draining atomic.Bool
}

// New makes an engine. Inputs go to the first flow unless their draft id matches another
// (see [Matcher]). A flow may have a method Check, whose error ends New, and a method
// Untold, whose codes without a text are reported as trouble.
func New(store Store, cfg Config, flows ...Flow) (*Engine, error) {
	if len(flows) == 0 {
		return nil, errors.New("dialog: no flow")
	}
	cfg = cfg.withDefaults()
	if strings.Contains(cfg.Bot, ":") {
		return nil, fmt.Errorf("dialog: bot %q: the name has no colon", cfg.Bot)
	}
	e := &Engine{cfg: cfg, store: store, began: cfg.Now(), flows: map[string]Flow{}, order: flows, cache: newCache(cfg.CacheBytes), copies: copies{waiting: map[Key]waitingCopy{}}}
	e.holder = fmt.Sprintf("%s.%06x", cfg.Instance, cryptoRandom()&0xffffff)
	e.parked.pause, e.failed.pause, e.unread.pause = parkedPause, parkedPause, unreadPause
	for _, f := range flows {
		name := f.FlowName()
		if _, twice := e.flows[name]; twice || slices.Contains([]string{"", AsideFlow, readyFlow}, name) || strings.Contains(name, ":") {
			return nil, fmt.Errorf("dialog: flow %q: names are unique, not empty, not %q or %q, and have no colon", name, AsideFlow, readyFlow)
		}
		if c, ok := f.(interface{ Check() error }); ok {
			if err := c.Check(); err != nil {
				return nil, fmt.Errorf("dialog: flow %q: %w", f.FlowName(), err)
			}
		}
		e.flows[f.FlowName()] = f
	}
	e.courier = newCourier(e)
	e.batch = newBatcher(e)
	for _, f := range flows {
		if u, ok := f.(interface{ Untold() []string }); ok {
			for _, code := range u.Untold() {
				e.untold.report(e, code)
			}
		}
	}
	return e, nil
}

// Attach adds channels that push. Call it before the first input.
func (e *Engine) Attach(channels ...Channel) {
	for _, c := range channels {
		e.courier.channels[c.Name()] = c
	}
}

// Bot is the first part of every key.
func (e *Engine) Bot() string { return e.cfg.Bot }

// Host is the part of Config.Instance that survives a restart. Machines of one name share
// it.
func (e *Engine) Host() string {
	host, _, _ := strings.Cut(e.cfg.Instance, ".")
	return host
}

// Zone of the times that cards show.
func (e *Engine) Zone() *time.Location { return e.cfg.Zone }

// Secret returns the store's secret of this name, which all instances share. The first
// caller's initial becomes the secret. Errors are ErrUnavailable.
func (e *Engine) Secret(ctx context.Context, name string, initial []byte) ([]byte, error) {
	secret, err := e.store.Secret(ctx, name, initial)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, unavailable(err))
	}
	return secret, nil
}

// Stats of the engine.
type Stats struct {
	CachedRecords, CachedBytes int
	Batches, Turns             int64
	Couriers                   int
	Waiting                    int // couriers that wait for a retry or for a chat's pause
	Marks                      int // conversations whose shown cards are not yet written to the store
}

// Stats returns the engine's counts. It also ends the waits that are over by a clock that a
// test has turned: a timer cannot know of it.
func (e *Engine) Stats() Stats {
	var s Stats
	s.CachedRecords, s.CachedBytes = e.cache.stats()
	e.batch.mu.Lock()
	s.Batches, s.Turns = e.batch.batches, e.batch.turns
	e.batch.mu.Unlock()
	s.Couriers, s.Waiting, s.Marks = e.courier.active()
	return s
}

// gate is a point where a test may stop this process, or let it die.
func (e *Engine) gate(point string, key Key) {
	if e.cfg.Gate != nil {
		e.cfg.Gate(point + " " + key.Path())
	}
}

// Refresh drops a conversation from the cache, because another instance has changed it, and
// tells its watchers. A draft that is in memory only stays: it may still be the current one.
func (e *Engine) Refresh(key Key) {
	if r := e.cache.get(key); r != nil && r.Where != InMemory {
		e.cache.drop(key)
	}
	e.watches.tell(key)
}

// Evict empties the cache; for tests.
func (e *Engine) Evict() { e.cache.clear() }

// Close ends Run, rejects new inputs, lets couriers finish, writes the queued turns, marks and events,
// and stops. When ctx ends, it waits two seconds more for Run, two for effects that ignore
// their context, and two for the store. The error is ErrUnavailable if events or marks could
// not be written: those events are lost, and a card may be shown once more. Killing the
// process is just as safe. Close may be called again, and concurrently: each call returns when
// the engine has stopped.
func (e *Engine) Close(ctx context.Context) error {
	over := e.running.close() // first, so that no timer of a sweep is rejected
	e.draining.Store(true)
	waitOver(ctx, over)
	e.courier.drain(ctx)
	e.batch.close(ctx)
	return e.batch.unwritten()
}
