package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// A page is kept current by its script (page.js). A browser without scripts reloads a page that may change by itself.

const (
	stillParam = "still" // keeps a page as it is
	heldParam  = "held"  // names the form that a visitor is at, see [held]
)

// scripted are the texts of the script :: name → code.
var scripted = map[string]string{
	"away": "page.resend", "choice": "page.resend.choice", "copied": "page.copied", "now": "page.now",
	"pressed": "page.pressed", "reconnecting": "page.reconnecting", "saving": "page.saving", "unsaved": "page.unsaved",
}

// words are the texts of the script, which fills in {choice} and {when}.
func (s *Site) words(lang string) map[string]string {
	words := make(map[string]string, len(scripted))
	for name, code := range scripted {
		words[name] = s.say(lang, code, map[string]string{"choice": "{choice}", "when": "{when}"})
	}
	return words
}

// live says how a page is kept current. The foot of one that reloads links to a page that stays as it is.
func (s *Site) live(p *page, at sight, q url.Values) {
	still := q.Has(stillParam)
	if !still {
		p.Live = at.address()
	}
	switch {
	case !restless(at.Card):
	case still:
		p.Foot = append(p.Foot, link{at.address(), s.say(at.lang, "page.live", nil)})
	default:
		p.Reload = strconv.Itoa(refreshFor) + "; url=" + at.address()
		p.Foot = append(p.Foot, link{at.address() + "&" + stillParam, s.say(at.lang, "page.still", nil)})
	}
	s.moved(p, at, heldBy(q))
}

// held is the form that a visitor is at while the script asks what is true now.
type held struct {
	draft, question, base string
	typed                 bool // there is a text in its field
}

// heldBy reads the parameter of a question: draft, question and base, and the word typed. It returns nil without one.
func heldBy(q url.Values) *held {
	parts := strings.Split(q.Get(heldParam), " ")
	if len(parts) < 3 || len(parts) > 4 {
		return nil
	}
	return &held{draft: parts[0], question: parts[1], base: parts[2], typed: len(parts) == 4 && parts[3] == "typed"}
}

// moved says in the band what has become of the question of a form that stays on the page as it is.
func (s *Site) moved(p *page, at sight, h *held) {
	c := at.Card
	if h == nil || h.draft == c.Draft && h.question == c.Asks && h.base == c.Base {
		return
	}
	code := "page.moved"
	if h.draft != c.Draft {
		code = "page.over"
	}
	b := s.band(at.lang, code, map[string]string{"question": dialog.Isolate(strings.TrimSuffix(dialog.Plain(c.Question), "."))})
	if h.typed {
		b.Text = strings.TrimSpace(b.Text + " " + s.say(at.lang, "page.in_field", nil))
	}
	c.Band = b
	p.Now = &link{at.address(), s.say(at.lang, "page.show", nil)}
}
