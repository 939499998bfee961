package dialog

import (
	"slices"
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

// isEcho reports whether an event of this kind is about an input that changed nothing.
func isEcho(kind EventKind) bool {
	switch kind {
	case EventRefused, EventRehydrated, EventDuplicate, EventConflict, EventFailed, EventBlocked:
		return true
	}
	return false
}

// dayOf is the day of now, counted from 1970.
func dayOf(now time.Time) int64 { return now.Unix() / (24 * 60 * 60) }

// take reports whether one more event may be logged, and counts it.
func (d *daily) take(key Key, kind EventKind, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if day := dayOf(now); day != d.day || d.used == nil || len(d.used) > countedMost {
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

// takeAll takes events of one turn, and returns those that may be logged.
func (d *daily) takeAll(key Key, events []Event, now time.Time) []Event {
	return slices.DeleteFunc(events, func(ev Event) bool { return !d.take(key, ev.Kind, now) })
}

// giveBack gives back what takeAll returned, if its turn was not written.
func (d *daily) giveBack(key Key, events []Event, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, counted := d.used[key]
	if dayOf(now) != d.day || !counted {
		return
	}
	for _, ev := range events {
		if n.all--; isEcho(ev.Kind) {
			n.echoes--
		}
	}
	d.used[key] = n
}
