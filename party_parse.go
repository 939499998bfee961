package lockbay

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay/internal/decimal"
	"github.com/nyaruka/phonenumbers"
)

// typedParty is a typed seller.
type typedParty struct {
	text string // as typed, for quoting
	s    string // on one line, with ASCII digits, and no fullwidth forms
}

func (t typedParty) refuse(code string, more ...string) (Party, error) {
	if code == SellerWallet {
		return Party{}, refuse(code)
	}
	return Party{}, refuse(code, append([]string{"typed", quoted(t.text)}, more...)...)
}

// ParseParty reads a party: a Telegram name (with @, or as a t.me link), a phone number with its country (+ or 00), or an
// email address. In a sentence it is the only one that is named so. Case is kept.
//
// A bare word is asked back, since it need not be a name. Where money goes (a wallet, an account, a card) is not who. The
// error is a [*Refusal].
func ParseParty(text string, self Self) (Party, error) {
	if len(text) > 4096 {
		return Party{}, refuse(SellerUnknown, "typed", quoted(text))
	}
	p, err := typedParty{text, decimal.ASCII(halfwidth(oneLine(text)))}.parse(self)
	if err == nil {
		err = p.CheckFor(self)
	}
	if err == nil && p.Kind == KindTelegram && !strings.Contains(decimal.ASCII(halfwidth(text)), p.Value) {
		return Party{}, refuse(SellerUnknown, "typed", quoted(text)) // invisible characters inside: the name that was seen is another one
	}
	if err != nil {
		return Party{}, err
	}
	return p, nil
}

// halfwidth writes the fullwidth forms of ASCII, which Asian keyboards have, as ASCII.
func halfwidth(s string) string {
	return strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}

func (t typedParty) parse(self Self) (Party, error) {
	if looksLikeWallet(t.s) || looksLikeAccount(t.s) || slices.ContainsFunc(strings.Fields(t.s), IsWallet) {
		return t.refuse(SellerWallet)
	}
	p, ok, err := t.explicit()
	if ok && (err == nil || !t.inSentence()) {
		return p, err
	}
	found, several := t.mentioned()
	one, more := t.begins(found)
	if !more {
		one, more = t.ends(found)
	}
	if more && !several {
		return t.refuse(SellerPart, "write", one.String())
	}
	switch {
	case ok && (several || strings.ContainsAny(strings.Replace(t.s, found, "", 1), "0123456789")):
		return p, err
	case several:
		return t.refuse(SellerSeveral)
	case found != "":
		p, _, err := typedParty{found, found}.explicit()
		return p, err
	case ok:
		return p, err
	}
	switch {
	case strings.HasPrefix(t.s, "@"):
		return t.refuse(SellerUnknown)
	case strings.Contains(t.s, "@"):
		return t.email(t.s)
	case self.TelegramID != 0 && t.s == strconv.FormatInt(self.TelegramID, 10):
		return Party{}, refuse(SellerOneself)
	case looksLikePhone(t.s):
		return t.local(self)
	case looksLikeAmount(t.s):
		return t.refuse(SellerNumber)
	case t.s == "" || strings.ContainsFunc(t.s, func(r rune) bool { return !nameRune(r) }):
		return t.refuse(SellerUnknown)
	}
	return t.bare(t.s, self)
}

// explicit reads a text that is as a whole a link, a name with @, a phone number with its country, or an email address.
func (t typedParty) explicit() (p Party, ok bool, err error) {
	if number, link := phoneLink(t.s); link {
		p, err = t.phone(number)
		return p, true, err
	}
	if name, link := telegramLink(t.s); link {
		switch {
		case name == "": // an invitation, a channel's post, another site
			p, err = t.refuse(SellerUnknown)
		case name[0] == '+':
			p, err = t.phone(name)
		default:
			p, err = t.username(name)
		}
		return p, true, err
	}
	if lower := strings.ToLower(t.s); strings.HasPrefix(lower, "mailto:") {
		address, _, _ := strings.Cut(t.s[len("mailto:"):], "?")
		if plain, wrong := url.PathUnescape(address); wrong == nil {
			address = plain
		}
		p, err = t.email(address)
		return p, true, err
	}
	if withCountry(t.s) && !strings.Contains(t.s, "@") {
		p, err = t.phone(t.s)
		return p, true, err
	}
	if rest, at := strings.CutPrefix(t.s, "@"); at && !strings.Contains(strings.TrimSpace(rest), " ") {
		p, err = t.username(strings.TrimSpace(rest))
		return p, true, err
	}
	if strings.Contains(t.s, "@") && !strings.Contains(t.s, " ") {
		p, err = t.email(t.s)
		return p, true, err
	}
	return p, false, nil
}

