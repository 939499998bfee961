package dialogtest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Talk is a conversation of one person that prints its cards, for runnable examples. A
// failure panics. Its methods are for one goroutine.
type Talk struct {
	Bot    *dialog.Engine
	Record *dialog.Record // after the last input
	Quiet  bool           // print nothing
	now    atomic.Int64   // of the engine and the store, in ns: writers in the background read it too
}

var talked atomic.Int64 // inputs of all talks: each has an id of its own

// NewTalk begins a talk on Tuesday, 24 November 2026 at 14:00 UTC.
func NewTalk(store *dialog.Memory, flows ...dialog.Flow) *Talk {
	k := &Talk{}
	k.now.Store(time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC).UnixNano())
	store.SetNow(k.Now)
	bot, err := dialog.New(store, dialog.Config{Now: k.Now}, flows...)
	if err != nil {
		panic(err)
	}
	k.Bot = bot
	return k
}

// Now is the time of the engine and the store.
func (k *Talk) Now() time.Time { return time.Unix(0, k.now.Load()).UTC() }

// Pass lets time pass; timers that are due wait for the next Wait.
func (k *Talk) Pass(d time.Duration) { k.now.Add(int64(d)) }

// Say types a line: a command if it begins with a slash.
func (k *Talk) Say(line string) {
	in := dialog.Input{Kind: dialog.KindText, Text: line}
	if name, ok := strings.CutPrefix(line, "/"); ok {
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, ""
	}
	k.Handle(in)
}

// Tap taps the button of an action on the current card.
func (k *Talk) Tap(action string) {
	in := dialog.Input{Kind: dialog.KindTap, Bound: true, Draft: k.Record.Draft, Revision: k.Record.Revision}
	in.Name, in.Value, _ = strings.Cut(action, ":")
	k.Handle(in)
}

// Handle handles an input of the person, and prints the card.
func (k *Talk) Handle(in dialog.Input) {
	in.ID, in.Owner = fmt.Sprint("talk:", talked.Add(1)), "tty:ann"
	out, err := k.Bot.Handle(context.Background(), in)
	if err != nil {
		panic(err)
	}
	k.Record = out.Record
	k.Show()
}

// Wait lets time pass, fires the timers that are due, and prints the card.
func (k *Talk) Wait(d time.Duration) {
	k.Pass(d)
	if _, err := k.Bot.Sweep(context.Background(), 0); err != nil { // Engine.Run does it every second
		panic(err)
	}
	k.Load(k.Record.Key)
}

// Load goes to a conversation, as the store has it, and prints its card.
func (k *Talk) Load(key dialog.Key) {
	rec, _, err := k.Bot.Hydrate(context.Background(), key)
	if err != nil {
		panic(err)
	}
	k.Record = rec
	k.Show()
}

// Card is the current card, as a chat shows it.
func (k *Talk) Card() dialog.Card { return k.Bot.Render(k.Record, dialog.View{}) }

// Show prints the card: a refusal or a notice, and the question.
func (k *Talk) Show() {
	if k.Quiet {
		return
	}
	c := k.Card()
	switch {
	case c.Refusal != "":
		fmt.Println("!", c.Refusal)
	case c.Band != nil:
		fmt.Println("*", strings.TrimSpace(c.Band.Strong+" "+c.Band.Text))
	}
	fmt.Println(c.Question)
}

// Close ends the engine.
func (k *Talk) Close() { _ = k.Bot.Close(context.Background()) }
