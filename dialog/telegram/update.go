package telegram

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// allowedUpdates are the kinds of updates that decode reads.
var allowedUpdates = []string{"message", "edited_message", "callback_query", "my_chat_member"}

// decode makes an input from an update, for webhook and polling. bot is the bot's id:
// each bot counts its messages from 1. Input.Message is a message's number, see ending.
// Updates of groups, channels and bots and service messages are no inputs; ok is false
// then.
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

// decode is the input of an update. A tap or a reply in one of the groups is one, too.
func (c *Channel) decode(u *botapi.Update) (in dialog.Input, ok bool) {
	switch {
	case u.Tap != nil && u.Tap.Message != nil:
		if x, known := c.groups.of(u.Tap.Message.Chat.ID); known {
			return groupTap(u.Tap, x)
		}
	case u.Message != nil:
		if x, known := c.groups.of(u.Message.Chat.ID); known {
			return groupReply(u.Message, x, c.bot)
		}
	}
	return decode(u, c.bot)
}

// groupTap makes an input from a tap in a group. Its sender is the person, also where an
// anonymous administrator taps.
func groupTap(t *botapi.Tap, x Group) (in dialog.Input, ok bool) {
	if t.From.ID == 0 || t.From.Bot || t.ID == "" {
		return in, false
	}
	in = tapAt(t, x.Chat, t.Message.Thread)
	in.Group = true
	return in, true
}

// groupReply makes an input from a person's reply to a message of this bot in a group. A command is none, nor is what was
// written in the name of a chat: nobody knows who wrote it.
func groupReply(m *botapi.Message, x Group, bot string) (in dialog.Input, ok bool) {
	text := cmp.Or(m.Text, m.Caption)
	if m.From.ID == 0 || m.From.Bot || m.AsChat != 0 || m.Automatic || text == "" {
		return in, false
	}
	if _, _, _, isCommand := command(m.Text); isCommand {
		return in, false
	}
	in = from(&m.From, x.Chat, m.Thread)
	if in.Reply = replyTo(m, bot); in.Reply.Message == "" {
		return in, false
	}
	chat := strconv.FormatInt(m.Chat.ID, 10)
	in.ID = messageID(bot) + chat + ":" + strconv.FormatInt(m.ID, 10)
	in.Group, in.Kind, in.Text = true, dialog.KindText, text
	if m.Caption != "" {
		in.Attached = named(m.What)
	}
	return in, true
}

