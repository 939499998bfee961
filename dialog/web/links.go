package web

import (
	"html/template"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
)

// linked is bdi with links for web addresses.
func linked(text string) template.HTML { return marked(text, links) }

// linkedTo is linked with a link for a contact, where the text has it in an isolate of its own.
func linkedTo(text, contact, to string) template.HTML {
	if to == "" {
		return linked(text)
	}
	return marked(text, func(part string) string {
		if part == contact {
			return anchor(to, part)
		}
		return links(part)
	})
}

// anchor links a text. The linked site gets no referrer.
func anchor(to, text string) string {
	return `<a href="` + template.HTMLEscapeString(to) + `" rel="noopener noreferrer nofollow" dir="ltr">` + template.HTMLEscapeString(text) + `</a>`
}

// telegramName matches the contact @name.
var telegramName = regexp.MustCompile(`^@[A-Za-z0-9_]{4,32}$`)

// contactURL is the address of a contact written for people: @name, an email address, or a URL with or without https. It
// is empty for any other contact, which stays a text.
func contactURL(contact string) string {
	if telegramName.MatchString(contact) {
		return "https://t.me/" + contact[1:]
	}
	if a, err := mail.ParseAddress(contact); err == nil && a.Address == contact {
		return "mailto:" + contact
	}
	to := contact
	if !strings.Contains(to, "://") {
		to = "https://" + to
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || !strings.Contains(u.Hostname(), ".") || strings.ContainsAny(contact, " \"<>") {
		return ""
	}
	return to
}

// address matches a web address up to a quote, an angle bracket or a space.
var address = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"“”«»]+`)

// links escapes a text and makes links of its http and https addresses.
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
		b.WriteString(anchor(to, to))
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
