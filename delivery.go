package lockbay

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay/internal/decimal"
)

// deliveryRunes is the longest typed delivery time, in runes.
const deliveryRunes = 64

// The words of a delivery time, in lower case.
var (
	deliveryUnits   = units("h hr hrs hour hours", 1, "d day days", 24, "w wk wks week weeks", 168, "month months", 720, "fortnight", 336) // :: unit → hours
	deliveryNumbers = map[string]int{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
		"eight": 8, "nine": 9, "ten": 10, "twelve": 12}
	deliveryFillers = set("in within and max maximum") // ignored
	deliveryDates   = set(`monday tuesday wednesday thursday friday saturday sunday tue tues wed thu thur thurs fri
		today tonight tomorrow weekend noon midnight eod christmas easter
		january february april june july august september october november december
		jan feb apr jun jul aug sep sept oct nov dec`)  // name a day or a time
	deliveryMaybe = set("mon sat sun may march mar am pm morning afternoon evening night next this") // do so only beside other such words
	deliveryLinks = set("by on until till before at the of")                                         // stand between them
	deliveryUnder = set("m min mins minute minutes s sec secs second seconds")                       // less than an hour
)

var deliveryHalves = strings.NewReplacer("½", " 1/2", "¼", " 1/4", "¾", " 3/4")

// halfOf is a half in words, at the beginning: "half an hour".
var halfOf = regexp.MustCompile(`^(?:in |within )?half (?:an? )?(hour|day|week|month)$`)

// fromPayment is how people say what delivery times are counted from anyway.
var fromPayment = regexp.MustCompile(`,? (?:counted )?(?:from|after|of) (?:the |my |your )?payment$`)

func units(table ...any) map[string]int {
	m := make(map[string]int)
	for i := 0; i < len(table); i += 2 {
		for _, w := range strings.Fields(table[i].(string)) {
			m[w] = table[i+1].(int)
		}
	}
	return m
}

func set(table string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(table) {
		m[w] = true
	}
	return m
}

// ParseDelivery reads how long delivery may take, in whole hours counted from payment: `36`, `36h`, `36 hours`,
// `3 days`, `1.5 days`, `1 1/2 days`, `a week`, `1 day 12 hours`. A bare number is hours. Every unit has a number before it,
// comes once, and is smaller than the unit before it; so is its time, since `2 days, 48 hours` may say one thing twice.
//
// Minutes and parts of an hour are refused with [DeliveryMinutes]. Weekdays and dates depend on when the buyer pays, so they are refused with [DeliveryDate]. A time such as `1:30` may be a
// length, too, and `24/7` is neither, so they are unclear. The error is a [*Refusal], whose examples are allowed.
func (r *Rules) ParseDelivery(text string) (hours int, err error) {
	typed := strings.ToLower(decimal.ASCII(oneLine(firstRunes(text, deliveryRunes+1))))
	typed = strings.TrimPrefix(strings.TrimPrefix(typed, "up to "), "at most ") // only in front: "24h to 48h" is unclear
	typed = strings.TrimSpace(deliveryHalves.Replace(typed))
	typed = halfOf.ReplaceAllString(fromPayment.ReplaceAllString(typed, ""), "1/2 $1")
	tokens, ok := deliveryTokens(typed)
	if ok && utf8.RuneCountInString(typed) <= deliveryRunes {
		if hours, ok = readDelivery(tokens); ok && hours < hoursMost {
			if err := r.CheckDelivery(hours); err != nil {
				return 0, err
			}
			return hours, nil
		}
		if namesMinutes(tokens) {
			return 0, refuse(DeliveryMinutes, "typed", quoted(text), "example", r.ExampleHours(2),
				"low", strconv.Itoa(r.DeliveryMin), "high", strconv.Itoa(r.DeliveryMax))
		}
		if namesDate(tokens) && !strings.ContainsAny(text, "½¼¾") {
			return 0, refuse(DeliveryDate, "typed", quoted(text), "example", r.ExampleHours(72))
		}
	}
	return 0, refuse(DeliveryUnclear, "typed", quoted(text), "example", r.ExampleHours(36),
		"low", strconv.Itoa(r.DeliveryMin), "high", strconv.Itoa(r.DeliveryMax))
}

