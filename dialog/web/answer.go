package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// refused answers a refused input with the card of its conversation.
func (s *Site) refused(p *post, rec *dialog.Record) {
	c, lang := s.render(p.v, p.lang, rec)
	if c.Field != nil && c.Field.Value == "" && rec.Said != nil && rec.Said.Refusal {
		c.Field.Value = rec.Said.Typed
	}
	s.showing(p.v, c)
	s.answer(p, http.StatusUnprocessableEntity, s.page(p.v, lang, c), s.sightOf(p.v, rec))
}

// answer answers a form with the page of a conversation, which goes on being kept current.
func (s *Site) answer(p *post, status int, page *page, at sight) {
	page.Live = at.address()
	s.send(p.w, status, "page", page)
}

// sightOf is what the visitor sees of a conversation, without its card.
func (s *Site) sightOf(v visitor, rec *dialog.Record) (at sight) {
	if rec.Key != s.engine.Route(&dialog.Input{Owner: s.owner(v)}) {
		at.id = rec.Key.ID
	}
	return at
}

// told answers an input whose sender alone is told: with the card of its question, and the text
// in the field.
func (s *Site) told(p *post, out dialog.Outcome) {
	c, lang := s.renderTold(p.v, p.lang, out.Record, out.Told)
	if c.Field != nil && p.action == "" {
		c.Field.Value = p.text
	}
	s.showing(p.v, c)
	status := http.StatusUnprocessableEntity
	if out.Did == dialog.DidStale {
		status = http.StatusConflict
	}
	s.answer(p, status, s.page(p.v, lang, c), s.sightOf(p.v, out.Record))
}

// late answers an input of an earlier card with the card of its conversation, and quotes the
// text. A personal conversation whose draft is over shows what GET shows, which may be what the
// draft has become.
func (s *Site) late(ctx context.Context, p *post, rec *dialog.Record) {
	c, lang := s.render(p.v, p.lang, rec)
	seen := s.sightOf(p.v, rec)
	if rec.Step == "" {
		if at, err := s.current(ctx, p.v, p.lang, ""); err == nil && at.id != "" {
			at.Band = c.Band
			c, lang, seen = at.Card, at.lang, at
		}
	}
	s.showing(p.v, c)
	s.quote(c, lang, p.text, "page.old")
	mine := s.mine(p, lang, c)
	page := s.page(p.v, lang, c)
	if mine != nil {
		page.Mine = mine
		mine.page = page
	}
	s.answer(p, http.StatusConflict, page, seen)
}

// takeBack is the action of a button that gives the text of an earlier form to its question: as:NAME.
const takeBack = "as"

// mine is a text that came too late, with the button that takes it back.
type mine struct {
	*page
	InputID             string
	Text, Action, Label string
}

// mine gives the text of an earlier form back to the visitor: into the field if its question is still open, else to a button
// beside the quote. It returns nil without such a button.
func (s *Site) mine(p *post, lang string, c *dialog.Card) *mine {
	typed := visible(p.text)
	switch {
	case typed == "" || p.action != "" || p.question == "" || c.Step == "" || c.Draft != p.draft:
		return nil
	case c.Asks == p.question && c.Field != nil:
		c.Field.Value = p.text
		c.Unsaved, c.SavedAs = true, s.say(lang, "page.unsaved", nil)
		b := *c.Band
		b.Text = s.say(lang, "page.in_field", nil)
		c.Band = &b
		return nil
	}
	label := []rune(strings.Join(strings.Fields(s.engine.Quotable(typed)), " "))
	if len(label) > labelMost {
		label = append(label[:labelMost-1], '…')
	}
	return &mine{InputID: random(), Text: p.text, Action: takeBack + ":" + p.question, Label: s.say(lang, "page.use", map[string]string{"typed": dialog.Isolate(string(label))})}
}

// visible is a text without the space around it, empty if a reader sees nothing of it.
func visible(text string) string {
	if !dialog.Visible(text) {
		return ""
	}
	return strings.TrimSpace(text)
}

// labelMost is the longest text, in characters, that a button quotes.
const labelMost = 32

// conflict shows the current card and quotes the text that was not applied.
func (s *Site) conflict(p *post, code string) {
	at, err := s.current(p.r.Context(), p.v, p.lang, s.looked(p.r))
	if err != nil {
		s.away(p, err)
		return
	}
	s.showing(p.v, at.Card)
	at.Band = nil
	s.quote(at.Card, at.lang, p.text, code)
	s.answer(p, http.StatusConflict, s.page(p.v, at.lang, at.Card), at)
}

// quote gives a card without a band the band of code, and quotes the text there.
func (s *Site) quote(c *dialog.Card, lang, typed, code string) {
	if c.Band == nil {
		c.Band = s.band(lang, code, nil)
	}
	if typed = s.engine.Quotable(visible(typed)); typed != "" && !strings.Contains(dialog.Plain(c.Band.Strong+c.Band.Text), dialog.Plain(typed)) {
		b := *c.Band
		b.Text = strings.TrimSpace(b.Text + " " + s.say(lang, "page.typed", map[string]string{"typed": dialog.Isolate(typed)}))
		c.Band = &b
	}
}

