package deal

import (
	"strconv"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// dated are the facts of what happened, each with its time. They begin with the payment.
func (c *card) dated() {
	paid, accepted, delivered := c.e.Paid(), c.e.When(lockbay.MoveAccept), c.e.When(lockbay.MoveDelivered)
	if paid.IsZero() || c.e.IsBefore() {
		return
	}
	when := c.day
	if c.e.Status.Ended() || c.e.Status == lockbay.PaymentConfirmed && !c.sells { // a receipt
		when = c.date
	}
	fact := func(field, code string, at time.Time, note string) {
		c.Facts = append(c.Facts, dialog.Fact{Field: field, Label: c.say(code, nil), Value: when(at), Note: note})
	}
	note := dialog.Isolate(c.money(c.e.Quote.BuyerPays))
	if c.sells {
		note = ""
	}
	fact("paid", "deal.dated.paid", paid, note)
	if c.e.Accepted() {
		fact("accepted", "deal.dated.accepted", accepted, "")
	}
	if !delivered.IsZero() {
		fact("delivered", "deal.dated.delivered", delivered, "")
	}
	if move, at := c.e.Settled(); !at.Before(paid) { // else the time to pay ran out, and the payment came after it
		code := "deal.dated." + string(move)
		switch {
		case move != lockbay.MoveOver:
		case delivered.IsZero() == c.sells:
			code += ".you"
		case c.sells:
			code += ".buyer"
		default:
			code += ".seller"
		}
		fact("settled", code, at, "")
	}
}

// surplus is the fact of a buyer who has paid too much.
func (c *card) surplus() {
	over := c.e.Surplus()
	if c.sells || over == 0 {
		return
	}
	fact := dialog.Fact{Field: "surplus", Label: c.say("deal.surplus", nil), Value: dialog.Isolate(c.money(over))}
	if !c.e.Status.Ended() && c.e.Status != lockbay.Settling {
		fact.Note = c.say("deal.surplus.note", nil)
	}
	c.Facts = append(c.Facts, fact)
}

// left is the time that is left of a status, counted at the moment of rendering. Over three hours it is in hours, and from
// two days on in days and hours.
func (c *card) left(code string, from, end time.Time) {
	left := end.Sub(c.v.Now)
	b := &dialog.Bar{Max: max(int(end.Sub(from)/time.Minute), 1), Label: c.say(code, nil), At: c.v.Now}
	args := func(n int) map[string]string {
		return map[string]string{"n": strconv.Itoa(n), "at": c.clock(c.v.Now), "at_day": c.day(c.v.Now), "hours": ""}
	}
	switch hours := int(left / time.Hour); {
	case left <= 0:
		b.Text = c.say(code+".over", nil)
	case left <= 120*time.Minute:
		b.Text = c.say("deal.left", args(ceil(left, time.Minute)))
	case hours < 48:
		b.Text = c.say("deal.left.hours", args(hours))
	default:
		days := args(hours / 24)
		if hours %= 24; hours > 0 {
			days["hours"] = c.say("deal.left.and_hours", args(hours))
		}
		b.Text = c.say("deal.left.days", days)
	}
	b.Value = min(max(ceil(left, time.Minute), 0), b.Max)
	c.Bar = b
}

func ceil(d, unit time.Duration) int { return int((d + unit - 1) / unit) }

// leftToDeliver is the bar of an accepted deal.
func (c *card) leftToDeliver() {
	c.left("deal.bar.deliver", c.e.DeliversFrom(), c.e.Deadline())
}

// leftToCheck is the bar of a deal that was delivered.
func (c *card) leftToCheck() {
	c.left("deal.bar.check", c.e.When(lockbay.MoveDelivered), c.e.Deadline())
}

// due is what this side is owed, or is on its way to it, and what the other side is.
func (c *card) due() (mine, theirs int64) {
	b := c.e.Balances()
	mine, theirs = b.Owed(lockbay.AccountBuyer)+c.e.Out(lockbay.Buyer), b.Owed(lockbay.AccountSeller)+c.e.Out(lockbay.Seller)
	if c.sells {
		return theirs, mine
	}
	return mine, theirs
}

// settled is the line of a deal in which money is sent: to whom, and whether this side has to say where.
func (c *card) settled() (state string, needs bool) {
	mine, _ := c.due()
	switch me := side(c.r); {
	case mine > 0 && c.e.Out(me) == 0 && c.e.WhereTo(me) == "":
		return "list.settling.where", true
	case mine > 0:
		return "list.settling.mine", false
	case c.sells:
		return "list.selling.settling", false
	}
	return "list.settling", false
}

// pays are the sums of the buyer: price, own part of the fee, and both.
func (c *card) pays(total string) {
	q := &c.e.Quote
	if q.BuyerFee > 0 {
		c.Sums = []dialog.Sum{c.sum("deal.price", c.money(q.Amount)), c.sum("deal.your_fee", c.money(q.BuyerFee))}
	}
	all := c.sum(total, c.money(q.BuyerPays))
	all.Total = true
	c.Sums = append(c.Sums, all)
}

// gets are the sums of the seller: price, own part of the fee, and what is left.
func (c *card) gets(total string) {
	q := &c.e.Quote
	if q.SellerFee > 0 {
		c.Sums = []dialog.Sum{c.sum("deal.price", c.money(q.Amount)), c.sum("deal.your_fee", "− "+c.money(q.SellerFee))}
	}
	all := c.sum(total, c.money(q.SellerGets))
	all.Total = true
	c.Sums = append(c.Sums, all)
}

func (c *card) sum(code, value string) dialog.Sum {
	return dialog.Sum{Label: c.say(code, nil), Value: dialog.Isolate(value)}
}
