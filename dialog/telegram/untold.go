package telegram

import (
	"context"
	"errors"

	"github.com/lockbay/lockbay/dialog"
)

// untold is where a person is to be told that something was not kept.
type untold struct {
	Chat int64  `json:"c"`
	Lang string `json:"l,omitempty"`
}

// tell tells the person, once, that not all of what they sent was kept; p.mu is held.
func (p *poller) tell(ctx context.Context, l *lane) {
	to := l.aside.untold
	if to == nil || l.aside.told {
		return
	}
	l.aside.told = true
	p.wg.Go(func() {
		r := reply{method: "sendMessage", chat: to.Chat, text: p.c.tooFast(to.Lang)}
		for wait := tryFirst; ; wait = min(2*wait, tryMost) {
			err := p.c.turn(ctx, to.Chat, p.c.pace.answer)
			if err == nil {
				_, err = p.c.api.send(ctx, r.method, r.append(nil, false))
				err = p.c.settled(to.Chat, err)
			}
			if err == nil {
				break
			}
			var e *APIError
			var after *dialog.RetryAfter
			switch {
			case errors.As(err, &after):
				wait = after.After
			case errors.As(err, &e):
				wait = max(wait, e.RetryAfter)
			}
			if !sleep(ctx, wait) {
				return // the row says that it is still to be told
			}
		}
		p.mu.Lock()
		l.aside.untold, l.aside.stale = nil, true
		p.mu.Unlock()
		notify(p.ripe)
	})
}

// refuse ends the spinners of taps that were not kept.
func (c *Channel) refuse(ctx context.Context, jobs []*job) {
	for _, j := range jobs {
		if in, _ := decode(&j.u, c.bot); j.u.Tap != nil {
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
