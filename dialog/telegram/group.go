package telegram

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// Group is what is known of a chat of several people, see [Config.Groups].
type Group struct {
	Chat    int64  // as configured
	Now     int64  // the supergroup that it has become; Chat: it is as it was
	Title   string // empty: nobody has asked the server
	Trouble string // why the bot cannot write there: ChatAbsent, ChatMute or ChatOther; empty: it can, as far as is known
}

// Troubles of a chat.
const (
	ChatAbsent = "absent" // the bot is no member, is blocked, or there is no such chat
	ChatMute   = "mute"   // the bot is a member that may not write
	ChatOther  = "other"  // the chat is a channel
)

// groups are the chats of several people. A group that becomes a supergroup has another id
// from then on, and counts its messages anew. Its places keep the id of before, which the
// configuration names; the ids of messages name the supergroup, so that a restart finds it.
type groups struct {
	mu   sync.Mutex
	list []Group
}

func newGroups(chats []int64) *groups {
	g := &groups{}
	for _, chat := range chats {
		g.list = append(g.list, Group{Chat: chat, Now: chat})
	}
	return g
}

// find is the group of a chat, by the id of before or of now; g.mu is held.
func (g *groups) find(chat int64) *Group {
	i := slices.IndexFunc(g.list, func(x Group) bool { return x.Chat == chat || x.Now == chat })
	if i < 0 {
		return nil
	}
	return &g.list[i]
}

