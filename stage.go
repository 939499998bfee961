package lockbay

import (
	"maps"
	"strconv"
	"time"
)

// Stage is a coming step of a deal: who does what, and by when. Both are codes of the catalogue. A card promises only what
// happens: a step without a button here is done by a person, and its text says whom to write to.
type Stage struct {
	Who, When string
	Args      map[string]string // of both texts: seller, gets, support, and n of the plural
}

// Asked is the code of a text that says whom to write to: its form for a service with a support contact, or for one
// without.
func Asked(code, support string) string {
	if support == "" {
		return code + ".nobody"
	}
	return code
}

// draftStatus stands for unconfirmed terms.
const draftStatus Status = ""

// PaidBefore stands for a deal that was paid before there were books.
const PaidBefore Status = "paid_before"

// AcceptedFirst stands for a deal that the seller accepted before it was paid.
const AcceptedFirst Status = "accepted_first"

// draftFirst stands for unconfirmed terms that the seller accepts before the buyer pays, and AcceptsFirst for a deal of them
// that waits for its seller.
const (
	draftFirst   Status = "draft_first"
	AcceptsFirst Status = "accepts_first"
)

// lifecycle holds the coming stages by status. Ended deals have none.
var lifecycle = map[Status][]Stage{
	draftStatus:      {{Who: "next.pay"}, {"next.deliver", "next.deliver.hours", nil}, {"next.release", "next.release.then", nil}},
	PaymentPending:   {{"next.deliver", "next.deliver.hours", nil}, {"next.release", "next.release.then", nil}},
	draftFirst:       {{Who: "next.accept_first"}, {Who: "next.pay_then"}, {"next.delivers", "next.deliver.before", nil}, {"next.release", "next.release.then", nil}},
	AcceptsFirst:     {{"next.pay", "next.pay.told", nil}, {"next.delivers", "next.deliver.before", nil}, {"next.release", "next.release.then", nil}},
	AcceptedFirst:    {{"next.delivers", "next.deliver.before", nil}, {"next.release", "next.release.then", nil}},
	PaidBefore:       {{"next.delivers", "next.deliver.before", nil}, {"next.check", "next.check.then", nil}},
	PaymentConfirmed: {{"next.accepts", "next.accepts.then", nil}, {"next.delivers", "next.deliver.accepted", nil}, {"next.release", "next.release.then", nil}},
	Active:           {{"next.release", "next.release.then", nil}, {"next.late", "next.late.then", nil}},
	Delivered:        {{"next.wrong", "next.wrong.then", nil}},
	Disputed:         {{"next.wrong.decided", "next.wrong.sent", nil}},
}

// Ahead returns the coming stages of a deal of this status; the empty status is a draft at its review. Amounts are
// written for lang (BCP 47). Support is how to reach the operator, or empty.
func (r *Rules) Ahead(status Status, t Terms, q Quote, support, lang string) []Stage {
	if status == draftStatus && r.AcceptFirst {
		status = draftFirst
	}
	table := lifecycle[status]
	if len(table) == 0 {
		return nil
	}
	ahead := make([]Stage, len(table))
	args := map[string]string{"seller": t.Seller.String(), "gets": r.Sum(q, q.SellerGets, lang), "n": strconv.Itoa(t.DeliveryHours),
		"support": support}
	for i, s := range table {
		s.Args = args
		switch {
		case s.Who == "next.check":
			s.When = Asked(s.When, support)
		case s.When != "":
		case s.Who == "next.accept_first":
			s.When, s.Args = windowText(s.Who, r.Times.AcceptWithin(), args)
		default:
			s.When, s.Args = windowText(s.Who, r.Window(q.Currency), args)
		}
		ahead[i] = s
	}
	return ahead
}

// windowText says a time in hours if that is a whole number, else in minutes up to three hours, and rounded down to hours
// beyond them. The code is that of the text for hours or for minutes, and the arguments have n.
func windowText(who string, window time.Duration, args map[string]string) (code string, with map[string]string) {
	with = maps.Clone(args)
	if window > 90*time.Minute && window%time.Hour == 0 || window >= 3*time.Hour {
		with["n"] = strconv.Itoa(int(window / time.Hour))
		return who + ".hours", with
	}
	with["n"] = strconv.Itoa(max(int(window.Round(time.Minute)/time.Minute), 1))
	return who + ".minutes", with
}
