package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/lockbay/lockbay/dialog"
)

//go:embed page.html
var pageHTML string

var pages = template.Must(template.New("").Funcs(template.FuncMap{"bdi": bdi, "linked": linked, "plain": plain}).Parse(pageHTML))

// page is what the template shows: the card, and what only a page has.
type page struct {
	Lang, Dir, Title, Name, CSS, Icon string
	Saved, State                      string
	Card                              *dialog.Card
	Revision, InputID, CSRF           string
	Known, Ahead, Others, Picks       string
	Continue, Answer                  string
	Foot                              []link
	Bare                              string // label of the way back: a page without a form
	Unsaved                           bool

	Choices   []dialog.Button
	Hidden    bool   // a Continue before whatever else submits
	First     bool   // choices stand before the field
	Labels    bool   // the question is the field's label
	Late      bool   // hint or refusal stand beside the field, not under the question
	Row       bool   // the field and its Continue share a line
	Group     bool   // the question is the choices' label
	Verbatim  bool   // no capitals and no spelling help
	Describes string // ids of what explains the field
}

type link struct{ URL, Label string }

// page makes a page of a card.
func (s *Site) page(v visitor, lang string, c *dialog.Card) *page {
	p := &page{
		Lang: lang, Dir: c.Dir, Name: s.cfg.Name, CSS: s.assets.css, Icon: s.assets.icon, Card: c,
		Saved: c.SavedAs, Revision: strconv.FormatInt(c.Revision, 10), InputID: random(), CSRF: s.token(v),
		Known: or(c.Known, s.say(lang, "page.known", nil)), Continue: s.say(lang, "page.continue", nil), Choices: c.Choices,
	}
	if c.Lang != "" {
		p.Lang = c.Lang
	}
	if p.Dir == "" {
		p.Dir = direction(p.Lang)
	}
	switch {
	case c.SavedAs == "":
	case c.Saved.IsZero():
		p.State = " none"
	}
	switch {
	case len(c.Soon) > 0:
		p.Ahead = or(c.Ahead, s.say(lang, "page.soon", nil))
	case len(c.Next) > 0:
		p.Ahead = or(c.Ahead, s.say(lang, "page.next", nil))
	}
	if len(c.Picks) > 0 {
		p.Picks = s.say(lang, "page.picks", nil)
	}
	if len(c.Others) > 0 {
		p.Others = s.say(lang, "page.others", nil)
	}
	p.Foot = s.foot(lang)
	p.Title = s.title(lang, c)
	p.shape(s)
	return p
}

func (s *Site) title(lang string, c *dialog.Card) string {
	t := plain(or(c.Title, c.Question))
	if c.Refusal != "" {
		t = s.say(lang, "page.error", map[string]string{"title": t})
	}
	return s.say(lang, "page.title", map[string]string{"title": t, "name": s.cfg.Name})
}

func (s *Site) foot(lang string) (foot []link) {
	if s.cfg.TelegramURL != "" {
		foot = append(foot, link{s.cfg.TelegramURL, s.say(lang, "page.telegram", nil)})
	}
	return append(foot, link{s.cfg.HelpURL, s.say(lang, "page.help", nil)})
}

// shape decides where things stand: see the marks of page.
func (p *page) shape(s *Site) {
	c := p.Card
	if c.Keep != nil && c.Field == nil { // with a field, the answer stands in it
		p.Choices = append([]dialog.Button{*c.Keep}, c.Choices...)
	}
	p.First = c.First && len(p.Choices) > 0
	p.Group = len(p.Choices) > 0
	if c.Field == nil {
		return
	}
	if c.Field.Continue != "" && !p.Unsaved {
		p.Continue = c.Field.Continue
	}
	p.Labels = !p.First && c.Field.Label == ""
	p.Late = !p.Labels
	p.Answer = c.Field.Label
	if p.Late && p.Answer == "" {
		p.Answer = s.say(p.Lang, "page.answer", nil)
	}
	p.Row = (p.First || c.Primary != nil) && !p.Unsaved && !c.Field.Long
	p.Hidden = (p.First || c.Primary != nil) && !p.Unsaved
	p.Verbatim = c.Field.Input == "email" || c.Field.Input == "url"
	var ids []string
	switch {
	case c.Refusal != "":
		ids = append(ids, "error")
	case c.Hint != "":
		ids = append(ids, "hint")
	}
	if c.Field.Count != "" {
		ids = append(ids, "count")
	}
	p.Describes = strings.Join(ids, " ")
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

const (
	fsi = '\u2068'
	pdi = '\u2069'
)

// bdi escapes a text and turns its isolates into elements. What is not closed
// is closed at the end; an end without a beginning is dropped.
func bdi(text string) template.HTML { return marked(text, template.HTMLEscapeString) }

// marked is bdi with another way to escape what stands between isolates.
func marked(text string, escape func(string) string) template.HTML {
	if !strings.ContainsAny(text, "\u2068\u2069") {
		return template.HTML(escape(text)) //nolint:gosec // escaped here
	}
	var b strings.Builder
	b.Grow(len(text) + 32)
	depth, from := 0, 0
	for i, r := range text {
		if r != fsi && r != pdi {
			continue
		}
		b.WriteString(escape(text[from:i]))
		from = i + len("\u2068")
		switch {
		case r == fsi:
			b.WriteString("<bdi>")
			depth++
		case depth > 0:
			b.WriteString("</bdi>")
			depth--
		}
	}
	b.WriteString(escape(text[from:]))
	for ; depth > 0; depth-- {
		b.WriteString("</bdi>")
	}
	return template.HTML(b.String()) //nolint:gosec // every part was escaped
}

// plain is a text for an attribute, which has no isolates.
func plain(text string) string {
	if !strings.ContainsAny(text, "\u2068\u2069") {
		return text
	}
	return dialog.Plain(text)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// send writes a page.
func (s *Site) send(w http.ResponseWriter, status int, p *page) {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := pages.ExecuteTemplate(b, "page", p); err != nil {
		s.cfg.Log.Error("page template", "error", err) // a defect of ours
		http.Error(w, "500", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	write(w, status, b.Bytes())
}

// write answers with a body. It is not compressed: it has a token in it.
func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the other side may be gone
}
