package intake_test

import (
	"context"
	"fmt"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// A bot with both flows: the buyer's answers, and the deal.
func Example() {
	ctx := context.Background()
	deals := deal.New(deal.Config{})
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, intake.New(intake.Config{Start: deal.Start}), deals)
	if err != nil {
		panic(err)
	}
	defer bot.Close(ctx)
	var out dialog.Outcome
	for i, text := range []string{"", "@anna_ceramics", "$1,250", "Handmade dinner set, 24 pieces", "3 days"} {
		in := dialog.Input{ID: fmt.Sprint(i), Kind: dialog.KindText, Owner: "tty:boris", Text: text}
		if text == "" {
			in.Kind, in.Name = dialog.KindCommand, "create"
		}
		if out, err = bot.Handle(ctx, in); err != nil {
			panic(err)
		}
		card := bot.Render(out.Record, dialog.View{Lang: "en"})
		fmt.Println(card.Question)
	}
	confirm := dialog.Input{ID: "confirm", Kind: dialog.KindTap, Owner: "tty:boris", Name: "confirm", Bound: true, Draft: out.Record.Draft, Revision: out.Record.Revision}
	if out, err = bot.Handle(ctx, confirm); err != nil {
		panic(err)
	}
	paid := deal.Order(bot.Bot(), deal.MarkPaid, out.Record.Started)
	if out, err = bot.Handle(ctx, paid); err != nil || deals.Verdict(paid, out, bot.Now()) != nil {
		panic(err)
	}
	fmt.Println(dialog.Plain(bot.Render(out.Record, dialog.View{Lang: "en"}).Question))
	// Output:
	// Who is selling?
	// How much is the deal?
	// What are you buying?
	// How long may delivery take?
	// Is this right?
	// We hold $1,281.25 for you
}
