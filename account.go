package lockbay

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay/internal/decimal"
	"github.com/nyaruka/phonenumbers"
)

// Where money goes is not who: a bank account or a card in place of a person is refused as a wallet address is.

// ibanLengths are the lengths of IBANs by country (SWIFT's IBAN registry, and the countries that use the form without
// being in it).
var ibanLengths = lengths(`15 NO|16 BE|18 DK FI FK FO GL NL SD|19 MK SI|20 AT BA EE KZ LT LU MN XK|21 CH HR LI LV
22 BG BH CR DE GB GE IE ME RS VA|23 AE GI IL IQ OM SO TL|24 AD CZ ES MD PK RO SA SE SK TN VG|25 AO CV GW LY MZ PT ST
26 DZ IR IS TR|27 BI CF CG CM DJ FR GA GQ GR IT KM MC MG MR SM TD|28 AL AZ BF BJ BY CI CY DO GT HN HU LB MA ML NE NI PL SN SV TG
29 BR EG PS QA UA|30 JO KW MU YE|31 MT SC|32 LC|33 RU`)

func lengths(table string) map[string]int {
	m := make(map[string]int)
	for entry := range strings.FieldsFuncSeq(table, func(r rune) bool { return r == '|' || r == '\n' }) {
		f := strings.Fields(entry)
		for _, country := range f[1:] {
			m[country] = int(f[0][0]-'0')*10 + int(f[0][1]-'0')
		}
	}
	return m
}

// NamesBank reports whether a text for people names a bank account: an IBAN by its country and length, or a BIC, sort code,
// routing or account number behind its name. Check digits are ignored: a mistyped account is a bank's, too.
func NamesBank(text string) bool {
	for _, at := range ibanBegin.FindAllStringIndex(text, -1) {
		if beginsIBAN(text[at[0]:]) {
			return true
		}
	}
	for _, m := range bankCode.FindAllStringSubmatch(text, -1) {
		if m[1] == "" || phonenumbers.GetSupportedRegions()[m[1]] {
			return true
		}
	}
	return false
}

var (
	ibanBegin = regexp.MustCompile(`(?i)\b[A-Z]{2}[0-9]{2}`)
	ibanGroup = regexp.MustCompile(`(?i)^[A-Z0-9]+`)
	// bankCode matches a code behind its name; of a BIC it has the country.
	bankCode = regexp.MustCompile(`(?i:\b(?:BIC|SWIFT)\b(?: ?code)?\W{1,3})+[A-Z]{4}([A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b` +
		`|(?i)\bsort code\W{1,3}\d{2}[ -]?\d{2}[ -]?\d{2}\b|\brouting\b[^0-9\n]{0,12}\d{9}\b|\baccount (?:number|no\.?|#)[^0-9\n]{0,3}\d{6,}`)
)

// beginsIBAN reports whether a text begins with an IBAN, whole or in groups.
func beginsIBAN(text string) bool {
	n, country := 0, strings.ToUpper(text[:2])
	for n < ibanLengths[country] {
		group := ibanGroup.FindString(text)
		if group == "" {
			return false
		}
		n, text = n+len(group), text[len(group):]
		if n == ibanLengths[country] {
			break
		}
		r, size := utf8.DecodeRuneInString(text)
		if r != '-' && !unicode.IsSpace(r) {
			return false
		}
		text = text[size:]
	}
	r, _ := utf8.DecodeRuneInString(text)
	return n > 0 && n == ibanLengths[country] && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// payPage matches the pages on which people are paid.
var payPage = regexp.MustCompile(`(?i)(?:^|[ /.])(?:paypal\.me|paypal\.com/paypalme|cash\.app|venmo\.com|revolut\.me|monzo\.me|wise\.com/pay)/`)

// looksLikeAccount reports text that holds the number of a bank account or of a card, or a page to pay to. A number of
// 18 digits is an account's: it is longer than 00 and any phone number (E.164).
func looksLikeAccount(s string) bool {
	return hasIBAN(s) || mistypedIBAN(s) || len(cards(s)) > 0 || longNumber.MatchString(s) || payPage.MatchString(s)
}

var longNumber = regexp.MustCompile(`(?:^|[^\pL\p{Nd}+])\p{Nd}{18,}(?:$|[^\pL\p{Nd}])`)

// mistypedIBAN reports a text that begins as an IBAN and is as long, whatever its check digits are. Half of it is digits,
// which tells it from a name.
func mistypedIBAN(s string) bool {
	s = strings.TrimPrefix(s, "@")
	at := ibanBegin.FindStringIndex(s)
	return at != nil && at[0] == 0 && beginsIBAN(s) && len(digitsOf(s)) >= len(notLetter.ReplaceAllString(s, ""))
}

var notLetter = regexp.MustCompile(`\PL`)

var ibanShape = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)

