package web

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
)

//go:embed page.html
var pageHTML string

//go:embed device.html
var deviceHTML string

var pages = template.Must(template.New("").Funcs(template.FuncMap{"bdi": bdi, "linked": linked, "plain": plain, "pressing": (*Site)(nil).pressing}).Parse(pageHTML + deviceHTML))

// templates are the pages with the links of this site.
func (s *Site) templates() *template.Template {
	contact := contactURL(s.cfg.Support)
	linked := func(text string) template.HTML { return linkedTo(text, s.cfg.Support, contact) }
	return template.Must(pages.Clone()).Funcs(template.FuncMap{"linked": linked, "pressing": s.pressing})
}

// boundPath is where a form goes by a button of its card whose action has the name of a menu's.
const boundPath = "/?bound"

// pressing are the attributes of a button. The actions of a menu apply to no draft, so a button of that name which is bound to its
// card says so.
func (s *Site) pressing(b any) template.HTMLAttr {
	var button dialog.Button
	switch b := b.(type) {
	case dialog.Button:
		button = b
	case *dialog.Button:
		button = *b
	}
	attributes := `name="action" value="` + template.HTMLEscapeString(button.Action) + `"`
	if name, _, _ := strings.Cut(button.Action, ":"); s.menu[name] && !button.Free {
		attributes += ` formaction="` + boundPath + `"`
	}
	return template.HTMLAttr(attributes) //nolint:gosec // the action is escaped
}

// frame is the part of a page around its content.
type frame struct {
	Lang, Dir, Title, Name string
	CSS, JS, Icon          string // paths
	Saved, State           string
	Reload                 string // how a browser without scripts reloads the page; empty: not
	Copy                   string
	Words                  map[string]string // of the script
	Owner                  string            // tells visitors apart, for what the script keeps; empty: a page of nobody
	Foot                   []link
}

type link struct{ URL, Label string }

// frame makes the frame of a card, without its title.
func (s *Site) frame(lang string, c *dialog.Card) frame {
	f := frame{Lang: cmp.Or(c.Lang, lang), Name: s.cfg.Name, CSS: s.assets.css, JS: s.assets.js, Icon: s.assets.icon, Foot: s.foot(lang)}
	f.Copy, f.Words = s.say(f.Lang, "page.copy", nil), s.words(f.Lang)
	f.Dir = direction(f.Lang)
	return f
}

// title returns the title of a page for the browser.
func (s *Site) title(lang, title string) string {
	return s.say(lang, "page.title", map[string]string{"title": title, "name": s.cfg.Name})
}

func (s *Site) foot(lang string) (foot []link) {
	if s.cfg.TelegramURL != "" {
		foot = append(foot, link{s.cfg.TelegramURL, s.say(lang, "page.telegram", nil)})
	}
	foot = append(foot, link{listPath, s.say(lang, "page.list", nil)})
	return append(foot, link{s.cfg.HelpURL, s.say(lang, "page.help", nil)})
}

// footOf is the foot of a visitor's page.
func (s *Site) footOf(v visitor, lang string) []link {
	foot := s.foot(lang)
	if v.device != nil {
		foot = append(foot, link{devicesPath, s.say(lang, "page.devices", nil)})
	}
	return foot
}

// page is the data of the template "page".
type page struct {
	frame
	Card                        *dialog.Card
	Revision, InputID, CSRF     string
	Known, Ahead, Others, Picks string
	Continue, Answer            string
	Post                        string         // where the form goes
	Version                     string         // the state that the page shows, see [Site.state]; empty: unknown
	Live                        string         // where the script asks for what is true now; empty: nowhere
	Now                         *link          // from the form that a visitor holds open to what is true now; nil: none
	Bare                        string         // label of the link to the card, on a page without a form
	Home                        string         // where that link leads; empty: there is none
	Write                       *dialog.Button // on a page without a form; nil: none
	Mine                        *mine          // a text that came too late; nil: none
	Worries                     string         // heading of Answers
	Answers                     []Answer

	Choices []dialog.Button
	Hidden  bool // the first submit button is a hidden Continue, for Enter
	First   bool // choices stand before the field
	Labels  bool // the question is the field's label
	Late    bool // hint or refusal stand at the field, otherwise below the question
	Row     bool // the field and its Continue share a line
	Below   bool // the hint stands below that line
	Group   bool // the question is the choices' label
	Start   bool // the focus is on the question: the next control is one key away
	Keep    *dialog.Button
	Input   *input // the card's field; nil: none
}