// of is the group of a chat.
func (g *groups) of(chat int64) (Group, bool) {
	if chat >= 0 { // of one person
		return Group{Chat: chat, Now: chat}, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if x := g.find(chat); x != nil {
		return *x, true
	}
	return Group{Chat: chat, Now: chat}, false
}

// mayMove reports whether a chat that is none of the groups may be a supergroup that one of
// them has become.
func (g *groups) mayMove(chat int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return chat < basicLeast && g.find(chat) == nil && slices.ContainsFunc(g.list, func(x Group) bool { return x.Now >= basicLeast })
}

// basicLeast is the least id of a group that is no supergroup.
const basicLeast = -1_000_000_000_000

// change changes what is known of a group, and reports whether it is another now.
func (g *groups) change(chat int64, f func(*Group)) (now Group, changed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	x := g.find(chat)
	if x == nil {
		return now, false
	}
	was := *x
	f(x)
	return *x, *x != was
}

// Groups are the chats of several people, as far as is known.
func (c *Channel) Groups() []Group {
	c.groups.mu.Lock()
	defer c.groups.mu.Unlock()
	return slices.Clone(c.groups.list)
}

// moved follows a group that has become a supergroup.
func (c *Channel) moved(chat, to int64) {
	if to >= 0 {
		return
	}
	if x, changed := c.groups.change(chat, func(x *Group) { x.Now = to }); changed {
		c.log.Warn("telegram: a group has become a supergroup, and is written to there; put the new id into the configuration", "chat", x.Chat, "now", to)
	}
}

// able notes whether the bot can write to a group.
func (c *Channel) able(chat int64, trouble string) {
	if chat >= 0 {
		return
	}
	switch x, changed := c.groups.change(chat, func(x *Group) { x.Trouble = trouble }); {
	case changed && trouble != "":
		c.log.Error("telegram: the bot cannot write to a group", "chat", x.Chat, "cause", trouble)
	case changed:
		c.log.Info("telegram: the bot can write to a group again", "chat", x.Chat)
	}
}

// troubleOf is the trouble of a chat that an error tells of; empty: it tells of none.
func troubleOf(err error) string {
	var e *callError
	switch {
	case !errors.As(err, &e) || e.MovedTo != 0:
	case e.Code == http.StatusForbidden, e.says("chat not found"):
		return ChatAbsent
	case e.Code == http.StatusBadRequest && slices.ContainsFunc(muteWords, e.says):
		return ChatMute
	}
	return ""
}

// muteWords are in the errors of a group where the bot may not write.
var muteWords = []string{"not enough rights", "ave no rights", "CHAT_WRITE_FORBIDDEN", "CHAT_RESTRICTED", "TOPIC_CLOSED", "CHAT_SEND_PLAIN_FORBIDDEN"}

// memberChanged notes that somebody has changed what the bot is in a group.
func (c *Channel) memberChanged(m *botapi.Change) {
	switch {
	case m.Status == "left", m.Status == "kicked":
		c.able(m.Chat.ID, ChatAbsent)
	case m.Status == "restricted" && m.Mute:
		c.able(m.Chat.ID, ChatMute)
	default:
		c.able(m.Chat.ID, "")
	}
}

// CheckChat asks the server for a group or a person's chat, and whether the bot can write to it: it shows for a
// moment that it types. An error says that the server was not asked, or gave no clear answer.
func (c *Channel) CheckChat(ctx context.Context, chat int64) (Group, error) {
	type params struct {
		Chat   int64  `json:"chat_id"`
		Action string `json:"action,omitempty"`
	}
	x, _ := c.groups.of(chat)
	found, err := call[struct{ Type, Title string }](ctx, c.api, "getChat", params{Chat: x.Now}, callTimeout)
	if err == nil {
		x.Title = found.Title
		if found.Type != "group" && found.Type != "supergroup" && found.Type != "private" {
			x.Trouble = ChatOther
			return x, nil
		}
		_, err = call[bool](ctx, c.api, "sendChatAction", params{x.Now, "typing"}, callTimeout)
	}
	var e *callError
	if errors.As(err, &e) && e.MovedTo < 0 && e.MovedTo != x.Now {
		c.moved(x.Chat, e.MovedTo)
		title := x.Title
		x, _ = c.groups.of(chat)
		x.Now, x.Title = e.MovedTo, title
		_, err = call[bool](ctx, c.api, "sendChatAction", params{x.Now, "typing"}, callTimeout)
	}
	if x.Trouble = troubleOf(err); x.Trouble != "" {
		err = nil
	}
	return x, err
}

// groupAgain is how often a group where the bot cannot write is asked for: another process may
// have got the report that it can again.
const groupAgain = time.Minute

// watchGroups asks for the groups at the start, and for those with a trouble while it lasts.
func (c *Channel) watchGroups(ctx context.Context) {
	for {
		c.until(ctx, "getChat", c.checkGroups)
		for {
			if !sleep(ctx, cmp.Or(c.cfg.groupAgain, groupAgain)) {
				return
			}
			if slices.ContainsFunc(c.Groups(), func(x Group) bool { return x.Trouble != "" }) {
				break
			}
		}
	}
}

// checkGroups asks for each group once, so that the log says at the start what is wrong. A
// report or a message that came while the server was asked is newer than its answer: then the
// answer is not taken, and where it was the newer one, the next minute or message tells.
func (c *Channel) checkGroups(ctx context.Context) error {
	for _, known := range c.Groups() {
		x, err := c.CheckChat(ctx, known.Chat)
		if err != nil {
			return err
		}
		now, _ := c.groups.change(x.Chat, func(y *Group) { y.Title = x.Title })
		if now.Trouble == known.Trouble {
			c.able(x.Chat, x.Trouble)
		}
	}
	return nil
}

// stands is where the messages of a place stand, and the number of this one. It is 0 where
// the message stands elsewhere: it is of another bot, or of the group before it became a
// supergroup.
func (c *Channel) stands(p dialog.Place, end ending, message string) (at spot, number int64, err error) {
	if at, err = spotOf(p); at.chat >= 0 { // 0: an error
		return at, end.number(message), err
	}
	rest, ours := strings.CutSuffix(message, string(end))
	digits, in, _ := strings.Cut(rest, "@")
	if to, err := strconv.ParseInt(in, 10, 64); err == nil && ours && to < 0 {
		if x, _ := c.groups.of(at.chat); x.Now == x.Chat { // the mark has told
			c.moved(at.chat, to)
		}
	} else if in != "" {
		ours = false
	}
	x, _ := c.groups.of(at.chat)
	at.chat = x.Now
	if ours && in == groupMark(x) {
		number, _ = strconv.ParseInt(digits, 10, 64)
	}
	return at, number, nil
}

// groupMark stands in the ids of the messages of a group that has become a supergroup.
func groupMark(x Group) string {
	if x.Now == x.Chat {
		return ""
	}
	return strconv.FormatInt(x.Now, 10)
}

// named is the id of a message of a chat, by its number.
func (c *Channel) named(chat int64, end ending, number string) string {
	if x, _ := c.groups.of(chat); number != "" && groupMark(x) != "" {
		number += "@" + groupMark(x)
	}
	return end.id(number)
}
