package lockbay

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	iso "github.com/bojanz/currency"
	"github.com/lockbay/lockbay/internal/decimal"
)

// layout is how one language writes one currency. It is learnt once from the locale data, which is slow to look up.
type layout struct {
	names         []string // currencies that the sign around the number may mean
	before, after string   // around the number: sign or code, spaces, direction marks
	point, group  string
	zero          rune // digit zero of the language's script
	last, other   int  // digits in the last group, in the groups before it (2 in India)
	from          int  // the fewest digits that are grouped (5 in Spanish)
}

var plainLayout = &layout{point: ".", zero: '0', from: 99}

type layoutKey struct{ lang, currency string }

// layouts is replaced as a whole, so that readers need neither lock nor memory.
var layouts struct {
	sync.Mutex
	known atomic.Pointer[map[layoutKey]*layout]
}

// layoutsMax bounds the cache: a language code may come from outside.
const layoutsMax = 4096

// Format writes an amount for people who read lang (BCP 47): "€1,250.00", "₦5,000.00", "0.05 BTC". Decimals of an
// official currency are always shown. A sign that another offered currency shares is written as the code, so ParseMoney
// reads the amount whatever the default is: "100.00 USD" beside Canadian dollars. Safe for concurrent use.
func (r *Rules) Format(m Money, lang string) string {
	l := r.layout(m.Currency, lang)
	return m.format(l, m.decimals(l))
}

// Short is Format without decimals that are all zero: "€50", for labels of buttons.
func (r *Rules) Short(m Money, lang string) string {
	l := r.layout(m.Currency, lang)
	return m.format(l, m.fewest(l))
}

// layout decides how amounts of a currency are written: with the sign of the language, or with the code.
func (r *Rules) layout(currency, lang string) *layout {
	l := layoutOf(lang, currency)
	if !slices.ContainsFunc(l.names, func(c string) bool { return c != currency && r.Offers(c) }) {
		return l
	}
	coded := *l
	coded.code(lang, currency)
	return &coded
}

// Number is the shortest number without the currency: "20,000", "0.0001".
func (m Money) Number(lang string) string {
	l := layoutOf(lang, m.Currency)
	return string(m.appendNumber(m.appendSign(make([]byte, 0, 32)), l, m.fewest(l)))
}

// trimmed is the number with the fewest decimals: the reading "1.25" of “1.250”.
func (m Money) trimmed(lang string) string {
	l := layoutOf(lang, m.Currency)
	return string(m.appendNumber(m.appendSign(make([]byte, 0, 32)), l, m.clear(m.needed(), l)))
}

func (m Money) format(l *layout, decimals int) string {
	b := make([]byte, 0, 48)
	b = m.appendSign(b)
	b = append(b, l.before...)
	b = m.appendNumber(b, l, decimals)
	return string(append(b, l.after...))
}

func (m Money) appendSign(b []byte) []byte {
	if m.Minor < 0 {
		b = append(b, '-')
	}
	return b
}

// appendNumber writes the number without its sign. decimals is at least m.needed().
func (m Money) appendNumber(b []byte, l *layout, decimals int) []byte {
	digits, _ := Digits(m.Currency)
	var buf [40]byte
	s := strconv.AppendUint(buf[:0], abs(m.Minor), 10)
	if n := digits + 1 - len(s); n > 0 {
		var padded [40]byte
		for i := range n {
			padded[i] = '0'
		}
		s = append(padded[:n], s...)
	}
	whole, frac := s[:len(s)-digits], s[len(s)-digits:]
	for i, c := range whole {
		if left := len(whole) - i; i > 0 && len(whole) >= l.from && left >= l.last && (left-l.last)%l.other == 0 {
			b = append(b, l.group...)
		}
		b = l.appendDigit(b, c)
	}
	if decimals == 0 {
		return b
	}
	b = append(b, l.point...)
	for i := range decimals {
		if i < len(frac) {
			b = l.appendDigit(b, frac[i])
		} else {
			b = l.appendDigit(b, '0')
		}
	}
	return b
}

