package dialog

import (
	"context"
	"time"
)

// The ends of the instance before on this host: the cause of EventUp.
const (
	endedByStop  = "stop"  // it wrote EventDown
	endedByCrash = "crash" // it died before that
)

// startup records that an instance runs, and how the one before on its host ended. A lease
// under the name of the host has the state: the holder is "running" or "stopped". No other
// host takes that lease, so its holder may give it back even after its end. The next
// instance learns the state by giving the lease back in the name of each holder.
type startup struct {
	e      *Engine
	at     time.Time
	asked  bool // cause is known
	cause  string
	logged bool
}

func (s *startup) lease(ctx context.Context, holder string, ttl time.Duration) (bool, error) {
	return s.e.store.Lease(ctx, "life:"+s.e.cfg.Bot+":"+s.e.Host(), holder, ttl)
}

// log logs EventUp, once, as soon as the store is there and the instance before is over. last: it is logged now.
func (s *startup) log(ctx context.Context, last bool) {
	if s.logged {
		return
	}
	if over, err := s.begin(ctx, last); err != nil || !over {
		s.e.troubleIn(ctx, "lease", err)
		return
	}
	s.logged = true
	s.e.batch.log(Event{Kind: EventUp, Instance: s.e.cfg.Instance, Cause: s.cause, Source: s.e.cfg.Version, At: s.at})
}

// outlast is how long a process that was killed may seem to run.
const outlast = leaseFor + time.Second

// begin learns how the instance before ended, and records that this one runs. An instance that keeps its slot for longer
// than outlast has not ended.
func (s *startup) begin(ctx context.Context, last bool) (over bool, err error) {
	runs, err := s.e.neighbour(ctx)
	if err != nil {
		return false, err
	}
	if age := s.e.Now().Sub(s.at); runs && 0 <= age && age < outlast && !last {
		return false, nil
	}
	if !s.asked && !runs {
		stopped, err := s.lease(ctx, "stopped", 0)
		crashed := false
		if err == nil && !stopped {
			crashed, err = s.lease(ctx, "running", 0)
		}
		switch {
		case err != nil:
			return false, err
		case stopped:
			s.cause = endedByStop
		case crashed:
			s.cause = endedByCrash
		}
		s.asked = true
	}
	_, err = s.lease(ctx, "running", LeaseMost)
	return err == nil, err
}

// end records that the last instance of this host was stopped.
func (s *startup) end(ctx context.Context) {
	if !s.logged {
		return
	}
	if runs, err := s.e.neighbour(ctx); err == nil && !runs {
		_, _ = s.lease(ctx, "running", 0) // on an error it counts as a crash
		_, _ = s.lease(ctx, "stopped", LeaseMost)
	}
}
