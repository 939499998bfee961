package web

import (
	"html/template"
	"net/url"
	"regexp"
	"strings"
)

// linked is bdi, with web addresses as links.
func linked(text string) template.HTML { return marked(text, links) }

// address is where a link may begin: quotes, angle brackets and spaces end it.
var address = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"“”«»]+`)

// links escapes a text and makes links of its addresses, of http and https alone.
// What they lead to learns nothing of this page.
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

// cutSentence cuts off what belongs to the sentence around an address: its
// punctuation, and a bracket that was opened before.
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
