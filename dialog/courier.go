package dialog

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

const (
	showTimeout = 20 * time.Second // of one call of a channel; well under leaseFor
	retryFirst  = time.Second      // after a failed call, doubled up to retryMost
	retryMost   = time.Minute
	retryFor    = 8 // tries of one run; then the sweeper's
)

// courier shows cards and does effects after the commit. There is one run per
// key at a time, and it always shows the current record: ten quick turns need
// not be ten sends.
type courier struct {
	e        *Engine
	channels map[string]Channel
	ctx      context.Context
	stop     context.CancelFunc

	mu       sync.Mutex
	runs     map[Key]*errand
	removals int
	closing  bool // no more tries
}

// errand is the run of one key.
type errand struct {
	next    *Record         // newer than what is being shown; nil: none
	removed map[string]bool // messages that somebody else removes
}

func newCourier(e *Engine) *courier {
	c := &courier{e: e, channels: map[string]Channel{}, runs: map[Key]*errand{}}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// answer is wake for a turn whose caller removes the message that is replaced.
func (c *courier) answer(r *Record, removed string) { c.enqueue(r, removed) }

// wake shows what is pending of r.
func (c *courier) wake(r *Record) { c.enqueue(r, "") }

// start shows a conversation that has just begun.
func (c *courier) start(r *Record) { c.enqueue(r, "") }

func (c *courier) enqueue(r *Record, removed string) {
	if c.e.cfg.Detached || !r.unfinished() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if run := c.runs[r.Key]; run != nil {
		if run.next == nil || run.next.Version <= r.Version {
			run.next = r
		}
		if removed != "" {
			run.remove(removed)
		}
		return
	}
	if c.ctx.Err() != nil {
		return // closed: the sweeper of the next life finds it
	}
	run := &errand{}
	if removed != "" {
		run.remove(removed)
	}
	c.runs[r.Key] = run
	go c.run(r, run)
}

func (r *errand) remove(msg string) {
	if r.removed == nil {
		r.removed = map[string]bool{}
	}
	r.removed[msg] = true
}

// run delivers r and whatever newer record came meanwhile.
func (c *courier) run(r *Record, run *errand) {
	wait := retryFirst
	for tries := 0; ; {
		pause, done := c.deliver(r, run)
		c.mu.Lock()
		switch {
		case run.next != nil:
			r, run.next = run.next, nil
			tries, wait = 0, retryFirst
			c.mu.Unlock()
			if pause == 0 {
				continue
			}
		case done || tries == retryFor || c.closing:
			delete(c.runs, r.Key)
			c.mu.Unlock()
			return
		default:
			c.mu.Unlock()
			tries++
			if pause == 0 {
				pause = wait
				wait = min(2*wait, retryMost)
			}
		}
		c.sleep(pause)
		c.mu.Lock() // the pause may have been long: the current record goes
		if run.next != nil {
			r, run.next = run.next, nil
		}
		c.mu.Unlock()
	}
}

// sleep waits for d, not longer than until the courier closes.
func (c *courier) sleep(d time.Duration) {
	for end := c.e.cfg.Now().Add(d); ; {
		c.mu.Lock()
		closing := c.closing
		c.mu.Unlock()
		left := end.Sub(c.e.cfg.Now())
		if closing || left <= 0 {
			return
		}
		time.Sleep(min(left, 200*time.Millisecond))
	}
}

// deliver shows r where it is not shown yet and does its effects. done: nothing
// is left; pause: what the other side asked for.
func (c *courier) deliver(r *Record, run *errand) (pause time.Duration, done bool) {
	done = true
	var marks []ShownMark
	for _, p := range r.Places {
		if !p.Push || p.Blocked || r.shown.get(p).Version >= r.Card {
			continue
		}
		ch := c.channels[p.Channel]
		if ch == nil {
			continue
		}
		mark, err := c.show(r, p, ch, run)
		var after *RetryAfter
		switch {
		case err == nil:
			marks = append(marks, mark)
		case errors.Is(err, ErrBlocked):
			c.block(r.Key, p)
		case errors.As(err, &after):
			pause, done = max(pause, after.After), false
		default:
			done = false
		}
	}
	if len(marks) > 0 {
		c.e.batch.mark(marks, nil)
	}
	if !c.effects(r) {
		done = false
	}
	return pause, done
}

// show shows r at one place: a fresh message where it must arrive anew or none
// is known, else an edit.
func (c *courier) show(r *Record, p Place, ch Channel, run *errand) (ShownMark, error) {
	began := c.e.cfg.Now()
	was := r.shown.get(p)
	old := r.Message(p)
	edit := old
	if was.Version < r.Anew {
		edit = ""
	}
	card := c.e.Render(r, View{Place: p, Lang: p.Lang})
	notice := r.Anew == r.Card && c.e.Now().Sub(r.Updated) > time.Minute
	ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
	defer cancel()
	msg, err := ch.Show(ctx, Showing{Place: p, Card: card, Message: edit, Notice: notice})
	if errors.Is(err, ErrGone) {
		edit = ""
		msg, err = ch.Show(ctx, Showing{Place: p, Card: card, Notice: notice})
	}
	if c.e.cfg.Recorder.Showed != nil {
		c.e.cfg.Recorder.Showed(r.Key, p.Channel, err, c.e.cfg.Now().Sub(began))
	}
	if err != nil {
		return ShownMark{}, err
	}
	mark := Shown{Channel: p.Channel, Address: p.Address, Version: r.Version, Message: msg}
	r.shown.put(mark)
	if old != "" && old != msg {
		c.mu.Lock()
		removed := run.removed[old]
		c.mu.Unlock()
		if !removed {
			if err := ch.Remove(ctx, p, old); err != nil {
				c.e.trouble("remove message", err)
			}
		}
	}
	return ShownMark{Key: r.Key, Shown: mark}, nil
}

// replaced removes a message that another courier had shown.
func (c *courier) replaced(m ShownMark, message string) {
	ch := c.channels[m.Shown.Channel]
	r := c.e.cache.get(m.Key)
	if ch == nil || r == nil {
		return
	}
	p, ok := r.Place(m.Shown.Channel, m.Shown.Address)
	if !ok || r.Message(p) == message || m.Shown.Version <= p.Released {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	c.removals++
	go func() {
		defer func() { c.mu.Lock(); c.removals--; c.mu.Unlock() }()
		ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
		defer cancel()
		_ = ch.Remove(ctx, p, message)
	}()
}

// effects does what waits in r. Each success is an input that takes the effect
// out of the record.
func (c *courier) effects(r *Record) (done bool) {
	done = true
	doer, ok := c.e.flows[r.Key.Flow].(Doer)
	if !ok {
		return true
	}
	for _, x := range r.Pending {
		f := doer.EffectFuncs()[x.Name]
		if f == nil {
			c.e.trouble("effect "+x.Name, errors.New("this version does not know it"))
			continue
		}
		ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
		err := f(ctx, r, json.RawMessage(x.Arg), x.ID)
		cancel()
		in := Input{ID: "effect:" + x.ID, Kind: KindResult, Key: r.Key, Name: x.Name, Value: x.ID}
		var forever *foreverError
		switch {
		case errors.As(err, &forever):
			in.Text = "failed"
		case err != nil:
			c.e.trouble("effect "+x.Name, err)
			done = false
			continue
		}
		ctx, cancel = context.WithTimeout(c.ctx, showTimeout)
		if _, err := c.e.handle(ctx, in); err != nil {
			done = false
		}
		cancel()
	}
	return done
}

type foreverError struct{ err error }

func (e *foreverError) Error() string { return e.err.Error() }
func (e *foreverError) Unwrap() error { return e.err }

// Forever marks an effect's error that no retry will mend: the effect ends.
func Forever(err error) error { return &foreverError{err} }

// block notes that the person blocked the bot at p.
func (c *courier) block(key Key, p Place) {
	ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
	defer cancel()
	in := Input{Kind: KindBlock, Key: key, Name: "blocked", Place: p}
	if _, err := c.e.handle(ctx, in); err != nil {
		c.e.trouble("note a block", err)
	}
}

func (c *courier) active() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.runs)
}

// drain lets runs end until ctx does, then stops them.
func (c *courier) drain(ctx context.Context) {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	for c.busy() && ctx.Err() == nil {
		time.Sleep(2 * time.Millisecond)
	}
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	for c.busy() {
		time.Sleep(2 * time.Millisecond)
	}
}

func (c *courier) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.runs)+c.removals > 0
}

func (e *Engine) trouble(what string, err error) {
	if e.cfg.Recorder.Trouble != nil {
		e.cfg.Recorder.Trouble(what, err)
	}
}
