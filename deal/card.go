package deal

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// card renders a deal for one side.
type card struct {
	dialog.Card
	sells bool // for the seller
	f     *Flow
	e     lockbay.Escrow
	r     *dialog.Record
	v     dialog.View
}

// Render implements dialog.Flow.
func (f *Flow) Render(r *dialog.Record, v dialog.View) dialog.Card {
	v.Lang = cmp.Or(f.cfg.Words(v.Lang, "language", nil), texts.Default) // of the sentences, and so of the numbers in them
	c := card{Card: dialog.Card{Step: r.Step, Lang: v.Lang}, sells: r.Role() == seat, f: f, r: r, v: v}
	var err error
	if c.e, err = Escrow(r); err != nil {
		return c.unread()
	}
	c.line()
	draw := c.drawing()
	if r.Role() == deskSeat {
		draw = c.desk
	}
	if draw == nil {
		return c.unread()
	}
	draw()
	if r.Said != nil {
		c.band(r.Said)
	}
	if !c.Ended {
		c.Saved = v.Now
		c.SavedAs = c.say("as_of", map[string]string{"at": c.clock(v.Now)})
	}
	return c.Card
}

// drawing draws the status. It is nil for a status that this version does not know.
func (c *card) drawing() func() {
	arguing := c.arguing()
	switch {
	case helping.isOf(c.r):
		return c.help
	case c.e.OnHold() != "":
		return c.held
	case arguing != nil:
		return arguing
	case asking.isOf(c.r), releasing.isOf(c.r), takingBack.isOf(c.r):
		return c.final
	case declining.isOf(c.r), returning.isOf(c.r):
		return c.finalOfSeller
	case disputing.isOf(c.r):
		return c.wrong
	case lengthened.isOf(c.r) && c.e.Status == lockbay.Active:
		return c.moreTime
	case c.sells:
		return c.seller()
	case c.e.IsBefore():
		return c.before
	case c.e.AwaitsSeller():
		return c.awaits
	case c.e.IsLate(c.v.Now):
		return c.late
	}
	return map[lockbay.Status]func(){
		lockbay.PaymentPending: c.pending, lockbay.PaymentConfirmed: c.confirmed, lockbay.Active: c.active, lockbay.Delivered: c.delivered,
		lockbay.Disputed: c.disputed, lockbay.Settling: c.settling, lockbay.Completed: c.completed, lockbay.Refunded: c.refunded,
		lockbay.PaymentLapsed: c.lapsed, lockbay.Cancelled: c.cancelled,
	}[c.e.Status]
}

func (c *card) say(code string, args map[string]string) string {
	return c.f.cfg.Words.Say(c.v, code, args)
}

// args are the arguments of a deal's texts.
func (c *card) args() map[string]string {
	expires := c.clock(c.e.ExpiresAt())
	if c.e.Status == lockbay.PaymentLapsed { // read on later days, too
		expires = c.day(c.e.ExpiresAt())
	}
	buyer := cmp.Or(c.e.Sides.Buyer, c.say("deal.buyer.mid", nil))
	mine, theirs := c.due()
	return map[string]string{
		"mine":         c.money(mine),
		"theirs":       c.money(theirs),
		"id":           c.e.ID,
		"currency":     c.e.Quote.Currency,
		"seller":       c.e.Terms.Seller.String(),
		"buyer":        buyer,
		"buyer_first":  cmp.Or(c.e.Sides.Buyer, c.say("deal.buyer.first", nil)),
		"price":        c.money(c.e.Quote.Amount),
		"pays":         c.money(c.e.Quote.BuyerPays),
		"expires_at":   expires,
		"confirmed_at": c.clock(c.e.CreatedAt()),
		"fee":          c.money(c.e.Quote.Fee),
		"back":         c.money(c.e.Quote.BuyerPays - c.e.Quote.Fee),
		"gets":         c.money(c.e.Quote.SellerGets),
		"until_at":     c.day(c.e.Deadline()),
		"end_at":       c.day(c.e.End()),
		"check":        c.hours(c.e.Times.InspectedFor()),
		"decided":      c.hours(c.e.Times.DecisionWaits()),
	}
}

