package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	batchMax     = 512                    // turns in one transaction
	batchTimeout = 10 * time.Second       // of one transaction
	rideTimeout  = 100 * time.Millisecond // how long a mark waits for turns to ride with
	againAfter   = time.Second            // when marks that could not be written are tried alone
	dueMax       = 10_000                 // due marks that wait while the store is away
	refusedMax   = 5                      // tries of marks that the store refuses
)

// batcher groups what arrives while the last batch is written into the next
// one: concurrent turns share a transaction and its fsync, and a lone turn waits
// for nobody. There is no timer on the path of a turn.
type batcher struct {
	store Store
	gate  func(string) // nil: none
	// compose makes a mark; false: there is nothing any more.
	compose func(Key, *screens) (ShownMark, bool)
	// marked tells what became of each mark; nothing of one that is lost.
	marked func(*screens, ShownMark, Marked)
	// applied tells of each turn that was written, before its caller hears of it.
	applied func(key Key, version int64)
	// late tells of a turn that was written after its caller had left.
	late func(*Write)
	// unknown tells of each turn of which nobody knows whether it was written, before
	// its caller hears of that.
	unknown func(*Write)
	ask     func() func(time.Time) // called before a commit; what it returns hears the store's time

	kick chan struct{}
	done chan struct{}

	mu      sync.Mutex
	queue   []*waiting
	shown   []noted // to be marked as they are then
	due     []DueMark
	dueAt   map[Key]int // where in due
	events  []Event
	notes   []Event   // ride with what is written
	rideBy  time.Time // when marks that wait go without a turn; zero: none wait
	refused int       // tries of marks that the store refused
	hurried bool      // marks wait for nobody, and are not tried again
	closed  bool
	batches int64
	turns   int64
}

// noted is what waits to be marked.
type noted struct {
	key   Key
	shown *screens
}

type waiting struct {
	w    *Write
	done chan written
}

type written struct {
	verdict Verdict
	err     error
}

func newBatcher(s Store, gate func(string), compose func(Key, *screens) (ShownMark, bool), marked func(*screens, ShownMark, Marked), applied func(Key, int64), late, unknown func(*Write), ask func() func(time.Time)) *batcher {
	b := &batcher{store: s, gate: gate, compose: compose, marked: marked, applied: applied, late: late, unknown: unknown, ask: ask, kick: make(chan struct{}, 1), done: make(chan struct{})}
	go b.run()
	return b
}

