package form_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// A button carries an option of any characters, within 64 bytes.
func TestOptionsOfAnyCharacters(t *testing.T) {
	options := []string{"small", "Small", "a|b", "#1", "#2", "#3", "12:30", " spaced ", "x||y", strings.Repeat("long ", 40), "два слова, и ещё", "100 %", "\xff"}
	pizza := form.Form[Order]{Name: "pizza", Version: 1, Submit: func(o Order, t *dialog.Turn) string { return o.Size },
		Questions: []form.Question[Order]{form.Choose("size", "What size?", func(o *Order) *string { return &o.Size }, options...)}}
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, pizza)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bot.Close(context.Background()) }()
	handle := func(in dialog.Input) *dialog.Record {
		out, err := bot.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return out.Record
	}
	for i, want := range options {
		owner := fmt.Sprint("tg:", i)
		rec := handle(dialog.Input{ID: "1", Kind: dialog.KindCommand, Owner: owner, Name: "create"})
		c := bot.Render(rec, dialog.View{})
		data := c.Data(c.Choices[i])
		action, draft, revision, bound, ok := dialog.ParseData(data)
		if !ok || !bound || len(data) > 64 || c.Choices[i].Label != want {
			t.Errorf("%q: the button is %q, labelled %q", want, data, c.Choices[i].Label)
			continue
		}
		name, value, _ := strings.Cut(action, ":")
		rec = handle(dialog.Input{ID: "2", Kind: dialog.KindTap, Owner: owner, Name: name, Value: value, Bound: true, Draft: draft, Revision: revision})
		if rec.Said == nil || rec.Said.Args["text"] != want {
			t.Errorf("%q: tapped %q, and it says %+v", want, data, rec.Said)
		}
	}
}

// A form skips a question that does not apply, and leaves it out of counts and cards.
func TestWhen(t *testing.T) {
	address := form.Text("address", "Where to?", func(o *Order) *string { return &o.Address })
	address.When = func(o *Order) bool { return o.Size != "here" }
	pizza := form.Form[Order]{Name: "pizza", Version: 1, Review: true, Submit: func(Order, *dialog.Turn) string { return "" },
		Questions: []form.Question[Order]{
			form.Choose("size", "Eat here?", func(o *Order) *string { return &o.Size }, "here", "away"),
			address,
			form.Number("count", "How many?", func(o *Order) *int { return &o.Count }),
		}}
	k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
	defer k.Close()
	for _, x := range []struct{ line, progress, question, facts, soon string }{
		{"/create", "Step 1 of 4", "Eat here?", "", "Address Count Review"}, // it applies to an empty draft
		{"away", "Step 2 of 4", "Where to?", "size", "Count Review"},
		{"1 Infinite Loop", "Step 3 of 4", "How many?", "size address", "Review"},
		{"2", "Step 4 of 4", "Is this right?", "size address count", ""},
		{"/restart", "You already have a draft", "Go on with this draft?", "size address count", ""},
		{"/restart", "Step 1 of 4", "Eat here?", "", "Address Count Review"},
		{"here", "Step 2 of 3", "How many?", "size", "Review"},
		{"/back", "Step 1 of 3", "Eat here?", "size", "Count Review"},
		{"/continue", "Step 2 of 3", "How many?", "size", "Review"},
		{"2", "Step 3 of 3", "Is this right?", "size count", ""},
	} {
		k.Say(x.line)
		c := k.Bot.Render(k.Record, dialog.View{})
		var facts []string
		for _, f := range c.Facts {
			facts = append(facts, f.Field)
		}
		got := []string{c.Progress, c.Question, strings.Join(facts, " "), strings.Join(c.Soon, " ")}
		if want := []string{x.progress, x.question, x.facts, x.soon}; strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: %q, want %q", x.line, got, want)
		}
	}
}
