package dialog

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	showTimeout = 20 * time.Second // of one call of a channel; well under leaseFor
	retryFirst  = time.Second      // after a failed call, doubled up to retryMost
	retryMost   = time.Minute
	retryFor    = 8               // tries of one run; then the sweeper's
	stopFor     = 2 * time.Second // how long Close waits for what does not heed its context
)

// courier shows cards and does effects after the commit. There is one run per
// key at a time, and it always shows the current record: ten quick turns need
// not be ten sends.
type courier struct {
	e        *Engine
	channels map[string]Channel
	ctx      context.Context
	stop     context.CancelFunc

	mu      sync.Mutex
	errands map[Key]*errand
	runs    int  // errands that are running
	asides  int  // what nobody waits for but Close
	closing bool // no more tries
}

// errand is all that is on its way for one key: its run, and marks that are not
// yet written. The courier's lock guards it.
type errand struct {
	shown    *shownBox // shared with the records of the key
	running  bool
	next     *Record // newer than what is being shown; nil: none
	reload   bool    // the record is to be read again: it may be newer than what this process knows
	replaced []Shown // messages that are to be removed, once it is read again that they are not its card
	marks    int     // not yet written
	known    int64   // newest version that this process wrote
}

func newCourier(e *Engine) *courier {
	c := &courier{e: e, channels: map[string]Channel{}, errands: map[Key]*errand{}}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// answer shows a record that was just committed. removed is a message that the
// turn's caller removes.
func (c *courier) answer(r *Record, removed string) {
	if removed != "" {
		r.shown.drop(removed)
	}
	for _, p := range r.Places {
		if p.Released == r.Version {
			r.shown.handed(r.Version)
			r.shown.drop(p.Given)
		}
	}
	c.start(r)
}

// start shows a record that was just committed.
func (c *courier) start(r *Record) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[r.Key]
	if x == nil && !r.unfinished() {
		return
	}
	if x == nil {
		x = &errand{shown: r.shown}
		c.errands[r.Key] = x
	}
	if x.shown != r.shown {
		x.shown.merge(r.shown)
		shared := *r
		shared.shown = x.shown
		r = &shared
	}
	x.known = max(x.known, r.Version)
	switch {
	case !x.running && r.unfinished():
		c.begin(r.Key, x, r)
	case x.running && (x.next == nil || x.next.Version <= r.Version):
		x.next = r // even if nothing is to be shown of it: then nothing older is either
	}
}

// wake shows what is pending of a conversation. It is read again for that: the
// caller's record may be an old one.
func (c *courier) wake(key Key) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look(key)
}

// suspect writes a message again: it may show something older than the store says.
func (c *courier) suspect(key Key, p Place, message string) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look(key).shown.suspect(p, message)
}

// look lets the run of a key read its record again; c.mu is held.
func (c *courier) look(key Key) *errand {
	x := c.errands[key]
	if x == nil {
		x = &errand{shown: &shownBox{}}
		if cached := c.e.cache.get(key); cached != nil {
			x.shown = cached.shown
		}
		c.errands[key] = x
	}
	if x.running {
		x.reload = true
	} else {
		c.begin(key, x, nil)
	}
	return x
}

// begin starts the run of a key with r, or with what the store has; c.mu is held.
func (c *courier) begin(key Key, x *errand, r *Record) {
	if c.ctx.Err() != nil { // closed: the sweeper of the next life finds it
		c.release(key, x)
		return
	}
	x.running = true
	c.runs++
	go c.run(key, x, r)
}

// release forgets the errand of a key that has nothing on its way; c.mu is held.
func (c *courier) release(key Key, x *errand) {
	if !x.running && x.marks == 0 {
		delete(c.errands, key)
	}
}

// adopt tells a record that was just read what is shown of it meanwhile.
func (c *courier) adopt(r *Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.errands[r.Key]; x != nil {
		x.shown.merge(r.shown)
		r.shown = x.shown
	}
}

// forget is told of a conversation that is deleted.
func (c *courier) forget(key Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.errands[key]; x != nil {
		x.shown, x.known = &shownBox{}, 0
	}
}

