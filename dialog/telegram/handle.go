package telegram

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// toastMax is the length of a toast, in UTF-16 units.
const toastMax = 200

// deletable is the age up to which a message can certainly be deleted. The server's
// limit is 48 hours, and the message may be older than its record says.
const deletable = 24 * time.Hour

var errTooMany = errors.New("telegram: too many inputs of one person")

// reply is the one call that answers an update. A webhook's 200 carries it, a poller
// makes it. The zero reply means no call.
type reply struct {
	method string // answerCallbackQuery, deleteMessage or sendMessage

	query         string // the tap that is answered
	chat, message int64  // chat 0: unknown
	thread        int64  // the topic of a sendMessage; 0: none
	text          string
	alert         bool // of a tap: the text is shown in a window
	label, url    string
}

// append appends the reply as JSON; named includes its method.
func (r *reply) append(b []byte, named bool) []byte {
	method := ""
	if named {
		method = r.method
	}
	switch r.method {
	case "answerCallbackQuery":
		return botapi.AppendToast(b, method, r.query, r.text, r.alert)
	case "deleteMessage":
		return botapi.AppendMessage(b, method, r.chat, r.message)
	default:
		return botapi.AppendText(b, method, r.chat, r.thread, r.text, r.label, r.url)
	}
}

// handle commits an update. raw is the update as received. With removes the reply
// may remove the message that a new one replaces. After an error the sender repeats
// the update.
func (c *Channel) handle(ctx context.Context, u *botapi.Update, raw []byte, removes bool) (r reply, err error) {
	in, ok := c.decode(u)
	if !ok {
		return c.other(u)
	}
	if in.Kind == dialog.KindBlock {
		_, err := c.engine.Handle(ctx, in) // the person's own conversation tells the others
		return r, err
	}
	if !c.allow(in.Owner) {
		return r, errTooMany
	}
	end, err := c.ending(ctx)
	if err != nil {
		return r, err
	}
	at, _, _ := c.stands(in.Place, end, "")
	chat := at.chat
	in.Message, in.Reply.Message, in.OldID = c.named(chat, end, in.Message), c.named(chat, end, in.Reply.Message), cmp.Or(in.OldID, end.oldID(c.bot, in.ID))
	out, err := c.engine.Handle(ctx, in)
	if err != nil {
		return r, err
	}
	if u.Tap != nil {
		c.stripStray(&in, &out, end, raw)
		return reply{method: "answerCallbackQuery", query: u.Tap.ID, chat: chat, text: c.toast(&in, out.Toast), alert: in.Group && out.Toast != nil && out.Toast.Code == dialog.CodeForeign}, nil
	}
	if removes {
		if _, id, _ := c.stands(in.Place, end, c.replaced(&in, &out, chat)); id != 0 {
			return reply{method: "deleteMessage", chat: chat, message: id}, nil
		}
	}
	if out.Toast != nil && !in.Group && (out.Did == dialog.DidPark || out.Did == dialog.DidForeign) {
		return reply{method: "sendMessage", chat: chat, thread: at.thread, text: c.engine.TextLine(c.view(&in), c.cfg.Words, out.Toast)}, nil
	}
	return r, nil
}

// replaced is the message that the reply removes, because a new card is on its way; empty:
// there is none, or it is the courier's to remove, as in a pause.
func (c *Channel) replaced(in *dialog.Input, out *dialog.Outcome, chat int64) (id string) {
	if _, free := c.pace.paused(chat); free && out.Did < dialog.DidDuplicate && out.Rehydrated.Age < deletable {
		id = c.engine.TakeReplaced(out.Record, in.Place)
	}
	return id
}

