package telegramtest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Entity is a styled part of a text.
type Entity struct {
	Type   string `json:"type"`          // "bold", "italic", "code", "text_link", "bot_command" …
	Offset int    `json:"offset"`        // UTF-16 units
	Length int    `json:"length"`        // UTF-16 units
	URL    string `json:"url,omitempty"` // of a "text_link"
}

// tagTypes are the tags of parse mode HTML (Bot API, "HTML style").
var tagTypes = map[string]string{
	"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
	"s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler", "span": "spoiler",
	"a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}

// parseHTML returns the text without markup and its entities, or the API's own error. careless lists faults against the
// API's manual that the API accepts: a bare & and unknown references, which it shows unchanged.
func parseHTML(s string) (text string, entities []Entity, careless []string, err error) {
	type open struct {
		tag, url   string
		at, offset int // position in the text: bytes, UTF-16 units
	}
	var b strings.Builder
	var stack []open
	units := 0
	for i := 0; i < len(s); {
		switch {
		case s[i] == '&':
			r, n := reference(s[i:])
			if n == 0 {
				careless = append(careless, fmt.Sprintf("bare & or unknown reference at byte offset %d", i))
				r, n = '&', 1
			}
			b.WriteRune(r)
			units += utf16.RuneLen(r)
			i += n
		case s[i] != '<':
			r, n := utf8.DecodeRuneInString(s[i:])
			b.WriteRune(r)
			units += utf16.RuneLen(r)
			i += n
		case strings.HasPrefix(s[i:], "</"):
			if len(stack) == 0 {
				return "", nil, nil, fmt.Errorf("can't parse entities: Unexpected end tag at byte offset %d", i)
			}
			end := strings.IndexByte(s[i:], '>')
			if end < 0 {
				return "", nil, nil, fmt.Errorf("can't parse entities: Unclosed end tag at byte offset %d", i)
			}
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if name := strings.ToLower(strings.TrimSpace(s[i+2 : i+end])); name != "" && name != top.tag {
				return "", nil, nil, fmt.Errorf(`can't parse entities: Unmatched end tag at byte offset %d, expected "</%s>", found "</%s>"`, i, top.tag, name)
			}
			e := Entity{Type: tagTypes[top.tag], Offset: top.offset, Length: units - top.offset, URL: top.url}
			if top.tag == "a" && e.URL == "" {
				e.URL = b.String()[top.at:]
			}
			if e.Length > 0 {
				entities = append(entities, e)
			}
			i += end + 1
		default:
			tag, attributes, n, err := startTag(s, i)
			if err != nil {
				return "", nil, nil, err
			}
			o := open{tag: tag, at: b.Len(), offset: units}
			if tag == "a" {
				o.url = attributes["href"]
			}
			if tag == "span" && attributes["class"] != "tg-spoiler" {
				return "", nil, nil, fmt.Errorf(`can't parse entities: Tag "span" must have class "tg-spoiler" at byte offset %d`, i)
			}
			stack = append(stack, o)
			i += n
		}
	}
	if len(stack) > 0 {
		return "", nil, nil, fmt.Errorf(`can't parse entities: Can't find end tag corresponding to start tag "%s"`, stack[len(stack)-1].tag)
	}
	slices.SortStableFunc(entities, func(a, b Entity) int {
		return cmp.Or(a.Offset-b.Offset, b.Length-a.Length) // outer entities first
	})
	return b.String(), entities, careless, nil
}

// startTag parses the tag that opens at byte offset at; n is its length.
func startTag(s string, at int) (name string, attributes map[string]string, n int, err error) {
	i := at + 1
	for i < len(s) && !strings.ContainsRune(" \t\r\n>/", rune(s[i])) {
		i++
	}
	name = strings.ToLower(s[at+1 : i])
	unclosed := fmt.Errorf("can't parse entities: Unclosed start tag at byte offset %d", at)
	if i >= len(s) {
		return "", nil, 0, unclosed
	}
	if tagTypes[name] == "" {
		return "", nil, 0, fmt.Errorf(`can't parse entities: Unsupported start tag "%s" at byte offset %d`, name, at)
	}
	attributes = map[string]string{}
	for {
		for i < len(s) && strings.ContainsRune(" \t\r\n", rune(s[i])) {
			i++
		}
		if i >= len(s) {
			return "", nil, 0, unclosed
		}
		if s[i] == '>' {
			return name, attributes, i + 1 - at, nil
		}
		start := i
		for i < len(s) && !strings.ContainsRune(" \t\r\n>=", rune(s[i])) {
			i++
		}
		attribute := strings.ToLower(s[start:i])
		if attribute == "" {
			return "", nil, 0, fmt.Errorf(`can't parse entities: Empty attribute name in the tag "%s" at byte offset %d`, name, at)
		}
		if i >= len(s) || s[i] != '=' {
			attributes[attribute] = ""
			continue
		}
		i++
		if i < len(s) && (s[i] == '"' || s[i] == '\'') {
			end := strings.IndexByte(s[i+1:], s[i])
			if end < 0 {
				return "", nil, 0, unclosed
			}
			attributes[attribute] = unreference(s[i+1 : i+1+end])
			i += end + 2
			continue
		}
		start = i
		for i < len(s) && !strings.ContainsRune(" \t\r\n>", rune(s[i])) {
			i++
		}
		attributes[attribute] = unreference(s[start:i])
	}
}

// reference decodes the character reference at the start of s; n is 0 if the API knows none there.
func reference(s string) (r rune, n int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 0 {
		return 0, 0
	}
	switch name := s[1:end]; {
	case name == "lt":
		r = '<'
	case name == "gt":
		r = '>'
	case name == "amp":
		r = '&'
	case name == "quot":
		r = '"'
	case strings.HasPrefix(name, "#"):
		base, digits := 10, name[1:]
		if strings.HasPrefix(digits, "x") {
			base, digits = 16, digits[1:]
		}
		v, err := strconv.ParseUint(digits, base, 21)
		if err != nil || v == 0 || !utf8.ValidRune(rune(v)) {
			return 0, 0
		}
		r = rune(v)
	default:
		return 0, 0
	}
	return r, end + 1
}

func unreference(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '&' {
			if r, n := reference(s[i:]); n > 0 {
				b.WriteRune(r)
				i += n
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// utf16Len returns the length of a text in UTF-16 units, as the API counts.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

const maxText = 4096 // UTF-16 units after entities

var (
	errEmptyText = errors.New("message text is empty")
	errLongText  = errors.New("message is too long")
)

// formatText turns a sent text into a shown one: it parses markup, trims space and checks the length.
func (s *Server) formatText(r *request) (text string, entities []Entity, err error) {
	text = r.text
	switch strings.ToLower(r.parseMode) {
	case "":
		if r.entities != "" {
			s.violate(r.method, "entities are not understood by this server: use parse_mode HTML", r.body)
		}
	case "html":
		var careless []string
		text, entities, careless, err = parseHTML(text)
		if err != nil {
			return "", nil, err
		}
		for _, c := range careless {
			s.violate(r.method, c, r.body)
		}
	case "markdown", "markdownv2":
		s.violate(r.method, "parse_mode "+r.parseMode+" is not understood by this server: use HTML", r.body)
	default:
		return "", nil, errors.New("unsupported parse_mode")
	}
	text, entities = trimText(text, entities)
	if text == "" {
		return "", nil, errEmptyText
	}
	if utf16Len(text) > maxText {
		return "", nil, errLongText
	}
	return text, entities, nil
}

func trimText(text string, entities []Entity) (string, []Entity) {
	right := strings.TrimRight(text, " \n\t\r")
	trimmed := strings.TrimLeft(right, " \n\t\r")
	if trimmed == text {
		return text, entities
	}
	shift, length := utf16Len(right)-utf16Len(trimmed), utf16Len(trimmed)
	var kept []Entity
	for _, e := range entities {
		start, end := max(e.Offset-shift, 0), min(e.Offset+e.Length-shift, length)
		if end > start {
			e.Offset, e.Length = start, end-start
			kept = append(kept, e)
		}
	}
	return trimmed, kept
}