// ExampleHours is an example of a typed delivery time, which is allowed: so many hours, or the nearest number.
func (r *Rules) ExampleHours(hours int) string {
	return strconv.Itoa(min(max(hours, r.DeliveryMin), r.DeliveryMax)) + "h"
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// deliveryTokens splits text into numbers (with the separators inside: "1.5", "5.12.2026", "17:00") and words. It
// reports false for any other character between them.
func deliveryTokens(s string) (tokens []string, ok bool) {
	for s = strings.TrimRight(s, " .!"); s != ""; s = strings.TrimLeft(s, " ") {
		end := 0
		if d := s[0]; '0' <= d && d <= '9' {
			for end < len(s) && ('0' <= s[end] && s[end] <= '9' ||
				strings.IndexByte(".,:/-", s[end]) >= 0 && end+1 < len(s) && '0' <= s[end+1] && s[end+1] <= '9') {
				end++
			}
		} else {
			for i, r := range s {
				if !unicode.IsLetter(r) && !unicode.IsMark(r) && (r != '\'' && r != '’' || i == 0) {
					break
				}
				end = i + utf8.RuneLen(r)
			}
		}
		if end == 0 {
			return tokens, false
		}
		tokens, s = append(tokens, s[:end]), s[end:]
		if strings.HasPrefix(s, ". ") || strings.HasPrefix(s, ", ") || strings.HasPrefix(s, "-") && len(tokens) == 1 && len(s) > 1 && (s[1] < '0' || s[1] > '9') {
			s = s[1:] // "36 hrs. max", "3 days, 12 hours", "3-day"
		}
	}
	return tokens, len(tokens) > 0
}

// hoursMost keeps sums far from overflow. So many hours are no time: they are a date without marks (20261205), or a slip.
const hoursMost = 1_000_000

// readDelivery adds up pairs of number and unit. A number alone is hours.
func readDelivery(tokens []string) (hours int, ok bool) {
	// The number that waits for its unit is in 1/20 hours of a unit of one hour: tenths, halves and quarters are whole.
	const parts = 20
	number, last, pairs := -1, hoursMost*parts, 0
	for i, t := range tokens {
		word, isWord := deliveryNumbers[t]
		unit := deliveryUnits[t]
		switch {
		case t[0] >= '0' && t[0] <= '9' || isWord && unit == 0:
			part, isPart := readFraction(t)
			switch {
			case isPart && i+1 < len(tokens) && deliveryUnits[tokens[i+1]] > 0 && (number < 0 || i > 0 && allDigits(tokens[i-1])):
				number = max(number, 0) + part // "1/2 day", "1 1/2 days"
			case number >= 0 || isPart:
				return 0, false
			case isWord:
				number = word * parts
			default:
				tenths, ok := readTenths(t)
				if !ok {
					return 0, false
				}
				number = tenths * (parts / 10)
			}
		case unit > 0:
			if number < 0 || number*unit%parts != 0 || unit*parts >= last || pairs > 0 && number*unit >= last {
				return 0, false
			}
			hours, pairs, last, number = min(hours+number*unit/parts, hoursMost), pairs+1, unit*parts, -1
		case !deliveryFillers[t]:
			return 0, false
		}
	}
	if number >= 0 {
		first := tokens[0]
		for _, t := range tokens {
			if !deliveryFillers[t] {
				first = t
			}
		}
		if pairs > 0 || number%parts != 0 || first == "a" || first == "an" || strings.ContainsAny(first, ".,") {
			return 0, false
		}
		hours, pairs = number/parts, 1
	}
	return hours, pairs > 0
}

// readFraction reads "1/2", "1/4" and "3/4", in twentieths.
func readFraction(s string) (twentieths int, ok bool) {
	switch s {
	case "1/2":
		return 10, true
	case "1/4":
		return 5, true
	case "3/4":
		return 15, true
	}
	return 0, false
}

// readTenths reads "36" or "1.5". More decimals never make whole hours.
func readTenths(s string) (tenths int, ok bool) {
	whole, frac, point := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	if !allDigits(whole) || point && (len(frac) != 1 || !allDigits(frac)) {
		return 0, false
	}
	n, err := strconv.Atoi(whole)
	if err != nil || n > hoursMost {
		n = hoursMost
	}
	if point {
		return n*10 + int(frac[0]-'0'), true
	}
	return n * 10, true
}

// namesMinutes reports whether the tokens are a length with minutes, seconds or a part of an hour, and nothing else.
func namesMinutes(tokens []string) bool {
	minutes, numbers := false, false
	for i, t := range tokens {
		_, part := readFraction(t)
		_, whole := readTenths(t)
		switch {
		case deliveryUnder[t]:
			minutes = true
		case part && i+1 < len(tokens) && deliveryUnits[tokens[i+1]] == 1:
			minutes, numbers = true, true
		case part, whole, deliveryNumbers[t] > 0:
			numbers = true
		case deliveryUnits[t] == 0 && !deliveryFillers[t]:
			return false
		}
	}
	return minutes && numbers
}

// namesDate reports whether the tokens name a weekday, a month, a clock time or a date.
func namesDate(tokens []string) bool {
	certain, beside, stray := 0, 0, 0
	for i, t := range tokens {
		behindNumber := i > 0 && tokens[i-1][0] >= '0' && tokens[i-1][0] <= '9'
		_, part := readFraction(t)
		switch {
		case part && behindNumber: // "1 1/2"
			return false
		case deliveryDates[t], isDate(t) && (i+1 == len(tokens) || deliveryUnits[tokens[i+1]] == 0), (t == "am" || t == "pm") && behindNumber:
			certain++
		case deliveryMaybe[t]:
			beside++
		case deliveryUnits[t] == 0 && !deliveryLinks[t] && !deliveryFillers[t] && !(t[0] >= '0' && t[0] <= '9'):
			stray++
		}
	}
	return certain > 0 || beside > 0 && stray == 0
}

// isDate reports a clock time of the afternoon ("17:00"; an earlier one may be a length), or a date of numbers: "5/12",
// "05.12", "5.12.2026", "2026-12-05", "20261205".
func isDate(t string) bool {
	if t[0] < '0' || t[0] > '9' || t == "24/7" || t == "7/24" {
		return false
	}
	if len(t) == 8 && allDigits(t) {
		return isDate(t[:4]+"-"+t[4:6]+"-"+t[6:]) || isDate(t[:2]+"-"+t[2:4]+"-"+t[4:])
	}
	parts := strings.FieldsFunc(t, func(r rune) bool { return strings.ContainsRune(".:/-", r) })
	n := make([]int, len(parts))
	for i, p := range parts {
		var err error
		if n[i], err = strconv.Atoi(p); err != nil {
			return false
		}
	}
	day := func(n int) bool { return 1 <= n && n <= 31 }
	month := func(n int) bool { return 1 <= n && n <= 12 }
	switch {
	case len(n) == 2 && strings.Contains(t, ":"):
		return 13 <= n[0] && n[0] < 24 && n[1] < 60 && len(parts[1]) == 2
	case len(n) == 2 && strings.Contains(t, "/"):
		return day(n[0]) && month(n[1]) || month(n[0]) && day(n[1])
	case len(n) == 2 && strings.Contains(t, "."):
		return day(n[0]) && month(n[1]) && len(parts[1]) == 2
	case len(n) == 3:
		return !strings.Contains(t, ":") && (day(n[0]) && month(n[1]) || month(n[0]) && day(n[1]) || month(n[1]) && day(n[2]))
	}
	return false
}
