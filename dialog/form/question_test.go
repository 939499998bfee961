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
			form.Number("count", "How many?", func(o *Order) *int { return &o.Count }, form.Between(1, 20)),
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

// An answer that a question accepts is in the draft: New finds the questions of which that is
// not true, and no other answer is asked for again without a word.
func TestAcceptedAnswersAreKept(t *testing.T) {
	type D struct {
		Rooms int
		Floor *int
	}
	is := func(q form.Question[D]) form.Form[D] {
		return form.Form[D]{Name: "flat", Version: 1, Review: true, Questions: []form.Question[D]{q}, Submit: func(D, *dialog.Turn) string { return "" }}
	}
	rooms := func(d *D) *int { return &d.Rooms }
	floor := form.Number("floor", "?", func(d *D) **int { return &d.Floor })
	odd := form.Question[D]{Name: "odd", Ask: "?", Has: func(d *D) bool { return d.Rooms%2 == 1 }, Show: func(*D, dialog.View) string { return "" },
		Take: func(a form.Answer[D]) form.Taken { a.Draft.Rooms = len(a.Text)*2 + 1; return form.Accepted() }}
	for name, x := range map[string]struct {
		q    form.Question[D]
		fits bool
	}{
		"no checks": {form.Number("rooms", "?", rooms), false}, "from 0": {form.Number("rooms", "?", rooms, form.Between(0, 20)), false},
		"from 1": {form.Number("rooms", "?", rooms, form.Between(1, 20)), true}, "0 of an *int": {floor, true}, "always": {odd, true},
	} {
		if err := is(x.q).Check(); (err == nil) != x.fits {
			t.Errorf("%s: %v", name, err)
		}
	}

	for text, step := range map[string]string{"0": "review", "-3": "review", "x": "floor"} {
		k := dialogtest.NewTalk(dialog.NewMemory(), is(floor))
		k.Quiet = true
		k.Say("/create")
		if k.Say(text); k.Record.Step != step || (k.Card().Refusal != "") != (step == "floor") {
			t.Errorf("%q leads to %q: %q", text, k.Record.Step, k.Card().Refusal)
		}
		k.Close()
	}

	odd.Take = func(a form.Answer[D]) form.Taken {
		if a.Draft.Rooms = 2; a.Text == "lost" {
			a.Draft.Rooms = 1
		}
		return form.Accepted()
	}
	odd.Has = func(d *D) bool { return d.Rooms != 1 }
	k := dialogtest.NewTalk(dialog.NewMemory(), is(odd))
	defer k.Close()
	k.Quiet = true
	k.Say("/create")
	if k.Handle(dialog.Input{Kind: dialog.KindTap, Name: "edit", Value: "odd"}); k.Record.Open != "odd" {
		t.Fatalf("at %q %q", k.Record.Step, k.Record.Open)
	}
	if k.Say("lost"); k.Card().Refusal == "" || k.Record.Open != "odd" {
		t.Errorf("an answer that is lost: %+v", k.Card())
	}
}
