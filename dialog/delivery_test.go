package dialog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

var errBadGateway = errors.New("502")

// chatting is a world whose person is in a chat, where cards are shown.
type chatting struct {
	*world
	chat  *dialogtest.Chat
	place dialog.Place
}

func inChat(w *world) *chatting {
	c := &chatting{w, dialogtest.NewChat(w.clock.Now), dialog.Place{Channel: dialogtest.ChatName, Address: "1000001", Push: true}}
	c.bot.Attach(c.chat)
	return c
}

func (c *chatting) restart() {
	c.world.restart()
	c.bot.Attach(c.chat)
}

func (c *chatting) say(text string) {
	c.Helper()
	c.inputs++
	in := dialog.Input{ID: fmt.Sprint(c.inputs), Kind: dialog.KindText, Owner: c.owner, Text: text, Place: c.place}
	if name, ok := strings.CutPrefix(text, "/"); ok {
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, ""
	}
	if _, err := c.bot.Handle(c.Context(), in); err != nil {
		c.Fatal(err)
	}
}

// live is the newest message.
func (c *chatting) live() string {
	all := c.chat.Messages(c.place.Address)
	if len(all) == 0 {
		return ""
	}
	return dialogtest.Text(&all[len(all)-1].Card)
}

func (c *chatting) shows(text string) {
	c.Helper()
	c.eventually("the card says "+text, func() bool { return strings.Contains(c.live(), text) })
}

// finished waits until no courier runs; those that wait for the clock do.
func (c *chatting) finished() {
	c.Helper()
	c.eventually("the couriers are done", func() bool { return c.bot.Stats().Couriers == 0 })
}

// A turn that is committed while a courier waits to try again is shown at once;
// where the chat asked for a pause, after it. The clock here stands still.
func TestNewsEndsTheWait(t *testing.T) {
	c := inChat(alone(t, dialog.Database))
	c.say("/create")
	c.shows("What size?")
	c.chat.Fail(errBadGateway)
	calls := c.chat.Calls()
	c.say("large")
	c.eventually("a try", func() bool { return c.chat.Calls() > calls })
	c.say("2")
	c.shows("Where to?")

	c.finished()
	c.chat.Fail(&dialog.RetryAfter{After: 30 * time.Second})
	calls = c.chat.Calls()
	c.say("/back")
	c.eventually("a try", func() bool { return c.chat.Calls() > calls })
	c.eventually("it waits", func() bool { return c.bot.Stats().Waiting == 1 })
	calls = c.chat.Calls()
	c.say("3")
	stays(t, "nobody calls in the pause that was asked for", func() bool { return c.chat.Calls() == calls })
	c.clock.Advance(31 * time.Second)
	if n := c.bot.Stats().Waiting; n != 0 {
		t.Errorf("%d couriers wait after their time", n)
	}
	c.eventually("a call after the pause", func() bool { return c.chat.Calls() > calls })
	c.shows("Where to?")
}

// undelivered has committed two answers whose card nobody has shown.
func undelivered(w *world) *chatting {
	c := inChat(w)
	c.say("/create")
	c.say("large")
	c.shows("How many?")
	c.finished()
	c.chat.Fail(errBadGateway)
	calls := c.chat.Calls()
	c.say("2")
	c.eventually("a try", func() bool { return c.chat.Calls() > calls })
	return c
}

// swept lets another process look at what is unfinished; it is to leave the card.
func (c *chatting) swept(why string) {
	c.Helper()
	before := c.live()
	c.restart()
	calls := c.chat.Calls()
	if _, err := c.bot.Sweep(c.Context(), time.Hour); err != nil {
		c.Fatal(err)
	}
	c.finished()
	if c.chat.Calls() != calls || c.live() != before {
		c.Errorf("%s, and the chat shows %q", why, c.live())
	}
}

// The old card of a lost draft stays until a turn notices the loss: text that the person
// types at that card is its answer.
func TestLossIsShownByItsTurn(t *testing.T) {
	w, _ := inDouble(t, dialog.Redis)
	c := undelivered(w)
	c.flush()
	c.swept("the draft is gone, no turn has said so")
	c.say("1 Infinite Loop")
	c.shows("What size?")
}

// A draft of a newer version is shown by a newer instance only.
func TestNewerIsNotShown(t *testing.T) {
	c := undelivered(alone(t, dialog.Database))
	c.tamper(func(r *dialog.Row) { r.Schema = 2 })
	c.swept("a newer version wrote it")
}
