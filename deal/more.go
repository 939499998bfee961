package deal

import (
	"strconv"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// moreTime asks how much more time there is to be: the buyer gives it, the seller asks for it.
func (c *card) moreTime() {
	c.Progress = c.say("deal.more.title", nil)
	c.facts()
	c.Question, c.Hint = c.say("deal.more.ask."+string(side(c.r)), nil), c.say("deal.more.hint."+string(side(c.r)), c.args())
	for _, n := range lockbay.MoreHours {
		hours := strconv.Itoa(n)
		c.Choices = append(c.Choices, dialog.Button{Action: "more:" + hours, Label: c.say("span.hours", map[string]string{"n": hours})})
	}
	c.Quiet = []dialog.Button{{Action: "back", Label: c.say("deal.not_yet", nil)}}
}

// mayGrant are the buyer's buttons for more time: an answer to the seller who asks for it, else a button that gives it.
func (c *card) mayGrant(action, code string) {
	asked := c.e.AskedMore()
	if asked == 0 {
		c.Alt = append(c.Alt, dialog.Button{Action: action, Label: c.say(code, nil)})
		return
	}
	args := c.args()
	args["n"] = strconv.Itoa(asked)
	c.Body = append(c.Body, c.say("deal.grant.ask", args))
	c.Alt = append(c.Alt, dialog.Button{Action: "grant:yes", Label: c.say("deal.grant", args)}, dialog.Button{Action: "grant:no", Label: c.say("deal.grant.no", nil)})
}

// mayAskMore is the seller's button for more time, or what they asked for.
func (c *card) mayAskMore() {
	if asked := c.e.AskedMore(); asked > 0 {
		c.Body = append(c.Body, c.say("deal.asked", map[string]string{"n": strconv.Itoa(asked)}))
	}
	if c.e.MayAskMore() {
		c.Alt = append(c.Alt, dialog.Button{Action: "more", Label: c.say("deal.more.seller", nil)})
	}
}
