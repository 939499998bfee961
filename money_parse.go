package lockbay

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// amountMax is the longest typed amount, in bytes.
const amountMax = 128

// magnitudes are the words that may follow a number, with their number of zeros.
var magnitudes = map[string]int{
	"k": 3, "к": 3, "thousand": 3, "тыс": 3, "тысяч": 3, "тысячи": 3, "тысяча": 3, "тис": 3, "тисяч": 3, "тисячі": 3,
	"m": 6, "mln": 6, "mio": 6, "million": 6, "millions": 6, "млн": 6, "миллион": 6, "миллиона": 6, "мільйон": 6,
}

// ParseMoney reads an amount as people type it: `$1,250.50`, `1250,50 eur`, `1.5k usd`, `₦5,000`, `0.05 btc`, `1 250`.
// Digits may be of any script; a bare number is in [Rules.Default]. lang (BCP 47) decides only whether `1,250` may be a
// decimal comma.
//
// Amounts are never guessed or rounded: if two readings are possible, the refusal carries both. The currency must be
// offered and the amount within its limits. The error is a [*Refusal].
func (r *Rules) ParseMoney(text, lang string) (Money, error) {
	number, before, behind, ok := splitAmount(text)
	if !ok {
		return Money{}, r.unclear(text)
	}
	names, zeros, ok := meanings(before, behind)
	if !ok {
		return Money{}, r.unclear(text)
	}
	currency, err := r.choose(text, number, before, behind, names)
	if err != nil {
		return Money{}, err
	}
	digits, _ := Digits(currency)
	n, ok := readNumber(number)
	if !ok {
		return Money{}, r.unclear(text)
	}
	m, err := n.money(currency, digits, zeros, decimalComma(lang))
	switch {
	case err == nil:
		if err := r.CheckAmount(m, lang); err != nil {
			return Money{}, err
		}
		return m, nil
	case errors.Is(err, strconv.ErrSyntax):
		return Money{}, refuse(AmountPrecision, "typed", quoted(text), "currency", currency, "digits", strconv.Itoa(digits))
	case errors.Is(err, strconv.ErrRange):
		return Money{}, r.refuseSize(AmountTooLarge, quoted(number), currency, lang)
	}
	a, errA := n.grouped().money(currency, digits, zeros, false)
	b, errB := n.decimal().money(currency, digits, zeros, false)
	if errA != nil || errB != nil {
		return Money{}, r.unclear(text)
	}
	return Money{}, refuse(AmountAmbiguous, "typed", quoted(text), "a", a.Number("en"), "b", trimDecimals(b),
		"write_a", trimWrite(a), "write_b", trimWrite(b))
}

// trimDecimals is the number with the fewest decimals: the reading "1.25" of “1.250”.
func trimDecimals(m Money) string {
	return string(m.appendNumber(nil, layoutOf("en", m.Currency), m.needed()))
}

// trimWrite is a short text that ParseMoney reads as this amount.
func trimWrite(m Money) string {
	if m.needed() == 3 || m.needed() > 0 && m.decimals() == 4 {
		return m.Plain()
	}
	return m.Major() + " " + m.Currency
}

func (r *Rules) unclear(text string) error {
	digits, _ := Digits(r.Default)
	example, _ := toMinor("1250", "5"[:min(1, digits)], digits)
	if quick := r.QuickAmounts(r.Default); len(quick) > 0 && (example < r.Limits[r.Default].Min || example > r.Limits[r.Default].Max) {
		example = quick[len(quick)/2].Minor
	}
	return refuse(AmountUnclear, "typed", quoted(text), "example", Money{example, r.Default}.Plain(), "currencies", r.offered())
}