// from makes the common part of an input from a person in a chat, or in a topic of it.
func from(p *botapi.User, where, thread int64) dialog.Input {
	id := strconv.FormatInt(p.ID, 10)
	return dialog.Input{
		Owner:   channelName + ":" + id,
		Place:   spot{where, thread}.place(p.Lang),
		Profile: dialog.Profile{ID: id, Username: p.Username, Name: p.First},
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
	chat := strconv.FormatInt(m.Chat.ID, 10)
	in = from(&m.From, m.Chat.ID, m.Thread)
	id := chat + ":" + strconv.FormatInt(m.ID, 10)
	in.ID = messageID(bot) + id
	in.Mentioned, in.Several = m.Mentioned.Name, m.Several
	series := channelName + ":" + bot + ":" + chat
	if edited {
		return editInput(in, m, series)
	}
	if m.Group != "" {
		albumIDs(&in, m.Caption != "", bot, chat, m.Group)
	}
	if m.ID > 0 {
		in.Serial = dialog.Serial{Series: series, Number: m.ID, Sent: m.Date}
	}
	in.Reply = replyTo(m, bot)
	name, _, arg, isCommand := command(m.Text) // in a private chat every command is for this bot
	switch {
	case isCommand:
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, arg
	case m.Text != "":
		in.Kind, in.Text = dialog.KindText, m.Text
	case m.Caption != "":
		in.Kind, in.Text, in.Attached = dialog.KindText, m.Caption, named(m.What)
	case m.Service:
		return in, false
	default:
		in.Kind, in.Name, in.Text = dialog.KindOther, named(m.What), phone(m.Phone)
		if m.ContactID != 0 {
			in.Value = strconv.FormatInt(m.ContactID, 10)
		}
	}
	return in, true
}

// replyTo is the message of this bot that m answers. In a topic the server names its first
// message where the person chose none.
func replyTo(m *botapi.Message, bot string) (r dialog.Reply) {
	a := &m.Replies
	if a.ID == 0 || a.ID == m.Thread || strconv.FormatInt(a.From.ID, 10) != bot {
		return r
	}
	r.Message = strconv.FormatInt(a.ID, 10)
	for _, data := range a.Data {
		if _, draft, revision, bound, ok := dialog.ParseData(data); ok && bound {
			r.Draft, r.Revision = draft, revision
			break
		}
	}
	return r
}

// named is the name of a content; "message" for an unknown one.
func named(what string) string {
	if what == "" {
		return "message"
	}
	return what
}

// phone is the number of a contact with its plus sign, which some clients leave out. A number that begins
// with 0 has no plus: 00 stands for it, and a single 0 for a number without its country.
func phone(number string) string {
	if number != "" && number[0] >= '1' && number[0] <= '9' {
		return "+" + number
	}
	return number
}

// editInput makes an input from a message that its sender edited. Each message has one. An
// update about a reaction, a preview or the next position of a live location is no person's
// act: the server gives it no time of editing, or it is a location, which nobody edits. The
// last position has no period any more.
func editInput(in dialog.Input, m *botapi.Message, series string) (dialog.Input, bool) {
	if m.Edited == 0 || m.What == "location" || m.Service {
		return in, false
	}
	at := ":" + strconv.FormatInt(m.Edited, 10)
	in.ID += at
	in.Kind, in.Name, in.Edit = dialog.KindOther, "edited", true
	if in.Text = m.Text; in.Text == "" {
		in.Text = m.Caption
	}
	if m.ID > 0 {
		in.Serial = dialog.Serial{Series: series, Number: m.ID, Sent: m.Edited}
	}
	return in, true
}

// albumIDs makes the messages of an album one input: the one with the caption, or the
// first one. A message without a caption is known by the id of the captioned one as well.
func albumIDs(in *dialog.Input, captioned bool, bot, chat, group string) {
	in.ID, in.OldID = "g:"+bot+":"+chat+":"+group, ""
	if !captioned {
		in.ID, in.OldID = in.ID+":rest", in.ID
	}
}

func tapInput(t *botapi.Tap) (in dialog.Input, ok bool) {
	if t.From.ID == 0 || t.ID == "" {
		return in, false
	}
	where, thread := t.From.ID, int64(0) // without a message: the private chat
	if m := t.Message; m != nil && m.Chat.ID != 0 {
		if m.Chat.Type != "private" {
			return in, false
		}
		where, thread = m.Chat.ID, m.Thread
	}
	return tapAt(t, where, thread), true
}

// tapAt is the input of a tap in a chat, or in a topic of it.
func tapAt(t *botapi.Tap, where, thread int64) dialog.Input {
	in := from(&t.From, where, thread)
	in.ID, in.Kind = "c:"+t.ID, dialog.KindTap
	if m := t.Message; m != nil && m.Date != 0 {
		in.Message = strconv.FormatInt(m.ID, 10)
	}
	action, draft, revision, bound, known := dialog.ParseData(t.Data)
	if !known {
		in.Name = "unknown"
		return in
	}
	in.Name, in.Value, _ = strings.Cut(action, ":")
	in.Draft, in.Revision, in.Bound = draft, revision, bound
	return in
}

func changeInput(m *botapi.Change) (in dialog.Input, ok bool) {
	if !private(&m.From, m.Chat) {
		return in, false
	}
	in = from(&m.From, m.Chat.ID, 0)
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
