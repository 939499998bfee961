package dialog

import (
	"slices"
	"strings"
	"time"
)

// batch is a batch with the callers and the conversations that wait for it.
type batch struct {
	Batch
	turns []*waiting
	shown []pendingMark // one for each of Shown
}

// single is a batch of one turn.
func single(p *waiting) *batch {
	return &batch{Batch: Batch{Writes: []*Write{p.w}}, turns: []*waiting{p}}
}

func (bt *batch) marks() int { return len(bt.Shown) + len(bt.Due) }

// byKey are the marks by their keys.
func (bt *batch) byKey() (parts []*batch) {
	at := map[Key]*batch{}
	of := func(key Key) *batch {
		if at[key] == nil {
			at[key] = &batch{}
			parts = append(parts, at[key])
		}
		return at[key]
	}
	for i, m := range bt.Shown {
		own := of(m.Key)
		own.shown, own.Shown = append(own.shown, bt.shown[i]), append(own.Shown, m)
	}
	for _, m := range bt.Due {
		own := of(m.Key)
		own.Due = append(own.Due, m)
	}
	return parts
}

// key is a key of the marks.
func (bt *batch) key() Key {
	if len(bt.Shown) > 0 {
		return bt.Shown[0].Key
	}
	return bt.Due[0].Key
}

func (bt *batch) empty() bool { return len(bt.turns)+bt.marks()+len(bt.Events) == 0 }

// take removes the next batch from the queue: at most one turn per key, sorted by key.
func (b *batcher) take() *batch {
	b.mu.Lock()
	b.takeQuarantined()
	events := b.takeEvents()
	bt := b.takeTurns()
	bt.Events = events
	shown := b.takeMarks(bt)
	b.mu.Unlock()
	b.compose(bt, shown)
	return bt
}

// compose adds the marks of what is shown now.
func (b *batcher) compose(bt *batch, shown []pendingMark) {
	for _, x := range shown {
		if m, ok := b.e.courier.mark(x.key, x.shown); ok {
			bt.shown, bt.Shown = append(bt.shown, x), append(bt.Shown, m)
		}
	}
}

// takeMarks takes the marks if their time is over. With turns to go with they go after
// half their time: a mark has the newest screens of its key, so many turns need
// few marks. b.mu is held.
func (b *batcher) takeMarks(bt *batch) (shown []pendingMark) {
	if left := time.Until(b.marksBy); b.hurried || left <= 0 || len(bt.turns) > 0 && left <= marksTimeout/2 {
		shown, bt.Due = b.shown, b.due
		b.shown, b.due, b.dueAt, b.marksBy = nil, nil, nil, time.Time{}
		shown, bt.Due = b.takeMarksQuarantined(shown, bt.Due)
	}
	return shown
}

// takeEvents takes the events. Those that may wait come with others, or with turns; b.mu
// is held.
func (b *batcher) takeEvents() (events []Event) {
	events, b.events = b.events, nil
	if len(b.queue)+len(events) > 0 || b.laterDue() {
		events, b.later = append(events, b.later...), nil
	}
	return events
}

// takeTurns takes turns, and makes their batch; b.mu is held.
func (b *batcher) takeTurns() *batch {
	var turns []*waiting
	turns, b.queue = choose(b.queue)
	if len(turns) == 0 {
		return &batch{}
	}
	bt := &batch{turns: turns, Batch: Batch{Writes: make([]*Write, len(turns))}}
	for i, p := range turns {
		bt.Writes[i] = p.w
	}
	b.batches++
	b.turns += int64(len(turns))
	return bt
}

// choose divides queue into the turns of one batch, sorted by key, and the rest.
func choose(queue []*waiting) (turns, rest []*waiting) {
	if len(queue) < 2 {
		return queue, nil
	}
	taken := make(map[Key]struct{}, len(queue))
	for _, p := range queue {
		if len(turns) == batchMax || clashes(taken, p.w) {
			rest = append(rest, p)
			continue
		}
		taken[p.w.After.Key] = struct{}{}
		for _, s := range p.w.Starts {
			taken[s.Key] = struct{}{}
		}
		turns = append(turns, p)
	}
	slices.SortFunc(turns, func(x, y *waiting) int { return strings.Compare(x.w.After.Key.String(), y.w.After.Key.String()) })
	return turns, rest
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
