package telegram

import "time"

const (
	crowdSpan  = 2 * time.Second // "recent" is the current span and the previous one: 2 to 4 s
	quietMost  = 2               // recent cards of a quiet chat
	crowdLeast = 10              // a crowd needs this many quiet chats with a 429, and a majority of the quiet chats
	crowdFor   = time.Minute     // length of a crowd
)

// crowd distinguishes a 429 for the whole bot from a 429 for one chat. The server has both
// limits, and a 429 does not name the limit. A quiet chat, with few recent cards, can
// only have hit the limit of the bot.
//
// People who provoke 429s can hardly cause a crowd, and a crowd harms little. A chat
// that gets cards until a 429 is not quiet, until it is no longer spaced. A crowd needs
// a majority of the quiet chats, so ten are too few in a busy bot; a bot with few other
// people has room for all in 25 calls a second; and a crowd ends after a minute.
//
// The lock of the pacer guards it.
type crowd struct {
	until time.Time // the end of the last crowd

	since          time.Time        // when the current span began
	now, before    map[int64]recent // of the current span, of the previous one
	asked, limited int              // quiet chats of both spans, and those with a 429
}

// recent counts the cards of a chat in a span.
type recent struct {
	cards   int
	limited bool // by a 429
}

func (x recent) and(y recent) recent {
	return recent{x.cards + y.cards, x.limited || y.limited}
}

func (x recent) quiet() bool { return x.cards <= quietMost }

// on reports whether all calls go one after another.
func (c *crowd) on(now time.Time) bool { return now.Before(c.until) }

// sent counts a card to chat.
func (c *crowd) sent(chat int64, now time.Time) { c.record(chat, now, recent{cards: 1}) }

// limit counts a 429 and reports whether the chat is loud, the opposite of quiet.
// With loud the chat is loud whatever its recent cards.
func (c *crowd) limit(chat int64, now time.Time, loud bool) bool {
	x := recent{limited: true}
	if loud {
		x.cards = quietMost + 1
	}
	if !c.record(chat, now, x).quiet() {
		return true
	}
	if c.limited >= crowdLeast && 2*c.limited > c.asked {
		c.until = now.Add(crowdFor)
		c.now, c.before, c.asked, c.limited = map[int64]recent{}, nil, 0, 0 // as many 429s again prolong it
	}
	return false
}

// record adds x to a chat and returns the sum of both spans.
func (c *crowd) record(chat int64, now time.Time, x recent) recent {
	c.roll(now)
	mine, in := c.now[chat]
	old, was := c.before[chat]
	if in || was {
		c.count(mine.and(old), -1)
	}
	mine = mine.and(x)
	c.now[chat] = mine
	c.count(mine.and(old), 1)
	return mine.and(old)
}

// count adds a chat to the sums, or subtracts it.
func (c *crowd) count(x recent, by int) {
	if !x.quiet() {
		return
	}
	c.asked += by
	if x.limited {
		c.limited += by
	}
}

// roll begins a new span after the end of the current one, and forgets older chats.
func (c *crowd) roll(now time.Time) {
	switch d := now.Sub(c.since); {
	case d < crowdSpan:
		return
	case d < 2*crowdSpan:
		c.before, c.since = c.now, c.since.Add(crowdSpan)
	default:
		c.before, c.since = nil, now
	}
	c.now, c.asked, c.limited = map[int64]recent{}, 0, 0
	for _, x := range c.before {
		c.count(x, 1)
	}
}
