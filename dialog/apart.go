package dialog

import "time"

const (
	apartFor    = time.Minute // after the last failure of a key's turn
	apartMost   = 1000        // keys
	apartAtOnce = 2           // turns that are written apart at a time, each on a connection of the store's pool
)

// apart are the keys whose turns fail alone: another transaction has locked the row, or
// the store rejects its content. Such a turn would fail its whole batch, again and again.
// So these turns are written apart: each in a batch of its own, beside the others, and
// few at a time, because the others need the store's connections. The batcher's lock
// guards the maps.
type apart struct {
	until   map[Key]time.Time
	writing map[Key][]*waiting // :: key → turns that wait for the one being written
	room    chan struct{}      // has one for each turn at the store, of apartAtOnce
}

// keepApart writes the next turns of key apart.
func (b *batcher) keepApart(key Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, now := &b.apart, time.Now()
	if a.until == nil {
		a.until, a.writing, a.room = map[Key]time.Time{}, map[Key][]*waiting{}, make(chan struct{}, apartAtOnce)
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

// apartDone reports whether all turns that were kept apart are written, also those that
// waited behind another. The end of each wakes the batcher.
func (b *batcher) apartDone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.apart.writing)+len(b.queue) == 0
}
