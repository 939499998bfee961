package dialog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// insist says something until the store takes it.
func (c *chatting) insist(text string) {
	c.Helper()
	c.inputs++
	in := dialog.Input{ID: fmt.Sprint(c.inputs), Kind: dialog.KindText, Owner: c.owner, Text: text, Place: c.place}
	c.eventually("it is taken", func() bool {
		_, err := c.bot.Handle(c.Context(), in)
		return err == nil
	})
}

// alive is the row as it is.
func (c *chatting) alive() *dialog.Row {
	c.Helper()
	row, err := c.memory.Load(c.Context(), c.key())
	if err != nil {
		c.Fatal(err)
	}
	return row
}

// current waits until the newest message says text, as the current card, and the
// row names it as such.
func (c *chatting) current(text string) {
	c.Helper()
	c.eventually("the current card says "+text, func() bool {
		all := c.chat.Messages(c.place.Address)
		row, err := c.memory.Load(context.Background(), c.key())
		if err != nil || len(all) == 0 || !strings.Contains(c.live(), text) {
			return false
		}
		r, err := dialog.Decode(row)
		return err == nil && !r.Undelivered() && r.Message(c.place) == all[len(all)-1].ID
	})
}

// A standby without the last turns is promoted before the marks of their cards are
// written: the card follows the row, at once and at every turn.
func TestMarksBehindAPromotedStandby(t *testing.T) {
	c := inChat(alone(t, dialog.Database))
	c.say("/create")
	c.say("large")
	c.current("How many?")
	standby := c.alive()
	c.store.Func(func(m dialogtest.Method, b *dialog.Batch) (f dialogtest.Fault) {
		if m == dialogtest.Commit && len(b.Shown) > 0 {
			f.Before = dialogtest.ErrFault
		}
		return f
	})
	for range 3 {
		calls := c.chat.Calls()
		c.insist("999")
		c.eventually("it is shown", func() bool { return c.chat.Calls() > calls })
	}
	if err := c.memory.Forget(t.Context(), c.key(), c.alive().Stamp()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.memory.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: standby}}}); err != nil {
		t.Fatal(err)
	}
	c.store.Heal()
	c.current("How many?")
	c.insist("2")
	c.current("Where to?")
	c.insist("Baker Street 1")
	c.current("Baker Street 1")
}

// held is a channel that may hold a send up, and then fail it.
type held struct {
	dialog.Channel
	hold    bool
	err     error
	holding chan struct{} // a send is held
	free    chan struct{}
}

func (h *held) Show(ctx context.Context, s dialog.Showing) (string, error) {
	if h.hold {
		h.hold = false
		close(h.holding)
		<-h.free
		if h.err != nil {
			return "", h.err
		}
	}
	return h.Channel.Show(ctx, s)
}

// A conversation is forgotten and begun anew while a card of its first life is
// being sent: the second life's card stays the live one.
func TestForgottenWhileSending(t *testing.T) {
	for _, other := range []bool{false, true} {
		for _, turns := range []int{1, 3, 14} {
			t.Run(fmt.Sprintf("other process %v, %d turns", other, turns), func(t *testing.T) {
				w := alone(t, dialog.Database)
				c := &chatting{w, dialogtest.NewChat(w.clock.Now), dialog.Place{Channel: dialogtest.ChatName, Address: "1000001", Push: true}}
				h := &held{Channel: c.chat, holding: make(chan struct{}), free: make(chan struct{})}
				c.bot.Attach(h)
				c.say("/create")
				for range 10 {
					c.say("huge")
				}
				c.current("What size?") // with its mark, so that no earlier card is held below
				c.finished()
				h.hold = true
				c.say("hugest")
				<-h.holding
				last := c.alive().Version
				marked, once := make(chan struct{}), sync.Once{}
				c.store.Func(func(_ dialogtest.Method, b *dialog.Batch) (none dialogtest.Fault) {
					if b != nil && slices.ContainsFunc(b.Shown, func(m dialog.ShownMark) bool { return m.Least == last }) {
						once.Do(func() { close(marked) })
					}
					return none
				})
				if other {
					if err := c.memory.Forget(t.Context(), c.key(), c.alive().Stamp()); err != nil {
						t.Fatal(err)
					}
					c.restart()
				} else if err := c.bot.Forget(t.Context(), c.key()); err != nil {
					t.Fatal(err)
				}
				c.say("/create")
				c.say("large")
				for range turns - 1 {
					c.say("77")
				}
				if other {
					c.shows("How many?")
				}
				close(h.free)
				if other {
					<-marked
				}
				c.say("2")
				if !other {
					c.eventually("the card of the first life goes", func() bool {
						return !slices.ContainsFunc(c.chat.Messages(c.place.Address), func(m dialogtest.Message) bool {
							return strings.Contains(dialogtest.Text(&m.Card), "hugest")
						})
					})
				}
				c.current("Where to?")
				c.say("Baker Street 1")
				c.current("Baker Street 1")
			})
		}
	}
}

// A conversation is forgotten by another process while this one waits to show a card: the
// first card of its next life is shown.
func TestForgottenElsewhereWhileWaiting(t *testing.T) {
	c := inChat(alone(t, dialog.Database))
	c.say("/create")
	c.say("large")
	c.current("How many?")
	c.chat.Fail(&dialog.RetryAfter{After: time.Minute})
	c.say("2")
	c.eventually("the chat asks for a pause", func() bool { return c.bot.Stats().Waiting == 1 })
	if err := c.memory.Forget(t.Context(), c.key(), c.alive().Stamp()); err != nil {
		t.Fatal(err)
	}
	c.say("/create")
	c.clock.Advance(2 * time.Minute)
	c.current("What size?")
}

// What waits behind a card of a conversation that is forgotten meanwhile is never sent.
func TestForgottenWhileACardWaits(t *testing.T) {
	c := inChat(alone(t, dialog.Database))
	h := &held{Channel: c.chat, holding: make(chan struct{}), free: make(chan struct{})}
	c.bot.Attach(h)
	c.say("/create")
	c.finished()
	calls := c.chat.Calls()
	h.hold = true
	c.say("huge")
	<-h.holding
	c.say("hugest")
	if err := c.bot.Forget(t.Context(), c.key()); err != nil {
		t.Fatal(err)
	}
	close(h.free)
	c.finished()
	if n := c.chat.Calls() - calls; n != 2 {
		t.Errorf("%d calls, want the send under way and the removal of its message", n)
	}
}