// run delivers r, or what the store has, and whatever newer record comes meanwhile.
func (c *courier) run(key Key, x *errand, r *Record) {
	wait := retryFirst
	for tries := 0; ; {
		pause, done := c.turn(key, x, r)
		c.mu.Lock()
		switch {
		case x.next != nil || x.reload:
			tries, wait = 0, retryFirst
		case c.closing || len(x.replaced) == 0 && (done || tries == retryFor): // what was replaced is removed however long the store is away
			x.running = false
			c.runs--
			c.release(key, x)
			c.mu.Unlock()
			return
		default:
			tries = min(tries+1, retryFor)
			if pause == 0 {
				pause = wait
				wait = min(2*wait, retryMost)
			}
		}
		c.mu.Unlock()
		if pause > 0 {
			c.sleep(pause)
			c.e.gate("again", key)
		}
		c.mu.Lock()
		if r, x.next = x.next, nil; r == nil || pause > 0 {
			r, x.reload = nil, false // after a pause another instance may have gone on
		}
		c.mu.Unlock()
	}
}

// turn delivers r once; nil: what the store has.
func (c *courier) turn(key Key, x *errand, r *Record) (pause time.Duration, done bool) {
	if r != nil {
		return c.deliver(r, x)
	}
	c.mu.Lock()
	replaced := len(x.replaced)
	c.mu.Unlock()
	r, err := c.reload(key)
	if err != nil {
		return 0, false
	}
	done = true
	if r != nil {
		pause, done = c.deliver(r, x)
	}
	c.mu.Lock()
	old := x.replaced[:replaced]
	x.replaced = x.replaced[replaced:]
	c.mu.Unlock()
	for _, s := range old {
		c.removeReplaced(r, s)
	}
	return pause, done
}

// reload reads what is to be shown now; nil: nothing.
func (c *courier) reload(key Key) (*Record, error) {
	ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
	defer cancel()
	r, reh, err := c.e.Hydrate(ctx, key)
	switch {
	case err == nil && reh.Lost && reh.Cause == CauseInstance:
		return nil, nil // the other process may have the draft; if not, a turn says what is asked again
	case errors.Is(err, ErrSchemaNewer):
		return nil, nil // a newer instance shows it
	case err != nil:
		return nil, err
	case r.Version == 0:
		return nil, nil
	}
	return r, nil
}

// sleep waits for d, not longer than until the courier closes.
func (c *courier) sleep(d time.Duration) {
	for end := c.e.cfg.Now().Add(d); ; {
		left := end.Sub(c.e.cfg.Now())
		if c.ending() || left <= 0 {
			return
		}
		time.Sleep(min(left, 200*time.Millisecond))
	}
}

func (c *courier) ending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// deliver shows r where it is not shown yet and does its effects. done: nothing
// is left; pause: what the other side asked for.
func (c *courier) deliver(r *Record, x *errand) (pause time.Duration, done bool) {
	done = true
	for _, p := range r.Places {
		ch := c.channels[p.Channel]
		if ch == nil || !p.Push {
			continue
		}
		doubt := false
		for _, message := range r.shown.trust(p) {
			if p.Given != "" && message == p.Given {
				c.passOn(p)
			} else {
				doubt = true
			}
		}
		if p.Released > 0 && r.shown.overtaken(p) {
			c.passOn(p)
		}
		s := r.shown.get(p)
		if p.Released > 0 && s.Version <= p.Released {
			c.handOver(r, p, ch, x)
			s, doubt = r.shown.get(p), false
		}
		if p.Blocked && doubt {
			r.shown.suspect(p, s.Message) // until they are back
		}
		if p.Blocked || s.Version >= r.Card && !doubt {
			continue
		}
		err := c.show(r, p, ch, x)
		var after *RetryAfter
		switch {
		case err == nil:
		case errors.Is(err, ErrBlocked):
			c.block(r.Key, p)
		case errors.Is(err, errDefect): // another version may show it
			c.e.trouble("render "+r.Key.Flow, err)
		case errors.As(err, &after):
			if doubt {
				r.shown.suspect(p, "")
			}
			pause, done = max(pause, after.After), false
		default:
			r.shown.suspect(p, s.Message) // it may have been done all the same, over a newer card
			done = false
		}
	}
	if !c.effects(r) {
		done = false
	}
	return pause, done
}

// handOver clears a place whose message another conversation took over: the
// card there is its own. A message that was sent too late to be taken over is removed.
func (c *courier) handOver(r *Record, p Place, ch Channel, x *errand) {
	s := r.shown.get(p)
	if s.Version < p.Released || s.Message != p.Given {
		c.note(r, x, Shown{Channel: p.Channel, Address: p.Address, Version: p.Released, Message: p.Given})
	}
	if s.Message != "" && s.Message != p.Given {
		c.remove(r, p, ch, s.Message)
	}
}

