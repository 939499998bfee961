package lockbay

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Telegram names have 5 to 32 characters; those sold by auction have 4.
const (
	usernameMin = 4
	usernameMax = 32
)

// neverSeller are names that belong to Telegram: its services, the old bots without the suffix, the paths of its links
// (core.telegram.org/api/links).
var neverSeller = set(`botfather botsupport botnews spambot stickers gdprbot premiumbot verifybot discussbot channelsbot
	telegram telegramtips previews notifications replies telegraph fragment wallet send cryptobot
	bold bing coub like vote wiki imdb sticker youtube music foursquare gamee
	share joinchat login addstickers addemoji addtheme addlist setlanguage socks proxy confirmphone invoice contact
	giftcode boost stars iv bg msg nft call auction privatepost resolve settings premium_offer premium_multigift`)

// botName matches names that only bots have. Every bot's name ends in bot, but so do some people's.
var botName = regexp.MustCompile(`(?i:_bot)$|[a-z0-9]Bot$`)

func nameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
}

// username checks a Telegram name without its @, by Telegram's own rules.
func (t typedParty) username(name string) (Party, error) {
	bounds := []string{"low", strconv.Itoa(usernameMin), "high", strconv.Itoa(usernameMax)}
	switch {
	case name == "":
		return t.refuse(SellerUnknown)
	case looksLikeWallet(name) && len(name) > usernameMax:
		return t.refuse(SellerWallet)
	case strings.ContainsFunc(name, func(r rune) bool { return !nameRune(r) }):
		if !strings.HasPrefix(t.s, "@") || strings.Contains(name, " ") {
			return t.refuse(SellerUnknown)
		}
		return t.refuse(SellerLetters)
	case allDigits(name):
		return t.refuse(SellerNumber)
	case len(name) < usernameMin:
		return t.refuse(SellerShort, bounds...)
	case len(name) > usernameMax:
		return t.refuse(SellerLong, bounds...)
	case name[0] == '_' || '0' <= name[0] && name[0] <= '9' || name[len(name)-1] == '_' || strings.Contains(name, "__"):
		return t.refuse(SellerForm)
	case neverSeller[strings.ToLower(name)] || botName.MatchString(name):
		return t.refuse(SellerNobody)
	}
	return Party{KindTelegram, name}, nil
}

// bare checks a name that was typed without @. An ordinary word may be a name, too, so it is asked back: only an
// underscore tells a name from a word.
func (t typedParty) bare(name string, self Self) (Party, error) {
	p, err := t.username(name)
	if err != nil || strings.Contains(name, "_") || self.is(p) || self.serves(p) {
		return p, err
	}
	return t.refuse(SellerBare, "write", p.String())
}

// telegramLink returns the name in a link, or "" for a link to anything but a person. A phone link (t.me/+49…) gives the
// number with its +.
func telegramLink(typed string) (name string, link bool) {
	lower := strings.ToLower(typed)
	if strings.HasPrefix(lower, "tg:") {
		u, err := url.Parse(typed)
		if err != nil || strings.ToLower(u.Host+u.Opaque) != "resolve" && !strings.HasPrefix(lower, "tg:resolve?") {
			return "", true
		}
		if phone := u.Query().Get("phone"); phone != "" {
			return "+" + strings.TrimLeft(phone, " +"), true
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
	name = strings.TrimPrefix(path, "@")
	if strings.HasPrefix(path, "+") && !allDigits(path[1:]) || strings.ContainsAny(path, "/$") || neverSeller[strings.ToLower(name)] {
		return "", true
	}
	return name, true
}