func (c *card) clock(at time.Time) string { return dialog.Isolate(c.f.cfg.Words.Clock(c.v, at)) }

func (c *card) day(at time.Time) string { return dialog.Isolate(c.f.cfg.Words.ClockDay(c.v, at)) }

// date is a day on what people keep, with its year.
func (c *card) date(at time.Time) string { return dialog.Isolate(c.f.cfg.Words.ClockYear(c.v, at)) }

// hours writes a time of the deal: in hours, as deliveries are.
func (c *card) hours(d time.Duration) string {
	if d%time.Hour != 0 {
		return c.f.cfg.Words.Span(c.v, d)
	}
	return c.say("span.hours", map[string]string{"n": strconv.Itoa(int(d / time.Hour))})
}

func (c *card) money(minor int64) string { return c.f.cfg.Rules().Sum(c.e.Quote, minor, c.v.Lang) }

// band is a notice. A notice of the other side, or of the time, says no name of its own: the card has them.
func (c *card) band(s *dialog.Said) {
	if strings.HasPrefix(s.Code, "told.") {
		told := *s
		told.Args = c.args()
		maps.Copy(told.Args, s.Args)
		if why := s.Args["why"]; why != "" {
			told.Args["why"] = c.say("dispute."+why, nil)
		}
		s = &told
	}
	strong, text, _ := strings.Cut(c.Tell(c.f.cfg.Words, c.v, s), "\n")
	if strong+text != "" {
		c.Band = &dialog.Band{Strong: strong, Text: text}
	}
}

// line is the deal in a list of deals.
func (c *card) line() {
	what := dialog.Said{Code: "list.what", Args: map[string]string{"description": strings.Join(strings.Fields(c.e.Terms.Description), " ")},
		Times: map[string]dialog.Moment{"confirmed": dialog.At(c.e.CreatedAt())}}
	if c.sells {
		c.lineOfSeller(&what)
		return
	}
	state := "list." + string(c.e.Status) + c.none()
	needs := c.e.Status == lockbay.PaymentPending || c.e.Status == lockbay.Delivered
	switch {
	case c.e.OnHold() != "":
		state, needs = "list.hold", false
	case c.e.IsBefore():
		state = "list." + string(lockbay.PaidBefore)
	case c.e.AwaitsSeller():
		state, needs = "list.awaits", c.e.Sides.Joined == ""
	case c.e.Status == lockbay.PaymentLapsed:
		state = "list." + c.lapse()
	case c.e.IsLate(c.v.Now):
		state, needs = "list.late", true
	case c.e.Status == lockbay.Settling:
		state, needs = c.settled()
	case c.e.Status == lockbay.Disputed:
		state, needs = c.disputedLine()
	}
	c.Line = &dialog.Line{
		Who: dialog.Isolate(c.e.Terms.Seller.String()), Sum: dialog.Isolate(c.money(c.e.Quote.BuyerPays)),
		State: c.say(state, c.args()), What: c.f.cfg.Words.Tell(c.v, &what),
		Needs: needs,
	}
}

// unread shows a deal that this version cannot read.
func (c *card) unread() dialog.Card {
	c.Ended, c.Newer, c.Line = true, true, nil
	strong, text, _ := strings.Cut(c.say("newer", nil), "\n")
	c.Question, c.Body = strings.TrimSuffix(strong, "."), []string{text}
	return c.Card
}