// other answers an update that is no input: a command to the bot in a group gets a
// link to the private chat, a tap in a group an empty answer. Both count for the limit
// of the sender; what is above it gets no answer.
func (c *Channel) other(u *botapi.Update) (r reply, err error) {
	if t := u.Tap; t != nil && t.ID != "" {
		if t.From.ID != 0 && !c.allow(ownerOf(t.From.ID)) {
			return r, nil
		}
		if t.Message != nil && c.groups.mayMove(t.Message.Chat.ID) { // it may be the desk's, and only another process knows
			c.tidyUp(c.checkGroups)
		}
		return reply{method: "answerCallbackQuery", query: t.ID}, nil
	}
	if u.Member != nil {
		c.memberChanged(u.Member)
		return r, nil
	}
	m, me := u.Message, c.Username()
	if m != nil && m.MovedTo != 0 {
		c.moved(m.Chat.ID, m.MovedTo)
		return r, nil
	}
	if m == nil || me == "" || !fromGroup(m) {
		return r, nil
	}
	if _, bot, _, ok := command(m.Text); !ok || !strings.EqualFold(bot, me) || !c.allow(groupSender(m)) {
		return r, nil
	}
	v := dialog.View{Lang: m.From.Lang}
	text := c.cfg.Words.Say(v, "group", map[string]string{"bot": me})
	if text == "" {
		text = "This works in private. Open a chat with me and send /start."
	}
	return reply{method: "sendMessage", chat: m.Chat.ID, thread: m.Thread, text: text, label: "@" + me, url: link(me)}, nil
}

// fromGroup reports whether a person wrote a message in a group, in the own name or in
// that of a chat, as anonymous administrators do. The server then names a bot of its own
// as the sender. Nobody there wrote the post of a channel that came by itself.
func fromGroup(m *botapi.Message) bool {
	if m.Automatic || m.Chat.Type != "group" && m.Chat.Type != "supergroup" {
		return false
	}
	return m.AsChat != 0 || m.From.ID != 0 && !m.From.Bot
}

// groupSender is who counts as the sender of a message in a group: anonymous
// administrators of a group are one.
func groupSender(m *botapi.Message) string {
	if m.AsChat != 0 {
		return ownerOf(m.AsChat)
	}
	return ownerOf(m.From.ID)
}

func ownerOf(id int64) string { return channelName + ":" + strconv.FormatInt(id, 10) }

// toast returns the sentence that answers a tap.
func (c *Channel) toast(in *dialog.Input, s *dialog.Said) string {
	if s == nil {
		return ""
	}
	text, _, _ := strings.Cut(c.engine.Text(c.view(in), c.cfg.Words, s), "\n")
	return clip(text, toastMax)
}

func (c *Channel) view(in *dialog.Input) dialog.View {
	return dialog.View{Place: in.Place, Lang: in.Place.Lang, Now: c.engine.Now(), Zone: c.engine.Zone()}
}

// stripStray removes the buttons of a tapped message that no longer shows its
// conversation: an old message, or a copy after a lost answer. The update must show
// that the message still had the button, and no conversation of the person may show the
// message now.
func (c *Channel) stripStray(in *dialog.Input, out *dialog.Outcome, end ending, raw []byte) {
	if in.Group || !in.Bound || in.Message == "" || out.Record == nil || out.Did == dialog.DidForeign {
		return
	}
	p, ok := out.Record.Place(in.Place.Channel, in.Place.Address)
	if !ok {
		return
	}
	current := out.Record.Message(p)
	if current == "" || current == in.Message {
		return
	}
	data := (&dialog.Card{Draft: in.Draft, Revision: in.Revision}).Data(dialog.Button{Action: in.Action()})
	if !bytes.Contains(raw, botapi.AppendString([]byte(`"callback_data":`), data)) {
		return
	}
	at, err := spotOf(in.Place)
	if err != nil {
		return
	}
	chat := at.chat
	c.tidyUp(func(ctx context.Context) error {
		if err := c.await(ctx, chat, c.pace.spare); err != nil {
			return err
		}
		if _, shown, err := c.engine.ShownBy(ctx, in.Owner, in.Place, in.Message); err != nil || shown {
			return err
		}
		return c.strip(ctx, chat, end.number(in.Message))
	})
}

// tidyUp runs a clean-up call in the background, best effort. Beyond the capacity of
// tidying it drops f.
func (c *Channel) tidyUp(f func(context.Context) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	select {
	case c.tidying <- struct{}{}:
	default:
		return
	}
	c.wg.Go(func() {
		defer func() { <-c.tidying }()
		ctx, cancel := context.WithTimeout(c.ctx, callTimeout)
		defer cancel()
		if err := f(ctx); err != nil && ctx.Err() == nil {
			c.log.Debug("telegram: a clean-up call failed", "error", err)
		}
	})
}
