package form_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// sketch is a card in lines: everything on it that a person sees or taps.
func sketch(c dialog.Card) string {
	var b strings.Builder
	line := func(mark, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s %s\n", mark, strings.ReplaceAll(dialog.Plain(text), "\n", " / "))
		}
	}
	if c.Band != nil {
		line("*", c.Band.Strong+" / "+c.Band.Text)
	}
	line("#", c.Progress)
	for _, f := range c.Facts {
		text := f.Label + " " + f.Value
		if f.Fresh {
			text += ", fresh"
		}
		if f.Now {
			text += ", open"
		}
		if f.Edit != nil {
			text += ", " + f.Edit.Aria
		}
		line("-", text)
	}
	line("?", c.Question)
	line("!", c.Refusal)
	line(" ", c.Hint)
	for _, text := range c.Body {
		line(" ", text)
	}
	if c.Field != nil {
		line("_", fmt.Sprintf("%q", c.Field.Value))
	}
	row := func(kind string, buttons ...dialog.Button) {
		for _, x := range buttons {
			text := kind + " " + x.Action + " " + x.Label
			if x.Chosen {
				text += ", chosen"
			}
			line("[]", text)
		}
	}
	for kind, x := range map[string]*dialog.Button{"keep": c.Keep, "primary": c.Primary} {
		if x != nil {
			row(kind, *x)
		}
	}
	row("choice", c.Choices...)
	row("alt", c.Alt...)
	row("quiet", c.Quiet...)
	line(" ", c.After)
	line("…", strings.TrimSpace(fmt.Sprint(strings.Join(c.Soon, ", "), from(c))))
	line("=", c.SavedAs)
	return b.String()
}

func from(c dialog.Card) string {
	if len(c.Soon) == 0 {
		return ""
	}
	return fmt.Sprint(" from ", c.SoonFrom)
}

// TestCards: what the card shows, wherever a conversation is: the story behind @, and below
// it the card as sketch has it.
func TestCards(t *testing.T) {
	for part := range strings.SplitSeq(cards, "\n\n") {
		story, want, _ := strings.Cut(strings.TrimSpace(part), "\n")
		k := tell(strings.TrimPrefix(story, "@ "))
		if got := strings.TrimSpace(sketch(k.Card())); got != strings.TrimSpace(want) {
			t.Errorf("%s\n%s\nwant\n%s", story, got, want)
		}
		k.Close()
	}
}

const cards = `
@ /start
? Nothing is open.
  /create starts, /help tells more.
[] primary create Start

@ /create
# Step 1 of 3
? What size?
[] choice size:small small
[] choice size:large large
[] quiet cancel Cancel
… Address, Review from 2
= No answers yet

@ /create|huge
# Step 1 of 3
? What size?
! “huge” is not offered. Here: small, large.
[] choice size:small small
[] choice size:large large
[] quiet cancel Cancel
… Address, Review from 2
= Not saved yet

@ /create|large
# Step 2 of 3
- Size large, fresh
? Where to?
_ ""
[] quiet back Back
[] quiet cancel Cancel
… Review from 3
= Saved just now

@ /create|large|h
# Step 2 of 3
- Size large
? Where to?
! “h” is too short. Write at least 2 characters.
_ "h"
[] quiet back Back
[] quiet cancel Cancel
… Review from 3
= Not saved yet

@ /create|large|/continue
# Step 2 of 3
- Size large
? Where to?
! Write an answer.
_ ""
[] quiet back Back
[] quiet cancel Cancel
… Review from 3
= Saved just now

@ /create|large|home
# Step 3 of 3
- Size large, Edit size
- Address home, Edit address
- Pay cash, Edit pay
? Is this right?
[] primary confirm Confirm
[] quiet back Back
[] quiet cancel Cancel
= Saved just now

@ /create|large|home|+edit:address
# Step 2 of 3
- Size large
- Address home, open
- Pay cash
? Where to?
_ "home"
[] keep continue Keep home
[] quiet back Back
[] quiet cancel Cancel
… Review from 3
= Saved just now

@ /create|large|home|+edit:pay
# Step 3 of 3
- Size large
- Address home
- Pay cash, open
? How do you pay?
[] choice pay:cash cash, chosen
[] choice pay:card card
[] quiet back Back
[] quiet cancel Cancel
= Saved just now

@ /create|large|/create
# You already have a draft
- Size large
? Go on with this draft?
  Step 2 of 3, saved just now
[] primary continue Continue
[] alt restart Start over
  Starting over deletes its answers.
= Saved just now

@ /create|large|/cancel
? This draft is cancelled
  Your answers can come back until tomorrow, 14:00 UTC.
[] primary create Start
[] alt undo Undo

@ /create|large|/cancel|@23h
? This draft is cancelled
  Your answers can come back until 14:00 UTC.
[] primary create Start
[] alt undo Undo

@ /create|large|@85h
* Your draft is kept until Tue 1 Dec, 14:00 UTC. / Renew keeps it 7 more days.
# Step 2 of 3
- Size large
? Where to?
_ ""
[] alt renew Renew
[] quiet back Back
[] quiet cancel Cancel
… Review from 3
= Saved 3 days ago

@ /create|large|@85h|@85h
? This draft expired on 1 Dec
  It was kept for 7 days after your last answer, then deleted.
[] primary create Start

@ /create|large|home|/confirm
* large to home, cash / 
? Done
[] primary create Start

@ /create|large|home|/back|x
# Step 2 of 3
- Size large
- Address home, open
? Where to?
! “x” is too short. Write at least 2 characters.
_ "x"
[] keep continue Keep home
[] quiet back Back
[] quiet cancel Cancel
… Review from 3
= Not saved yet`
