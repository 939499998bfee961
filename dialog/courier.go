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

	mu        sync.Mutex
	runs      map[Key]*errand
	boxes     map[Key]*shownBox // what is shown of a key with a run or with marks not yet written
	unwritten map[Key]int       // marks not yet written
	removals  int
	asides    int  // what nobody waits for but Close
	closing   bool // no more tries
}

// errand is the run of one key.
type errand struct {
	next   *Record // newer than what is being shown; nil: none
	reload bool    // the record is to be read again: it may be newer than what this process knows
}

func newCourier(e *Engine) *courier {
	c := &courier{e: e, channels: map[string]Channel{}, runs: map[Key]*errand{}, boxes: map[Key]*shownBox{}, unwritten: map[Key]int{}}
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
	r = c.join(r)
	if run := c.runs[r.Key]; run != nil {
		if run.next == nil || run.next.Version <= r.Version {
			run.next = r // even if nothing is to be shown of it: then nothing older is either
		}
		return
	}
	if !r.unfinished() {
		c.release(r.Key)
		return
	}
	c.begin(r.Key, r)
}

// wake shows what is pending of a conversation. It is read again for that: the
// caller's record may be an old one.
func (c *courier) wake(key Key) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakeLocked(key)
}

func (c *courier) wakeLocked(key Key) {
	if run := c.runs[key]; run != nil {
		run.reload = true
		return
	}
	c.begin(key, nil)
}

// suspect writes a message again: it may show something older than the store says.
func (c *courier) suspect(key Key, p Place, message string) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.box(key).suspect(p, message)
	c.wakeLocked(key)
}

// begin starts the run of a key; c.mu is held.
func (c *courier) begin(key Key, r *Record) {
	if c.ctx.Err() != nil {
		return // closed: the sweeper of the next life finds it
	}
	run := &errand{}
	c.runs[key] = run
	c.box(key)
	go c.run(key, r, run)
}

// box is what this process knows to be shown of a key; c.mu is held.
func (c *courier) box(key Key) *shownBox {
	b := c.boxes[key]
	if b == nil {
		b = &shownBox{}
		if cached := c.e.cache.get(key); cached != nil {
			b = cached.shown
		}
		c.boxes[key] = b
	}
	return b
}

// join lets r share the box of its key; c.mu is held.
func (c *courier) join(r *Record) *Record {
	b := c.boxes[r.Key]
	if b == nil {
		c.boxes[r.Key] = r.shown
		return r
	}
	if b == r.shown {
		return r
	}
	b.merge(r.shown)
	shared := *r
	shared.shown = b
	return &shared
}

// release forgets the box of a key that has nothing on its way; c.mu is held.
func (c *courier) release(key Key) {
	if c.runs[key] == nil && c.unwritten[key] == 0 {
		delete(c.boxes, key)
	}
}

// adopt tells a record that was just read what is shown of it meanwhile.
func (c *courier) adopt(r *Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.boxes[r.Key]; b != nil {
		b.merge(r.shown)
		r.shown = b
	}
}

// forget is told of a conversation that is deleted.
func (c *courier) forget(key Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.boxes, key)
}

