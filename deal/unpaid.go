package deal

import (
	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// lapse is the code of why the deal lapsed: what its texts say of money is what the books say.
func (c *card) lapse() string {
	why := c.e.Lapsed()
	if why == lockbay.LapseUnpaid {
		return string(lockbay.PaymentLapsed)
	}
	return "lapsed_" + string(why)
}

// more ends the code of a text for a deal for which something came, so that no text speaks as if nothing had.
func more(e *lockbay.Escrow) string {
	if e.CameSome() {
		return ".more"
	}
	return ""
}

// lapsed shows a deal that was not paid in time. The payment may be on its way, so the card says first that it is safe.
func (c *card) lapsed() {
	again := "again"
	if c.e.Lapsed() == lockbay.LapseUnpaid {
		again = "deal.again" // I have not paid, begin again
	}
	c.ended("deal."+c.lapse(), again)
	c.returned()
	switch {
	case c.e.Reported():
		c.Alt = nil // one payment is enough
		c.reported()
	case c.f.hasDesk() && c.e.MayReport():
		c.Alt = append([]dialog.Button{{Action: "paid", Label: c.say("deal.paid.said", nil)}}, c.Alt...)
		c.Body = append(c.Body, c.say("deal.paid.not_again"+more(&c.e), nil))
	default:
		c.Body = append(c.Body, c.ask("deal.sent"+more(&c.e)))
	}
}

func (c *card) cancelled() {
	code := "deal.cancelled"
	switch x := c.e.Ender(); {
	case x == lockbay.Seller:
		code = "deal.declined"
	case c.e.Sides.Joined != "":
		code = "deal.cancelled.joined"
	}
	c.reported()
	c.ended(code, "again")
	if c.returned(); c.e.CameSome() { // the books know whether they paid
		c.Body = append(c.Body, c.ask("deal.wrong"))
		return
	}
	c.Body = append(c.Body, c.ask("deal.sent_back"))
}

// ended shows a deal without a payment, whose terms can be a new draft. No button is the filled one: a payment may be on
// its way, and the filled button of a card is what most people press.
func (c *card) ended(code, again string) {
	args := c.args()
	c.Ended = true
	c.facts()
	sum := dialog.Fact{Label: c.say("deal.amount", nil), Value: dialog.Isolate(c.money(c.e.Quote.BuyerPays))}
	if c.e.Status == lockbay.Cancelled { // nothing is to pay
		sum = dialog.Fact{Label: c.say("deal.price", nil), Value: dialog.Isolate(c.money(c.e.Quote.Amount))}
	}
	c.Facts = append(c.Facts, sum)
	c.Question = c.say(code+".ask", args)
	c.Body = []string{c.say(code+".body", args)}
	c.Alt = []dialog.Button{{Action: "again", Label: c.say(again, nil)}}
	c.small(nil)
}
