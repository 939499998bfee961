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
	marksMax     = 10_000                 // marks of each kind that wait while the store is away
	refusedMax   = 5                      // tries of marks that the store refuses
)

// batcher groups what arrives while the last batch is written into the next
// one: concurrent turns share a transaction and its fsync, and a lone turn waits
// for nobody. There is no timer on the path of a turn.
type batcher struct {
	store Store
	gate  func(string) // nil: none
	// marked tells of each mark, once, which message it replaced and which
	// version its row has; nothing of one that is lost.
	marked func(m ShownMark, replaced string, version int64)
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
	shown   []ShownMark
	at      map[markPlace]int // where in shown
	due     []DueMark
	dueAt   map[Key]int // where in due
	events  []Event
	notes   []Event   // ride with what is written
	rideBy  time.Time // when marks that wait go without a turn; zero: none wait
	refused int       // tries of marks that the store refused
	closed  bool
	batches int64
	turns   int64
}

type waiting struct {
	w    *Write
	done chan written
}

type written struct {
	verdict Verdict
	err     error
}

func newBatcher(s Store, gate func(string), marked func(ShownMark, string, int64), applied func(Key, int64), late, unknown func(*Write), ask func() func(time.Time)) *batcher {
	b := &batcher{store: s, gate: gate, marked: marked, applied: applied, late: late, unknown: unknown, ask: ask, kick: make(chan struct{}, 1), done: make(chan struct{})}
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

// mark adds marks to the next batch; without a turn to ride with they go after rideTimeout.
func (b *batcher) mark(s []ShownMark, d []DueMark) {
	b.mu.Lock()
	overtaken := b.keep(s, true)
	b.keepDue(d)
	if b.rideBy.IsZero() && !b.closed {
		b.ride(rideTimeout)
	}
	b.mu.Unlock()
	b.lost(overtaken)
}

// ride lets the marks go after d at the latest; b.mu is held.
func (b *batcher) ride(d time.Duration) {
	b.rideBy = time.Now().Add(d)
	time.AfterFunc(d, b.wake)
}

// keep notes marks; of one place only the last that was made. Its version does not
// tell: that of another life of the row may be higher. newer: these were made
// after those that wait. It returns those that are overtaken. b.mu is held.
func (b *batcher) keep(marks []ShownMark, newer bool) (overtaken []ShownMark) {
	if b.at == nil {
		b.at = map[markPlace]int{}
	}
	for _, m := range marks {
		p := markPlace{m.Key, m.Shown.Channel, m.Shown.Address}
		i, there := b.at[p]
		switch {
		case !there:
			b.at[p] = len(b.shown)
			b.shown = append(b.shown, m)
		case newer:
			overtaken = append(overtaken, b.shown[i])
			b.shown[i] = m
		default:
			overtaken = append(overtaken, m)
		}
	}
	return overtaken
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

// markPlace is what a mark is about.
type markPlace struct {
	key              Key
	channel, address string
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
	b.closed = true
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
			batch, ws := b.take()
			if len(ws) == 0 && len(batch.Shown) == 0 && len(batch.Due) == 0 && len(batch.Events) == 0 {
				break
			}
			b.write(batch, ws)
		}
		if closed {
			return
		}
	}
}

