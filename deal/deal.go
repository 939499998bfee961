// Package deal is the conversation of a confirmed escrow: from the payment to the money sent, by the table
// lockbay.Lifecycle. Buyer and seller move it with buttons, operators by orders, and time by timers. The buyer is the
// owner, and the seller comes by a link.
package deal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// FlowName is the flow's part of the key; the id is the escrow's.
const FlowName = "deal"

// Version of the stored lockbay.Escrow.
const Version = lockbay.Format

// Booked is added to the version of a deal that has a log, so that an older program leaves the deal to a newer one.
const Booked = 1000

// Met is added to the version of a deal whose people may meet: see lockbay.Sides.
const Met = 2 * Booked

// Timed is added to the version of a deal with times of its own: see lockbay.Times.
const Timed = 2 * Met

// Chosen is added to the version of a deal in which its operator chose more than times: see lockbay.Quote and
// lockbay.Escrow.WaitForSeller.
const Chosen = 2 * Timed

// Spoken is added to the version of a deal in whose dispute something was said, or whose time to answer is its own.
const Spoken = 2 * Chosen

// reads reports whether this program continues a deal of this version.
func reads(version int) bool { return version < 2*Spoken && version%Booked <= lockbay.Reads }

// The kinds of a deal's events.
const (
	EventDealt     dialog.EventKind = "dealt" // cause: the move; source: the log's hash, as witness
	EventPaid      dialog.EventKind = "paid"
	EventLapsed    dialog.EventKind = "lapsed"
	EventCancelled dialog.EventKind = "cancelled"
)

// open is dialog.Record.Open of a deal: a state within its step.
type open string

const (
	atStep     open = ""
	asking     open = "cancel"   // the buyer is asked whether to cancel
	releasing  open = "release"  // whether to release
	takingBack open = "takeback" // whether to take everything back
	declining  open = "decline"  // the seller is asked whether to decline
	returning  open = "giveback" // whether to give everything back
	disputing  open = "dispute"  // what is wrong
	revived    open = "revived"  // paid after it had lapsed; in rows of earlier versions
	helping    open = "help"     // a side needs help
	lengthened open = "more"     // how much more time to deliver
)

// isOf reports whether a record has this state.
func (o open) isOf(r *dialog.Record) bool { return r.Open == string(o) }

// set gives r this state, and clears its notice.
func (o open) set(r *dialog.Record) { r.Open, r.Said = string(o), nil }

// Config of the flow. The zero value works.
type Config struct {
	// Rules returns the current rules, which must stay unchanged. Cards write amounts by them. Defaults to
	// lockbay.DefaultRules.
	Rules func() *lockbay.Rules
	// Instructions say how to pay in a currency. {id}, {amount} and {expires} are filled in, for programs inside a web
	// address and for people elsewhere. An empty text, and the default, is a sentence that the operator will write.
	Instructions func(currency string) string
	// RefKey is the secret of references in the log, see lockbay.Ref.
	RefKey []byte
	// SeatKey is the secret of sellers' links. Without it there are none.
	SeatKey []byte
	// WordsKey is the secret of the words that each person has: see WordsOf. Without it nobody has any.
	WordsKey []byte
	// Bot returns the name of the bot on Telegram, empty while it is unknown. Sellers' links lead to it. Optional.
	Bot func() string
	// PublicURL is the address of the page, where sellers who are named by e-mail join. Optional.
	PublicURL string
	// Page returns the address of the page for its own machine or network, empty while nobody can be led there. It serves
	// where there is neither PublicURL nor a bot. Optional.
	Page func() string
	// Keep is how long ended deals are kept. Defaults to lockbay.DefaultKeep.
	Keep lockbay.Keep
	// Desk is where the operators are called, and Operators are the keys of those who may press there. Without both, they
	// move deals by orders alone.
	Desk      dialog.Place
	Operators []string
	// Detached is for a process beside the one that serves, such as a command. If it has no desk, the one that serves
	// calls its own.
	Detached bool
	// Support is how to reach the operator. Optional.
	Support string
	// Hours say when a person answers there. Optional.
	Hours string
	// Write says that people write to the operator in their own conversation, by the action support.
	Write bool
	// Words are the texts. Defaults to texts.Words.
	Words dialog.Words
}

