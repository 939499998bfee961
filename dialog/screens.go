package dialog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"sync"
)

// screens are the screens of one conversation. The versions of its record share them in
// a process; while the key has an errand, all records of the key do. They keep the row's
// column shown as last read or written, because a mark compares and swaps it.
type screens struct {
	mu     sync.Mutex
	list   []screen
	column []byte // the row's, as far as this process knows
}

// readScreens returns the screens of a row that was just read.
func readScreens(row *Row) *screens {
	x := &screens{}
	x.read(row.Shown, row.Version)
	return x
}

// find is the index of a place, or -1; x.mu is held.
func (x *screens) find(p Place) int {
	return slices.IndexFunc(x.list, func(v screen) bool { return v.Channel == p.Channel && v.Address == p.Address && v.Seat == p.Seat })
}

func entryOf(list []Shown, p Place) Shown {
	for _, s := range list {
		if s.Channel == p.Channel && s.Address == p.Address && s.Seat == p.Seat {
			return s
		}
	}
	return Shown{Channel: p.Channel, Address: p.Address, Seat: p.Seat}
}

func (s Shown) place() Place { return Place{Channel: s.Channel, Address: s.Address, Seat: s.Seat} }

// get is the screen of a place.
func (x *screens) get(p Place) (v screen) {
	v.Channel, v.Address, v.Seat = p.Channel, p.Address, p.Seat
	if x == nil {
		return v
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if i := x.find(p); i >= 0 {
		v = x.list[i]
	}
	return v
}

// change puts a place through a transition.
func (x *screens) change(p Place, f func(screen) screen) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.put(p, f)
}

// put is change; x.mu is held.
func (x *screens) put(p Place, f func(screen) screen) {
	i := x.find(p)
	if i < 0 {
		i = len(x.list)
		x.list = append(x.list, screen{Shown: Shown{Channel: p.Channel, Address: p.Address, Seat: p.Seat}})
	}
	x.list[i] = f(x.list[i])
}

// read takes over a row's column. lost are messages to remove.
func (x *screens) read(column []byte, version int64) (lost []Shown) {
	x.mu.Lock()
	defer x.mu.Unlock()
	lost = x.merge(column, version)
	x.column = bytes.Clone(column)
	return lost
}

// join takes over the screens y of the same conversation. lost are messages to remove.
func (x *screens) join(y *screens) (lost []Shown) {
	if x == y {
		return nil
	}
	list := y.copied()
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.merge(list, math.MaxInt64)
}

// merge takes over the entries of list. Of an entry of a version that the row
// never had see screen.rewind. x.mu is held.
func (x *screens) merge(list []byte, version int64) (lost []Shown) {
	had := decodeShown(x.column)
	for _, s := range decodeShown(list) {
		base := entryOf(had, s.place())
		if s != base && s.Version > version {
			s.Version = 0
		}
		x.put(s.place(), func(v screen) screen {
			v, message := v.merge(base, s)
			lost = append(lost, lostAt(s.place(), message)...)
			return v
		})
	}
	return lost
}

func lostAt(p Place, message string) []Shown {
	if message == "" {
		return nil
	}
	return []Shown{{Channel: p.Channel, Address: p.Address, Message: message, Seat: p.Seat}}
}

// encode is the column of these screens; x.mu is held.
func (x *screens) encode() []byte {
	var list []Shown
	for _, v := range x.list {
		if v.Version > 0 || v.Message != "" {
			list = append(list, v.Shown)
		}
	}
	return encodeShown(list)
}

// created is the column of a new row.
func (x *screens) created() []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.column = x.encode()
	return x.column
}

// copied is the column of a row's copy.
func (x *screens) copied() []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.encode()
}

// mark is the mark that brings the row's column to these screens.
func (x *screens) mark(key Key) ShownMark {
	x.mu.Lock()
	defer x.mu.Unlock()
	m := ShownMark{Key: key, Had: x.column, New: x.encode()}
	for _, v := range x.list {
		m.Least = max(m.Least, v.Version)
	}
	return m
}

// marked takes over the result of a mark; last: the screens have not changed since it
// was composed. again: the row differs, and needs another mark. lost are messages to
// remove.
func (x *screens) marked(m ShownMark, got Marked, last bool) (again bool, lost []Shown) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.column = m.New; !got.Applied {
		x.column = m.Had
		lost = x.merge(got.Shown, got.Version)
		x.column = bytes.Clone(got.Shown)
	}
	if got.Version < m.Least { // versions above Least were shown after the mark was composed
		x.rewindTo(got.Version)
	}
	for _, s := range decodeShown(x.column) {
		if last {
			x.put(s.place(), func(v screen) screen { return v.settle(s, got.Version) })
		}
	}
	return !got.Applied && !bytes.Equal(x.encode(), x.column), lost
}

