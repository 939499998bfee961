package lockbay

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Range is the allowed amount of a deal in one currency, in minor units, both ends included.
type Range struct{ Min, Max int64 }

// Rules are the offer of a service: currencies, limits and the fee. [DefaultRules] is a complete set. Once in use, Rules
// stay unchanged, and are safe for concurrent use.
type Rules struct {
	Currencies []string         // offered, in the order shown
	Default    string           // of a bare number and of the quick amounts; one of Currencies
	Limits     map[string]Range // by currency
	Fee        FeeRule
	FeePayer   string // default payer of the fee

	DeliveryMin, DeliveryMax       int // hours, counted from payment
	DescriptionMin, DescriptionMax int // characters (grapheme clusters)

	PaymentWindow  time.Duration            // from Confirm until an unpaid deal lapses
	PaymentWindows map[string]time.Duration // by currency, where it differs

	Times       Times // of deals that begin now
	AcceptFirst bool  // the seller accepts before the buyer pays: see [Escrow.WaitForSeller]

	// QuoteKey is the secret that hashes of quotes are made with, so that nobody else makes one. Without it the hashes are
	// those of programs before there was a key.
	QuoteKey []byte
}

// deliveryLongest is the longest delivery that a configuration may allow, in hours: a year.
const deliveryLongest = 366 * 24

// DefaultRules are the rules without any configuration.
func DefaultRules() *Rules {
	r := &Rules{
		Currencies: []string{"USD", "EUR", "GBP", "UAH", "NGN", "BTC", "USDT"},
		Default:    "USD",
		Limits:     make(map[string]Range),
		Fee:        FeeRule{BasisPoints: 500, Minimum: make(map[string]int64)},
		FeePayer:   PayerSplit,

		DeliveryMin: 1, DeliveryMax: 168,
		DescriptionMin: 10, DescriptionMax: 500,
		PaymentWindow: time.Hour,
	}
	for _, c := range r.Currencies {
		r.Limits[c], r.Fee.Minimum[c], _ = Usual(c)
	}
	return r
}

// usual limits, fee minimum and quick amounts, in major units: about 5 to 10,000 and 1 US dollars.
var usual = map[string]struct {
	low, high, fee string
	quick          [4]string
}{
	"USD":  {"5", "10000", "1", [4]string{"50", "100", "250", "500"}},
	"EUR":  {"5", "10000", "1", [4]string{"50", "100", "250", "500"}},
	"GBP":  {"5", "10000", "1", [4]string{"50", "100", "250", "500"}},
	"USDT": {"5", "10000", "1", [4]string{"50", "100", "250", "500"}},
	"USDC": {"5", "10000", "1", [4]string{"50", "100", "250", "500"}},
	"UAH":  {"200", "400000", "40", [4]string{"1000", "2500", "5000", "10000"}},
	"NGN":  {"2000", "15000000", "1000", [4]string{"20000", "50000", "100000", "250000"}},
	"BTC":  {"0.0001", "0.2", "0.00001", [4]string{"0.001", "0.005", "0.01", "0.05"}},
	"ETH":  {"0.002", "5", "0.0004", [4]string{"0.02", "0.05", "0.1", "0.25"}},
	"LTC":  {"0.05", "100", "0.01", [4]string{"0.5", "1", "2.5", "5"}},
	"TON":  {"2", "5000", "0.5", [4]string{"20", "50", "100", "250"}},
	"PLN":  {"20", "40000", "4", [4]string{"200", "500", "1000", "2000"}},
	"TRY":  {"200", "400000", "40", [4]string{"2000", "5000", "10000", "20000"}},
	"INR":  {"500", "900000", "90", [4]string{"5000", "10000", "20000", "50000"}},
	"KZT":  {"2500", "5000000", "500", [4]string{"25000", "50000", "100000", "250000"}},
	"CHF":  {"5", "10000", "1", [4]string{"50", "100", "250", "500"}},
	"CAD":  {"5", "10000", "1", [4]string{"50", "100", "250", "500"}},
	"AUD":  {"5", "10000", "1", [4]string{"50", "100", "250", "500"}},
}

// Usual returns the default limits and minimum fee (minor units) of a currency. It reports false for a currency without
// defaults, which the operator must configure.
func Usual(currency string) (limits Range, fee int64, ok bool) {
	u, ok := usual[currency]
	if !ok {
		return Range{}, 0, false
	}
	minor := func(major string) int64 { m, _ := MoneyOf(major, currency); return m.Minor }
	return Range{minor(u.low), minor(u.high)}, minor(u.fee), true
}

// QuickAmounts returns up to four amounts for buttons, which CheckAmount accepts; nil for a currency without defaults.
func (r *Rules) QuickAmounts(currency string) []Money {
	if !r.Offers(currency) {
		return nil
	}
	var quick []Money
	for _, major := range usual[currency].quick {
		m, err := MoneyOf(major, currency)
		if err == nil && r.CheckAmount(m) == nil {
			quick = append(quick, m)
		}
	}
	return quick
}

// offered lists the currencies as a sentence shows them.
func (r *Rules) offered() string { return strings.Join(r.Currencies, ", ") }

// Offers reports whether deals in this currency can begin. Limits and fees may name more currencies.
func (r *Rules) Offers(currency string) bool { return slices.Contains(r.Currencies, currency) }

