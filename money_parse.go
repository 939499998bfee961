package lockbay

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay/internal/decimal"
)

// amountMax is the longest typed amount, in bytes.
const amountMax = 128

// magnitudes are the words that may follow a number, with their number of zeros.
var magnitudes = map[string]int{
	"k": 3, "к": 3, "thousand": 3, "тыс": 3, "тысяч": 3, "тысячи": 3, "тысяча": 3, "тис": 3, "тисяч": 3, "тисячі": 3,
	"m": 6, "mln": 6, "mio": 6, "million": 6, "millions": 6, "млн": 6, "миллион": 6, "миллиона": 6, "мільйон": 6,
}

// ParseMoney reads an amount as people type it: `$1,250.50`, `1250,50 eur`, `1.5k usd`, `₦5,000`, `0.05 btc`, `1 250`.
// Digits may be of any script; a bare number is in [Rules.Default]. lang (BCP 47) is the language of the sentence that
// asks. It decides only whether a lone `.` or `,` before three digits is that language's mark of thousands. No text is
// read as one amount in one language and as another amount in another.
//
// Amounts are never guessed or rounded: if two readings are possible, the refusal carries both. A reading with more
// decimals than the currency has is impossible. The currency must be offered and the amount within its limits. The error
// is a [*Refusal]; the amounts that it advises to write are read and allowed in every language.
func (r *Rules) ParseMoney(text, lang string) (Money, error) {
	return r.ParseMoneyBeside(text, lang, "")
}

// ParseMoneyBeside is ParseMoney beside amounts in another currency than [Rules.Default], such as a former answer. A bare
// number is asked back there. The empty currency stands for none.
//
// Digits that could be the number of a card are an amount only beside a currency, and if the amount is allowed: so each
// amount that is shown is read, and the number of a card is neither kept nor quoted.
func (r *Rules) ParseMoneyBeside(text, lang, currency string) (Money, error) {
	t, ok := r.typed(text, lang)
	if !ok {
		return Money{}, r.unclear(text)
	}
	m, err := r.read(t, currency)
	if (t.words.names == nil || err != nil) && WithoutCards(text) != text {
		return Money{}, r.unclear(text)
	}
	return m, err
}

// typedAmount is a typed amount, split.
type typedAmount struct {
	text, lang string
	number     reading
	digits     string // the number as it was typed
	whole      bool   // "100,-": no cents
	words      amountMeaning
	named      string // the words beside the number
}

// typed splits a typed amount. It reports false for a text that is no amount.
func (r *Rules) typed(text, lang string) (t typedAmount, ok bool) {
	number, before, behind, whole, ok := splitAmount(text)
	if !ok {
		return t, false
	}
	t = typedAmount{text: text, lang: lang, digits: number, whole: whole, named: strings.Join(append(slices.Clone(before), behind...), " ")}
	if t.words, ok = meanings(before, behind); !ok {
		return t, false
	}
	t.number, ok = readNumber(number)
	return t, ok && !(whole && t.number.mark == 0 && t.number.frac != "")
}

// read chooses currency and reading.
func (r *Rules) read(t typedAmount, beside string) (Money, error) {
	currency, err := r.choose(t)
	if err != nil {
		return Money{}, err
	}
	if t.words.names == nil && beside != "" && beside != currency {
		return Money{}, r.refuseBare(t, beside)
	}
	if t.words.milli {
		if _, coin := coins[currency]; coin {
			return Money{}, r.refuseMilli(t, currency)
		}
	}
	m, err := t.in(currency)
	switch {
	case err == nil:
		return r.allowed(m)
	case errors.Is(err, strconv.ErrSyntax):
		digits, _ := Digits(currency)
		return Money{}, refuse(AmountPrecision, "typed", quoted(t.text), "currency", currency, "digits", strconv.Itoa(digits))
	case errors.Is(err, strconv.ErrRange):
		return Money{}, r.refuseSize(AmountTooLarge, quoted(t.digits), currency)
	}
	return Money{}, r.refuseReadings(t, currency)
}

// allowed is m, or a refusal of m.
func (r *Rules) allowed(m Money) (Money, error) {
	if err := r.CheckAmount(m); err != nil {
		return Money{}, err
	}
	return m, nil
}

