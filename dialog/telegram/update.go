package telegram

import (
	"strconv"
	"strings"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// allowedUpdates are the kinds of updates that decode reads.
var allowedUpdates = []string{"message", "edited_message", "callback_query", "my_chat_member"}

// decode makes an input from an update, for webhook and polling. bot is the bot's id:
// each bot counts its messages from 1. Updates of groups, channels and bots and
// service messages are no inputs; ok is false then.
func decode(u *botapi.Update, bot string) (in dialog.Input, ok bool) {
	switch {
	case u.Tap != nil:
		return tapInput(u.Tap)
	case u.Message != nil:
		return messageInput(u.Message, bot, false)
	case u.Edited != nil:
		return messageInput(u.Edited, bot, true)
	case u.Member != nil:
		return changeInput(u.Member)
	}
	return in, false
}

// from makes the common part of an input from a person's private chat.
func from(p *botapi.User, where int64) dialog.Input {
	id := strconv.FormatInt(p.ID, 10)
	address := id
	if where != p.ID {
		address = strconv.FormatInt(where, 10)
	}
	return dialog.Input{
		Owner:   ChannelName + ":" + id,
		Place:   dialog.Place{Channel: ChannelName, Address: address, Lang: p.Lang, Push: true},
		Profile: dialog.Profile{Username: p.Username},
	}
}

// private reports whether an update is from a person in a private chat.
func private(p *botapi.User, c botapi.Chat) bool {
	return p.ID != 0 && !p.Bot && c.Type == "private" && c.ID != 0
}

func messageInput(m *botapi.Message, bot string, edited bool) (in dialog.Input, ok bool) {
	if !private(&m.From, m.Chat) {
		return in, false
	}
	in = from(&m.From, m.Chat.ID)
	id := in.Place.Address + ":" + strconv.FormatInt(m.ID, 10)
	in.ID, in.OldID = "m:"+bot+":"+id, "m:"+id
	name, _, arg, isCommand := command(m.Text) // in a private chat every command is for this bot
	switch {
	case edited:
		in.Kind, in.Name = dialog.KindOther, "edited"
		at := ":" + strconv.FormatInt(m.Edited, 10)
		in.ID, in.OldID = in.ID+at, in.OldID+at
	case isCommand:
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, arg
	case m.Text != "":
		in.Kind, in.Text = dialog.KindText, m.Text
	case m.Service:
		return in, false
	default:
		if in.Kind, in.Name = dialog.KindOther, m.What; in.Name == "" {
			in.Name = "message"
		}
	}
	if !edited && m.ID > 0 { // an edit has the number of its message
		in.Serial = dialog.Serial{Series: ChannelName + ":" + bot + ":" + in.Place.Address, Number: m.ID, Sent: m.Date}
	}
	return in, true
}

func tapInput(t *botapi.Tap) (in dialog.Input, ok bool) {
	if t.From.ID == 0 || t.ID == "" {
		return in, false
	}
	where := t.From.ID // without a message: the private chat
	if m := t.Message; m != nil && m.Chat.ID != 0 {
		if m.Chat.Type != "private" {
			return in, false
		}
		where = m.Chat.ID
	}
	in = from(&t.From, where)
	in.ID, in.Kind = "c:"+t.ID, dialog.KindTap
	if m := t.Message; m != nil && m.Date != 0 {
		in.Message = strconv.FormatInt(m.ID, 10)
	}
	action, draft, revision, bound, known := dialog.ParseData(t.Data)
	if !known {
		in.Name = "unknown"
		return in, true
	}
	in.Name, in.Value, _ = strings.Cut(action, ":")
	in.Draft, in.Revision, in.Bound = draft, revision, bound
	return in, true
}

func changeInput(m *botapi.Change) (in dialog.Input, ok bool) {
	if !private(&m.From, m.Chat) {
		return in, false
	}
	in = from(&m.From, m.Chat.ID)
	in.Kind = dialog.KindBlock
	switch m.Status {
	case "kicked":
		in.Name = "blocked"
	case "member":
		in.Name = "unblocked"
	default:
		return in, false
	}
	in.ID = "b:" + in.Place.Address + ":" + strconv.FormatInt(m.Date, 10) + ":" + in.Name
	return in, true
}

// command reads "/name@bot argument". Names have at most 32 of A-Za-z0-9_.
func command(s string) (name, bot, arg string, ok bool) {
	if len(s) < 2 || s[0] != '/' {
		return "", "", "", false
	}
	end := word(s, 1)
	if end == 1 || end > 33 {
		return "", "", "", false
	}
	name = strings.ToLower(s[1:end])
	if end < len(s) && s[end] == '@' {
		at := end + 1
		if end = word(s, at); end == at {
			return "", "", "", false
		}
		bot = s[at:end]
	}
	if end < len(s) && s[end] != ' ' && s[end] != '\n' && s[end] != '\t' {
		return "", "", "", false
	}
	return name, bot, strings.TrimSpace(s[end:]), true
}

func word(s string, i int) int {
	for i < len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
			i++
		default:
			return i
		}
	}
	return i
}
