package deal

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// deskSeat is the role of the operators' seat. Nobody owns it: whoever Sits names may act in it.
const deskSeat = string(lockbay.Desk)

// deskTimer reminds the desk of what it has not done.
const deskTimer = "desk"

// deskAgain is how often.
const deskAgain = 24 * time.Hour

var _ dialog.Sitter = (*Flow)(nil)

// Sits implements dialog.Sitter: the operators act at the desk.
func (f *Flow) Sits(role, owner string) bool {
	return role == deskSeat && slices.Contains(f.cfg.Operators, owner)
}

// hasDesk reports whether operators are told in a chat.
func (f *Flow) hasDesk() bool { return f.cfg.Desk.Channel != "" && len(f.cfg.Operators) > 0 }

// atDesk reports whether the deal has the operators' seat.
func atDesk(r *dialog.Record) bool {
	return slices.ContainsFunc(r.As("").Seats, func(s dialog.Seat) bool { return s.Role == deskSeat })
}

// The needs of a deal for a person at the desk; the first word of needOf.
const (
	needHold    = "hold"
	needPaid    = "paid"
	needDecide  = "dispute"
	needPayout  = "payout"
	needNothing = ""
)

// needOf is what a deal needs a person for, with what is known about it: another text is news for the desk.
func needOf(e *lockbay.Escrow, now time.Time) string {
	switch code := e.OnHold(); {
	case code != "":
		return needHold + " " + code
	case e.Reported():
		return needPaid
	case e.Status == lockbay.Disputed:
		return needDecide
	case e.Status != lockbay.Settling || e.SendFrom().After(now):
		return needNothing
	}
	need := needPayout
	for _, to := range payees {
		if owed(e, to) > 0 {
			need += " " + string(to) + " " + e.WhereTo(to)
		}
	}
	return need
}

var payees = []lockbay.Role{lockbay.Buyer, lockbay.Seller}

// owed is what a party is owed, and what is on its way to them.
func owed(e *lockbay.Escrow, to lockbay.Role) int64 {
	return e.Balances().Owed(string(to)) + e.Out(to)
}

// callDesk calls a person after a move, if the deal needs one for something that it did not need one for before. Else the
// desk's card follows the move, and its reminder stays when it was to come. The place is the configuration's.
func (f *Flow) callDesk(t *dialog.Turn, e *lockbay.Escrow, had string) {
	need, later := needOf(e, t.Now), e.Status == lockbay.Settling && e.SendFrom().After(t.Now) && e.OnHold() == ""
	reminded := slices.ContainsFunc(t.Record.Timers, func(x dialog.Timer) bool { return x.Name == deskTimer })
	if need == had && need != needNothing && reminded && (f.hasDesk() || f.cfg.Detached) {
		if f.hasDesk() {
			t.Share(deskSeat, f.cfg.Desk)
		}
		return
	}
	t.Unwake(deskTimer)
	switch sits := atDesk(t.Record); {
	case !f.hasDesk() && f.cfg.Detached:
		if need != needNothing || later {
			t.Wake(deskTimer, 0)
		}
		return
	case !f.hasDesk() && sits:
		t.Share(deskSeat, dialog.Place{})
		return
	case !f.hasDesk(), !sits && need == needNothing && e.Status != lockbay.Settling:
		return
	}
	t.Share(deskSeat, f.cfg.Desk)
	switch kind, _, _ := strings.Cut(need, " "); {
	case later:
		t.WakeAt(deskTimer, e.SendFrom())
	case need != needNothing:
		t.Wake(deskTimer, deskAgain)
		if need != had && t.Record.Role() != deskSeat {
			t.SayTo(deskSeat, dialog.Said{Code: "told.desk." + kind}, true)
		}
	case had != needNothing && t.Record.Role() != deskSeat:
		t.SayTo(deskSeat, dialog.Said{Code: "told.desk.done"}, false)
	}
}

