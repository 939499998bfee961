package dialog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of an input, and of the part that a row keeps.
const (
	// TextMost bounds a typed text, and the argument of a command, in characters (runes),
	// like a message of Telegram. Of a longer text an input keeps the beginning of what may
	// be quoted (see Discreet), and Input.Over says how much was too much.
	TextMost = 4096

	// ArgMost bounds the argument of an effect, in bytes of JSON.
	ArgMost = 16 << 10

	nameMost = 64  // bytes of an action's or a command's name
	valueMax = 512 // bytes of an action's value
	wordMost = 64  // bytes of a draft id, and of a language
	idMost   = 256 // bytes as JSON of an owner, a key's part, an address, a message's id
)

// clamp makes the input's texts fit for every store, valid UTF-8 without control
// characters, and for every row: see TextMost. No card has a button with a longer name or
// value; such a tap gets the name too_long, which is unknown to every flow. quotable is
// [Engine.Quotable]: it comes before the cut, which could leave half of what it removes.
func (in *Input) clamp(quotable func(string) string) error {
	for _, s := range []*string{&in.Text, &in.Error, &in.Attached, &in.Mentioned, &in.Name, &in.Value, &in.ID, &in.OldID, &in.Serial.Series, &in.Draft, &in.Base, &in.Owner, &in.By, &in.Message, &in.Reply.Message, &in.Reply.Draft,
		&in.Key.Bot, &in.Key.Flow, &in.Key.ID, &in.Place.Channel, &in.Place.Address, &in.Place.Lang, &in.Place.Thread,
		&in.Profile.ID, &in.Profile.Username} {
		*s = clean(*s)
	}
	if _, in.Over = beginning(in.Text, TextMost); in.Over > 0 {
		in.Text, _ = beginning(quotable(in.Text), TextMost)
	}
	in.Attached, _ = beginning(in.Attached, wordMost)
	in.Mentioned, _ = beginning(in.Mentioned, valueMax)
	if len(in.Name) > nameMost || len(in.Value) > valueMax {
		in.Name, in.Value = "too_long", ""
	}
	in.Draft, in.Reply.Draft, in.Base = cut(in.Draft, wordMost), cut(in.Reply.Draft, wordMost), cut(in.Base, wordMost) // a longer one matches no card
	if len(in.Place.Lang) > wordMost {
		in.Place.Lang = ""
	}
	for _, s := range []string{in.Serial.Series, in.Owner, in.By, in.Message, in.Key.Bot, in.Key.Flow, in.Key.ID, in.Place.Channel, in.Place.Address, in.Place.Thread} {
		if n := encodedLen(s); n > idMost {
			return fmt.Errorf("input: an owner, key, address or series of %d bytes, at most %d are allowed: %w", n, idMost, ErrNotFound)
		}
	}
	return nil
}

// clean is s as valid UTF-8, without control characters other than tab and line breaks.
func clean(s string) string {
	if strings.IndexFunc(s, control) >= 0 {
		s = strings.Map(func(r rune) rune {
			if control(r) {
				return -1
			}
			return r
		}, s)
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func control(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }

// beginning is the first runes of s, and how many more there are.
func beginning(s string, most int) (text string, over int) {
	if len(s) <= most {
		return s, 0
	}
	n := 0
	for i := range s {
		if n == most {
			return s[:i], utf8.RuneCountInString(s[i:])
		}
		n++
	}
	return s, 0
}

// encodedLen is the length of s in JSON, without the quotes.
func encodedLen(s string) int {
	n := len(s)
	for _, r := range s {
		switch {
		case r == '"', r == '\\':
			n++
		case r < ' ', r == '\u2028', r == '\u2029', r == utf8.RuneError:
			n += 5
		}
	}
	return n
}

// encode is v as JSON. Unlike json.Marshal it leaves < > & as they are, which would
// become six bytes each.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
