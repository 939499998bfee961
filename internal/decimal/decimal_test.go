package decimal_test

import (
	"testing"
	"unicode"

	"github.com/lockbay/lockbay/internal/decimal"
)

func TestDigitsOfAllScripts(t *testing.T) {
	for _, c := range []rune{'0', '٠', '۰', '०', '০', '０', '𝟎', '𝟘', '𞥐'} {
		for i := range rune(10) {
			if d, ok := decimal.Digit(c + i); !ok || d != byte(i) {
				t.Errorf("%c: %d %v", c+i, d, ok)
			}
		}
	}
	// Digit relies on these runs of ten.
	n := 0
	for _, t16 := range unicode.Nd.R16 {
		n += int(t16.Hi-t16.Lo) + 1
		if t16.Stride != 1 || (t16.Hi-t16.Lo+1)%10 != 0 {
			t.Errorf("%x to %x is no run of tens", t16.Lo, t16.Hi)
		}
	}
	for _, t32 := range unicode.Nd.R32 {
		if t32.Stride != 1 || (t32.Hi-t32.Lo+1)%10 != 0 {
			t.Errorf("%x to %x is no run of tens", t32.Lo, t32.Hi)
		}
	}
	if _, ok := decimal.Digit('x'); ok || n < 100 {
		t.Error("x is a digit, or nothing is")
	}
	if got := decimal.ASCII("२४.１２.۲۰۲۶ x"); got != "24.12.2026 x" {
		t.Errorf("%q", got)
	}
}
