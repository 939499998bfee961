package dialog

import (
	"slices"
	"strings"
	"time"
)

// Seat is the part of another person in a conversation: what the owner's own fields are
// for the owner. A record has the owner's fields in itself, and a record as another
// person has it (see [Record.As]) has that person's there, so that a flow decides and
// renders for whoever sits.
type Seat struct {
	Role     string    `json:"r"` // a flow's name of the part: lower-case letters, see [Turn.Sit]
	Owner    string    `json:"w,omitempty"`
	Open     string    `json:"o,omitempty"`
	Said     *Said     `json:"s,omitempty"`
	Revision int64     `json:"v,omitempty"`
	Card     int64     `json:"c,omitempty"`
	Anew     int64     `json:"n,omitempty"`
	Updated  time.Time `json:"u,omitzero"`
}

const (
	seatsMax = 4 // seats beside the owner's
	roleMost = 8 // bytes of a role
)

// seatAt is the index of the seat of a role, or -1.
func (r *Record) seatAt(role string) int {
	return slices.IndexFunc(r.Seats, func(s Seat) bool { return s.Role == role })
}

// Role is the seat whose holder's fields the record has in itself; empty: the owner's.
func (r *Record) Role() string { return r.role }

// As is the record as the holder of a seat has it; the empty role is the owner's. A role
// without a seat gives the owner's. Records share all that the seat does not replace.
func (r *Record) As(role string) *Record {
	if r.role == role {
		return r
	}
	c := *r
	c.Seats = slices.Clone(r.Seats)
	c.swap(c.role)
	if c.role = role; !c.swap(role) {
		c.role = ""
	}
	return &c
}

// swap exchanges the record's own fields with those of a seat, and is its own inverse. It
// reports whether there is such a seat.
func (r *Record) swap(role string) bool {
	i := r.seatAt(role)
	if i < 0 {
		return false
	}
	s := &r.Seats[i]
	r.Owner, s.Owner = s.Owner, r.Owner
	r.Open, s.Open = s.Open, r.Open
	r.Said, s.Said = s.Said, r.Said
	r.Revision, s.Revision = s.Revision, r.Revision
	r.Card, s.Card = s.Card, r.Card
	r.Anew, s.Anew = s.Anew, r.Anew
	r.Updated, s.Updated = s.Updated, r.Updated
	return true
}

// AsOf is the record as a person has it: the owner, or whoever else sits. Anybody else gets
// it as the owner has it, and false.
func (r *Record) AsOf(owner string) (_ *Record, sits bool) {
	role, sits := r.roleOf(owner)
	return r.As(role), sits
}

// roleOf is the seat of a person.
func (r *Record) roleOf(owner string) (role string, sits bool) {
	r = r.As("")
	if r.Owner == owner {
		return "", true
	}
	for _, s := range r.Seats {
		if s.Owner == owner && owner != "" {
			return s.Role, true
		}
	}
	return "", false
}

// part is what the holder of a seat has: the record's own fields for the role that it is
// seen as, else those of a seat; zero for a role without a seat.
func (r *Record) part(role string) Seat {
	switch role {
	case r.role:
		return Seat{Role: role, Owner: r.Owner, Open: r.Open, Said: r.Said, Revision: r.Revision, Card: r.Card, Anew: r.Anew, Updated: r.Updated}
	case "": // the seat that the record is seen as holds the owner's
		role = r.role
	}
	if i := r.seatAt(role); i >= 0 {
		return r.Seats[i]
	}
	return Seat{}
}

// lastInput is when any person was last heard of in r.
func (r *Record) lastInput() time.Time {
	last := r.Updated
	for _, s := range r.Seats {
		if s.Updated.After(last) {
			last = s.Updated
		}
	}
	return last
}

// Sitter is implemented by flows with seats that several people may use, such as the desk
// of a service. Sits reports whether a person may act in the seat of this role. It is pure.
// A seat with an owner is that person's alone.
type Sitter interface {
	Sits(role, owner string) bool
}

// Claimer is implemented by a [Matcher] that a person without a seat may come to by a
// command, such as a link with a token. Claims gives the id of the conversation that a
// command claims, and is pure. Decide gets that input with Turn.Claim set, and calls Turn.Sit,
// or refuses: then the input ends as foreign with that refusal, and nothing is written. A
// claim never begins a conversation: where there is none, the record has version 0, and
// nobody can sit.
type Claimer interface {
	Claims(in *Input) (id string, ok bool)
}

// seatMark stands between the draft id and the role in the data of a button.
const seatMark = "~"

// seated is the draft id with the role for buttons and forms.
func seated(draft, role string) string {
	if role == "" {
		return draft
	}
	return draft + seatMark + role
}

// unseated undoes seated.
func unseated(s string) (draft, role string) {
	if i := strings.LastIndex(s, seatMark); i >= 0 && isRole(s[i+1:]) {
		return s[:i], s[i+1:]
	}
	return s, ""
}