// Example is an amount to show as an example, which CheckAmount accepts: 1250.50 if the limits allow it.
func (r *Rules) Example(currency string) Money {
	for _, major := range []string{"1250.50", "1250"} {
		if m, err := MoneyOf(major, currency); err == nil && r.CheckAmount(m) == nil {
			return m
		}
	}
	if quick := r.QuickAmounts(currency); len(quick) > 0 {
		return quick[len(quick)/2]
	}
	return Money{r.Limits[currency].Min, currency}
}

// CheckAmount refuses a currency that is no longer offered ([AmountWithdrawn]) and an amount outside the limits.
func (r *Rules) CheckAmount(m Money) error {
	if m.IsZero() {
		return r.unclear("")
	}
	if !r.Offers(m.Currency) {
		return refuse(AmountWithdrawn, "currency", m.Currency, "currencies", r.offered())
	}
	switch limits := r.Limits[m.Currency]; {
	case m.Minor < limits.Min:
		return r.refuseSize(AmountTooSmall, m.neutral(), m.Currency)
	case m.Minor > limits.Max:
		return r.refuseSize(AmountTooLarge, m.neutral(), m.Currency)
	}
	return nil
}

func (r *Rules) refuseSize(code, amount, currency string) error {
	return refuse(code, append([]string{"amount", amount}, r.bounds(currency)...)...)
}

// bounds are the limits of a currency, as arguments.
func (r *Rules) bounds(currency string) []string {
	limits := r.Limits[currency]
	return []string{"low", Money{limits.Min, currency}.neutral(), "high", Money{limits.Max, currency}.neutral(), "currency", currency}
}

// CheckDelivery refuses hours outside the current range.
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

// Filled returns the terms with defaults for missing answers.
func (r *Rules) Filled(t Terms) Terms {
	if t.FeePayer == "" {
		t.FeePayer = r.FeePayer
	}
	return t
}

// Validate checks a configuration. Its error is one line with the setting, the value and the accepted values.
func (r *Rules) Validate() error {
	if len(r.Currencies) == 0 {
		return fmt.Errorf("currencies: the list is empty; name at least one, for example USD")
	}
	for i, c := range r.Currencies {
		if _, ok := Digits(c); !ok {
			return fmt.Errorf("currencies: %q is not a currency; use ISO 4217 codes, or one of %s", c, strings.Join(slices.Sorted(maps.Keys(coins)), " "))
		}
		if slices.Contains(r.Currencies[:i], c) {
			return fmt.Errorf("currencies: %s is listed twice; list it once", c)
		}
	}
	if !slices.Contains(r.Currencies, r.Default) {
		return fmt.Errorf("currency: %q is not offered; use one of %s", r.Default, r.offered())
	}
	if r.Fee.BasisPoints < 0 || r.Fee.BasisPoints > basisPointsMax {
		return fmt.Errorf("fee: %s is out of range; use 0 to 50 percent", percent(r.Fee.BasisPoints))
	}
	for _, c := range r.Currencies {
		limits, ok := r.Limits[c]
		low, high := Money{limits.Min, c}, Money{limits.Max, c}
		switch fee := r.Fee.Minimum[c]; {
		case !ok:
			return fmt.Errorf("limits: %s has no default limits; set the least and the most that a deal may be", c)
		case limits.Min < 1 || limits.Min > limits.Max:
			return fmt.Errorf("limits: %s from %s to %s; the first must be above 0, the second at least as much", c, low.Major(), high.Major())
		case limits.Max > math.MaxInt64/4:
			return fmt.Errorf("limits: %s to %s is too large; use at most %s", c, high.Major(), Money{math.MaxInt64 / 4, c}.Major())
		case fee < 0 || fee > limits.Min:
			return fmt.Errorf("fee: at least %s %s; use 0 to %s, the smallest deal", Money{fee, c}.Major(), c, low.Major())
		}
	}
	switch {
	case !slices.Contains(Payers, r.FeePayer):
		return fmt.Errorf("fee payer: %q; use buyer, seller or split", r.FeePayer)
	case r.DeliveryMin < 1 || r.DeliveryMin > r.DeliveryMax || r.DeliveryMax > deliveryLongest:
		return fmt.Errorf("delivery: %d to %d hours; use 1 to %d, the least first", r.DeliveryMin, r.DeliveryMax, deliveryLongest)
	case r.DescriptionMin < 1 || r.DescriptionMin > r.DescriptionMax || r.DescriptionMax > 2000:
		return fmt.Errorf("description: %d to %d characters; use 1 to 2000, the least first", r.DescriptionMin, r.DescriptionMax)
	case r.PaymentWindow < time.Minute || r.PaymentWindow > 30*24*time.Hour:
		return fmt.Errorf("payment window: %s; use 1m to 720h", r.PaymentWindow)
	}
	for _, c := range r.Currencies {
		if w, ok := r.PaymentWindows[c]; ok && (w < time.Minute || w > 30*24*time.Hour) {
			return fmt.Errorf("payment window: %s=%s; use 1m to 720h", c, w)
		}
	}
	return nil
}

// Window is the time to pay in a currency.
func (r *Rules) Window(currency string) time.Duration {
	if w, ok := r.PaymentWindows[currency]; ok {
		return w
	}
	return r.PaymentWindow
}

// LongestWindow is the longest time from Confirm to the lapse of an unpaid deal.
func (r *Rules) LongestWindow() time.Duration {
	longest := r.PaymentWindow
	for _, w := range r.PaymentWindows {
		longest = max(longest, w)
	}
	if r.AcceptFirst {
		longest += r.Times.AcceptWithin()
	}
	return longest
}

func percent(basisPoints int) string {
	return strconv.FormatFloat(float64(basisPoints)/100, 'f', -1, 64) + " %"
}
