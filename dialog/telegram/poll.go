package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	pollSeconds  = 50 // of a getUpdates that waits
	pollTimeout  = (pollSeconds + 15) * time.Second
	pollers      = 64                     // updates handled at once
	settle       = time.Second            // how long a poll waits for those of the last
	glance       = 300 * time.Millisecond // between polls while an old update is still open
	conflictWait = 5 * time.Second        // after a 409
	againFirst   = 100 * time.Millisecond // after a failed commit, doubled up to againMost
	againMost    = 5 * time.Second
	leaseFor     = 8 * time.Second // a dead poller is followed within this and leaseEvery
	leaseEvery   = 2 * time.Second
	leaseAsk     = time.Second // how often one asks who does not hold it
)

// poll receives by long polling while this instance holds the lease.
func (c *Channel) poll(ctx context.Context) {
	for ctx.Err() == nil {
		if c.lease(ctx) {
			c.pollHeld(ctx)
		} else {
			sleep(ctx, leaseAsk)
		}
	}
	if c.cfg.Lease == nil && c.leased.Load() != 0 {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseEvery)
		defer cancel()
		_, _ = c.engine.Store().Lease(last, c.leaseName(), c.engine.Host(), 0)
	}
}

// leaseName is held in the name of the host: who is started again need not wait
// for the end of its own lease.
func (c *Channel) leaseName() string { return "poller:" + c.engine.Bot() }