// facts lists the terms. The sums show the other terms.
func (c *card) facts() {
	c.Known = c.say("deal.known", c.args())
	c.Facts = []dialog.Fact{{Field: "escrow", Label: c.say("deal.id", nil), Value: dialog.Isolate(c.e.ID), Mono: true}}
	for _, field := range lockbay.Fields {
		switch fact := (dialog.Fact{Field: field.Name, Label: c.say(field.Name+".label", nil)}); {
		case field.InSums || !field.Given(&c.e.Terms):
		case field.Name == lockbay.FieldSeller:
			c.Facts = append(c.Facts, c.other(fact))
		default:
			fact.Value = c.value(field)
			if field.Name == lockbay.FieldDelivery && c.e.IsLate(c.v.Now) {
				fact.Note = c.say("deal.due", c.args())
			}
			c.Facts = append(c.Facts, fact)
		}
	}
	if gets := c.sellerGets(); c.sells && gets > 0 && c.e.Status != lockbay.PaymentPending && c.e.Status != lockbay.PaymentConfirmed && !c.e.Status.Ended() { // else the sums say it
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.you_get", nil), Value: dialog.Isolate(c.money(gets))})
	}
	c.surplus()
	if hash := c.e.TermsHash(); hash != "" {
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.terms", nil), Value: dialog.Isolate(hash[:5] + "-" + hash[5:]), Mono: true, Note: c.sameTerms()})
	}
	c.dated()
	if receipt := c.e.Receipt(); receipt != "" {
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.receipt", nil), Value: dialog.Isolate(receipt), Mono: true})
	}
}

// sameTerms says of the hash of accepted terms that both read it.
func (c *card) sameTerms() string {
	if !c.e.Accepted() {
		return ""
	}
	return c.say("deal.terms.same", nil)
}

// value writes a term for the card: an option by the text of its button, a number by NAME.deal.
func (c *card) value(field *lockbay.Field) string {
	terms := &c.e.Terms
	switch {
	case field.Options != nil:
		return c.say(field.Name+":"+field.Words(terms), nil)
	case field.Number != "":
		n := map[string]string{"n": strconv.FormatInt(field.Count(terms), 10)}
		if text := c.say(field.Name+".deal.seller", n); c.sells && text != "" {
			return text
		}
		return c.say(field.Name+".deal", n)
	}
	return dialog.Isolate(field.Shown(terms))
}

// ahead lists the coming stages.
func (c *card) ahead() {
	c.Ahead = c.say("next", nil)
	status := c.e.Status
	switch {
	case c.e.AwaitsSeller():
		status = lockbay.AcceptsFirst
	case status == lockbay.PaymentPending && c.e.Accepted():
		status = lockbay.AcceptedFirst
	}
	for _, s := range c.f.cfg.Rules().Ahead(status, c.e.Terms, c.e.Quote, c.f.cfg.Support, c.v.Lang) {
		s.Args = maps.Clone(s.Args)
		s.Args["late"], s.Args["decided"] = c.hours(c.e.Times.LateFor()), c.hours(c.e.Times.DecisionWaits())
		who := c.say(s.Who, s.Args)
		if here := c.say(s.Who+".joined", s.Args); c.e.Sides.Joined != "" && here != "" { // nobody tells who is here
			who = here
		}
		c.Next = append(c.Next, dialog.Next{Who: who, When: c.say(s.When, s.Args)})
	}
}

// small are the last buttons of a card: first its own, then the one for another escrow, which belongs to the person's own
// conversation, and at the end those that cost somebody the deal. First of all stands the one for help, unless the card has
// a button that says that something is wrong.
func (c *card) small(own []dialog.Button, costly ...dialog.Button) {
	if !c.maySayWrong() {
		own = append([]dialog.Button{{Action: "help", Label: c.say("deal.help", nil)}}, own...)
	}
	c.Quiet = append(append(c.Quiet, own...), dialog.Button{Action: "create", Label: c.say("create", nil), Free: true})
	c.Quiet = append(c.Quiet, costly...)
}

// maySayWrong reports whether the card has a button that says that something is wrong, or that it is not any more.
func (c *card) maySayWrong() bool {
	return c.e.OnHold() == "" && slices.Contains([]lockbay.Status{lockbay.Active, lockbay.Delivered, lockbay.Disputed}, c.e.Status)
}

