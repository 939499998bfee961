package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	batchMax     = 512                    // turns in one transaction
	batchTimeout = 10 * time.Second       // of one transaction
	marksTimeout = 100 * time.Millisecond // how long a mark waits for turns to go with
	againAfter   = time.Second            // pause before marks of a failed batch are written again
	dueMax       = 10_000                 // due marks that wait while the store is away
	laterMax     = 256                    // events that wait for a batch; later ones are dropped
	laterTimeout = time.Minute            // how long they wait
	singlesMost  = 3 * time.Second        // of turns or marks that fail one by one after their batch has failed
)

// batcher puts the turns that arrive while a batch is written into the next one:
// concurrent turns share a transaction and its fsync, and a single turn waits for
// nobody. No timer is on the path of a turn. The engine's courier says what a mark
// has, and hears the results.
type batcher struct {
	e       *Engine
	kick    chan struct{}
	closing chan struct{} // closed by close
	done    chan struct{}
	ctx     context.Context // of all batches
	stop    context.CancelFunc

	mu         sync.Mutex
	queue      []*waiting
	quarantine quarantine
	shown      []pendingMark // composed when their batch is written
	due        []DueMark
	dueAt      map[rowVersion]int // index in due
	events     []Event
	later      []Event   // go with the next batch that has something to write
	laterBy    time.Time // when they get a batch of their own
	marksBy    time.Time // when waiting marks go without a turn; zero: none wait
	hurried    bool      // closing: marks go at once, and only once
	closed     bool      // closing is closed
	batches    int64
	turns      int64
	lost       int // events and marks that were given up while closing
}

// pendingMark is a conversation whose shown mark waits.
type pendingMark struct {
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

func newBatcher(e *Engine) *batcher {
	b := &batcher{e: e, kick: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{})}
	b.ctx, b.stop = context.WithCancel(context.Background())
	go b.run()
	return b
}

// commit writes one turn and waits for its verdict. When ctx ends first, the
// outcome is unknown: the batch goes on without its caller, and the courier shows
// the turn if it is written.
func (b *batcher) commit(ctx context.Context, w *Write) (Verdict, error) {
	p := &waiting{w: w, done: make(chan written, 1)}
	b.e.gate("commit", w.After.Key)
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return Unknown, errClosing
	}
	b.queue = append(b.queue, p)
	b.mu.Unlock()
	b.signal()
	select {
	case r := <-p.done:
		return r.verdict, r.err
	case <-ctx.Done():
		select {
		case r := <-p.done:
			return r.verdict, r.err
		default:
		}
		go func() {
			if r := <-p.done; r.verdict == Applied {
				b.e.courier.late(w)
				b.e.watches.tellWrite(w)
			}
		}()
		return Unknown, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

// mark writes with the next batch what key shows then, after marksTimeout at the latest.
func (b *batcher) mark(key Key, shown *screens) { b.addMarks([]pendingMark{{key, shown}}, nil) }

// addMarks adds marks to the next batch.
func (b *batcher) addMarks(shown []pendingMark, due []DueMark) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shown = append(b.shown, shown...)
	b.keepDue(due)
	switch {
	case b.hurried:
		b.signal()
	case b.marksBy.IsZero():
		b.marksWait(marksTimeout)
	}
}

// markNow adds due marks, and lets all marks go with the next batch. A sweep sets one for each row that it has looked at: there
// is no newer one to wait for, and a row without its mark is looked at again by the next sweep.
func (b *batcher) markNow(due []DueMark) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keepDue(due)
	b.marksBy = time.Now()
	b.signal()
}

// hurry writes all marks at once from now on, waiting ones too.
func (b *batcher) hurry() {
	b.mu.Lock()
	b.hurried = true
	b.mu.Unlock()
	b.signal()
}

// marksWait lets the marks go after d at the latest; b.mu is held.
func (b *batcher) marksWait(d time.Duration) {
	b.marksBy = time.Now().Add(d)
	time.AfterFunc(d, b.signal)
}

// rowVersion is one version of a row.
type rowVersion struct {
	key     Key
	version int64
}

