package lockbay

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// quotedMax is the longest quote of an answer in a refusal, in characters (grapheme clusters).
const quotedMax = 60

// oneLine makes typed text valid UTF-8 with single spaces, and removes invisible and control characters. U+FFFD stays: it
// stands for a character that was lost on the way, and the text without it may be another name.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Cc):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	return strings.Join(strings.Fields(s), " ")
}

// quoted is text as a refusal shows it: as typed, on one line of at most quotedMax characters. Numbers of cards are
// hidden first: half a number is not known as one.
func quoted(s string) string {
	const bytesMax = 16 * quotedMax // a cluster has no upper size: Zalgo
	line := WithoutCards(strings.Join(strings.Fields(cleanText(s)), " "))
	rest, state, n := line, -1, 0
	for len(rest) > 0 {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n++; n > quotedMax || len(line)-len(rest) > bytesMax {
			return strings.TrimSpace(line[:len(line)-len(rest)-len(cluster)]) + "…"
		}
	}
	return line
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
