package dialogtest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// ChatName is the channel's name in places.
const ChatName = "chat"

// Chat is a channel that pushes, inside the process. It keeps the messages that people
// would see, sent, edited and removed. It may be used concurrently.
type Chat struct {
	mu       sync.Mutex
	now      func() time.Time
	messages []*Message // oldest first, removed ones too
	faults   []chatFault
	blocked  map[string]bool
	calls    int
}

// Message is one message of a chat.
type Message struct {
	ID      string
	Address string
	Card    dialog.Card
	At      time.Time // when it last showed something new
	Edits   int
	Removed bool
}

type chatFault struct {
	err  error
	done bool // the call is done, and its answer is lost
}

var _ dialog.Channel = (*Chat)(nil)

// NewChat makes a channel without messages. now is its clock; nil: time.Now.
func NewChat(now func() time.Time) *Chat {
	if now == nil {
		now = time.Now
	}
	return &Chat{now: now, blocked: map[string]bool{}}
}

// Name implements dialog.Channel.
func (c *Chat) Name() string { return ChatName }

// Fail makes the next calls of Show fail with these errors, one each, without
// doing anything: dialog.ErrGone, dialog.ErrBlocked, *dialog.RetryAfter or any other.
func (c *Chat) Fail(errs ...error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, err := range errs {
		c.faults = append(c.faults, chatFault{err: err})
	}
}

// Lose does the next n calls of Show and loses their answers.
func (c *Chat) Lose(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		c.faults = append(c.faults, chatFault{err: fmt.Errorf("the answer is lost"), done: true})
	}
}

// Block makes every call for this address fail with dialog.ErrBlocked, until unblocked.
func (c *Chat) Block(address string, blocked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocked[address] = blocked
}

// Gone removes a message, like a person who clears a history.
func (c *Chat) Gone(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.find(id); m != nil {
		m.Removed = true
	}
}

// Show implements dialog.Channel: it edits s.Message, or sends a new message.
// A removed message is dialog.ErrGone.
func (c *Chat) Show(ctx context.Context, s dialog.Showing) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	var fault chatFault
	if len(c.faults) > 0 {
		fault, c.faults = c.faults[0], c.faults[1:]
		if !fault.done {
			return "", fault.err
		}
	}
	if c.blocked[s.Place.Address] {
		return "", dialog.ErrBlocked
	}
	m := c.find(s.Message)
	switch {
	case s.Message == "":
		m = &Message{ID: "m" + strconv.Itoa(len(c.messages)+1), Address: s.Place.Address}
		c.messages = append(c.messages, m)
	case m == nil || m.Removed:
		return "", dialog.ErrGone
	default:
		m.Edits++
	}
	m.Card, m.At = s.Card, c.now()
	return m.ID, fault.err
}

// Remove implements dialog.Channel.
func (c *Chat) Remove(ctx context.Context, _ dialog.Place, message string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if m := c.find(message); m != nil {
		m.Removed = true
	}
	return nil
}

func (c *Chat) find(id string) *Message {
	i := slices.IndexFunc(c.messages, func(m *Message) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return c.messages[i]
}

// Messages are the messages that a person sees at an address, oldest first.
func (c *Chat) Messages(address string) []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Message
	for _, m := range c.messages {
		if m.Address == address && !m.Removed {
			out = append(out, *m)
		}
	}
	return out
}

// Calls counts the calls of Show and Remove.
func (c *Chat) Calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// Text is the card as a person reads it, without the marks of direction: a line for each
// part, buttons in brackets.
func Text(c *dialog.Card) string {
	var b strings.Builder
	line := func(parts ...string) {
		s := strings.TrimSpace(strings.Join(parts, ""))
		if s != "" {
			b.WriteString(s + "\n")
		}
	}
	if c.Band != nil {
		line("! ", c.Band.Strong, " ", c.Band.Text)
	}
	line(c.Progress)
	for _, f := range c.Facts {
		line(f.Label, ": ", f.Value, " ", f.Note)
	}
	line(c.Question)
	if c.Refusal != "" {
		line("✗ ", c.Refusal)
	} else {
		line(c.Hint)
	}
	if c.Bar != nil {
		line(c.Bar.Label, " ", c.Bar.Text)
	}
	for _, s := range c.Sums {
		line(s.Label, ": ", s.Value)
	}
	for _, p := range c.Body {
		line(p)
	}
	if c.Field != nil && c.Field.Value != "" {
		line("› ", c.Field.Value)
	}
	for _, n := range c.Next {
		line(n.When, " ", n.Who)
	}
	line(c.After)
	var row []string
	for _, x := range Buttons(c) {
		row = append(row, "["+x.Label+"]")
	}
	line(strings.Join(row, " "))
	return dialog.Plain(b.String())
}

// Buttons are all the buttons of a card, in reading order.
func Buttons(c *dialog.Card) []dialog.Button {
	var out []dialog.Button
	add := func(list ...*dialog.Button) {
		for _, b := range list {
			if b != nil {
				out = append(out, *b)
			}
		}
	}
	for i := range c.Facts {
		add(c.Facts[i].Edit)
	}
	add(c.Keep)
	out = append(out, c.Picks...)
	out = append(out, c.Choices...)
	add(c.Primary)
	out = append(out, c.Alt...)
	out = append(out, c.Others...)
	return append(out, c.Quiet...)
}