// Flow is the flow of deals. It is a dialog.Flow.
type Flow struct {
	cfg   Config
	chats bool // there is a bot, although its name may be unknown yet
}

var (
	_ dialog.Flow    = (*Flow)(nil)
	_ dialog.Matcher = (*Flow)(nil)
	_ dialog.Passer  = (*Flow)(nil)
	_ dialog.Claimer = (*Flow)(nil)
	_ dialog.Reader  = (*Flow)(nil)
)

// New makes the flow.
func New(cfg Config) *Flow {
	if cfg.Rules == nil {
		rules := lockbay.DefaultRules()
		cfg.Rules = func() *lockbay.Rules { return rules }
	}
	if cfg.Keep == (lockbay.Keep{}) {
		cfg.Keep = lockbay.DefaultKeep()
	}
	if cfg.Words == nil {
		cfg.Words = texts.Words
	}
	if cfg.Instructions == nil {
		cfg.Instructions = func(string) string { return "" }
	}
	f := &Flow{cfg: cfg, chats: cfg.Bot != nil}
	if cfg.Bot == nil {
		f.cfg.Bot = func() string { return "" }
	}
	if cfg.Page == nil {
		f.cfg.Page = func() string { return "" }
	}
	return f
}

// FlowName implements dialog.Flow.
func (*Flow) FlowName() string { return FlowName }

// Text implements dialog.Speaker.
func (f *Flow) Text(lang, code string, args map[string]string) string {
	return f.cfg.Words(lang, code, args)
}

// Match reports whether an input with this draft id belongs to a deal.
func (*Flow) Match(id string) bool {
	canonical, err := lockbay.ParseEscrowID(id)
	return err == nil && canonical == id
}

// Passes passes the button Again to the person's own conversation, since it begins a new draft.
func (*Flow) Passes(in *dialog.Input) bool { return in.Kind == dialog.KindTap && in.Name == "again" }

// Start begins the conversation of a deal in the turn that confirms it. The deal takes over the message of the draft's
// card, and the format of the draft: both hold terms.
func Start(t *dialog.Turn, e lockbay.Escrow) {
	e.Sides.Buyer = nameOf(t.Input)
	meet(t, &e)
	r := &dialog.Record{Head: dialog.Head{
		Key:   dialog.Key{Bot: t.Record.Key.Bot, Flow: FlowName, ID: e.ID},
		Owner: e.Buyer, Draft: e.ID, Schema: t.Record.Schema,
	}}
	save(r, &e)
	r.Timers = []dialog.Timer{{Name: lockbay.AlarmLapse, At: e.Expires}}
	t.Start(r, true)
}

// save writes the deal into its record. A deal in a later format stays in it, as a draft does.
func save(r *dialog.Record, e *lockbay.Escrow) {
	r.Answers, r.Schema = e.Encode(), max(Version, r.Schema%Booked)
	if len(e.Log) > 0 {
		r.Schema += Booked
	}
	if e.Sides != (lockbay.Sides{}) {
		r.Schema += Met
	}
	if e.Times != (lockbay.Times{}) {
		r.Schema += Timed
	}
	if e.Quote.Keep || e.Window > 0 {
		r.Schema += Chosen
	}
	if e.Spoken() {
		r.Schema += Spoken
	}
	r.Step, r.Expires = string(e.Status), e.ExpiresAt()
}

