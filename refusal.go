package lockbay

import (
	"maps"
	"slices"
)

// Refusal says why an answer is unusable. It is an error for people: the code of a catalogue text, and the text's
// arguments, already formatted.
//
// Args may quote the typed text. Error is the code alone, so that a refusal can be logged.
type Refusal struct {
	Code string            `json:"c"`
	Args map[string]string `json:"a,omitempty"`
}

// Error returns the code, without the typed text.
func (r *Refusal) Error() string { return "refused: " + r.Code }

// The codes of all refusals, with their arguments. [Refusals] has a sample of each.
const (
	SellerOneself = "seller.oneself" // none
	SellerWallet  = "seller.wallet"  // typed
	SellerNumber  = "seller.number"  // typed: looks like an amount
	SellerShort   = "seller.short"   // typed, low, high: characters of a Telegram name
	SellerLong    = "seller.long"    // typed, low, high
	SellerLetters = "seller.letters" // typed: a Telegram name with forbidden characters
	SellerPhone   = "seller.phone"   // typed: a phone number that lacks its country or is not in use
	SellerEmail   = "seller.email"   // typed: an incomplete email address
	SellerUnknown = "seller.unknown" // typed: none of the above

	AmountAmbiguous = "amount.ambiguous" // typed, a, b: both readings; write_a, write_b: what to type for each
	AmountSign      = "amount.sign"      // typed, sign, currencies: offered ones that share the sign; write: what to type
	AmountCurrency  = "amount.currency"  // typed, currency: known but not offered; currencies: the offered ones
	AmountWithdrawn = "amount.withdrawn" // currency: no longer offered; currencies: the offered ones
	AmountUnclear   = "amount.unclear"   // typed, example: in the default currency; currencies
	AmountPrecision = "amount.precision" // typed, currency, digits: its decimals
	AmountTooSmall  = "amount.too_small" // amount, low, high: numbers without currency; currency
	AmountTooLarge  = "amount.too_large" // amount, low, high, currency

	DescriptionShort = "description.short" // typed, low, high: characters
	DescriptionLong  = "description.long"  // over: characters too many; low, high

	DeliveryShort   = "delivery.short"   // hours, low, high
	DeliveryLong    = "delivery.long"    // hours, low, high
	DeliveryDate    = "delivery.date"    // typed, example: a day or date, which depends on when the buyer pays
	DeliveryUnclear = "delivery.unclear" // typed, low, high

	NotOffered = "not_offered" // typed, options: the words of a [Field] with Options
)

var refusals = []Refusal{
	{SellerOneself, nil},
	{SellerWallet, args("typed", "0x52908400098527886E0F7030069857D2E4169EE7")},
	{SellerNumber, args("typed", "100")},
	{SellerShort, args("typed", "@ann", "low", "5", "high", "32")},
	{SellerLong, args("typed", "@anna_who_has_a_very_long_name_indeed", "low", "5", "high", "32")},
	{SellerLetters, args("typed", "@анна_керамика")},
	{SellerPhone, args("typed", "0151 2345")},
	{SellerEmail, args("typed", "anna@")},
	{SellerUnknown, args("typed", "Anna from the market")},
	{AmountAmbiguous, args("typed", "1.250", "a", "1,250", "b", "1.25", "write_a", "1250 EUR", "write_b", "1.25 EUR")},
	{AmountSign, args("typed", "$100", "sign", "$", "currencies", "USD, CAD", "write", "100 USD")},
	{AmountCurrency, args("typed", "1250 chf", "currency", "CHF", "currencies", "EUR, USD, BTC")},
	{AmountWithdrawn, args("currency", "BTC", "currencies", "EUR, USD")},
	{AmountUnclear, args("typed", "a lot", "example", "1250.50 USD", "currencies", "EUR, USD, BTC")},
	{AmountPrecision, args("typed", "10.005 eur", "currency", "EUR", "digits", "2")},
	{AmountTooSmall, args("amount", "5", "low", "10", "high", "20,000", "currency", "EUR")},
	{AmountTooLarge, args("amount", "50,000", "low", "10", "high", "20,000", "currency", "EUR")},
	{DescriptionShort, args("typed", "plates", "low", "10", "high", "500")},
	{DescriptionLong, args("over", "112", "low", "10", "high", "500")},
	{DeliveryShort, args("hours", "0", "low", "1", "high", "168")},
	{DeliveryLong, args("hours", "200", "low", "1", "high", "168")},
	{DeliveryDate, args("typed", "friday", "example", "72h")},
	{DeliveryUnclear, args("typed", "soon", "low", "1", "high", "168")},
	{NotOffered, args("typed", "mine", "options", "buyer, seller, split")},
}

// Refusals returns a sample of each refusal with all its arguments, for tests of catalogues.
func Refusals() []Refusal {
	all := slices.Clone(refusals)
	for i := range all {
		all[i].Args = maps.Clone(all[i].Args)
	}
	return all
}

func refuse(code string, pairs ...string) error { return &Refusal{code, args(pairs...)} }

func args(pairs ...string) map[string]string {
	if len(pairs) == 0 {
		return nil
	}
	m := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}
