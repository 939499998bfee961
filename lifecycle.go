package lockbay

import (
	"strconv"
	"time"
)

// Stage is a coming step of a deal: who does what, and by when. Both are codes of the catalogue.
type Stage struct {
	Who, When string
	Args      map[string]string // of both texts: seller, gets, and n of the plural
}

// draftStatus stands for unconfirmed terms.
const draftStatus Status = ""

// lifecycle holds the coming stages by status. Ended deals have none.
var lifecycle = map[Status][]Stage{
	draftStatus:      {{Who: "next.pay"}, {"next.deliver", "next.deliver.hours", nil}, {"next.release", "next.release.review", nil}},
	PaymentPending:   {{"next.deliver", "next.deliver.hours", nil}, {"next.release", "next.release.paid", nil}},
	PaymentConfirmed: {{"next.deliver", "next.deliver.hours", nil}, {"next.release", "next.release.paid", nil}},
}

// Ahead returns the coming stages of a deal of this status; the empty status is a draft at its review. Amounts are
// written for lang (BCP 47).
func Ahead(status Status, t Terms, q Quote, window time.Duration, lang string) []Stage {
	table := lifecycle[status]
	if len(table) == 0 {
		return nil
	}
	ahead := make([]Stage, len(table))
	args := map[string]string{"seller": t.Seller.String(), "gets": q.Money(q.SellerGets).Format(lang), "n": strconv.Itoa(t.DeliveryHours)}
	for i, s := range table {
		s.Args = args
		if s.Who == "next.pay" {
			s.When, s.Args = windowText(window)
		}
		ahead[i] = s
	}
	return ahead
}

// windowText gives the time to pay in minutes, or in hours if that is a whole number.
func windowText(window time.Duration) (code string, args map[string]string) {
	if window > 90*time.Minute && window%time.Hour == 0 {
		return "next.pay.hours", map[string]string{"n": strconv.Itoa(int(window / time.Hour))}
	}
	return "next.pay.minutes", map[string]string{"n": strconv.Itoa(max(int(window.Round(time.Minute)/time.Minute), 1))}
}
