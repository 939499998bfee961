package form_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// catalogue is Words of these texts.
func catalogue(texts map[string]string) dialog.Words {
	return func(_, code string, args map[string]string) string { return dialog.Fill(texts[code], args) }
}

func sized(words map[string]string, options ...form.Option) form.Form[Order] {
	var values []string
	for _, o := range options {
		values = append(values, o.Value)
	}
	size := form.Choose("size", "What size?", func(o *Order) *string { return &o.Size }, values...)
	size.Options = func(*Order, dialog.View) []form.Option { return options }
	return form.Form[Order]{Name: "pizza", Version: 1, Review: true, Words: catalogue(words), Questions: []form.Question[Order]{size},
		Submit: func(o Order, t *dialog.Turn) string { return o.Size }}
}

// An option is labelled by the catalogue, and stored by its value.
func ExampleOption() {
	k := dialogtest.NewTalk(dialog.NewMemory(), sized(
		map[string]string{"size:s": "Small", "size:l": "Large", "size.choice": "{what}, {detail}", "size.now": "{what} (now)"},
		form.Option{Value: "s", Detail: "20 cm"}, form.Option{Value: "l", Detail: "30 cm"}))
	defer k.Close()
	buttons := func(v dialog.View) {
		for _, b := range k.Bot.Render(k.Record, v).Choices {
			fmt.Printf("[%s] %s %t\n", b.Label, b.Action, b.Chosen)
		}
	}
	k.Say("/create")
	buttons(dialog.View{})
	k.Say("huge")
	k.Say("large")
	fmt.Println(k.Bot.Render(k.Record, dialog.View{}).Facts[0].Value, string(k.Record.Answers))
	k.Say("/back")
	buttons(dialog.View{Details: true})
	// Output:
	// What size?
	// [Small, 20 cm] size:s false
	// [Large, 30 cm] size:l false
	// ! “huge” is not offered. Here: Small, Large.
	// What size?
	// Is this right?
	// Large {"size":"l","count":0,"address":""}
	// What size?
	// [Small] size:s false
	// [Large (now)] size:l true
}

// A button says that its option is the answer only where a card has room for details; else the
// channel marks it.
func TestChosenButtons(t *testing.T) {
	pizza := sized(map[string]string{"size.choice": "{what}, {detail}", "size.now": "{what} (now)"},
		form.Option{Value: "s", Detail: "20 cm"}, form.Option{Value: "l"})
	for answer, want := range map[string][2]string{
		"s": {"s, 20 cm*|l", "s (now)*|l"},
		"l": {"s, 20 cm|l*", "s|l (now)*"},
	} {
		for i, details := range []bool{false, true} {
			var c dialog.Card
			pizza.Pose(&pizza.Questions[0], &Order{Size: answer}, dialog.View{Details: details}, &c)
			var labels []string
			for _, b := range c.Choices {
				if b.Chosen {
					b.Label += "*"
				}
				labels = append(labels, b.Label)
			}
			if got := strings.Join(labels, "|"); got != want[i] {
				t.Errorf("%s is chosen, details %t: %s, want %s", answer, details, got, want[i])
			}
		}
	}
}

// A label of the option's own serves where the catalogue has none.
func TestOwnLabel(t *testing.T) {
	k := dialogtest.NewTalk(dialog.NewMemory(), sized(nil, form.Option{Value: "now", Label: "Any"}, form.Option{Value: "l", Label: "Large"}))
	defer k.Close()
	for line, want := range map[string]string{"any": "Any", "now": "Any", "LARGE": "Large", "l": "Large"} {
		k.Say("/create")
		k.Say("/restart")
		k.Say(line)
		if c := k.Bot.Render(k.Record, dialog.View{}); len(c.Facts) != 1 || c.Facts[0].Value != want {
			t.Errorf("%s: the card has %+v, want %s", line, c.Facts, want)
		}
	}
}

