package telegram

import (
	"context"
	"errors"
	"sync"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// behind are the owners of whom something is set aside while updates come by
// webhook, as after a change from polling. What comes of them is refused until it
// is handled, so that the server keeps it, in its order.
type behind struct {
	mu     sync.Mutex
	owners map[string]bool
}

func (b *behind) set(heads []dialog.Head) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.owners = map[string]bool{}
	for _, h := range heads {
		b.owners[h.Owner] = true
	}
}

func (b *behind) any() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.owners) > 0
}

func (b *behind) has(owner string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.owners[owner]
}

// workOff handles what was set aside while updates come by webhook: one instance
// does, with the poller's lease. Every instance looks now and then.
func (c *Channel) workOff(ctx context.Context) {
	for ctx.Err() == nil {
		c.until(ctx, "what was set aside", c.lookBehind)
		if c.behind.any() && c.lease(ctx) {
			c.withLease(ctx, func(held context.Context, p *poller) {
				c.until(held, "what was set aside", p.resume)
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

// lookBehind finds out of whom something is set aside.
func (c *Channel) lookBehind(ctx context.Context) error {
	heads, err := c.asides(ctx)
	if err == nil {
		c.behind.set(heads)
	}
	return err
}

// isBehind reports whether something of an update's person is still set aside.
func (c *Channel) isBehind(ctx context.Context, u *botapi.Update) bool {
	if !c.behind.any() {
		return false
	}
	in, ok := decode(u, c.bot)
	if !ok || !c.behind.has(in.Owner) {
		return false
	}
	_, err := c.engine.Peek(ctx, c.asideKey(in.Owner))
	return !errors.Is(err, dialog.ErrNotFound)
}
