package dialog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Where says where the draft of a record lies.
type Where uint8

// Where a draft may lie.
const (
	InRow    Where = iota // in the row itself
	InRedis               // in the draft store, under the draft tag
	InMemory              // only in the process that wrote it
)

func (w Where) String() string { return named(w, []string{"row", "redis", "memory"}) }

// Stamp is what a commit compares. The version counts turns; the tag is 64 random bits of
// the last turn, because the same version may come again after a forget, a restored
// backup or a failover. The zero Stamp means no row.
type Stamp struct {
	Version int64
	Tag     int64
}

// Head is a conversation without its draft. It holds no personal data by its type.
type Head struct {
	Key      Key
	Owner    string // whose conversation it is; indexed by stores
	Guest    string // a second person whose conversation it is; empty: none
	Draft    string // draft id
	Step     string // the strategy's conversation_state; empty: in no flow
	Version  int64
	Tag      int64
	DraftTag int64 // tag of the turn that last changed the draft
	Revision int64 // counts changes of answers, step or open question
	Schema   int   // version of the draft's format
	Format   int   // version of the record's own format
	Where    Where
	Created  time.Time // of the draft
	Updated  time.Time // last input of a person
	Expires  time.Time // zero: never
}

// Stamp is the stamp that the next commit on this head compares.
func (h *Head) Stamp() Stamp { return Stamp{h.Version, h.Tag} }

// Place is where the card is shown. A place that pulls (a page, a terminal) is never
// pending.
type Place struct {
	Channel string `json:"c"`
	Address string `json:"a"`
	Lang    string `json:"l,omitempty"`
	Push    bool   `json:"p,omitempty"`
	Thread  string `json:"t,omitempty"` // where new messages go within the address; a message keeps its own
	Blocked bool   `json:"b,omitempty"`
	Tried   int64  `json:"k,omitempty"` // while blocked: the card that was rejected; a later one is tried
	// Unwitnessed is the version of the turn that recorded the block. It is 0 once the
	// witness has a note; before that the card is tried again.
	Unwitnessed int64  `json:"w,omitempty"`
	Released    int64  `json:"r,omitempty"` // up to this version the place belongs to another conversation
	Given       string `json:"g,omitempty"` // the message that was handed over
	Heir        string `json:"h,omitempty"` // that conversation, as Key.String
	Seat        string `json:"s,omitempty"` // role of the person who is here; empty: the owner
}

// placesMax is how many places a record without seats keeps: those used last. With seats
// each person has places of their own: see keeps.
const placesMax = 8

func (p Place) id() string {
	if p.Seat == "" {
		return p.Channel + " " + p.Address
	}
	return p.Channel + " " + p.Address + " " + p.Seat
}

// keeps reports whether a list of places, of which these were used last, keeps p, too. In a
// conversation with seats each person has two places that push and one that pulls in a
// channel, so that nobody's place costs another's.
func (r *Record) keeps(list []Place, p Place) bool {
	if len(r.Seats) == 0 {
		return len(list) < placesMax
	}
	same, most := 0, 1
	if p.Push {
		most = 2
	}
	for _, x := range list {
		if x.Seat == p.Seat && x.Channel == p.Channel && x.Push == p.Push {
			same++
		}
	}
	return same < most
}

// Timer is a time at which the conversation gets a wake.
type Timer struct {
	Name string `json:"n"`
	At   int64  `json:"t"` // unix milliseconds
}

// PendingEffect is something to do in the world after the commit, until it has succeeded.
type PendingEffect struct {
	ID   string          `json:"i"` // key that makes a second success harmless
	Name string          `json:"n"`
	Arg  json.RawMessage `json:"a,omitempty"`
}

// recordFormat is the version of the encoding of state below. A new format adds fields
// that a turn of an older program would drop. Format 2: the series of handled messages,
// and the notes of blocks. Format 3: the kind of Said, and its times, reason and items,
// which were arguments before (see Said.upgrade), and whether the draft is sealed. Format
// 4: seats; a record without seats stays in format 3.
const (
	recordFormat = 3
	seatsFormat  = 4 // the newest
)

// format is the format in which r is written.
func (r *Record) format() int {
	if len(r.Seats) > 0 || r.Asks != nil || r.underWay() {
		return seatsFormat
	}
	return recordFormat
}

// notesFormat is the first format with notes of blocks.
const notesFormat = 2