// commit writes one turn and waits for its verdict. When ctx ends first, the
// outcome is unknown: the batch goes on without its caller.
func (b *batcher) commit(ctx context.Context, w *Write) (Verdict, error) {
	p := &waiting{w: w, done: make(chan written, 1)}
	if b.gate != nil {
		b.gate("commit " + w.After.Key.Path())
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return Unknown, fmt.Errorf("closing: %w", ErrUnavailable)
	}
	b.queue = append(b.queue, p)
	b.mu.Unlock()
	b.wake()
	select {
	case r := <-p.done:
		return r.verdict, r.err
	default:
	}
	select {
	case r := <-p.done:
		return r.verdict, r.err
	case <-ctx.Done():
		go func() {
			if r := <-p.done; r.verdict == Applied {
				b.late(w)
			}
		}()
		return Unknown, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

// mark writes down with the next batch what key shows then; without a turn to ride
// with it goes after rideTimeout.
func (b *batcher) mark(key Key, shown *screens) { b.wait([]noted{{key, shown}}, nil) }

// wait adds marks to the next batch.
func (b *batcher) wait(shown []noted, due []DueMark) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown = append(b.shown, shown...)
	b.keepDue(due)
	switch {
	case b.hurried:
		b.wake()
	case b.rideBy.IsZero():
		b.ride(rideTimeout)
	}
}

// hurry lets marks wait for nobody from now on.
func (b *batcher) hurry() {
	b.mu.Lock()
	b.hurried = true
	b.mu.Unlock()
	b.wake()
}

// ride lets the marks go after d at the latest; b.mu is held.
func (b *batcher) ride(d time.Duration) {
	b.rideBy = time.Now().Add(d)
	time.AfterFunc(d, b.wake)
}

// keepDue notes due marks; of one row only the last one of its newest version. b.mu is held.
func (b *batcher) keepDue(marks []DueMark) {
	if b.dueAt == nil {
		b.dueAt = map[Key]int{}
	}
	for _, m := range marks {
		i, there := b.dueAt[m.Key]
		switch {
		case !there:
			b.dueAt[m.Key] = len(b.due)
			b.due = append(b.due, m)
		case b.due[i].Version <= m.Version:
			b.due[i] = m
		}
	}
}

// log adds events of the instance.
func (b *batcher) log(e Event) {
	b.mu.Lock()
	b.events = append(b.events, e)
	b.mu.Unlock()
	b.wake()
}

func (b *batcher) wake() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// close writes what is queued and stops.
func (b *batcher) close() {
	b.mu.Lock()
	was := b.closed
	b.closed, b.hurried = true, true
	b.mu.Unlock()
	if !was {
		b.wake()
	}
	<-b.done
}

func (b *batcher) run() {
	defer close(b.done)
	for range b.kick {
		b.mu.Lock()
		closed := b.closed // before it is looked what waits: else that may come to nothing
		b.mu.Unlock()
		for {
			if b.gate != nil {
				b.gate("batch")
			}
			l := b.take()
			if l.empty() {
				break
			}
			b.write(l)
		}
		if closed {
			return
		}
	}
}

// load is a batch, and what it was made of.
type load struct {
	Batch
	turns []*waiting
	shown []noted // one for each of Shown
}

func (l *load) marks() int { return len(l.Shown) + len(l.Due) }

func (l *load) empty() bool { return len(l.turns)+l.marks()+len(l.Events) == 0 }

// take removes the next batch from the queue: at most one turn per key, sorted by key.
func (b *batcher) take() *load {
	b.mu.Lock()
	l := b.takeTurns()
	shown := b.takeMarks(l)
	b.mu.Unlock()
	for _, x := range shown {
		if m, ok := b.compose(x.key, x.shown); ok {
			l.shown, l.Shown = append(l.shown, x), append(l.Shown, m)
		}
	}
	return l
}

// takeMarks takes what is to be marked: what a place shows overtakes itself while it
// waits, so that many turns need few marks. Near the end of their time they ride, and
// then they wait for nobody. b.mu is held.
func (b *batcher) takeMarks(l *load) (shown []noted) {
	if left := time.Until(b.rideBy); b.hurried || left <= 0 || len(l.turns) > 0 && left <= rideTimeout/2 {
		shown, l.Due = b.shown, b.due
		b.shown, b.due, b.dueAt, b.rideBy = nil, nil, nil, time.Time{}
	}
	return shown
}

// takeTurns takes turns and events; b.mu is held.
func (b *batcher) takeTurns() *load {
	l := &load{Batch: Batch{Events: b.events}}
	b.events = nil
	if len(b.queue)+len(l.Events) > 0 {
		l.Events, b.notes = append(l.Events, b.notes...), nil
	}
	switch len(b.queue) {
	case 0:
		return l
	case 1:
		l.turns, b.queue = b.queue, nil
	default:
		var rest []*waiting
		taken := make(map[Key]struct{}, len(b.queue))
		for _, p := range b.queue {
			if len(l.turns) == batchMax || clashes(taken, p.w) {
				rest = append(rest, p)
				continue
			}
			taken[p.w.After.Key] = struct{}{}
			for _, s := range p.w.Starts {
				taken[s.Key] = struct{}{}
			}
			l.turns = append(l.turns, p)
		}
		b.queue = rest
		slices.SortFunc(l.turns, func(x, y *waiting) int { return strings.Compare(x.w.After.Key.String(), y.w.After.Key.String()) })
	}
	l.Writes = make([]*Write, len(l.turns))
	for i, p := range l.turns {
		l.Writes[i] = p.w
	}
	b.batches++
	b.turns += int64(len(l.turns))
	return l
}

func clashes(taken map[Key]struct{}, w *Write) bool {
	if _, ok := taken[w.After.Key]; ok {
		return true
	}
	for _, s := range w.Starts {
		if _, ok := taken[s.Key]; ok {
			return true
		}
	}
	return false
}

// write commits a batch. One bad turn never hurts its neighbours: unless the
// store is away, what failed together is committed one by one.
func (b *batcher) write(l *load) {
	err := b.try(l)
	if err == nil {
		return
	}
	if away(err) || len(l.turns) == 0 || len(l.turns) == 1 && l.marks()+len(l.Events) == 0 {
		b.failed(l, err)
		return
	}
	for i, p := range l.turns {
		err := b.try(&load{Batch: Batch{Writes: []*Write{p.w}}, turns: []*waiting{p}})
		if away(err) { // by now: the others do not wait for each to time out
			l.turns = l.turns[i:]
			b.failed(l, err)
			return
		}
		if err != nil {
			b.doubt(p, err)
		}
	}
	l.Writes, l.Events, l.turns = nil, nil, nil
	if l.marks() > 0 {
		if err := b.try(l); err != nil {
			b.again(l, err)
		}
	}
}

// failed answers for turns of which nobody knows whether they were written. Events
// are insight: they may go.
func (b *batcher) failed(l *load, err error) {
	for _, p := range l.turns {
		b.doubt(p, err)
	}
	b.again(l, err)
}

// doubt answers for a turn of which nobody knows whether it was written.
func (b *batcher) doubt(p *waiting, err error) {
	b.unknown(p.w)
	p.done <- written{Unknown, unavailable(err)}
}

// again puts marks back that could not be written. Without them a card would be
// sent twice, and one that nobody could show would wait for the end of the hour.
func (b *batcher) again(l *load, err error) {
	if l.marks() == 0 {
		return
	}
	if !away(err) { // perhaps one of them can never be written
		b.refused++
	}
	b.mu.Lock()
	if b.hurried || b.refused > refusedMax {
		b.refused = 0
		b.mu.Unlock()
		for _, x := range l.shown {
			b.marked(x.shown, ShownMark{Key: x.key}, Marked{})
		}
		return
	}
	b.shown = append(l.shown, b.shown...)
	if later := b.due; len(later)+len(l.Due) <= dueMax {
		b.due, b.dueAt = nil, nil
		b.keepDue(l.Due)
		b.keepDue(later)
	}
	b.ride(againAfter)
	b.mu.Unlock()
}

func (b *batcher) try(l *load) error {
	ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
	defer cancel()
	told := b.ask()
	res, err := b.store.Commit(ctx, &l.Batch)
	if err != nil {
		return err
	}
	if len(res.Verdicts) != len(l.turns) || len(res.Marked) != len(l.shown) {
		return fmt.Errorf("store gave %d verdicts for %d turns, and %d for %d marks: %w",
			len(res.Verdicts), len(l.turns), len(res.Marked), len(l.shown), ErrUnavailable)
	}
	told(res.Now)
	for i, p := range l.turns {
		if res.Verdicts[i] == Applied {
			b.applied(p.w.After.Key, p.w.After.Version)
		}
	}
	if l.marks() > 0 {
		b.refused = 0
	}
	for i, x := range l.shown {
		b.marked(x.shown, l.Shown[i], res.Marked[i])
	}
	for i, p := range l.turns { // last: from here on their callers run beside us
		p.done <- written{res.Verdicts[i], nil}
	}
	return nil
}

// away reports whether the store is the problem, not something in the batch.
func away(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}

func unavailable(err error) error {
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
