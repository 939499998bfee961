package dialog

import "time"

const (
	retryFirst = time.Second // pause after a failed try, doubled up to retryMost
	retryMost  = time.Minute
)

// errand is all that is under way for one key: the runs that show its cards, its effects,
// and its mark. The courier's lock guards it.
type errand struct {
	shown   *screens        // shared with the records of the key
	effects map[string]bool // ids of the effects that are under way
	marking bool            // a mark waits for its batch, or for the result
	changed bool            // the screens changed since the mark was composed
	known   int64           // newest version that this process wrote, or read to show it
	owner   run             // to the owner
	seats   []*run          // to the holders of seats, and of notes (reader)
}

// run shows the cards of one person of a conversation: nobody waits for another's chat.
type run struct {
	role   string
	active bool
	next   *Record   // newer than the record of the run; nil: none
	reread bool      // the run reads the row again, which may be newer
	lost   []Shown   // messages to remove after the next read, unless that record shows them
	doubts []Shown   // messages that may show an older card; written again after the next read
	wait   *wait     // the run waits; nil: it does not
	starts []*Record // conversations that begin when the call that is under way has ended
}

// reader is the role of a run that reads the row for the other runs, serves the notes of
// blocks, and shows nothing.
const reader = "-"

// to is the run to the holder of a role.
func (x *errand) to(role string) *run {
	if role == "" {
		return &x.owner
	}
	for _, o := range x.seats {
		if o.role == role {
			return o
		}
	}
	o := &run{role: role}
	x.seats = append(x.seats, o)
	return o
}

// each calls f with the runs that are active.
func (x *errand) each(f func(*run)) {
	if x.owner.active {
		f(&x.owner)
	}
	for _, o := range x.seats {
		if o.active {
			f(o)
		}
	}
}

// active reports whether there is an active run.
func (x *errand) active() (yes bool) {
	x.each(func(*run) { yes = true })
	return yes
}

// errand begins the errand of a key; c.mu is held.
func (c *courier) errand(key Key, shown *screens) *errand {
	x := &errand{shown: shown}
	c.errands[key] = x
	return x
}

// rereadRun lets the run to a role read the row again, and begins the run if it is not
// active; c.mu is held. What it reads is for all: see try.
func (c *courier) rereadRun(key Key, role string) *run {
	x := c.errands[key]
	if x == nil {
		shown := &screens{}
		if cached := c.e.cache.get(key); cached != nil {
			shown = cached.shown
		}
		x = c.errand(key, shown)
	}
	o := x.to(role)
	if o.active {
		o.reread = true
	} else {
		c.begin(key, x, o, nil)
	}
	return o
}

// begin starts a run with r, or with what the store has (nil); c.mu is held.
func (c *courier) begin(key Key, x *errand, o *run, r *Record) {
	if c.ctx.Err() != nil { // closed: the sweeper of another instance, or of the next start, finds the row
		c.release(key, x)
		return
	}
	o.active = true
	c.runs++
	go c.run(key, x, o, r)
}

// release drops an errand that has neither a run, nor effects, nor a mark; c.mu is held.
func (c *courier) release(key Key, x *errand) {
	if !x.marking && len(x.effects) == 0 && !x.active() {
		delete(c.errands, key)
	}
}

// run delivers r, or what the store has (nil), and each newer record that comes
// meanwhile, until this process has nothing left to do. A failure is tried again for
// as long as it lasts, at last once a minute. A pause that the chat asks for is no
// failure.
func (c *courier) run(key Key, x *errand, o *run, r *Record) {
	t := tries{pause: retryFirst}
	for {
		tried, asked, done := c.try(key, x, o, r)
		w, over := c.goOn(key, x, o, &t, tried, asked, done)
		if over {
			return
		}
		if w != nil {
			<-w.over
			c.e.gate("again"+seated("", o.role), key)
		}
		r = c.next(o, &t, w)
	}
}

