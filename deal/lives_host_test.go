package deal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// point is where a host can die: at a call to its store or to its chat, before the call is done or after.
type point struct {
	call  string
	after bool
}

func (p point) String() string {
	if p.after {
		return "after " + p.call
	}
	return "before " + p.call
}

// The calls that are no method of a store by themselves.
const (
	callTurn = "Commit of a turn"
	callMark = "Commit of a mark"
	callShow = "Show"
)

// points are all points at which a host of a life calls something. TestLives fails if lives do not reach one. The lease of
// the sweeper is missing: lives sweep by the clock, as its holder does.
func points() (all []point) {
	for _, call := range []string{callTurn, callMark, callShow, string(dialogtest.Load), string(dialogtest.Due), string(dialogtest.Holders), string(dialogtest.Now)} {
		all = append(all, point{call, false}, point{call, true})
	}
	return all
}

// callOf names a call to the store.
func callOf(m dialogtest.Method, b *dialog.Batch) string {
	switch {
	case m != dialogtest.Commit:
		return string(m)
	case len(b.Writes) == 0:
		return callMark
	}
	return callTurn
}

// host runs one engine after the other.
type host struct {
	bot   *dialog.Engine
	store *dialogtest.Faulty
	away  atomic.Bool // the store cannot be reached from here
	death atomic.Pointer[point]
	dead  atomic.Bool
	lives int
}

// dies reports whether the host dies at this call, and counts it.
func (l *life) dies(h *host, call string) (at point, dies bool) {
	d := h.death.Load()
	if d == nil || d.call != call || !h.dead.CompareAndSwap(false, true) {
		return point{}, false
	}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.deaths[*d]++
	return *d, true
}

// boot starts the next engine of a host.
func (l *life) boot(i int) {
	h := l.hosts[i]
	h.lives++
	h.dead.Store(false)
	h.death.Store(nil)
	h.store = dialogtest.NewFaulty(l.store)
	h.store.Func(func(m dialogtest.Method, b *dialog.Batch) (f dialogtest.Fault) {
		if h.dead.Load() || h.away.Load() {
			f.Before = dialogtest.ErrFault
		} else if at, dies := l.dies(h, callOf(m, b)); dies && at.after {
			f.After = dialogtest.ErrFault
		} else if dies {
			f.Before = dialogtest.ErrFault
		}
		return f
	})
	c := dialog.Config{Now: l.now, Instance: fmt.Sprintf("host%d.%d", i, h.lives), Recorder: dialog.Recorder{Trouble: func(string, error) {}}}
	bot, err := dialog.New(h.store, c, front{opener{e: l.e, format: deal.Version}}, l.flow)
	if err != nil {
		l.t.Fatal(err)
	}
	bot.Attach(rough{l, h})
	h.bot = bot
}

// reboot ends a host, dead or alive, and starts its next engine.
func (l *life) reboot(i int) {
	h := l.hosts[i]
	h.dead.Store(true)
	ctx, cancel := briefly()
	defer cancel()
	_ = h.bot.Close(ctx)
	l.boot(i)
}

func (l *life) close() {
	for _, h := range l.hosts {
		_ = h.bot.Close(context.Background())
	}
}

// front is the flow of people's own conversations: the buyer's begins the deal with one text.
type front struct{ opener }

func (o front) Decide(t *dialog.Turn) {
	if t.Input.Kind == dialog.KindText && t.Input.Text != "open" {
		t.Say("plain", map[string]string{"text": t.Input.Text})
		return
	}
	o.opener.Decide(t)
}

// rough is a chat that shows cards, mostly.
type rough struct {
	l *life
	h *host
}

func (rough) Name() string { return "tg" }

func (c rough) Show(context.Context, dialog.Showing) (string, error) {
	if c.h.dead.Load() {
		return "", errors.New("this process is dead")
	}
	at, dies := c.l.dies(c.h, callShow)
	if dies && !at.after {
		return "", errors.New("this process has died")
	}
	c.l.store.mu.Lock()
	defer c.l.store.mu.Unlock()
	c.l.shows++
	switch c.l.shows % 17 {
	case 3:
		return "", &dialog.RetryAfter{After: time.Minute}
	case 7:
		return "", errors.New("the chat does not answer")
	case 11:
		return "", dialog.ErrGone
	}
	return fmt.Sprint(c.l.shows), nil
}

func (rough) Remove(context.Context, dialog.Place, string) error { return nil }

// rarely names the points that lives reached too seldom: each has to be met once in a thousand lives, and in few lives once.
func rarely(deaths map[point]int, lives uint64) (all []string) {
	for _, p := range points() {
		if want := max(1, int(lives/1000)); deaths[p] < want {
			all = append(all, fmt.Sprintf("%s: %d of %d", p, deaths[p], want))
		}
	}
	return all
}

// told is a line with all points and how often they were reached.
func told(deaths map[point]int) string {
	var all []string
	for p, n := range deaths {
		all = append(all, fmt.Sprintf("%s %d", p, n))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
