package dialog

import (
	"fmt"
	"slices"
)

// The room of a row. The flow's part is bounded, and a turn beyond the bound has a
// defect. The engine's part gives way instead, so that no turn is lost because of a place
// or a typed text.
const (
	rowMost   = 64 << 10 // bytes of a row
	flowMost  = 53 << 10 // of them the flow's
	bulkMost  = 49 << 10 // of these the answers and the pending effects: a full draft still has room for steps and timers
	shownMost = 4 << 10  // of the column shown, which marks write between the turns
)

// ValueMost is how large a value of a draft store may be, in bytes: the copy of a row that has
// the bound of a row, and what the copy adds (numbers, lengths and the seal).
const ValueMost = rowMost + 1<<10

// size is what a row costs a store, in bytes, without the column shown.
func (row *Row) size() int {
	return len(row.Key.String()) + len(row.Owner) + len(row.Guest) + len(row.Draft) + len(row.Step) + len(row.Answers) + len(row.State) + len(row.Seen)
}

// bulk is the size of the answers and the pending effects.
func (r *Record) bulk() int {
	n := len(r.Answers)
	for _, x := range r.Pending {
		n += len(`{"i":"","n":"","a":},`) + encodedLen(x.ID) + encodedLen(x.Name) + len(x.Arg)
	}
	return n
}

// flowPart is the size of all that the flow writes, apart from what it says.
func (r *Record) flowPart() int {
	n := r.bulk() + len(r.Guest) + len(r.Draft) + len(r.Step) + encodedLen(r.Open) + encodedLen(r.Started) + encodedLen(r.Variant)
	for _, s := range r.Seats {
		n += encodedLen(s.Open)
	}
	n += r.Asks.size()
	for _, x := range r.Timers {
		n += len(`{"n":"","t":1700000000000},`) + encodedLen(x.Name)
	}
	for name := range r.Sources {
		n += len(`"":9007199254740991,`) + encodedLen(name)
	}
	for name, x := range r.Touched {
		n += len(`"":":1z141z3",`) + encodedLen(name) + encodedLen(x.Channel)
	}
	return n
}

// exceeds reports whether the flow's part is too large, and larger than it was (nil: there
// was none). Rows of earlier programs may be larger: a turn that adds nothing goes through.
func (r *Record) exceeds(was *Record) bool {
	if was == nil {
		was = &Record{}
	}
	bulk, part := r.bulk(), r.flowPart()
	if was.bulk() > bulkMost || was.flowPart() > flowMost { // a step with a longer name goes through, too
		return bulk > was.bulk()
	}
	return bulk > bulkMost || part > flowMost
}

// gives are the parts of a record that give way in a row that is too large, the least
// missed first. over is how many bytes are too many.
var gives = []func(r *Record, over int){
	func(r *Record, _ int) { // what the person typed last
		if r.Said != nil {
			r.Said = r.Said.untyped()
		}
		r.eachSeat(func(s *Seat) {
			if s.Said != nil {
				s.Said = s.Said.untyped()
			}
		})
	},
	func(r *Record, over int) { // the end of an unreadable draft, which is kept for an operator; three of its bytes cost four
		r.Unread = r.Unread[:max(0, len(r.Unread)-over)]
	},
	func(r *Record, _ int) {
		r.Said = nil
		r.eachSeat(func(s *Seat) { s.Said = nil })
	},
	func(r *Record, _ int) { // the notes of blocks, except the fact that there are some
		for _, n := range r.BlockNotes {
			if n.Key != "" {
				r.addNote(Place{Channel: n.Channel, Address: n.Address}, "")
			}
		}
	},
	func(r *Record, _ int) { // the places used longest ago, and their notes
		r.Places = lastPlaces(r.Places)
		var notes []BlockNote
		for _, n := range r.BlockNotes {
			if _, here := r.Place(n.Channel, n.Address); here || n == (BlockNote{}) {
				notes = append(notes, n)
			}
		}
		r.BlockNotes = notes
	},
	func(r *Record, _ int) { r.Series = r.Series[max(0, len(r.Series)-1):] }, // other series than the one used last
}

// eachSeat changes the seats in a copy.
func (r *Record) eachSeat(change func(*Seat)) {
	r.Seats = slices.Clone(r.Seats)
	for i := range r.Seats {
		change(&r.Seats[i])
	}
}

// lastPlaces are the places that each person used last.
func lastPlaces(places []Place) (last []Place) {
	for _, p := range places {
		if !slices.ContainsFunc(last, func(x Place) bool { return x.Seat == p.Seat }) {
			last = append(last, p)
		}
	}
	return last
}

// fits is r as a row that has room: see gives.
func (r *Record) fits(due int64, was *Record) (*Row, error) {
	row, err := r.row(due)
	if err != nil || row.size() <= bulkMost {
		return row, err
	}
	if r.exceeds(was) {
		return nil, fmt.Errorf("the flow's part of a row has %d bytes, at most %d: %w: %w", r.flowPart(), flowMost, errDefect, ErrSchemaNewer)
	}
	for _, give := range gives {
		over := row.size() - (rowMost - shownMost)
		if over <= 0 {
			break
		}
		give(r, over)
		if row, err = r.row(due); err != nil {
			return nil, err
		}
	}
	return row, nil
}
