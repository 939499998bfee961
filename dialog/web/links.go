package web

import (
	"html/template"
	"net/url"
	"regexp"
	"strings"
)

// linked is bdi with links for web addresses.
func linked(text string) template.HTML { return marked(text, links) }

// address matches a web address up to a quote, an angle bracket or a space.
var address = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"“”«»]+`)

// links escapes a text and makes links of its http and https addresses. The linked
// site gets no referrer.
func links(text string) string {
	if !strings.Contains(text, "://") {
		return template.HTMLEscapeString(text)
	}
	var b strings.Builder
	from := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		to := cutSentence(text[at[0]:at[1]])
		if u, err := url.Parse(to); err != nil || u.Hostname() == "" || u.User != nil {
			continue
		}
		b.WriteString(template.HTMLEscapeString(text[from:at[0]]))
		from = at[0] + len(to)
		to = template.HTMLEscapeString(to)
		b.WriteString(`<a href="` + to + `" rel="noopener noreferrer nofollow" dir="ltr">` + to + `</a>`)
	}
	b.WriteString(template.HTMLEscapeString(text[from:]))
	return b.String()
}

// cutSentence cuts off the punctuation of the sentence around an address, and a
// bracket that was opened before the address.
func cutSentence(to string) string {
	for {
		short := strings.TrimRight(to, ".,:;!?…'’*")
		for _, pair := range []string{"()", "[]", "{}"} {
			if strings.HasSuffix(short, pair[1:]) && strings.Count(short, pair[:1]) < strings.Count(short, pair[1:]) {
				short = short[:len(short)-1]
			}
		}
		if short == to {
			return to
		}
		to = short
	}
}
