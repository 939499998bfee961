package deal

import (
	"strconv"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// invite adds the seller's link to the buyer's card, until somebody has joined by it.
func (c *card) invite() {
	if c.sells || c.e.Sides.Joined != "" || c.e.Status.Ended() || len(c.f.cfg.SeatKey) == 0 || c.e.Sides.Link == 0 {
		return
	}
	link := c.f.link(&c.e)
	switch args := c.args(); {
	case link == "" && c.f.chats: // the bot's name will come
		return
	case link == "":
		c.Body = append(c.Body, c.unlinked())
		return
	case c.v.Visited:
		args["link"] = link
		c.Body = append(c.Body, c.say("deal.link", args))
		c.Copies = append(c.Copies, dialog.Copy{Label: c.say("deal.link.copy", nil), Value: link})
	default:
		c.Alt = append(c.Alt, dialog.Button{URL: share(link), Label: c.say("deal.send", args)})
		if c.e.Terms.Seller.Kind == lockbay.KindEmail { // who is written to by e-mail, so the link is to be copied
			args["link"] = link
			c.Body = append(c.Body, c.say("deal.link", args))
		}
	}
	c.Quiet = append(c.Quiet, dialog.Button{Action: "link", Label: c.say("deal.link.new", nil)})
}

// unlinked says what the buyer does where no link leads the seller here.
func (c *card) unlinked() string {
	if c.f.cfg.Support == "" && c.e.Terms.Seller.Kind != lockbay.KindEmail && c.f.cfg.Page() != "" {
		return c.say("deal.unlinked.email", c.args())
	}
	return c.ask("deal.unlinked")
}

// other is the fact of the other side.
func (c *card) other(fact dialog.Fact) dialog.Fact {
	sides := &c.e.Sides
	if c.sells {
		fact.Field, fact.Label, fact.Value = "buyer", c.say("deal.buyer.label", nil), c.args()["buyer_first"]
		if sides.Buyer != "" {
			fact.Value = dialog.Isolate(sides.Buyer)
		}
		return fact
	}
	fact.Value = dialog.Isolate(c.e.Terms.Seller.String())
	switch {
	case c.e.Status == lockbay.PaymentPending && c.e.Accepted():
		fact.Note = c.say("deal.seller.accepted", nil)
	case sides.Joined != "" && sides.Seller != "":
		fact.Note = c.say("deal.seller.joined_as", map[string]string{"seller": sides.Seller})
	case sides.Joined != "":
		fact.Note = c.say("deal.seller.joined", nil)
	case c.f.link(&c.e) == "":
	case c.e.Terms.Seller.Kind == lockbay.KindEmail:
		fact.Note = c.say("deal.seller.by_link", nil)
	default:
		fact.Note = c.say("deal.seller.away", nil)
	}
	return fact
}

// seller draws the status for the seller. It is nil for a status that this version does not know.
func (c *card) seller() func() {
	switch {
	case c.e.IsLate(c.v.Now):
		return c.sellerLate
	case c.e.Status == lockbay.PaymentPending && c.e.Accepted():
		return c.sellerWaits
	case c.e.AwaitsSeller():
		return c.sellerFirst
	}
	return map[lockbay.Status]func(){
		lockbay.PaymentPending: c.sellerPending, lockbay.PaymentConfirmed: c.sellerConfirmed, lockbay.Active: c.sellerActive,
		lockbay.Delivered: c.sellerDelivered, lockbay.Disputed: c.sellerDisputed, lockbay.Settling: c.settling,
		lockbay.Completed: c.completed, lockbay.Refunded: c.refunded, lockbay.PaymentLapsed: c.sellerLapsed, lockbay.Cancelled: c.sellerCancelled,
	}[c.e.Status]
}

// sellerHead begins the seller's card.
func (c *card) sellerHead(code string) {
	args := c.args()
	c.Progress, c.Refresh = c.say(code+".title", args), true
	c.facts()
	c.Question, c.Hint = c.say(code+".ask", args), c.say(code+".hint", args)
}

// sellerFoot ends it: what happens next, whom to write to, and the small buttons.
func (c *card) sellerFoot(next []string, own []dialog.Button, costly ...dialog.Button) {
	args := c.args()
	args["n"] = strconv.Itoa(c.e.Terms.DeliveryHours)
	if len(next) > 0 {
		c.Ahead = c.say("next", nil)
	}
	for _, code := range next {
		c.Next = append(c.Next, dialog.Next{Who: c.say("next."+code, args), When: c.say("next."+code+".then", args)})
	}
	c.Body = append(c.Body, c.whom())
	c.small(own, costly...)
}

// accept are the buttons of a deal that the seller has not accepted.
func (c *card) accept() {
	accept := dialog.Button{Action: accepting(&c.e), Label: c.say("deal.accept", nil)}
	c.Primary, c.After = &accept, c.say("deal.accept.after", nil)
	c.Alt = []dialog.Button{{Action: "decline", Label: c.say("deal.decline", nil)}}
}

func (c *card) sellerPending() {
	c.sellerHead("deal.payment_pending.seller")
	if c.e.CameSome() {
		c.Hint = c.say("deal.payment_pending.seller.part.hint", nil)
	}
	c.cameInPart()
	c.mine()
	c.gets("deal.you_get")
	c.accept()
	c.sellerFoot([]string{"pays", "you_deliver", "you_are_paid"}, nil)
}

// sellerWaits shows an accepted deal that is not paid.
func (c *card) sellerWaits() {
	c.sellerHead("deal.payment_pending.seller.accepted")
	if c.e.CameSome() {
		c.Progress = c.say("deal.payment_pending.seller.accepted.part.title", nil)
	}
	c.cameInPart()
	c.gets("deal.you_get")
	c.sellerFoot([]string{"you_deliver", "you_are_paid"}, nil, dialog.Button{Action: "decline", Label: c.say("deal.decline", nil)})
}

func (c *card) sellerConfirmed() {
	c.sellerHead("deal.payment_confirmed.seller")
	c.gets("deal.you_get")
	c.accept()
	c.sellerFoot([]string{"you_deliver", "you_are_paid"}, nil)
}

// cameInPart says what came and what is missing of a deal that is paid in part.
func (c *card) cameInPart() {
	missing := c.e.Missing()
	if came := c.e.Quote.BuyerPays - missing; came > 0 {
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.came", nil), Value: dialog.Isolate(c.money(came))},
			dialog.Fact{Label: c.say("deal.missing.seller", nil), Value: dialog.Isolate(c.money(missing))})
	}
}