// Escrow reads the deal of a record. The error is dialog.ErrSchemaNewer for a version that this program does not read.
func Escrow(r *dialog.Record) (lockbay.Escrow, error) {
	var e lockbay.Escrow
	if !reads(r.Schema) {
		return e, fmt.Errorf("deal of version %d: %w", r.Schema, dialog.ErrSchemaNewer)
	}
	if err := json.Unmarshal(r.Answers, &e); err != nil {
		return e, fmt.Errorf("decode deal of version %d: %w", r.Schema, err)
	}
	if _, ok := lockbay.Digits(e.Quote.Currency); !ok || e.Quote.Currency == "" {
		return e, fmt.Errorf("deal has an unknown currency %q", e.Quote.Currency)
	}
	return e, nil
}

// Knows implements dialog.Knower.
func (f *Flow) Knows(h *dialog.Head) bool { return reads(h.Schema) }

// Decide implements dialog.Flow.
func (f *Flow) Decide(t *dialog.Turn) {
	if t.Claim {
		f.join(t)
		return
	}
	e, err := Escrow(t.Record)
	if err != nil {
		t.Park()
		return
	}
	switch in := t.Input; in.Kind {
	case dialog.KindWake:
		f.wake(t, &e)
	case dialog.KindOrder:
		f.order(t, &e)
	case dialog.KindTap, dialog.KindCommand:
		f.tap(t, &e)
	case dialog.KindText:
		f.text(t, &e)
	case dialog.KindOther:
		switch {
		case in.Edit:
			t.Say("deal.edited", nil)
		case in.Name == contact: // who sits came by the link again
			f.opened(t, &e)
		}
	}
}

// askAgain is when a time that is over is looked at again.
const askAgain = time.Minute

// wake: a time has come. Two of them only bring the card again.
func (f *Flow) wake(t *dialog.Turn, e *lockbay.Escrow) {
	switch t.Input.Name {
	case lockbay.AlarmLapse, lockbay.AlarmOver:
		if t.OpenSince.IsZero() { // whether people could reach us is not known yet
			t.WakeAt(t.Input.Name, t.Now.Add(askAgain))
			return
		}
		a := lockbay.Act{Role: lockbay.Clock, Move: lockbay.MoveOver, Seen: seen(t.Record, e), Open: t.OpenSince}
		if changed, _ := f.act(t, e, a); changed {
			t.Anew()
		}
	case deskTimer:
		f.remindDesk(t, e)
	case lockbay.AlarmHalf:
		if e.Status == lockbay.Active && e.OnHold() == "" {
			t.SayTo(seat, dialog.Said{Code: "told.seller.half"}, true)
		}
	case lockbay.AlarmWhere:
		f.remindPayees(t, e)
	case lockbay.AlarmAnswer:
		f.unanswered(t, e)
	case lockbay.AlarmLate, lockbay.AlarmSoon:
		if e.OnHold() == "" {
			atStep.set(t.Record)
			t.Anew()
			t.SayTo(seat, dialog.Said{Code: "told.seller." + t.Input.Name + "." + string(e.Status)}, true)
		}
	}
}

// Reads implements dialog.Reader: what was delivered is to be checked.
func (*Flow) Reads(r *dialog.Record) bool {
	return r.Role() == "" && lockbay.Status(r.Step) == lockbay.Delivered
}

// seen reports whether the buyer was shown what the deal waits for: a chat has the message, a page was opened, or the
// buyer was here since.
func seen(r *dialog.Record, e *lockbay.Escrow) bool {
	if len(e.Log) == 0 {
		return false
	}
	return !r.Updated.Before(e.LastMove()) || slices.ContainsFunc(r.Places, func(p dialog.Place) bool {
		at := r.ShownAt(p).Version
		return p.Seat == "" && (p.Push && !p.Blocked && at >= r.Anew || !p.Push && at > 0) // see Reads
	})
}

// order executes an operator's order. The buyer's card stays as it is if the order is rejected.
func (f *Flow) order(t *dialog.Turn, e *lockbay.Escrow) {
	a, err := actOf(t.Input)
	changed, said := false, t.Record.Said
	if err == nil {
		changed, err = f.act(t, e, a)
	}
	if changed && a.Move == lockbay.MoveReseat {
		f.reseat(t, e)
	}
	switch {
	case err != nil:
		t.Refuse("order."+string(e.Status), nil, "")
		t.Record.Said = said
	case changed:
		t.Anew()
	}
}

