package lockbay

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// phoneBytesMax is a + and the 15 digits of ITU-T E.164.
const phoneBytesMax = 16

// The marks inside a phone number are those of libphonenumber, less the x of extensions.
var (
	phoneMarksBefore = "([ "
	phoneMarks       = strings.Replace(phonenumbers.VALID_PUNCTUATION, "x", "", 1)
	phoneShape       = regexp.MustCompile("^[" + phoneMarks + "]*(?:[" + phonenumbers.PLUS_CHARS + "]|00)[" + phoneMarks + "0-9]+$")
	localShape       = regexp.MustCompile("^[" + phoneMarks + "0-9]+$")
)

// anonymous matches the numbers that Telegram sells (fragment.com), which no network has.
var anonymous = regexp.MustCompile(`^\+888(?:[0-9]{8}|8[0-9]{3})$`)

// withCountry reports a text that begins as a phone number with its country does.
func withCountry(s string) bool {
	s = strings.TrimLeft(s, phoneMarksBefore)
	return strings.HasPrefix(s, "+") || strings.HasPrefix(s, "00") && len(s) > 6
}

// phone reads a number that begins with + or 00. It must be in use in its country and have no extension.
func (t typedParty) phone(s string) (Party, error) {
	if len(s) > 64 || !phoneShape.MatchString(s) {
		return t.refuse(SellerPhone)
	}
	number := "+" + digitsOf(s)
	if !strings.ContainsAny(s, phonenumbers.PLUS_CHARS) {
		number = "+" + strings.TrimPrefix(digitsOf(s), "00")
	}
	if anonymous.MatchString(number) {
		return Party{KindPhone, number}, nil
	}
	// Mexico's mobile numbers had a 1 behind the country until 2019; messengers still show it.
	if rest, ok := strings.CutPrefix(number, "+521"); ok && len(rest) == 10 {
		number = "+52" + rest
	}
	// The region is empty on purpose: a region turns amounts into local numbers.
	n, err := phonenumbers.Parse(number, "")
	if err != nil || n.GetExtension() != "" || !phonenumbers.IsValidNumber(n) {
		return t.refuse(SellerPhone)
	}
	number = phonenumbers.Format(n, phonenumbers.E164)
	if len(number) > phoneBytesMax { // the library accepts longer numbers than E.164
		return t.refuse(SellerPhone)
	}
	return Party{KindPhone, number}, nil
}

// local refuses a number without its country: the + alone may be missing.
func (t typedParty) local(self Self) (Party, error) {
	if p, err := t.phone("+" + digitsOf(t.s)); err == nil && p.CheckFor(self) == nil {
		return t.refuse(SellerPlus, "write", p.String())
	}
	return t.refuse(SellerPhone)
}

// phoneSpaced writes an E.164 number for people.
func phoneSpaced(number string) string {
	if anonymous.MatchString(number) {
		at := 8 // +888 0123 4567
		if len(number) == 8 {
			at = 5 // +888 8 123
		}
		return number[:4] + " " + number[4:at] + " " + number[at:]
	}
	n, err := phonenumbers.Parse(number, "")
	if err != nil {
		return number
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

// phoneLink returns the number in a link of a phone or a messenger.
func phoneLink(typed string) (number string, link bool) {
	lower := strings.ToLower(typed)
	for _, scheme := range []string{"tel:", "sms:", "smsto:", "callto:"} {
		if strings.HasPrefix(lower, scheme) {
			number, _, _ = strings.Cut(strings.TrimPrefix(typed[len(scheme):], "//"), "?")
			return number, true
		}
	}
	app := strings.Contains(lower, "://") // else a link without its scheme, or a word
	if !app {
		typed = "https://" + typed
	}
	u, err := url.Parse(typed)
	if err != nil {
		return "", false
	}
	switch host := strings.TrimPrefix(strings.ToLower(u.Host), "www."); {
	case host == "wa.me":
		number = strings.Trim(u.Path, "/")
	case host == "api.whatsapp.com", host == "web.whatsapp.com", host == "send" && app: // whatsapp://send?phone=
		number = u.Query().Get("phone")
	case host == "signal.me":
		number = strings.TrimPrefix(u.Fragment, "p/")
	case app && (host == "chat" || host == "add"): // viber://chat?number=
		number = u.Query().Get("number")
	default:
		return "", false
	}
	return "+" + strings.TrimLeft(number, " +"), true
}

// looksLikePhone reports a phone number without its country: long, with a leading 0, or in groups that no amount has.
// Points may also group an amount, or stand in a date.
func looksLikePhone(s string) bool {
	n, amount := len(digitsOf(s)), looksLikeAmount(s)
	point := strings.Contains(s, ".")
	return localShape.MatchString(s) && n <= 15 && !(point && amount) &&
		(n >= 9 || n >= 7 && (s[0] == '0' || s[0] == '(' || strings.ContainsAny(s, "-/") || !point && !amount))
}