// givesBack is the last button of a seller who has accepted.
func (c *card) givesBack() dialog.Button {
	return dialog.Button{Action: "giveback", Label: c.say("deal.giveback", nil)}
}

func (c *card) sellerActive() {
	c.sellerHead("deal.active.seller")
	c.leftToDeliver()
	done := dialog.Button{Action: "delivered", Label: c.say("deal.done", nil)}
	c.Primary, c.After = &done, c.say("deal.done.after", c.args())
	c.mayAskMore()
	c.sellerFoot([]string{"checks", "paid"}, c.wrongs(), c.givesBack())
}

func (c *card) sellerLate() {
	c.sellerHead("deal.late.seller")
	done := dialog.Button{Action: "delivered", Label: c.say("deal.done", nil)}
	c.Primary, c.After = &done, c.say("deal.done.after", c.args())
	c.mayAskMore()
	c.sellerFoot(nil, c.wrongs(), c.givesBack())
}

func (c *card) sellerDelivered() {
	c.sellerHead("deal.delivered.seller")
	c.leftToCheck()
	c.sellerFoot([]string{"paid"}, c.wrongs(), c.givesBack())
}

func (c *card) sellerDisputed() {
	c.sellerHead("deal.disputed.seller")
	c.argued(c.args())
	c.sellerFoot([]string{"wrong.decided"}, c.withdraws(), c.givesBack())
	c.Next[0].When = c.say("next.wrong.sent", c.args())
}

func (c *card) sellerLapsed() { c.sellerEnded("deal." + c.lapse() + ".seller") }

func (c *card) sellerCancelled() {
	code := "deal.cancelled.seller"
	switch c.e.Ender() {
	case lockbay.Seller:
		code = "deal.declined.seller"
	case lockbay.Desk:
		code = "deal.cancelled.desk"
	}
	c.sellerEnded(code)
}

func (c *card) sellerEnded(code string) {
	c.sellerHead(code)
	c.Ended, c.Refresh, c.Progress = true, false, ""
	c.sellerFoot(nil, nil)
}

// finalOfSeller asks once more before what ends the deal.
func (c *card) finalOfSeller() {
	args, code := c.args(), "deal.decline"
	switch {
	case returning.isOf(c.r):
		code = "deal.giveback"
	case c.e.Status != lockbay.PaymentPending:
		code = "deal.decline.paid"
	case c.e.Balances().Owed(lockbay.AccountBuyer) > 0:
		code = "deal.decline.part"
	}
	c.Progress = c.say("deal.final", nil)
	c.facts()
	c.Question, c.Hint = c.say(code+".ask", args), c.say(code+".hint", args)
	yes := dialog.Button{Action: c.r.Open + ":yes", Label: c.say(code+".yes", args)}
	keep := dialog.Button{Action: "back", Label: c.say("deal.not_yet", nil)}
	c.Primary, c.Alt = &keep, []dialog.Button{yes}
}

// lineOfSeller is the deal in the seller's list of deals.
func (c *card) lineOfSeller(what *dialog.Said) {
	state := "list.selling." + string(c.e.Status) + c.none()
	needs := c.e.Status == lockbay.PaymentConfirmed || c.e.Status == lockbay.Active
	switch {
	case c.e.OnHold() != "":
		state, needs = "list.hold", false
	case c.e.IsLate(c.v.Now):
		state = "list.selling.late"
	case c.e.Status == lockbay.Settling:
		state, needs = c.settled()
	case c.e.Status == lockbay.Disputed:
		state, needs = c.disputedLine()
	case c.e.Status == lockbay.PaymentPending && c.e.Accepted():
		state = "list.selling.waits" + more(&c.e)
	case c.e.Status == lockbay.PaymentPending:
		needs = true
	case c.e.Status == lockbay.PaymentLapsed:
		state = "list.selling." + c.lapse()
	}
	what.Code = "list.what.selling"
	args := c.args()
	c.Line = &dialog.Line{
		Who: dialog.Isolate(args["buyer_first"]), Sum: dialog.Isolate(c.money(c.sellerGets())),
		State: c.say(state, args), What: c.f.cfg.Words.Tell(c.v, what), Needs: needs,
	}
}

// sellerGets is what the seller gets by the terms, or of the settlement, which may have divided it.
func (c *card) sellerGets() int64 {
	if c.e.Status != lockbay.Settling && c.e.Status != lockbay.Completed {
		return c.e.Quote.SellerGets
	}
	gets := c.e.Balances().Owed(lockbay.AccountSeller) + c.e.Out(lockbay.Seller)
	for _, p := range c.e.Payouts() {
		if p.To == lockbay.Seller {
			gets += p.Minor
		}
	}
	return gets
}