// passOn lets the conversation that took over a place show itself there again.
func (c *courier) passOn(p Place) {
	if heir, err := ParseKey(p.Heir); err == nil {
		c.suspect(heir, p, p.Given)
	}
}

// show shows r at one place: a fresh message where it must arrive anew or none
// is known, else an edit.
func (c *courier) show(r *Record, p Place, ch Channel, x *errand) error {
	began := c.e.cfg.Now()
	was := r.shown.get(p)
	old := r.Message(p)
	edit := old
	if was.Version < r.Anew {
		edit = ""
	}
	card, err := c.e.render(r, View{Place: p, Lang: p.Lang})
	if err != nil {
		return err
	}
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
	c.mu.Lock()
	next := x.next
	c.mu.Unlock()
	if next != nil && edit != "" { // its message may have been taken over while we wrote to it
		if q, ok := next.Place(p.Channel, p.Address); ok && q.Released >= r.Version && q.Given == edit {
			c.passOn(q)
		}
	}
	if err != nil {
		return err
	}
	shown := Shown{Channel: p.Channel, Address: p.Address, Version: r.Version, Message: msg}
	if now := r.shown.get(p); now.Message == msg && now.Version > r.Version {
		c.suspect(r.Key, p, msg) // another process has shown a newer card meanwhile
	}
	r.shown.showed(shown)
	c.note(r, x, shown)
	if old != "" && old != msg {
		c.remove(r, p, ch, old)
	}
	return nil
}

// note writes down what a place shows.
func (c *courier) note(r *Record, x *errand, s Shown) {
	r.shown.put(s)
	c.mu.Lock()
	x.marks++
	c.mu.Unlock()
	c.e.batch.mark([]ShownMark{{Key: r.Key, Shown: s}}, nil)
}

// remove takes a message away, unless somebody here does or did it.
func (c *courier) remove(r *Record, p Place, ch Channel, message string) {
	if !r.shown.drop(message) {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
	defer cancel()
	if err := ch.Remove(ctx, p, message); err != nil {
		r.shown.take(message) // once more when its mark is written, if that is still to come
		c.e.trouble("remove message", err)
	}
}

// removeReplaced removes a message that was replaced, unless it is the card of r or was
// taken over.
func (c *courier) removeReplaced(r *Record, s Shown) {
	if r == nil {
		return
	}
	p, ok := r.Place(s.Channel, s.Address)
	if ch := c.channels[s.Channel]; ok && ch != nil && r.Message(p) != s.Message && p.Given != s.Message {
		c.remove(r, p, ch, s.Message)
	}
}

// applied hears of a turn that was written, before its caller does: a mark that
// rode in the same batch must not take it for another instance's.
func (c *courier) applied(key Key, version int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.errands[key]; x != nil {
		x.known = max(x.known, version)
	}
}

// marked hears what became of a mark. A row that is newer than all that this
// process wrote means that another one has shown a newer card meanwhile, perhaps
// in the same message and before us; another message than ours is to be removed.
func (c *courier) marked(m ShownMark, replaced string, version int64) {
	s := m.Shown
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[m.Key]
	x.marks--
	if version <= s.Version {
		x.shown.marked(s)
	} else if x.known < version {
		x.shown.suspect(Place{Channel: s.Channel, Address: s.Address}, s.Message)
		c.look(m.Key)
	}
	if replaced != "" && !x.shown.dropped(replaced) {
		x.replaced = append(x.replaced, Shown{Channel: s.Channel, Address: s.Address, Message: replaced})
		c.look(m.Key)
	}
	c.release(m.Key, x)
}

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
	return c.runs
}

// late hears of a turn that was written after its caller had left: nobody else
// shows it.
func (c *courier) late(w *Write) {
	c.wake(w.After.Key)
	for _, s := range w.Starts {
		c.wake(s.Key)
	}
}

// aside does after d what nobody waits for but Close. Once closed, it is left.
func (c *courier) aside(d time.Duration, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	c.asides++
	time.AfterFunc(d, func() {
		defer func() { c.mu.Lock(); c.asides--; c.mu.Unlock() }()
		f()
	})
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
	for end := time.Now().Add(stopFor); c.busy() && time.Now().Before(end); {
		time.Sleep(2 * time.Millisecond)
	}
}

func (c *courier) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs+c.asides > 0
}

func (e *Engine) trouble(what string, err error) {
	if e.cfg.Recorder.Trouble != nil {
		e.cfg.Recorder.Trouble(what, err)
	}
}
