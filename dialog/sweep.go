package dialog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	leaseFor   = 8 * time.Second // after which another instance replaces a dead sweeper
	sweepEvery = time.Second
	sweepPage  = 200 // rows
	// sweepAtOnce bounds the turns of timers that are under way together.
	sweepAtOnce = 64
	pruneEvery  = time.Hour
	pruneAgain  = time.Minute // after a failure
	pruneFor    = time.Second // in one sweep
	pruneMost   = 10_000_000  // events in one sweep
)

// Run sweeps until ctx ends or the engine is closed, if this instance gets the sweeper's lease:
// it fires timers and finishes unfinished rows. After a start, a takeover, or the end of another
// instance, it looks at every row that is due within the hour ahead. It gives its leases back
// within two seconds after the end. The error says that another Run of this engine is under way;
// of a closed engine Run returns nil at once.
func (e *Engine) Run(ctx context.Context) error {
	ctx, end, err := e.running.begin(ctx)
	if ctx == nil {
		return err
	}
	defer end()
	e.troubleIn(ctx, "clock", e.Sync(ctx))
	start := startup{e: e, at: e.Now()}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	s := newSweeper(e)
	for {
		start.log(ctx, false)
		s.round(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			start.log(last, true)
			e.batch.log(Event{Kind: EventDown, Instance: e.cfg.Instance, At: e.Now()})
			s.leave(last)
			start.end(last)
			return nil
		}
	}
}

// sweeper is one instance's part in the sweeping.
type sweeper struct {
	e      *Engine
	lease  lease
	peers  *peers
	ahead  bool // the rows due within the hour ahead have been looked at
	gone   bool // an instance has gone since then
	pruned time.Time
	rests  time.Time // until then another instance may take the lease
}

func newSweeper(e *Engine) *sweeper {
	s := &sweeper{e: e, lease: lease{e: e, name: "sweeper:" + e.cfg.Bot}, peers: &peers{e: e}}
	e.peers.Store(s.peers)
	return s
}

// round sweeps once, if this instance holds the lease.
func (s *sweeper) round(ctx context.Context) {
	e := s.e
	e.troubleIn(ctx, "lease", s.peers.stay(ctx))
	if s.peers.departed(ctx) {
		s.gone = true
		e.RefreshAll() // it told nobody of its last commits if it was killed
	}
	e.sweepMemory(ctx)
	if e.cfg.Now().Before(s.rests) {
		return
	}
	if !s.mine(ctx) {
		s.ahead = false
		return
	}
	ahead := time.Duration(0)
	if !s.ahead || s.gone {
		ahead = time.Hour
	}
	did, err := e.sweepPages(ctx, ahead, func() bool { return s.mine(ctx) })
	s.ahead, s.gone = err == nil, false // after an error the rest may have rows of a dead instance
	e.troubleIn(ctx, "sweep", err)
	if did.Newer > 0 {
		s.rest(ctx)
	}
	if now := e.Now(); now.Sub(s.pruned) > pruneEvery {
		done := false
		if did.Pruned, done, err = e.prune(ctx, now); err != nil {
			e.troubleIn(ctx, "prune", err)
			s.pruned = now.Add(pruneAgain - pruneEvery)
		} else if done {
			s.pruned = now
		}
	}
	if e.cfg.Recorder.Swept != nil && did != (Swept{}) {
		e.cfg.Recorder.Swept(did)
	}
}

// restFor is how long an instance leaves the lease to others after it has met rows of a
// newer version. One that knows those rows sweeps them all, and keeps the lease.
const restFor = 5 * time.Second

// rest gives the lease to another instance, if there is one.
func (s *sweeper) rest(ctx context.Context) {
	s.lease.release(ctx)
	s.lease.since = time.Time{}
	s.rests = s.e.cfg.Now().Add(restFor)
}

// mine reports whether this instance holds the lease; it takes or extends the lease
// when it is time.
func (s *sweeper) mine(ctx context.Context) bool {
	got, err := s.lease.keep(ctx)
	if got {
		err = s.e.keepDoor(ctx)
	}
	s.e.troubleIn(ctx, "lease", err)
	return got
}

// leave gives this instance's leases back.
func (s *sweeper) leave(ctx context.Context) {
	s.lease.release(ctx)
	s.peers.leave(ctx)
}

// prune deletes old events in small transactions, until none is left or pruneFor is
// over, because timers wait meanwhile: the next sweep goes on.
func (e *Engine) prune(ctx context.Context, now time.Time) (n int, done bool, err error) {
	before, err := e.prunable(ctx, now)
	if err != nil {
		return 0, true, err
	}
	for until := e.cfg.Now().Add(pruneFor); n < pruneMost && e.cfg.Now().Before(until); {
		gone, err := e.store.Prune(ctx, before)
		n += gone
		if err != nil || gone == 0 {
			return n, true, err
		}
	}
	return n, false, nil
}

