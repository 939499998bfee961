package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay/dialog"
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
	if !slices.Contains(ids, chat) {
		return at, nil, badSetting("desk", chat, "want one of --operators: the desk is in an operator's own chat with the bot, not in a group")
	}
	if s.TelegramToken == "" {
		return at, nil, nil
	}
	return dialog.Place{Channel: "tg", Address: chat, Push: true}, operators, nil
}

// checkDesk is doctor's check of the operators.
func (s *Settings) checkDesk() check {
	at, operators, _ := s.desk()
	k := check{Name: "desk", OK: true, Note: strconv.Itoa(len(operators)) + " operators; the desk is the chat " + at.Address}
	switch {
	case len(operators) == 0 && s.Operators != "":
		k.OK, k.Note, k.Mend = false, "--operators without a bot calls nobody", "set LOCKBAY_TELEGRAM_TOKEN, see @BotFather, or leave --operators out"
	case len(operators) == 0:
		k.Note, k.Mend = "no operators: orders by this program only", "set --operators to your Telegram id, and escrows that need you come to your chat (optional)"
	}
	return k
}
