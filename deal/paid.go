package deal

import (
	"slices"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// head begins the card of a paid deal: its title, what it is about, and the question.
func (c *card) head(code string, args map[string]string) {
	c.Progress = c.say(code+".title", args)
	c.facts()
	c.Question, c.Hint = c.say(code+".ask", args), c.say(code+".hint", args)
	if revived.isOf(c.r) {
		c.band(&dialog.Said{Code: "deal.revived"})
	}
}

// foot ends it: whom to write to, what comes next, and the small buttons.
func (c *card) foot(own []dialog.Button, costly ...dialog.Button) {
	c.Body = append(c.Body, c.whom())
	c.invite()
	c.small(own, costly...)
	c.ahead()
}

// whom is whom to write to. Without a desk nobody hears of a dispute, so the two read that they call who decides.
func (c *card) whom() string {
	if c.e.Status == lockbay.Disputed && !c.f.hasDesk() {
		return c.ask("deal.judge")
	}
	return c.ask("deal.wrong")
}

// wrongs is the button that says that something is wrong.
func (c *card) wrongs() []dialog.Button {
	return []dialog.Button{{Action: "dispute", Label: c.say("deal.dispute", nil)}}
}

// before shows a deal that was paid before there were books: a person does what follows.
func (c *card) before() {
	c.head("deal.before", c.args())
	c.e.Status = lockbay.PaidBefore // of its stages
	c.foot(nil)
}

func (c *card) confirmed() {
	args := c.args()
	c.head("deal.payment_confirmed", args)
	c.Refresh = true
	c.pays("deal.sum.paid")
	switch {
	case c.e.Sides.Joined != "":
	case c.f.link(&c.e) != "":
		c.Body = []string{c.say("deal.accepts.link", args)}
	default:
		c.Body = []string{c.ask("deal.accepts")}
	}
	c.foot(nil, dialog.Button{Action: "cancel", Label: c.say(c.cancels(), args)})
}

// cancels is the code of the texts by which the buyer cancels a paid deal.
func (c *card) cancels() string {
	if c.e.KeepsFee(c.v.Now) {
		return "deal.cancel.keep"
	}
	return "deal.cancel.paid"
}

// keptFee says that the fee stayed ours.
func (c *card) keptFee() {
	if c.e.KeptFee() > 0 && !c.sells {
		c.Body = append(c.Body, c.say("deal.kept_fee", c.args()))
	}
}

func (c *card) active() {
	args := c.args()
	c.head("deal.active", args)
	c.Refresh = true
	c.leftToDeliver()
	have := dialog.Button{Action: "release", Label: c.say("deal.have", args)}
	c.Primary, c.After = &have, c.say("deal.have.after", nil)
	c.mayGrant("more", "deal.more")
	c.foot(c.wrongs())
}

func (c *card) late() {
	args := c.args()
	c.head("deal.late", args)
	back := dialog.Button{Action: "takeback", Label: c.say("deal.takeback", args)}
	c.Primary, c.After = &back, c.say("deal.takeback.after", nil)
	c.mayGrant("more:24", "deal.wait")
	c.Alt = append(c.Alt, dialog.Button{Action: "release", Label: c.say("deal.have", args)})
	c.foot(c.wrongs())
	c.Next = c.Next[:1] // it has not come, and the card says what follows
}

func (c *card) delivered() {
	args := c.args()
	c.head("deal.delivered", args)
	c.Refresh = true
	c.leftToCheck()
	release := dialog.Button{Action: "release", Label: c.say("deal.release", args)}
	c.Primary, c.After = &release, c.say("deal.release.after", nil)
	c.Alt = c.wrongs()
	var more []dialog.Button
	if c.e.MayExtend() {
		more = append(more, dialog.Button{Action: "extend", Label: c.say("deal.extend", nil)})
	}
	c.foot(more)
}

func (c *card) disputed() {
	args := c.args()
	c.head("deal.disputed", args)
	c.argued(args)
	c.Quiet = append(c.Quiet, c.withdraws()...)
	c.Refresh = true
	c.foot(nil, dialog.Button{Action: "release", Label: c.say("deal.release.all", nil)})
}

// withdraws is the button of who opened the dispute.
func (c *card) withdraws() []dialog.Button {
	if c.e.DisputedBy() != side(c.r) {
		return nil
	}
	return []dialog.Button{{Action: "withdraw", Label: c.say("deal.withdraw", nil)}}
}

// reasons are those that a side may have.
var reasons = map[lockbay.Role][]string{
	lockbay.Buyer:  {"not_come", "not_as_described", "damaged", "seller_silent", "other"},
	lockbay.Seller: {"buyer_silent", "other"},
}

// wrong asks what is wrong.
func (c *card) wrong() {
	c.Progress = c.say("deal.dispute.title", nil)
	c.facts()
	c.Question, c.Hint = c.say("deal.dispute.ask", nil), c.say("deal.dispute.hint", nil)
	for _, reason := range lockbay.Reasons {
		if slices.Contains(reasons[side(c.r)], reason) {
			c.Choices = append(c.Choices, dialog.Button{Action: "dispute:" + reason, Label: c.say("dispute."+reason, nil)})
		}
	}
	c.Quiet = []dialog.Button{{Action: "back", Label: c.say("deal.not_yet", nil)}}
}

// final asks once more before what cannot be undone.
func (c *card) final() {
	args := c.args()
	code := map[string]string{string(asking): "deal.cancel", string(releasing): "deal.release", string(takingBack): "deal.takeback"}[c.r.Open]
	switch {
	case !asking.isOf(c.r):
	case c.e.Status != lockbay.PaymentPending:
		code = c.cancels()
	case c.e.Missing() < c.e.Quote.BuyerPays:
		code = "deal.cancel.part"
	}
	c.Progress = c.say("deal.final", nil)
	c.facts()
	c.Question, c.Hint = c.say(code+".ask", args), c.say(code+".hint", args)
	yes, no := dialog.Button{Action: c.r.Open + ":yes", Label: c.say(code+".yes", args)}, dialog.Button{Action: "back", Label: c.say("deal.not_yet", nil)}
	if asking.isOf(c.r) {
		no.Label = c.say("deal.keep", nil)
		c.Primary, c.Alt = &no, []dialog.Button{yes}
		return
	}
	if releasing.isOf(c.r) {
		q := &c.e.Quote
		c.Sums = []dialog.Sum{c.sum("deal.sum.held", c.money(q.BuyerPays)), c.sum("deal.sum.fee", c.money(q.Fee)), c.sum("deal.sum.gets", c.money(q.SellerGets))}
	}
	if c.e.Status == lockbay.Delivered {
		c.Body = []string{c.say("deal.release.else", args)}
	}
	c.Primary, c.Alt = &yes, []dialog.Button{no}
}

// held shows a deal that is on hold: a person looks.
func (c *card) held() {
	args := c.args()
	c.Progress, c.Refresh = c.say("deal.hold.title", nil), true
	c.facts()
	code := "deal.hold." + c.e.OnHold()
	if taken := c.e.ChargedBack(); c.e.OnHold() == lockbay.HoldChargeback && taken > 0 && taken < c.e.Came() {
		code, args["taken"] = code+".part", c.money(taken)
	}
	if c.sells && (c.e.OnHold() == lockbay.HoldUnreachable || c.e.OnHold() == lockbay.HoldChargeback) {
		code += ".seller"
	}
	c.Question, c.Hint = c.say("deal.hold.ask", nil), c.say(code, args)
	if came, is := c.e.Foreign(); is {
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.came", nil), Value: dialog.Isolate(c.f.cfg.Rules().Written(map[string]string{"was": came.Plain()}, c.v.Lang)["was"]), Note: c.day(c.e.HeldSince())})
	}
	c.Body = []string{c.ask("deal.hold.write")}
	if by := []string{lockbay.HoldPayout, lockbay.HoldUnreachable, lockbay.HoldLimit}; !c.f.hasDesk() && slices.Contains(by, c.e.OnHold()) { // by itself, and nobody hears of it
		c.Question, c.Body = c.say("deal.hold.called", nil), []string{c.ask("deal.hold.call")}
	}
	c.small(nil)
	c.Ahead = c.say("next", nil)
	if c.e.Status == lockbay.Settling && c.e.Decision() != "" { // the person has answered
		c.because()
		if mine, _ := c.due(); mine > 0 {
			c.Body = append(c.Body, c.say("deal.hold.yours", args))
		} else {
			c.Body = append(c.Body, c.say("deal.hold.theirs", args))
		}
	} else {
		c.Next = []dialog.Next{{Who: c.say("deal.hold.next", nil), When: c.say("deal.hold.next.then", nil)}}
	}
	end := c.e.Deadline()
	if end.Before(c.e.HeldSince()) {
		end = c.e.End()
	}
	if left := end.Sub(c.e.HeldSince()); left > 0 {
		c.Next = append(c.Next, dialog.Next{Who: c.say("deal.hold.goes_on", nil), When: c.say("deal.hold.goes_on.then", map[string]string{"left": c.f.cfg.Words.Span(c.v, left)})})
	}
}

// settling says who gets what, and what is still missing for it.
func (c *card) settling() {
	args := c.args()
	mine, theirs := c.due()
	code := "deal.settling.mine"
	switch {
	case mine > 0:
	case c.sells:
		code = "deal.settling.theirs.seller"
	default:
		code = "deal.settling.theirs"
	}
	c.head(code, args)
	c.Refresh = true
	if mine > 0 { // and asks where to send it
		c.mine()
	}
	if why := c.e.Unneeded(); why != "" && !c.sells {
		c.Body = append(c.Body, c.say("deal.settling.unneeded."+why, nil))
	}
	c.because()
	c.keptFee()
	c.paid(side(c.r))
	c.chargedBack()
	switch {
	case mine > 0 && c.e.Out(side(c.r)) > 0:
		c.Body = append(c.Body, c.say("deal.settling.out", args))
	case mine > 0:
		c.where(args)
	}
	switch {
	case mine == 0 || theirs == 0:
	case c.sells:
		c.Body = append(c.Body, c.say("deal.settling.both.seller", args))
	default:
		c.Body = append(c.Body, c.say("deal.settling.both", args))
	}
	if from := c.e.SendFrom(); from.After(c.v.Now) {
		code := "deal.settling.from"
		if c.e.DecisionStands() {
			code += ".stands"
		}
		c.Body = append(c.Body, c.say(code, map[string]string{"from_at": c.day(from)}))
		c.words()
		c.sayMore()
	}
	c.Body = append(c.Body, c.ask("deal.wrong"))
	c.small(nil)
}
