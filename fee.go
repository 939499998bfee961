package lockbay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash/fnv"
	"math/bits"
	"strconv"
	"strings"
)

// Who pays the fee.
const (
	PayerBuyer  = "buyer"
	PayerSeller = "seller"
	PayerSplit  = "split" // half each, an odd minor unit is the buyer's
)

// Payers in the order in which they are offered.
var Payers = []string{PayerSplit, PayerBuyer, PayerSeller}

// basisPointsMax bounds the fee: half of the deal.
const basisPointsMax = 5000

// FeeRule is a share of the amount, with a minimum.
type FeeRule struct {
	BasisPoints int              // hundredths of a percent: 500 is 5 %
	Minimum     map[string]int64 // minor units by currency. Defaults to 0
	Keep        bool             // the fee stays ours after a [BooksCancel]. Defaults to false: all goes back
}

// Percent writes the share for people who read lang: "2.5%".
func (f FeeRule) Percent(lang string) string {
	s := strconv.FormatFloat(float64(f.BasisPoints)/100, 'f', -1, 64)
	if layoutOf(lang, "USD").point == "," {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + "%"
}

// Of returns the fee of an amount: the share, rounded half up to a minor unit, at least the minimum, at most the amount.
// A valid [Rules] keeps every minimum at or below the smallest deal, so only refused amounts reach the cap.
func (f FeeRule) Of(m Money) Money {
	if m.Minor <= 0 {
		return Money{0, m.Currency}
	}
	hi, lo := bits.Mul64(uint64(m.Minor), uint64(min(max(f.BasisPoints, 0), basisPointsMax)))
	lo, carry := bits.Add64(lo, 5_000, 0)
	share, _ := bits.Div64(hi+carry, lo, 10_000) // the share is at most half: no overflow
	fee := max(int64(share), f.Minimum[m.Currency])
	return Money{min(fee, m.Minor), m.Currency}
}

// Quote is what a deal costs whom. Fee = BuyerFee + SellerFee, BuyerPays = Amount + BuyerFee, SellerGets = Amount −
// SellerFee, so BuyerPays − SellerGets = Fee. All in the deal's currency, minor units.
type Quote struct {
	Currency   string `json:"c"`
	Amount     int64  `json:"a"`
	Fee        int64  `json:"f"`
	BuyerFee   int64  `json:"bf"`
	SellerFee  int64  `json:"sf"`
	BuyerPays  int64  `json:"bp"`
	SellerGets int64  `json:"sg"`
	Keep       bool   `json:"k,omitempty"` // the fee stays ours after a [BooksCancel]; see [FeeRule]

	// Hash covers the terms, the sums and the rules behind them (fee, what a cancel costs, limits, payment window). It is made with
	// [Rules.QuoteKey], and is the same on every machine that has this key. A changed hash at Confirm means that the buyer read another quote.
	Hash uint64 `json:"h"`
}

// Mark is a short form of the hash, for the button that confirms the quote: six characters of Crockford base 32.
func (q Quote) Mark() string {
	var b [6]byte
	for i := range b {
		b[i] = crockford[q.Hash>>(59-5*i)&31]
	}
	return string(b[:])
}

// Money is a sum of the quote with its currency.
func (q Quote) Money(minor int64) Money { return Money{minor, q.Currency} }

// Sum is [Rules.Format] for a sum of a quote. All sums of a quote have the same number of decimals, so that they add up on
// paper.
func (r *Rules) Sum(q Quote, minor int64, lang string) string {
	l := r.layout(q.Currency, lang)
	sums := [...]int64{q.Amount, q.BuyerFee, q.SellerFee, q.BuyerPays, q.SellerGets, minor}
	decimals := 0
	for _, sum := range sums {
		decimals = max(decimals, q.Money(sum).decimals(l))
	}
	for _, sum := range sums {
		decimals = max(decimals, q.Money(sum).clear(decimals, l))
	}
	return q.Money(minor).format(l, decimals)
}

// Quote computes the cost of terms. Amount and FeePayer are enough, so that the question who pays can show all three
// quotes; [Rules.Filled] gives the other terms their defaults. The caller checks the terms: see [Field.Check].
func (r *Rules) Quote(t Terms) Quote {
	t = r.Filled(t)
	fee := r.Fee.Of(t.Amount).Minor
	q := Quote{Currency: t.Amount.Currency, Amount: t.Amount.Minor, Fee: fee}
	switch t.FeePayer {
	case PayerBuyer:
		q.BuyerFee = fee
	case PayerSeller:
		q.SellerFee = fee
	default:
		q.SellerFee = fee / 2
		q.BuyerFee = fee - q.SellerFee
	}
	q.BuyerPays, q.SellerGets = q.Amount+q.BuyerFee, q.Amount-q.SellerFee
	q.Keep = r.Fee.Keep && fee > 0
	q.Hash = r.hash(&t, &q)
	return q
}

// appendKeep adds to the bytes of a hash that the fee may be kept. The hash of another quote is as it was.
func (q *Quote) appendKeep(b []byte) []byte {
	if q.Keep {
		b = appendText(b, "fee kept")
	}
	return b
}

func (r *Rules) hash(t *Terms, q *Quote) uint64 {
	limits := r.Limits[q.Currency]
	b := appendTerms(make([]byte, 0, 1024), t, q.Amount, q.Fee, q.BuyerFee, q.SellerFee, q.BuyerPays, q.SellerGets)
	b = appendNumbers(b, int64(r.Fee.BasisPoints), r.Fee.Minimum[q.Currency], limits.Min, limits.Max, int64(r.Window(q.Currency)))
	b = appendLater(b, t)
	b = q.appendKeep(b)
	if r.AcceptFirst { // which the review tells, with the time for it
		b = appendNumbers(appendText(b, "accept first"), int64(r.Times.AcceptWithin()))
	}
	if len(r.QuoteKey) > 0 {
		h := hmac.New(sha256.New, r.QuoteKey)
		h.Write(b)
		return binary.BigEndian.Uint64(h.Sum(nil))
	}
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}
