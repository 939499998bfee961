package dialog_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// pager is a channel that prints: a card arrives at an address, under the number of a
// message. A channel of a real service calls its API instead.
type pager struct {
	sent  int
	cards chan string // what was printed
}

func (*pager) Name() string { return "pager" }

// Show edits the message that shows the card before, or sends a new one.
func (p *pager) Show(_ context.Context, s dialog.Showing) (message string, err error) {
	how := "edits " + s.Message
	if message = s.Message; message == "" {
		p.sent++
		message = fmt.Sprint(p.sent)
		how = "sends " + message
	}
	p.cards <- how + ": " + s.Card.Question
	return message, nil
}

// Remove takes a message away that another one has replaced.
func (p *pager) Remove(_ context.Context, _ dialog.Place, message string) error {
	p.cards <- "removes " + message
	return nil
}

// A channel of your own hands inputs in, with the place that they come from, and shows
// the cards that the engine gives it. A typed answer gets a new message below it, and a
// tap edits the message of its button.
func ExampleChannel() {
	channel := &pager{cards: make(chan string, 9)}
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, pizza)
	if err != nil {
		panic(err)
	}
	defer bot.Close(context.Background())
	bot.Attach(channel)
	var rec *dialog.Record
	handle := func(in dialog.Input, cards int) {
		in.Owner, in.Place = "pager:ann", dialog.Place{Channel: "pager", Address: "ann", Push: true}
		out, err := bot.Handle(context.Background(), in)
		if err != nil {
			panic(err)
		}
		rec = out.Record
		for range cards {
			fmt.Println(<-channel.cards)
		}
	}
	handle(dialog.Input{ID: "1", Kind: dialog.KindCommand, Name: "create"}, 1)
	large := bot.Render(rec, dialog.View{}).Choices[2]
	name, value, _ := strings.Cut(large.Action, ":")
	handle(dialog.Input{ID: "2", Kind: dialog.KindTap, Name: name, Value: value, Bound: true, Draft: rec.Draft, Revision: rec.Revision, Message: "1"}, 1)
	handle(dialog.Input{ID: "3", Kind: dialog.KindText, Text: "2"}, 2)
	// Output:
	// sends 1: What size?
	// edits 1: How many?
	// sends 2: Where to?
	// removes 1
}