func isRole(s string) bool {
	return s != "" && len(s) <= roleMost && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// seatFor is the seat in which a flow decides in: the one that its button names, the
// sender's, or for inputs of nobody the owner's. sits: the sender may.
func seatFor(flow Flow, r *Record, in *Input) (role string, sits bool) {
	switch {
	case in.Kind == KindBlock && in.Place.Seat != "":
		return in.Place.Seat, true
	case in.Owner == "":
		return "", true
	case (in.Bound || in.carried) && in.seat != "":
		r = r.As("")
		i := r.seatAt(in.seat)
		switch {
		case i < 0:
		case r.Seats[i].Owner != "":
			sits = r.Seats[i].Owner == in.Owner && !in.Group
		default:
			shared, is := flow.(Sitter)
			_ = guard(func() { sits = is && shared.Sits(in.seat, in.Owner) })
		}
		return in.seat, sits
	case in.Bound || in.carried:
		return "", r.As("").Owner == in.Owner
	}
	return r.roleOf(in.Owner)
}

// Sit gives the person of the input the seat of a role: see [Claimer]. From then on the
// turn is theirs: Record is as they have it. The first seat makes its holder the guest of
// the conversation, which their lists show. False: the seat is taken, or there is no
// conversation. A role is up to 8 lower-case letters, and a conversation has at most 4
// seats; another call is a defect.
func (t *Turn) Sit(role string) (sits bool) {
	r := t.Record.As("")
	i := r.seatAt(role)
	switch {
	case !isRole(role) || i < 0 && len(r.Seats) >= seatsMax:
		panic("dialog: no seat " + role)
	case r.Version == 0 || i >= 0 && r.Seats[i].Owner != "":
		return false
	case i < 0:
		r.Seats = append(slices.Clip(r.Seats), Seat{Role: role})
	}
	before := *t.Before.As("")
	before.Seats = r.Seats
	t.Before = before.As(role)
	t.Record = r.As(role)
	t.Record.Owner = t.Input.Owner
	if t.Record.Guest == "" {
		t.Record.Guest = t.Input.Owner
	}
	t.Input.Place.Seat = role
	t.Claim, t.moved, t.anew = false, true, true
	t.placeFirst()
	t.did = max(t.did, DidApply)
	return true
}

// Reseat gives the seat of a role to another person, in a turn of somebody else: for one who
// has lost what showed who they are. The person before has no seat from then on, and no
// place; their messages stay as they are, and their buttons are answered like a stranger's.
// All revisions rise. The new one's card is shown at p; without a channel, where they come
// from. False: nobody sits there, or the person has a seat here.
func (t *Turn) Reseat(role, owner string, p Place) bool {
	r := t.Record
	i := r.seatAt(role)
	if _, sits := r.roleOf(owner); sits || owner == "" || role == r.role || i < 0 || r.Seats[i].Owner == "" {
		return false
	}
	if r.Guest == r.Seats[i].Owner {
		r.Guest = owner
	}
	r.Seats = slices.Clone(r.Seats)
	r.Seats[i] = Seat{Role: role, Owner: owner, Revision: r.Seats[i].Revision, Updated: t.Now}
	r.Places = slices.DeleteFunc(slices.Clone(r.Places), func(x Place) bool { return x.Seat == role })
	if p.Seat = role; p.Channel != "" {
		r.Places = append(r.Places, p)
	}
	t.Moved()
	return true
}

// Share gives the conversation the seat of a role that nobody owns, see [Sitter]. Its card
// is shown at p alone, which is the flow's configuration, so that each turn may give another
// place; without a channel it is shown nowhere. A move edits the card of such a seat: only
// SayTo brings it anew. A role that somebody owns, and a fifth seat, are defects.
func (t *Turn) Share(role string, p Place) {
	r := t.Record
	i := r.seatAt(role)
	switch {
	case role == r.role:
	case !isRole(role) || i < 0 && len(r.Seats) >= seatsMax || i >= 0 && r.Seats[i].Owner != "":
		panic("dialog: no seat " + role + " without an owner")
	case i < 0:
		r.Seats = append(slices.Clip(r.Seats), Seat{Role: role})
	}
	p.Seat = role
	was := r.placeAt(p.id())
	if was >= 0 { // with what is known of it
		p = r.Places[was]
	}
	places := slices.DeleteFunc(slices.Clone(r.Places), func(x Place) bool { return x.Seat == role })
	if p.Channel != "" {
		places = append(places, p)
	}
	r.Places = places
}

// Moved says that the turn changes what the buttons of everybody mean: the revisions of
// all seats rise, and all get a new card. A change of the step does so by itself; what
// only adds does not.
func (t *Turn) Moved() { t.moved = true; t.did = max(t.did, DidApply) }

// SayTo says something to the holder of another seat; the empty role is the owner. anew:
// the card arrives as a new message. A role without a seat hears nothing.
func (t *Turn) SayTo(role string, s Said, anew bool) {
	if role == t.Record.role {
		t.Tell(s)
		t.anew = t.anew || anew
		return
	}
	if t.says == nil {
		t.says = map[string]seatSaid{}
	}
	t.says[role] = seatSaid{&s, anew}
	t.did = max(t.did, DidApply)
}

// Unsay takes away what is said to the holder of a seat, because it is news no more; the empty role is the owner.
func (t *Turn) Unsay(role string) {
	switch {
	case t.Record.part(role).Said == nil:
	case role == t.Record.role:
		t.Record.Said = nil
	case t.says == nil:
		t.says = map[string]seatSaid{role: {}}
	default:
		t.says[role] = seatSaid{}
	}
}

// seatSaid is what a turn says to the holder of another seat.
type seatSaid struct {
	said *Said
	anew bool
}

// tellSeats gives the other seats what the turn means for them.
func (t *Turn) tellSeats() {
	r := t.Record
	if len(r.Seats) == 0 {
		return
	}
	all := t.moved || r.Step != t.Before.Step
	r.Seats = slices.Clone(r.Seats)
	for i := range r.Seats {
		s := &r.Seats[i]
		role := s.Role
		if role == r.role { // it holds the owner's fields
			role = ""
		}
		news, told := t.says[role]
		if told {
			s.Said = news.said
		}
		if all {
			s.Revision++
			s.Open = ""
			if !told {
				s.Said = nil
			}
		}
		if all || told {
			s.Card = r.Version
		}
		if all && s.Owner != "" || news.anew {
			s.Anew = r.Version
		}
	}
}