// state is the part of a record that no query needs.
type state struct {
	Open    string           `json:"o,omitempty"`
	Said    *Said            `json:"s,omitempty"`
	Started string           `json:"d,omitempty"`
	Places  []Place          `json:"p,omitempty"`
	Pending []PendingEffect  `json:"e,omitempty"`
	Timers  []Timer          `json:"t,omitempty"`
	Card    int64            `json:"c,omitempty"`
	Anew    int64            `json:"n,omitempty"`
	By      string           `json:"b,omitempty"`
	Lost    bool             `json:"l,omitempty"`
	Unread  []byte           `json:"x,omitempty"`
	Variant string           `json:"v,omitempty"`
	Quoted  bool             `json:"z,omitempty"` // the argument typed of Said is Said.Typed, and is left out
	Sealed  bool             `json:"k,omitempty"`
	Series  []Handled        `json:"q,omitempty"`
	Notes   []BlockNote      `json:"u,omitempty"`
	Sources map[string]int64 `json:"m,omitempty"`
	Seats   []Seat           `json:"a,omitempty"`
	Asks    *Asks            `json:"w,omitempty"`
	Touched map[string]Touch `json:"h,omitempty"`
}

// Record has all that it takes to show and continue a conversation after a crash. A
// committed record is immutable: a turn changes a copy.
type Record struct {
	Head
	Answers    []byte // the draft, opaque to stores
	Open       string // the open question where it is not the step, or was opened by Edit
	Said       *Said
	Started    string // id of the conversation it last started
	Places     []Place
	Seen       []uint64    // hashes of the last inputs, oldest first
	BlockNotes []BlockNote // of a witness: conversations that have a place blocked
	Series     []Handled   // numbered inputs that were handled; the series used last stands last
	Pending    []PendingEffect
	Timers     []Timer
	Card       int64  // version of the last turn that changed the card
	Anew       int64  // version of the last turn that must arrive as a new message
	By         string // instance that made the last turn; inPassing behind it: see there
	Lost       bool   // the draft was lost once: it stays in the row until it ends
	Unread     []byte // a draft that could not be read, kept as it was
	Variant    string // of the rollout that chose the mode
	Sealed     bool   // the draft in the draft store has a seal
	Seats      []Seat // of other people than the owner, at most 4
	Asks       *Asks  // the question of another conversation that this one asks; never changed

	// Sources are the messages that gave answers (see [Input.Source]), by the name of the
	// answer. A turn replaces the map.
	Sources map[string]int64
	// Touched is who last changed what, by the name of the answer. A turn replaces the map.
	Touched map[string]Touch

	role   string // the seat that the record is seen as, see Record.As
	shown  *screens
	memo   any  // the decoded Answers, never changed
	spared bool // the draft was not read, because the turn leaves it alone
}

// SetDraft replaces the answers. decoded is their decoded form, or nil: Decoded returns it
// while the record stays in memory, and nothing may change it.
func (r *Record) SetDraft(answers []byte, decoded any) { r.Answers, r.memo = answers, decoded }

// Decoded is the decoded form of the answers, as given to SetDraft; nil for a record that
// was read from a store.
func (r *Record) Decoded() any { return r.memo }

// Place finds a place by channel and address, among those of the person whose the record is
// seen as.
func (r *Record) Place(channel, address string) (Place, bool) {
	for _, p := range r.Places {
		if p.Channel == channel && p.Address == address && p.Seat == r.role {
			return p, true
		}
	}
	return Place{}, false
}

// lastPlace is where the person whose the record is seen as was last.
func (r *Record) lastPlace() (Place, bool) {
	i := slices.IndexFunc(r.Places, func(p Place) bool { return p.Seat == r.role })
	if i < 0 {
		return Place{}, false
	}
	return r.Places[i], true
}

// nextTimer is the earliest timer, or the zero Timer. Inside a flow ForgetTimer does not
// count.
func (r *Record) nextTimer() (t Timer) {
	for _, x := range r.Timers {
		if x.Name == ForgetTimer && r.Step != "" {
			continue
		}
		if t.At == 0 || x.At < t.At || x.At == t.At && x.Name < t.Name {
			t = x
		}
	}
	return t
}

// over reports whether the time of r to be forgotten has come.
func (r *Record) over(now int64) bool {
	t := r.nextTimer()
	return t.At <= now && len(r.Pending) == 0 && (t.Name == KeepTimer || t.Name == ForgetTimer && r.Step == "")
}

// dueTimers are the timers that are due, the earliest first, without ForgetTimer and
// KeepTimer, which are no turns.
func (r *Record) dueTimers(now int64) (due []Timer) {
	for _, x := range r.Timers {
		if x.Name != ForgetTimer && x.Name != KeepTimer && x.At <= now {
			due = append(due, x)
		}
	}
	slices.SortFunc(due, func(a, b Timer) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Name, b.Name)) })
	return due
}

// lookAgain is when the sweeper looks again at r: after the pause, or at the next timer
// that is not due yet.
func (r *Record) lookAgain(now time.Time, pause time.Duration) int64 {
	at := now.Add(pause).UnixMilli()
	for _, x := range r.Timers {
		if x.At > now.UnixMilli() && (x.Name != ForgetTimer || r.Step == "") {
			at = min(at, x.At)
		}
	}
	return at
}

