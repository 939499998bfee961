package dialog

import (
	"context"
	"errors"
	"time"
)

// Channel shows cards by pushing them. A way that pulls (a page, a terminal) need not be
// a Channel.
type Channel interface {
	// Name is the channel's part of a place: tg, web, tty.
	Name() string
	// Show shows a card and returns the message that shows it now, by an id of at most 256
	// bytes. Ids NUMBER count up in the order of sending, and so do ids NUMBER@COUNTER of
	// one counter. Errors: ErrBlocked, ErrGone, *RetryAfter; after any other the courier tries
	// again later.
	Show(ctx context.Context, s Showing) (message string, err error)
	// Remove takes a message away, or at least its buttons. Best effort.
	Remove(ctx context.Context, p Place, message string) error
}

// Showing is one card to be shown.
type Showing struct {
	Place   Place
	Card    Card
	Message string // edit this one; empty: send a new one
	Notice  bool   // nobody waits for this card: it is paced, and answers go first
}

// Errors of a channel.
var (
	ErrBlocked = errors.New("the person blocked the bot")
	ErrGone    = errors.New("the message cannot be edited")
)

// RetryAfter says that the chat asks for a pause, which lasts for an hour at most.
type RetryAfter struct{ After time.Duration }

func (e *RetryAfter) Error() string { return "retry after " + e.After.String() }
