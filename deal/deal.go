// Package deal is the conversation of a confirmed escrow. It waits for the payment, and shows whether the escrow is paid,
// lapsed or cancelled.
package deal

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// FlowName is the flow's part of the key; the id is the escrow's.
const FlowName = "deal"

// Version of the stored lockbay.Escrow.
const Version = lockbay.Format

// Verbs of operators' orders.
const (
	MarkPaid = "mark-paid"
	Cancel   = "cancel"
)

// The kinds of a deal's events.
const (
	EventPaid      dialog.EventKind = "paid"
	EventLapsed    dialog.EventKind = "lapsed"
	EventCancelled dialog.EventKind = "cancelled"
)

// timerLapse fires when an unpaid deal lapses.
const timerLapse = "lapse"

// open is dialog.Record.Open of a deal: a state within its step.
type open string

const (
	atStep  open = ""
	asking  open = "cancel"  // the buyer is asked whether to cancel
	revived open = "revived" // paid after it had lapsed
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
	// Support is how to reach the operator. Optional.
	Support string
	// Words are the texts. Defaults to texts.Words.
	Words dialog.Words
}

// Flow is the flow of deals. It is a dialog.Flow.
type Flow struct{ cfg Config }

var (
	_ dialog.Flow    = (*Flow)(nil)
	_ dialog.Matcher = (*Flow)(nil)
	_ dialog.Passer  = (*Flow)(nil)
)

// New makes the flow.
func New(cfg Config) *Flow {
	if cfg.Rules == nil {
		rules := lockbay.DefaultRules()
		cfg.Rules = func() *lockbay.Rules { return rules }
	}
	if cfg.Words == nil {
		cfg.Words = texts.Words
	}
	if cfg.Instructions == nil {
		cfg.Instructions = func(string) string { return "" }
	}
	return &Flow{cfg}
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
	r := &dialog.Record{Head: dialog.Head{
		Key:   dialog.Key{Bot: t.Record.Key.Bot, Flow: FlowName, ID: e.ID},
		Owner: e.Buyer, Draft: e.ID, Schema: t.Record.Schema,
	}}
	save(r, &e)
	r.Timers = []dialog.Timer{{Name: timerLapse, At: e.Expires}}
	t.Start(r, true)
}

// save writes the deal into its record. A deal in a later format stays in it, as a draft does.
func save(r *dialog.Record, e *lockbay.Escrow) {
	raw, err := json.Marshal(e)
	if err != nil {
		panic("deal: " + err.Error()) // an escrow has only strings and numbers
	}
	r.Answers, r.Schema = raw, max(Version, r.Schema)
	r.Step, r.Expires = string(e.Status), e.ExpiresAt()
}