func (s *Site) band(lang, code string, args map[string]string) *dialog.Band {
	strong, text, _ := strings.Cut(s.say(lang, code, args), "\n")
	return &dialog.Band{Strong: strong, Text: text}
}

// away answers while the store is away. The outcome is unknown, so the page returns
// the form with the same input id and text.
func (s *Site) away(p *post, err error) {
	s.warn("take an input", err)
	code := "page.away"
	if errors.Is(err, dialog.ErrSchemaNewer) {
		code = "page.newer"
	}
	p.w.Header().Set("Retry-After", strconv.Itoa(healFor))
	s.unsaved(p, rejection{http.StatusServiceUnavailable, code, nil})
}

// help explains the page and names the support. A visitor writes to it from there.
func (s *Site) help(w http.ResponseWriter, r *http.Request, lang string) {
	more := []string{}
	if s.cfg.Support != "" {
		more = append(more, s.say(lang, "page.support", map[string]string{"support": s.cfg.Support}))
	}
	if s.cfg.Hours != "" {
		more = append(more, s.say(lang, "page.hours", map[string]string{"hours": s.cfg.Hours}))
	}
	p := s.barePage(lang, "page.helped", nil, more...)
	if s.cfg.Help != nil {
		p.Worries, p.Answers = s.say(lang, "page.worries", nil), s.cfg.Help(lang)
	}
	if s.cfg.Write != "" {
		v := s.visitor(r)
		if v.renew {
			s.welcome(w, r, v)
		}
		p.CSRF, p.Write = s.token(v), &dialog.Button{Action: s.cfg.Write, Label: s.say(lang, "page.write", nil), Free: true}
	}
	s.send(w, http.StatusOK, "page", p)
}

// bare answers with a headline, sentences and a link to the card.
func (s *Site) bare(w http.ResponseWriter, lang string, status int, code string, args map[string]string, more ...string) {
	p := s.barePage(lang, code, args, more...)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		p.Bare = s.say(lang, "page.again", nil)
	}
	s.send(w, status, "page", p)
}

// barePage makes a page of a headline and sentences.
func (s *Site) barePage(lang, code string, args map[string]string, more ...string) *page {
	lines := append(strings.Split(s.say(lang, code, args), "\n"), more...)
	p := s.page(visitor{}, lang, &dialog.Card{Question: lines[0], Body: lines[1:], Ended: true})
	p.Bare, p.Home = s.say(lang, "page.home", map[string]string{"name": s.cfg.Name}), "/"
	return p
}

// unreached answers a GET while the store is away. The page reloads by itself.
func (s *Site) unreached(w http.ResponseWriter, lang string, err error) {
	code := "page.unreached"
	if errors.Is(err, dialog.ErrSchemaNewer) {
		code = "page.newer"
	}
	w.Header().Set("Refresh", strconv.Itoa(healFor))
	w.Header().Set("Retry-After", strconv.Itoa(healFor))
	s.bare(w, lang, http.StatusServiceUnavailable, code, nil)
}

func (s *Site) slow(w http.ResponseWriter, lang string, wait time.Duration) {
	w.Header().Set("Retry-After", seconds(wait))
	s.bare(w, lang, http.StatusTooManyRequests, "page.slow", map[string]string{"seconds": seconds(wait)})
}

// unreadBody answers a post whose body is not read.
func (s *Site) unreadBody(w http.ResponseWriter, lang string, wait time.Duration) {
	w.Header().Set("Retry-After", seconds(wait))
	s.bare(w, lang, http.StatusTooManyRequests, "page.busy", map[string]string{"seconds": seconds(wait)})
}

// noCookie answers a form of a browser that keeps no cookie. Each request of such a browser is a new visitor's, so
// that every form would belong to another visitor.
func (s *Site) noCookie(p *post, at door) {
	status := http.StatusForbidden
	if at == doorOther {
		status = http.StatusConflict
	}
	s.welcome(p.w, p.r, p.v)
	var more []string
	if s.cfg.Telegram != nil {
		if name := s.cfg.Telegram(); name != "" {
			more = append(more, s.say(p.lang, "page.cookie.telegram", map[string]string{"url": "https://t.me/" + name}))
		}
	}
	if typed := s.engine.Quotable(visible(p.text)); typed != "" {
		more = append(more, s.say(p.lang, "page.typed", map[string]string{"typed": dialog.Isolate(typed)}))
	}
	s.bare(p.w, p.lang, status, "page.cookie", nil, more...)
}

// misdirected answers a request for an unknown host.
func (s *Site) misdirected(w http.ResponseWriter, r *http.Request, lang string) {
	host := r.Host
	if len(host) > 100 {
		host = host[:100] + "…"
	}
	s.unknown.warn("web: a request for an unknown host was rejected; if people should reach the page by this name, set PublicURL (--public-url)", host)
	code, home := "page.host", ""
	if s.public != nil {
		code, home = "page.host.at", s.public.Scheme+"://"+s.public.Host
	}
	p := s.barePage(lang, code, map[string]string{"url": home})
	p.Home, p.Foot = home, nil // the other links would stay here
	s.send(w, http.StatusMisdirectedRequest, "page", p)
}
