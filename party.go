package lockbay

import (
	"errors"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
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

// Self describes the person who types. Empty fields match nobody.
type Self struct {
	Username   string // Telegram, with or without @
	TelegramID int64
	Phone      string // E.164
	Email      string
}

// Telegram names, as the Bot API documents them for public usernames.
const (
	usernameMin = 5
	usernameMax = 32
)

// phoneBytesMax is a + and the 15 digits of ITU-T E.164.
const phoneBytesMax = 16

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
	s = number
	if n, err := phonenumbers.Parse(number, ""); err == nil {
		s = phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
	}
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
	switch p.Kind {
	case KindTelegram:
		_, err := parseUsername(p.Value, "@"+p.Value)
		return err
	case KindPhone:
		if len(p.Value) > 6 && len(p.Value) <= phoneBytesMax && p.Value[0] == '+' && allDigits(p.Value[1:]) {
			return nil // ParseParty checked that the number is in use
		}
		return refuse(SellerPhone, "typed", quoted(p.Value))
	case KindEmail:
		_, err := parseEmail(p.Value)
		return err
	}
	return refuse(SellerUnknown, "typed", "")
}

// ParseParty reads a party: a Telegram name (5 to 32 letters, digits and underscores; also with @ or as a t.me link), a
// phone number with its country (+ or 00), or an email address. Underscores and case are kept. The error is a
// [*Refusal], with codes of their own for self, wallet addresses and amounts.
func ParseParty(text string, self Self) (Party, error) {
	if len(text) > 4096 {
		return Party{}, refuse(SellerUnknown, "typed", quoted(text))
	}
	typed := asciiDigits(oneLine(text))
	p, err := parseParty(typed, self)
	if err == nil && self.is(p) {
		err = refuse(SellerOneself)
	}
	if err != nil {
		return Party{}, err
	}
	return p, nil
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

func parseParty(typed string, self Self) (Party, error) {
	name, link := telegramLink(typed)
	switch {
	case link && name == "":
		return Party{}, refuse(SellerUnknown, "typed", quoted(typed)) // an invitation, a channel's post, another site
	case link && name[0] == '+':
		return parsePhone(name, typed)
	case link:
		return parseUsername(name, typed)
	}
	lower := strings.ToLower(typed)
	if rest, ok := strings.CutPrefix(lower, "mailto:"); ok {
		return parseEmail(typed[len(typed)-len(rest):])
	}
	if rest, ok := strings.CutPrefix(lower, "tel:"); ok {
		return parsePhone(rest, typed)
	}
	if rest, ok := strings.CutPrefix(strings.Replace(typed, "＠", "@", 1), "@"); ok {
		return parseUsername(strings.TrimSpace(rest), typed)
	}
	switch {
	case looksLikeWallet(typed):
		return Party{}, refuse(SellerWallet, "typed", quoted(typed))
	case strings.Contains(typed, "@"):
		return parseEmail(typed)
	case strings.HasPrefix(typed, "+"), strings.HasPrefix(typed, "00") && len(typed) > 6:
		return parsePhone(typed, typed)
	case self.TelegramID != 0 && typed == strconv.FormatInt(self.TelegramID, 10):
		return Party{}, refuse(SellerOneself)
	case looksLikePhone(typed):
		return Party{}, refuse(SellerPhone, "typed", quoted(typed))
	case looksLikeAmount(typed):
		return Party{}, refuse(SellerNumber, "typed", quoted(typed))
	case typed == "" || strings.ContainsFunc(typed, func(r rune) bool { return !nameRune(r) }):
		return Party{}, refuse(SellerUnknown, "typed", quoted(typed))
	}
	return parseUsername(typed, typed)
}

func nameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
}

// parseUsername checks a bare Telegram name.
func parseUsername(name, typed string) (Party, error) {
	bounds := []string{"typed", quoted(typed), "low", strconv.Itoa(usernameMin), "high", strconv.Itoa(usernameMax)}
	switch {
	case name == "":
		return Party{}, refuse(SellerUnknown, "typed", quoted(typed))
	case looksLikeWallet(name) && len(name) > usernameMax:
		return Party{}, refuse(SellerWallet, "typed", quoted(typed))
	case strings.ContainsFunc(name, func(r rune) bool { return !nameRune(r) }):
		if !strings.HasPrefix(typed, "@") || strings.Contains(name, " ") {
			return Party{}, refuse(SellerUnknown, "typed", quoted(typed))
		}
		return Party{}, refuse(SellerLetters, "typed", quoted(typed))
	case allDigits(name):
		return Party{}, refuse(SellerNumber, "typed", quoted(typed))
	case len(name) < usernameMin:
		return Party{}, refuse(SellerShort, bounds...)
	case len(name) > usernameMax:
		return Party{}, refuse(SellerLong, bounds...)
	}
	return Party{KindTelegram, name}, nil
}

