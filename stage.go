package lockbay

import (
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

// lifecycle holds the coming stages by status. Ended deals have none.
var lifecycle = map[Status][]Stage{
	draftStatus:      {{Who: "next.pay"}, {"next.deliver", "next.deliver.hours", nil}, {"next.release", "next.release.then", nil}},
	PaymentPending:   {{"next.deliver", "next.deliver.hours", nil}, {"next.release", "next.release.then", nil}},
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
	table := lifecycle[status]
	if len(table) == 0 {
		return nil
	}
	ahead := make([]Stage, len(table))
	args := map[string]string{"seller": t.Seller.String(), "gets": r.Sum(q, q.SellerGets, lang), "n": strconv.Itoa(t.DeliveryHours),
		"support": support}
	for i, s := range table {
		s.Args = args
		switch s.Who {
		case "next.pay":
			s.When, s.Args = windowText(r.Window(q.Currency))
		case "next.check":
			s.When = Asked(s.When, support)
		}
		ahead[i] = s
	}
	return ahead
}

// windowText gives the time to pay in hours if that is a whole number, else in minutes up to three hours, and rounded down
// to hours beyond them.
func windowText(window time.Duration) (code string, args map[string]string) {
	if window > 90*time.Minute && window%time.Hour == 0 || window >= 3*time.Hour {
		return "next.pay.hours", map[string]string{"n": strconv.Itoa(int(window / time.Hour))}
	}
	return "next.pay.minutes", map[string]string{"n": strconv.Itoa(max(int(window.Round(time.Minute)/time.Minute), 1))}
}
