package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// laneMost is how many updates of one person may wait without being set aside.
const laneMost = 32

// lane is the queue of one person's unhandled updates. poller.mu guards it.
type lane struct {
	owner   string
	jobs    []*job // the first is being handled
	running bool   // a goroutine works on them
	aside   aside
}

// job is one update to be handled.
type job struct {
	u      botapi.Update
	raw    json.RawMessage
	came   time.Time // when this process received it
	since  time.Time // when it was set aside, by the store's clock; zero: it was not
	stored bool      // the row has it, so that the offset may pass
	done   bool      // committed
}

// dispatch hands an update to its person's lane.
func (p *poller) dispatch(ctx context.Context, j *job) {
	owner := ""
	if in, ok := p.c.decode(&j.u); ok {
		owner = in.Owner
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lanes[owner]
	if l == nil {
		l = &lane{owner: owner}
		p.lanes[owner] = l
	}
	if l.hasStored(j.u.ID) { // the poller that stored it died before the offset passed it
		p.confirm(j.u.ID)
		return
	}
	l.jobs = append(l.jobs, j)
	p.run(ctx, l)
	if l.ripe(time.Now()) {
		notify(p.ripe)
	}
}

// hasStored reports whether the row has this update.
func (l *lane) hasStored(id int64) bool {
	for _, j := range l.jobs {
		if j.stored && j.u.ID == id {
			return true
		}
	}
	return false
}

// run starts a worker for a lane that has none; p.mu is held.
func (p *poller) run(ctx context.Context, l *lane) {
	if !l.running && len(l.jobs) > 0 {
		l.running = true
		p.wg.Go(func() { p.work(ctx, l) })
	}
}

// work handles the updates of one person in order, each until it is committed.
// Uncommitted updates go to the next poller.
func (p *poller) work(ctx context.Context, l *lane) {
	wait := againFirst
	for j := p.first(ctx, l); j != nil; j = p.first(ctx, l) {
		err := p.try(ctx, l, j)
		if err == nil {
			wait = againFirst
			continue
		}
		if !errors.Is(err, errTooMany) && ctx.Err() == nil {
			p.c.log.Warn("telegram: an update failed and is tried again", "update", j.u.ID, "in", wait, "error", err)
		}
		sleep(ctx, wait)
		wait = min(2*wait, againMost)
	}
}

// first returns the next update of a lane. It returns nil at the end of the lane,
// and the worker must stop then.
func (p *poller) first(ctx context.Context, l *lane) *job {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(l.jobs) > 0 && ctx.Err() == nil {
		return l.jobs[0]
	}
	l.running = false
	p.leave(l)
	return nil
}

// leave deletes an empty lane; p.mu is held.
func (p *poller) leave(l *lane) {
	switch {
	case len(l.jobs) > 0 || l.running:
	case l.aside.row():
		notify(p.ripe) // the row is deleted first
	case p.lanes[l.owner] == l:
		delete(p.lanes, l.owner)
	}
}

// try handles an update once and answers it. It holds a slot only while it works.
func (p *poller) try(ctx context.Context, l *lane, j *job) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	r, err := p.handle(ctx, l, j)
	<-p.slots
	if err != nil {
		return err
	}
	p.mu.Lock()
	if len(l.jobs) > 0 && l.jobs[0] == j {
		l.jobs = l.jobs[1:]
	}
	if j.done = true; j.stored {
		l.aside.handled++
	}
	p.confirm(j.u.ID)
	p.mu.Unlock()
	if r.method != "" {
		p.wg.Go(func() { p.c.answer(ctx, &r) })
	}
	return nil
}

// handle commits an update. For an update of a row it first checks the row.
func (p *poller) handle(ctx context.Context, l *lane, j *job) (reply, error) {
	p.mu.Lock()
	stored := j.stored
	p.mu.Unlock()
	if stored {
		if err := p.checkRow(ctx, l); err != nil {
			return reply{}, err
		}
	}
	return p.c.handle(ctx, &j.u, j.raw, false)
}

// notify wakes the reader of c, a channel with a buffer of one.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
