package dialog

import (
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// What an input did, as the person meets it.
const (
	DidNothing   Did = iota // nothing changed, and there is nothing to say
	DidApply                // something was changed, or shown anew
	DidRefuse               // an answer was refused; the step stays
	DidStale                // the button or form is of an earlier card
	DidDuplicate            // the input was handled before: the same answer again, without a turn
	DidForeign              // the conversation is another person's; nothing was committed
	DidPark                 // a newer version wrote the record; it is untouched
)

// Did is what an input did.
type Did uint8

func (d Did) String() string {
	return named(d, []string{"nothing", "applied", "refused", "stale", "duplicate", "foreign", "parked"}) // as metrics are labelled
}

// Turn is one input being decided. Decide reads Before, Input, Now, Rehydrated and
// Others, and changes Record: it sets fields, and replaces the slices and maps in them,
// which Before shares. A person's input is committed if Decide has called one of the
// methods below (Random, ID, Pass and the timers do not count), or if it proves that a blocked
// person can be reached. A turn is used by one goroutine.
type Turn struct {
	Before     *Record // the record as found; never changed
	Record     *Record // the record to commit
	Input      *Input
	Now        time.Time
	Zone       *time.Location // of the times that cards show
	OpenSince  time.Time      // since when the service has answered, a gap of a minute apart; zero: unknown
	Rehydrated Rehydration
	Others     []*Record
	Total      int  // of the conversations like Others, see Listing.Count; 0: not counted
	Gap        bool // the person was away for the session gap, or a restart or a loss interrupted the step
	Older      bool // the input comes from an earlier card, see [Accepter]
	Claim      bool // the sender has no seat yet, see [Claimer]

	did      Did
	witness  Key  // the person's own conversation, see block.go
	unblocks bool // the input proves that a blocked place can be reached
	seed     uint64
	ids      int
	starts   []*Record
	events   []Event
	toast    *Said
	told     *Told
	anew     bool
	quiet    bool
	passTo   string
	passes   string // see PassWith

	role  string // the seat in which the turn is decided
	moved bool   // see Moved
	says  map[string]seatSaid
}

// Refuse says why an answer is not accepted; the step stays. typed is given back in the
// field.
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

// Tell is Say with more than arguments.
func (t *Turn) Tell(s Said) {
	t.Record.Said = &s
	t.did = max(t.did, DidApply)
}

// Quote is Say with what the person typed, which was not applied.
func (t *Turn) Quote(code string, args map[string]string, typed string) {
	t.Record.Said = &Said{Code: code, Args: args, Typed: typed}
	t.did = max(t.did, DidApply)
}

// Toast answers the tap with a sentence; the card need not change.
func (t *Turn) Toast(code string, args map[string]string) {
	t.toast = &Said{Code: code, Args: args}
	t.did = max(t.did, DidApply)
}

// TellSender shows the sender alone the card of a question. did says what became of the input.
// The turn changes nothing and is not committed, so the same input is judged again when it comes again.
func (t *Turn) TellSender(did Did, ask string, s Said) { t.did, t.told = did, &Told{ask, &s} }

// Applied says that the input had an effect.
func (t *Turn) Applied() { t.did = max(t.did, DidApply) }

// Stale answers a button or a form of an earlier card: nothing is applied, and typed
// text is quoted. An empty form is answered like its button.
func (t *Turn) Stale() {
	if t.Input.Kind == KindText && Visible(t.Input.Text) {
		t.Quote(CodeOldForm, map[string]string{"typed": t.Input.Text}, t.Input.Text)
	} else {
		t.Say(CodeOldButton, nil)
		t.Toast(CodeOldButton, nil)
	}
	t.did = DidStale
}

// Unknown answers a button that no card of the flow has: nothing is applied.
func (t *Turn) Unknown() {
	t.Say(CodeUnknown, nil)
	t.Toast(CodeUnknown, nil)
	t.did = DidStale
}

// Pass hands the input on to the conversation with this id of its own (see [Matcher]),
// which decides it after this turn. An id that no flow knows changes nothing. A redelivery
// is passed on again, because that decision may have failed. So a turn that passes and does
// anything else has a defect.
func (t *Turn) Pass(id string) { t.passTo = id }

// PassWith is Pass with another Input.Value. It may make the input a claim of that
// conversation, whatever its kind, see [Claimer].
func (t *Turn) PassWith(id, value string) { t.passTo, t.passes = id, value }

// PassOwn hands the input of a claim on to the person's own conversation, as Pass does.
func (t *Turn) PassOwn() { t.passTo = t.Input.Owner }

// Park leaves the record untouched, because another version wrote it: for a minute the
// sender is told to come again (ErrSchemaNewer), then the person (DidPark).
func (t *Turn) Park() { t.did = DidPark }

// Did is what has been decided so far.
func (t *Turn) Did() Did { return t.did }

// Anew makes the card arrive as a new message.
func (t *Turn) Anew() { t.anew = true; t.did = max(t.did, DidApply) }

// Do adds an effect, which is done after the commit until it has succeeded. No card and
// no other effect waits for it, so effects may be done in any order. arg is stored as
// JSON, at most ArgMost bytes. The end is an input KindResult: with what the effect returned, or with
// FailedText after an error that no retry would mend (see Forever). A name that the flow does
// not have is a defect of this turn, which is not committed. The effect's key begins with
// the draft's id and a point.
func (t *Turn) Do(name string, arg any) {
	raw, err := encode(arg)
	switch {
	case err != nil:
		panic("dialog: effect " + name + ": " + err.Error()) // a defect of the flow's types
	case len(raw) > ArgMost:
		panic("dialog: effect " + name + ": its argument has " + itoa(int64(len(raw))) + " bytes") // a defect of the flow
	}
	t.Record.Pending = append(t.Record.Pending, PendingEffect{ID: strings.TrimPrefix(t.Record.Draft+"."+t.ID(12), "."), Name: name, Arg: raw})
	t.did = max(t.did, DidApply)
}

// WakeAt sets the timer of this name, replacing an earlier one. At that time, or soon
// after, the conversation gets an input KindWake. A time in the past comes with the next
// input or sweep.
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

// Start begins another conversation in the same commit. r needs Key, Owner, Draft, Step
// and what else it shows. takeOver hands r this conversation's message at every place;
// this conversation then shows nothing there for this turn.
func (t *Turn) Start(r *Record, takeOver bool) {
	r.shown = &screens{}
	if takeOver {
		t.quiet = true
		t.Record.Places = append([]Place(nil), t.Record.Places...)
		for i, p := range t.Record.Places {
			if p.Seat != t.Record.role {
				continue
			}
			q := p
			q.Seat = ""
			q.Released, q.Given, q.Heir = 0, "", ""
			q.unblock()
			r.Places = append(r.Places, q)
			msg := t.Before.Message(p)
			if t.Input.Message != "" && !t.Input.atAnother && t.Input.Place.id() == p.id() {
				msg = t.Input.Message
			}
			if len(msg) > idMost { // no channel's id: nobody can hand it over
				msg = ""
			}
			if msg != "" {
				r.shown.change(q, func(v screen) screen { return v.tapped(msg) })
			}
			had := &t.Record.Places[i]
			had.Released, had.Given, had.Heir = t.Before.Version+1, msg, r.Key.String()
		}
	}
	t.starts = append(t.starts, r)
	t.Record.Started = r.Key.ID
	t.did = max(t.did, DidApply)
}

// Event is Log with a kind and a cause.
func (t *Turn) Event(kind EventKind, cause string) { t.Log(Event{Kind: kind, Cause: cause}) }

// Log adds an event. Cause and Source are codes, never what was typed. Draft defaults to
// the record's, and Step to the step that the turn found; the engine sets the other fields.
func (t *Turn) Log(e Event) { t.events = append(t.events, e) }

// Random gives 64 bits that depend on the seed of this decision and the number of the
// call. A turn that is decided again has a new seed.
func (t *Turn) Random() uint64 {
	t.ids++
	seed := strings.TrimPrefix(itoa(int64(t.seed)), "-") // without it in recorded conversations, too
	return hash("id\x00" + seed + "\x00" + itoa(int64(t.ids)))
}

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// ID makes an id of n characters (at most 12, 5 bits each).
func (t *Turn) ID(n int) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], t.Random())
	return crockford.EncodeToString(b[:])[:min(n, 12)]
}
