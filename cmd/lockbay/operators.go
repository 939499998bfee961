package main

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram"
)

// desk is where the operators are called, and who they are. Both are empty without --operators, and without a bot, which
// alone reaches them.
func (s *Settings) desk() (at dialog.Place, operators []string, err error) {
	var ids []string
	for _, id := range strings.FieldsFunc(s.Operators, func(r rune) bool { return r == ',' || r == ' ' }) {
		if n, err := strconv.ParseInt(id, 10, 64); err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
			return at, nil, badSetting("operators", id, "want the Telegram ids of people, for example 123,456")
		}
		if !slices.Contains(ids, id) {
			ids, operators = append(ids, id), append(operators, "tg:"+id)
		}
	}
	switch {
	case s.Desk == "" && len(ids) == 0:
		return at, nil, nil
	case len(ids) == 0:
		return at, nil, badSetting("desk", s.Desk, "needs --operators")
	}
	chat := cmp.Or(s.Desk, ids[0])
	if !slices.Contains(ids, chat) && groupOf(chat) == 0 {
		return at, nil, badSetting("desk", chat, "want one of --operators, in whose own chat with the bot the desk is, or the id of a group, for example -1001234567890")
	}
	if s.TelegramToken == "" {
		return at, nil, nil
	}
	return dialog.Place{Channel: "tg", Address: chat, Push: true}, operators, nil
}

// groupOf is the id of a group; 0: the chat is none.
func groupOf(chat string) int64 {
	if n, err := strconv.ParseInt(chat, 10, 64); err == nil && n < 0 && strconv.FormatInt(n, 10) == chat {
		return n
	}
	return 0
}

// withGroup lets the id of a group, which begins with a hyphen, stand behind --desk like every other value.
func withGroup(args []string) []string {
	i := slices.Index(args, "--desk")
	if i < 0 || i+1 == len(args) || groupOf(args[i+1]) == 0 {
		return args
	}
	return slices.Concat(args[:i], []string{"--desk=" + args[i+1]}, args[i+2:])
}

// deskGroups are the groups in which the desk is: one, or none.
func (s *Settings) deskGroups() []int64 {
	at, _, _ := s.desk()
	if n := groupOf(at.Address); n != 0 {
		return []int64{n}
	}
	return nil
}

// checkDesk is doctor's check of the operators, and of the chat where they are called.
func (s *Settings) checkDesk(ctx context.Context) check {
	at, operators, _ := s.desk()
	k := check{Name: "desk", OK: true, Note: strconv.Itoa(len(operators)) + " operators; the desk is the chat " + at.Address}
	switch {
	case len(operators) == 0 && s.Operators != "":
		k.OK, k.Note, k.Mend = false, "--operators without a bot calls nobody", "set LOCKBAY_TELEGRAM_TOKEN, see @BotFather, or leave --operators out"
	case len(operators) == 0:
		k.Note, k.Mend = "no operators: orders by this program only", "set --operators to your Telegram id, and escrows that need you come to your chat (optional)"
	default:
		s.checkDeskChat(ctx, &k, at.Address)
	}
	return k
}

// checkDeskChat asks Telegram for the desk's chat, and whether the bot can write there.
func (s *Settings) checkDeskChat(ctx context.Context, k *check, chat string) {
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	tg := telegram.New(telegram.Config{Token: string(s.TelegramToken), APIURL: s.TelegramAPIURL, Log: slog.New(slog.DiscardHandler)})
	defer tg.Close()
	id, _ := strconv.ParseInt(chat, 10, 64)
	found, err := tg.CheckChat(ctx, id)
	group := id < 0
	switch trouble := found.Trouble; {
	case err != nil:
		k.Mend = "Telegram was not asked for this chat: see the check of telegram"
	case trouble == telegram.ChatOther:
		k.OK, k.Note, k.Mend = false, "the chat "+chat+" is a channel", "set --desk to a group, or to one of --operators"
	case trouble != "" && !group:
		k.OK, k.Note, k.Mend = false, "the bot cannot write to operator "+chat, "write /start to the bot from that account, and do not block it"
	case trouble == telegram.ChatAbsent:
		k.OK, k.Note, k.Mend = false, "the bot is not in the group "+chat, "add it to the group, or correct --desk"
	case trouble == telegram.ChatMute:
		k.OK, k.Note, k.Mend = false, "the bot may not write in the group "+chat, "let it send messages there"
	case found.Now != id:
		k.Note, k.Mend = k.Note+", now "+strconv.FormatInt(found.Now, 10), "the group is a supergroup now: set --desk "+strconv.FormatInt(found.Now, 10)
	case group:
		k.Note = strconv.Quote(found.Title) + ", " + k.Note
	}
}
