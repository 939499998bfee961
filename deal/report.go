package deal

import "github.com/lockbay/lockbay/dialog"

// reported says that a person looks for the payment that the buyer has reported.
func (c *card) reported() {
	if c.e.Reported() {
		c.Band = &dialog.Band{Strong: c.say("deal.paid.looking", nil), Text: c.say("deal.paid.looking.body", nil)}
	}
}

// help shows what a buyer can do who has paid and still reads that nothing came.
func (c *card) help() {
	args := c.args()
	c.Progress = c.say("deal.help.title", nil)
	c.facts()
	c.Question, c.Hint = c.say("deal.help.ask", args), c.say("deal.help.hint", args)
	c.Body = []string{c.ask("deal.help.else")}
	c.Alt = []dialog.Button{{Action: "paid", Label: c.say("deal.paid.said", nil)}, {Action: "back", Label: c.say("deal.help.back", nil)}}
}
