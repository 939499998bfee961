package deal

import (
	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// reported says that a person looks for the payment that the buyer has reported.
func (c *card) reported() {
	if c.e.Reported() && !c.sells {
		c.Band = &dialog.Band{Strong: c.say("deal.paid.looking", nil), Text: c.say("deal.paid.looking.body", nil)}
	}
}

// help says where the money is, and whom to write to. A buyer who may have paid, and still reads that nothing came, says so
// here.
func (c *card) help() {
	args := c.args()
	c.Progress, c.Refresh = c.say("deal.help.title", nil), !c.e.Status.Ended()
	c.facts()
	c.reported()
	code := c.helps()
	args["missing"] = c.money(c.e.Missing())
	c.Question, c.Hint = c.say(code+".ask", args), c.say(code+".hint", args)
	person := "deal.help.person"
	if c.mayHavePaid() && !c.sells && c.f.hasDesk() {
		person = "deal.help.else"
		c.Alt = []dialog.Button{{Action: "paid", Label: c.say("deal.paid.said", nil)}}
	}
	c.Body = []string{c.ask(person)}
	if hours := c.f.cfg.Hours; hours != "" {
		c.Body = append(c.Body, c.say("operator.hours", map[string]string{"hours": hours}))
	}
	if c.f.cfg.Write {
		c.Alt = append(c.Alt, dialog.Button{Action: "support", Label: c.say("deal.help.write", nil), Free: true})
	}
	c.Alt = append(c.Alt, dialog.Button{Action: "back", Label: c.say("deal.help.back", nil)})
}

// helps is the code of the texts for who needs help.
func (c *card) helps() string {
	mine, theirs := c.due()
	held := c.e.Balances().Owed(lockbay.AccountHeld)
	switch {
	case !c.sells && c.mayHavePaid() && mine > 0:
		return "deal.help.part"
	case !c.sells && c.mayHavePaid() && c.e.Status == lockbay.PaymentLapsed && c.e.CameSome():
		return "deal.help.more"
	case !c.sells && c.mayHavePaid():
		return "deal.help.paid"
	case c.e.Out(side(c.r)) > 0:
		return "deal.help.out"
	case mine > 0, held > 0 && !c.sells:
		return "deal.help.mine"
	case held+theirs > 0:
		return "deal.help.kept"
	}
	return "deal.help.none"
}

// mayHavePaid reports whether the buyer was asked to pay, and may have: the books do not know it.
func (c *card) mayHavePaid() bool {
	return c.e.MayReport() && !c.e.AwaitsSeller()
}