// remindDesk brings the desk's card again while the deal needs a person.
func (f *Flow) remindDesk(t *dialog.Turn, e *lockbay.Escrow) {
	need := needOf(e, t.Now)
	switch {
	case !f.hasDesk():
		return
	case need == needNothing: // a process without a desk has seen that one will be needed
		f.callDesk(t, e, needNothing)
		return
	}
	kind, _, _ := strings.Cut(need, " ")
	if e.Overdue(t.Now) {
		kind = "overdue"
	}
	t.Share(deskSeat, f.cfg.Desk)
	t.SayTo(deskSeat, dialog.Said{Code: "told.desk." + kind}, true)
	t.Wake(deskTimer, deskAgain)
}

// deskShares are the seller's shares that stand on buttons, in percent.
var deskShares = []int{0, 25, 50, 75, 100}

// step is a button that asks once more: its name, its value, and what was typed or shown for it. It is the state of the
// desk's seat, and of a side in a dispute. At the desk, by is the number of the operator who is asked; states of earlier
// versions have none.
type step struct{ name, value, text, by string }

// stepOf reads a state.
func stepOf(open string) (s step) {
	action, text, _ := strings.Cut(open, "|")
	action, s.by, _ = strings.Cut(action, "@")
	s.name, s.value, _ = strings.Cut(action, ":")
	s.text = text
	return s
}

// String is the state.
func (s step) String() string {
	action := s.name
	if s.value != "" {
		action += ":" + s.value
	}
	if s.by != "" {
		action += "@" + s.by
	}
	if s.text != "" {
		action += "|" + s.text
	}
	return action
}

// typed reports whether an operator has typed what the step asks about. Only their own yes confirms that.
func (s step) typed() bool {
	return s.text != "" && (s.name == "sum" || s.name == "sent" || s.name == "decide")
}

// ofAnother reports whether an operator other than the one of this number is asked.
func (s step) ofAnother(operator string) bool { return s.by != "" && s.by != operator }

// payee is the party that a value of a button names.
func (s step) payee() lockbay.Role {
	if to := lockbay.Role(s.value); slices.Contains(payees, to) {
		return to
	}
	return ""
}

// share is the seller's share of a decision, in 10,000.
func (s step) share() (int, bool) {
	n, err := strconv.Atoi(s.value)
	return n * lockbay.ShareAll / 100, err == nil && n >= 0 && n <= 100
}

// deskAct is the move of a step at the desk.
func (f *Flow) deskAct(e *lockbay.Escrow, s step) (a lockbay.Act, ok bool) {
	a = lockbay.Act{Role: lockbay.Desk, To: s.payee(), Return: e.Status == lockbay.Cancelled}
	switch s.name {
	case "came":
		a.Move, a.Rest = lockbay.MoveReceived, true
		return a, true
	case "nothing":
		a.Move = lockbay.MoveNothing
		return a, true
	case "hold":
		a.Move, a.Why, a.Text = lockbay.MoveHold, lockbay.HoldDesk, s.text
		return a, true
	case "resume":
		a.Move = lockbay.MoveResume
		return a, true
	case "sum":
		a.Move = lockbay.MoveReceived
		a.Sum, a.Ref, ok = cameOf(e, s.text)
		return a, ok
	case "send":
		a.Move = lockbay.MoveSending
		return a, a.To != "" && s.text == e.WhereTo(a.To) // else it was changed since it was shown
	case "sent":
		a.Move, a.Ref = lockbay.MoveSent, s.text
		return a, a.To != ""
	case "failed":
		a.Move, a.Text = lockbay.MoveFailed, s.text
		return a, a.To != ""
	case "decide":
		a.Move, a.Text = lockbay.MoveDecide, s.text
		a.Share, ok = s.share()
		return a, ok
	}
	return a, false
}