// input is the data of the template "input".
type input struct {
	Field     *dialog.Field
	Describes string // ids of the elements that explain the field
	Verbatim  bool   // no capitals and no spelling help
	Refused   bool
	Focus     bool
	ReadOnly  bool
	Required  bool
}

// page makes a page of a card.
func (s *Site) page(v visitor, lang string, c *dialog.Card) *page {
	p := &page{
		frame: s.frame(lang, c), Post: "/", Card: c, Revision: strconv.FormatInt(c.Revision, 10), InputID: random(), CSRF: s.token(v),
		Continue: s.say(lang, "page.continue", nil), Choices: c.Choices,
	}
	p.Owner, p.Foot = s.pseudonym(v), s.footOf(v, lang)
	p.Known, p.Ahead = s.headings(lang, c)
	p.Saved = c.SavedAs
	switch {
	case c.Unsaved:
		p.State = " not"
	case c.SavedAs != "" && c.Saved.IsZero():
		p.State = " none"
	}
	if len(c.Picks) > 0 {
		p.Picks = s.say(lang, "page.picks", nil)
	}
	if len(c.Others) > 0 {
		p.Others = s.say(lang, "page.others", nil)
	}
	title := plain(cmp.Or(c.Title, c.Question))
	if c.Refusal != "" {
		title = s.say(lang, "page.error", map[string]string{"title": title})
	}
	p.Title = s.title(lang, title)
	p.shape(s)
	return p
}

// headings returns the headings of a card's facts and of its list of next steps.
func (s *Site) headings(lang string, c *dialog.Card) (known, ahead string) {
	known = cmp.Or(c.Known, s.say(lang, "page.known", nil))
	switch {
	case len(c.Soon) > 0:
		ahead = cmp.Or(c.Ahead, s.say(lang, "page.soon", nil))
	case len(c.Next) > 0:
		ahead = cmp.Or(c.Ahead, s.say(lang, "page.next", nil))
	}
	return known, ahead
}

// shape sets the layout fields of a page with a form.
func (p *page) shape(s *Site) {
	c := p.Card
	switch {
	case c.Keep == nil:
	case c.Field == nil || c.First:
		p.Choices = append([]dialog.Button{*c.Keep}, c.Choices...)
	default:
		p.Keep = c.Keep
	}
	p.First = c.First && len(p.Choices) > 0
	p.Group = len(p.Choices) > 0
	p.focus()
	if c.Field == nil {
		return
	}
	p.Continue = cmp.Or(c.Field.Continue, p.Continue)
	p.Labels = !p.First && c.Field.Label == ""
	p.Late = !p.Labels
	p.Answer = c.Field.Label
	if p.Late && p.Answer == "" {
		p.Answer = s.say(p.Lang, "page.answer", nil)
	}
	p.Row = (p.First || c.Primary != nil) && !c.Field.Long
	p.Below = p.Late && p.Row && c.Refusal == ""
	p.Hidden = p.First || c.Primary != nil
	p.Input = &input{Field: c.Field, Verbatim: verbatim(c.Field), Refused: c.Refusal != "", Required: !p.First, Focus: p.inField()}
	var ids []string
	if c.Band != nil && p.Input.Focus {
		ids = append(ids, "band")
	}
	switch {
	case c.Refusal != "":
		ids = append(ids, "error")
	case c.Hint != "":
		ids = append(ids, "hint")
	}
	if c.Field.Count != "" {
		ids = append(ids, "count")
	}
	p.Input.Describes = strings.Join(ids, " ")
}

