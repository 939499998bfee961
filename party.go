package lockbay

import (
	"errors"
	"strings"
	"sync"
)

// Kind is how a party is named.
type Kind uint8

// The kinds of a [Party].
const (
	KindNone     Kind = iota
	KindTelegram      // Value is the username without @, in the typed case
	KindPhone         // Value is E.164: "+4915112345678"
	KindEmail         // Value is the address as typed
)

// Party is the other side of a deal, as the buyer names it. The zero value is nobody.
//
// It is stored as one string that shows its kind: "@anna_ceramics", "+4915112345678", "anna@example.com".
type Party struct {
	Kind  Kind
	Value string
}

// Self describes the person who types, and the service. Empty fields match nobody.
type Self struct {
	Username   string // Telegram, with or without @
	TelegramID int64
	Phone      string // E.164
	Email      string

	Service []Party // the service itself: its bot, its support
}

// IsZero reports whether the party is nobody.
func (p Party) IsZero() bool { return p == Party{} }

// Canonical is the stored form: see [Party].
func (p Party) Canonical() string {
	if p.Kind == KindTelegram {
		return "@" + p.Value
	}
	return p.Value
}

// String is the form for people: "@anna_ceramics", "+49 1511 2345678", "anna@example.com".
func (p Party) String() string {
	if p.Kind == KindPhone {
		return spaced.of(p.Value)
	}
	return p.Canonical()
}

// spacedPhones caches formatted numbers, since formatting costs as much as the rest of a card (17 µs).
type spacedPhones struct {
	sync.Mutex
	known map[string]string // E.164 to international; cleared at spacedMax entries
}

const spacedMax = 4096

var spaced spacedPhones

func (c *spacedPhones) of(number string) string {
	c.Lock()
	s, ok := c.known[number]
	c.Unlock()
	if ok {
		return s
	}
	s = phoneSpaced(number)
	c.Lock()
	defer c.Unlock()
	if c.known == nil || len(c.known) >= spacedMax {
		c.known = make(map[string]string)
	}
	c.known[strings.Clone(number)] = s
	return s
}

// MarshalText writes [Party.Canonical].
func (p Party) MarshalText() ([]byte, error) { return []byte(p.Canonical()), nil }

// UnmarshalText reads the output of MarshalText. It checks only the kind: see [Party.Check].
func (p *Party) UnmarshalText(text []byte) error {
	s := string(text)
	switch {
	case s == "":
		*p = Party{}
	case s[0] == '@':
		*p = Party{KindTelegram, s[1:]}
	case strings.Contains(s, "@"): // before phones: "+anna@example.com" is an address
		*p = Party{KindEmail, s}
	case s[0] == '+':
		*p = Party{KindPhone, s}
	default:
		return errors.New("a party is @username, +phone or an email address")
	}
	return nil
}

// Check refuses a party that ParseParty never returns, such as nobody.
func (p Party) Check() error {
	t := typedParty{text: p.Canonical(), s: p.Canonical()}
	var err error
	switch p.Kind {
	case KindTelegram:
		_, err = t.username(p.Value)
	case KindPhone:
		if len(p.Value) <= 6 || len(p.Value) > phoneBytesMax || p.Value[0] != '+' || !allDigits(p.Value[1:]) {
			_, err = t.refuse(SellerPhone) // whether the number is in use was checked when it was typed
		}
	case KindEmail:
		_, err = t.email(p.Value)
	default:
		_, err = t.refuse(SellerUnknown)
	}
	return err
}

// CheckFor refuses a party that cannot be the other side of a deal with this person: oneself, and the service.
func (p Party) CheckFor(self Self) error {
	switch {
	case self.is(p):
		return refuse(SellerOneself)
	case self.serves(p):
		return refuse(SellerNobody, "typed", p.String())
	}
	return nil
}

func (s Self) is(p Party) bool {
	switch p.Kind {
	case KindTelegram:
		return strings.EqualFold(p.Value, strings.TrimPrefix(s.Username, "@"))
	case KindPhone:
		return p.Value == s.Phone
	case KindEmail:
		return strings.EqualFold(p.Value, s.Email)
	}
	return false
}

func (s Self) serves(p Party) bool {
	for _, service := range s.Service {
		if service.Kind == p.Kind && !p.IsZero() && strings.EqualFold(service.Value, p.Value) {
			return true
		}
	}
	return false
}
