package dialog_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// stuckChat is a chat whose calls for one address do not return, or ask for an hour.
type stuckChat struct {
	*dialogtest.Chat
	address string

	mu    sync.Mutex
	stuck chan struct{} // nil: no call hangs
	asks  bool
}

func (c *stuckChat) Show(ctx context.Context, s dialog.Showing) (string, error) {
	c.mu.Lock()
	stuck, asks := c.stuck, c.asks
	c.mu.Unlock()
	if s.Place.Address == c.address {
		switch {
		case asks:
			return "", &dialog.RetryAfter{After: time.Hour}
		case stuck != nil:
			<-stuck
		}
	}
	return c.Chat.Show(ctx, s)
}

// A chat that hangs or asks for a pause holds up nobody else's card, whoever committed it.
func TestNobodyWaitsForAnothersChat(t *testing.T) {
	for name, stick := range map[string]func(c *stuckChat){
		"a call hangs":               func(c *stuckChat) { c.stuck = make(chan struct{}) },
		"the chat asks for an hour":  func(c *stuckChat) { c.asks = true },
		"another instance commits":   func(c *stuckChat) { c.stuck = make(chan struct{}) },
		"the hour, another instance": func(c *stuckChat) { c.asks = true },
	} {
		t.Run(name, func(t *testing.T) {
			k := sat(t)
			c := &stuckChat{Chat: k.chat, address: "1"}
			_ = k.bot.Close(t.Context())
			k.channel = c
			k.start()
			k.tap("2", "P-1", "open:x") // this instance knows both
			c.mu.Lock()
			stick(c)
			c.mu.Unlock()
			send := func(in dialog.Input) {
				t.Helper()
				if _, err := k.bot.Handle(t.Context(), in); err != nil {
					t.Fatal(err)
				}
			}
			send(k.button("2", "P-1", "step:next"))
			soon(t, "the guest sees their own move", func() bool { m := k.newest("2", "P-1"); return m.Card.Step == "next" })
			in := k.button("2", "P-1", "step:open")
			if name == "another instance commits" || name == "the hour, another instance" {
				other, err := dialog.New(k.mem, dialog.Config{Now: k.clock.Now, Instance: "there.1", Detached: true}, hall{}, pact{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := other.Handle(t.Context(), in); err != nil {
					t.Fatal(err)
				}
				_ = other.Close(t.Context())
				if _, err := k.bot.Sweep(t.Context(), time.Hour); err != nil {
					t.Fatal(err)
				}
			} else {
				send(in)
			}
			soon(t, "the guest sees the next one", func() bool { m := k.newest("2", "P-1"); return m.Card.Step == "open" })
			c.mu.Lock()
			if c.stuck != nil {
				close(c.stuck)
			}
			c.stuck, c.asks = nil, false
			c.mu.Unlock()
			k.clock.Advance(2 * time.Hour)
			k.bot.Stats()
			soon(t, "the owner sees it at the end of the pause", func() bool {
				m := k.newest("1", "P-1")
				k.bot.Stats() // the clock of this test moves by itself
				return m.Card.Step == "open"
			})
			k.rest()
		})
	}
}
