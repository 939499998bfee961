package main

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// TestOperators: who the operators are, where the desk is, and what is refused in one line.
func TestOperators(t *testing.T) {
	for _, c := range []struct{ operators, desk, want, wrong string }{
		{},
		{operators: "123, 456,123", want: "123"},
		{operators: "123,456", desk: "456", want: "456"}, {operators: "123", desk: "-1001234567890", want: "-1001234567890"},
		{operators: "anna", wrong: "--operators"}, {operators: "-1", wrong: "--operators"}, {operators: "0123", wrong: "--operators"},
		{desk: "123", wrong: "--desk"}, {operators: "123", desk: "-0123", wrong: "--desk"}, {operators: "123", desk: "@group", wrong: "--desk"}, {operators: "123", desk: "456", wrong: "--desk"},
	} {
		s := &Settings{Operators: c.operators, Desk: c.desk, TelegramToken: "42:token"}
		at, list, err := s.desk()
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%+v: %v", c, err)
		case c.wrong == "" && (err != nil || at.Address != c.want || len(list) > 2):
			t.Errorf("%+v: %v %v %v", c, at, list, err)
		}
	}
	s := &Settings{Operators: "123"}
	if at, list, err := s.desk(); at.Address != "" || list != nil || err != nil {
		t.Errorf("without a bot: %v %v %v", at, list, err)
	}
	if k := s.checkDesk(t.Context()); k.OK || !strings.Contains(k.Mend, "LOCKBAY_TELEGRAM_TOKEN") {
		t.Errorf("doctor says %+v", k)
	}
}

// TestGroupAsAValue: the id of a group stands behind --desk, with a space or an equals sign.
func TestGroupAsAValue(t *testing.T) {
	for line, want := range map[string]string{
		"serve --desk -100123 --operators 1": "serve --desk=-100123 --operators 1", "serve --desk=-100123": "serve --desk=-100123",
		"serve --desk 123": "serve --desk 123", "serve --desk": "serve --desk", "serve --desk --operators": "serve --desk --operators", "serve": "serve",
	} {
		if got := strings.Join(withGroup(strings.Fields(line)), " "); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
}

// TestDeskChecked: what doctor says of the desk's chat, as Telegram knows it.
func TestDeskChecked(t *testing.T) {
	api := telegramtest.New(telegramtest.Options{Strict: true, Token: testToken})
	defer api.Close()
	olga := api.Person(7000007, "olga", "Olga")
	olga.SayInGroup(superGroup, "hello")
	check := func(desk string) check {
		s := &Settings{Operators: "7000007,7000008", Desk: desk, TelegramToken: testToken, TelegramAPIURL: api.URL()}
		return s.checkDesk(t.Context())
	}
	says := func(desk string, ok bool, note, mend string) {
		t.Helper()
		if k := check(desk); k.OK != ok || !strings.Contains(k.Note, note) || !strings.Contains(k.Mend, mend) || mend == "" && k.Mend != "" {
			t.Errorf("%q: %+v", desk, k)
		}
	}
	says("", true, "the desk is the chat 7000007", "")
	says("7000008", false, "cannot write to operator 7000008", "/start")
	says("-1001234567890", true, `"A group", 2 operators`, "")
	says("-1009999999999", false, "not in the group", "add it")
	olga.Block()
	says("7000007", false, "cannot write to operator 7000007", "/start")
	api.FailNext("getChat", telegramtest.InternalError())
	says("-1001234567890", true, "2 operators", "was not asked")
}
