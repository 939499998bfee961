package dialog

import "testing"

// TestParseKey: a link may carry any text, and some databases reject a NUL.
func TestParseKey(t *testing.T) {
	for _, k := range []Key{{"bot", "pizza", "tg:1"}, {"bot", "deal", "ESC-1"}, {"b", "f", "a:b:c ё"}} {
		if got, err := ParseKey(k.String()); err != nil || got != k {
			t.Errorf("%q: %+v, %v", k.String(), got, err)
		}
	}
	for _, s := range []string{"", "bot", "bot:pizza", "bot:pizza:", ":pizza:1", "bot::1", "bot:pizza:\x00", "bot:pizza:1\x00", "bot:pizza:\xff"} {
		if k, err := ParseKey(s); err == nil {
			t.Errorf("%q is %+v", s, k)
		}
	}
}