// focus puts the focus where the person goes on: into the field that answers the question, else on the question, with the
// first control one key away. A screen reader begins there too, and hears the notice first. Pages that reload by themselves and
// pages without a question leave the focus alone.
func (p *page) focus() {
	c := p.Card
	p.Start = c.Step != "" && !c.Ended && !restless(c) && !p.inField()
}

// inField reports whether the focus belongs in the field: it is the way to answer, or has a refused text.
func (p *page) inField() bool {
	c := p.Card
	return c.Field != nil && (c.Refusal != "" || c.Step != "" && !p.First && c.Primary == nil)
}

// verbatim reports whether a field takes text without capitals and spelling help.
func verbatim(f *dialog.Field) bool { return f.Input == "email" || f.Input == "url" }

const (
	fsi = '\u2068'
	pdi = '\u2069'
)

// bdi escapes a text and turns its isolates into elements. It closes open isolates
// at the end and drops an end without a beginning.
func bdi(text string) template.HTML { return marked(text, template.HTMLEscapeString) }

// marked is bdi with another function for the text between isolates.
func marked(text string, escape func(string) string) template.HTML {
	if !strings.ContainsAny(text, "\u2068\u2069") {
		return template.HTML(escape(text)) //nolint:gosec // escaped here
	}
	var b strings.Builder
	b.Grow(len(text) + 32)
	depth, from := 0, 0
	flat := false // the isolate that is open last has no other one inside, so far
	for i, r := range text {
		if r != fsi && r != pdi {
			continue
		}
		part := text[from:i]
		from = i + len("\u2068")
		switch {
		case r == fsi:
			b.WriteString(escape(part) + "<bdi>")
			depth++
		case depth > 0:
			if flat {
				part = whole(part, escape)
			} else {
				part = escape(part)
			}
			b.WriteString(part + "</bdi>")
			depth--
		default:
			b.WriteString(escape(part))
		}
		flat = r == fsi
	}
	b.WriteString(escape(text[from:]))
	for ; depth > 0; depth-- {
		b.WriteString("</bdi>")
	}
	return template.HTML(b.String()) //nolint:gosec // every part was escaped
}

// value matches what stays in one line: a number such as ESC-7K4M-92QXA, a sum such as 0.010125 BTC, a day, a time of day.
var value = regexp.MustCompile(`^(?:[A-Z0-9]{2,8}(?:-[A-Z0-9]{2,8}){1,3}|[\d.,]+ [A-Z]{3,5}|\d{1,2} \p{L}{3,9}(?: \d{4})?|` +
	`(?:[\p{L}\d.]{1,10},? ){0,4}\d\d:\d\d(?: UTC(?:[+\x{2212}][\d:]{1,5})?)?)$`)

// lineMost is the longest value, in characters, that fits into the line of a heading on a phone.
const lineMost = 26

// whole escapes the text of an isolate, and keeps a value in one line. A longer time may have its hour in the next line.
func whole(text string, escape func(string) string) string {
	if !value.MatchString(text) {
		return escape(text)
	}
	day, hour, cut := strings.Cut(text, ", ")
	if !cut || utf8.RuneCountInString(text) <= lineMost {
		return `<span class="nb">` + escape(text) + `</span>`
	}
	return `<span class="nb">` + escape(day) + `,</span> <span class="nb">` + escape(hour) + `</span>`
}

// plain removes the isolates of a text, for an attribute.
func plain(text string) string {
	if !strings.ContainsAny(text, "\u2068\u2069") {
		return text
	}
	return dialog.Plain(text)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// send writes a page with the template name.
func (s *Site) send(w http.ResponseWriter, status int, name string, p any) {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := s.pages.ExecuteTemplate(b, name, p); err != nil {
		s.cfg.Log.Error("web: the page template failed", "error", err) // a defect of the template
		http.Error(w, "500", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	write(w, status, b.Bytes())
}

// write answers with a body, uncompressed because pages contain a token (BREACH).
func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have disconnected
}
