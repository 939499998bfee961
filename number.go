package lockbay

import (
	"errors"
	"strings"
)

// reading is a split number. With mark set it reads both as whole+frac (grouped thousands) and as whole.frac.
type reading struct {
	whole, frac string
	mark        byte // '.' or ',', if it is the only separator with three digits behind it
	comma       bool // the decimals stood behind a comma
}

var errTwoReadings = errors.New("two readings")

func (n reading) grouped() reading { return reading{whole: n.whole + n.frac} }
func (n reading) decimal() reading { return reading{whole: n.whole, frac: n.frac} }

// readNumber reads separators, as foldAmount writes them. Apostrophes, ` and spaces group digits. `٫` is decimal. If both `.`
// and `,` occur, the last of them is decimal. A separator that repeats groups digits by three. Anything else reports false.
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

// ungroup removes one kind of group separator: groups of three, or groups of two before the last three. Groups of two are
// those of South Asia, where commas divide them (in Kashmiri U+066C, here `).
func ungroup(s string) (string, bool) {
	if allDigits(s) {
		return s, true
	}
	at := strings.IndexAny(s, ".,'` ")
	if at < 1 || s[0] == '0' {
		return "", false
	}
	groups := strings.Split(s, s[at:at+1])
	last := len(groups) - 1
	if !allDigits(strings.Join(groups, "")) || len(groups[last]) != 3 || len(groups[0]) > 3 {
		return "", false
	}
	threes, twos := true, (s[at] == ',' || s[at] == '`') && len(groups[0]) <= 2
	for _, g := range groups[1:last] {
		threes, twos = threes && len(g) == 3, twos && len(g) == 2
	}
	return strings.Join(groups, ""), threes || twos
}
