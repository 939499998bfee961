package form_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// An answer that is refused at Confirm is asked again, with the answer in the field; Back leads to the review.
func TestConfirmChecksOnceMore(t *testing.T) {
	free := false
	address := form.Text("address", "Where to?", func(o *Order) *string { return &o.Address })
	address.Confirm = func(o *Order, in *dialog.Input) error {
		if in.Owner == "tty:ann" && o.Address == "here" && !free {
			return errors.New("that is taken")
		}
		return nil
	}
	pizza := form.Form[Order]{Name: "pizza", Version: 1, Review: true, Submit: func(Order, *dialog.Turn) string { return "Coming." },
		Questions: []form.Question[Order]{address}}
	k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
	defer k.Close()
	for _, x := range []struct{ line, step, says string }{
		{"/create", "address", ""}, {"here", "review", ""}, {"/confirm", "address", "that is taken"}, {"/back", "review", ""},
		{"/confirm", "address", "that is taken"}, {"there", "review", ""}, {"/confirm", "", "Coming."},
		{"/create", "address", ""}, {"here", "review", ""}, {"/confirm", "address", "that is taken"},
	} {
		k.Say(x.line)
		c := k.Bot.Render(k.Record, dialog.View{})
		says := c.Refusal
		if c.Band != nil {
			says = c.Band.Strong
		}
		if k.Record.Step != x.step || says != x.says {
			t.Fatalf("%s: step %q says %q, want %q %q", x.line, k.Record.Step, says, x.step, x.says)
		}
		if x.says == "that is taken" && c.Field.Value != "here" {
			t.Errorf("%s: the field has %q", x.line, c.Field.Value)
		}
	}
	free = true
	k.Say("/continue")
	if k.Say("/confirm"); k.Record.Step != "" {
		t.Errorf("an answer that is free again: step %q", k.Record.Step)
	}
}

// What Discreet removes is in no record, wherever it is typed.
func TestDiscreet(t *testing.T) {
	pizza := form.Form[Order]{Name: "pizza", Version: 1, Review: true, Submit: func(Order, *dialog.Turn) string { return "" },
		Questions: []form.Question[Order]{
			form.Number("count", "How many?", func(o *Order) *int { return &o.Count }, form.Between(1, 20)),
			form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }, form.Length(1, 5)),
		},
		Discreet: func(text string) string { return strings.ReplaceAll(text, "secret", "…") }}
	k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
	defer k.Close()
	for _, line := range []string{"the secret", "/create", "secret 2", "2", "secret street", "home", "a secret word"} {
		k.Say(line)
		raw, err := json.Marshal(k.Record)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "secret") {
			t.Errorf("%q: the record has %s", line, raw)
		}
	}
	k.Say("/create")
	stale := dialog.Input{ID: "stale", Kind: dialog.KindText, Text: "3, secret", Owner: k.Record.Owner, Bound: true, Draft: k.Record.Draft, Revision: k.Record.Revision - 1}
	out, err := k.Bot.Handle(t.Context(), stale)
	if err != nil || out.Did != dialog.DidStale || out.Record.Said.Typed != "3, …" || out.Record.Said.Args["typed"] != "3, …" {
		t.Errorf("the form of an earlier card: %v, %v, %+v", out.Did, err, out.Record.Said)
	}
}
