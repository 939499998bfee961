package telegram

import (
	"context"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const (
	leaseFor   = 8 * time.Second // a dead poller is replaced within leaseFor + leaseAsk; later where the store is slow
	leaseEvery = 2 * time.Second // between renewals
	leaseSpare = time.Second     // by which polling stops before the lease ends
	leaseAsk   = time.Second     // between asks of the instances without the lease
)

// leaseName is the poller's lease.
func (c *Channel) leaseName() string { return "poller:" + c.engine.Bot() }

// lease asks for the lease, and reports whether this instance may poll. The store has
// nearly the whole of the lease for its answer. While the store is away, polling goes on
// until shortly before the lease ends: nobody else can hold it yet.
func (c *Channel) lease(ctx context.Context) bool {
	if c.cfg.Lease != nil {
		return c.cfg.Lease(ctx)
	}
	ttl := min(leaseFor+2*time.Duration(c.leaseTook.Load()), dialog.LeaseMost) // two slow answers fit
	wait := ttl - leaseSpare
	if left := c.leaseLeft(); left > 0 {
		wait = left
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	asked := time.Now()
	ok, err := c.engine.Lease(ctx, c.leaseName(), ttl)
	c.leaseTook.Store(int64(time.Since(asked).Truncate(time.Second)))
	switch {
	case err != nil:
		return c.leaseLeft() > 0
	case !ok:
		c.leased.Store(0)
		return false
	}
	c.leaseTTL.Store(int64(ttl))
	c.leased.Store(asked.UnixNano())
	return c.leaseLeft() > 0
}

// leaseLeft is for how long this instance may poll. It counts from the moment at which
// the lease was asked for: the store gave it later than that.
func (c *Channel) leaseLeft() time.Duration {
	asked := c.leased.Load()
	if asked == 0 {
		return 0
	}
	return time.Duration(c.leaseTTL.Load()) - leaseSpare - time.Since(time.Unix(0, asked))
}

// renew extends the lease until it is lost, or ctx ends.
func (c *Channel) renew(ctx context.Context) {
	for wait := leaseEvery; sleep(ctx, wait); {
		asked := time.Now()
		if !c.lease(ctx) {
			return
		}
		wait = max(leaseEvery-time.Since(asked), leaseEvery/4)
	}
}

// giveLease gives the lease back, so that the next poller starts at once.
func (c *Channel) giveLease(ctx context.Context) {
	if c.cfg.Lease == nil && c.leased.Swap(0) != 0 {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseEvery)
		defer cancel()
		_, _ = c.engine.Lease(last, c.leaseName(), 0)
	}
}
