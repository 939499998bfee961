package intake

import (
	"strconv"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// receipt adds the sums and what happens next to the review.
func (f *Flow) receipt(d *Draft, v dialog.View, c *dialog.Card) {
	rules := f.cfg.Rules()
	terms := d.Terms(rules)
	q := rules.Quote(terms)
	money := func(minor int64) string { return q.Money(minor).Format(v.Lang) }
	say := func(code string, args map[string]string) string { return f.cfg.Words(v.Lang, code, args) }
	line := func(label string, minor int64) dialog.Sum {
		return dialog.Sum{Label: label, Value: dialog.Isolate(money(minor))}
	}
	c.Sums = append(c.Sums, line(say("sum.deal", nil), q.Amount))
	switch {
	case q.BuyerFee > 0 && q.SellerFee > 0:
		c.Sums = append(c.Sums, line(say("sum.half", nil), q.BuyerFee))
	case q.BuyerFee > 0:
		c.Sums = append(c.Sums, line(say("sum.fee", nil), q.BuyerFee))
	}
	pays, gets := line(say("sum.pays", nil), q.BuyerPays), line(say("sum.gets", nil), q.SellerGets)
	if q.SellerFee > 0 {
		gets.Label = say("sum.gets_after", map[string]string{"fee": money(q.SellerFee)})
	}
	pays.Total, gets.Part = true, true
	c.Sums = append(c.Sums, pays, gets)
	c.After = say("review.after", nil)
	c.Ahead = say("next", nil)
	for _, s := range lockbay.Ahead("", terms, q, rules.PaymentWindow, v.Lang) {
		c.Next = append(c.Next, dialog.Next{Who: say(s.Who, s.Args), When: say(s.When, s.Args)})
	}
}

// finish adds the menu to a card without a draft, and the list of escrows to whatever card it was asked on.
func (f *Flow) finish(r *dialog.Record, _ *Draft, v dialog.View, c *dialog.Card) {
	page := v.Place.Channel == "web" // has no commands, and Help in its foot
	if r.Step == "" && c.Primary != nil {
		for _, b := range [...][2]string{{"status", "status"}, {"help", "help_button"}} {
			if page && b[0] == "help" {
				continue
			}
			c.Quiet = append(c.Quiet, dialog.Button{Action: b[0], Label: f.cfg.Words(v.Lang, b[1], nil), Free: true, Short: true})
		}
	}
	if page && r.Step == "" && !c.Ended && c.Primary != nil {
		c.Body = []string{f.cfg.Words(v.Lang, "menu.body_page", nil)}
	}
	if page && r.Said != nil && r.Said.Code == "help" && c.Band != nil {
		strong, text, _ := strings.Cut(f.words(v.Lang, "help_page", nil), "\n")
		c.Band = &dialog.Band{Strong: strong, Text: text}
	}
	if r.Said != nil && r.Said.Code == "escrows.list" {
		c.Others = f.listed(r.Said.Args, v)
	}
}

// listMost is how many escrows /status shows.
const listMost = 10

// extra is /status: the escrows are noted in the record, since a card is rendered
// from the record alone.
func (f *Flow) extra(name string, t *dialog.Turn) bool {
	if name != "status" {
		return false
	}
	args := map[string]string{}
	for _, r := range t.Others {
		e, ok := escrow(r)
		if !ok || len(args) == listMost {
			continue
		}
		args[strconv.Itoa(len(args))] = strings.Join([]string{e.ID, strconv.FormatInt(e.Quote.BuyerPays, 10), e.Quote.Currency, r.Step}, " ")
	}
	if len(args) == 0 {
		t.Say("escrows.none", nil)
		return true
	}
	args["n"] = strconv.Itoa(len(args))
	t.Say("escrows.list", args)
	return true
}

// listed are the buttons of what extra noted.
func (f *Flow) listed(args map[string]string, v dialog.View) (list []dialog.Button) {
	for i := range listMost {
		part := strings.Fields(args[strconv.Itoa(i)])
		if len(part) != 4 {
			break
		}
		minor, _ := strconv.ParseInt(part[1], 10, 64)
		label := f.cfg.Words(v.Lang, "escrows.line", map[string]string{
			"id":     part[0],
			"amount": lockbay.Money{Minor: minor, Currency: part[2]}.Format(v.Lang),
			"state":  f.cfg.Words(v.Lang, "escrows."+part[3], nil),
		})
		list = append(list, dialog.Button{Action: "status:" + part[0], Label: label, Free: true})
	}
	return list
}
