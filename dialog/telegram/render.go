package telegram

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

const (
	textMax  = 4096 // UTF-16 units of a message's text, its markup not counted
	dataMax  = 64   // bytes of a button's data
	pairMax  = 22   // characters of a label of an Edit that shares its row with another
	fourMax  = 8    // characters of a label of which four stand in a row
	twoMax   = 18   // characters of a label of which two do
	rowParts = 4
	leastCut = 24 // least UTF-16 units of a shortened part
)

const (
	fsi = "\u2068"
	pdi = "\u2069"
)

// keyboard is the buttons of a card in reading order.
type keyboard struct {
	buttons []botapi.Button
	tooLong []string // actions with too much data: a defect of the flow
	asks    bool     // instead of buttons: opens a reply
}

// part is a stretch of text in one style.
type part struct {
	text   string
	style  style
	value  bool   // of a fact: shortened first
	person string // whom it mentions: the id of a person; else empty
	units  int    // length; set by fit
}

type style uint8

const (
	plain style = iota
	bold
	code
)

// render writes a card as the HTML text of a message and its buttons: band, progress,
// facts, the question with its hint or refusal, sums, body, next. At a review the sums
// come last, so that Confirm stands right below the total.
func render(c *dialog.Card) (string, keyboard) {
	w := writer{parts: make([]part, 0, 24)}
	w.mention(c)
	if c.Band != nil {
		w.paragraph()
		w.line(c.Band.Strong, bold)
		w.line(c.Band.Text, plain)
	}
	w.paragraph()
	w.line(c.Progress, plain)
	w.paragraph()
	for i := range c.Facts {
		w.fact(&c.Facts[i])
	}
	w.paragraph()
	w.line(c.Question, bold)
	if c.Refusal != "" {
		w.line(c.Refusal, plain)
	} else {
		w.line(c.Hint, plain)
	}
	if c.After != c.Hint || c.Refusal != "" {
		w.line(c.After, plain)
	}
	if !c.Review {
		w.sums(c.Sums)
	}
	for _, p := range c.Body {
		w.paragraph()
		w.line(p, plain)
	}
	w.next(c)
	if c.Review {
		w.sums(c.Sums)
	}
	return w.html(), buttons(c)
}

// writer collects the parts of a text.
type writer struct {
	parts []part
	gap   bool // a blank line comes before the next line
}

// mention names the person who is asked, by a link that works without a username.
func (w *writer) mention(c *dialog.Card) {
	if id, ok := strings.CutPrefix(c.For, channelName+":"); ok {
		w.parts = append(w.parts, part{text: cmp.Or(c.ForName, id), style: plain, person: id})
	}
}

func (w *writer) paragraph() { w.gap = true }

// begin starts a new line.
func (w *writer) begin() {
	switch {
	case len(w.parts) == 0:
	case w.gap:
		w.parts = append(w.parts, part{text: "\n\n"})
	default:
		w.parts = append(w.parts, part{text: "\n"})
	}
	w.gap = false
}

func (w *writer) line(s string, st style) {
	if s == "" {
		return
	}
	w.begin()
	w.parts = append(w.parts, part{text: s, style: st})
}

// labelled writes a line "Label: value".
func (w *writer) labelled(label, value string, st style, fact bool) {
	w.begin()
	if label != "" {
		w.parts = append(w.parts, part{text: label + ": "})
	}
	if st == code { // isolates stand outside, so that a copied id has none
		w.parts = append(w.parts, part{text: fsi}, part{text: dialog.Plain(value), style: code, value: fact}, part{text: pdi})
		return
	}
	w.parts = append(w.parts, part{text: value, style: st, value: fact})
}

func (w *writer) fact(f *dialog.Fact) {
	st := plain
	if f.Mono {
		st = code
	}
	w.labelled(f.Label, f.Value, st, true)
	w.line(f.Note, plain)
}

func (w *writer) sums(sums []dialog.Sum) {
	w.paragraph()
	for _, s := range sums {
		switch {
		case s.Mono:
			w.labelled(s.Label, s.Value, code, false)
		case s.Total:
			w.line(s.Label+": "+s.Value, bold)
		default:
			w.labelled(s.Label, s.Value, plain, false)
		}
	}
}

func (w *writer) next(c *dialog.Card) {
	if len(c.Next) == 0 {
		return
	}
	w.paragraph()
	if c.Ahead != "" {
		w.line(c.Ahead+":", plain)
	}
	for _, n := range c.Next {
		w.line("– "+n.Who, plain)
		w.line(n.When, plain)
	}
}

// html writes the text with its markup, shortened to textMax.
func (w *writer) html() string {
	w.fit()
	size := 0
	for _, p := range w.parts {
		size += len(p.text) + 16
	}
	var b strings.Builder
	b.Grow(size)
	for _, p := range w.parts {
		switch {
		case p.person != "":
			b.WriteString(`<a href="tg://user?id=` + p.person + `">`)
			escape(&b, p.text)
			b.WriteString("</a>")
		case p.style == bold:
			b.WriteString("<b>")
			escape(&b, p.text)
			b.WriteString("</b>")
		case p.style == code:
			b.WriteString("<code>")
			escape(&b, p.text)
			b.WriteString("</code>")
		default:
			escape(&b, p.text)
		}
	}
	if strings.TrimFunc(b.String(), blank) == "" {
		return "…" // the server rejects an empty text
	}
	return b.String()
}

