package dialog

import (
	"encoding/json"
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
	mu    sync.Mutex
	list  []Shown
	gone  []string // the last messages that this process removes or has removed
	doubt []doubt  // messages that may show something older than the list says
	own   []Shown  // what this process has shown, until a row no newer has it
	took  int64    // version of the last turn of this process that handed a place over
}

// doubt is a message at a place that has perhaps been overwritten.
type doubt struct{ place, message string }

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

// showed notes what this process has shown.
func (b *shownBox) showed(s Shown) {
	b.put(s)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.own = append(slices.DeleteFunc(b.own, func(x Shown) bool { return x.Channel == s.Channel && x.Address == s.Address }), s)
}

// marked notes that a row which is no newer has what this process has shown.
func (b *shownBox) marked(s Shown) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.own = slices.DeleteFunc(b.own, func(x Shown) bool { return x == s })
}

// doubtful reports whether there is a doubt.
func (b *shownBox) doubtful() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.doubt) > 0
}

// overtaken reports, once, whether this process has perhaps written to the
// message of p after another instance had handed it over.
func (b *shownBox) overtaken(p Place) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.own, func(x Shown) bool {
		return x.Channel == p.Channel && x.Address == p.Address && x.Version <= p.Released && x.Message == p.Given
	})
	if i < 0 {
		return false
	}
	b.own = slices.Delete(b.own, i, i+1)
	return b.took != p.Released
}

// handed notes that a turn of this process has handed a place over.
func (b *shownBox) handed(version int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.took = version
}

// suspect notes that a message must be written again, whatever the list says.
func (b *shownBox) suspect(p Place, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := (doubt{p.id(), message}); !slices.Contains(b.doubt, d) {
		b.doubt = append(b.doubt, d)
	}
}

// trust takes the doubts about a place back and returns their messages.
func (b *shownBox) trust(p Place) (messages []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.doubt = slices.DeleteFunc(b.doubt, func(d doubt) bool {
		if d.place == p.id() {
			messages = append(messages, d.message)
		}
		return d.place == p.id()
	})
	return messages
}

// merge takes over what another box of the same conversation knows.
func (b *shownBox) merge(other *shownBox) {
	other.mu.Lock()
	list, gone, doubts := slices.Clone(other.list), slices.Clone(other.gone), slices.Clone(other.doubt)
	took := other.took
	other.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.took = max(b.took, took)
	for _, s := range list {
		i := slices.IndexFunc(b.list, func(x Shown) bool { return x.Channel == s.Channel && x.Address == s.Address })
		if i < 0 {
			b.list = append(b.list, s)
		} else if b.list[i].Version < s.Version { // else what is here is still to be written
			b.list[i] = s
		}
		for _, x := range b.own { // another process has shown a newer card there, before us or after us
			d := doubt{Place{Channel: s.Channel, Address: s.Address}.id(), s.Message}
			if x.Channel == s.Channel && x.Address == s.Address && x.Message == s.Message && x.Version < s.Version && !slices.Contains(b.doubt, d) {
				b.doubt = append(b.doubt, d)
			}
		}
	}
	for _, m := range gone {
		if !slices.Contains(b.gone, m) {
			b.gone = append(b.gone, m)
		}
	}
	for _, d := range doubts {
		if !slices.Contains(b.doubt, d) {
			b.doubt = append(b.doubt, d)
		}
	}
}

func (b *shownBox) get(p Place) Shown {
	if b == nil {
		return Shown{Channel: p.Channel, Address: p.Address}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.list {
		if s.Channel == p.Channel && s.Address == p.Address {
			return s
		}
	}
	return Shown{Channel: p.Channel, Address: p.Address}
}

func (b *shownBox) put(s Shown) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.list {
		if b.list[i].Channel == s.Channel && b.list[i].Address == s.Address {
			if b.list[i].Version <= s.Version {
				b.list[i] = s
			}
			return
		}
	}
	b.list = append(b.list, s)
}

// Message is the message that shows this conversation at p, empty if none is
// known or it belongs to another conversation now.
func (r *Record) Message(p Place) string {
	s := r.shown.get(p)
	if s.Version <= p.Released && p.Released > 0 {
		return ""
	}
	return s.Message
}

// ShownAt is what is known to be shown at p.
func (r *Record) ShownAt(p Place) Shown { return r.shown.get(p) }

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
