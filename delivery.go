package lockbay

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// deliveryRunes is the longest typed delivery time, in runes.
const deliveryRunes = 64

// The words of a delivery time, in lower case.
var (
	deliveryUnits   = units("h hr hrs hour hours", 1, "d day days", 24, "w wk wks week weeks", 168, "month months", 720, "fortnight", 336) // :: unit → hours
	deliveryNumbers = map[string]int{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
		"eight": 8, "nine": 9, "ten": 10, "twelve": 12}
	deliveryFillers = set("in within and max maximum") // ignored
	deliveryDates   = set(`monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
		today tonight tomorrow weekend next this noon midnight morning afternoon evening night am pm eod christmas easter
		january february march april may june july august september october november december
		jan feb mar apr jun jul aug sep sept oct nov dec`)  // name a day or a time
)

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
// `3 days`, `1.5 days`, `1 week`, `1 day 12 hours`. A bare number is hours. Weekdays and dates depend on when the buyer
// pays, so they are refused with [DeliveryDate]. The error is a [*Refusal].
func (r *Rules) ParseDelivery(text string) (hours int, err error) {
	typed := strings.ToLower(asciiDigits(oneLine(firstRunes(text, deliveryRunes+1))))
	typed = strings.TrimPrefix(strings.TrimPrefix(typed, "up to "), "at most ") // only in front: "24h to 48h" is unclear
	tokens, ok := deliveryTokens(typed)
	if ok && utf8.RuneCountInString(typed) <= deliveryRunes {
		if hours, ok = readDelivery(tokens); ok {
			if err := r.CheckDelivery(hours); err != nil {
				return 0, err
			}
			return hours, nil
		}
		if namesDate(tokens) {
			return 0, refuse(DeliveryDate, "typed", quoted(text), "example", strconv.Itoa(min(72, r.DeliveryMax))+"h")
		}
	}
	return 0, refuse(DeliveryUnclear, "typed", quoted(text), "low", strconv.Itoa(r.DeliveryMin), "high", strconv.Itoa(r.DeliveryMax))
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

// hoursMost keeps sums far from overflow. All rules refuse so many hours.
const hoursMost = 1_000_000

// readDelivery adds up pairs of number and unit. A number alone is hours.
func readDelivery(tokens []string) (hours int, ok bool) {
	tenths, pairs := -1, 0 // the number waiting for its unit, in tenths
	for _, t := range tokens {
		number, isWord := deliveryNumbers[t]
		unit := deliveryUnits[t]
		switch {
		case t[0] >= '0' && t[0] <= '9' || isWord && unit == 0:
			if tenths >= 0 {
				return 0, false
			}
			tenths = number * 10
			if !isWord {
				if tenths, ok = readTenths(t); !ok {
					return 0, false
				}
			}
		case unit > 0:
			if tenths < 0 {
				if len(tokens) > 1 || unit < 24 {
					return 0, false
				}
				tenths = 10 // "week"
			}
			if tenths*unit%10 != 0 {
				return 0, false
			}
			hours, tenths, pairs = min(hours+tenths*unit/10, hoursMost), -1, pairs+1
		case !deliveryFillers[t]:
			return 0, false
		}
	}
	if tenths >= 0 {
		if pairs > 0 || tenths%10 != 0 || strings.ContainsAny(strings.Join(tokens, " "), ".,") {
			return 0, false
		}
		hours, pairs = tenths/10, 1
	}
	return hours, pairs > 0
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

// namesDate reports a weekday, month, clock time or date among the tokens.
func namesDate(tokens []string) bool {
	for _, t := range tokens {
		if deliveryDates[t] || t[0] >= '0' && t[0] <= '9' && (strings.ContainsAny(t, ":/") ||
			strings.Count(t, ".") > 1 || strings.Count(t, "-") > 1 || strings.Contains(t, ".") && len(tokens) == 1) {
			return true
		}
	}
	return false
}
