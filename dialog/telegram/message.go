package telegram

import (
	"context"
	"strconv"
	"strings"
)

// firstBot is the name under which the store keeps the bot that it served first.
const firstBot = "telegram bot"

// ending is how the message ids of this bot end in the engine and its rows. Each bot counts
// its messages from 1, and the token may change, so an id names its bot: NUMBER@BOT. The ids
// of the bot that the store served first are NUMBER, as all ids in older rows are.
type ending string

// ending reads the first bot from the store, once. Errors are dialog.ErrUnavailable.
func (c *Channel) ending(ctx context.Context) (ending, error) {
	if known := c.end.Load(); known != nil {
		return *known, nil
	}
	first, err := c.engine.Secret(ctx, firstBot, []byte(c.bot))
	if err != nil {
		return "", err
	}
	var end ending
	if string(first) != c.bot {
		end = ending("@" + c.bot)
	}
	c.end.Store(&end)
	return end, nil
}

// id is the id of the message of this number; empty for no message.
func (e ending) id(number string) string {
	if number == "" {
		return ""
	}
	return number + string(e)
}

// messageID begins the input ids of the messages of a bot.
func messageID(bot string) string { return "m:" + bot + ":" }

// oldID is the input id that older programs gave to the message with this id, without the
// bot. Of such programs there are rows of the bot that the store served first.
func (e ending) oldID(bot, id string) string {
	if rest, ok := strings.CutPrefix(id, messageID(bot)); ok && e == "" {
		return "m:" + rest
	}
	return ""
}

// number is the number of a message of this bot, 0 of another bot's: for this bot that
// message is gone.
func (e ending) number(id string) int64 {
	number, ok := strings.CutSuffix(id, string(e))
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return 0
	}
	return n
}
