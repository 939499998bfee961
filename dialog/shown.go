package dialog

import (
	"encoding/json"
	"math"
	"slices"
	"sync"
)

// Shown is which version of the card a place shows, and in which message.
type Shown struct {
	Channel string `json:"c"`
	Address string `json:"a"`
	Version int64  `json:"v"`
	Message string `json:"m"`
}

// shownBox is shared by the versions of one record in a process: the courier
// writes it, outside of any turn.
type shownBox struct {
	mu   sync.Mutex
	list []Shown  // what the store says, or is on its way to it
	mine []Shown  // what this process wrote last, as long as others may have written before it
	gone []string // the last messages that are not for this process to remove (any more)
}

func (s Shown) place() Place { return Place{Channel: s.Channel, Address: s.Address} }

// find is the entry of a place in a list, and its index: -1 for none.
func find(list []Shown, p Place) (Shown, int) {
	for i, s := range list {
		if s.Channel == p.Channel && s.Address == p.Address {
			return s, i
		}
	}
	return Shown{Channel: p.Channel, Address: p.Address}, -1
}

func with(list []Shown, s Shown) []Shown {
	if _, i := find(list, s.place()); i >= 0 {
		list[i] = s
		return list
	}
	return append(list, s)
}

// get is what p shows as far as is known.
func (b *shownBox) get(p Place) Shown {
	if b == nil {
		return Shown{Channel: p.Channel, Address: p.Address}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s, _ := find(b.list, p)
	return s
}

// put notes what a place shows. It only moves forward.
func (b *shownBox) put(s Shown) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if had, i := find(b.list, s.place()); i < 0 || had.Version <= s.Version {
		b.list = with(b.list, s)
	}
}

// wrote is what this process wrote last at p, if others may have written before it.
func (b *shownBox) wrote(p Place) Shown {
	if b == nil {
		return Shown{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s, _ := find(b.mine, p)
	return s
}

// atMost notes that a message is to be edited, or may have been by somebody who
// did not know of s: it shows no more than s, or than was noted before.
func (b *shownBox) atMost(s Shown) {
	b.mu.Lock()
	defer b.mu.Unlock()
	had, _ := find(b.mine, s.place())
	live, _ := find(b.list, s.place())
	switch {
	case had.Message == s.Message && had.Version <= s.Version:
	case had.Message == live.Message && had.Message != "" && had.Message != s.Message: // the live one counts
	default:
		b.mine = with(b.mine, s)
	}
}

// written notes that a message shows s.
func (b *shownBox) written(s Shown) {
	b.put(s)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mine = with(b.mine, s)
}

// settle forgets that this process wrote s last: nobody has written before it,
// or it is another conversation's to mend that.
func (b *shownBox) settle(s Shown) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mine = slices.DeleteFunc(b.mine, func(x Shown) bool { return x == s })
}

// drop notes that a message is being removed; false: it was noted before.
func (b *shownBox) drop(message string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.Contains(b.gone, message) {
		return false
	}
	b.gone = append(b.gone, message)
	if len(b.gone) > 8 {
		b.gone = b.gone[1:]
	}
	return true
}

// take takes back what drop noted.
func (b *shownBox) take(message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = slices.DeleteFunc(b.gone, func(m string) bool { return m == message })
}

func (b *shownBox) dropped(message string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.gone, message)
}

// merge takes over what another box of the same conversation knows.
func (b *shownBox) merge(other *shownBox) {
	other.mu.Lock()
	list, mine, gone := slices.Clone(other.list), slices.Clone(other.mine), slices.Clone(other.gone)
	other.mu.Unlock()
	for _, s := range list {
		if had := b.get(s.place()); had.Message == "" || had.Version < s.Version { // else what is here is still to be written
			b.put(s)
		}
	}
	for _, s := range mine {
		if b.wrote(s.place()).Message == "" {
			b.atMost(s)
		}
	}
	for _, m := range gone {
		b.drop(m)
	}
}

// at is what this conversation shows at p: no message if another one has taken
// that over since.
func (r *Record) at(p Place) Shown {
	s := r.shown.get(p)
	if s.Version <= p.Released && p.Released > 0 {
		s.Message = ""
	}
	return s
}

// sure is the version that is to be seen at p for certain.
func (r *Record) sure(p Place) int64 {
	s := r.at(p)
	if mine := r.shown.wrote(p); mine.Message != "" && mine.Message == s.Message {
		return min(s.Version, mine.Version)
	}
	return s.Version
}

// handing reports whether it is still to be noted that p was handed over.
func (r *Record) handing(p Place) bool { return r.shown.get(p).Version < p.Released }

// strayed reports whether this process has perhaps written to the message of
// another conversation, which took it over meanwhile.
func (r *Record) strayed(p Place) bool {
	return p.Given != "" && r.shown.wrote(p).Message == p.Given
}

// Undelivered reports whether a place that pushes does not show the current card.
func (r *Record) Undelivered() bool {
	return slices.ContainsFunc(r.Places, func(p Place) bool { return p.Push && !p.refuses(r) && r.sure(p) < r.Card })
}

// unfinished reports whether the courier has something to do for r.
func (r *Record) unfinished() bool {
	return len(r.Pending) > 0 || r.Undelivered() || len(r.liftable()) > 0 ||
		slices.ContainsFunc(r.Places, func(p Place) bool { return p.Push && (p.Unwitnessed > 0 || r.handing(p) || r.strayed(p)) })
}

// Message is the message that shows this conversation at p, empty if none is
// known or it belongs to another conversation now.
func (r *Record) Message(p Place) string { return r.at(p).Message }

// ShownAt is what is known to be shown at p.
func (r *Record) ShownAt(p Place) Shown { return r.shown.get(p) }

// Foreign is the version of a mark whose message has unknown content: it is
// beyond every row.
const Foreign = math.MaxInt64

// within makes unknown what list says of versions beyond this one, and reports
// whether there was any.
func within(list []Shown, version int64) (changed bool) {
	for i := range list {
		if list[i].Version > version {
			list[i].Version, changed = 0, true
		}
	}
	return changed
}

func encodeShown(list []Shown) []byte {
	if len(list) == 0 {
		return nil
	}
	b, _ := json.Marshal(list) // plain strings and numbers: cannot fail
	return b
}

func decodeShown(b []byte) (list []Shown) {
	if len(b) > 0 && json.Unmarshal(b, &list) != nil {
		return nil // what is shown is only a hint: a fresh card mends it
	}
	return list
}
