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
	heldParam  = "held"  // names the form that a visitor is at, see [heldBy]
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
func (s *Site) live(p *page, v visitor, at sight, q url.Values) {
	still := q.Has(stillParam)
	if !still && !v.new { // a browser without a cookie is another visitor each time
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
	s.moved(p, v, at, heldBy(q))
}

// heldBy reads the form that a visitor is at while the script asks what is true now: draft, question, base, and the word typed.
// It returns nil without one.
func heldBy(q url.Values) *dialog.Held {
	parts := strings.Split(q.Get(heldParam), " ")
	if len(parts) < 3 || len(parts) > 4 {
		return nil
	}
	return &dialog.Held{Draft: parts[0], Ask: parts[1], Base: parts[2], Typed: len(parts) == 4 && parts[3] == "typed"}
}

// moved says in the band what has become of the question of a form that stays on the page as it is.
func (s *Site) moved(p *page, v visitor, at sight, h *dialog.Held) {
	c := at.Card
	if h == nil || h.Draft == c.Draft && h.Ask == c.Asks && h.Base == c.Base {
		return
	}
	p.Now = &link{at.address(), s.say(at.lang, "page.show", nil)}
	if h.Typed {
		p.Saved, p.State = s.say(at.lang, "page.unsaved", nil), " not"
	}
	if c.Band = s.renderHeld(v, at, h).Moved; c.Band != nil {
		return
	}
	code := "page.moved"
	if h.Draft != c.Draft || c.Step == "" {
		code = "page.over"
	}
	c.Band = s.band(at.lang, code, map[string]string{"question": dialog.Isolate(strings.TrimSuffix(dialog.Plain(c.Question), "."))})
	if h.Typed {
		c.Band.Text += " " + s.say(at.lang, "page.in_field", nil)
	}
}