// advise is the text to write for an amount, "" if the amount is not allowed.
func (r *Rules) advise(m Money, err error) string {
	if err != nil || r.CheckAmount(m) != nil {
		return ""
	}
	return trimWrite(m)
}

// refuseReadings asks which of two readings is meant. It advises only amounts that are allowed.
func (r *Rules) refuseReadings(t typedAmount, currency string) error {
	a, errA := t.with(t.number.grouped(), currency)
	b, errB := t.with(t.number.decimal(), currency)
	if errA != nil || errB != nil {
		return r.unclear(t.text)
	}
	both := []string{"typed", quoted(t.text), "a", a.neutral(), "b", b.neutral()}
	writeA, writeB := r.advise(a, nil), r.advise(b, nil)
	switch {
	case writeA != "" && writeB != "":
		return refuse(AmountAmbiguous, append(both, "write_a", writeA, "write_b", writeB)...)
	case writeA+writeB != "":
		return refuse(AmountAmbiguousOne, append(append(both, "write", writeA+writeB), r.bounds(currency)...)...)
	}
	return refuse(AmountAmbiguousNone, append(both, r.bounds(currency)...)...)
}

// refuseMilli asks what m means before a coin: a thousandth by its unit, a million by the word.
func (r *Rules) refuseMilli(t typedAmount, currency string) error {
	var write string
	for _, zeros := range []int{-3, 6} {
		t.words.zeros = zeros
		if write = r.advise(t.in(currency)); write != "" {
			break
		}
	}
	if write == "" {
		write = trimWrite(r.Example(currency))
	}
	return refuse(AmountMilli, "typed", quoted(t.text), "currency", currency, "write", write)
}

// refuseBare asks for the currency of a bare number.
func (r *Rules) refuseBare(t typedAmount, beside string) error {
	var writes []string
	for _, c := range []string{beside, r.Default} {
		if !r.Offers(c) {
			continue
		}
		write := r.advise(t.in(c))
		if write == "" {
			write = trimWrite(r.Example(c))
		}
		writes = append(writes, write)
	}
	if len(writes) == 2 {
		return refuse(AmountBare, "typed", quoted(t.text), "write_a", writes[0], "write_b", writes[1])
	}
	return refuse(AmountBareOne, "typed", quoted(t.text), "write", writes[0])
}

// trimWrite is a short text that ParseMoney reads as this amount.
func trimWrite(m Money) string {
	if m.needed() > 0 {
		return m.Plain()
	}
	return m.neutral()
}

func (r *Rules) unclear(text string) error {
	return refuse(AmountUnclear, "typed", quoted(text), "example", r.Example(r.Default).Plain(), "currencies", r.offered())
}

