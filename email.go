package lockbay

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// email accepts a plain address with a domain of its own: no display name, quotes, comments or IP literal (RFC 5321
// sizes). Its letters beyond ASCII are of one script in each part, so that no part looks like another one (UTS 39).
func (t typedParty) email(s string) (Party, error) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	if sign := strange(s); sign != "" {
		return t.refuse(SellerSign, "sign", sign)
	}
	if sign := mixed(s); sign != "" {
		return t.refuse(SellerAlphabet, "sign", sign)
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 || strings.ContainsAny(s, "\"<>()[]\\,;: ") {
		return t.refuse(SellerEmail)
	}
	local, domain, _ := strings.Cut(s, "@")
	labels := strings.Split(domain, ".")
	top := labels[len(labels)-1]
	if local == "" || len(local) > 64 || strings.Contains(domain, "@") || len(labels) < 2 || utf8.RuneCountInString(top) < 2 || allDigits(top) {
		return t.refuse(SellerEmail)
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, func(r rune) bool {
			return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
		}) {
			return t.refuse(SellerEmail)
		}
	}
	return Party{KindEmail, s}, nil
}

// strange is the first character beyond ASCII that is no letter, such as a typographic apostrophe or dash, or that is
// another form of letters, such as the ligature ﬁ. Unicode counts some apostrophes (U+02BC) as letters.
func strange(s string) string {
	for _, r := range s {
		if r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsMark(r) || '\u02b0' <= r && r <= '\u02ff' ||
			norm.NFKC.String(string(r)) != norm.NFC.String(string(r)) {
			return string(r)
		}
	}
	return ""
}

// together are the scripts that one word may mix (UTS 39, 5.2: highly restrictive).
var together = [][]string{{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"}}

// mixed is a letter of another script than the rest of its label, which is the local part without a tag behind +, or a part
// of the domain: the first letter of the rarer script.
func mixed(s string) string {
	local, domain, _ := strings.Cut(s, "@")
	labels := append(strings.Split(domain, "."), strings.Split(local, "+")...)
	for _, label := range labels {
		counts, first := map[string]int{}, map[string]string{}
		for _, r := range label {
			if !unicode.IsLetter(r) {
				continue
			}
			if script := scriptOf(r); script != "" {
				if counts[script]++; first[script] == "" {
					first[script] = string(r)
				}
			}
		}
		if len(counts) < 2 || goTogether(counts) {
			continue
		}
		rare := ""
		for script, n := range counts {
			if rare == "" || n < counts[rare] || n == counts[rare] && script < rare {
				rare = script
			}
		}
		return first[rare]
	}
	return ""
}

func goTogether(scripts map[string]int) bool {
	for _, set := range together {
		n := 0
		for _, script := range set {
			if scripts[script] > 0 {
				n++
			}
		}
		if n == len(scripts) {
			return true
		}
	}
	return false
}

// scriptOf is the script of a letter; "" for those that all scripts share.
func scriptOf(r rune) string {
	switch {
	case r < utf8.RuneSelf, unicode.Is(unicode.Latin, r):
		return "Latin"
	case unicode.Is(unicode.Cyrillic, r):
		return "Cyrillic"
	case unicode.In(r, unicode.Common, unicode.Inherited):
		return ""
	}
	for script, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return script
		}
	}
	return ""
}