// buttons are the actions on the cards of deals.
var buttons = []string{
	"status", "help", "paid", "cancel", "back", "continue", "again", "create", "release", "takeback", "more", "grant", "extend", "dispute", "withdraw",
	"accept", "decline", "delivered", "giveback", "link", where, saying, offering, agreeing, rereading,
}

// asks are the buttons that ask first, by the state in which the card asks.
var asks = map[string]open{
	"cancel": asking, "release": releasing, "takeback": takingBack, "dispute": disputing, "decline": declining, "giveback": returning,
}

// side is the role of the person whose the record is seen as.
func side(r *dialog.Record) lockbay.Role {
	if r.Role() == seat {
		return lockbay.Seller
	}
	return lockbay.Buyer
}

// tap executes a button or a command of a side.
func (f *Flow) tap(t *dialog.Turn, e *lockbay.Escrow) {
	in, r := t.Input, t.Record
	if r.Role() == deskSeat {
		f.deskTap(t, e)
		return
	}
	a := lockbay.Act{Role: side(r), Move: lockbay.Move(in.Name)}
	asked, asksFirst := asks[in.Name]
	switch {
	case in.Name == "status":
		r.Said = nil
		t.Anew()
		return
	case in.Name == "start":
		f.opened(t, e)
		return
	case in.Name == "link":
		f.relink(t, e)
		return
	case argues(in.Name):
		f.argue(t, e)
		return
	case in.Name == "help":
		helping.set(r)
		t.Applied()
		return
	case (in.Name == "back" || in.Name == "continue") && r.Open != "" && !revived.isOf(r):
		atStep.set(r)
		t.Applied()
		return
	case asksFirst && in.Value == "" && f.mayNow(t, e, in.Name):
		asked.set(r)
		t.Applied()
		return
	case asksFirst && !asked.isOf(r):
		t.Stale()
		return
	case asksFirst && in.Name == "dispute":
		a.Why = in.Value
	case asksFirst && in.Value == "yes", in.Name == "extend", in.Name == "withdraw", in.Name == "delivered", in.Name == "paid" && f.hasDesk():
	case in.Name == "accept" && in.Value == e.TermsHash(): // the terms that the card showed
	case in.Name == "more" && in.Value == "" && f.mayNow(t, e, in.Name):
		lengthened.set(r)
		t.Applied()
		return
	case in.Name == "more":
		a.Hours, _ = strconv.Atoi(in.Value)
	case in.Name == "grant":
		if a.Hours = e.AskedMore(); in.Value != "yes" {
			a.Move = lockbay.MoveRefuse
		}
	case slices.Contains(buttons, in.Name):
		t.Stale()
		return
	default:
		t.Unknown()
		return
	}
	f.does(t, e, a)
}

// does makes the move of a button.
func (f *Flow) does(t *dialog.Turn, e *lockbay.Escrow, a lockbay.Act) {
	if changed, err := f.act(t, e, a); err != nil || !changed {
		t.Stale()
	}
}

// mayNow reports whether a side may make the move of a button now.
func (f *Flow) mayNow(t *dialog.Turn, e *lockbay.Escrow, name string) bool {
	a := lockbay.Act{Role: side(t.Record), Move: lockbay.Move(name)}
	switch name {
	case "dispute":
		a.Why = lockbay.Reasons[0]
	case "more":
		return a.Role == lockbay.Buyer && e.Status == lockbay.Active && e.OnHold() == "" || a.Role == lockbay.Seller && e.MayAskMore()
	}
	return f.may(e, a, t.Now)
}

// may reports whether a move would change the deal.
func (f *Flow) may(e *lockbay.Escrow, a lockbay.Act, now time.Time) bool {
	try := *e
	a.At, a.Key = now, f.cfg.RefKey
	changed, err := try.Act(a)
	return changed && err == nil
}
