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
	settle       = time.Second            // how long a poll waits for the updates of the last one
	glance       = 300 * time.Millisecond // between polls while an old update is still open
	roundLeast   = time.Second            // of a round without a new update: some servers never wait
	conflictWait = 5 * time.Second        // after a 409
	againFirst   = 100 * time.Millisecond // after a failed commit, doubled up to againMost
	againMost    = 5 * time.Second
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

// pollHeld polls until the lease is lost; that also ends a waiting getUpdates.
func (c *Channel) pollHeld(ctx context.Context) {
	c.withLease(ctx, func(held context.Context, p *poller) {
		c.until(held, "deleteWebhook", c.deleteWebhook)
		c.until(held, backlogCall, p.resume)
		p.wg.Go(func() { p.keep(held) })
		p.rounds(held)
	})
}

// withLease runs f and renews the lease. held ends when the lease is lost.
func (c *Channel) withLease(ctx context.Context, f func(held context.Context, p *poller)) {
	held, lost := context.WithCancel(ctx)
	p := &poller{c: c, restart: lost, looked: c.engine.Now(), open: map[int64]bool{}, lanes: map[string]*lane{},
		slots: make(chan struct{}, pollers), done: make(chan struct{}, 1), ripe: make(chan struct{}, 1)}
	defer p.wg.Wait()
	defer lost()
	p.wg.Go(func() {
		c.renew(held)
		lost()
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
		var e *callError
		switch conflict := errors.As(err, &e) && e.Code == http.StatusConflict; {
		case conflict:
			if !said {
				c.log.Error("telegram: another program takes this bot's updates: it polls with the same token, or it has set a webhook; stop it, or use another token")
			}
			wait, said = conflictWait, true
			if e.says("webhook") {
				_ = c.deleteWebhook(held) // somebody set it again; the next round reports a failure
			}
		case !said:
			c.log.Warn("telegram: getUpdates failed and is tried again", "error", err)
			said = true
		}
		if e != nil {
			wait = max(wait, e.RetryAfter)
		}
		sleep(held, wait)
		wait = min(2*wait, tryMost/2)
	}
}

// poller hands updates to workers: the updates of one person in order, different
// people concurrently. The offset passes an update when it and all lower ones are
// committed or set aside, so a stuck update delays its own person only.
type poller struct {
	c       *Channel
	restart func() // gives up the lease; the next poller begins from the rows and the server
	slots   chan struct{}
	done    chan struct{} // an update was committed or set aside
	ripe    chan struct{} // a lane is ripe
	wg      sync.WaitGroup

	looked   time.Time // last search for rows of other pollers
	troubled bool      // the last setAside failed

	mu    sync.Mutex
	next  int64            // offset; 0: from the first update at the server
	open  map[int64]bool   // update id → true until it is committed or set aside
	lanes map[string]*lane // by owner
}

// round makes one getUpdates and hands out its updates. A round without an update at or
// above the offset takes at least roundLeast: some servers ignore timeout or offset.
func (p *poller) round(ctx context.Context) error {
	began := time.Now()
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
	added, fresh := 0, false
	for _, raw := range list {
		u, err := botapi.Parse(raw)
		fresh = fresh || u.ID >= offset
		if !p.take(u.ID) {
			continue
		}
		added++
		if err != nil {
			p.c.log.Error("telegram: an update has an unknown shape and is skipped", "update", u.ID)
			p.finish(u.ID)
			continue
		}
		p.dispatch(ctx, &job{u: u, raw: raw, came: time.Now()})
	}
	switch {
	case added > 0:
		p.wait(ctx, settle)
	case busy:
		p.wait(ctx, glance)
	case len(list) == 0:
		// everything is confirmed; after a quiet week ids may start again from a lower number
		p.mu.Lock()
		p.next = 0
		p.mu.Unlock()
	}
	if !fresh && !busy {
		sleep(ctx, roundLeast-time.Since(began))
	}
	return nil
}

// offset returns the lowest update id to ask for, and whether updates are still open.
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

// take opens an update and reports whether it is new.
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

// confirm closes an open update; p.mu is held. A resumed update was never open: the
// offset has passed it.
func (p *poller) confirm(id int64) {
	if p.open[id] {
		p.open[id] = false
		notify(p.done)
	}
}

// busy reports whether any person has unhandled updates.
func (p *poller) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lanes) > 0
}

// wait returns when all updates are closed, or after d.
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

// answer makes the call of a reply, which a webhook carries in its 200. A paused
// chat gets none. An error about a tap that is too old is ignored.
func (c *Channel) answer(ctx context.Context, r *reply) {
	ask := c.pace.spare
	if r.method == "sendMessage" {
		ask = c.pace.answer
	}
	if c.await(ctx, r.chat, ask) != nil {
		return
	}
	if _, err := c.api.send(ctx, r.method, r.append(nil, false)); c.settled(r.chat, err) != nil && ctx.Err() == nil {
		c.log.Warn("telegram: an answer failed", "error", err)
	}
}
