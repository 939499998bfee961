package dialog

import (
	"testing"

	"pgregory.net/rapid"
)

// TestVisible: blanks and invisible characters of any kind show nothing.
func TestVisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blanks := rapid.SliceOf(rapid.SampledFrom([]rune(" \t\n\u00a0\u3000\u200b\u200d\u2060\u2068\u202e\ufeff\u3164\u115f\u2800\ufe0f\U000e0061\u00ad")))
		text := string(blanks.Draw(t, "text"))
		if Visible(text) || !Visible(text+"x") || !Visible("."+text) {
			t.Fatalf("%q", text)
		}
	})
}
