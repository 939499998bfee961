package dialog

import (
	"context"
	"strconv"
	"time"
)

// The lease of the open door says since when the service has answered: its holder is that
// time, in unix milliseconds. Whoever sweeps extends it under that name, and nobody gives it
// back, so that a restart goes on with it. Without anybody who sweeps it runs out, and the
// next one begins anew.
const (
	openFor   = time.Minute      // how long the door counts as open without anybody who sweeps
	openEvery = 10 * time.Second // how often the lease is extended
	openFresh = 30 * time.Second // how long an answer of the store counts
)

// door is what a process knows of the lease, by the system's clock.
type door struct {
	since time.Time // zero: nobody holds it
	asked time.Time // when the store said so
	kept  time.Time // when this process extended it; zero: it did not
}

func (e *Engine) doorName() string { return "open:" + e.cfg.Bot }

// wall is the system's clock. Unlike the monotonic one it goes on while a machine is suspended.
func (e *Engine) wall() time.Time { return e.cfg.Now().Round(0) }

// lately reports whether at is less than d ago.
func (e *Engine) lately(at time.Time, d time.Duration) bool {
	age := e.wall().Sub(at)
	return !at.IsZero() && 0 <= age && age < d
}

// openSince is since when the service has answered, as far as this process knows; zero:
// unknown.
func (e *Engine) openSince() time.Time {
	if d := e.knownDoor(); e.lately(d.asked, openFresh) {
		return d.since
	}
	return time.Time{}
}

func (e *Engine) knownDoor() door {
	if d := e.door.Load(); d != nil {
		return *d
	}
	return door{}
}

// askDoor asks the store before a timer fires, unless it has answered lately. After an error
// it is what it was.
func (e *Engine) askDoor(ctx context.Context) {
	had := e.knownDoor()
	if !had.since.IsZero() && e.lately(had.asked, openEvery) {
		return
	}
	if d, err := e.readDoor(ctx); err == nil {
		d.kept = had.kept
		e.door.Store(&d)
	}
}

// readDoor reads the lease.
func (e *Engine) readDoor(ctx context.Context) (d door, err error) {
	d.asked = e.wall()
	held, err := e.store.Holders(ctx, e.doorName())
	if ms, err := strconv.ParseInt(held[e.doorName()], 10, 64); err == nil {
		d.since = time.UnixMilli(ms).UTC()
	}
	return d, err
}

// keepDoor extends the lease, or begins it anew, for whoever sweeps. A process that was paused
// between the two calls may have extended a lease that had run out: it gives that one back.
func (e *Engine) keepDoor(ctx context.Context) error {
	if e.lately(e.knownDoor().kept, openEvery) {
		return nil
	}
	d, err := e.readDoor(ctx)
	if err != nil {
		return err
	}
	if d.since.IsZero() {
		d.since = e.Now().UTC().Truncate(time.Millisecond)
	}
	holder := itoa(d.since.UnixMilli())
	got, err := e.store.Lease(ctx, e.doorName(), holder, openFor)
	switch {
	case err != nil || !got: // another one has begun it
		return err
	case !e.lately(d.asked, openEvery):
		_, err = e.store.Lease(ctx, e.doorName(), holder, 0)
		return err
	}
	d.kept = d.asked
	e.door.Store(&d)
	return nil
}
