package deal

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// desk shows a deal to the operators: what a person is needed for, and what they can do.
func (c *card) desk() {
	c.Refresh = true
	c.deskFacts()
	c.deskWords()
	c.deskNeed()
	_, rereads := c.rereads()
	switch s := stepOf(c.r.Open); {
	case rereads:
		c.Question, c.Hint = c.say("deal.earlier.ask", nil), ""
		c.Alt = []dialog.Button{{Action: "back", Label: c.say("deal.earlier.back", nil)}}
		return
	case s.name != "" && s.name != rereading:
		c.Quiet = nil
		c.deskAsks(s)
		return
	}
	c.deskButtons()
	if reason := c.e.Decision(); reason != "" {
		c.Body = append(c.Body, c.say("deal.settling.decided", map[string]string{"reason": dialog.Isolate(reason)}))
	}
	c.Body = append(c.Body, c.deskLast()...)
}

// deskFacts are the facts of the deal for the desk: both people, the status, and the money.
func (c *card) deskFacts() {
	c.facts()
	fact := func(code, value string) {
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say(code, nil), Value: dialog.Isolate(value)})
	}
	if !c.e.Forgotten() {
		fact("deal.buyer.label", cmp.Or(c.e.Sides.Buyer, c.e.Buyer))
	}
	fact("deal.desk.status", string(c.e.Status))
	fact("deal.desk.price", c.money(c.e.Quote.BuyerPays))
	b := c.e.Balances()
	for _, x := range []struct {
		code  string
		minor int64
	}{{"deal.sum.held", b.Owed(lockbay.AccountHeld)}, {"deal.desk.owed.buyer", b.Owed(lockbay.AccountBuyer)}, {"deal.desk.owed.seller", b.Owed(lockbay.AccountSeller)},
		{"deal.desk.out.buyer", c.e.Out(lockbay.Buyer)}, {"deal.desk.out.seller", c.e.Out(lockbay.Seller)}, {"deal.desk.taken", c.e.ChargedBack()}, {"deal.desk.loss", b[lockbay.AccountLoss]}} {
		if x.minor > 0 {
			fact(x.code, c.money(x.minor))
		}
	}
	for _, to := range payees {
		if where := c.e.WhereTo(to); where != "" && owed(&c.e, to) > 0 {
			c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.desk.where."+string(to), nil), Value: dialog.Isolate(where), Mono: true})
		}
	}
}

// deskWords are what both sides said and offer.
func (c *card) deskWords() {
	if c.e.Status != lockbay.Disputed && !c.e.SendFrom().After(c.v.Now) {
		return
	}
	c.words()
	for _, role := range payees {
		if o, stands := c.e.OfferOf(role); stands {
			c.Facts = append(c.Facts, dialog.Fact{Field: "offer", Label: c.who(role), Value: c.say("deal.desk.offer", c.divided(o.Share)), Note: c.day(o.At)})
		}
	}
}

// deskNeed says what a person is needed for.
func (c *card) deskNeed() {
	c.Progress = c.say("deal.desk.title", nil)
	args := c.args()
	args["missing"] = c.money(c.e.Missing())
	kind, code, _ := strings.Cut(needOf(&c.e, c.v.Now), " ")
	switch kind {
	case needHold:
		args["why"] = c.say("deal.desk.hold."+code, nil)
	case needDecide:
		args["who"] = args["seller"]
		if c.e.DisputedBy() == lockbay.Buyer {
			args["who"] = args["buyer_first"]
		}
		args["why"] = c.say("dispute."+c.e.DisputeReason(), nil)
	case needNothing:
		kind = "none"
		if c.e.Status == lockbay.Settling {
			kind = "wait"
		}
		args["from_at"] = c.day(c.e.SendFrom())
	}
	c.Question, c.Hint = c.say("deal.desk."+kind+".ask", args), c.say("deal.desk."+kind+".hint", args)
}

// deskLast says who of the desk did the last thing, so that the other operators know.
func (c *card) deskLast() []string {
	for i := len(c.e.Log) - 1; i >= 0; i-- {
		role, operator := c.e.Actor(i)
		move, _, _ := strings.Cut(c.e.Log[i].Move, ":")
		if move == string(lockbay.MoveNothing) {
			move += more(&c.e)
		}
		if role == lockbay.Desk && operator != "" && c.say("deal.desk.did."+move, nil) != "" {
			return []string{c.say("deal.desk.last", map[string]string{"operator": dialog.Isolate(operator), "did": c.say("deal.desk.did."+move, nil)})}
		}
	}
	return nil
}