// foldAmount writes digits of any script as 0 to 9, and the marks and blanks of numbers as one of each kind, in lower
// case. The kinds are those of ICU's number parser (static_unicode_sets.cpp): other blanks, such as a newline, are a tab
// here and divide words, but not the digits of a number.
func foldAmount(text string) string {
	return strings.Map(func(r rune) rune {
		if d, ok := decimal.Digit(r); ok {
			return rune('0' + d)
		}
		switch {
		case strings.ContainsRune("'’‘＇ʼ`", r):
			return '\''
		case r == '٬': // U+066C, Arabic thousands separator: its own kind, since it groups lakhs, too
			return '`'
		case strings.ContainsRune(",،、︐︑﹐﹑，､", r):
			return ','
		case strings.ContainsRune(".․。︒﹒．｡", r):
			return '.'
		case r == ' ' || r == '\u00a0' || '\u2000' <= r && r <= '\u200a' || r == '\u202f' || r == '\u205f' || r == '\u3000':
			return ' '
		case unicode.IsSpace(r):
			return '\t'
		case unicode.Is(unicode.Cf, r), r == '\ufe0f':
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// splitAmount splits a typed amount into the number (ASCII digits and separators) and the lower-case words before and
// behind it. A word between digits (`10 usd 5`, `1e5`, `0x529`) makes the text unreadable. whole reports a mark for "no
// cents": `100,-`.
func splitAmount(text string) (number string, before, behind []string, whole, ok bool) {
	if len(text) > amountMax || !utf8.ValidString(text) {
		return
	}
	s := foldAmount(text)
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
	if strings.ContainsFunc(number, func(r rune) bool { return !strings.ContainsRune(digits+"., '`٫", r) }) {
		return
	}
	for _, mark := range []string{",", ".", ":"} { // "100,- €": no cents
		rest, cut := strings.CutPrefix(tail, mark)
		bare := strings.TrimLeft(rest, "-–—−")
		if cut && bare != rest {
			tail, whole = bare, true
			break
		}
	}
	tail = strings.TrimPrefix(tail, ".") // the end of a sentence
	return number, amountWords(head), amountWords(tail), whole, true
}

func amountWords(s string) []string {
	words := strings.Fields(s)
	for i, w := range words {
		words[i] = strings.TrimRight(w, ".")
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// amountMeaning is what the words beside a number say together.
type amountMeaning struct {
	names    []string // the currencies that they may mean; nil: none was named
	zeros    int      // of a magnitude
	milli    bool     // the magnitude is m: a million of money, a thousandth of a coin
	subunits int      // decimals of a named part of the currency: 8 of a satoshi
}

// meanings reads the words beside a number. It reports false for an unknown word and for words that contradict each
// other.
func meanings(before, behind []string) (m amountMeaning, ok bool) {
	add := func(word string) bool {
		c := called(word)
		if part, ok := subunits[word]; ok && m.subunits == 0 {
			c, m.subunits = []string{part.currency}, part.decimals
		}
		if len(c) == 0 {
			return false
		}
		if m.names != nil {
			c = both(m.names, c)
		}
		m.names = c
		return len(c) > 0
	}
	scale := func(word string) bool {
		z := magnitudes[word]
		if z == 0 || m.zeros != 0 {
			return false
		}
		m.zeros, m.milli = z, word == "m"
		return true
	}
	for _, w := range before {
		if !add(w) {
			return m, false
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
			return m, false
		}
	}
	return m, true
}

// choose picks the meant currency among the offered ones. A shared sign means the default; cards write no shared
// sign: see [Rules.Format].
func (r *Rules) choose(t typedAmount) (string, error) {
	names := t.words.names
	if names == nil {
		return r.Default, nil
	}
	here := both(names, r.Currencies)
	switch {
	case len(here) == 0:
		return "", refuse(AmountCurrency, "typed", quoted(t.text), "currency", names[0], "currencies", r.offered())
	case len(here) == 1:
		return here[0], nil
	case slices.Contains(here, r.Default):
		return r.Default, nil
	}
	write := ""
	for _, c := range here {
		if write = r.advise(t.in(c)); write != "" {
			break
		}
	}
	if write == "" {
		write = trimWrite(r.Example(here[0]))
	}
	return "", refuse(AmountSign, "typed", quoted(t.text), "sign", t.named, "currencies", strings.Join(here, ", "), "write", write)
}

// in is the amount in a currency. Errors: errTwoReadings, strconv.ErrSyntax (too many decimals), strconv.ErrRange.
func (t *typedAmount) in(currency string) (Money, error) {
	digits := t.decimals(currency)
	n := t.number
	if n.mark != 0 {
		_, err := t.with(n.decimal(), currency)
		switch {
		case t.whole, digits == 0: // "1.250,-", 1.250 yen
			n = n.grouped()
		case n.mark == groupMark(t.lang) && writtenInCents(currency):
			n = n.grouped()
		case errors.Is(err, strconv.ErrSyntax): // 1.234 has too many decimals for a price, so it is 1,234
			n = n.grouped()
		default:
			return Money{}, errTwoReadings
		}
	}
	// "1,2500" is more likely a mistyped thousand than a decimal comma with needless zeros.
	if n.comma && len(n.frac) > max(digits+1, 3) {
		return Money{}, strconv.ErrSyntax
	}
	return t.with(n, currency)
}

// decimals is the most decimals that the number can have: those of the currency, less those of a part of it, and more by
// the zeros of a magnitude.
func (t *typedAmount) decimals(currency string) int {
	digits, _ := Digits(currency)
	return digits - t.words.subunits + t.words.zeros
}

// with is the amount by one reading of its number.
func (t *typedAmount) with(n reading, currency string) (Money, error) {
	if t.decimals(currency) < 0 { // thousandths of a satoshi
		return Money{}, strconv.ErrSyntax
	}
	minor, err := toMinor(n.whole, n.frac, t.decimals(currency))
	return Money{minor, currency}, err
}