// telegramLink returns the name in a link, or "" for a link to anything but a person. A phone link (t.me/+49…) gives the
// number.
func telegramLink(typed string) (name string, link bool) {
	lower := strings.ToLower(typed)
	if strings.HasPrefix(lower, "tg:") {
		u, err := url.Parse(typed)
		if err != nil {
			return "", true
		}
		return u.Query().Get("domain"), true
	}
	rest := typed
	for _, scheme := range []string{"https://", "http://"} {
		if strings.HasPrefix(lower, scheme) {
			rest, link = typed[len(scheme):], true
		}
	}
	host, path, _ := strings.Cut(rest, "/")
	switch host = strings.TrimPrefix(strings.ToLower(host), "www."); host {
	case "t.me", "telegram.me", "telegram.dog":
	default:
		if at, ok := strings.CutSuffix(host, ".t.me"); ok { // anna_ceramics.t.me
			return rest[:len(at)], true
		}
		return "", link
	}
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	path = strings.TrimSuffix(path, "/")
	if strings.HasPrefix(path, "+") && !allDigits(path[1:]) || strings.Contains(path, "/") {
		return "", true
	}
	return strings.TrimPrefix(path, "@"), true
}

// parsePhone reads a number that begins with + or 00. It must be in use in its country and have no extension.
func parsePhone(s, typed string) (Party, error) {
	refusal := refuse(SellerPhone, "typed", quoted(typed))
	if rest, ok := strings.CutPrefix(s, "00"); ok {
		s = "+" + rest
	}
	if len(s) > 40 || !strings.HasPrefix(s, "+") || strings.Trim(s, "+0123456789 ()-./\u2010\u2011\u2012\u2013") != "" ||
		strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || r == ';' || r == '#' || r == ',' }) {
		return Party{}, refusal
	}
	// The region is empty on purpose: a region turns amounts into local numbers.
	n, err := phonenumbers.Parse(s, "")
	if err != nil || n.GetExtension() != "" || !phonenumbers.IsValidNumber(n) {
		return Party{}, refusal
	}
	number := phonenumbers.Format(n, phonenumbers.E164)
	if len(number) > phoneBytesMax { // the library accepts longer numbers than E.164
		return Party{}, refusal
	}
	return Party{KindPhone, number}, nil
}

// looksLikePhone reports a phone number without its country: long, or with a leading 0.
func looksLikePhone(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case !strings.ContainsRune(" ()-/", r):
			return false
		}
	}
	return digits <= 15 && (digits >= 10 || digits >= 7 && (s[0] == '0' || s[0] == '(' || strings.Contains(s, "-")))
}

// looksLikeAmount reports a number, with or without currency and magnitude.
func looksLikeAmount(s string) bool {
	number, before, behind, ok := splitAmount(s)
	if !ok {
		return false
	}
	_, _, ok = meanings(before, behind)
	return ok && number != ""
}

// parseEmail accepts a plain address with a domain of its own: no display name, quotes, comments or IP literal
// (RFC 5321 sizes).
func parseEmail(s string) (Party, error) {
	refusal := refuse(SellerEmail, "typed", quoted(s))
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 || strings.ContainsAny(s, "\"<>()[]\\,;: ") {
		return Party{}, refusal
	}
	local, domain, _ := strings.Cut(s, "@")
	labels := strings.Split(domain, ".")
	top := labels[len(labels)-1]
	if local == "" || len(local) > 64 || strings.Contains(domain, "@") || len(labels) < 2 || utf8.RuneCountInString(top) < 2 || allDigits(top) {
		return Party{}, refusal
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, func(r rune) bool {
			return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
		}) {
			return Party{}, refusal
		}
	}
	return Party{KindEmail, s}, nil
}
