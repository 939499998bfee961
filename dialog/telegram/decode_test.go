package telegram

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// TestOnlyPersonsInPrivateChats: an update is an input if a person sent it in a private
// chat.
func TestOnlyPersonsInPrivateChats(t *testing.T) {
	const person, chat = `"from":{"id":7},`, `"chat":{"id":7,"type":"private"}`
	for body, want := range map[string]bool{
		`"message":{` + person + chat + `,"text":"x"}`:                                                                 true,
		`"message":{"from":{"id":7,"is_bot":true},` + chat + `,"text":"x"}`:                                            false,
		`"message":{` + chat + `,"text":"x"}`:                                                                          false,
		`"message":{` + person + `"chat":{"type":"private"},"text":"x"}`:                                               false,
		`"message":{` + person + `"chat":{"id":-7,"type":"group"},"text":"x"}`:                                         false,
		`"edited_message":{` + person + `"chat":{"id":-7,"type":"supergroup"},"edit_date":1,"text":"x"}`:               false,
		`"edited_message":{` + person + chat + `,"edit_date":1,"text":"x"}`:                                            true,
		`"callback_query":{"id":"9",` + person + `"data":"back|d|1"}`:                                                  true,
		`"callback_query":{` + person + `"data":"back|d|1"}`:                                                           false,
		`"callback_query":{"id":"9","data":"back|d|1"}`:                                                                false,
		`"callback_query":{"id":"9",` + person + `"message":{"message_id":5,` + chat + `},"data":"back|d|1"}`:          true,
		`"callback_query":{"id":"9",` + person + `"message":{"message_id":5,"chat":{"id":-7,"type":"group"}}}`:         false,
		`"my_chat_member":{` + person + chat + `,"date":1,"new_chat_member":{"status":"kicked"}}`:                      true,
		`"my_chat_member":{` + person + chat + `,"date":1,"new_chat_member":{"status":"left"}}`:                        false,
		`"my_chat_member":{` + person + `"chat":{"id":-7,"type":"group"},"new_chat_member":{"status":"kicked"}}`:       false,
		`"my_chat_member":{"from":{"id":7,"is_bot":true},` + chat + `,"date":1,"new_chat_member":{"status":"kicked"}}`: false,
		`"poll":{"id":"1"}`: false,
	} {
		u, err := botapi.Parse([]byte(`{"update_id":1,` + body + `}`))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if in, ok := decode(&u, "1"); ok != want {
			t.Errorf("%s gives %+v, %t", body, in, ok)
		}
	}
}

