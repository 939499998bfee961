package dialog

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Watchers that are all told at once read at once. They are told one each tellEvery, on
// average, and all within tellWithin.
const (
	tellEvery  = time.Millisecond
	tellWithin = 10 * time.Second
)

// Watch tells the channel after each change of one of these conversations: after the
// commits of this process, and after [Engine.Refresh] and [Engine.RefreshAll]. It may also
// tell where nothing has changed. A word that was not received yet stands for all later
// ones. What a store returns after Watch has returned, or after a word was received, is
// the newest, or another word follows. So a watcher watches first and then reads.
//
// cancel ends the watch; it may be called again. The channel is never closed.
func (e *Engine) Watch(keys ...Key) (told <-chan struct{}, cancel func()) {
	w := &watcher{keys: slices.Clone(keys), told: make(chan struct{}, 1)}
	e.watches.add(w)
	return w.told, func() { e.watches.remove(w) }
}

// Watchers is how many watch conversations at this engine.
func (e *Engine) Watchers() int { return int(e.watches.n.Load()) }

// RefreshAll tells all watchers that any conversation may have changed. It spreads them
// over a time, because each of them reads: 1,000 of them a second, or all in ten seconds
// if they are more than 10,000.
func (e *Engine) RefreshAll() { e.watches.tellAll() }

// watches are the watchers of an engine. A key that nobody watches has no entry.
type watches struct {
	n atomic.Int64 // watchers

	mu  sync.Mutex
	all map[*watcher]struct{}
	of  map[Key][]*watcher
}

// watcher is a caller of Watch.
type watcher struct {
	keys  []Key
	told  chan struct{}
	later *time.Timer // of tellAll; nil: none is due
}

func (w *watcher) tell() {
	select {
	case w.told <- struct{}{}:
	default: // the word that waits stands for this one
	}
}

func (s *watches) add(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all, s.of = map[*watcher]struct{}{}, map[Key][]*watcher{}
	}
	s.all[w] = struct{}{}
	for _, key := range w.keys {
		s.of[key] = append(s.of[key], w)
	}
	s.n.Add(1)
}

func (s *watches) remove(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.all[w]; !there {
		return
	}
	delete(s.all, w)
	for _, key := range w.keys {
		rest := slices.DeleteFunc(s.of[key], func(x *watcher) bool { return x == w })
		if s.of[key] = rest; len(rest) == 0 {
			delete(s.of, key)
		}
	}
	if w.later != nil {
		w.later.Stop()
	}
	s.n.Add(-1)
}

// tell tells the watchers of key. It costs a load if there are no watchers at all.
func (s *watches) tell(key Key) {
	if s.n.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.of[key] {
		w.tell()
	}
}

// tellWrite tells the watchers of the rows of a turn.
func (s *watches) tellWrite(w *Write) {
	s.tell(w.After.Key)
	for _, row := range w.Starts {
		s.tell(row.Key)
	}
}

// tellUnknown tells the watchers of the rows of a turn whose outcome is unknown, at once and
// when the store has given it up: it may be written after its error.
func (s *watches) tellUnknown(w *Write) {
	if s.n.Load() == 0 {
		return
	}
	s.tellWrite(w)
	keys := &Write{After: &Row{Head: Head{Key: w.After.Key}}} // without what the rows have
	for _, row := range w.Starts {
		keys.Starts = append(keys.Starts, &Row{Head: Head{Key: row.Key}})
	}
	time.AfterFunc(batchTimeout, func() { s.tellWrite(keys) })
}

// tellAll tells all watchers, each at a time of its own. Who is due to be told stays so.
func (s *watches) tellAll() {
	if s.n.Load() == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	spread := min(time.Duration(len(s.all))*tellEvery, tellWithin)
	for w := range s.all {
		if w.later == nil {
			w.later = time.AfterFunc(rand.N(spread), func() { s.tellLate(w) }) //nolint:gosec // a time, no secret
		}
	}
}

// tellLate tells a watcher of tellAll.
func (s *watches) tellLate(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.later = nil
	w.tell()
}
