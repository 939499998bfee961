package lockbay

import (
	"maps"
	"slices"
	"strings"
)

// Refusal says why an answer is unusable. It is an error for people: the code of a catalogue text, and the text's
// arguments. Amounts among the arguments are written for no language ("1250.5 EUR"), because a refusal is kept, and may be
// shown in several languages: [Rules.Written] completes them.
//
// What a refusal advises to write is understood when it is typed, and allowed.
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
	SellerOneself  = "seller.oneself"  // none
	SellerWallet   = "seller.wallet"   // none: a wallet, an account or a card, which is never quoted
	SellerNobody   = "seller.nobody"   // typed: the service itself, or Telegram
	SellerBare     = "seller.bare"     // typed: a word without @; write: what to type
	SellerSeveral  = "seller.several"  // typed: names two people
	SellerPart     = "seller.part"     // typed: begins with a party, and more follows; write: the party
	SellerForm     = "seller.form"     // typed: letters and underscores where no Telegram name has them
	SellerSign     = "seller.sign"     // typed, sign: a character that no email address has
	SellerAlphabet = "seller.alphabet" // typed, sign: a letter of another alphabet than its neighbours
	SellerNumber   = "seller.number"   // typed: looks like an amount
	SellerShort    = "seller.short"    // typed, low, high: characters of a Telegram name
	SellerLong     = "seller.long"     // typed, low, high
	SellerLetters  = "seller.letters"  // typed: a Telegram name with forbidden characters
	SellerPlus     = "seller.plus"     // typed: a phone number without its +; write: what to type
	SellerPhone    = "seller.phone"    // typed: a phone number that lacks its country or is not in use
	SellerEmail    = "seller.email"    // typed: an incomplete email address
	SellerUnknown  = "seller.unknown"  // typed: none of the above

	AmountAmbiguous     = "amount.ambiguous"      // typed, a, b: both readings; write_a, write_b: what to type for each
	AmountAmbiguousOne  = "amount.ambiguous.one"  // typed, a, b; write: of the one that is allowed; low, high, currency
	AmountAmbiguousNone = "amount.ambiguous.none" // typed, a, b, neither is allowed; low, high, currency
	AmountMilli         = "amount.milli"          // typed: with m before a coin; currency; write: what to type
	AmountBare          = "amount.bare"           // typed: a number beside amounts of another currency; write_a, write_b: what to type
	AmountBareOne       = "amount.bare.one"       // typed; write: the other currency is no longer offered
	AmountSign          = "amount.sign"           // typed, sign, currencies: offered ones that share the sign; write: what to type
	AmountCurrency      = "amount.currency"       // typed, currency: known but not offered; currencies: the offered ones
	AmountWithdrawn     = "amount.withdrawn"      // currency: no longer offered; currencies: the offered ones
	AmountUnclear       = "amount.unclear"        // typed, example: in the default currency; currencies
	AmountPrecision     = "amount.precision"      // typed, currency, digits: its decimals
	AmountTooSmall      = "amount.too_small"      // amount, low, high: numbers without currency; currency
	AmountTooLarge      = "amount.too_large"      // amount, low, high, currency

	DescriptionShort   = "description.short"   // typed, low, high: characters
	DescriptionLetters = "description.letters" // typed: signs without letters and digits
	DescriptionLink    = "description.link"    // none: a link without words beside it
	DescriptionLong    = "description.long"    // over: characters too many; low, high
	DescriptionCard    = "description.card"    // none: holds the number of a card, which is never quoted

	DeliveryShort   = "delivery.short"   // hours, low, high
	DeliveryLong    = "delivery.long"    // hours, low, high
	DeliveryDate    = "delivery.date"    // typed, example: a day or date, which depends on when the buyer pays
	DeliveryMinutes = "delivery.minutes" // typed, low, high, example: less than an hour, or a part of one
	DeliveryUnclear = "delivery.unclear" // typed, low, high, example

	NotOffered = "not_offered" // typed, options: the words of a [Field] with Options
)