// hasIBAN finds an IBAN anywhere in a text, with or without blanks and dashes, by its check digits (ISO 7064, mod 97).
func hasIBAN(s string) bool {
	var b strings.Builder
	for _, r := range s {
		if d, ok := decimal.Digit(r); ok {
			b.WriteByte('0' + d)
		} else if r = unicode.ToUpper(r); 'A' <= r && r <= 'Z' {
			b.WriteByte(byte(r))
		}
	}
	text := b.String()
	if ibanShape.MatchString(text) && mod97(text) {
		return true
	}
	for i := 0; i+4 < len(text); i++ {
		n := ibanLengths[text[i:i+2]]
		if n > 0 && i+n <= len(text) && ibanShape.MatchString(text[i:i+n]) && mod97(text[i:i+n]) {
			return true
		}
	}
	return false
}

func mod97(iban string) bool {
	rest := 0
	for _, c := range []byte(iban[4:] + iban[:4]) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

// digitRun is digits that belong together: with blanks, dashes and invisible characters of any script between them, or any
// marks between groups of four.
var digitRun = regexp.MustCompile(`[+＋]?\p{Nd}(?:[\s\p{Z}\p{C}\p{M}\p{Pd}\x{2212}]{0,8}\p{Nd}|[^\pL\p{Nd}\n+@]{1,6}\p{Nd}{4}){3,}`)

// cardMost is the most digits of a card's number.
const cardMost = 19

// cards finds the numbers of cards in a text, as pairs of begin and end. A number that begins with + or 0 is a phone
// number, and one among letters and other digits is a part of something else.
func cards(s string) (found [][2]int) {
	for _, at := range digitRun.FindAllStringIndex(s, -1) {
		var starts, ends []int // of the groups of digits
		in := false
		for i, r := range s[at[0]:at[1]] {
			_, ok := decimal.Digit(r)
			switch i += at[0]; {
			case ok && !in:
				starts = append(starts, i)
			case in && !ok:
				ends = append(ends, i)
			}
			in = ok
		}
		ends = append(ends, at[1])
		before := strings.TrimRightFunc(s[:at[0]], unicode.IsLetter)
		behind := strings.TrimLeftFunc(s[at[1]:], unicode.IsLetter)
		if starts[0] != at[0] || s[at[0]] == '0' || endsInDigit(before) || beginsWithDigit(behind) {
			continue
		}
		for i := 0; i < len(starts); i++ {
			digits, last := "", -1
			for j := i; j < len(ends) && len(digits) <= cardMost; j++ {
				if digits += digitsOf(s[starts[j]:ends[j]]); cardNumber(digits) {
					last = j
				}
			}
			switch n := len(found) - 1; {
			case last < 0:
			case n >= 0 && starts[i] < found[n][1]: // two readings that overlap: neither leaves a part of the other
				found[n][1] = max(found[n][1], ends[last])
			default:
				found = append(found, [2]int{starts[i], ends[last]})
			}
		}
	}
	return found
}

func isPhone(number string) bool {
	n, err := phonenumbers.Parse(number, "")
	return err == nil && phonenumbers.IsValidNumber(n)
}

func endsInDigit(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsDigit(r)
}

func beginsWithDigit(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsDigit(r)
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if d, ok := decimal.Digit(r); ok {
			return rune('0' + d)
		}
		return -1
	}, s)
}

// cardNumber reports the number of a card: its length, its first digits (ISO/IEC 7812) and its check digit (Luhn). A
// number of 13 digits that is a phone number with its country is that.
func cardNumber(digits string) bool {
	if len(digits) < 13 {
		return false
	}
	switch first, two := digits[0], digits[:2]; len(digits) {
	case 13:
		if first != '4' || isPhone("+"+digits) {
			return false
		}
	case 14:
		if two != "30" && two != "36" && two != "38" && two != "39" {
			return false
		}
	case 15:
		if two != "34" && two != "37" {
			return false
		}
	case 16, 17, 18, 19: // from 2, cards begin with 22 to 2720: "27," of a date before a card is no part of it
		if first < '2' || first == '2' && (two < "22" || digits[:4] > "2720") {
			return false
		}
	default:
		return false
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// WithoutCards hides the numbers of cards in a text, which are neither quoted nor kept.
func WithoutCards(s string) string {
	if len(s) < 13 || !utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	from := 0
	for _, at := range cards(s) {
		b.WriteString(s[from:at[0]])
		b.WriteString("…")
		from = at[1]
	}
	if from == 0 {
		return s
	}
	b.WriteString(s[from:])
	return b.String()
}
