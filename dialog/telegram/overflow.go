package telegram

import (
	"context"
	"errors"

	"github.com/lockbay/lockbay/dialog"
)

// overflow is the chat of a person who has to be told of dropped updates.
type overflow struct {
	Chat int64  `json:"c"`
	Lang string `json:"l,omitempty"`
}

// tellOverflow tells the person once that updates were dropped; p.mu is held.
func (p *poller) tellOverflow(ctx context.Context, l *lane) {
	to := l.aside.overflow
	if to == nil || l.aside.told {
		return
	}
	l.aside.told = true
	p.wg.Go(func() {
		r := reply{method: "sendMessage", chat: to.Chat, text: p.c.tooFast(to.Lang)}
		for wait := tryFirst; ; wait = min(2*wait, tryMost) {
			err := p.c.await(ctx, to.Chat, p.c.pace.answer)
			if err == nil {
				_, err = p.c.api.send(ctx, r.method, r.append(nil, false))
				err = p.c.settled(to.Chat, err)
			}
			if err == nil {
				break
			}
			var e *callError
			var after *dialog.RetryAfter
			switch {
			case errors.As(err, &after):
				wait = after.After
			case errors.As(err, &e):
				wait = max(wait, e.RetryAfter)
			}
			if !sleep(ctx, wait) {
				return // the row still has the overflow, for the next poller
			}
		}
		p.mu.Lock()
		l.aside.overflow, l.aside.stale = nil, true
		p.mu.Unlock()
		notify(p.ripe)
	})
}

// endSpinners answers the taps that were dropped.
func (c *Channel) endSpinners(ctx context.Context, jobs []*job) {
	for _, j := range jobs {
		if in, _ := c.decode(&j.u); j.u.Tap != nil {
			c.answer(ctx, &reply{method: "answerCallbackQuery", query: j.u.Tap.ID, text: clip(c.tooFast(in.Place.Lang), toastMax)})
		}
	}
}

func (c *Channel) tooFast(lang string) string {
	if s := c.cfg.Words.Say(dialog.View{Lang: lang}, "too_fast", nil); s != "" {
		return s
	}
	return "You write faster than it can be read. What you sent last was not read: send it again in a minute."
}