// tries are the failed tries of a run.
type tries struct {
	pause time.Duration // after the next failure
	due   int64         // version whose row was made due
}

// goOn says how the run goes on: it is over, waits (w), or tries again at once (nil).
// tried is the record of the try, asked the pause that a chat asked for.
//
// Another instance may be able to do what this one cannot. So the row is made due
// within a minute, once for each version: when tries are a minute apart, and when the
// run ends with something left. From then on the sweeper keeps it due. If this process
// dies before that, the sweeper looks at all rows of the hour anyway.
func (c *courier) goOn(key Key, x *errand, o *run, t *tries, tried *Record, asked time.Duration, done bool) (w *wait, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range o.starts {
		c.startOne(s)
	}
	o.starts = nil
	pause := asked
	switch {
	case o.next != nil || o.reread:
		t.pause = retryFirst
	case c.closing || done && len(o.lost) == 0: // messages are removed however long the store is away
		over = true
	case asked == 0:
		pause = t.pause
		t.pause = min(2*t.pause, retryMost)
	}
	if (over || t.pause == retryMost) && tried != nil && tried.Version != t.due && tried.unshownTo(o.role) {
		t.due = tried.Version
		c.dueSoon(tried)
	}
	switch {
	case over:
		o.active = false
		c.runs--
		c.release(key, x)
	case pause > 0:
		o.wait = c.wait(pause, asked > 0)
	}
	return o.wait, over
}

// next is the record to deliver after a wait (nil: there was none); nil: the store's.
func (c *courier) next(o *run, t *tries, w *wait) (r *Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, o.next, o.wait = o.next, nil, nil
	switch {
	case r != nil && w != nil && !w.asked: // a turn that has just been committed is shown at once
		t.pause = retryFirst
	case r == nil || w != nil: // after a pause another instance may have gone on
		r, o.reread = nil, false
	}
	return r
}

// dueSoon makes the row of r due within a minute.
func (c *courier) dueSoon(r *Record) {
	c.e.batch.addMarks(nil, []DueMark{{Key: r.Key, Version: r.Version, Due: c.e.soon(r)}})
}

// removeLater has messages removed after the next read of the row, unless the record
// shows them; c.mu is held.
func (c *courier) removeLater(key Key, x *errand, lost []Shown) {
	for _, s := range lost {
		o := x.to(s.Seat)
		o.lost = append(o.lost, s)
		c.rereadRun(key, s.Seat)
	}
}

// markLater has the next batch write what is shown; c.mu is held.
func (c *courier) markLater(key Key, x *errand) {
	x.changed = true
	if !x.marking {
		x.marking = true
		c.e.batch.mark(key, x.shown)
	}
}

// mark composes the mark of a key; false: the conversation was deleted meanwhile.
func (c *courier) mark(key Key, shown *screens) (m ShownMark, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[key]
	if x == nil || x.shown != shown {
		return m, false
	}
	x.changed = false
	return shown.mark(key), true
}

// marked hears the result of a mark; the zero Marked: it is lost. The row is read again
// if its version is newer than all that this process wrote, because another instance
// may have shown a newer card, perhaps in the same message and before us. It is also
// read again if the row is older than what was shown, see screen.rewind.
func (c *courier) marked(shown *screens, m ShownMark, got Marked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[m.Key]
	if x == nil || x.shown != shown { // deleted meanwhile
		return
	}
	x.marking = false
	again := x.changed
	if got.Version > 0 {
		differs, lost := shown.marked(m, got, !x.changed)
		again = again || differs
		if got.Version < m.Least {
			x.known = min(x.known, got.Version)
			c.rereadAll(m.Key)
		} else if got.Version > x.known {
			c.rereadAll(m.Key)
		}
		c.removeLater(m.Key, x, lost)
	}
	if again {
		c.markLater(m.Key, x)
	}
	c.release(m.Key, x)
}
