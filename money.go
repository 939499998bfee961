package lockbay

import (
	"strconv"
	"strings"
)

// Money is an amount in minor units of its currency.
type Money struct {
	Minor    int64  `json:"m"` // minor units: cents, satoshi; see [Digits]
	Currency string `json:"c"` // ISO 4217, or a coin's code
}

// IsZero reports whether both amount and currency are missing.
func (m Money) IsZero() bool { return m == Money{} }

// String is [Money.Plain].
func (m Money) String() string { return m.Plain() }

// Plain writes an amount for editing in any language: "1250.50 EUR", "0.05 BTC". [Rules.ParseMoney] reads it as the same
// amount.
func (m Money) Plain() string {
	return string(m.appendNumber(m.appendSign(make([]byte, 0, 32)), plainLayout, m.decimals(plainLayout))) + " " + m.Currency
}

// Major is the bare number in major units, without needless zeros: "100", "0.001". Buttons carry it; [MoneyOf] reads it.
func (m Money) Major() string {
	return string(m.appendNumber(m.appendSign(make([]byte, 0, 24)), plainLayout, m.needed()))
}

// neutral writes an amount for a refusal, which may be shown in several languages: see [Written].
func (m Money) neutral() string { return m.Major() + " " + m.Currency }

// MoneyOf reads a number in major units as [Money.Major] writes it: ASCII digits and at most one point. Any other text,
// an unknown currency, too many decimals and an overflow are refused with [AmountUnclear].
func MoneyOf(major, currency string) (Money, error) {
	digits, known := Digits(currency)
	whole, frac, point := strings.Cut(major, ".")
	if known && allDigits(whole) && (!point || allDigits(frac)) {
		if minor, err := toMinor(whole, frac, digits); err == nil {
			return Money{minor, currency}, nil
		}
	}
	return Money{}, refuse(AmountUnclear, "typed", quoted(major), "example", "100", "currencies", currency)
}

// toMinor joins a whole and a fractional part to minor units. The decimals are written out, so that one parse checks the
// range. Its error is strconv.ErrSyntax for too many decimals, strconv.ErrRange for an overflow.
func toMinor(whole, frac string, digits int) (int64, error) {
	if len(frac) > digits {
		if frac = frac[:digits] + strings.TrimRight(frac[digits:], "0"); len(frac) > digits {
			return 0, strconv.ErrSyntax
		}
	}
	minor, err := strconv.ParseInt(whole+frac+strings.Repeat("0", digits-len(frac)), 10, 64)
	if err != nil {
		return 0, strconv.ErrRange
	}
	return minor, nil
}

// needed is the number of decimals that write this amount exactly.
func (m Money) needed() int {
	digits, _ := Digits(m.Currency)
	for minor := m.Minor; digits > 0 && minor%10 == 0; minor /= 10 {
		digits--
	}
	return digits
}

// decimals is the number of decimals shown: all of an official currency, those needed of a coin.
func (m Money) decimals(l *layout) int {
	n, _ := Digits(m.Currency)
	if c, ok := coins[m.Currency]; ok {
		n = max(m.needed(), c.show)
	}
	return m.clear(n, l)
}

// fewest is decimals without those that are all zero.
func (m Money) fewest(l *layout) int {
	if m.needed() == 0 {
		return m.clear(0, l)
	}
	return m.decimals(l)
}

// clear adds decimals where n of them could be read in two ways. Three decimals behind one to three digits read as
// thousands in some languages ("1.250"), so a fourth is added, even if the currency has three. A group of thousands reads
// as three decimals of a currency that has them ("1,250 BTC"), so it gets two decimals.
func (m Money) clear(n int, l *layout) int {
	digits, _ := Digits(m.Currency)
	whole := abs(m.Minor) / pow10(digits)
	switch {
	case n == 3 && 0 < whole && whole < 1000:
		return 4
	case n == 0 && (l.group == "." || l.group == ",") && !writtenInCents(m.Currency) && 1000 <= whole && whole < 1_000_000:
		return 2
	}
	return n
}

func abs(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
