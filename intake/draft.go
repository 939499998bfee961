package intake

import (
	"github.com/lockbay/lockbay"
)

// Draft is the answers so far, as they are stored: the JSON is short.
type Draft struct {
	Seller      lockbay.Party `json:"s,omitzero"`
	Amount      lockbay.Money `json:"a,omitzero"`
	Description string        `json:"d,omitempty"`
	Hours       int           `json:"h,omitempty"` // to deliver, counted from payment
	FeePayer    string        `json:"f,omitempty"` // empty: whoever the rules say
	Shown       uint64        `json:"q,omitempty"` // hash of the quote that the review showed
	Pays        int64         `json:"p,omitempty"` // what it said that the buyer pays, in minor units
}

// Terms are the draft's answers under these rules.
func (d *Draft) Terms(rules *lockbay.Rules) lockbay.Terms {
	t := lockbay.Terms{Seller: d.Seller, Amount: d.Amount, Description: d.Description, DeliveryHours: d.Hours, FeePayer: d.FeePayer}
	if t.FeePayer == "" {
		t.FeePayer = rules.FeePayer
	}
	return t
}

// take fills the draft with the terms of a deal.
func (d *Draft) take(t lockbay.Terms) {
	*d = Draft{Seller: t.Seller, Amount: t.Amount, Description: t.Description, Hours: t.DeliveryHours, FeePayer: t.FeePayer}
}