// Escrow reads the deal of a record. The error is dialog.ErrSchemaNewer for a format above lockbay.Reads.
func Escrow(r *dialog.Record) (lockbay.Escrow, error) {
	var e lockbay.Escrow
	if r.Schema > lockbay.Reads {
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

// Order is an operator's order to the deal of this id. Each call makes an order of its own, and a retry gives the same
// one again. An order that was given before is harmless, because the deal itself says that it is done.
func Order(bot, verb, id string) dialog.Input {
	return dialog.Input{ID: "order " + rand.Text(), Kind: dialog.KindOrder, Key: dialog.Key{Bot: bot, Flow: FlowName, ID: id}, Name: verb}
}

// OrderSum is Order to mark a deal as paid if this is the sum to be paid.
func OrderSum(bot, id string, sum lockbay.Money) dialog.Input {
	in := Order(bot, MarkPaid, id)
	in.Value = sum.Plain()
	return in
}

// Verdict is the result of an order: nil if the deal now has the status that the order asks for, also after a repeated
// order. Errors are lockbay.ErrCancelled, lockbay.ErrPaid, lockbay.ErrSum, dialog.ErrNotFound for an unknown deal, and
// dialog.ErrSchemaNewer for a deal that this version left as it was.
func Verdict(verb string, out dialog.Outcome) error {
	if out.Record == nil || out.Record.Version == 0 {
		return fmt.Errorf("%s: %w", verb, dialog.ErrNotFound)
	}
	want := map[string]lockbay.Status{MarkPaid: lockbay.PaymentConfirmed, Cancel: lockbay.Cancelled}[verb]
	refused := out.Did == dialog.DidRefuse
	switch status := lockbay.Status(out.Record.Step); {
	case status == want && !refused:
		return nil
	case status == lockbay.Cancelled:
		return lockbay.ErrCancelled
	case status == lockbay.PaymentConfirmed && verb != MarkPaid:
		return lockbay.ErrPaid
	case refused:
		return lockbay.ErrSum
	default:
		return fmt.Errorf("%s: the deal is %s: %w", verb, status, dialog.ErrSchemaNewer)
	}
}

// Knows implements dialog.Knower.
func (f *Flow) Knows(h *dialog.Head) bool { return h.Schema <= lockbay.Reads }

// Decide implements dialog.Flow.
func (f *Flow) Decide(t *dialog.Turn) {
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
	case dialog.KindOther:
		if in.Edit {
			t.Say("deal.edited", nil)
		}
	}
}

// move stores the deal with its new status.
func move(t *dialog.Turn, e *lockbay.Escrow, o open, kind dialog.EventKind) {
	save(t.Record, e)
	o.set(t.Record)
	t.Event(kind, "")
	t.Unwake(timerLapse)
	t.Applied()
}

func (f *Flow) wake(t *dialog.Turn, e *lockbay.Escrow) {
	if t.Input.Name != timerLapse {
		return
	}
	if e.Lapse(t.Now) {
		move(t, e, atStep, EventLapsed)
		t.Anew()
	}
}

// order executes an operator's order. The buyer's card stays as it is if the order is rejected.
func (f *Flow) order(t *dialog.Turn, e *lockbay.Escrow) {
	var changed, late bool
	var err error
	kind := EventCancelled
	switch t.Input.Name {
	case MarkPaid:
		kind = EventPaid
		if sum := t.Input.Value; sum != "" && sum != e.Sum().Plain() && e.Status != lockbay.Cancelled {
			err = lockbay.ErrSum
			break
		}
		changed, late, err = e.Pay()
	case Cancel:
		changed, err = e.Cancel()
	default:
		return
	}
	switch said := t.Record.Said; {
	case errors.Is(err, lockbay.ErrSum):
		t.Refuse("order.sum", nil, "")
		t.Record.Said = said
	case err != nil:
		t.Refuse("order."+string(e.Status), nil, "")
		t.Record.Said = said
	case changed:
		o := atStep
		if late {
			o = revived
		}
		move(t, e, o, kind)
		t.Anew()
	}
}

// buttons are the actions on the cards of deals.
var buttons = []string{"status", "cancel", "back", "continue", "again", "create"}

// tap executes a button or a command of the buyer.
func (f *Flow) tap(t *dialog.Turn, e *lockbay.Escrow) {
	in, r := t.Input, t.Record
	pending := e.Status == lockbay.PaymentPending
	switch {
	case in.Name == "status":
		r.Said = nil
		t.Anew()
	case in.Name == "cancel" && in.Value == "" && pending:
		asking.set(r)
		t.Applied()
	case in.Name == "cancel" && in.Value == "yes" && pending && asking.isOf(r):
		if changed, err := e.Cancel(); err != nil || !changed {
			t.Stale()
			return
		}
		move(t, e, atStep, EventCancelled)
	case (in.Name == "back" || in.Name == "continue") && asking.isOf(r):
		atStep.set(r)
		t.Applied()
	case slices.Contains(buttons, in.Name):
		t.Stale()
	default:
		t.Unknown()
	}
}