func (c *card) pending() {
	args := c.args()
	c.Progress = c.say("deal.payment_pending.title", args)
	c.facts()
	c.mine()
	c.Refresh = true
	c.Question = c.say("deal.payment_pending.ask", args)
	label, missing := c.say("deal.amount", nil), c.e.Missing()
	if came := c.e.Quote.BuyerPays - missing; came > 0 {
		args["missing"] = c.money(missing)
		c.Progress, c.Question, c.Hint = c.say("deal.part.title", nil), c.say("deal.part.ask", args), c.say("deal.part.hint", nil)
		c.Facts = append(c.Facts, dialog.Fact{Label: label, Value: dialog.Isolate(c.money(c.e.Quote.BuyerPays))},
			dialog.Fact{Label: c.say("deal.came", nil), Value: dialog.Isolate(c.money(came))})
		label = c.say("deal.missing", nil)
	}
	c.left("deal.bar", c.e.CreatedAt(), c.e.ExpiresAt())
	c.reported()
	c.Sums = []dialog.Sum{
		{Label: label, Value: dialog.Isolate(c.money(missing)), Copy: c.number(missing)},
		{Label: c.say("deal.reference", nil), Value: dialog.Isolate(c.e.ID), Mono: true, Copy: c.e.ID},
	}
	c.Body = c.instructions()
	c.invite()
	c.After = c.say("deal.payment_pending.after", nil)
	if c.v.Visited {
		c.After = c.say("deal.payment_pending.after_page", nil)
	}
	c.small(nil, dialog.Button{Action: "cancel", Label: c.say("deal.cancel", nil)})
	c.ahead()
}

// instructions are the operator's instructions on how to pay. Without them people read whom to ask: nobody is told of a new
// deal by itself, so nobody will write to them.
func (c *card) instructions() []string {
	text := c.f.cfg.Instructions(c.e.Quote.Currency)
	if strings.TrimSpace(text) == "" {
		return []string{c.ask("deal.instructions")}
	}
	text = strings.NewReplacer(
		"{id}", dialog.Isolate(c.e.ID),
		"{amount}", dialog.Isolate(c.money(c.e.Missing())),
		"{expires}", c.clock(c.e.ExpiresAt()),
	).Replace(c.addresses(text))
	body := make([]string, 0, 4)
	for p := range strings.SplitSeq(text, "\n") {
		if p = strings.TrimSpace(p); p != "" {
			body = append(body, p)
		}
	}
	return append(body, c.support("deal.support")...)
}

// address matches a link with a placeholder: a web address, also without its scheme (paypal.me/shop/{amount}), or a payment
// link (bitcoin:bc1q…?amount={amount}, upi://pay?am={amount}).
var address = regexp.MustCompile(`(?i)\b(?:[a-z][a-z0-9+.-]*:(?://|[^\s<>"{}]+\?)|(?:[a-z0-9-]+\.)+[a-z]{2,}/)[^\s<>"]*\{[^\s<>"]*`)

// addresses fills in the placeholders of links, which isolation marks and grouped digits would break. The amount
// is a plain number there, the time RFC 3339 in UTC.
func (c *card) addresses(text string) string {
	fill := strings.NewReplacer(
		"{id}", c.e.ID,
		"{amount}", c.number(c.e.Missing()),
		"{expires}", c.e.ExpiresAt().UTC().Format("2006-01-02T15:04:05Z"),
	)
	return address.ReplaceAllStringFunc(text, fill.Replace)
}

// number is an amount as the field of a bank takes it: without currency, and without grouped digits.
func (c *card) number(minor int64) string {
	number, _, _ := strings.Cut(c.e.Quote.Money(minor).Plain(), " ")
	return number
}

// support is a sentence with the support contact, if there is one.
func (c *card) support(code string) []string {
	if c.f.cfg.Support == "" {
		return nil
	}
	text := c.ask(code)
	if c.f.cfg.Hours != "" {
		text += " " + c.say("operator.hours", map[string]string{"hours": c.f.cfg.Hours})
	}
	return []string{text}
}

// ask is a sentence that says whom to write to.
func (c *card) ask(code string) string {
	args := c.args()
	args["support"] = c.f.cfg.Support
	return c.say(lockbay.Asked(code, c.f.cfg.Support), args)
}