// run delivers r, or what the store has, and whatever newer record comes meanwhile.
func (c *courier) run(key Key, r *Record, run *errand) {
	wait := retryFirst
	for tries := 0; ; {
		var pause time.Duration
		var err error
		if r == nil {
			r, err = c.reload(key)
		}
		done := err == nil
		if r != nil {
			pause, done = c.deliver(r, run)
		}
		c.mu.Lock()
		switch {
		case run.next != nil || run.reload:
			tries, wait = 0, retryFirst
		case done || tries == retryFor || c.closing:
			delete(c.runs, key)
			c.release(key)
			c.mu.Unlock()
			return
		default:
			tries++
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
		if r, run.next = run.next, nil; r == nil || pause > 0 {
			r, run.reload = nil, false // after a pause another instance may have gone on
		}
		c.mu.Unlock()
	}
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
func (c *courier) deliver(r *Record, run *errand) (pause time.Duration, done bool) {
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
			c.handOver(r, p, ch)
			s, doubt = r.shown.get(p), false
		}
		if p.Blocked && doubt {
			r.shown.suspect(p, s.Message) // until they are back
		}
		if p.Blocked || s.Version >= r.Card && !doubt {
			continue
		}
		err := c.show(r, p, ch, run)
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
func (c *courier) handOver(r *Record, p Place, ch Channel) {
	s := r.shown.get(p)
	if s.Version < p.Released || s.Message != p.Given {
		c.note(r, Shown{Channel: p.Channel, Address: p.Address, Version: p.Released, Message: p.Given})
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
func (c *courier) show(r *Record, p Place, ch Channel, run *errand) error {
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
	next := run.next
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
	c.note(r, shown)
	if old != "" && old != msg {
		c.remove(r, p, ch, old)
	}
	return nil
}

// note writes down what a place shows.
func (c *courier) note(r *Record, s Shown) {
	r.shown.put(s)
	c.mu.Lock()
	c.unwritten[r.Key]++
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

// applied hears of a turn that was written, before the cache has it: a mark that
// rode in the same batch must not take it for another instance's.
func (c *courier) applied(key Key, version int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.boxes[key]; b != nil {
		b.known = max(b.known, version)
	}
}

// marked hears what became of a mark. A row that is newer than all that this
// process knows means that another one has shown a newer card meanwhile, perhaps
// in the same message and before us; another message than ours is to be removed.
func (c *courier) marked(m ShownMark, replaced string, version int64) {
	p := Place{Channel: m.Shown.Channel, Address: m.Shown.Address}
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.boxes[m.Key]
	if c.unwritten[m.Key]--; c.unwritten[m.Key] <= 0 {
		delete(c.unwritten, m.Key)
	}
	cached := c.e.cache.get(m.Key)
	if b != nil && version <= m.Shown.Version {
		b.marked(m.Shown)
	}
	if version > m.Shown.Version {
		known := int64(0)
		if cached != nil {
			known = cached.Version
		}
		if b != nil {
			known = max(known, b.known)
		}
		if known < version {
			c.box(m.Key).suspect(p, m.Shown.Message)
			c.wakeLocked(m.Key)
		}
	}
	c.release(m.Key)
	ch := c.channels[p.Channel]
	if replaced == "" || ch == nil || c.ctx.Err() != nil || b != nil && b.dropped(replaced) {
		return
	}
	if cached != nil && cached.Version >= m.Shown.Version {
		if q, ok := cached.Place(p.Channel, p.Address); ok && q.Given == replaced {
			return // it is another conversation's card now
		}
	}
	c.removals++
	go func() {
		defer func() { c.mu.Lock(); c.removals--; c.mu.Unlock() }()
		c.removeReplaced(m.Key, p, ch, replaced)
	}()
}

// removeReplaced removes a message of a conversation, unless it is its card or
// was taken over.
func (c *courier) removeReplaced(key Key, p Place, ch Channel, message string) {
	r, err := c.reload(key)
	for wait := retryFirst; err != nil; wait = min(2*wait, retryMost) {
		if c.sleep(wait); c.ending() {
			return
		}
		r, err = c.reload(key)
	}
	if r == nil {
		return
	}
	p, ok := r.Place(p.Channel, p.Address)
	if ok && r.Message(p) != message && p.Given != message {
		c.remove(r, p, ch, message)
	}
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
		var err error
		if defect := guard(func() { err = f(ctx, r, x.Arg, x.ID) }); defect != nil {
			err = defect
		}
		cancel()
		in := Input{ID: "effect:" + x.ID, Kind: KindResult, Key: r.Key, Name: x.Name, Value: x.ID}
		var forever *foreverError
		switch {
		case errors.As(err, &forever):
			c.e.trouble("effect "+x.Name+" for good", err)
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
	return len(c.runs) + c.removals
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
	return len(c.runs)+c.removals+c.asides > 0
}

func (e *Engine) trouble(what string, err error) {
	if e.cfg.Recorder.Trouble != nil {
		e.cfg.Recorder.Trouble(what, err)
	}
}