// lease asks whether we may poll. A store that does not answer is no reason to
// stop before the lease has run out: nobody else can have it.
func (c *Channel) lease(ctx context.Context) bool {
	if c.cfg.Lease != nil {
		return c.cfg.Lease(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, leaseEvery)
	defer cancel()
	asked := time.Now()
	ok, err := c.engine.Store().Lease(ctx, c.leaseName(), c.engine.Host(), leaseFor)
	if err != nil {
		last := c.leased.Load()
		return last != 0 && time.Since(time.Unix(0, last)) < leaseFor-2*leaseEvery
	}
	if !ok {
		c.leased.Store(0)
		return false
	}
	c.leased.Store(asked.UnixNano())
	return true
}

// pollHeld polls until the lease is lost, which also ends the call that waits.
func (c *Channel) pollHeld(ctx context.Context) {
	held, lost := context.WithCancel(ctx)
	p := &poller{c: c, open: map[int64]bool{}, lanes: map[string][]job{}, slots: make(chan struct{}, pollers), done: make(chan struct{}, 1)}
	defer p.wg.Wait()
	defer lost()
	p.wg.Go(func() {
		for sleep(held, leaseEvery) {
			if !c.lease(held) {
				lost()
			}
		}
	})
	c.until(held, "deleteWebhook", c.deleteWebhook)
	said := false
	for wait := againFirst; held.Err() == nil; {
		err := p.round(held)
		if err == nil {
			wait, said = againFirst, false
			continue
		}
		if held.Err() != nil {
			return
		}
		var e *APIError
		switch conflict := errors.As(err, &e) && e.Code == http.StatusConflict; {
		case conflict:
			if !said {
				c.log.Error("telegram: somebody else takes this bot's updates: another program polls with the same token, or a webhook is set")
			}
			wait, said = conflictWait, true
			if e.says("webhook") {
				_ = c.deleteWebhook(held) // set again meanwhile; the next round tells
			}
		case !said:
			c.log.Warn("telegram: polling failed and goes on", "error", err)
			said = true
		}
		if e != nil {
			wait = max(wait, e.RetryAfter)
		}
		sleep(held, wait)
		wait = min(2*wait, tryMost/2)
	}
}

// poller hands updates to workers: those of one person in their order, others
// side by side. The offset passes an update only when it and all below it are
// committed; one that is stuck holds up nobody but its own person.
type poller struct {
	c     *Channel
	slots chan struct{}
	done  chan struct{} // something was committed
	wg    sync.WaitGroup

	mu    sync.Mutex
	next  int64            // offset; 0: whatever is there
	open  map[int64]bool   // update id → not committed yet
	lanes map[string][]job // person → what waits behind the one being handled
}

type job struct {
	u   update
	raw json.RawMessage
}

// round is one getUpdates and what follows from it.
func (p *poller) round(ctx context.Context) error {
	offset, busy := p.offset()
	seconds := pollSeconds
	if busy {
		seconds = 0
	}
	list, err := call[[]json.RawMessage](ctx, p.c.api, "getUpdates", struct {
		Offset  int64    `json:"offset,omitempty"`
		Limit   int      `json:"limit"`
		Timeout int      `json:"timeout"`
		Allowed []string `json:"allowed_updates"`
	}{offset, 100, seconds, allowedUpdates}, pollTimeout)
	if err != nil {
		return err
	}
	fresh := 0
	for _, raw := range list {
		u, err := parse(raw)
		if !p.take(u.ID) {
			continue
		}
		fresh++
		if err != nil {
			p.c.log.Error("telegram: an update cannot be read and is passed over", "update", u.ID)
			p.finish(u.ID)
			continue
		}
		p.dispatch(ctx, job{u, raw})
	}
	switch {
	case fresh > 0:
		p.wait(ctx, settle)
	case busy:
		p.wait(ctx, glance)
	case len(list) == 0:
		// all is confirmed: after a quiet week ids begin anew, perhaps lower
		p.mu.Lock()
		p.next = 0
		p.mu.Unlock()
	}
	return nil
}

// offset is the next update to ask for; busy: some before the newest are still open.
func (p *poller) offset() (offset int64, busy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lowest int64
	for id, open := range p.open {
		if open && (!busy || id < lowest) {
			lowest, busy = id, true
		}
		p.next = max(p.next, id+1)
	}
	offset = p.next
	if busy {
		offset = lowest
	}
	for id := range p.open {
		if id < offset {
			delete(p.open, id)
		}
	}
	return offset, busy
}

// take reports whether an update is new, and notes that it is open.
func (p *poller) take(id int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.open[id]; known {
		return false
	}
	p.open[id] = true
	return true
}

func (p *poller) finish(id int64) {
	p.mu.Lock()
	p.open[id] = false
	p.mu.Unlock()
	select {
	case p.done <- struct{}{}:
	default:
	}
}

// wait returns when no update is open, or after d.
func (p *poller) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		if _, busy := p.offset(); !busy {
			return
		}
		select {
		case <-p.done:
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// dispatch hands an update to its person's lane.
func (p *poller) dispatch(ctx context.Context, j job) {
	owner := ""
	if in, ok := decode(&j.u, p.c.bot); ok {
		owner = in.Owner
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if waiting, running := p.lanes[owner]; running {
		p.lanes[owner] = append(waiting, j)
		return
	}
	p.lanes[owner] = nil
	p.wg.Go(func() { p.lane(ctx, owner, j) })
}

// lane handles the updates of one person one after another.
func (p *poller) lane(ctx context.Context, owner string, j job) {
	for {
		p.do(ctx, j)
		p.mu.Lock()
		waiting := p.lanes[owner]
		if len(waiting) == 0 || ctx.Err() != nil {
			delete(p.lanes, owner)
			p.mu.Unlock()
			return
		}
		j, p.lanes[owner] = waiting[0], waiting[1:]
		p.mu.Unlock()
	}
}

// do handles one update until it is committed, and answers it. Without a commit
// it stays open, and comes again to whoever polls next.
func (p *poller) do(ctx context.Context, j job) {
	for wait := againFirst; ; wait = min(2*wait, againMost) {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		r, err := p.c.handle(ctx, &j.u, j.raw, false)
		<-p.slots
		if err == nil {
			p.finish(j.u.ID)
			if r.method != "" {
				p.wg.Go(func() { p.c.answer(ctx, &r) })
			}
			return
		}
		if !errors.Is(err, errTooMany) && ctx.Err() == nil {
			p.c.log.Warn("telegram: an update is tried again", "update", j.u.ID, "in", wait, "error", err)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// answer makes the call that a webhook would carry in its 200, unless it has to be
// left. That a tap is too old for an answer is no news.
func (c *Channel) answer(ctx context.Context, r *reply) {
	ask := c.pace.spare
	if r.method == "sendMessage" {
		ask = c.pace.answer
	}
	if c.turn(ctx, r.chat, ask) != nil {
		return
	}
	if _, err := c.api.send(ctx, r.method, r.append(nil, false)); c.settled(r.chat, err) != nil && ctx.Err() == nil {
		c.log.Warn("telegram: an answer failed", "error", err)
	}
}
