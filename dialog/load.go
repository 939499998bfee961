package dialog

import (
	"slices"
	"strings"
	"time"
)

// load is a batch with the callers and the conversations that wait for it.
type load struct {
	Batch
	turns []*waiting
	shown []pendingMark // one for each of Shown
}

// single is a batch of one turn.
func single(p *waiting) *load {
	return &load{Batch: Batch{Writes: []*Write{p.w}}, turns: []*waiting{p}}
}

func (l *load) marks() int { return len(l.Shown) + len(l.Due) }

// byKey are the marks by their keys.
func (l *load) byKey() (parts []*load) {
	at := map[Key]*load{}
	of := func(key Key) *load {
		if at[key] == nil {
			at[key] = &load{}
			parts = append(parts, at[key])
		}
		return at[key]
	}
	for i, m := range l.Shown {
		own := of(m.Key)
		own.shown, own.Shown = append(own.shown, l.shown[i]), append(own.Shown, m)
	}
	for _, m := range l.Due {
		own := of(m.Key)
		own.Due = append(own.Due, m)
	}
	return parts
}

// key is a key of the marks.
func (l *load) key() Key {
	if len(l.Shown) > 0 {
		return l.Shown[0].Key
	}
	return l.Due[0].Key
}

func (l *load) empty() bool { return len(l.turns)+l.marks()+len(l.Events) == 0 }

// take removes the next batch from the queue: at most one turn per key, sorted by key.
func (b *batcher) take() *load {
	b.mu.Lock()
	b.takeApart()
	l := b.takeTurns()
	shown := b.takeMarks(l)
	b.mu.Unlock()
	b.compose(l, shown)
	return l
}

// compose adds the marks of what is shown now.
func (b *batcher) compose(l *load, shown []pendingMark) {
	for _, x := range shown {
		if m, ok := b.e.courier.mark(x.key, x.shown); ok {
			l.shown, l.Shown = append(l.shown, x), append(l.Shown, m)
		}
	}
}

// takeMarks takes the marks if their time is over. With turns to ride with they go
// after half their time: a mark has the newest screens of its key, so many turns need
// few marks. b.mu is held.
func (b *batcher) takeMarks(l *load) (shown []pendingMark) {
	if left := time.Until(b.rideBy); b.hurried || left <= 0 || len(l.turns) > 0 && left <= rideTimeout/2 {
		shown, l.Due = b.shown, b.due
		b.shown, b.due, b.dueAt, b.rideBy = nil, nil, nil, time.Time{}
		shown, l.Due = b.takeMarksApart(shown, l.Due)
	}
	return shown
}

// takeTurns takes turns and events; b.mu is held.
func (b *batcher) takeTurns() *load {
	l := &load{Batch: Batch{Events: b.events}}
	b.events = nil
	if len(b.queue)+len(l.Events) > 0 || b.alone() {
		l.Events, b.riders = append(l.Events, b.riders...), nil
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