var refusals = []Refusal{
	{SellerOneself, nil},
	{SellerWallet, nil},
	{SellerNobody, args("typed", "@BotFather")},
	{SellerPart, args("typed", "@anna 50 eur camera", "write", "@anna")},
	{SellerBare, args("typed", "maria", "write", "@maria")},
	{SellerSeveral, args("typed", "@anna_ceramics and @boris_k")},
	{SellerForm, args("typed", "@1durov")},
	{SellerSign, args("typed", "o’brien@example.com", "sign", "’")},
	{SellerAlphabet, args("typed", "аnna@example.com", "sign", "а")},
	{SellerNumber, args("typed", "100")},
	{SellerShort, args("typed", "@ann", "low", "4", "high", "32")},
	{SellerLong, args("typed", "@anna_who_has_a_very_long_name_indeed", "low", "4", "high", "32")},
	{SellerLetters, args("typed", "@анна_керамика")},
	{SellerPlus, args("typed", "370 612 34567", "write", "+370 612 34567")},
	{SellerPhone, args("typed", "0151 2345")},
	{SellerEmail, args("typed", "anna@")},
	{SellerUnknown, args("typed", "Anna from the market")},
	{AmountAmbiguous, args("typed", "1.250", "a", "1250 EUR", "b", "1.25 EUR", "write_a", "1250 EUR", "write_b", "1.25 EUR")},
	{AmountAmbiguousOne, args("typed", "1.250", "a", "1250 EUR", "b", "1.25 EUR", "write", "1250 EUR", "low", "10 EUR", "high", "20000 EUR", "currency", "EUR")},
	{AmountAmbiguousNone, args("typed", "1.250", "a", "1250 EUR", "b", "1.25 EUR", "low", "10 EUR", "high", "500 EUR", "currency", "EUR")},
	{AmountMilli, args("typed", "5 mBTC", "currency", "BTC", "write", "0.005 BTC")},
	{AmountBare, args("typed", "50", "write_a", "50 EUR", "write_b", "50 USD")},
	{AmountBareOne, args("typed", "50", "write", "50 USD")},
	{AmountSign, args("typed", "$100", "sign", "$", "currencies", "USD, CAD", "write", "100 USD")},
	{AmountCurrency, args("typed", "1250 chf", "currency", "CHF", "currencies", "EUR, USD, BTC")},
	{AmountWithdrawn, args("currency", "BTC", "currencies", "EUR, USD")},
	{AmountUnclear, args("typed", "a lot", "example", "1250.50 USD", "currencies", "EUR, USD, BTC")},
	{AmountPrecision, args("typed", "10.005 eur", "currency", "EUR", "digits", "2")},
	{AmountTooSmall, args("amount", "5 EUR", "low", "10 EUR", "high", "20000 EUR", "currency", "EUR")},
	{AmountTooLarge, args("amount", "50000 EUR", "low", "10 EUR", "high", "20000 EUR", "currency", "EUR")},
	{DescriptionShort, args("typed", "plates", "low", "10", "high", "500")},
	{DescriptionLetters, args("typed", ". . . . . .")},
	{DescriptionLink, nil},
	{DescriptionLong, args("over", "112", "low", "10", "high", "500")},
	{DescriptionCard, nil},
	{DeliveryShort, args("hours", "0", "low", "1", "high", "168")},
	{DeliveryLong, args("hours", "200", "low", "1", "high", "168")},
	{DeliveryDate, args("typed", "friday", "example", "72h")},
	{DeliveryMinutes, args("typed", "30 min", "low", "1", "high", "168", "example", "2h")},
	{DeliveryUnclear, args("typed", "soon", "low", "1", "high", "168", "example", "36h")},
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

// amountArgs are the arguments that hold an amount, and how a sentence writes it: as a number before its currency, or whole.
var amountArgs = map[string]func(r *Rules, m Money, lang string) string{
	"was": (*Rules).Format, "now": (*Rules).Format,
	"amount": asNumber, "low": asNumber, "high": asNumber, "a": asReading, "b": asReading,
}

func asNumber(_ *Rules, m Money, lang string) string  { return m.Number(lang) }
func asReading(_ *Rules, m Money, lang string) string { return m.trimmed(lang) }

// Written returns the arguments of a sentence in lang (BCP 47): amounts of no language ([Money.Plain]) become amounts, or
// numbers without their currency, as that language writes them. Arguments that are written already stay as they are.
func (r *Rules) Written(args map[string]string, lang string) map[string]string {
	written, cloned := args, false
	for name, write := range amountArgs {
		major, currency, _ := strings.Cut(args[name], " ")
		m, err := MoneyOf(major, currency)
		if err != nil {
			continue
		}
		if !cloned {
			written, cloned = maps.Clone(args), true
		}
		written[name] = write(r, m, lang)
	}
	return written
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