// clone is a copy that a turn may change. It shares slices, which are copied before they
// are written to.
func (r *Record) clone() *Record {
	c := *r
	c.Places = slices.Clip(r.Places)
	c.Seen = slices.Clip(r.Seen)
	c.Pending = slices.Clip(r.Pending)
	c.Timers = slices.Clip(r.Timers)
	c.Seats = slices.Clip(r.Seats)
	return &c
}

// size estimates the record's memory in bytes: all that its fields refer to, with the
// decoded answers, which are about as large as the encoded ones, and what its places show.
func (r *Record) size() int {
	n := 768 + 2*len(r.Key.String()) + len(r.Owner) + len(r.Guest) + len(r.Draft) + len(r.Step) + len(r.Open) + len(r.Started) + len(r.By) + len(r.Variant)
	n += len(r.Answers)*2 + len(r.Seen)*8 + len(r.Unread) + r.Said.size()
	for _, p := range r.Places {
		n += 416 + len(p.Channel) + len(p.Address) + len(p.Lang) + len(p.Thread) + len(p.Given) + len(p.Heir) + len(p.Seat)
	}
	for _, e := range r.Pending {
		n += 64 + len(e.ID) + len(e.Name) + len(e.Arg)
	}
	for _, h := range r.Series {
		n += 64 + len(h.Series) + 8*len(h.Window)
	}
	for _, b := range r.BlockNotes {
		n += 64 + len(b.Channel) + len(b.Address) + len(b.Key)
	}
	for _, t := range r.Timers {
		n += 24 + len(t.Name)
	}
	for name := range r.Sources {
		n += 64 + len(name)
	}
	for name := range r.Touched {
		n += 104 + len(name)
	}
	for _, s := range r.Seats {
		n += 160 + len(s.Role) + len(s.Owner) + len(s.Open) + s.Said.size()
	}
	n += r.Asks.size()
	return n
}

// row encodes r for a store. due is in unix milliseconds.
func (r *Record) row(due int64) (*Row, error) {
	said, quoted := r.Said.once()
	st, err := encode(state{r.Open, said, r.Started, r.Places, r.Pending, r.Timers, r.Card, r.Anew, r.By, r.Lost, r.Unread, r.Variant, quoted, r.Sealed, packed(r.Series), r.BlockNotes, r.Sources, r.Seats, r.Asks, r.Touched})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Key.Masked(), err)
	}
	row := &Row{Head: r.Head, Answers: r.Answers, State: st, Due: due}
	row.Format = r.format()
	row.Seen = make([]byte, 0, 8*len(r.Seen))
	for _, h := range r.Seen {
		row.Seen = append(row.Seen, byte(h>>56), byte(h>>48), byte(h>>40), byte(h>>32), byte(h>>24), byte(h>>16), byte(h>>8), byte(h))
	}
	return row, nil
}

// record decodes a row. A row that this version cannot decode is ErrSchemaNewer, and the
// record has the head alone.
func (row *Row) record() (*Record, error) {
	r := &Record{Head: row.Head, Answers: row.Answers, shown: readScreens(row)}
	if row.Format > seatsFormat {
		return r, fmt.Errorf("record %s has format %d: %w", row.Key.Masked(), row.Format, ErrSchemaNewer)
	}
	var st state
	if len(row.State) > 0 {
		if err := json.Unmarshal(row.State, &st); err != nil { // another version may be able to
			return r, fmt.Errorf("decode %s: %w: %w", row.Key.Masked(), ErrSchemaNewer, err)
		}
	}
	if st.Said != nil && row.Format < 3 {
		st.Said.upgrade()
	}
	if st.Said != nil && st.Quoted {
		st.Said.quote()
	}
	r.Open, r.Said, r.Started, r.Places, r.Pending, r.Timers = st.Open, st.Said, st.Started, st.Places, st.Pending, st.Timers
	r.Card, r.Anew, r.By, r.Lost, r.Unread, r.Variant, r.Sealed = st.Card, st.Anew, st.By, st.Lost, st.Unread, st.Variant, st.Sealed
	r.Series, r.BlockNotes, r.Sources = unpacked(st.Series), st.Notes, st.Sources
	r.Seats, r.Asks, r.Touched = st.Seats, st.Asks, st.Touched
	r.Seen = decodeSeen(row.Seen)
	return r, nil
}

// Decode decodes a row, for lists and tools. A row that this version cannot decode is
// ErrSchemaNewer, and the record has the head alone.
func Decode(row *Row) (*Record, error) { return row.record() }

func decodeSeen(b []byte) []uint64 {
	out := make([]uint64, 0, len(b)/8+2)
	for ; len(b) >= 8; b = b[8:] {
		out = append(out, uint64(b[0])<<56|uint64(b[1])<<48|uint64(b[2])<<40|uint64(b[3])<<32|uint64(b[4])<<24|uint64(b[5])<<16|uint64(b[6])<<8|uint64(b[7]))
	}
	return out
}
