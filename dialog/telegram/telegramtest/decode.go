package telegramtest

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// request is what the server needs to know of a call to execute it. It is read by a scanner of our own that looks at
// nothing else, in both modes; in strict mode the schema check has looked at the rest before.
type request struct {
	method string
	body   string // JSON object; "" when there are no parameters

	chatID        int64
	chatName      string // chat_id given as @name
	messageID     int
	messageIDs    []int
	text          string
	rawText       string // JSON literal
	parseMode     string
	entities      string // JSON
	markup        string // JSON of reply_markup; "" when absent
	rows          [][]Button
	silent        bool
	queryID       string
	alert         bool
	url           string
	secret        string
	dropPending   bool
	connections   int
	allowed       []string // nil: not given
	allowedGiven  bool
	offset        int64
	limit         int
	timeout       int // seconds
	commands      string
	name          string
	description   string
	shortDescr    string
	inlineMessage string
}

var errJSON = errors.New("can't parse JSON object")

// parse reads the parameters of a call. method may stand in the body ("method", of a webhook's answer).
func parse(method, body string) (*request, error) {
	r := &request{method: method, body: body, limit: 100}
	if body == "" {
		return r, nil
	}
	p := scanner{s: body}
	p.object(func(key string) {
		switch key {
		case "method":
			if v, _ := p.str(); r.method == "" {
				r.method = v
			}
		case "chat_id":
			v := p.scalar()
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				r.chatID = n
			} else {
				r.chatName = v
			}
		case "message_id":
			r.messageID = int(p.int())
		case "message_ids":
			p.array(func() { r.messageIDs = append(r.messageIDs, int(p.int())) })
		case "text":
			r.text, r.rawText = p.str()
		case "parse_mode":
			r.parseMode, _ = p.str()
		case "entities":
			r.entities = p.skip()
		case "reply_markup":
			raw := p.skip()
			if strings.HasPrefix(raw, `"`) { // serialised, as forms have it
				inner := scanner{s: raw}
				raw, _ = inner.str()
			}
			if raw == "null" || raw == "" {
				break
			}
			r.markup = raw
			m := scanner{s: raw}
			r.rows = m.keyboard()
			p.bad = p.bad || m.bad
		case "disable_notification":
			r.silent = p.skip() == "true"
		case "callback_query_id":
			r.queryID = p.scalar()
		case "show_alert":
			r.alert = p.scalar() == "true"
		case "url":
			r.url, _ = p.str()
		case "secret_token":
			r.secret, _ = p.str()
		case "drop_pending_updates":
			r.dropPending = p.scalar() == "true"
		case "max_connections":
			r.connections = int(p.int())
		case "allowed_updates":
			raw := p.skip()
			if raw == "null" {
				break
			}
			r.allowedGiven = true
			in := scanner{s: raw}
			in.array(func() { v, _ := in.str(); r.allowed = append(r.allowed, v) })
			p.bad = p.bad || in.bad
		case "offset":
			r.offset = p.int()
		case "limit":
			r.limit = int(p.int())
		case "timeout":
			r.timeout = int(p.int())
		case "commands":
			r.commands = p.skip()
		case "name":
			r.name, _ = p.str()
		case "description":
			r.description, _ = p.str()
		case "short_description":
			r.shortDescr, _ = p.str()
		case "inline_message_id":
			r.inlineMessage, _ = p.str()
		default:
			p.skip()
		}
	})
	p.space()
	if p.bad || p.i != len(p.s) {
		return nil, errJSON
	}
	return r, nil
}

// scanner walks through JSON without building anything. After an error bad is set and all values are empty.
type scanner struct {
	s   string
	i   int
	bad bool
}

func (p *scanner) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\r', '\n':
			p.i++
		default:
			return
		}
	}
}

// next says whether c comes next, and takes it.
func (p *scanner) next(c byte) bool {
	p.space()
	if !p.bad && p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *scanner) fail() { p.bad, p.i = true, len(p.s) }

