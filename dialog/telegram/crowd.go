package telegram

import "time"

const (
	crowdSpan  = 2 * time.Second // lately is this span and the one before: 2 to 4 s
	quietMost  = 2               // cards lately of a quiet chat
	crowdLeast = 10              // quiet chats refused lately, at least; and most of those asked
	crowdFor   = time.Minute     // then it is tried without
)

// crowd tells the refusals that mean everybody from those that mean one chat. The
// server limits each chat and the bot as a whole, and a 429 does not say which
// limit was met. A quiet chat, which was sent next to nothing lately, can only
// have met the one of all.
//
// Persons who get themselves refused can hardly make a crowd, and harm little by
// it. A chat that is written to until the server refuses is not quiet, then and
// for as long as it is spaced. The refused must be most of the quiet chats, so a
// busy bot takes no notice of ten; a bot that hardly anybody else uses has room for
// all in 25 calls a second; and it is over in a minute.
//
// A pacer's lock guards it.
type crowd struct {
	until time.Time // the end of the last one

	since          time.Time        // when the running span began
	now, before    map[int64]lately // of the running span, of the one before
	asked, refused int              // quiet chats in both, and those of them that were refused
}

// lately is what became of a chat's cards in a span.
type lately struct {
	cards   int
	refused bool
}

func (x lately) and(y lately) lately {
	return lately{x.cards + y.cards, x.refused || y.refused}
}

func (x lately) quiet() bool { return x.cards <= quietMost }

// on reports whether everybody's calls go one after another.
func (c *crowd) on(now time.Time) bool { return now.Before(c.until) }

// sent counts a card to chat.
func (c *crowd) sent(chat int64, now time.Time) { c.note(chat, now, lately{cards: 1}) }

// refuse counts a refusal. loud: the chat is not quiet, whatever was sent there
// lately, and so it is if refuse returns true.
func (c *crowd) refuse(chat int64, now time.Time, loud bool) bool {
	x := lately{refused: true}
	if loud {
		x.cards = quietMost + 1
	}
	if !c.note(chat, now, x).quiet() {
		return true
	}
	if c.refused >= crowdLeast && 2*c.refused > c.asked {
		c.until = now.Add(crowdFor)
		c.now, c.before, c.asked, c.refused = map[int64]lately{}, nil, 0, 0 // as many again make it last for longer
	}
	return false
}

// note adds x to what became of chat lately, and returns that.
func (c *crowd) note(chat int64, now time.Time, x lately) lately {
	c.turn(now)
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

// count adds a chat to the sums, or takes it away.
func (c *crowd) count(x lately, by int) {
	if !x.quiet() {
		return
	}
	c.asked += by
	if x.refused {
		c.refused += by
	}
}

// turn begins a new span when the running one is over. So chats are forgotten.
func (c *crowd) turn(now time.Time) {
	switch d := now.Sub(c.since); {
	case d < crowdSpan:
		return
	case d < 2*crowdSpan:
		c.before, c.since = c.now, c.since.Add(crowdSpan)
	default:
		c.before, c.since = nil, now
	}
	c.now, c.asked, c.refused = map[int64]lately{}, 0, 0
	for _, x := range c.before {
		c.count(x, 1)
	}
}
