package telegramtest

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

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
		if !strings.HasPrefix(p.s[p.i:], `"`) {
			p.fail()
			return
		}
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

// str returns a string's value and its literal, both empty for null. Without escapes the value is a part of the body.
func (p *scanner) str() (value, literal string) {
	p.space()
	if strings.HasPrefix(p.s[p.i:], "null") {
		p.i += len("null")
		return "", ""
	}
	if !p.next('"') {
		p.fail()
		return "", ""
	}
	start := p.i
	for {
		n := strings.IndexByte(p.s[p.i:], '"')
		if n < 0 {
			p.fail()
			return "", ""
		}
		p.i += n + 1
		slashes := 0
		for at := p.i - 2; at >= start && p.s[at] == '\\'; at-- {
			slashes++
		}
		if slashes%2 == 0 {
			break
		}
	}
	value, literal = p.s[start:p.i-1], p.s[start-1:p.i]
	if strings.IndexByte(value, '\\') >= 0 {
		var ok bool
		if value, ok = unescape(value); !ok {
			p.fail()
			return "", ""
		}
	}
	return value, literal
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

// int reads a whole number, also one in quotes, as forms have it; null is 0.
func (p *scanner) int() int64 {
	v := p.scalar()
	if v == "null" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
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