// keepDue adds due marks. Of each version of a row it keeps the last mark: whether the
// newest version was ever written is unknown. b.mu is held.
func (b *batcher) keepDue(marks []DueMark) {
	if b.dueAt == nil {
		b.dueAt = map[rowVersion]int{}
	}
	for _, m := range marks {
		at := rowVersion{m.Key, m.Version}
		if i, there := b.dueAt[at]; there {
			b.due[i] = m
			continue
		}
		b.dueAt[at] = len(b.due)
		b.due = append(b.due, m)
	}
}

// log adds an event of the instance.
func (b *batcher) log(e Event) {
	b.mu.Lock()
	b.events = append(b.events, e)
	b.mu.Unlock()
	b.signal()
}

// keepEvents lets the events of a failed batch go with a later one. If the batch was
// written after all, they are written twice.
func (b *batcher) keepEvents(events []Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		b.lost += len(events)
		return
	}
	b.addLater(events...)
}

// logLater adds an event to the next batch that has turns or events anyway, after
// laterTimeout to one of its own.
func (b *batcher) logLater(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addLater(e)
}

// addLater lets events wait for a batch; b.mu is held.
func (b *batcher) addLater(events ...Event) {
	if len(events) > 0 && len(b.later) == 0 && b.e.cfg.Gate == nil {
		b.laterBy = time.Now().Add(laterTimeout)
		time.AfterFunc(laterTimeout, b.signal)
	}
	b.later = append(b.later, events...)
	b.later = b.later[:min(len(b.later), laterMax)]
}

// forgetLater drops the waiting events of a conversation.
func (b *batcher) forgetLater(key Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.later = slices.DeleteFunc(b.later, func(e Event) bool { return e.Key == key.String() })
}

// laterDue reports whether the waiting events go without a turn; b.mu is held. A test that decides the
// order of all steps (Gate) has no signals but those of turns and marks.
func (b *batcher) laterDue() bool {
	return b.e.cfg.Gate == nil && len(b.later) > 0 && (b.closed || !time.Now().Before(b.laterBy))
}

// signal lets the batcher look at what waits.
func (b *batcher) signal() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// close writes what is queued, and stops. Turns that wait to be written from quarantine are rejected
// instead, because one after another may hang. When ctx ends, the store has stopFor to
// finish.
func (b *batcher) close(ctx context.Context) {
	b.mu.Lock()
	if !b.closed {
		b.closed, b.hurried = true, true
		close(b.closing)
	}
	b.mu.Unlock()
	b.signal()
	select {
	case <-b.done:
		return
	case <-ctx.Done():
	}
	cut := time.AfterFunc(stopFor, b.stop)
	defer cut.Stop()
	<-b.done
}

// unwritten is an error if events or marks were given up, for the time after close.
func (b *batcher) unwritten() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.lost + len(b.events) + len(b.later) + len(b.shown) + len(b.due)
	if n == 0 {
		return nil
	}
	return fmt.Errorf("close: %d events and marks were not written: %w", n, ErrUnavailable)
}

func (b *batcher) run() {
	defer close(b.done)
	defer b.stop()
	for range b.kick {
		b.mu.Lock()
		closed := b.closed // read before take: marks that were added before close are written
		b.mu.Unlock()
		for {
			if b.e.cfg.Gate != nil {
				b.e.cfg.Gate("batch")
			}
			bt := b.take()
			if bt.empty() {
				break
			}
			b.write(bt)
		}
		if closed && b.quarantineDone() {
			return
		}
	}
}

// write commits a batch. If it fails and the store is there, its turns are committed
// one by one: a bad turn never hurts its neighbours. A key whose turn fails by itself is
// quarantined.
func (b *batcher) write(bt *batch) {
	err := b.try(bt)
	if err == nil {
		return
	}
	if away(err) || len(bt.turns) == 0 || len(bt.turns) == 1 && bt.marks()+len(bt.Events) == 0 {
		if !away(err) && len(bt.turns) == 1 {
			b.quarantineKey(bt.turns[0].w.After.Key)
		}
		b.failed(bt, err)
		return
	}
	var failing time.Duration
	for i, p := range bt.turns {
		began := time.Now()
		err := b.try(single(p))
		if err == nil {
			continue
		}
		if !away(err) {
			b.quarantineKey(p.w.After.Key)
		}
		failing += time.Since(began)
		if away(err) || failing > singlesMost { // gone meanwhile, or locked as a whole: those that are left come again
			bt.turns = bt.turns[i:]
			b.failed(bt, err)
			return
		}
		b.unknown(p, err)
	}
	bt.Writes, bt.turns = nil, nil
	if bt.marks()+len(bt.Events) > 0 {
		if err := b.try(bt); err != nil {
			b.failed(bt, err)
		}
	}
}

