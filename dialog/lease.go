package dialog

import (
	"context"
	"fmt"
	"time"
)

// Lease gives the lease name to this engine, or extends it, until ttl from now; LeaseMost
// bounds ttl. It returns false while another engine holds the lease. ttl ≤ 0 gives it
// back. Errors are ErrUnavailable.
//
// A process that was killed cannot give its lease back. The engine of the next one takes
// it over from its own host, with its first call for that name and never again: of two
// machines of one name the later one gets the lease, and the other leaves it alone.
func (e *Engine) Lease(ctx context.Context, name string, ttl time.Duration) (bool, error) {
	ok, err := e.store.Lease(ctx, name, e.holder, ttl)
	if err == nil && ttl > 0 {
		if _, before := e.asked.LoadOrStore(name, true); !ok && !before {
			ok, err = e.inherit(ctx, name, ttl)
		}
	}
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", name, unavailable(err))
	}
	return ok, nil
}

// inherit takes a lease over from an earlier process of this host.
func (e *Engine) inherit(ctx context.Context, name string, ttl time.Duration) (bool, error) {
	held, err := e.store.Holders(ctx, name)
	if err != nil || !e.sameHost(held[name]) {
		return false, err
	}
	if _, err = e.store.Lease(ctx, name, held[name], 0); err != nil {
		return false, err
	}
	return e.store.Lease(ctx, name, e.holder, ttl)
}

// renewEvery is how often a held lease is extended. Each time is a commit that waits
// for the disk, even in an idle process, so it is rare; most of leaseFor is left.
const renewEvery = 2 * time.Second

// lease is a lease that this instance holds, or tries to get.
type lease struct {
	e     *Engine
	name  string
	since time.Time // when it was last extended; zero: not held
}

// keep extends the lease when it is time, or tries to get it.
func (l *lease) keep(ctx context.Context) (bool, error) {
	now := l.e.cfg.Now()
	if age := now.Sub(l.since); !l.since.IsZero() && 0 <= age && age < renewEvery {
		return true, nil
	}
	l.since = time.Time{}
	got, err := l.e.store.Lease(ctx, l.name, l.e.cfg.Instance, leaseFor)
	if got = got && err == nil; got {
		l.since = now
	}
	return got, err
}

// release gives the lease back, so that another instance need not wait for its end.
func (l *lease) release(ctx context.Context) {
	_, _ = l.e.store.Lease(ctx, l.name, l.e.cfg.Instance, 0) // on an error it runs out
}
