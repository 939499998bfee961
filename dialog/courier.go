package dialog

import (
	"context"
	"sync"
	"time"
)

const (
	retryFirst = time.Second // after a failed call, doubled up to retryMost
	retryMost  = time.Minute
	stopFor    = 2 * time.Second // how long Close waits for what does not heed its context
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

// errand is all that is on its way for one key: its run, and a mark that is not
// yet written. The courier's lock guards it.
type errand struct {
	shown   *screens // shared with the records of the key
	running bool
	next    *Record   // newer than what is being shown; nil: none
	reload  bool      // the record is to be read again: it may be newer than what this process knows
	lost    []Shown   // messages that are to be removed, once it is read again and does not want them
	doubts  []Shown   // messages that may show something old, once it is read again
	marking bool      // what is shown is not yet written down
	noted   bool      // more is to be written down since the last mark was made
	known   int64     // newest version that this process wrote, or read to show it
	until   time.Time // its run waits until then, by the engine's clock
	asked   bool      // the chat has asked for that wait: news do not end it
}

func newCourier(e *Engine) *courier {
	c := &courier{e: e, channels: map[string]Channel{}, errands: map[Key]*errand{}}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// share lets a record that was just read from row, or from elsewhere (nil), or
// written, know what is shown of it meanwhile.
func (c *courier) share(r *Record, row *Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[r.Key]
	if x == nil {
		return
	}
	if row != nil {
		c.lose(r.Key, x, x.shown.read(row.Shown, row.Version))
	} else {
		c.lose(r.Key, x, x.shown.join(r.shown))
	}
	r.shown = x.shown
}

// lose lets messages be removed, once the row is read again and does not want them;
// c.mu is held.
func (c *courier) lose(key Key, x *errand, lost []Shown) {
	if len(lost) > 0 {
		x.lost = append(x.lost, lost...)
		c.look(key)
	}
}

// start shows a record that was just committed.
func (c *courier) start(r *Record) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[r.Key]
	if x != nil && x.shown != r.shown { // begun since r was shared
		c.lose(r.Key, x, x.shown.join(r.shown))
		shared := *r
		shared.shown = x.shown
		r = &shared
	}
	if x == nil && r.unfinished() {
		x = c.errand(r.Key, r.shown)
	}
	if x == nil {
		return
	}
	x.known = max(x.known, r.Version)
	for _, p := range r.Places {
		if p.Push && p.Released == r.Version {
			c.hand(r.Key, x, p) // what is being written to its message is passed on when it is done
		}
	}
	switch {
	case x.running:
		if x.next == nil || x.next.Version <= r.Version {
			x.next = r // even if nothing is to be shown of it: then nothing older is either
		}
	case r.unfinished():
		c.begin(r.Key, x, r)
	}
}

// hand notes that p was handed over; c.mu is held.
func (c *courier) hand(key Key, x *errand, p Place) (stray bool) {
	moved, stray, lost := x.shown.hand(p)
	if moved {
		c.note(key, x)
	}
	c.lose(key, x, lost)
	return stray
}

// note lets what is shown be written down; c.mu is held.
func (c *courier) note(key Key, x *errand) {
	x.noted = true
	if !x.marking {
		x.marking = true
		c.e.batch.mark(key, x.shown)
	}
}

// errand is a new one; c.mu is held.
func (c *courier) errand(key Key, shown *screens) *errand {
	x := &errand{shown: shown}
	c.errands[key] = x
	return x
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

// suspect writes a message again, if it is still the live one: it may show something
// older than the store says.
func (c *courier) suspect(key Key, p Place, message string) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.look(key)
	x.doubts = append(x.doubts, lostAt(p, message)...)
}

// look lets the run of a key read its record again; c.mu is held.
func (c *courier) look(key Key) *errand {
	x := c.errands[key]
	if x == nil {
		shown := &screens{}
		if cached := c.e.cache.get(key); cached != nil {
			shown = cached.shown
		}
		x = c.errand(key, shown)
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
	if !x.running && !x.marking {
		delete(c.errands, key)
	}
}

// forget is told of a conversation that is deleted.
func (c *courier) forget(key Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.errands[key]; x != nil {
		x.shown, x.marking, x.known = &screens{}, false, 0
		c.release(key, x)
	}
}

// run delivers r, or what the store has, and whatever newer record comes meanwhile,
// until this process has nothing left to do. What fails is tried again for as long as
// it fails, at last once a minute. A pause that the other side asks for is no failure.
//
// Another instance may be able to do what this one cannot. The sweeper tells it: the
// row is made due within a minute, once for each version, when tries are a minute apart
// and when the run ends with something left. From then on the sweeper keeps it due. If
// this process dies before that, the sweeper looks at all rows of the hour anyway.
func (c *courier) run(key Key, x *errand, r *Record) {
	wait := retryFirst
	for due := int64(0); ; { // version whose row was made due
		last, pause, done := c.turn(key, x, r)
		asked := pause > 0
		c.mu.Lock()
		over := false
		switch {
		case x.next != nil || x.reload:
			wait = retryFirst
		case c.closing || done && len(x.lost) == 0: // what is lost is removed however long the store is away
			over = true
		case !asked:
			pause = wait
			wait = min(2*wait, retryMost)
		}
		if (over || wait == retryMost) && last != nil && last.Version != due && last.unfinished() {
			due = last.Version
			c.e.batch.wait(nil, []DueMark{{Key: key, Version: due, Due: c.e.soon(last)}})
		}
		if over {
			x.running = false
			c.runs--
			c.release(key, x)
			c.mu.Unlock()
			return
		}
		if pause > 0 {
			x.until, x.asked = c.e.cfg.Now().Add(pause), asked
		}
		c.mu.Unlock()
		if pause > 0 {
			if c.sleep(x) {
				wait, pause = retryFirst, 0 // a turn that has just been committed is shown at once
			}
			c.e.gate("again", key)
		}
		c.mu.Lock()
		x.until = time.Time{}
		if r, x.next = x.next, nil; r == nil || pause > 0 {
			r, x.reload = nil, false // after a pause another instance may have gone on
		}
		c.mu.Unlock()
	}
}

// sleep waits as long as the run of x has to, and reports whether news ended it.
func (c *courier) sleep(x *errand) bool {
	for {
		c.mu.Lock()
		left, waits, news := x.until.Sub(c.e.cfg.Now()), c.waits(x), !x.asked && x.next != nil
		c.mu.Unlock()
		if !waits {
			return news
		}
		time.Sleep(min(left, 50*time.Millisecond))
	}
}

// waits reports whether the run of x has to wait: for its time, not longer than
// until the courier closes or there is news; c.mu is held.
func (c *courier) waits(x *errand) bool {
	return c.e.cfg.Now().Before(x.until) && (x.asked || x.next == nil) && !c.closing
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

// mark is what is to be written down of a key; false: it was forgotten meanwhile.
func (c *courier) mark(key Key, shown *screens) (m ShownMark, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[key]
	if x == nil || x.shown != shown {
		return m, false
	}
	x.noted = false
	return shown.mark(key), true
}

// marked hears what became of a mark. The row is read again if it is newer than all
// that this process wrote, for another one has shown a newer card meanwhile, perhaps
// in the same message and before us; or if it lives another life.
func (c *courier) marked(shown *screens, m ShownMark, got Marked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[m.Key]
	if x == nil || x.shown != shown { // forgotten meanwhile
		return
	}
	x.marking = false
	again := x.noted
	if got.Version > 0 {
		differs, lost := shown.marked(m, got, !x.noted)
		again = again || differs
		if got.Version < m.Least {
			x.known = min(x.known, got.Version)
			c.look(m.Key)
		} else if got.Version > x.known {
			c.look(m.Key)
		}
		c.lose(m.Key, x, lost)
	}
	if again {
		c.note(m.Key, x)
	}
	c.release(m.Key, x)
}

// active counts the runs, those of them that wait for their time, and the marks
// that are not yet written.
func (c *courier) active() (runs, waiting, marks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.errands {
		if x.running && c.waits(x) {
			waiting++
		}
		if x.marking {
			marks++
		}
	}
	return c.runs, waiting, marks
}

// late hears of a turn that was written after its caller had left: nobody else
// shows it.
func (c *courier) late(w *Write) {
	c.wake(w.After.Key)
	for _, s := range w.Starts {
		c.wake(s.Key)
	}
}

// unknown hears of a turn that may have been written: this process does not know it,
// and its sender need not come again, as no timer does. If it was, the sweeper
// looks at it within a minute.
func (c *courier) unknown(w *Write) {
	var due []DueMark
	soon := c.e.Now().Add(time.Minute).UnixMilli()
	for _, row := range append([]*Row{w.After}, w.Starts...) {
		due = append(due, DueMark{Key: row.Key, Version: row.Version, Due: min(row.Due, soon)})
	}
	c.e.batch.wait(nil, due)
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

// drain lets runs end until ctx does, and what they showed be written down, which may
// tell of messages that are still to be removed; then it stops them.
func (c *courier) drain(ctx context.Context) {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.e.batch.hurry()
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
	runs, _, marks := c.active()
	c.mu.Lock()
	defer c.mu.Unlock()
	return runs+marks+c.asides > 0
}

func (e *Engine) trouble(what string, err error) {
	if e.cfg.Recorder.Trouble != nil {
		e.cfg.Recorder.Trouble(what, err)
	}
}
