package form_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// A question may not have the name of a state, an action or a text of the form's own, nor
// one that a button cannot carry.
func TestQuestionNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"size": true, "day": true, "date": true, "ask": true, "größe": true, "two words": true, "a.b": true, strings.Repeat("n", 24): true,
		"choose": false, "cancelled": false, "expired": false, "done": false, // states
		"start": false, "create": false, "cancel": false, "back": false, "edit": false, "confirm": false, "help": false, "continue": false, "undo": false, "renew": false, "resume": false, "restart": false,
		"menu": false, "review": false, // texts
		"": false, "a:b": false, "a|b": false, "a\nb": false, " a": false, "\xff": false, strings.Repeat("n", 25): false,
	} {
		form := form.Form[Order]{Name: "pizza", Submit: func(Order, *dialog.Turn) string { return "" },
			Questions: []form.Question[Order]{form.Text(name, "What size?", func(o *Order) *string { return &o.Size })}}
		if err := form.Check(); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Whatever the question is called and the options say, each button fits into Telegram's
// 64 bytes, up to a revision of seven digits.
func TestButtonsFit(t *testing.T) {
	pizza := sized(nil, form.Option{Value: strings.Repeat("long ", 40)}, form.Option{Value: "exactly 16 bytes"})
	pizza.Questions[0].Name = strings.Repeat("n", 24)
	k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
	defer k.Close()
	k.Say("/create")
	c := k.Card()
	c.Revision = 9_999_999
	for _, b := range c.Choices {
		if data := c.Data(b); len(data) > 64 {
			t.Errorf("%q has %d bytes", data, len(data))
		}
	}
	k.Say("exactly 16 bytes")
	c = k.Card()
	c.Revision = 9_999_999
	if data := c.Data(*c.Facts[0].Edit); len(data) > 64 {
		t.Errorf("%q has %d bytes", data, len(data))
	}
}

// A page has no commands: none of its texts names one, while the words of the bot come
// before those of the form.
func TestWordsOfAPage(t *testing.T) {
	pizza := sized(map[string]string{"no_draft": "Nothing here."}, form.Option{Value: "s"}, form.Option{Value: "l"})
	pizza.Questions = append(pizza.Questions, form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }))
	k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
	defer k.Close()
	page := dialog.View{Field: true, Details: true, Visited: true}
	for _, line := range []string{"/start", "/undo", "/help", "/create", "huge", "l", "/help", "/create", "/cancel", "/help", "/undo", "1 Infinite Loop", "x", "/confirm", "/help"} {
		k.Say(line)
		c := k.Bot.Render(k.Record, page)
		texts := append([]string{c.Question, c.Hint, c.Refusal, c.After}, c.Body...)
		if c.Band != nil {
			texts = append(texts, c.Band.Strong, c.Band.Text)
		}
		for _, text := range texts {
			if strings.Contains(text, "/") {
				t.Errorf("%s: the page says %q", line, text)
			}
		}
		if line == "/undo" && k.Record.Step == "" && (c.Band == nil || c.Band.Strong != "Nothing here.") {
			t.Errorf("the words of the bot do not come first: %+v", c.Band)
		}
	}
}

// A text of the bot's own has none of the form's buttons, even under the code of a text that
// has one.
func TestOwnTextUnderACodeOfTheForm(t *testing.T) {
	pizza := sized(nil, form.Option{Value: "s"}, form.Option{Value: "l"})
	pizza.Questions = append(pizza.Questions, form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }))
	pizza.Extra = func(name string, t *dialog.Turn) bool {
		code, own := strings.CutPrefix(name, "say_")
		if own {
			t.Say(code, map[string]string{"open": "size"})
		}
		return own
	}
	k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
	defer k.Close()
	k.Quiet = true
	k.Say("/create")
	k.Say("l")
	for _, code := range []string{"reminder", "edited.answer"} {
		if k.Say("/say_" + code); k.Card().Band == nil || len(k.Card().Alt) != 0 {
			t.Errorf("%s: the card says %+v, and has the buttons %+v", code, k.Card().Band, k.Card().Alt)
		}
	}
	if k.Wait(4 * 24 * time.Hour); len(k.Card().Alt) != 1 || k.Card().Alt[0].Action != "renew" {
		t.Errorf("the reminder of the form has the buttons %+v", k.Card().Alt)
	}
	k.Wait(4 * 24 * time.Hour)
	if k.Say("/say_expired"); k.Card().Band == nil {
		t.Error("beside an expired draft the own text is not shown")
	}
}

// A label is the question's Label, else its name as the beginning of a sentence.
func TestLabels(t *testing.T) {
	for name, want := range map[string]string{"size": "Size", "first_time": "First time", "état": "État", "1st": "1st"} {
		pizza := form.Form[Order]{Name: "pizza", Review: true, Submit: func(Order, *dialog.Turn) string { return "" },
			Questions: []form.Question[Order]{form.Text(name, "?", func(o *Order) *string { return &o.Size })}}
		k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
		k.Quiet = true
		k.Say("/create")
		k.Say("x")
		if f := k.Card().Facts; len(f) != 1 || f[0].Label != want || f[0].Field != name {
			t.Errorf("%s: %+v, want %s", name, f, want)
		}
		k.Close()
	}
}