// rewind forgets versions beyond that of the row, see screen.rewind.
func (x *screens) rewind(version int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.rewindTo(version)
}

func (x *screens) rewindTo(version int64) {
	for i, v := range x.list {
		x.list[i] = v.rewind(version)
	}
}

// ahead reports whether a later version than this is shown.
func (x *screens) ahead(version int64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.ContainsFunc(x.list, func(v screen) bool { return v.Version > version })
}

// hand records the handover of p, if there is one. changed: a mark must write that. lost
// are messages to remove. For here see screen.hand.
func (x *screens) hand(p Place, here bool) (changed bool, lost []Shown) {
	x.change(p, func(v screen) screen {
		had, message := v.Version, ""
		v, message = v.hand(p.Released, p.Given, p.Heir, here)
		changed, lost = v.Version != had, lostAt(p, message)
		return v
	})
	return changed, lost
}

// wrote records that a place shows a version in message. old are messages that it
// replaces.
func (x *screens) wrote(p Place, version int64, message string) (old []string) {
	x.change(p, func(v screen) screen {
		v, old = v.wrote(version, message)
		return v
	})
	return old
}

// at is the screen of this conversation at p, handed if another conversation has taken
// it over since.
func (r *Record) at(p Place) screen {
	v := r.shown.get(p)
	if p.released(v) {
		v.state, v.heir = handed, p.Heir
	}
	return v
}

// released reports whether the message of a screen belongs to another conversation. The
// column cannot say so; the place does.
func (p Place) released(v screen) bool {
	return p.Released > 0 && v.Version <= p.Released
}

// need is what p must show.
func (r *Record) need(p Place) need {
	if !p.Push || p.skips(r) {
		return need{}
	}
	s := r.part(p.Seat)
	return need{s.Card, s.Anew}
}

// Undelivered reports whether a place that pushes lacks the current card.
func (r *Record) Undelivered() bool {
	return slices.ContainsFunc(r.Places, func(p Place) bool { return r.at(p).lacks(r.need(p)) })
}

// unfinished reports whether the courier has work to do for r.
func (r *Record) unfinished() bool { return len(r.Pending) > 0 || r.unshown() }

// unshown reports whether the courier has other work for r than its effects.
func (r *Record) unshown() bool {
	return len(r.liftable()) > 0 || slices.ContainsFunc(r.Places, r.unshownAt)
}

// unshownTo reports whether the courier has work for the holder of a role.
func (r *Record) unshownTo(role string) bool {
	return role == "" && len(r.liftable()) > 0 ||
		slices.ContainsFunc(r.Places, func(p Place) bool { return p.Seat == role && r.unshownAt(p) })
}

func (r *Record) unshownAt(p Place) bool {
	return r.at(p).lacks(r.need(p)) || p.Push && (p.Unwitnessed > 0 || r.unhanded(p))
}

// unhanded reports whether the column shown still lacks the handover of p.
func (r *Record) unhanded(p Place) bool { return r.shown.get(p).Version < p.Released }

// Message is the message that shows this conversation at p; empty: none is known, or it
// belongs to another conversation now.
func (r *Record) Message(p Place) string { return r.at(p).live() }

// ShownAt is the entry of p: version and message, as far as known.
func (r *Record) ShownAt(p Place) Shown { return r.shown.get(p).Shown }

// encodeShown is the column of these entries. Where there is no room for all, those of the
// lowest versions are left out: the next card there is a new message.
func encodeShown(list []Shown) []byte {
	for len(list) > 0 {
		if b, err := encode(list); err == nil && len(b) <= shownMost {
			return b
		}
		oldest := slices.MinFunc(list, func(a, b Shown) int { return cmp.Compare(a.Version, b.Version) })
		list = slices.DeleteFunc(slices.Clone(list), func(s Shown) bool { return s == oldest })
	}
	return nil
}

func decodeShown(b []byte) (list []Shown) {
	if len(b) > 0 && json.Unmarshal(b, &list) != nil {
		return nil // the column is a hint: without it a new card is sent
	}
	return list
}
