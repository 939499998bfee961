package dialog

import (
	"context"
	"time"
)

// The ends of a host's earlier life: the cause of EventUp.
const (
	endedByStop  = "stop"  // it wrote EventDown
	endedByCrash = "crash" // it died before that
)

// rise is the beginning of an engine's life. A lease under the name of the host records its
// state: the holder is "running" or "stopped". No other host takes that lease, so its holder
// may give it back even after its end. The next life learns the state by giving the lease
// back in the name of each holder.
type rise struct {
	e     *Engine
	at    time.Time
	asked bool // cause is known
	cause string
	told  bool
}

func (r *rise) lease(ctx context.Context, holder string, ttl time.Duration) (bool, error) {
	return r.e.store.Lease(ctx, "life:"+r.e.cfg.Bot+":"+r.e.Host(), holder, ttl)
}

// tell logs EventUp, once, as soon as the store is there.
func (r *rise) tell(ctx context.Context) {
	if r.told {
		return
	}
	if err := r.begin(ctx); err != nil {
		if ctx.Err() == nil {
			r.e.trouble("lease", err)
		}
		return
	}
	r.told = true
	r.e.batch.log(Event{Kind: EventUp, Instance: r.e.cfg.Instance, Cause: r.cause, At: r.at})
}

// begin learns how the earlier life ended, and records that this one runs.
func (r *rise) begin(ctx context.Context) error {
	if !r.asked {
		stopped, err := r.lease(ctx, "stopped", 0)
		crashed := false
		if err == nil && !stopped {
			crashed, err = r.lease(ctx, "running", 0)
		}
		switch {
		case err != nil:
			return err
		case stopped:
			r.cause = endedByStop
		case crashed:
			r.cause = endedByCrash
		}
		r.asked = true
	}
	_, err := r.lease(ctx, "running", LeaseMost)
	return err
}

// end records that this life was stopped.
func (r *rise) end(ctx context.Context) {
	if r.told {
		_, _ = r.lease(ctx, "running", 0) // on an error it counts as a crash
		_, _ = r.lease(ctx, "stopped", LeaseMost)
	}
}
