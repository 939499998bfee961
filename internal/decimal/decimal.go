// Package decimal reads the decimal digits of all scripts. People write numbers with them, and no two questions read them
// differently.
package decimal

import (
	"strings"
	"unicode"
)

// Digit is the value of a decimal digit of any script.
func Digit(r rune) (value byte, ok bool) {
	if r < 0x80 {
		return byte(r - '0'), '0' <= r && r <= '9'
	}
	// The Unicode Standard, 4.6: decimal digits (Nd) form contiguous runs of ten that begin at zero.
	for _, t := range unicode.Nd.R16 {
		if uint32(t.Lo) <= uint32(r) && uint32(r) <= uint32(t.Hi) {
			return byte((uint32(r) - uint32(t.Lo)) % 10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if t.Lo <= uint32(r) && uint32(r) <= t.Hi {
			return byte((uint32(r) - t.Lo) % 10), true
		}
	}
	return 0, false
}

// ASCII writes the digits of any script as 0 to 9.
func ASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if d, ok := Digit(r); ok {
			return rune('0' + d)
		}
		return r
	}, s)
}