// Check finds a question without a text, and an option without a label beside labelled ones.
func TestMissingTexts(t *testing.T) {
	s, l := form.Option{Value: "s"}, form.Option{Value: "l"}
	silent := sized(nil, s, l)
	silent.Questions[0].Ask = ""
	asked := sized(map[string]string{"size.ask": "?"}, s, l)
	asked.Questions[0].Ask = ""
	for name, x := range map[string]struct {
		form form.Form[Order]
		want string
	}{
		"values":         {sized(nil, s, l), ""},
		"labels":         {sized(map[string]string{"size:s": "Small", "size:l": "Large"}, s, l), ""},
		"own label":      {sized(map[string]string{"size:s": "Small"}, s, form.Option{Value: "l", Label: "Large"}), ""},
		"asked by code":  {asked, ""},
		"no question":    {silent, `question "size" has no text: set Ask, or add size.ask to Words`},
		"one unlabelled": {sized(map[string]string{"size:s": "Small"}, s, l), `option "l" of question "size" has no label: add size:l to Words, as for "s"`},
		"empty":          {sized(nil, s, form.Option{}), `question "size": an option has the empty value, which is no answer`},
		"twice":          {sized(nil, s, l, s), `question "size": two options have the value "s"`},
	} {
		got := ""
		if err := x.form.Check(); err != nil {
			got = err.Error()
		}
		if got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

// An option may be any word: the texts of a question are never its label.
func TestLabelsAreTheirOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := []string{"ask", "hint", "after", "label", "soon", "aria", "open", "again", "choice", "now", "unknown", "short", "long", "note", "count", "you_pay", "deal"}
		value := rapid.OneOf(rapid.SampledFrom(words), rapid.StringN(1, 12, -1)).Filter(func(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }).Draw(t, "value")
		pizza := sized(nil, form.Option{Value: value}, form.Option{Value: "other " + value})
		pizza.Words = func(_, code string, _ map[string]string) string {
			if strings.Contains(code, ":") {
				return ""
			}
			return "the text " + code
		}
		bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, pizza)
		if err != nil {
			t.Fatalf("%q is refused: %v", value, err)
		}
		defer func() { _ = bot.Close(context.Background()) }()
		rec := &dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: "bot", Flow: "pizza", ID: "tty:ann"}, Step: "size", Draft: "d"}}
		if got := bot.Render(rec, dialog.View{}).Choices[0].Label; got != value {
			t.Fatalf("the label of %q is %q", value, got)
		}
	})
}

// A button means the option that it showed, whichever are offered when it is tapped, and however they are typed.
func TestOfferedOptions(t *testing.T) {
	long := func(size string) string { return size + ", which does not fit into a button" }
	all := []form.Option{{Value: long("s"), Label: "small"}, {Value: long("m"), Label: "medium"}, {Value: long("l"), Label: "large"}}
	offered := all
	pizza := sized(nil, all...)
	pizza.Questions[0].Options = func(*Order, dialog.View) []form.Option { return offered }
	for _, now := range [][]form.Option{all, all[1:], {all[2], all[0], all[1]}} {
		for _, tapped := range []bool{true, false} {
			offered = all
			k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
			k.Say("/create")
			button := k.Bot.Render(k.Record, dialog.View{}).Choices[1]
			offered = now
			in := dialog.Input{Kind: dialog.KindText, Text: "Medium"}
			if tapped {
				in = dialog.Input{Kind: dialog.KindTap, Bound: true, Draft: k.Record.Draft, Revision: k.Record.Revision}
				in.Name, in.Value, _ = strings.Cut(button.Action, ":")
			}
			in.ID, in.Owner = "choice", k.Record.Owner
			out, err := k.Bot.Handle(t.Context(), in)
			if err != nil || !strings.Contains(string(out.Record.Answers), long("m")) {
				t.Errorf("tapped %t, offered %v: %s, %v", tapped, now, out.Record.Answers, err)
			}
			k.Close()
		}
	}
}
