package deal

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// receiptLines is how many payouts to a party a card names one by one: the newest. It has one line for those before them.
const receiptLines = 5

// payout are the arguments of a text about money that was sent.
func (c *card) payout(p *lockbay.Payout) map[string]string {
	args := c.args()
	args["sum"], args["sent_on"], args["ref"] = c.money(p.Minor), c.date(time.UnixMilli(p.At)), cmp.Or(p.Ref, "-")
	return args
}

// paid adds a line for each payout to a party, with its date and reference, and returns what they came to.
func (c *card) paid(to lockbay.Role) (all int64) {
	payouts := slices.DeleteFunc(c.e.Payouts(), func(p lockbay.Payout) bool { return p.To != to })
	early := max(len(payouts)-receiptLines, 0)
	code := "deal.sent_to." + string(to)
	if c.sells {
		code = "deal.sent_to.you"
	}
	for _, p := range payouts[:early] {
		all += p.Minor
	}
	if early > 0 {
		args := c.args()
		args["n"], args["sum"] = strconv.Itoa(early), c.money(all)
		c.Body = append(c.Body, c.say(code+".earlier", args))
	}
	for _, p := range payouts[early:] {
		all += p.Minor
		c.Body = append(c.Body, c.say(code, c.payout(&p)))
	}
	return all
}

// chargedBack says to the buyer what their bank or provider gave back.
func (c *card) chargedBack() {
	if taken := c.e.ChargedBack(); taken > 0 && !c.sells {
		c.Body = append(c.Body, c.say("deal.charged_back", map[string]string{"taken": c.money(taken)}))
	}
}

// returned says what came for a deal without a full payment, and went back.
func (c *card) returned() {
	if !c.sells {
		c.paid(lockbay.Buyer)
		c.chargedBack()
	}
}

func (c *card) completed() { c.receipt("deal.completed", lockbay.Seller) }

func (c *card) refunded() { c.receipt("deal.refunded", lockbay.Buyer) }

// receipt shows an end with money: what went to whom, when, and under which references. The question says what the party got
// in whose favour the deal ended. The seller reads only their own payouts.
func (c *card) receipt(code string, first lockbay.Role) {
	c.Ended = true
	c.Progress = c.say("deal.receipt", nil)
	c.facts()
	got := map[lockbay.Role]int64{}
	if got[lockbay.Seller] = c.paid(lockbay.Seller); c.sells {
		code += ".seller"
	} else {
		c.pays("deal.paid")
		got[lockbay.Buyer] = c.paid(lockbay.Buyer)
	}
	c.chargedBack()
	args := c.args()
	switch args["sum"] = c.money(got[first]); {
	case c.sells && first == lockbay.Buyer:
		code += c.none()
	case got[first] == 0:
		code += ".none"
	}
	c.Question = c.say(code+".ask", args)
	c.because()
	c.keptFee()
	c.Body = append(c.Body, c.ask("deal.wrong"))
	if !c.sells {
		c.Alt = []dialog.Button{{Action: "again", Label: c.say("again", nil)}}
	}
	c.small(nil)
}

// none ends the code of a text about money that went back, where none did: the fee that was kept was all of it.
func (c *card) none() string {
	back := func(p lockbay.Payout) bool { return p.To == lockbay.Buyer }
	if c.e.Status == lockbay.Refunded && c.e.ChargedBack() == 0 && !slices.ContainsFunc(c.e.Payouts(), back) {
		return ".none"
	}
	return ""
}

// because says what divided the money: an offer that was accepted, or a decision, which may have contested it since.
func (c *card) because() {
	share, agreed := c.e.Agreed()
	switch reason := c.e.Decision(); {
	case reason != "":
		c.Body = append(c.Body, c.say("deal.settling.decided", map[string]string{"reason": reason}))
	case agreed:
		c.Body = append(c.Body, c.say("deal.settling.agreed", c.divided(share)))
	}
}