// cameOf reads a payment as the desk types it: 40.00 REF, or 40.00 EUR REF.
func cameOf(e *lockbay.Escrow, text string) (sum lockbay.Money, ref string, ok bool) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return sum, "", false
	}
	currency, rest := e.Quote.Currency, words[1:]
	if code := strings.ToUpper(rest[0]); len(rest) > 1 {
		if _, known := lockbay.Digits(code); known {
			currency, rest = code, rest[1:]
		}
	}
	sum, err := lockbay.MoneyOf(words[0], currency)
	return sum, strings.Join(rest, " "), err == nil && sum.Minor > 0
}

// deskTap executes a button of the desk.
func (f *Flow) deskTap(t *dialog.Turn, e *lockbay.Escrow) {
	in, r := t.Input, t.Record
	opened := stepOf(r.Open)
	tapped := step{name: in.Name, value: in.Value, by: operatorOf(in.Owner)}
	t.Share(deskSeat, f.cfg.Desk)
	switch {
	case in.Name == "status":
		r.Said = nil
		t.Anew()
	case in.Name == "back":
		atStep.set(r)
		if opened.typed() && opened.ofAnother(tapped.by) {
			t.Say("told.desk.aside", map[string]string{"operator": tapped.by, "other": opened.by, "text": dialog.Isolate(opened.text)})
		}
		t.Applied()
	case in.Name == rereading:
		f.reread(t, e)
	case in.Value == "yes" && in.Name == opened.name && opened.typed() && opened.ofAnother(tapped.by):
		t.Stale()
		t.Say("desk.theirs", map[string]string{"operator": opened.by})
		t.Toast("desk.theirs", map[string]string{"operator": opened.by})
	case in.Value == "yes" && in.Name == opened.name:
		f.deskDo(t, e, opened)
	case in.Name == "hold" && in.Value == "", in.Name == "resume" && in.Value == "":
		f.deskDo(t, e, tapped)
	case in.Name == "send" && tapped.payee() != "":
		tapped.text = e.WhereTo(tapped.payee())
		f.deskOpen(t, e, tapped)
	case in.Value == "" && (in.Name == "came" || in.Name == "nothing" || in.Name == "decide"):
		f.deskOpen(t, e, tapped)
	case slices.Contains(deskButtons, in.Name):
		t.Stale()
	default:
		t.Unknown()
	}
}

// deskButtons are the actions on the desk's card.
var deskButtons = []string{"came", "nothing", "sum", "send", "sent", "failed", "decide", "hold", "resume"}

// deskOpen asks once more, if the step can be done now.
func (f *Flow) deskOpen(t *dialog.Turn, e *lockbay.Escrow, s step) {
	try := s
	if s.name == "decide" && s.value == "" { // which share is asked first
		try.value, try.text = "0", "?"
	}
	if !f.deskMay(e, try, t.Now) {
		t.Stale()
		return
	}
	f.opens(t, s)
}

// deskMay reports whether a step can be done now.
func (f *Flow) deskMay(e *lockbay.Escrow, s step, now time.Time) bool {
	a, ok := f.deskAct(e, s)
	return ok && f.may(e, a, now)
}

// deskDo does a step in the name of the operator who pressed.
func (f *Flow) deskDo(t *dialog.Turn, e *lockbay.Escrow, s step) {
	a, ok := f.deskAct(e, s)
	if !ok {
		atStep.set(t.Record)
		t.Stale()
		return
	}
	a.Operator = operatorOf(t.Input.Owner)
	changed, err := f.act(t, e, a)
	var not *lockbay.NotNow
	switch {
	case err == nil && changed:
		t.Log(dialog.Event{Kind: dialog.EventOrdered, Cause: string(a.Move), Source: a.Operator})
	case err == nil, errors.As(err, &not): // nothing to ask any more
		atStep.set(t.Record)
		t.Stale()
	default:
		atStep.set(t.Record)
		t.Say("desk.refused", map[string]string{"why": err.Error()})
	}
}

// operatorOf is an operator's number.
func operatorOf(owner string) string {
	_, number, _ := strings.Cut(owner, ":")
	return number
}
