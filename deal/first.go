package deal

import "github.com/lockbay/lockbay/dialog"

// awaits shows the buyer a deal that the seller accepts first: nothing is to be paid yet, and nothing says how.
func (c *card) awaits() {
	args := c.args()
	c.head("deal.awaits", args)
	c.Refresh = true
	c.left("deal.bar.accept", c.e.CreatedAt(), c.e.ExpiresAt())
	c.reported()
	if came := c.e.Quote.BuyerPays - c.e.Missing(); came > 0 {
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.came", nil), Value: dialog.Isolate(c.money(came))})
	}
	c.pays("deal.awaits.pays")
	switch {
	case c.e.Sides.Joined != "":
	case c.e.Sides.Link == 0 || len(c.f.cfg.SeatKey) == 0: // nobody has a link
		c.Body = append(c.Body, c.unlinked())
	}
	c.invite() // which is what the buyer can do now
	c.Body = append(c.Body, c.ask("deal.wrong"))
	c.small(nil, dialog.Button{Action: "cancel", Label: c.say("deal.cancel", nil)})
	c.ahead()
}

// sellerFirst shows the seller a deal that is paid after they accept.
func (c *card) sellerFirst() {
	c.sellerHead("deal.awaits.seller")
	c.left("deal.bar.accept", c.e.CreatedAt(), c.e.ExpiresAt())
	c.mine()
	c.gets("deal.you_get")
	c.accept()
	c.sellerFoot([]string{"pays_first", "you_deliver", "you_are_paid"}, nil)
}
