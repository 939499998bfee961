package dialog

import (
	"sync"
	"time"
)

const (
	eventsMost  = 1000    // events of one conversation and day
	echoesMost  = 100     // those of them that change nothing: see isEcho
	countedMost = 100_000 // conversations counted at a time
)

// daily bounds the events of a conversation and day (UTC), so that nobody fills the disk
// by repeating an input. Each process counts by itself, and begins anew with each day;
// above countedMost conversations it begins anew at once.
type daily struct {
	mu   sync.Mutex
	day  int64
	used map[Key]dayCount
}

// dayCount is the number of events of one conversation today.
type dayCount struct{ all, echoes int16 }

// isEcho reports whether an event of this kind tells of an input that changed nothing.
func isEcho(kind EventKind) bool {
	switch kind {
	case EventRefused, EventRehydrated, EventDuplicate, EventConflict, EventFailed, EventBlocked:
		return true
	}
	return false
}

// take reports whether one more event may be logged, and counts it.
func (d *daily) take(key Key, kind EventKind, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if day := now.Unix() / (24 * 60 * 60); day != d.day || d.used == nil || len(d.used) > countedMost {
		d.day, d.used = day, map[Key]dayCount{}
	}
	n := d.used[key]
	if n.all >= eventsMost || isEcho(kind) && n.echoes >= echoesMost {
		return false
	}
	if n.all++; isEcho(kind) {
		n.echoes++
	}
	d.used[key] = n
	return true
}
