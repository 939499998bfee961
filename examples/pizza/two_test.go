package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// chats are the chats of several people with one bot.
type chats struct {
	*dialogtest.Chat
	bot *dialog.Engine
	n   int
}

// does handles an input of a person, and waits for its cards and effects.
func (c *chats) does(who string, in dialog.Input) {
	c.n++
	in.ID, in.Owner, in.Place = fmt.Sprint(c.n), "chat:"+who, dialog.Place{Channel: dialogtest.ChatName, Address: who, Push: true}
	if _, err := c.bot.Handle(context.Background(), in); err != nil {
		panic(err)
	}
	for c.bot.Stats().Couriers > 0 {
		time.Sleep(time.Millisecond)
	}
}

func (c *chats) says(who, line string) {
	in := dialog.Input{Kind: dialog.KindText, Text: line}
	if command, ok := strings.CutPrefix(line, "/"); ok {
		in.Kind = dialog.KindCommand
		in.Name, in.Text, _ = strings.Cut(command, " ")
	}
	c.does(who, in)
}

// taps taps a button on the newest message that has it.
func (c *chats) taps(who, label string) {
	for _, m := range slices.Backward(c.Messages(who)) {
		for _, b := range dialogtest.Buttons(&m.Card) {
			if b.Label == label {
				in := dialog.Input{Kind: dialog.KindTap, Message: m.ID}
				var action string
				action, in.Draft, in.Revision, in.Bound, _ = dialog.ParseData(m.Card.Data(b))
				in.Name, in.Value, _ = strings.Cut(action, ":")
				c.does(who, in)
				return
			}
		}
	}
	panic(who + " has no button " + label)
}

// reads prints a person's newest message of a flow.
func (c *chats) reads(who, flow string) {
	for _, m := range slices.Backward(c.Messages(who)) {
		if m.Card.Conversation.Flow == flow {
			if m.Card.Band != nil {
				fmt.Printf("%s: * %s\n", who, m.Card.Band.Strong)
			}
			fmt.Printf("%s: %s\n", who, m.Card.Question)
			return
		}
	}
	fmt.Println(who, "has no message of", flow)
}

// Ann shares a pizza, Bob joins, and each reads what the other does.
func Example_two() {
	c := &chats{Chat: dialogtest.NewChat(nil)}
	c.bot, _ = open(dialog.NewMemory(), dialog.Config{})
	c.bot.Attach(c.Chat)
	defer func() { _ = c.bot.Close(context.Background()) }()

	c.says("Ann", "/two")
	c.reads("Ann", "two")
	id := c.Messages("Ann")[0].Card.Conversation.ID // Ann sends it to Bob
	c.says("Bob", "/join "+id)
	c.taps("Ann", "Ham")
	c.reads("Bob", "two")
	c.taps("Bob", "Tell your friend")
	c.reads("Bob", "pizza")
	c.says("Bob", "I am hungry")
	c.reads("Ann", "two")
	c.taps("Bob", "Basil")
	c.reads("Ann", "two")
	c.reads("Bob", "two")
	// Output:
	// Ann: Which half is yours?
	// Bob: * Your friend takes ham.
	// Bob: Which half is yours?
	// Bob: What shall we tell your friend?
	// Ann: * Your friend says: I am hungry
	// Ann: Yours is ham.
	// Ann: * The oven has ham and basil.
	// Ann: ham and basil
	// Bob: * The oven has ham and basil.
	// Bob: ham and basil
}