func blank(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

// escape writes s for parse mode HTML.
func escape(b *strings.Builder, s string) {
	start := 0
	for i := 0; i < len(s); i++ {
		var ref string
		switch s[i] {
		case '&':
			ref = "&amp;"
		case '<':
			ref = "&lt;"
		case '>':
			ref = "&gt;"
		default:
			continue
		}
		b.WriteString(s[start:i])
		b.WriteString(ref)
		start = i + 1
	}
	b.WriteString(s[start:])
}

// fit shortens the longest fact, and when that is not enough the longest part,
// until the text has at most textMax units.
func (w *writer) fit() {
	bytes := 0
	for _, p := range w.parts {
		bytes += len(p.text)
	}
	if bytes <= textMax { // a text has at least as many bytes as units
		return
	}
	total := 0
	for i := range w.parts {
		w.parts[i].units = units(w.parts[i].text)
		total += w.parts[i].units
	}
	for total > textMax {
		p := w.longest(true)
		if p == nil {
			p = w.longest(false)
		}
		if p == nil { // every part is at its minimum
			total -= w.parts[len(w.parts)-1].units
			w.parts = w.parts[:len(w.parts)-1]
			continue
		}
		total -= p.units
		p.text = clip(p.text, max(textMax-total, leastCut))
		p.units = units(p.text)
		total += p.units
	}
}

// longest returns the longest part that can be shortened, nil if there is none.
func (w *writer) longest(fact bool) (found *part) {
	least := leastCut
	for i := range w.parts {
		if p := &w.parts[i]; p.units > least && (p.value || !fact) {
			found, least = p, p.units
		}
	}
	return found
}

// units returns the length of s in UTF-16 units.
func units(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// clip shortens s to at most n UTF-16 units with the ellipsis, and closes open
// isolates.
func clip(s string, n int) string {
	if units(s) <= n {
		return s
	}
	n--                               // the ellipsis
	open, at, end, ends := 0, 0, 0, 0 // ends: isolates that are open at end
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		switch {
		case r > 0xffff:
			at++
		case r == 0x2068:
			open++
		case r == 0x2069 && open > 0:
			open--
		}
		if at++; at+open > n {
			break
		}
		end, ends = end+size, open
	}
	kept := strings.TrimRightFunc(s[:end], func(r rune) bool { return r == 0x200d || unicode.IsSpace(r) })
	return kept + "…" + strings.Repeat(pdi, ends)
}

// buttons lays out the rows: answers first, at the review Confirm and then the edits
// in pairs, and last the buttons that leave the step.
func buttons(c *dialog.Card) keyboard {
	k := keyboard{buttons: make([]botapi.Button, 0, 12)}
	if c.Primary != nil && c.Primary.Action != "" {
		k.rows(c, *c.Primary)
	}
	if c.Keep != nil {
		k.rows(c, *c.Keep)
	}
	k.shared(c, c.Picks...)
	k.rows(c, c.Choices...)
	if c.Review {
		k.edits(c)
	}
	k.rows(c, c.Alt...)
	k.rows(c, c.Others...)
	k.shared(c, c.Quiet...)
	return k
}

func (k *keyboard) next() int {
	if len(k.buttons) == 0 {
		return 0
	}
	return k.buttons[len(k.buttons)-1].Row + 1
}

// rows adds buttons, each in a row of its own.
func (k *keyboard) rows(c *dialog.Card, list ...dialog.Button) {
	for _, b := range list {
		k.add(c, k.next(), b.Label, b)
	}
}

// edits adds the Edit buttons of the facts in pairs. Their labels name the fact,
// because they do not stand beside its line.
func (k *keyboard) edits(c *dialog.Card) {
	row, in := k.next(), 0
	for _, f := range c.Facts {
		if f.Edit == nil {
			continue
		}
		label := cmp.Or(f.Edit.Aria, f.Edit.Label)
		n := 1
		if utf8.RuneCountInString(label) > pairMax {
			n = 2
		}
		if in > 0 && in+n > 2 {
			row, in = row+1, 0
		}
		if k.add(c, row, label, *f.Edit) {
			in += n
		}
	}
}

// shared adds buttons that share rows as far as a phone can show their labels. The buttons of a row have one width.
func (k *keyboard) shared(c *dialog.Card, list ...dialog.Button) {
	row, in, widest := k.next(), 0, 0
	for _, b := range list {
		wide := parts(b)
		if in > 0 && (in+1)*max(widest, wide) > rowParts {
			row, in, widest = row+1, 0, 0
		}
		if k.add(c, row, b.Label, b) {
			in, widest = in+1, max(widest, wide)
		}
	}
}

// parts are the quarters of a row that the label of a button needs.
func parts(b dialog.Button) int {
	switch n := utf8.RuneCountInString(cmp.Or(b.Label, b.Action)); {
	case n <= fourMax:
		return 1
	case n <= twoMax:
		return 2
	}
	return rowParts
}

func (k *keyboard) add(c *dialog.Card, row int, label string, b dialog.Button) bool {
	data := c.Data(b)
	if b.URL != "" {
		data = ""
	}
	if len(data) > dataMax {
		k.tooLong = append(k.tooLong, b.Action)
		return false
	}
	if label == "" {
		label = b.Action
	}
	if b.Chosen {
		label = "• " + label
	}
	k.buttons = append(k.buttons, botapi.Button{Row: row, Text: label, Data: data, URL: b.URL})
	return true
}