// splitAmount splits a typed amount into the number (ASCII digits and separators) and the lower-case words before and
// behind it. A word between digits (`10 usd 5`, `1e5`, `0x529`) makes the text unreadable.
func splitAmount(text string) (number string, before, behind []string, ok bool) {
	if len(text) > amountMax || !utf8.ValidString(text) {
		return
	}
	s := strings.Map(func(r rune) rune {
		if d, ok := digit(r); ok {
			return rune('0' + d)
		}
		switch {
		case r == '’' || r == 'ʼ' || r == '`' || r == '٬': // U+066C Arabic thousands separator
			return '\''
		case r == '，':
			return ','
		case r == '．':
			return '.'
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r), r == '\ufe0f':
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	const digits = "0123456789"
	first, last := strings.IndexAny(s, digits), strings.LastIndexAny(s, digits)
	if first < 0 {
		return
	}
	head, number, tail := s[:first], s[first:last+1], s[last+1:]
	// ".5" is a half, "rs.500" is not.
	if r, size := utf8.DecodeLastRuneInString(head); r == '.' || r == ',' || r == '٫' {
		if prev, _ := utf8.DecodeLastRuneInString(head[:len(head)-size]); !unicode.IsLetter(prev) {
			head, number = head[:len(head)-size], "0"+string(r)+number
		}
	}
	if strings.Trim(number, digits+"., '٫") != "" || strings.ContainsFunc(number, func(r rune) bool {
		return !strings.ContainsRune(digits+"., '٫", r)
	}) {
		return
	}
	for _, none := range []string{",-", ",–", ",—", ".-", ".–", ".—"} { // "100,- €": no cents
		if rest, ok := strings.CutPrefix(tail, none); ok {
			tail = rest
		}
	}
	tail = strings.TrimPrefix(tail, ".") // the end of a sentence
	return number, amountWords(head), amountWords(tail), true
}

func amountWords(s string) []string {
	words := strings.Fields(s)
	for i, w := range words {
		words[i] = strings.TrimRight(w, ".")
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// meanings returns the currencies that all the words together may mean (nil: no currency was named) and the zeros of a
// magnitude behind the number. It reports false for an unknown word and for words that contradict each other.
func meanings(before, behind []string) (names []string, zeros int, ok bool) {
	named := false
	add := func(word string) bool {
		c := called(word)
		if len(c) == 0 {
			return false
		}
		if named {
			c = both(names, c)
		}
		names, named = c, true
		return len(names) > 0
	}
	scale := func(word string) bool {
		z := magnitudes[word]
		if z == 0 || zeros != 0 {
			return false
		}
		zeros = z
		return true
	}
	for _, w := range before {
		if !add(w) {
			return nil, 0, false
		}
	}
	if len(behind) == 2 && called(behind[0]+behind[1]) != nil && called(behind[0]) == nil && magnitudes[behind[0]] == 0 {
		behind = []string{behind[0] + behind[1]} // "us dollars"
	}
	for _, w := range behind {
		if scale(w) || add(w) {
			continue
		}
		// "1.5kusd", "2млнгрн": a magnitude grown together with the currency.
		r, size := utf8.DecodeRuneInString(w)
		if !scale(string(r)) || !add(w[size:]) {
			return nil, 0, false
		}
	}
	return names, zeros, true
}

// choose picks the meant currency among the offered ones.
func (r *Rules) choose(text, number string, before, behind, names []string) (string, error) {
	if names == nil {
		return r.Default, nil
	}
	here := both(names, r.Currencies)
	switch {
	case len(here) == 0:
		return "", refuse(AmountCurrency, "typed", quoted(text), "currency", names[0], "currencies", r.offered())
	case len(here) == 1:
		return here[0], nil
	case slices.Contains(here, r.Default):
		return r.Default, nil
	}
	return "", refuse(AmountSign, "typed", quoted(text), "sign", strings.Join(append(slices.Clone(before), behind...), " "),
		"currencies", strings.Join(here, ", "), "write", number+" "+here[0])
}

// reading is a split number. With mark set it reads both as whole+frac (grouped thousands) and as whole.frac.
type reading struct {
	whole, frac string
	mark        byte // '.' or ',', if it is the only separator with three digits behind it
	comma       bool // the decimals stood behind a comma
}

var errTwoReadings = errors.New("two readings")

func (n reading) grouped() reading { return reading{whole: n.whole + n.frac} }
func (n reading) decimal() reading { return reading{whole: n.whole, frac: n.frac} }

// money is the reading in a currency. Errors: errTwoReadings, strconv.ErrSyntax (too many decimals), strconv.ErrRange.
func (n reading) money(currency string, digits, zeros int, decimalComma bool) (Money, error) {
	if n.mark != 0 {
		_, err := toMinor(n.whole, n.frac, digits+zeros)
		switch {
		case digits == 0 && zeros == 0:
			n = n.grouped() // a currency without decimals: 1.250 yen
		case n.mark == ',' && digits <= 2 && !decimalComma:
			n = n.grouped()
		case errors.Is(err, strconv.ErrSyntax):
			return Money{}, err
		default:
			return Money{}, errTwoReadings
		}
	}
	// "1,2500" is more likely a mistyped thousand than a decimal comma with needless zeros.
	if n.comma && len(n.frac) > max(digits+zeros+1, 3) {
		return Money{}, strconv.ErrSyntax
	}
	minor, err := toMinor(n.whole, n.frac, digits+zeros)
	return Money{minor, currency}, err
}

// readNumber reads separators. `'` and spaces group digits. `٫` is decimal. If both `.` and `,` occur, the last of them is
// decimal. A separator that repeats groups digits by three. Anything else reports false.
func readNumber(s string) (reading, bool) {
	points, commas := strings.Count(s, "."), strings.Count(s, ",")
	at, size := -1, 1
	switch {
	case strings.Contains(s, "٫"):
		at, size = strings.Index(s, "٫"), len("٫")
	case points > 0 && commas > 0:
		at = strings.LastIndexAny(s, ".,")
	case points+commas == 1:
		at = strings.IndexAny(s, ".,")
	}
	if at < 0 {
		whole, ok := ungroup(s)
		return reading{whole: whole}, ok
	}
	mark, frac := s[at], s[at+size:]
	whole, ok := ungroup(s[:at])
	if !ok || !allDigits(frac) || strings.IndexByte(s[:at], mark) >= 0 {
		return reading{}, false
	}
	n := reading{whole: whole, frac: frac, comma: mark == ','}
	if points+commas == 1 && size == 1 && len(s) == at+4 && at <= 3 && s[0] != '0' && allDigits(s[:at]) {
		n.mark = mark
	}
	return n, true
}

// ungroup removes one kind of group separator: groups of three, or (India) of two before the last three.
func ungroup(s string) (string, bool) {
	if allDigits(s) {
		return s, true
	}
	at := strings.IndexAny(s, ".,' ")
	if at < 1 || s[0] == '0' {
		return "", false
	}
	groups := strings.Split(s, s[at:at+1])
	last := len(groups) - 1
	if !allDigits(strings.Join(groups, "")) || len(groups[last]) != 3 || len(groups[0]) > 3 {
		return "", false
	}
	threes, twos := true, len(groups[0]) <= 2
	for _, g := range groups[1:last] {
		threes, twos = threes && len(g) == 3, twos && len(g) == 2
	}
	return strings.Join(groups, ""), threes || twos
}