func (l *layout) appendDigit(b []byte, c byte) []byte {
	if l.zero == '0' {
		return append(b, c)
	}
	return utf8.AppendRune(b, l.zero+rune(c-'0'))
}

// groupMark is the point or comma that a language puts between thousands; 0 where it uses another mark.
func groupMark(lang string) byte {
	if g := layoutOf(lang, "USD").group; g == "." || g == "," {
		return g[0]
	}
	return 0
}

func layoutOf(lang, currency string) *layout {
	key := layoutKey{lang, currency}
	if m := layouts.known.Load(); m != nil {
		if l, ok := (*m)[key]; ok {
			return l
		}
	}
	l := learnLayout(lang, currency)
	layouts.Lock()
	defer layouts.Unlock()
	next := make(map[layoutKey]*layout)
	if m := layouts.known.Load(); m != nil {
		if len(*m) >= layoutsMax {
			return l
		}
		maps.Copy(next, *m)
	}
	next[layoutKey{strings.Clone(lang), strings.Clone(currency)}] = l
	layouts.known.Store(&next)
	return l
}

// learnLayout derives the layout from formatted samples.
func learnLayout(lang, currency string) *layout {
	if lang == "" {
		lang = "en"
	}
	f := iso.NewFormatter(iso.NewLocale(lang))
	f.MinDigits, f.MaxDigits = 2, 2
	sample := func(n, code string) string {
		a, err := iso.NewAmount(n, code)
		if err != nil {
			return ""
		}
		return f.Format(a)
	}
	official := currency != "" && iso.IsValid(currency) // the empty code counts as valid there, and has no digits
	code := "USD"
	if official {
		code = currency
		for c, s := range symbols {
			f.SymbolMap[c] = s
		}
	} else {
		f.CurrencyDisplay = iso.DisplayNone
	}
	gaps, runs, zero := digitRuns(sample("1234567.89", code))
	n := len(runs)
	if n < 2 { // the locale data fails for this language code
		return learnLayout("en", currency)
	}
	l := &layout{before: gaps[0], after: gaps[n], point: gaps[n-1], zero: zero, last: 3, other: 3, from: 99}
	if n > 2 { // 12,34,567.89: grouped, here as in Hindi
		l.group, l.last, l.other, l.from = gaps[1], runs[n-2], runs[n-2], 4
		if n > 3 {
			l.other = runs[n-3]
		}
		if _, small, _ := digitRuns(sample("1234.00", code)); len(small) == 2 {
			l.from = 5
		}
	}
	if !official || !l.reads(currency) {
		l.code(lang, currency)
	}
	return l
}

// code puts the currency's code behind the number.
func (l *layout) code(lang, currency string) {
	l.before, l.after, l.names = "", "\u00a0"+currency, []string{currency}
	if lang == "en" || strings.HasPrefix(lang, "en-") {
		l.after = " " + currency // as it is typed
	}
}

// reads reports whether the text around the number, when it is typed, means this currency before any other. Cards write
// only such signs, and the code instead of others.
func (l *layout) reads(currency string) bool {
	w, ok := meanings(amountWords(foldAmount(l.before)), amountWords(foldAmount(l.after)))
	l.names = w.names
	return ok && len(w.names) > 0 && w.names[0] == currency
}

// digitRuns splits a formatted number: the lengths of its runs of digits, the texts around them, and the zero of the
// script.
func digitRuns(s string) (gaps []string, runs []int, zero rune) {
	gap, in := "", false
	for _, r := range s {
		d, ok := decimal.Digit(r)
		switch {
		case !ok:
			gap += string(r)
		case in:
			runs[len(runs)-1]++
		default:
			gaps, runs, gap, zero = append(gaps, gap), append(runs, 1), "", r-rune(d)
		}
		in = ok
	}
	return append(gaps, gap), runs, zero
}
