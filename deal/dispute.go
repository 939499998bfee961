package deal

import (
	"slices"
	"strconv"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// The buttons of a dispute. An offer has its number in the button that accepts it, since the next one raises no revision.
const (
	saying    = "say"     // asks for a statement
	offering  = "offer"   // asks how much goes back; offer:30 offers it, offer:other asks for another share
	agreeing  = "agree"   // agree:2 asks once more, agree:yes accepts
	rereading = "earlier" // earlier:N shows the statements up to the Nth one
)

// argues reports whether a button is one of a dispute.
func argues(name string) bool {
	return name == saying || name == offering || name == agreeing || name == rereading
}

// argue executes a button of a dispute.
func (f *Flow) argue(t *dialog.Turn, e *lockbay.Escrow) {
	in, r := t.Input, t.Record
	a, s := lockbay.Act{Role: side(r), Move: lockbay.Move(in.Name)}, step{name: in.Name, value: in.Value}
	switch back, is := s.share(); {
	case in.Name == rereading:
		f.reread(t, e)
	case in.Name == offering && in.Value == "" && e.MayOffer(a.Role):
		f.opens(t, s)
	case in.Name == offering && is:
		a.Share = lockbay.ShareAll - back
		f.does(t, e, a)
	case in.Name == agreeing && in.Value == "yes" && offerOf(stepOf(r.Open)) > 0:
		a.Offer = offerOf(stepOf(r.Open))
		f.does(t, e, a)
	case in.Name == agreeing && offerOf(s) > 0 && f.may(e, lockbay.Act{Role: a.Role, Move: a.Move, Offer: offerOf(s)}, t.Now):
		f.opens(t, s)
	default:
		t.Stale()
	}
}

// reread opens earlier statements.
func (f *Flow) reread(t *dialog.Turn, e *lockbay.Escrow) {
	if n, err := strconv.Atoi(t.Input.Value); err != nil || n < 1 || n > len(e.Statements()) {
		t.Stale()
		return
	}
	f.opens(t, step{name: rereading, value: t.Input.Value})
}

// opens opens the state of a button.
func (f *Flow) opens(t *dialog.Turn, s step) {
	t.Record.Open, t.Record.Said = s.String(), nil
	t.Applied()
}

// offerOf is the number of the offer that a button or a state is about; 0: of none.
func offerOf(s step) int {
	if n, err := strconv.Atoi(s.value); err == nil && s.name == agreeing {
		return n
	}
	return 0
}

// askWords is what the question for a statement or for another share says of the deal.
func (f *Flow) askWords(of *dialog.Record, e *lockbay.Escrow, in *dialog.Input) (about map[string]string, refused *dialog.Said) {
	me := side(of)
	if in.Name == offering && !e.MayOffer(me) || in.Name == saying && !e.MaySay(me, e.LastMove()) {
		return nil, &dialog.Said{Code: "deal." + in.Name + ".late"}
	}
	return map[string]string{"id": e.ID, "n": strconv.Itoa(e.StatementsLeft(me))}, nil
}

// says takes a statement.
func (f *Flow) says(t *dialog.Turn, e *lockbay.Escrow) {
	in := t.Input
	text, long := lockbay.CleanStatement(in.Text)
	code := ""
	switch {
	case !dialog.Visible(text):
		code = "deal.say.empty"
	case long || in.Over > 0:
		code = "deal.say.long"
	}
	if code != "" {
		t.Refuse(code, map[string]string{"id": e.ID}, in.Text)
		return
	}
	f.takes(t, e, lockbay.Act{Role: side(t.Record), Move: lockbay.MoveSay, Text: text}, "deal.say.taken")
}

// offers takes another share than those on buttons.
func (f *Flow) offers(t *dialog.Turn, e *lockbay.Escrow) {
	back, ok := lockbay.ParsePercent(t.Input.Text)
	if !ok {
		t.Refuse("deal.offer.percent", nil, t.Input.Text)
		return
	}
	f.takes(t, e, lockbay.Act{Role: side(t.Record), Move: lockbay.MoveOffer, Share: lockbay.ShareAll - back}, "deal.offer.taken")
}

// takes makes the move of a text. One that the deal does not take any more says so by itself.
func (f *Flow) takes(t *dialog.Turn, e *lockbay.Escrow, a lockbay.Act, taken string) {
	if _, err := f.act(t, e, a); err == nil {
		t.Toast(taken, map[string]string{"id": e.ID})
	}
}

// unanswered: a side has let its time to answer run out. Nothing is settled by it: the desk is called.
func (f *Flow) unanswered(t *dialog.Turn, e *lockbay.Escrow) {
	who, until := e.AnswerBy()
	if who == "" || until.After(t.Now) || e.OnHold() != "" {
		return
	}
	for role, at := range seats {
		code := "told." + string(role) + ".unanswered"
		if role == who {
			code = "told.unanswered"
		}
		t.SayTo(at, dialog.Said{Code: code}, true)
	}
	if f.hasDesk() {
		t.Share(deskSeat, f.cfg.Desk)
		t.SayTo(deskSeat, dialog.Said{Code: "told.desk.unanswered"}, true)
	}
}

// wordsMost are the characters of statements on a message: a message has room for 4,096, and the rest of the deal needs
// about half of them.
const wordsMost = 2000

// rereads reports whether earlier statements are read. News end that: whoever hears that the other side wrote reads it.
func (c *card) rereads() (upTo int, is bool) {
	s := stepOf(c.r.Open)
	n, err := strconv.Atoi(s.value)
	return n, err == nil && s.name == rereading && c.r.Said == nil
}

// words are why the dispute was opened, and the statements of both, the oldest first. A chat shows the last ones that fit,
// and leads to the others.
func (c *card) words() {
	list := c.e.Statements()
	from, upTo, room := 0, len(list), wordsMost
	if n, is := c.rereads(); is {
		upTo = min(n, len(list))
	}
	for i := upTo - 1; i >= 0 && !c.v.Visited; i-- {
		if room -= len([]rune(list[i].Text)); room < 0 && i < upTo-1 {
			from = i + 1
			break
		}
	}
	if from == 0 && c.e.DisputedBy() != "" {
		c.Facts = append(c.Facts, dialog.Fact{Field: "dispute", Label: c.who(c.e.DisputedBy()), Value: c.say("dispute."+c.e.DisputeReason(), nil), Note: c.day(c.e.When(lockbay.MoveDispute))})
	}
	for _, s := range list[from:upTo] {
		c.Facts = append(c.Facts, dialog.Fact{Field: "said", Label: c.who(s.By), Value: dialog.Isolate(s.Text), Note: c.day(s.At)})
	}
	if from > 0 {
		c.Quiet = append(c.Quiet, dialog.Button{Action: rereading + ":" + strconv.Itoa(from), Label: c.say("deal.earlier", map[string]string{"n": strconv.Itoa(from)})})
	}
}

// who names a party as the reader knows it.
func (c *card) who(by lockbay.Role) string {
	switch {
	case c.r.Role() != deskSeat && by == side(c.r):
		return c.say("deal.you", nil)
	case by == lockbay.Buyer:
		return c.say("deal.buyer.label", nil)
	}
	return c.say(lockbay.FieldSeller+".label", nil)
}

// reread shows earlier statements.
func (c *card) reread() {
	c.Progress = c.say("deal.disputed.title", nil)
	c.Question = c.say("deal.earlier.ask", nil)
	c.words()
	c.Alt = []dialog.Button{{Action: "back", Label: c.say("deal.earlier.back", nil)}}
}

// argued is the part of a disputed deal's card that both sides have: what was said, the offers, and until when the other
// answers.
func (c *card) argued(args map[string]string) {
	c.words()
	me := side(c.r)
	if mine, stands := c.e.OfferOf(me); stands {
		c.Body = append(c.Body, c.say("deal.offer.mine."+string(me), c.divided(mine.Share)))
	}
	theirs, stands := c.e.OfferOf(me.Other())
	if stands {
		of := c.divided(theirs.Share)
		of["at"] = c.day(theirs.At)
		c.Question, c.Hint = c.say("deal.offer.made."+string(me), of), c.say("deal.offer.made.hint", of)
		c.Sums = c.sumsOf(theirs.Share)
		c.Primary = &dialog.Button{Action: agreeing + ":" + strconv.Itoa(theirs.Number), Label: c.say("deal.agree."+string(me), of)}
	}
	switch who, until := c.e.AnswerBy(); {
	case !until.After(c.v.Now):
		c.Body = append(c.Body, c.say("deal.answer.over", args))
	case who == me && stands:
		c.After = c.say("deal.answer.offer", map[string]string{"answer_at": c.day(until)})
	case who == me:
		c.Body = append(c.Body, c.say("deal.answer.you", map[string]string{"answer_at": c.day(until)}))
	default:
		c.Body = append(c.Body, c.say("deal.answer.they", map[string]string{"answer_at": c.day(until)}))
	}
	offer := dialog.Button{Action: offering, Label: c.say("deal.offer", nil)}
	if stands {
		offer.Label = c.say("deal.offer.another", nil)
	}
	c.sayMore()
	if c.e.MayOffer(me) {
		c.Alt = append(c.Alt, offer)
	}
	if stands { // it is answered first
		slices.Reverse(c.Alt)
	}
}

// disputedLine is the line of a disputed deal, and whether this side has to answer.
func (c *card) disputedLine() (state string, needs bool) {
	if who, until := c.e.AnswerBy(); who == side(c.r) && until.After(c.v.Now) {
		return "list.disputed.answer", true
	}
	return "list.disputed", false
}

// sayMore is the button for a statement.
func (c *card) sayMore() {
	if c.e.MaySay(side(c.r), c.v.Now) {
		code := "deal.say"
		if c.e.StatementsLeft(side(c.r)) < lockbay.StatementsMost {
			code = "deal.say.more"
		}
		c.Alt = append(c.Alt, dialog.Button{Action: saying, Label: c.say(code, nil)})
	}
}

// divided are the arguments of a text about a division.
func (c *card) divided(share int) map[string]string {
	args := c.args()
	seller, _, buyer := c.e.Quote.Split(share)
	args["n"], args["back"], args["rest"] = lockbay.Percent(lockbay.ShareAll-share), c.money(buyer), c.money(seller)
	return args
}

// sumsOf are the sums of a division: the reader's own first.
func (c *card) sumsOf(share int) []dialog.Sum {
	seller, fee, buyer := c.e.Quote.Split(share)
	toBuyer, toSeller := c.sum("deal.desk.gets.buyer", c.money(buyer)), c.sum("deal.desk.gets.seller", c.money(seller))
	sums := []dialog.Sum{toBuyer, toSeller}
	if c.sells {
		sums = []dialog.Sum{toSeller, toBuyer}
	}
	if c.r.Role() != deskSeat {
		sums[0].Label, sums[0].Total = c.say("deal.offer.yours."+string(side(c.r)), nil), true
	}
	all := c.sum("deal.offer.all", c.money(c.e.Quote.BuyerPays))
	all.Part = true
	return append(sums, c.sum("deal.sum.fee", c.money(fee)), all)
}

// backShares are the shares that stand on buttons, in percent.
var backShares = []int{10, 25, 50, 75}

// offer asks how much goes back.
func (c *card) offer() {
	c.Progress = c.say("deal.disputed.title", nil)
	c.facts()
	c.Question, c.Hint = c.say("deal.offer.ask."+string(side(c.r)), nil), c.say("deal.offer.hint", nil)
	for _, n := range backShares {
		of := c.divided(lockbay.ShareAll - n*lockbay.ShareAll/100)
		c.Choices = append(c.Choices, dialog.Button{Action: offering + ":" + strconv.Itoa(n), Label: c.say("deal.offer.share", of)})
	}
	c.Choices = append(c.Choices, dialog.Button{Action: offering + ":" + shareOther, Label: c.say("deal.desk.share.other", nil)})
	c.Quiet = []dialog.Button{{Action: "back", Label: c.say("deal.not_yet", nil)}}
}

// agree asks once more before an offer is accepted.
func (c *card) agree() {
	o, _ := c.e.OfferOf(side(c.r).Other())
	of := c.divided(o.Share)
	me := string(side(c.r))
	c.Progress = c.say("deal.final", nil)
	c.facts()
	c.Question, c.Hint = c.say("deal.agree.ask."+me, of), c.say("deal.agree.hint", of)
	c.Sums = c.sumsOf(o.Share)
	c.Primary = &dialog.Button{Action: agreeing + ":yes", Label: c.say("deal.agree.yes."+me, of)}
	c.Alt = []dialog.Button{{Action: "back", Label: c.say("deal.not_yet", nil)}}
}

// arguing draws the state of a side in a dispute; nil: there is none. An offer that does not stand any more is not asked about.
func (c *card) arguing() func() {
	if c.r.Role() == deskSeat {
		return nil
	}
	_, rereads := c.rereads()
	switch s := stepOf(c.r.Open); {
	case rereads:
		return c.reread
	case c.e.Status != lockbay.Disputed:
	case s.name == offering:
		return c.offer
	case s.name == agreeing:
		if o, stands := c.e.OfferOf(side(c.r).Other()); stands && o.Number == offerOf(s) {
			return c.agree
		}
	}
	return nil
}
