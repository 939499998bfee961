package botapi

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// reader walks through JSON and builds only the requested values: a tenth of a tap's
// update, in a tenth of the library's time. Once bad is set, every value is empty
// and the input counts as read.
//
//	if r.enter('{') {
//		for r.more('}') {
//			switch string(r.key()) {
//			case "id":
//				id = r.int()
//			default:
//				r.skip()
//			}
//		}
//	}
type reader struct {
	b     []byte
	i     int
	first bool // the next element is the first of its object or list
	bad   bool // the input is no JSON, or has another shape
}

func (r *reader) fail() {
	r.bad, r.i = true, len(r.b)
}

// peek returns the next byte after spaces, 0 at the end.
func (r *reader) peek() byte {
	for r.i < len(r.b) {
		switch c := r.b[r.i]; c {
		case ' ', '\n', '\r', '\t':
			r.i++
		default:
			return c
		}
	}
	return 0
}

// enter begins an object or a list. It returns false for null.
func (r *reader) enter(open byte) bool {
	if r.peek() != open {
		if !r.null() {
			r.fail()
		}
		return false
	}
	r.i++
	r.first = true
	return true
}

// more reports whether another element comes before end, and steps over comma or end.
func (r *reader) more(end byte) bool {
	c := r.peek()
	first := r.first
	r.first = false
	switch {
	case r.bad:
		return false
	case c == end:
		r.i++
		return false
	case first:
		return true
	case c == ',':
		r.i++
		return true
	}
	r.fail()
	return false
}

// literal reads a string without its quotes and leaves its escapes.
func (r *reader) literal() (lit []byte, escaped bool) {
	if r.peek() != '"' {
		r.fail()
		return nil, false
	}
	r.i++
	for start := r.i; ; r.i++ {
		n := bytes.IndexAny(r.b[r.i:], `"\`)
		if n < 0 {
			r.fail()
			return nil, false
		}
		if r.i += n; r.b[r.i] == '"' {
			lit = r.b[start:r.i]
			r.i++
			return lit, escaped
		}
		escaped = true
		if r.i++; r.i >= len(r.b) {
			r.fail()
			return nil, false
		}
	}
}

// key reads the name of the next field. The result is a slice of the input.
func (r *reader) key() []byte {
	lit, _ := r.literal()
	if r.peek() != ':' {
		r.fail()
		return nil
	}
	r.i++
	return lit
}

// str reads a string. Null is "".
func (r *reader) str() string {
	if r.null() {
		return ""
	}
	at := r.i
	lit, escaped := r.literal()
	if !escaped {
		return string(lit)
	}
	var s string
	if r.bad || json.Unmarshal(bytes.TrimLeft(r.b[at:r.i], " \n\r\t"), &s) != nil {
		r.fail()
	}
	return s
}

// word reads a number, true, false or null as bytes.
func (r *reader) word() []byte {
	r.peek()
	start := r.i
	for r.i < len(r.b) {
		switch c := r.b[r.i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c == '-', c == '+', c == '.', c == 'E':
			r.i++
		default:
			return r.b[start:r.i]
		}
	}
	return r.b[start:r.i]
}

// null steps over a null and reports whether it was next.
func (r *reader) null() bool {
	if r.peek() != 'n' {
		return false
	}
	if string(r.word()) != "null" {
		r.fail()
	}
	return true
}

// int reads a whole number. Null is 0.
func (r *reader) int() int64 {
	w := r.word()
	if string(w) == "null" {
		return 0
	}
	n, err := strconv.ParseInt(string(w), 10, 64)
	if err != nil {
		r.fail()
	}
	return n
}

// number reads a whole number; any other value is 1, for one whose presence matters more.
func (r *reader) number() int64 {
	if c := r.peek(); c == '-' || c >= '0' && c <= '9' || c == 'n' {
		return r.int()
	}
	r.skip()
	return 1
}

func (r *reader) bool() bool {
	switch string(r.word()) {
	case "true":
		return true
	case "false", "null":
	default:
		r.fail()
	}
	return false
}

// there steps over a value and reports whether it is other than null.
func (r *reader) there() bool {
	if r.null() {
		return false
	}
	r.skip()
	return true
}

// skip steps over any value.
func (r *reader) skip() {
	switch r.peek() {
	case '"':
		r.literal()
		return
	case '{', '[':
	default:
		if len(r.word()) == 0 {
			r.fail()
		}
		return
	}
	for depth := 0; r.i < len(r.b); {
		switch r.b[r.i] {
		case '"':
			r.literal()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				r.i++
				return
			}
		}
		r.i++
	}
	r.fail()
}