// inSentence reports a text of several words, or of one between marks that no name or number begins or ends with; an
// address with a dot behind it is refused.
func (t typedParty) inSentence() bool {
	return strings.Contains(t.s, " ") || strings.HasSuffix(t.s, ".") && strings.LastIndex(t.s, "@") <= 0 || strings.Trim(t.s, ",;:!?\"“”„«»()[]") != t.s
}

// begins reads the party with which a text begins. more: other answers may follow it, which have digits ("@anna 50 eur
// camera"), or a small word that may belong to the name ("@anna ceramics").
func (t typedParty) begins(found string) (p Party, more bool) {
	if found == "" && strings.HasPrefix(t.s, "@") {
		found, _, _ = strings.Cut(t.s, " ")
	}
	found = strings.TrimRight(found, " ")
	rest, first := strings.CutPrefix(t.s, found)
	behind := strings.TrimLeft(rest, ",;:.!")
	if found == "" || !first || !strings.HasPrefix(behind, " ") || strings.HasPrefix(t.s, "@") && strings.Contains(rest, "@") {
		return p, false
	}
	small := found[0] == '@' && rest == behind && strings.Count(rest, " ") == 1 && nameRune(rune(rest[1])) && (rest[1] < 'A' || rest[1] > 'Z')
	if !small && !strings.ContainsAny(rest, "0123456789") {
		return p, false
	}
	p, ok, err := typedParty{found, found}.explicit()
	return p, ok && err == nil
}

// ends reads the party with which a text ends. more: an amount stands before it ("50 eur @anna").
func (t typedParty) ends(found string) (p Party, more bool) {
	before, last := strings.CutSuffix(strings.TrimRight(t.s, around), found)
	if found == "" || !last || !looksLikeAmount(strings.Trim(before, around+" ")) {
		return p, false
	}
	p, ok, err := typedParty{found, found}.explicit()
	return p, ok && err == nil
}

// around are the marks that may stand around a name in a sentence.
const around = `()[]{}<>.,;:!?"'«»“”„‘’…—–-`

// phoneInside is a phone number with its country in a sentence.
var phoneInside = regexp.MustCompile(`(?:^|[ (\[:"'«“„])([` + phonenumbers.PLUS_CHARS + "][0-9](?:[" + phoneMarks + "]*[0-9]){6,})")

// endsEarlier reports whether the last digits of a number in a sentence may be another word of it, as in
// "+49 30 123456 2 plates": the number is one without them, too.
func (t typedParty) endsEarlier(number string) bool {
	i := strings.LastIndexAny(number, " /")
	if i < 0 {
		return false
	}
	_, err := t.phone(number[:i])
	return err == nil
}

// mentioned finds the one name, link, number or address in a sentence. A small word behind a name may belong to it
// ("@anna ceramics"), so a text of just these two mentions nobody.
func (t typedParty) mentioned() (found string, several bool) {
	numbers := phoneInside.FindAllStringSubmatch(t.s, -1)
	if strings.Contains(t.s, "@") && len(numbers) > 0 || len(numbers) > 1 {
		return "", true
	}
	words := strings.Fields(t.s)
	for _, w := range words {
		w = strings.Trim(w, around)
		_, telegram := telegramLink(w)
		_, phone := phoneLink(w)
		if !telegram && !phone && !strings.Contains(strings.Trim(w, "@"), "@") && (!strings.HasPrefix(w, "@") || len(w) < 2) {
			continue
		}
		switch {
		case found == "":
			found = w
		case !strings.EqualFold(found, w):
			return "", true
		}
	}
	if found == "" && len(numbers) == 1 {
		number := numbers[0][1]
		return number, t.endsEarlier(number)
	}
	if len(words) == 2 && words[0] == found && found[0] == '@' && nameRune(rune(words[1][0])) && (words[1][0] < 'A' || words[1][0] > 'Z') {
		return "", false
	}
	return found, false
}

// PartiesIn lists the parties that a text for people names, each as ParseParty reads it alone.
func PartiesIn(text string) []Party {
	line := decimal.ASCII(halfwidth(oneLine(text)))
	named := strings.Fields(line)
	for _, m := range phoneInside.FindAllStringSubmatch(line, -1) {
		named = append(named, m[1])
	}
	var all []Party
	for _, one := range named {
		p, ok, err := typedParty{text, strings.Trim(one, around)}.explicit()
		if ok && err == nil && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// looksLikeAmount reports a number, with or without currency and magnitude.
func looksLikeAmount(s string) bool {
	number, before, behind, _, ok := splitAmount(s)
	if !ok {
		return false
	}
	if _, ok = meanings(before, behind); !ok {
		return false
	}
	_, ok = readNumber(number)
	return ok
}
