package terminal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/lockbay/lockbay/dialog"
)

// show prints the card of a record, or of the conversation that it went on as.
func (t *Terminal) show(ctx context.Context, r *dialog.Record) {
	if r.Step == "" && r.Started != "" {
		key := t.Engine.Route(&dialog.Input{Owner: t.Owner, Draft: r.Started})
		if next, _, err := t.Engine.Hydrate(ctx, key); err == nil && next.Version > 0 {
			r = next
		}
	}
	c := t.Engine.Render(r, dialog.View{Place: dialog.Place{Channel: "tty", Address: t.Owner}, Lang: t.Lang})
	fmt.Fprintln(t.Out)
	if b := c.Band; b != nil {
		t.print(bold, b.Strong)
		t.print(plain, b.Text)
	}
	t.print(dim, c.Progress)
	for _, f := range c.Facts {
		t.print(plain, f.Label+": "+f.Value)
		t.print(dim, f.Note)
	}
	t.print(bold, c.Question)
	if c.Refusal != "" {
		t.print(red, c.Refusal)
	} else {
		t.print(dim, c.Hint)
	}
	for _, s := range c.Sums {
		t.print(plain, s.Label+": "+s.Value)
	}
	for _, p := range c.Body {
		t.print(plain, p)
	}
	for _, n := range c.Next {
		t.print(plain, "- "+n.Who)
		t.print(dim, n.When)
	}
	if c.After != c.Hint {
		t.print(dim, c.After)
	}
	t.buttons(&c)
	fmt.Fprint(t.Out, "> ")
}

// buttons prints the card's buttons with the numbers that tap them.
func (t *Terminal) buttons(c *dialog.Card) {
	var all []dialog.Button
	if c.Band != nil && c.Band.Button != nil {
		all = append(all, *c.Band.Button)
	}
	for _, b := range []*dialog.Button{c.Primary, c.Keep} {
		if b != nil && b.Action != "" {
			all = append(all, *b)
		}
	}
	all = slices.Concat(all, c.Picks, c.Choices)
	for _, f := range c.Facts {
		if f.Edit != nil {
			edit := *f.Edit
			edit.Label = cmp.Or(edit.Aria, edit.Label)
			all = append(all, edit)
		}
	}
	t.taps = t.taps[:0]
	for i, b := range slices.Concat(all, c.Alt, c.Others, c.Quiet) {
		in := dialog.Input{Kind: dialog.KindTap}
		in.Name, in.Value, _ = strings.Cut(b.Action, ":")
		if !b.Free {
			in.Bound, in.Draft, in.Revision = true, c.Draft, c.Revision
		}
		t.taps = append(t.taps, in)
		if b.Chosen {
			b.Label = "• " + b.Label
		}
		t.print(plain, strconv.Itoa(i+1)+") "+b.Label)
	}
}

type style string

const (
	plain style = ""
	bold  style = "\x1b[1m"
	dim   style = "\x1b[2m"
	red   style = "\x1b[31m"
)

// print prints one text, without marks for the order of writing and without
// anything that would steer the terminal.
func (t *Terminal) print(s style, text string) {
	if text == "" {
		return
	}
	text = strings.Map(func(r rune) rune {
		if r == 0x2068 || r == 0x2069 || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	if t.color && s != plain {
		text = string(s) + text + "\x1b[0m"
	}
	fmt.Fprintln(t.Out, text)
}
