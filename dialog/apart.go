package dialog

import (
	"slices"
	"time"
)

const (
	apartFor    = time.Minute // after the last failure of a key's turn
	apartMost   = 1000        // keys
	apartAtOnce = 2           // turns that are written apart at a time, each on a connection of the store's pool
)

// apart are the keys whose turns or marks fail alone: another transaction has locked the
// row, or the store rejects its content. Such a turn would fail its whole batch, again and
// again. So these turns are written apart: each in a batch of its own, beside the others,
// and few at a time, because the others need the store's connections. The same holds for
// marks. The batcher's lock guards the maps.
type apart struct {
	until   map[Key]time.Time
	writing map[Key][]*waiting // :: key → turns that wait for the one being written
	marking map[Key]*load      // :: key → marks that wait; each key has a goroutine that writes them
	room    chan struct{}      // has one for each turn at the store, of apartAtOnce
}

// keepApart writes the next turns of key apart.
func (b *batcher) keepApart(key Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, now := &b.apart, time.Now()
	if a.until == nil {
		a.until, a.writing, a.marking, a.room = map[Key]time.Time{}, map[Key][]*waiting{}, map[Key]*load{}, make(chan struct{}, apartAtOnce)
	}
	if len(a.until) >= apartMost {
		for k, until := range a.until {
			if now.After(until) {
				delete(a.until, k)
			}
		}
	}
	if len(a.until) < apartMost {
		a.until[key] = now.Add(apartFor)
	}
}

// takeApart takes the turns of keys that are kept apart from the queue, and writes them:
// of each key one at a time. b.mu is held.
func (b *batcher) takeApart() {
	a := &b.apart
	if len(a.until)+len(a.writing) == 0 {
		return
	}
	rest := b.queue[:0:0]
	for _, p := range b.queue {
		key := p.w.After.Key
		until, suspect := a.until[key]
		behind, writing := a.writing[key]
		switch {
		case writing:
			a.writing[key] = append(behind, p)
		case !suspect || !time.Now().Before(until):
			delete(a.until, key)
			rest = append(rest, p)
		case b.closed:
			p.done <- written{Unknown, errClosing}
		default:
			a.writing[key] = nil
			go b.writeApart(p)
		}
	}
	b.queue = rest
}

// writeApart writes one turn when there is room, unless the batcher closes before. After a
// success its key is an ordinary one again.
func (b *batcher) writeApart(p *waiting) {
	key, err := p.w.After.Key, errClosing
	select {
	case b.apart.room <- struct{}{}:
		err = b.try(single(p))
		<-b.apart.room
		if err != nil {
			b.unknown(p, err)
		}
		if err != nil && !away(err) {
			b.keepApart(key)
		}
	case <-b.closing:
		p.done <- written{Unknown, err}
	}
	b.mu.Lock()
	b.queue = append(b.apart.writing[key], b.queue...)
	delete(b.apart.writing, key)
	if err == nil {
		delete(b.apart.until, key)
	}
	b.mu.Unlock()
	b.wake()
}

// divide writes marks in parts, those of each key by themselves.
func (b *batcher) divide(parts []*load) {
	var failing time.Duration
	for _, l := range parts {
		began, err := time.Now(), ErrUnavailable
		if failing <= singlesMost { // else locked as a whole
			err = b.try(l)
		}
		if err != nil {
			failing += time.Since(began)
			b.again(l, err)
		}
	}
}

// takeMarksApart takes the marks of keys that are kept apart from those that go now, and
// writes them beside the batches. b.mu is held.
func (b *batcher) takeMarksApart(shown []pendingMark, due []DueMark) ([]pendingMark, []DueMark) {
	a := &b.apart
	if len(a.until)+len(a.marking) == 0 || b.hurried {
		return shown, due
	}
	keep := func(key Key) *load {
		l, now := a.marking[key], time.Now()
		if l == nil && now.Before(a.until[key]) {
			l = &load{}
			a.marking[key] = l
			go b.writeMarksApart(key, l)
		}
		return l
	}
	shown = slices.DeleteFunc(shown, func(m pendingMark) bool {
		l := keep(m.key)
		if l != nil {
			l.shown = append(l.shown, m)
		}
		return l != nil
	})
	due = slices.DeleteFunc(due, func(m DueMark) bool {
		l := keep(m.Key)
		if l != nil {
			l.Due = newestDue(l.Due, m)
		}
		return l != nil
	})
	return shown, due
}

// newestDue is list with m in place of an earlier mark for the same version.
func newestDue(list []DueMark, m DueMark) []DueMark {
	return append(slices.DeleteFunc(list, func(x DueMark) bool { return x.Version == m.Version }), m)
}

// writeMarksApart writes the marks of one key, which wait in l, until the store accepts
// them. Once the batcher hurries, they are tried once more.
func (b *batcher) writeMarksApart(key Key, l *load) {
	for {
		b.mu.Lock()
		now := &load{Batch: Batch{Due: l.Due}}
		shown, hurried := l.shown, b.hurried
		l.shown, l.Due = nil, nil
		if len(shown)+len(now.Due) == 0 {
			delete(b.apart.marking, key)
			b.mu.Unlock()
			b.wake()
			return
		}
		b.mu.Unlock()
		b.compose(now, shown)
		b.apart.room <- struct{}{}
		err := b.try(now)
		<-b.apart.room
		switch {
		case err == nil:
			b.mu.Lock()
			delete(b.apart.until, key)
			b.mu.Unlock()
		case hurried:
			b.drop(now)
		default:
			b.mu.Lock()
			l.shown = append(now.shown, l.shown...)
			for _, m := range l.Due {
				now.Due = newestDue(now.Due, m)
			}
			l.Due = now.Due
			b.mu.Unlock()
			t := time.NewTimer(againAfter)
			select {
			case <-t.C:
			case <-b.closing:
			}
			t.Stop()
		}
	}
}

// apartDone reports whether all that was kept apart is written, also the turns that waited
// behind another. The end of each wakes the batcher.
func (b *batcher) apartDone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.apart.writing)+len(b.apart.marking)+len(b.queue) == 0
}