// prunable is the time before which events may be deleted.
func (e *Engine) prunable(ctx context.Context, now time.Time) (before time.Time, err error) {
	before = now.Add(-e.cfg.EventsFor)
	if e.cfg.Counted == nil {
		return before, nil
	}
	counted, err := e.cfg.Counted(ctx)
	if counted.Before(before) {
		before = counted
	}
	return before, err
}

// Swept is what a sweep did.
type Swept struct {
	Looked, Woken, Forgotten int // rows
	Newer                    int // rows that this version cannot decide
	Pruned                   int // events
}

// Sweep looks once at every row that is due until ahead from now: it fires timers,
// finishes unfinished rows, and sets the exact time of each next wake.
func (e *Engine) Sweep(ctx context.Context, ahead time.Duration) (Swept, error) {
	return e.sweepPages(ctx, ahead, func() bool { return true })
}

// sweepPages sweeps page by page for as long as mine reports that this instance holds
// the lease.
func (e *Engine) sweepPages(ctx context.Context, ahead time.Duration, mine func() bool) (done Swept, err error) {
	if err := e.Sync(ctx); err != nil { // the store's clock says what is due
		return done, err
	}
	q := DueQuery{Until: e.Now().Add(ahead), Limit: sweepPage}
	moved := moved{}
	for {
		page, err := e.store.Due(ctx, q)
		if err != nil {
			return done, err
		}
		rows := moved.without(page)
		marks := make([]DueMark, len(rows))
		did := make([]swept, len(rows))
		var wg sync.WaitGroup
		room := make(chan struct{}, e.sweepers()) // timers that are due together share commits
		for i, row := range rows {
			room <- struct{}{}
			wg.Go(func() {
				marks[i], did[i] = e.sweep(ctx, row)
				<-room
			})
		}
		wg.Wait()
		var set []DueMark
		for i, d := range did {
			done.Looked++
			switch d {
			case sweptWoken:
				done.Woken++
			case sweptForgotten:
				done.Forgotten++
			case sweptNewer:
				done.Newer++
				set = append(set, marks[i])
			case sweptMark:
				set = append(set, marks[i])
			}
		}
		if len(set) > 0 {
			moved.add(set, q.Until)
			e.batch.markNow(set)
		}
		if len(page) < sweepPage || ctx.Err() != nil {
			return done, ctx.Err()
		}
		if !mine() {
			return done, fmt.Errorf("lost the sweeper's lease: %w", ErrUnavailable)
		}
		last := page[len(page)-1]
		q.After, q.AfterKey = last.Due, last.Key.String()
	}
}

// moved are the rows that a sweep has moved to a place which it has not reached yet: hash of the key → the time that it
// has set. It looks at them once. Otherwise it would move an unfinished row on again and again, a minute ahead of itself: with
// enough of them, as when a channel is away, it would go round them until the hour ahead is over, and fire no timers.
type moved map[uint64]int64

// add remembers the rows that these marks move within the sweep.
func (m moved) add(marks []DueMark, until time.Time) {
	for _, x := range marks {
		if x.Due <= until.UnixMilli() {
			m[hash(x.Key.String())] = x.Due
		}
	}
}

// without are the rows of a page that stand where this sweep did not put them.
func (m moved) without(page []*Row) (rows []*Row) {
	for _, row := range page {
		if due, ok := m[hash(row.Key.String())]; !ok || due != row.Due {
			rows = append(rows, row)
		}
	}
	return rows
}

// sweepers is how many rows are looked at together: one where a test decides the order.
func (e *Engine) sweepers() int {
	if e.cfg.Gate != nil {
		return 1
	}
	return sweepAtOnce
}

// sweepMemory fires the timers of drafts that are in this process's memory only: the
// holder of the lease cannot read them.
func (e *Engine) sweepMemory(ctx context.Context) {
	for _, r := range e.cache.due(e.Now().UnixMilli()) {
		if err := e.fire(ctx, r); errors.Is(err, ErrUnavailable) {
			return // one wait a second is enough; the next round tries again
		}
	}
}

// errResting says that the timers that are due could not be fired lately, see unfired.
var errResting = errors.New("its timers rest")

