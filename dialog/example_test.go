package dialog_test

import (
	"context"
	"fmt"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// Order is the draft: plain data, saved with every answer.
type Order struct {
	Size    string `json:"size"`
	Count   int    `json:"count"`
	Address string `json:"address"`
}

var pizza = form.Form[Order]{
	Name: "pizza", Version: 1, Review: true,
	Questions: []form.Question[Order]{
		form.Choose("size", "What size?", func(o *Order) *string { return &o.Size }, "small", "medium", "large"),
		form.Number("count", "How many?", func(o *Order) *int { return &o.Count }, form.Between(1, 20)),
		form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }, form.Length(5, 200)),
	},
	Submit: func(o Order, t *dialog.Turn) string { // pure
		t.Do("print", o)                   // after the commit, until it has succeeded
		t.Wake("arrived?", 40*time.Minute) // a timer that survives everything
		return fmt.Sprintf("%d %s for %s: coming!", o.Count, o.Size, o.Address)
	},
	Wake:    func(o Order, name string, t *dialog.Turn) string { return "Has it arrived?" },
	Effects: dialog.Effects{"print": dialog.Effect(printTicket)},
}

func printTicket(ctx context.Context, o Order, key string) error { return nil }

func Example() {
	ctx := context.Background()
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, pizza)
	if err != nil {
		panic(err)
	}
	defer bot.Close(ctx)
	n := 0
	say := func(kind dialog.Kind, name, text string) {
		n++
		out, err := bot.Handle(ctx, dialog.Input{ID: fmt.Sprint(n), Kind: kind, Owner: "tty:ann", Name: name, Text: text})
		if err != nil {
			panic(err)
		}
		card := bot.Render(out.Record, dialog.View{})
		if card.Refusal != "" {
			fmt.Println(card.Refusal)
			return
		}
		if card.Band != nil {
			fmt.Println(card.Band.Strong)
		}
		fmt.Println(card.Progress, card.Question)
	}
	say(dialog.KindCommand, "create", "")
	say(dialog.KindText, "", "large")
	say(dialog.KindText, "", "200")
	bot.Evict() // or the process dies
	say(dialog.KindText, "", "2")
	say(dialog.KindText, "", "1 Infinite Loop")
	say(dialog.KindCommand, "confirm", "")
	// Output:
	// Step 1 of 4 What size?
	// Step 2 of 4 How many?
	// 200 is not between 1 and 20.
	// Step 3 of 4 Where to?
	// Step 4 of 4 Is this right?
	// 2 large for 1 Infinite Loop: coming!
	//  Done
}
