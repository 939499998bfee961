package lockbay

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// clusterBytes bounds the average bytes of a character. An emoji family has 25 bytes, and a Zalgo cluster any number of
// them; usual text stays far below the bound.
const clusterBytes = 8

// CleanDescription cleans a typed description for storing and showing, and checks its length in visible characters
// (grapheme clusters). The error is a [*Refusal]; the clean text is returned with it.
func (r *Rules) CleanDescription(text string) (string, error) {
	s := cleanText(text)
	return s, r.CheckDescription(s)
}

// lettersMin is the fewest letters and digits of a description: signs and emoji alone cannot say what must arrive.
const lettersMin = 3

// tells reports whether a rune can be a part of a word or a number. Letters that only lengthen or modify others (Lm, such
// as ـ, ー and ʼ) say nothing by themselves.
func tells(r rune) bool {
	return unicode.IsLetter(r) && !unicode.Is(unicode.Lm, r) || unicode.IsNumber(r)
}

// link matches a word that is a link: with a scheme, www. or a path behind the host. A bare host is none, since a domain
// may be what is sold.
var link = regexp.MustCompile(`(?i)^[^\p{L}\p{N}]*(?:[a-z][a-z0-9+.-]*://|www\.|[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?::\d+)?/)`)

// besideLinks is s without its links.
func besideLinks(s string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(s), link.MatchString), " ")
}

// telling counts the characters of s with a letter or a digit.
func telling(s string) (n int) {
	for c := uniseg.NewGraphemes(s); c.Next(); {
		if !unseen(c.Str()) && strings.ContainsFunc(c.Str(), tells) {
			n++
		}
	}
	return n
}

// CheckDescription checks a clean description against today's rules: its length, its letters and digits, words beside its
// links, and that it has no number of a card. What is behind a link changes after the two agreed, so a link does not say
// what must arrive. The text is kept for months and shown to two people and the operator, so a card is refused in it as
// everywhere; a text without a part would be another text than the buyer agreed to.
func (r *Rules) CheckDescription(s string) error {
	low, high := strconv.Itoa(r.DescriptionMin), strconv.Itoa(r.DescriptionMax)
	count, visible, letters, over := 0, 0, 0, 0
	rest, state := s, -1
	for len(rest) > 0 {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		count++
		if !unseen(cluster) {
			visible++
			if strings.ContainsFunc(cluster, tells) {
				letters++
			}
		}
		if count > r.DescriptionMax || len(s)-len(rest) > clusterBytes*r.DescriptionMax {
			over++
		}
	}
	switch {
	case WithoutCards(s) != s:
		return refuse(DescriptionCard)
	case over > 0:
		return refuse(DescriptionLong, "over", strconv.Itoa(over), "low", low, "high", high)
	case visible < r.DescriptionMin:
		return refuse(DescriptionShort, "typed", quoted(s), "low", low, "high", high)
	case letters < min(lettersMin, r.DescriptionMin):
		return refuse(DescriptionLetters, "typed", quoted(s))
	case telling(besideLinks(s)) < min(lettersMin, r.DescriptionMin):
		return refuse(DescriptionLink)
	}
	return nil
}

// unseen reports whether a cluster is invisible: format characters, variation selectors, blank letters.
func unseen(cluster string) bool {
	for _, r := range cluster {
		switch {
		case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector):
		case r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || r == '\u2800' || r == '\u034f': // fillers, blank braille
		default:
			return false
		}
	}
	return true
}

// cleanText keeps newlines and the joiners and direction marks that scripts and emoji need. It drops invalid bytes,
// control characters, direction overrides, which can disguise a text, and tag characters outside of flags, which hide one.
// Runs of blanks become one space, and runs of empty lines one empty line.
func cleanText(s string) string {
	var b strings.Builder
	b.Grow(min(len(s), 4096))
	blank, lines, flag := false, 0, false
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	for _, r := range s {
		tag := '\U000e0000' <= r && r <= '\U000e007f'
		inFlag := tag && flag // behind 🏴, up to the last tag
		flag = r == '\U0001f3f4' || inFlag && r != '\U000e007f'
		switch {
		case r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			lines++
			continue
		case unicode.IsSpace(r):
			blank = true
			continue
		case unicode.IsControl(r), r == '\ufeff',
			'\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069', tag && !inFlag:
			continue
		}
		switch {
		case b.Len() == 0:
		case lines > 0:
			b.WriteString("\n\n"[:min(lines, 2)])
		case blank:
			b.WriteByte(' ')
		}
		blank, lines = false, 0
		b.WriteRune(r)
	}
	return strings.TrimFunc(b.String(), func(r rune) bool {
		return unicode.IsSpace(r) || r != '\u200d' && r < '\U000e0000' && unicode.Is(unicode.Cf, r)
	})
}