// TestTapWithoutChat: a tap whose message names no chat is one of the person's private chat.
func TestTapWithoutChat(t *testing.T) {
	for _, message := range []string{`{"message_id":5}`, `{"message_id":5,"chat":{}}`, `null`} {
		u, err := botapi.Parse([]byte(`{"update_id":1,"callback_query":{"id":"9","from":{"id":7},"data":"back|d|1","message":` + message + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		if in, ok := decode(&u, "1"); !ok || in.Place.Address != "7" {
			t.Errorf("%s gives %+v, %t", message, in, ok)
		}
	}
}

// TestTapOfNobody: a tap that names no person is answered, so that its button stops spinning; one without an id cannot be.
func TestTapOfNobody(t *testing.T) {
	c := New(Config{Token: "1:x", Log: quiet, Engine: engineOf(t)})
	defer c.Close()
	for tap, want := range map[string]reply{
		`{"id":"9","data":"back|d|1"}`: {method: "answerCallbackQuery", query: "9"},
		`{"id":"9","data":"back|d|1","message":{"message_id":5,"chat":{"id":-7,"type":"group"}}}`: {method: "answerCallbackQuery", query: "9"},
		`{"from":{"id":7},"data":"back|d|1"}`:                                                     {},
		`{"from":{"id":7},"message":{"message_id":5,"chat":{"id":-7,"type":"group"}}}`:            {},
	} {
		raw := []byte(`{"update_id":1,"callback_query":` + tap + `}`)
		u, err := botapi.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.handle(t.Context(), &u, raw, true); err != nil || got != want {
			t.Errorf("%s: %+v, %v", tap, got, err)
		}
	}
}

// engineOf is an engine of the quiz.
func engineOf(t *testing.T) *dialog.Engine {
	e, err := dialog.New(dialog.NewMemory(), dialog.Config{}, quiz{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	return e
}

// TestCommands: a command is a slash, up to 32 letters, digits and underscores, perhaps the
// bot's name, and then the end or a blank.
func TestCommands(t *testing.T) {
	long := strings.Repeat("a", 32)
	for text, want := range map[string][3]string{
		"/a": {"a"}, "/azAZ09_": {"azaz09_"}, "/a@azAZ09_": {"a", "azAZ09_"}, "/Start_9Z": {"start_9z"}, "/start  x y ": {"start", "", "x y"}, "/start\tx": {"start", "", "x"}, "/start\nx": {"start", "", "x"},
		"/start@Bay_bot": {"start", "Bay_bot"}, "/start@b x": {"start", "b", "x"}, "/" + long: {long}, "/" + long + "@b": {long, "b"},
		"/": {}, "start": {}, "": {}, "//a": {}, "/@b": {}, "/start@": {}, "/start@ x": {}, "/start@b!": {}, "/a-b": {}, "/a/b": {}, "/`": {}, "/{": {}, "/[": {}, "/:": {}, "/é": {}, "/" + long + "a": {},
	} {
		name, bot, arg, ok := command(text)
		if got := [3]string{name, bot, arg}; got != want || ok != (want[0] != "") {
			t.Errorf("%q is %q, %t, want %q", text, got, ok, want)
		}
	}
}

// TestGroups: who counts as the sender of a message in a group.
func TestGroups(t *testing.T) {
	for name, x := range map[string]struct {
		body   string
		sender string // empty: no person
	}{
		"person":                 {`"from":{"id":7},"chat":{"id":-5,"type":"group"}`, "tg:7"},
		"person in a supergroup": {`"from":{"id":7},"chat":{"id":-5,"type":"supergroup"}`, "tg:7"},
		"bot":                    {`"from":{"id":7,"is_bot":true},"chat":{"id":-5,"type":"group"}`, ""},
		"nobody":                 {`"chat":{"id":-5,"type":"group"}`, ""},
		"anonymous":              {`"from":{"id":1087968824,"is_bot":true},"sender_chat":{"id":-5},"chat":{"id":-5,"type":"supergroup"}`, "tg:-5"},
		"forwarded by itself":    {`"from":{"id":777000},"sender_chat":{"id":-6},"is_automatic_forward":true,"chat":{"id":-5,"type":"supergroup"}`, ""},
		"in a channel's name":    {`"from":{"id":136817688,"is_bot":true},"sender_chat":{"id":-6},"chat":{"id":-5,"type":"supergroup"}`, "tg:-6"},
		"channel":                {`"sender_chat":{"id":-6},"chat":{"id":-6,"type":"channel"}`, ""},
		"private":                {`"from":{"id":7},"chat":{"id":7,"type":"private"}`, ""},
	} {
		u, err := botapi.Parse([]byte(`{"update_id":1,"message":{"message_id":3,` + x.body + `}}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := ""
		if fromGroup(u.Message) {
			got = groupSender(u.Message)
		}
		if got != x.sender {
			t.Errorf("%s: the sender is %q, want %q", name, got, x.sender)
		}
	}
}

// TestClip: a text that is too long ends in an ellipsis, keeps its characters whole and
// closes its isolates, all within the bound.
func TestClip(t *testing.T) {
	for _, x := range []struct {
		text string
		n    int
		want string
	}{
		{"abcd", 4, "abcd"}, {"abcde", 4, "abc…"}, {"ab de", 4, "ab…"}, {"🦕🦕", 4, "🦕🦕"}, {"🦕🦕x", 4, "🦕…"}, {"🦕🦕xy", 5, "🦕🦕…"},
		{fsi + "abcdef" + pdi, 6, fsi + "abc…" + pdi}, {fsi + "ab" + pdi + "cdef", 6, fsi + "ab" + pdi + "c…"}, {fsi + fsi + "abcdef", 6, fsi + fsi + "a…" + pdi + pdi},
		{pdi + "abcdef", 4, pdi + "ab…"}, {"a\u200dbcd", 3, "a…"}, {"abc", 1, "…"},
	} {
		got := clip(x.text, x.n)
		if got != x.want || units(got) > x.n || !utf8.ValidString(got) {
			t.Errorf("%q cut to %d is %q, want %q", x.text, x.n, got, x.want)
		}
	}
}

// TestRows: at a review two short labels share a row, and a long one stands alone. The picks and the last buttons share
// rows as far as a phone shows their labels. A button without a label shows its action.
func TestRows(t *testing.T) {
	rows := func(c dialog.Card) (list []string) {
		_, k := render(&c)
		for _, b := range k.buttons {
			for len(list) <= b.Row {
				list = append(list, "")
			}
			list[b.Row] += "[" + b.Text + "]"
		}
		return list
	}
	short, long := strings.Repeat("é", pairMax), strings.Repeat("é", pairMax+1)
	four, two := strings.Repeat("é", fourMax), strings.Repeat("é", twoMax)
	fact := func(aria string) dialog.Fact {
		return dialog.Fact{Edit: &dialog.Button{Action: "edit:x", Label: "Edit", Aria: aria}}
	}
	tap := func(label string) dialog.Button { return dialog.Button{Action: "back", Label: label} }
	quiet := make([]dialog.Button, 9)
	for i := range quiet {
		quiet[i] = tap(string(rune('a' + i)))
	}
	for want, c := range map[string]dialog.Card{
		"[" + short + "][" + short + "]|[" + short + "]": {Review: true, Facts: []dialog.Fact{fact(short), fact(short), fact(short)}},
		"[" + short + "]|[" + long + "]|[" + short + "]": {Review: true, Facts: []dialog.Fact{fact(short), fact(long), fact(short)}},
		"[Edit][Edit]":                           {Review: true, Facts: []dialog.Fact{fact(""), {}, fact("")}},
		"":                                       {Facts: []dialog.Fact{fact("")}},
		"[a][b][c][d]|[e][f][g][h]|[i]":          {Quiet: quiet},
		"[" + four + "][a][" + four + "][b]|[c]": {Quiet: []dialog.Button{tap(four), tap("a"), tap(four), tap("b"), tap("c")}},
		"[" + two + "][a]|[b][" + two + "]|[c]":  {Quiet: []dialog.Button{tap(two), tap("a"), tap("b"), tap(two), tap("c")}},
		"[a][b]|[" + two + "x]|[c]":              {Quiet: []dialog.Button{tap("a"), tap("b"), tap(two + "x"), tap("c")}},
		"[" + two + "]":                          {Picks: []dialog.Button{tap(two)}},
		"[a]|[" + two + "x]":                     {Picks: []dialog.Button{tap("a"), tap(two + "x")}},
		"[a]|[b]":                                {Choices: quiet[:2]},
		"[a][b][c][d]|[e]":                       {Picks: quiet[:5]},
		"[back]":                                 {Alt: []dialog.Button{tap("")}},
		"[ok]|[keep]|[choice]|[alt]|[other]|[quiet]": {Primary: &dialog.Button{Action: "ok", Label: "ok"}, Keep: &dialog.Button{Action: "keep", Label: "keep"}, Choices: []dialog.Button{tap("choice")}, Alt: []dialog.Button{tap("alt")}, Others: []dialog.Button{tap("other")}, Quiet: []dialog.Button{tap("quiet")}},
		"[keep]": {Primary: &dialog.Button{Label: "Continue"}, Keep: &dialog.Button{Action: "keep", Label: "keep"}},
	} {
		if got := strings.Join(rows(c), "|"); got != want {
			t.Errorf("rows are %s, want %s", got, want)
		}
	}
}