// fire fires the earliest timer of r that is due and does not rest.
func (e *Engine) fire(ctx context.Context, r *Record) error {
	t, ok := e.dueTimer(r)
	if !ok {
		return errResting
	}
	in := wakeInput(r.Key, t)
	out, err := e.Handle(ctx, *in)
	if err == nil && out.Did == DidPark {
		err = ErrSchemaNewer
	}
	switch {
	case errors.Is(err, ErrSchemaNewer):
		e.cannotFire(unfiredTimer{r.Key, in.ID}, "wake "+t.Name, err)
	case !errors.Is(err, errElsewhere):
		e.troubleIn(ctx, "wake "+t.Name, err)
	}
	return err
}

// cannotFire lets x rest, and reports it the first time.
func (e *Engine) cannotFire(x unfiredTimer, what string, err error) {
	if e.unfired.first(x) {
		e.trouble(what, err)
	}
	e.unfired.rest(x, e.Now().Add(unfiredPause))
}

// swept is the result of looking at one row.
type swept uint8

const (
	sweptNothing   swept = iota
	sweptMark            // the mark sets its next time
	sweptWoken           // a timer's turn was committed
	sweptForgotten       // the row was deleted
	sweptNewer           // this version cannot decide the row; the mark sets when it looks again
)

// sweep looks at one row. The mark has the exact time of its next wake.
func (e *Engine) sweep(ctx context.Context, row *Row) (DueMark, swept) {
	now := e.Now()
	again := DueMark{Key: row.Key, Version: row.Version, Due: now.Add(unfiredPause).UnixMilli()}
	if row.Key.Bot != e.cfg.Bot || e.flows[row.Key.Flow] == nil {
		again.Due = now.Add(time.Hour).UnixMilli() // of another bot on this database, or of a flow that this version lacks
		return again, sweptMark
	}
	r, err := row.record()
	if err != nil {
		x := unfiredTimer{key: row.Key}
		if e.unfired.rests(x, now) {
			return again, sweptMark
		}
		e.cannotFire(x, "sweep "+row.Key.Flow, err)
		return again, sweptNewer
	}
	if cached := e.cache.get(r.Key); cached != nil && cached.Version >= r.Version {
		r = cached // newer than the page of rows
	} else if r.Where != InRow {
		if r, _, err = e.Hydrate(ctx, row.Key); err != nil {
			again.Due = now.Add(pauseAfter(err)).UnixMilli()
			return again, sweptMark
		}
	}
	if len(r.dueTimers(now.UnixMilli())) > 0 {
		did, err := sweptMark, e.fire(ctx, r)
		for ; errors.Is(err, ErrSchemaNewer); err = e.fire(ctx, r) { // that timer rests now
			did = sweptNewer
		}
		if err == nil && did == sweptMark {
			return DueMark{}, sweptWoken // the turn has set a new time
		}
		again.Due = r.lookAgain(now, pauseAfter(err))
		if r.unfinished() { // cards and effects wait for no timer
			e.courier.reread(r.Key)
			again.Due = e.soon(r)
		}
		return again, did
	}
	if r.over(now.UnixMilli()) {
		if err := e.forgetOver(ctx, r); err != nil {
			e.troubleIn(ctx, "forget", err)
			return again, sweptMark
		}
		return DueMark{}, sweptForgotten
	}
	next := e.nextLook(r, now)
	if r.unfinished() {
		e.courier.reread(r.Key)
		next = e.soon(r)
	}
	if next == row.Due {
		return DueMark{}, sweptNothing
	}
	return DueMark{Key: r.Key, Version: r.Version, Due: next}, sweptMark
}

// nextLook is when the sweeper looks at r again: at its next timer, and if it waits (see
// Waiter) within WaitMost. 0: never.
func (e *Engine) nextLook(r *Record, now time.Time) int64 {
	next, most := r.nextTimer().At, now.Add(WaitMost).UnixMilli()
	if next != 0 && next <= most {
		return next
	}
	waits := false
	if w, may := e.flows[r.Key.Flow].(Waiter); may {
		_ = guard(func() { waits = w.Waits(r) })
	}
	if waits {
		return most
	}
	return next
}

// pauseAfter is the pause before the next try of a timer that could not be fired.
func pauseAfter(err error) time.Duration {
	if errors.Is(err, ErrUnavailable) {
		return time.Minute
	}
	return unfiredPause
}

// soon is when the sweeper looks at an unfinished row again.
func (e *Engine) soon(r *Record) int64 { return r.lookAgain(e.Now(), time.Minute) }

// forgetOver forgets a conversation that has ended, unless it has gone on meanwhile.
func (e *Engine) forgetOver(ctx context.Context, r *Record) error {
	if err := e.locks.lock(ctx, r.Key); err != nil {
		return err
	}
	defer e.locks.unlock(r.Key)
	err := e.forget(ctx, &r.Head)
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		e.Refresh(r.Key)
		return nil
	}
	return err
}
