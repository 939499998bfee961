package web

import (
	"strconv"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// english are the page's own texts, the defaults of Config.Words.
var english = map[string]string{
	"page.continue": "Continue",
	"page.known":    "Known so far",
	"page.soon":     "Still to come",
	"page.next":     "What happens next",
	"page.picks":    "Shortcuts",
	"page.others":   "Also yours",
	"page.list":     "Yours",
	"page.none":     "There are none yet.",
	"page.older":    "Older ones",
	"page.create":   "Start",
	"page.draft":    "Go on with your draft",
	"page.error":    "Error: {title}",
	"page.title":    "{title} · {name}",
	"page.help":     "Help",
	"page.telegram": "Continue in Telegram",
	"page.still":    "Stop this page from reloading",
	"page.live":     "Let this page reload by itself",
	"page.home":     "Back to {name}",
	"page.show":     "Show this page as it is now",
	"page.copy":     "Copy",
	"page.copied":   "Copied",

	// of the script; it fills in {choice} and {when}, such as "in 8 seconds"
	"page.saving":        "saving…",
	"page.reconnecting":  "Reconnecting…",
	"page.resend":        "The server does not answer\nYour text is kept on this device and sent again {when}.",
	"page.resend.choice": "Not saved yet: {choice}\nYour earlier answers are safe. This one is kept on this page and sent again {when}.",
	"page.again":         "Try again",
	"page.now":           "Try now",
	"page.answer":        "Your answer",
	"page.choice":        "What you chose",

	"page.pressed":        "you pressed this",
	"page.pressed.detail": "{detail}, you pressed this",

	// bands: the event and the next step, separated by a newline
	"page.old":      "That was an earlier page\nNothing was changed. This is where you are now.",
	"page.moved":    "Another window or device went on\nThe question is now: {question}",
	"page.over":     "Another window or device went on\nThis question is over.",
	"page.in_field": "What you wrote is in the field, not saved yet.",
	"page.use":      "Use “{typed}”",
	"page.foreign":  "That page belonged to another visit\nNothing was changed. This is where you are now.",
	"page.typed":    "You had typed “{typed}”.",

	"page.unsaved":      "Not saved yet",
	"page.away":         "The server does not answer\nYour text is kept on this page. Try again in a moment.",
	"page.quick":        "That was too quick\nYour text is kept on this page. Try again in {seconds} seconds.",
	"page.full":         "Too many new visitors at the moment\nYour text is kept on this page. Try again later.",
	"page.away.choice":  "The server does not answer\nYour choice is kept on this page. Try again in a moment.",
	"page.quick.choice": "That was too quick\nYour choice is kept on this page. Try again in {seconds} seconds.",
	"page.full.choice":  "Too many new visitors at the moment\nYour choice is kept on this page. Try again later.",
	"page.once":         "Sent twice, it counts once.",

	"page.away.choice.named":  "Not saved yet: {choice}\nThe server does not answer. Your earlier answers are safe; this one is kept on this page.",
	"page.quick.choice.named": "Not saved yet: {choice}\nThat was too quick. It is kept on this page. Try again in {seconds} seconds.",
	"page.full.choice.named":  "Not saved yet: {choice}\nToo many new visitors at the moment. It is kept on this page. Try again later.",
	"page.newer":              "A newer version of this service has your draft\nIt is safe. Try again in a few minutes.",

	// pages without a card: a headline and sentences, separated by newlines
	"page.gone":            "There is nothing here\nWhat is yours is where you left it.",
	"page.link":            "This link leads to nothing any more\nAsk who sent it to you for a new one. If you have joined by it, you find what it led to under Yours.",
	"page.crowd":           "Too many new visitors at the moment\nNothing was changed. Try again later.",
	"page.unreached":       "The server does not answer\nWhat was saved is safe. This page tries again by itself.",
	"page.shut":            "This answer came from another site\nNothing was changed. Open the page itself and answer there.",
	"page.large":           "That is too much text\nNothing was changed. Your text is below: make it shorter and send it again.",
	"page.huge":            "That is far too much text\nNothing was changed. It is too long to be shown here again; if your browser still has it, going back brings it up.",
	"page.starts":          "Nothing was confirmed\nVery many from your network have confirmed. Your choice is kept on this page. Try again later.",
	"page.busy":            "Very many answers are arriving\nThis one was not read, and nothing was changed. Go back in {seconds} seconds and send it again.",
	"page.cookie":          "This page needs a cookie\nYour browser sent none, so we cannot tell whose answer this is. Nothing was changed.\nAllow cookies for this site, then open the page again.",
	"page.cookie.telegram": "Or write to the bot in Telegram: {url}",
	"page.unread":          "We cannot read that answer\nNothing was changed. Go back and send it again.",
	"page.slow":            "That was too quick\nTry again in {seconds} seconds.",
	"page.host":            "This page has another address\nAsk whoever runs this service for it.",
	"page.host.at":         "This page has another address\nIt is {url}",
	"page.method":          "That is not possible here\nWhat is yours is where you left it.",
	"page.worries":         "What people ask",
	"page.write":           "Write to us here",
	"page.support":         "A person answers at {support}.",
	"page.hours":           "A person answers: {hours}.",
	"page.helped":          "How this page works\nAnswer the question, or use the buttons. Every answer is saved when the page says so.\nYou may close the page at any time and come back with the same browser: it goes on where you were.\nBack opens the question before. Cancel ends the draft; Undo brings it back.",

	"page.devices":         "Where you are signed in",
	"page.devices.as":      "As {person}. Each of these can act for you.",
	"page.devices.none":    "This browser is signed in as nobody\nAsk the bot for a link with /web.",
	"page.device.this":     "This one",
	"page.device.used":     "Last used {day}",
	"page.device.since":    "Signed in {at}",
	"page.out":             "Sign out",
	"page.out.here":        "Sign out here",
	"page.out.named":       "Sign out {device}",
	"page.out.others":      "Sign out all others",
	"page.out.after":       "One that you do not know? Sign out all others. What is yours stays.",
	"page.out.all":         "Sign out everywhere, here too",
	"page.signed_out":      "This browser is signed out\nNothing was changed. Ask the bot for a link with /web to go on here.",
	"page.browser":         "{browser} on {system}",
	"page.browser.unknown": "A browser",
	"page.signin":          "Go on as {person} in this browser?",
	"page.signin.who":      "{person}, in {device}.",
	"page.signin.somebody": "the one who asked for this link",
	"page.signin.title":    "Sign in",
	"page.signin.hint":     "Whoever sits here can then act for you, for 90 days or until you sign out.",
	"page.signin.yes":      "Yes, go on as {person}",
	"page.signin.no":       "No",
	"page.signin.after":    "You asked our bot for this link with /web? If somebody else sent it to you, say no.",
	"page.signin.away":     "The server does not answer",
	"page.signin.used":     "This link works no more\nIt was used, or its ten minutes are over. Ask the bot for a new one with /web.",
}

// say returns one of the page's own texts.
func (s *Site) say(lang, code string, args map[string]string) string {
	if s.cfg.Words != nil {
		if text := s.cfg.Words(lang, code, args); text != "" {
			return text
		}
	}
	return dialog.Fill(english[code], args)
}

// language picks an offered language by the weights of Accept-Language; the first of
// equal ones wins. It returns the default language if none is offered.
func (s *Site) language(header string) string {
	best, weight := s.cfg.Languages[0], 0.0
	for i, part := range strings.Split(header, ",") {
		if i == 20 {
			break // bounds the work for a long header
		}
		tag, params, _ := strings.Cut(part, ";")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			if x, err := strconv.ParseFloat(v, 64); err == nil {
				q = x
			}
		}
		if lang := s.offered(strings.TrimSpace(tag)); lang != "" && q > weight {
			best, weight = lang, q
		}
	}
	return best
}

// offered returns the language for a tag, by the whole tag or its first part, "" for
// none.
func (s *Site) offered(tag string) string {
	first, _, _ := strings.Cut(tag, "-")
	found := ""
	for _, l := range s.cfg.Languages {
		if strings.EqualFold(l, tag) {
			return l
		}
		if strings.EqualFold(l, first) {
			found = l
		}
	}
	return found
}

// direction returns the direction of a language's script.
func direction(lang string) string {
	first, _, _ := strings.Cut(strings.ToLower(lang), "-")
	switch first {
	case "ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv", "ckb":
		return "rtl"
	}
	return "ltr"
}