// failed ends a batch whose outcome is unknown. Events that the store rejects by themselves
// are dropped: one of them may be unwritable.
func (b *batcher) failed(bt *batch, err error) {
	for _, p := range bt.turns {
		b.unknown(p, err)
	}
	b.again(bt, err)
	if len(bt.Events) > 0 && len(bt.turns)+bt.marks() > 0 && !away(err) {
		err = b.try(&batch{Batch: Batch{Events: bt.Events}})
	}
	switch {
	case err == nil || len(bt.Events) == 0:
	case away(err):
		b.keepEvents(bt.Events)
	default:
		b.e.trouble("write events", err)
	}
}

// unknown answers a turn whose outcome is unknown; the courier hears of it first.
func (b *batcher) unknown(p *waiting, err error) {
	b.e.courier.unknown(p.w)
	b.e.watches.tellUnknown(p.w)
	p.done <- written{Unknown, unavailable(err)}
}

// again puts marks back whose outcome is unknown. Without a shown mark a card may be sent
// twice; without a due mark an unfinished row waits for the end of the hour. If the store
// is there, the marks of each key are written by themselves: a bad one never hurts its
// neighbours. Its key is quarantined.
func (b *batcher) again(bt *batch, err error) {
	if bt.marks() == 0 {
		return
	}
	if !away(err) {
		if parts := bt.byKey(); len(parts) > 1 {
			b.divide(parts)
			return
		}
		b.e.trouble("write marks", err)
		b.quarantineKey(bt.key())
	}
	b.mu.Lock()
	if b.hurried {
		b.mu.Unlock()
		b.drop(bt)
		return
	}
	b.shown = append(bt.shown, b.shown...)
	if later := b.due; len(later)+len(bt.Due) <= dueMax {
		b.due, b.dueAt = nil, nil
		b.keepDue(bt.Due)
		b.keepDue(later)
	}
	b.marksWait(againAfter)
	b.mu.Unlock()
}

// drop gives marks up.
func (b *batcher) drop(bt *batch) {
	b.mu.Lock()
	b.lost += bt.marks()
	b.mu.Unlock()
	for _, x := range bt.shown {
		b.e.courier.marked(x.shown, ShownMark{Key: x.key}, Marked{})
	}
}

// try commits a batch. If only its marks fail, they are tried again behind the turns.
func (b *batcher) try(bt *batch) error {
	ctx, cancel := context.WithTimeout(b.ctx, batchTimeout)
	defer cancel()
	setClock := b.e.askClock()
	res, err := b.e.store.Commit(ctx, &bt.Batch)
	if err != nil {
		return err
	}
	if len(res.Verdicts) != len(bt.turns) || len(res.Marked) != len(bt.shown) && res.MarksErr == nil {
		return fmt.Errorf("store gave %d verdicts for %d turns, and %d results for %d marks: %w",
			len(res.Verdicts), len(bt.turns), len(res.Marked), len(bt.shown), ErrUnavailable)
	}
	setClock(res.Now)
	if len(bt.turns) == 0 && res.MarksErr != nil {
		return res.MarksErr
	}
	for i, p := range bt.turns {
		if res.Verdicts[i] == Applied {
			b.e.recordLogged(p.w.Events)
			b.e.courier.applied(p.w.After.Key, p.w.After.Version)
		}
	}
	b.e.recordLogged(bt.Events)
	if res.MarksErr == nil {
		b.marked(bt, res.Marked)
	}
	for i, p := range bt.turns { // last, because their callers go on from here
		p.done <- written{res.Verdicts[i], nil}
	}
	if res.MarksErr != nil { // nobody waits for marks
		b.again(bt, res.MarksErr)
	}
	return nil
}

// marked hands the results of the marks to the courier.
func (b *batcher) marked(bt *batch, marked []Marked) {
	for i, x := range bt.shown {
		b.e.courier.marked(x.shown, bt.Shown[i], marked[i])
	}
}

// away reports whether the store is the problem, not something in the batch.
func away(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func unavailable(err error) error {
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