func (p *scanner) object(field func(key string)) {
	if !p.next('{') {
		p.fail()
		return
	}
	if p.next('}') {
		return
	}
	for {
		p.space()
		key, _ := p.str()
		if !p.next(':') {
			p.fail()
			return
		}
		field(key)
		if p.next(',') {
			continue
		}
		if !p.next('}') {
			p.fail()
		}
		return
	}
}

func (p *scanner) array(element func()) {
	if !p.next('[') {
		p.fail()
		return
	}
	if p.next(']') {
		return
	}
	for {
		element()
		if p.next(',') {
			continue
		}
		if !p.next(']') {
			p.fail()
		}
		return
	}
}

// str returns a string's value and its literal. Without escapes the value is a part of the body.
func (p *scanner) str() (value, literal string) {
	if !p.next('"') {
		p.fail()
		return "", ""
	}
	start, escaped := p.i, false
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '"':
			value, literal = p.s[start:p.i], p.s[start-1:p.i+1]
			p.i++
			if escaped {
				var ok bool
				if value, ok = unescape(value); !ok {
					p.fail()
					return "", ""
				}
			}
			return value, literal
		case '\\':
			escaped = true
			p.i++
		}
		p.i++
	}
	p.fail()
	return "", ""
}

// scalar returns a string's value, or the literal of a number, true, false or null.
func (p *scanner) scalar() string {
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '"' {
		v, _ := p.str()
		return v
	}
	return p.skip()
}

// int reads a whole number, also one in quotes, as forms have it.
func (p *scanner) int() int64 {
	n, err := strconv.ParseInt(p.scalar(), 10, 64)
	if err != nil {
		p.fail()
	}
	return n
}

// skip passes over any value and returns its literal.
func (p *scanner) skip() string {
	p.space()
	start, depth := p.i, 0
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '"':
			p.str()
			if p.bad {
				return ""
			}
			if depth == 0 {
				return p.s[start:p.i]
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return p.literal(start)
			}
			if depth--; depth == 0 {
				p.i++
				return p.s[start:p.i]
			}
		case ',', ' ', '\n', '\r', '\t':
			if depth == 0 {
				return p.literal(start)
			}
		}
		p.i++
	}
	if depth > 0 {
		p.fail()
		return ""
	}
	return p.literal(start)
}

func (p *scanner) literal(start int) string {
	if p.i == start {
		p.fail()
		return ""
	}
	return p.s[start:p.i]
}

// keyboard reads the inline keyboard of a reply_markup; other markups give none.
func (p *scanner) keyboard() [][]Button {
	var flat []Button
	var ends []int
	p.object(func(key string) {
		if key != "inline_keyboard" {
			p.skip()
			return
		}
		p.array(func() {
			p.array(func() {
				var b Button
				p.object(func(key string) {
					switch key {
					case "text":
						b.Text = p.scalar()
					case "callback_data":
						b.Data = p.scalar()
					case "url":
						b.URL = p.scalar()
					default:
						p.skip()
					}
				})
				flat = append(flat, b)
			})
			ends = append(ends, len(flat))
		})
	})
	if len(ends) == 0 {
		return nil
	}
	rows := make([][]Button, 0, len(ends))
	start := 0
	for _, end := range ends {
		if end > start {
			rows = append(rows, flat[start:end:end])
		}
		start = end
	}
	return rows
}

// unescape replaces the escapes of a JSON string.
func unescape(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i++; i >= len(s) {
			return "", false
		}
		switch c := s[i]; c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'u':
			r, ok := hex4(s, i+1)
			if !ok {
				return "", false
			}
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := hex4(s, i+3)
				if ok && s[i+1] == '\\' && s[i+2] == 'u' && utf16.DecodeRune(r, low) != utf8.RuneError {
					r = utf16.DecodeRune(r, low)
					i += 6
				} else {
					r = utf8.RuneError
				}
			}
			b = utf8.AppendRune(b, r)
		default:
			return "", false
		}
	}
	return string(b), true
}

func hex4(s string, at int) (rune, bool) {
	if at+4 > len(s) {
		return 0, false
	}
	n, err := strconv.ParseUint(s[at:at+4], 16, 32)
	return rune(n), err == nil
}