// deskButtons are what the desk can do now.
func (c *card) deskButtons() {
	may := func(s step) bool { return c.f.deskMay(&c.e, s, c.v.Now) }
	button := func(action, code string, args map[string]string) dialog.Button {
		return dialog.Button{Action: action, Label: c.say(code, args)}
	}
	var all []dialog.Button
	if may(step{name: "resume"}) {
		all = append(all, button("resume", "deal.desk.resume", nil))
	}
	if c.e.Missing() > 0 && may(step{name: "came"}) {
		all = append(all, button("came", "deal.desk.came", map[string]string{"missing": c.money(c.e.Missing())}))
	}
	for _, to := range payees {
		args := map[string]string{"sum": c.money(owed(&c.e, to))}
		if may(step{name: "send", value: string(to), text: c.e.WhereTo(to)}) {
			all = append(all, button("send:"+string(to), "deal.desk.send."+string(to), args))
		}
		if c.e.Out(to) > 0 {
			all = append(all, button("sent:"+string(to), "deal.desk.sent."+string(to), args), button("failed:"+string(to), "deal.desk.failed", args))
		}
	}
	if c.e.Missing() > 0 || c.e.Reported() || c.e.OnHold() != "" || c.e.Status.Ended() {
		all = append(all, button("sum", "deal.desk.sum", nil))
	}
	if c.e.Reported() {
		all = append(all, button("nothing", "deal.desk.nothing"+more(&c.e), nil))
	}
	if may(step{name: "decide", value: "0", text: "?"}) {
		all = append(all, button("decide", "deal.desk.decide", nil))
	}
	c.Alt = all
	if may(step{name: "hold"}) && c.e.OnHold() == "" {
		c.Quiet = append(c.Quiet, dialog.Button{Action: "hold", Label: c.say("deal.desk.hold", nil)})
	}
}

// deskAsks asks once more before a step, with the sums.
func (c *card) deskAsks(s step) {
	args := c.args()
	args["missing"], args["sum"], args["text"] = c.money(c.e.Missing()), c.money(owed(&c.e, s.payee())), dialog.Isolate(s.text)
	code := "deal.desk." + s.name
	if to := s.payee(); to != "" {
		code += "." + string(to)
	}
	if s.typed() && s.by != "" && len(c.f.cfg.Operators) > 1 {
		c.Body = append(c.Body, c.say("deal.desk.by", map[string]string{"operator": s.by}))
	}
	yes, no := dialog.Button{Action: s.name + ":yes", Label: c.say("deal.desk.yes", nil)}, dialog.Button{Action: "back", Label: c.say("deal.not_yet", nil)}
	switch share, is := s.share(); {
	case s.name == "decide" && !is:
		c.Question, c.Hint = c.say("deal.desk.share.ask", args), c.say("deal.desk.share.hint", args)
		for _, n := range deskShares {
			c.Choices = append(c.Choices, dialog.Button{Action: "decide:" + strconv.Itoa(n), Label: c.say("deal.desk.share", map[string]string{"n": strconv.Itoa(n)})})
		}
		c.Choices = append(c.Choices, dialog.Button{Action: "decide:" + shareOther, Label: c.say("deal.desk.share.other", nil)})
		c.Alt = []dialog.Button{no}
		return
	case s.name == "decide":
		args["n"] = s.value
		seller, fee, buyer := c.e.Divide(share)
		sum := func(code string, minor int64) dialog.Sum {
			return dialog.Sum{Label: c.say(code, nil), Value: dialog.Isolate(c.money(minor))}
		}
		c.Sums = []dialog.Sum{sum("deal.desk.gets.seller", seller), sum("deal.sum.fee", fee), sum("deal.desk.gets.buyer", buyer)}
	case s.name == "sum":
		if came, ref, ok := cameOf(&c.e, s.text); ok {
			args["sum"], args["text"] = dialog.Isolate(came.Plain()), dialog.Isolate(ref)
		}
	case s.name == "send" && s.text == "":
		code += ".nowhere"
	case s.name == "nothing":
		code += more(&c.e)
	}
	c.Question, c.Hint = c.say(code+".ask", args), c.say(code+".hint", args)
	c.Primary, c.Alt = &yes, []dialog.Button{no}
}
