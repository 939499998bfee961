package dialog

import (
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"time"
)

// Verdicts of a turn as the person meets them.
const (
	DidNothing   Did = iota // nothing to say, nothing changed
	DidApply                // something was changed, or shown anew
	DidRefuse               // an answer was refused; the place is kept
	DidStale                // the button or form belongs to an earlier card
	DidDuplicate            // it was handled before: the same answer again, no turn
	DidForeign              // not this person's conversation; nothing was committed
	DidPark                 // a newer version wrote it; untouched
)

// Did is what an input did.
type Did uint8

func (d Did) String() string {
	return named(d, []string{"nothing", "applied", "refused", "stale", "repeat", "foreign", "parked"}) // as metrics are labelled
}

// Turn is one input being decided. Decide reads Before, Input, Now, Rehydrated
// and Others, and changes Record: its fields are set, but what they point to is
// shared with Before and is replaced, not written to. A person's input of which
// none of the methods below (but Random, ID and the timers) has told anything is
// not committed, unless it shows that the person can be reached again. It is used
// by one goroutine.
type Turn struct {
	Before     *Record // as found; never changed
	Record     *Record // as it shall be
	Input      *Input
	Now        time.Time
	Rehydrated Rehydration
	Others     []*Record
	Gap        bool // the person was away for the session gap, or we were restarted mid-step
	Older      bool // the input comes from an earlier card, see [Accepter]

	did      Did
	witness  Key  // of blocks: the person's own conversation
	unblocks bool // it comes from a place that was taken for blocked
	seed     uint64
	ids      int
	starts   []*Record
	events   []Event
	toast    *Said
	anew     bool
	quiet    bool
}

// Refuse says why an answer cannot be taken; the place is kept. typed is given
// back in the field.
func (t *Turn) Refuse(code string, args map[string]string, typed string) {
	t.Record.Said = &Said{Code: code, Args: args, Typed: typed, Refusal: true}
	t.did = DidRefuse
	t.Event(EventRefused, code)
}

// Say puts a notice on the card.
func (t *Turn) Say(code string, args map[string]string) {
	t.Record.Said = &Said{Code: code, Args: args}
	t.did = max(t.did, DidApply)
}

// Tell is Say for what has more than arguments.
func (t *Turn) Tell(s Said) {
	t.Record.Said = &s
	t.did = max(t.did, DidApply)
}

// Quote is Say with what the person had typed, which was not applied.
func (t *Turn) Quote(code string, args map[string]string, typed string) {
	t.Record.Said = &Said{Code: code, Args: args, Typed: typed}
	t.did = max(t.did, DidApply)
}

// Toast answers the tap with a sentence; the card need not change.
func (t *Turn) Toast(code string, args map[string]string) {
	t.toast = &Said{Code: code, Args: args}
	t.did = max(t.did, DidApply)
}

// Applied says that the input did something.
func (t *Turn) Applied() { t.did = max(t.did, DidApply) }

// Stale answers a button or a form of an earlier card: nothing is applied, and
// what was typed is quoted.
func (t *Turn) Stale() {
	if t.Input.Kind == KindText {
		t.Quote(CodeOldForm, map[string]string{"typed": t.Input.Text}, t.Input.Text)
	} else {
		t.Say(CodeOldButton, nil)
		t.Toast(CodeOldButton, nil)
	}
	t.did = DidStale
}

// Park leaves the record as it is, for another version wrote it: the sender is
// told to come again (ErrSchemaNewer), and after a minute the person (DidPark).
func (t *Turn) Park() { t.did = DidPark }

// Did is what has been decided so far.
func (t *Turn) Did() Did { return t.did }

// Anew makes the card arrive as a new message.
func (t *Turn) Anew() { t.anew = true; t.did = max(t.did, DidApply) }

// Do adds an effect: it is done after the commit until it has succeeded. arg is
// stored as JSON. The end is an input KindResult, with Text "failed" if no retry
// would mend it (see Forever).
func (t *Turn) Do(name string, arg any) {
	raw, err := json.Marshal(arg)
	if err != nil {
		panic("dialog: effect " + name + ": " + err.Error()) // a defect of the flow's types
	}
	t.Record.Pending = append(t.Record.Pending, PendingEffect{ID: t.ID(12), Name: name, Arg: raw})
	t.did = max(t.did, DidApply)
}

// WakeAt sets the timer of this name, replacing an earlier one. At that time, or
// as soon after as somebody looks, the conversation gets an input KindWake. One
// that is past comes with the next input or sweep.
func (t *Turn) WakeAt(name string, at time.Time) {
	t.Unwake(name)
	t.Record.Timers = append(t.Record.Timers, Timer{name, at.UnixMilli()})
}

// Wake sets the timer of this name to after from now.
func (t *Turn) Wake(name string, after time.Duration) { t.WakeAt(name, t.Now.Add(after)) }

// Unwake removes a timer.
func (t *Turn) Unwake(name string) {
	var keep []Timer
	for _, x := range t.Record.Timers {
		if x.Name != name {
			keep = append(keep, x)
		}
	}
	t.Record.Timers = keep
}

// ForgetTimer is the name of the timer at which the engine deletes the row.
const ForgetTimer = "forget"

// Start begins another conversation in the same commit. r needs Key, Owner,
// Draft, Step and what else it shows; takeOver hands it this conversation's
// message at every place, which then belongs to it alone: this conversation shows
// nothing there for this turn.
func (t *Turn) Start(r *Record, takeOver bool) {
	r.shown = &screens{}
	if takeOver {
		t.quiet = true
		t.Record.Places = append([]Place(nil), t.Record.Places...)
		for i, p := range t.Record.Places {
			q := p
			q.Released, q.Given, q.Heir = 0, "", ""
			q.unblock()
			r.Places = append(r.Places, q)
			msg := t.Before.Message(p)
			if t.Input.Message != "" && t.Input.Place.id() == p.id() {
				msg = t.Input.Message
			}
			if msg != "" {
				r.shown.change(p, func(v screen) screen { return v.tapped(msg) })
			}
			had := &t.Record.Places[i]
			had.Released, had.Given, had.Heir = t.Before.Version+1, msg, r.Key.String()
		}
	}
	t.starts = append(t.starts, r)
	t.Record.Started = r.Key.ID
	t.did = max(t.did, DidApply)
}

// Event adds to the log for insight; detail is a code, never what was typed.
func (t *Turn) Event(kind EventKind, detail string) {
	t.events = append(t.events, Event{Kind: kind, Cause: detail})
}

// Ended is Event for the end of a draft: it tells of the step that the turn found,
// not of the one that it leaves.
func (t *Turn) Ended(kind EventKind) {
	t.events = append(t.events, Event{Kind: kind, Step: t.Before.Step})
}

// Random gives 64 bits that are the same each time this turn is decided with
// the same seed; a turn whose start was taken is decided with a new one.
func (t *Turn) Random() uint64 {
	t.ids++
	return hash("id\x00" + itoa(int64(t.seed)) + "\x00" + itoa(int64(t.ids)))
}

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// ID makes an id of n characters (at most 12, 5 bits each).
func (t *Turn) ID(n int) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], t.Random())
	return crockford.EncodeToString(b[:])[:min(n, 12)]
}
