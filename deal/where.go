package deal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// where is the button with which a payee says where the money goes.
const where = "where"

// askWhere is what the question says of the deal. Who is owed something is asked, until it is on its way.
func (f *Flow) askWhere(of *dialog.Record, e *lockbay.Escrow) (about map[string]string, refused *dialog.Said) {
	if !e.MaySayWhere(side(of)) {
		return nil, &dialog.Said{Code: "deal.where.late"}
	}
	mine := f.cfg.Rules().Sum(e.Quote, e.Balances().Owed(string(side(of))), texts.Default)
	return map[string]string{"id": e.ID, "mine": mine, "currency": e.Quote.Currency}, nil
}

// askedText is the card of a question for a text of a party.
func (f *Flow) askedText(own *dialog.Record, v dialog.View, code string) dialog.Card {
	say := func(code string) string { return f.cfg.Words.Say(v, code, own.Asks.About) }
	c := dialog.Card{Progress: say("deal.where.title"), Question: say(code + ".ask"), Hint: say(code + ".hint"), After: say(code + ".after"),
		Field: &dialog.Field{Long: true}, Quiet: []dialog.Button{{Action: "leave", Label: say("deal.where.leave")}}}
	if lockbay.IsCoin(own.Asks.About["currency"]) { // which no account has
		c.Hint = say(code + ".hint.coin")
	}
	if own.Said != nil {
		c.Field.Value = own.Said.Typed
		if strong, text, _ := strings.Cut(c.Tell(f.cfg.Words, v, own.Said), "\n"); strong+text != "" {
			c.Band = &dialog.Band{Strong: strong, Text: text}
		}
	}
	return c
}

// sayWhere takes where to send what a party is owed. A text that comes too late is not taken.
func (f *Flow) sayWhere(t *dialog.Turn, e *lockbay.Escrow) {
	in, role := t.Input, side(t.Record)
	if !e.MaySayWhere(role) {
		return
	}
	typed := inOneLine(in.Text)
	code := ""
	switch {
	case !dialog.Visible(typed):
		code = "deal.where.empty"
	case utf8.RuneCountInString(typed) > lockbay.TextMost || in.Over > 0:
		code = "deal.where.long"
	case !utf8.ValidString(typed) || strings.ContainsFunc(typed, unicode.IsControl):
		code = "deal.where.control"
	case typed != e.WhereTo(role):
		if _, err := f.act(t, e, lockbay.Act{Role: role, Move: lockbay.MoveWhere, Text: typed}); err != nil {
			code = "deal.where.most"
		}
	}
	if code != "" {
		t.Refuse(code, map[string]string{"id": e.ID}, in.Text)
		return
	}
	t.Toast("deal.where.taken", map[string]string{"id": e.ID, "end": ending(typed)})
}

// remindPayees reminds who has not said where to send the money.
func (f *Flow) remindPayees(t *dialog.Turn, e *lockbay.Escrow) {
	for _, role := range e.Nowhere() {
		t.SayTo(seats[role], dialog.Said{Code: "told.where"}, true)
	}
	for _, x := range e.Alarms(t.Now) {
		t.WakeAt(x.Name, x.At)
	}
}

// inOneLine is where to send money as it was typed, in one line: an account and a name may stand on two. What only turns the
// direction of text comes along when an account is copied, and is left out.
func inOneLine(typed string) string {
	typed = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, typed)
	return strings.Join(strings.Fields(typed), " ")
}

// ending are the last characters of an address, by which its owner knows it.
func ending(typed string) string {
	runes := []rune(typed)
	return dialog.Isolate("…" + string(runes[max(0, len(runes)-4):]))
}

// where is the payee's part of the card: what was said, and the button to say it.
func (c *card) where(args map[string]string) {
	to := c.e.WhereTo(side(c.r))
	button := dialog.Button{Action: where, Label: c.say("deal.where", nil)}
	if to != "" {
		args["end"] = ending(to)
		c.Body = append(c.Body, c.say("deal.where.to", args))
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.where.label", nil), Value: dialog.Isolate(to)})
	}
	switch {
	case !c.e.MaySayWhere(side(c.r)):
		c.Body = append(c.Body, c.ask("deal.settling.where"))
	case to == "":
		c.Primary = &button
	default:
		button.Label = c.say("deal.where.change", nil)
		c.Alt = []dialog.Button{button}
	}
}
