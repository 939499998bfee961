package dialog

import (
	"slices"
	"time"
)

const (
	quarantineFor    = time.Minute // after the last failure of a key's turn
	quarantineMost   = 1000        // keys
	quarantineAtOnce = 2           // turns that are written from quarantine at a time, each on a connection of the store's pool
)

// quarantine has the keys whose turns or marks fail by themselves: another transaction has
// locked the row, or the store rejects its content. Such a turn would fail its whole batch,
// again and again. So the turns of these keys are written from quarantine: each in a batch
// of its own, beside the others, and few at a time, because the others need the store's
// connections. The same holds for marks. The batcher's lock guards the maps.
type quarantine struct {
	until   map[Key]time.Time
	writing map[Key][]*waiting // :: key → turns that wait for the one being written
	marking map[Key]*batch     // :: key → marks that wait; each key has a goroutine that writes them
	room    chan struct{}      // has one for each turn at the store, of quarantineAtOnce
}

// quarantineKey has the next turns of key written from quarantine.
func (b *batcher) quarantineKey(key Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q, now := &b.quarantine, time.Now()
	if q.until == nil {
		q.until, q.writing, q.marking, q.room = map[Key]time.Time{}, map[Key][]*waiting{}, map[Key]*batch{}, make(chan struct{}, quarantineAtOnce)
	}
	if len(q.until) >= quarantineMost {
		for k, until := range q.until {
			if now.After(until) {
				delete(q.until, k)
			}
		}
	}
	if len(q.until) < quarantineMost {
		q.until[key] = now.Add(quarantineFor)
	}
}

// takeQuarantined takes the turns of keys in quarantine from the queue, and writes them:
// of each key one at a time. b.mu is held.
func (b *batcher) takeQuarantined() {
	q := &b.quarantine
	if len(q.until)+len(q.writing) == 0 {
		return
	}
	rest := b.queue[:0:0]
	for _, p := range b.queue {
		key := p.w.After.Key
		until, suspect := q.until[key]
		behind, writing := q.writing[key]
		switch {
		case writing:
			q.writing[key] = append(behind, p)
		case !suspect || !time.Now().Before(until):
			delete(q.until, key)
			rest = append(rest, p)
		case b.closed:
			p.done <- written{Unknown, errClosing}
		default:
			q.writing[key] = nil
			go b.writeQuarantined(p)
		}
	}
	b.queue = rest
}

// writeQuarantined writes one turn when there is room, unless the batcher closes before. After a
// success its key is an ordinary one again.
func (b *batcher) writeQuarantined(p *waiting) {
	key, err := p.w.After.Key, errClosing
	select {
	case b.quarantine.room <- struct{}{}:
		err = b.try(single(p))
		<-b.quarantine.room
		if err != nil {
			b.unknown(p, err)
		}
		if err != nil && !away(err) {
			b.quarantineKey(key)
		}
	case <-b.closing:
		p.done <- written{Unknown, err}
	}
	b.mu.Lock()
	b.queue = append(b.quarantine.writing[key], b.queue...)
	delete(b.quarantine.writing, key)
	if err == nil {
		delete(b.quarantine.until, key)
	}
	b.mu.Unlock()
	b.signal()
}

// divide writes marks in parts, those of each key by themselves.
func (b *batcher) divide(parts []*batch) {
	var failing time.Duration
	for _, bt := range parts {
		began, err := time.Now(), ErrUnavailable
		if failing <= singlesMost { // else locked as a whole
			err = b.try(bt)
		}
		if err != nil {
			failing += time.Since(began)
			b.again(bt, err)
		}
	}
}

// takeMarksQuarantined takes the marks of keys in quarantine from those that go now, and
// writes them beside the batches. b.mu is held.
func (b *batcher) takeMarksQuarantined(shown []pendingMark, due []DueMark) ([]pendingMark, []DueMark) {
	q := &b.quarantine
	if len(q.until)+len(q.marking) == 0 || b.hurried {
		return shown, due
	}
	keep := func(key Key) *batch {
		bt, now := q.marking[key], time.Now()
		if bt == nil && now.Before(q.until[key]) {
			bt = &batch{}
			q.marking[key] = bt
			go b.writeMarksQuarantined(key, bt)
		}
		return bt
	}
	shown = slices.DeleteFunc(shown, func(m pendingMark) bool {
		bt := keep(m.key)
		if bt != nil {
			bt.shown = append(bt.shown, m)
		}
		return bt != nil
	})
	due = slices.DeleteFunc(due, func(m DueMark) bool {
		bt := keep(m.Key)
		if bt != nil {
			bt.Due = newestDue(bt.Due, m)
		}
		return bt != nil
	})
	return shown, due
}

// newestDue is list with m in place of an earlier mark for the same version.
func newestDue(list []DueMark, m DueMark) []DueMark {
	return append(slices.DeleteFunc(list, func(x DueMark) bool { return x.Version == m.Version }), m)
}

// writeMarksQuarantined writes the marks of one key, which wait in bt, until the store accepts
// them. Once the batcher hurries, they are tried once more.
func (b *batcher) writeMarksQuarantined(key Key, bt *batch) {
	for {
		b.mu.Lock()
		now := &batch{Batch: Batch{Due: bt.Due}}
		shown, hurried := bt.shown, b.hurried
		bt.shown, bt.Due = nil, nil
		if len(shown)+len(now.Due) == 0 {
			delete(b.quarantine.marking, key)
			b.mu.Unlock()
			b.signal()
			return
		}
		b.mu.Unlock()
		b.compose(now, shown)
		b.quarantine.room <- struct{}{}
		err := b.try(now)
		<-b.quarantine.room
		switch {
		case err == nil:
			b.mu.Lock()
			delete(b.quarantine.until, key)
			b.mu.Unlock()
		case hurried:
			b.drop(now)
		default:
			b.mu.Lock()
			bt.shown = append(now.shown, bt.shown...)
			for _, m := range bt.Due {
				now.Due = newestDue(now.Due, m)
			}
			bt.Due = now.Due
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

// quarantineDone reports whether all that is in quarantine is written, also the turns that waited
// behind another. The end of each signals the batcher.
func (b *batcher) quarantineDone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.quarantine.writing)+len(b.quarantine.marking)+len(b.queue) == 0
}
