package deal

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// shareOther is the value of the button for another share than those on buttons: the text begins with it.
const shareOther = "other"

// deskAsks reports whether a button of the desk wants a text: a sum, a reference or a reason.
func deskAsks(in *dialog.Input) bool {
	switch name := in.Name; name {
	case "sum":
		return in.Value == ""
	case "sent", "failed":
		return step{value: in.Value}.payee() != ""
	case "decide":
		return in.Value != "" && in.Value != "yes"
	}
	return false
}

// deskAsk is what the question for a text says of the deal.
func (f *Flow) deskAsk(e *lockbay.Escrow, s step) (map[string]string, *dialog.Said) {
	try := s
	switch {
	case s.name == "sum":
		try.text = "1 ?"
	case s.value == shareOther:
		try.value, try.text = "0", "?"
	default:
		try.text = "?"
	}
	if !f.deskMay(e, try, e.LastMove()) {
		return nil, &dialog.Said{Code: dialog.CodeOldButton}
	}
	about := map[string]string{"id": e.ID, "currency": e.Quote.Currency}
	if to := s.payee(); to != "" {
		about["sum"] = f.cfg.Rules().Sum(e.Quote, owed(e, to), "")
	}
	if s.name == "decide" && s.value != shareOther {
		about["n"] = s.value
	}
	return about, nil
}

// deskAsked is the question for a text, in the operator's own conversation, or in a group.
func (f *Flow) deskAsked(own *dialog.Record, v dialog.View) dialog.Card {
	s := stepOf(own.Asks.Action)
	code := "deal.desk.ask." + s.name
	if s.value == shareOther {
		code += "." + shareOther
	}
	say := func(code string) string { return f.cfg.Words.Say(v, code, own.Asks.About) }
	c := dialog.Card{Progress: say("deal.desk.ask.title"), Question: say(code), Hint: say(code + ".hint"), Field: &dialog.Field{}}
	if own.Said != nil {
		if text := c.Tell(f.cfg.Words, v, own.Said); own.Said.Refusal {
			c.Refusal = text
		} else {
			c.Band = &dialog.Band{Strong: text}
		}
	}
	c.ForName = own.Asks.About["who"]
	c.Quiet = []dialog.Button{{Action: dialog.ActionLeave, Label: say("deal.desk.leave")}}
	return c
}

// deskText takes a text of an operator, and asks once more where it moves money.
func (f *Flow) deskText(t *dialog.Turn, e *lockbay.Escrow) {
	in := t.Input
	s := step{in.Name, in.Value, strings.Join(strings.Fields(in.Text), " "), operatorOf(in.Owner)}
	if s.name == "" {
		s = s.meant(e)
	}
	if opened := stepOf(t.Record.Open); opened.ofAnother(s.by) { // whose yes must confirm what they read
		t.Refuse("desk.busy", map[string]string{"operator": opened.by}, in.Text)
		return
	}
	if s.name == "decide" && s.value == shareOther {
		share, reason, ok := shareOf(s.text)
		if !ok {
			t.Refuse("desk.share", nil, in.Text)
			return
		}
		s.value, s.text = share, reason
	}
	a, ok := f.deskAct(e, s)
	if !ok && s.name == "sum" {
		t.Refuse("desk.sum", map[string]string{"currency": e.Quote.Currency}, in.Text)
		return
	}
	if !ok {
		return
	}
	try := *e
	a.At, a.Key = t.Now, f.cfg.RefKey
	changed, err := try.Act(a)
	var not *lockbay.NotNow
	switch {
	case errors.As(err, &not), err == nil && !changed: // too late
	case err != nil:
		t.Refuse("desk.refused", map[string]string{"why": err.Error()}, in.Text)
	case s.name == "failed":
		t.Share(deskSeat, f.cfg.Desk)
		f.deskDo(t, e, s)
		t.Anew()
	default:
		t.Share(deskSeat, f.cfg.Desk)
		t.Record.Open, t.Record.Said = s.String(), nil
		t.Anew()
	}
}

// meant is what a reply to the desk's message means, which no button has asked for: in a dispute the seller's share and a
// reason, else a sum that came with its reference, or the reference of the one payout that is on its way.
func (s step) meant(e *lockbay.Escrow) step {
	_, _, shares := shareOf(s.text)
	_, _, came := cameOf(e, s.text)
	out := slices.DeleteFunc(slices.Clone(payees), func(to lockbay.Role) bool { return e.Out(to) == 0 })
	switch {
	case shares && e.Status == lockbay.Disputed && e.OnHold() == "":
		s.name, s.value = "decide", shareOther
	case !came && len(out) == 1:
		s.name, s.value = "sent", string(out[0])
	default:
		s.name = "sum"
	}
	return s
}

// shareOf reads a decision as the desk types it: 70 two plates are broken, or 70% two plates are broken.
func shareOf(text string) (share, reason string, ok bool) {
	share, reason, _ = strings.Cut(text, " ")
	share, reason = strings.TrimSuffix(share, "%"), strings.TrimLeft(strings.TrimPrefix(reason, "%"), " ")
	n, err := strconv.Atoi(share)
	return share, reason, err == nil && n >= 0 && n <= 100 && reason != ""
}
