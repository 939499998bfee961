package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// backlog is the set of people with updates set aside while updates come by webhook,
// as after a change from polling. The channel rejects new updates of these people
// until the older ones are handled, so that the server keeps them in order.
type backlog struct {
	mu     sync.Mutex
	owners map[string]bool
}

func (b *backlog) set(heads []dialog.Head) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.owners = map[string]bool{}
	for _, h := range heads {
		b.owners[h.Owner] = true
	}
}

func (b *backlog) any() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.owners) > 0
}

func (b *backlog) has(owner string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owners[owner]
}

// handleBacklog handles the updates set aside while updates come by webhook. Every
// instance reads the backlog; the holder of the poller's lease handles it.
func (c *Channel) handleBacklog(ctx context.Context) {
	for ctx.Err() == nil {
		c.until(ctx, backlogCall, c.readBacklog)
		if c.backlog.any() && c.lease(ctx) {
			c.withLease(ctx, func(held context.Context, p *poller) {
				c.until(held, backlogCall, p.resume)
				for p.busy() && sleep(held, asideEvery) {
					p.setAside(held)
				}
			})
			c.giveLease(ctx)
			continue
		}
		sleep(ctx, asideLook)
	}
}

// backlogCall names the reading of the rows in the log.
const backlogCall = "read updates set aside"

// readBacklog reads who has updates set aside.
func (c *Channel) readBacklog(ctx context.Context) error {
	heads, err := c.asides(ctx)
	if err == nil {
		c.backlog.set(heads)
	}
	return err
}

// hasBacklog reports whether the sender of an update still has older updates set
// aside.
func (c *Channel) hasBacklog(ctx context.Context, u *botapi.Update) bool {
	if !c.backlog.any() {
		return false
	}
	in, ok := c.decode(u)
	if !ok || !c.backlog.has(in.Owner) {
		return false
	}
	_, err := c.engine.Peek(ctx, c.asideKey(in.Owner))
	return !errors.Is(err, dialog.ErrNotFound)
}

// asides lists the rows for this bot's id, without their content. It deletes the
// expired rows of other ids and formats.
func (c *Channel) asides(ctx context.Context) (ours []dialog.Head, err error) {
	now, dropped := c.engine.Now(), 0
	defer func() { c.logDropped(dropped) }()
	all, err := c.engine.Asides(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		switch {
		case strings.HasPrefix(h.Key.ID, c.bot+":") && h.Format == dialog.AsideFormat: // rows of a newer program are left to it
			ours = append(ours, h)
		case !now.Before(h.Expires):
			n, err := c.drop(ctx, h.Key)
			if err != nil {
				return nil, err
			}
			dropped += n
		}
	}
	return ours, nil
}

// drop deletes a row and counts its updates.
func (c *Channel) drop(ctx context.Context, key dialog.Key) (int, error) {
	row, err := c.engine.Aside(ctx, key)
	if errors.Is(err, dialog.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	err = c.engine.DropAside(ctx, key, row.Stamp())
	if errors.Is(err, dialog.ErrNotFound) || errors.Is(err, dialog.ErrConflict) { // another instance was quicker
		return 0, nil
	}
	var content asideContent
	_ = json.Unmarshal(row.Answers, &content)
	return len(content.Updates), err
}
