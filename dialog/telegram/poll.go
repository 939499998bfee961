package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
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
	c.giveLease(ctx)
}

// giveLease gives the lease back, so that the next one need not wait for its end.
func (c *Channel) giveLease(ctx context.Context) {
	if c.cfg.Lease == nil && c.leased.Swap(0) != 0 {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseEvery)
		defer cancel()
		_, _ = c.engine.Lease(last, c.leaseName(), 0)
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
	ok, err := c.engine.Lease(ctx, c.leaseName(), leaseFor)
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
	c.withLease(ctx, func(held context.Context, p *poller) {
		c.until(held, "deleteWebhook", c.deleteWebhook)
		c.until(held, "what was set aside", p.resume)
		p.wg.Go(func() { p.keep(held) })
		p.rounds(held)
	})
}

// withLease does f for as long as the lease, which this instance has, is kept.
func (c *Channel) withLease(ctx context.Context, f func(held context.Context, p *poller)) {
	held, lost := context.WithCancel(ctx)
	p := &poller{c: c, anew: lost, looked: c.engine.Now(), open: map[int64]bool{}, lanes: map[string]*lane{},
		slots: make(chan struct{}, pollers), done: make(chan struct{}, 1), ripe: make(chan struct{}, 1)}
	defer p.wg.Wait()
	defer lost()
	p.wg.Go(func() {
		for sleep(held, leaseEvery) {
			if !c.lease(held) {
				lost()
			}
		}
	})
	f(held, p)
}

// rounds polls until held ends.
func (p *poller) rounds(held context.Context) {
	c := p.c
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
// committed or set aside; one that is stuck holds up nobody but its own person.
type poller struct {
	c     *Channel
	anew  func() // ends what is done under the lease; it is taken and begun anew
	slots chan struct{}
	done  chan struct{} // an update is open no more
	ripe  chan struct{} // a lane is to be set aside
	wg    sync.WaitGroup

	looked   time.Time // when the rows of others were looked at
	troubled bool      // setting aside fails

	mu    sync.Mutex
	next  int64            // offset; 0: whatever is there
	open  map[int64]bool   // update id → not committed yet, nor set aside
	lanes map[string]*lane // by owner
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
		u, err := botapi.Parse(raw)
		if !p.take(u.ID) {
			continue
		}
		fresh++
		if err != nil {
			p.c.log.Error("telegram: an update cannot be read and is passed over", "update", u.ID)
			p.finish(u.ID)
			continue
		}
		p.dispatch(ctx, &job{u: u, raw: raw, came: time.Now()})
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
	defer p.mu.Unlock()
	p.confirm(id)
}

// confirm notes that an update is open no more; p.mu is held. What was resumed
// never was: it came before the offset.
func (p *poller) confirm(id int64) {
	if p.open[id] {
		p.open[id] = false
		notify(p.done)
	}
}

// busy reports whether anybody's updates are still to be handled.
func (p *poller) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lanes) > 0
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
