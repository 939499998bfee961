package terminal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/lockbay/lockbay/dialog"
)

// show prints the card of a record. A finished conversation without a message
// of its own shows the one that it started.
func (t *Terminal) show(ctx context.Context, r *dialog.Record) {
	if t.shown == nil {
		t.shown = map[dialog.Key]int64{}
	}
	t.shown[r.Key] = r.Version
	if r.Step == "" && r.Started != "" && r.Said == nil {
		key := t.Engine.Route(&dialog.Input{Owner: t.Owner, Draft: r.Started})
		if next, _, err := t.Engine.Hydrate(ctx, key); err == nil && next.Version > 0 {
			r = next
		}
	}
	c := t.Engine.Render(r, dialog.View{Place: dialog.Place{Channel: "tty", Address: t.Owner}, Lang: t.Lang, Field: true})
	t.measure() // the person may have changed the window
	t.key = r.Key
	t.shown[r.Key] = r.Version
	t.taps = t.taps[:0]
	fmt.Fprintln(t.Out)
	if b := c.Band; b != nil {
		t.print(bold, b.Strong)
		t.print(plain, b.Text)
	}
	t.print(dim, c.Progress)
	t.facts(&c)
	t.print(bold, c.Question)
	if c.Refusal != "" {
		t.print(red, c.Refusal)
	} else {
		t.print(dim, c.Hint)
	}
	if c.Bar != nil {
		t.print(dim, c.Bar.Text)
	}
	t.sums(&c)
	for _, p := range c.Body {
		t.print(plain, p)
	}
	if len(c.Next) > 0 {
		fmt.Fprintln(t.Out)
	}
	for i, n := range c.Next {
		t.print(plain, fmt.Sprintf("%d. %s", i+1, n.Who))
		t.print(dim, indent(n.When, 3))
	}
	if len(c.Next) > 0 {
		fmt.Fprintln(t.Out)
	}
	t.buttons(&c)
	if c.After != c.Hint {
		t.print(dim, c.After)
	}
	for _, b := range c.Others {
		if b.Detail != "" {
			b.Label += " (" + b.Detail + ")"
		}
		t.row(&c, b)
	}
	t.row(&c, c.Quiet...)
	fmt.Fprint(t.Out, "> ")
}

// facts prints the answers, each with its Edit button.
func (t *Terminal) facts(c *dialog.Card) {
	wide := 0
	for _, f := range c.Facts {
		wide = max(wide, columns(clean(f.Label)))
	}
	hang := wide + 2
	for _, f := range c.Facts {
		t.printHanging(plain, pad(f.Label, wide)+"  "+strings.TrimLeft(indent(f.Value, hang), " "), hang)
		t.print(dim, indent(f.Note, hang))
		if f.Edit != nil {
			edit := *f.Edit
			edit.Label = cmp.Or(edit.Aria, edit.Label) // the label names the answer
			t.print(plain, indent(t.button(c, edit), hang))
		}
	}
	if len(c.Facts) > 0 {
		fmt.Fprintln(t.Out)
	}
}

// sums prints amounts in a column.
func (t *Terminal) sums(c *dialog.Card) {
	wide := 0
	for _, s := range c.Sums {
		wide = max(wide, columns(clean(s.Label)))
	}
	for _, s := range c.Sums {
		style := plain
		if s.Total {
			style = bold
		}
		t.printHanging(style, pad(s.Label, wide)+"  "+s.Value, wide+2)
	}
}

// buttons prints the buttons: short ones in a row, the others in a column.
func (t *Terminal) buttons(c *dialog.Card) {
	var first []dialog.Button
	for _, b := range []*dialog.Button{c.Primary, c.Keep} {
		if b != nil && b.Action != "" {
			first = append(first, *b)
		}
	}
	t.rows(c, first)
	t.row(c, c.Picks...)
	t.rows(c, slices.Concat(c.Choices, c.Alt))
}

func (t *Terminal) rows(c *dialog.Card, list []dialog.Button) {
	for _, b := range list {
		t.row(c, b)
	}
}

// row prints buttons beside each other. A button that does not fit begins the next line.
func (t *Terminal) row(c *dialog.Card, list ...dialog.Button) {
	const gap = "   "
	line := ""
	for _, b := range list {
		next := t.button(c, b)
		if line != "" && t.columns > 0 && columns(clean(line+gap+next)) > t.columns {
			t.printHanging(plain, line, underLabel)
			line = ""
		}
		if line != "" {
			line += gap
		}
		line += next
	}
	t.printHanging(plain, line, underLabel)
}

// underLabel is where the label of a button begins: a) Label.
const underLabel = 3

// button stores the input of a button and returns its label with its letter.
func (t *Terminal) button(c *dialog.Card, b dialog.Button) string {
	if b.URL != "" {
		return b.Label + ": " + b.URL
	}
	in := dialog.Input{Kind: dialog.KindTap}
	in.Name, in.Value, _ = strings.Cut(b.Action, ":")
	if !b.Free {
		in.Bound, in.Draft, in.Revision = true, c.Draft, c.Revision
	}
	t.taps = append(t.taps, in)
	label := b.Label
	if b.Chosen {
		label = "• " + label
	}
	return letters(len(t.taps)-1) + ") " + label
}

// letters returns the name of the n-th button: a … z, then aa, ab …
func letters(n int) string {
	if n < 26 {
		return string(rune('a' + n))
	}
	return letters(n/26-1) + letters(n%26)
}

// pressed returns the index of the button that text names, -1 for none.
func (t *Terminal) pressed(text string) int {
	text = strings.ToLower(strings.TrimSuffix(text, ")"))
	for i := range t.taps {
		if letters(i) == text {
			return i
		}
	}
	return -1
}

type style string

const (
	plain style = ""
	bold  style = "\x1b[1m"
	dim   style = "\x1b[2m"
	red   style = "\x1b[31m"
)

// print prints one text, wrapped at blanks below its first character.
func (t *Terminal) print(s style, text string) {
	text = clean(text)
	t.printHanging(s, text, len(text)-len(strings.TrimLeft(text, " ")))
}

// printHanging prints one text. Wrapped lines begin at the column hang.
func (t *Terminal) printHanging(s style, text string, hang int) {
	if text = clean(text); text == "" {
		return
	}
	text = wrap(text, t.columns, hang)
	if t.color && s != plain {
		text = string(s) + text + "\x1b[0m"
	}
	fmt.Fprintln(t.Out, text)
}

// clean returns a text without bidirectional marks and without control
// sequences.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == 0x2068 || r == 0x2069 || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}

// pad fills a label to a width.
func pad(label string, wide int) string {
	return label + strings.Repeat(" ", max(wide-columns(clean(label)), 0))
}

// indent indents every line of a text.
func indent(text string, by int) string {
	if text == "" {
		return ""
	}
	space := strings.Repeat(" ", by)
	return space + strings.ReplaceAll(text, "\n", "\n"+space)
}
