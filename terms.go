package lockbay

import (
	"errors"
	"strconv"
)

// The fields of [Terms], by the names that channels show.
const (
	FieldSeller      = "seller"
	FieldAmount      = "amount"
	FieldDescription = "description"
	FieldDelivery    = "delivery"
	FieldFeePayer    = "fee_payer"
)

// Terms are what buyer and seller agree on. They are kept in every draft and deal: the JSON is short.
type Terms struct {
	Seller        Party  `json:"s"`
	Amount        Money  `json:"a"`
	Description   string `json:"d"`
	DeliveryHours int    `json:"h"` // hours, counted from payment
	FeePayer      string `json:"f"` // PayerBuyer, PayerSeller, PayerSplit
}

// Invalid is a field that cannot stand under today's rules, and why.
type Invalid struct {
	Field   string
	Refusal *Refusal
}

// Validate checks finished terms against today's rules and returns what no longer holds, in the order of the questions;
// nil when all is well. An answer that was never given is refused as the shortest wrong one would be. lang (BCP 47) is
// that of the numbers in the refusals.
func (t Terms) Validate(r *Rules, lang string) []Invalid {
	var invalid []Invalid
	check := func(field string, err error) {
		var refusal *Refusal
		if errors.As(err, &refusal) {
			invalid = append(invalid, Invalid{field, refusal})
		}
	}
	check(FieldSeller, t.Seller.Check())
	check(FieldAmount, r.CheckAmount(t.Amount, lang))
	check(FieldDescription, r.CheckDescription(t.Description))
	check(FieldDelivery, r.CheckDelivery(t.DeliveryHours))
	check(FieldFeePayer, CheckPayer(t.FeePayer))
	return invalid
}

// CheckDelivery refuses hours outside today's range.
func (r *Rules) CheckDelivery(hours int) error {
	code := ""
	switch {
	case hours < r.DeliveryMin:
		code = DeliveryShort
	case hours > r.DeliveryMax:
		code = DeliveryLong
	default:
		return nil
	}
	return refuse(code, "hours", strconv.Itoa(hours), "low", strconv.Itoa(r.DeliveryMin), "high", strconv.Itoa(r.DeliveryMax))
}
