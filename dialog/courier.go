package dialog

import (
	"context"
	"sync"
	"time"
)

// stopFor is how long Close waits for channels and effects that ignore their context.
const stopFor = 2 * time.Second

// courier shows cards and does effects after the commit. Each person of a conversation has
// at most one run at a time, which shows the current record: ten quick turns need not be ten sends. Each
// effect has a goroutine of its own, so that no card and no other effect waits for it.
type courier struct {
	e        *Engine
	channels map[string]Channel
	ctx      context.Context
	stop     context.CancelFunc

	mu      sync.Mutex
	errands map[Key]*errand
	waits   map[*wait]struct{}
	runs    int  // goroutines that show cards or do effects
	funcs   int  // functions of afterFunc that have not ended
	closing bool // no more tries
}

func newCourier(e *Engine) *courier {
	c := &courier{e: e, channels: map[string]Channel{}, errands: map[Key]*errand{}, waits: map[*wait]struct{}{}}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// ahead reports whether a version beyond that of r is known to be shown. If the commit
// on r succeeds, the row never had that version.
func (c *courier) ahead(r *Record) bool {
	c.mu.Lock()
	x := c.errands[r.Key]
	c.mu.Unlock()
	return r.shown.ahead(r.Version) || x != nil && x.shown.ahead(r.Version)
}

// share gives a record the screens of its key's errand. The record was just read from
// row; without a row (nil) it was written, or read from a copy.
func (c *courier) share(r *Record, row *Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[r.Key]
	if x == nil {
		return
	}
	if row != nil {
		c.removeLater(r.Key, x, x.shown.read(row.Shown, row.Version))
	} else {
		c.removeLater(r.Key, x, x.shown.join(r.shown))
	}
	r.shown = x.shown
}

// start shows a record that was just committed, and the records that its turn started. A
// started record may have taken over a message of the turn's person, so it begins when no
// call to that person is under way: otherwise the older card could overwrite the newer one, and would stay if
// the process died then.
func (c *courier) start(r *Record, starts []*Record, role string) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[r.Key]
	if x != nil && len(starts) > 0 {
		if o := x.to(role); o.active && o.wait == nil {
			c.startOne(r)
			o.starts = append(o.starts, starts...)
			return
		}
	}
	c.startOne(r)
	for _, s := range starts {
		c.startOne(s)
	}
}

// startOne shows a record; c.mu is held.
func (c *courier) startOne(r *Record) {
	x := c.errands[r.Key]
	if x != nil && x.shown != r.shown { // the errand began after share
		c.removeLater(r.Key, x, x.shown.join(r.shown))
		shared := *r
		shared.shown = x.shown
		r = &shared
	}
	if r.spared { // the draft is read first
		if x != nil && x.active() || r.unfinished() {
			c.rereadAll(r.Key)
		}
		return
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
			c.hand(r.Key, x, p, true) // a run that may have written to the message passes it on
		}
	}
	c.beginEffects(x, r)
	x.each(func(o *run) {
		if o.next == nil || o.next.Version <= r.Version {
			o.next = r // also with nothing to show: it replaces an older record
		}
		if o.wait != nil && !o.wait.asked {
			c.endWait(o.wait)
		}
	})
	c.beginRuns(r.Key, x, r)
	c.release(r.Key, x)
}

// beginRuns begins the runs to all who lack r and to whom none is active; c.mu is held.
func (c *courier) beginRuns(key Key, x *errand, r *Record) {
	switch o := &x.owner; {
	case !o.active && r.unshownTo(""):
		c.begin(key, x, o, r)
	case o.active && o.wait != nil && len(r.liftable()) > 0: // the notes are not the owner's alone
		if o := x.to(reader); !o.active {
			c.begin(key, x, o, r)
		}
	}
	for _, s := range r.Seats {
		if r.unshownTo(s.Role) {
			if o := x.to(s.Role); !o.active {
				c.begin(key, x, o, r)
			}
		}
	}
}

// hand records that p was handed over, see screen.hand; c.mu is held.
func (c *courier) hand(key Key, x *errand, p Place, here bool) {
	changed, lost := x.shown.hand(p, here)
	if changed {
		c.markLater(key, x)
	}
	c.removeLater(key, x, lost)
}

// reread shows what is pending of a conversation, from its row.
func (c *courier) reread(key Key) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rereadAll(key)
}

// rereadAll lets all runs of a conversation read its row again, also while the owner's run is at
// work or waits for a chat; c.mu is held. Only a conversation with an id of its own can
// have other people.
func (c *courier) rereadAll(key Key) {
	x := c.errands[key]
	busy := x != nil && x.owner.active
	c.rereadRun(key, "")
	if _, byID := c.e.flows[key.Flow].(Matcher); busy && byID {
		c.rereadRun(key, reader)
	}
}

// suspect writes the card to message again if that is still the live one: it may show
// an older card than the store says.
func (c *courier) suspect(key Key, p Place, message string) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.rereadRun(key, p.Seat)
	o.doubts = append(o.doubts, lostAt(p, message)...)
}

// forget drops what is under way of a conversation that was deleted.
func (c *courier) forget(key Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.errands[key]; x != nil {
		x.shown, x.marking, x.known = &screens{}, false, 0
		x.each(func(o *run) { o.next, o.doubts = nil, nil })
		c.release(key, x)
	}
}

// applied hears of each turn that was written, before its caller does and before the
// marks of the same batch: marked must know the version as this process's own.
func (c *courier) applied(key Key, version int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.errands[key]; x != nil {
		x.known = max(x.known, version)
	}
}

// late shows a turn that was written after its caller had left.
func (c *courier) late(w *Write) {
	c.reread(w.After.Key)
	for _, s := range w.Starts {
		c.reread(s.Key)
	}
}

// unknown makes the rows of a turn due within a minute, because its outcome is unknown:
// if it was written, this process does not show it, and its sender may not try again.
func (c *courier) unknown(w *Write) {
	var due []DueMark
	soon := c.e.Now().Add(time.Minute).UnixMilli()
	for _, row := range append([]*Row{w.After}, w.Starts...) {
		due = append(due, DueMark{Key: row.Key, Version: row.Version, Due: min(row.Due, soon)})
	}
	c.e.batch.addMarks(nil, due)
}

// afterFunc calls f after d; only Close waits for its end. Once closed, it does nothing.
func (c *courier) afterFunc(d time.Duration, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	c.funcs++
	time.AfterFunc(d, func() {
		defer func() { c.mu.Lock(); c.funcs--; c.mu.Unlock() }()
		f()
	})
}

// active ends the waits that are over by a clock that a test has turned. Then it counts
// the runs, those of them that wait for their time, and the marks that are not yet written.
func (c *courier) active() (runs, waiting, marks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.errands {
		if x.marking {
			marks++
		}
	}
	c.endWaits(false)
	return c.runs, len(c.waits), marks
}

// drain lets runs end and marks be written until ctx ends, then stops the runs. A
// mark's result may ask for one more run, which removes a message.
func (c *courier) drain(ctx context.Context) {
	c.mu.Lock()
	c.closing = true
	c.endWaits(true)
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
	return runs+marks+c.funcs > 0
}

func (e *Engine) trouble(what string, err error) {
	if e.cfg.Recorder.Trouble != nil {
		e.cfg.Recorder.Trouble(what, err)
	}
}

// troubleIn reports an error, if there is one, unless ctx has ended: then that is its reason.
func (e *Engine) troubleIn(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		e.trouble(what, err)
	}
}