// take removes the next batch from the queue: at most one turn per key, sorted by key.
func (b *batcher) take() (*Batch, []*waiting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	batch := &Batch{Events: b.events}
	b.events = nil
	if len(b.queue)+len(batch.Events) > 0 {
		batch.Events, b.notes = append(batch.Events, b.notes...), nil
	}
	// marks of one place overtake each other while they wait, so that many turns
	// need few; near the end of their time they ride, and then they wait for nobody
	if left := time.Until(b.rideBy); b.closed || left <= 0 || len(b.queue) > 0 && left <= rideTimeout/2 {
		batch.Shown, batch.Due = b.shown, b.due
		b.shown, b.at, b.due, b.dueAt, b.rideBy = nil, nil, nil, nil, time.Time{}
	}
	if len(b.queue) == 0 {
		return batch, nil
	}
	var ws, rest []*waiting
	if len(b.queue) == 1 {
		ws, b.queue = b.queue, nil
	} else {
		taken := make(map[Key]struct{}, len(b.queue))
		for _, p := range b.queue {
			if len(ws) == batchMax || clashes(taken, p.w) {
				rest = append(rest, p)
				continue
			}
			taken[p.w.After.Key] = struct{}{}
			for _, s := range p.w.Starts {
				taken[s.Key] = struct{}{}
			}
			ws = append(ws, p)
		}
		b.queue = rest
		slices.SortFunc(ws, func(x, y *waiting) int { return strings.Compare(x.w.After.Key.String(), y.w.After.Key.String()) })
	}
	batch.Writes = make([]*Write, len(ws))
	for i, p := range ws {
		batch.Writes[i] = p.w
	}
	b.batches++
	b.turns += int64(len(ws))
	return batch, ws
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
func (b *batcher) write(batch *Batch, ws []*waiting) {
	err := b.try(batch, ws)
	if err == nil {
		return
	}
	if away(err) || len(ws) == 0 || len(ws) == 1 && len(batch.Shown)+len(batch.Due)+len(batch.Events) == 0 {
		b.failed(batch, ws, err)
		return
	}
	for i, p := range ws {
		err := b.try(&Batch{Writes: []*Write{p.w}}, []*waiting{p})
		if away(err) { // by now: the others do not wait for each to time out
			b.failed(batch, ws[i:], err)
			return
		}
		if err != nil {
			b.doubt(p, err)
		}
	}
	if len(batch.Shown)+len(batch.Due) > 0 {
		if err := b.try(&Batch{Shown: batch.Shown, Due: batch.Due}, nil); err != nil {
			b.again(batch, err)
		}
	}
}

// failed answers for turns of which nobody knows whether they were written. Events
// are insight: they may go.
func (b *batcher) failed(batch *Batch, ws []*waiting, err error) {
	for _, p := range ws {
		b.doubt(p, err)
	}
	b.again(batch, err)
}

// doubt answers for a turn of which nobody knows whether it was written.
func (b *batcher) doubt(p *waiting, err error) {
	b.unknown(p.w)
	p.done <- written{Unknown, unavailable(err)}
}

// again puts marks back that could not be written. Without them a card would be
// sent twice, and one that nobody could show would wait for the end of the hour.
func (b *batcher) again(batch *Batch, err error) {
	marks := batch.Shown
	if len(marks)+len(batch.Due) == 0 {
		return
	}
	if !away(err) { // perhaps one of them can never be written
		b.refused++
	}
	b.mu.Lock()
	if b.closed || b.refused > refusedMax || len(b.shown)+len(marks) > marksMax {
		b.refused = 0
		b.mu.Unlock()
		b.lost(marks)
		return
	}
	overtaken := b.keep(marks, false)
	if later := b.due; len(later)+len(batch.Due) <= marksMax {
		b.due, b.dueAt = nil, nil
		b.keepDue(batch.Due)
		b.keepDue(later)
	}
	b.ride(againAfter)
	b.mu.Unlock()
	b.lost(overtaken)
}

func (b *batcher) lost(marks []ShownMark) {
	for _, m := range marks {
		b.marked(m, "", 0)
	}
}

func (b *batcher) try(batch *Batch, ws []*waiting) error {
	ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
	defer cancel()
	told := b.ask()
	res, err := b.store.Commit(ctx, batch)
	if err != nil {
		return err
	}
	if len(res.Verdicts) != len(ws) {
		return fmt.Errorf("store gave %d verdicts for %d turns: %w", len(res.Verdicts), len(ws), ErrUnavailable)
	}
	told(res.Now)
	for i, p := range ws {
		if res.Verdicts[i] == Applied {
			b.applied(p.w.After.Key, p.w.After.Version)
		}
	}
	if len(batch.Shown)+len(batch.Due) > 0 {
		b.refused = 0
	}
	for i, m := range batch.Shown {
		replaced, version := "", int64(0)
		if i < len(res.Replaced) {
			replaced = res.Replaced[i]
		}
		if i < len(res.Versions) {
			version = res.Versions[i]
		}
		b.marked(m, replaced, version)
	}
	for i, p := range ws { // last: from here on their callers run beside us
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
