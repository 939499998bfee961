package botapi

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
)

func TestParse(t *testing.T) {
	anna := User{ID: 1 << 51, First: "Anna", Username: "anna_b", Lang: "pt-br"}
	const from = `"from":{"id":2251799813685248,"is_bot":false,"first_name":"Anna","last_name":"\u0411","username":"anna_b","language_code":"pt-br"}`
	const where = `"chat":{"id":-5,"type":"private","title":"{\"]"}`
	for raw, want := range map[string]Update{
		`{"update_id":3,"message":{"message_id":7,"date":9,"text":"a\n\ud83e\udd95",` + from + `,` + where + `,"entities":[{"offset":0}]}}`: {ID: 3,
			Message: &Message{ID: 7, Date: 9, From: anna, Chat: Chat{ID: -5, Type: "private"}, Text: "a\n🦕"}},
		` { "edited_message" : { "edit_date" : 4 , "photo" : [ { "x" : [ 1 , "]" ] } ] } , "update_id" : 3 } `: {ID: 3, Edited: &Message{Edited: 4, What: "photo"}},
		`{"update_id":3,"callback_query":{"id":"9","data":"a|b|1","message":null,` + from + `}}`:               {ID: 3, Tap: &Tap{ID: "9", Data: "a|b|1", From: anna}},
		`{"update_id":3,"my_chat_member":{"date":9,"new_chat_member":{"user":{"id":1},"status":"kicked"}}}`:    {ID: 3, Member: &Change{Date: 9, Status: "kicked"}},
		`{"update_id":3,"poll":{"id":"1"},"message":null}`:                                                     {ID: 3},
		`{"update_id":3,"message":{"contact":{"phone_number":"4915112345678","user_id":9,"vcard":"x"},"message_thread_id":7,"is_topic_message":true,"media_group_id":"g"}}`: {ID: 3,
			Message: &Message{What: "contact", Phone: "4915112345678", ContactID: 9, Thread: 7, Group: "g"}},
		`{"update_id":3,"edited_message":{"location":{"latitude":1.5,"live_period":900},"message_thread_id":7,"sender_chat":{"id":-5}}}`: {ID: 3, Edited: &Message{What: "location", AsChat: -5}},
		`{"update_id":3,"message":{"text":"Anna B and Bob","entities":[{"type":"bold","offset":0,"length":4},{"type":"text_mention","offset":0,"length":6,"user":{"id":12,"first_name":"Anna","last_name":"B"}},{"type":"text_mention","user":{"id":13,"first_name":"Bob"}}]}}`: {ID: 3,
			Message: &Message{Text: "Anna B and Bob", Mentioned: Mention{12, "Anna B"}, Several: true}},
		`{"update_id":3,"message":{"text":"he","entities":[{"type":"text_mention","user":{"id":13,"first_name":"@anna_b"}}]}}`: {ID: 3,
			Message: &Message{Text: "he", Mentioned: Mention{13, "anna_b"}}},
		`{"update_id":3,"message":{"caption":"x","caption_entities":[{"user":null,"type":"text_mention"}],"entities":null}}`: {ID: 3, Message: &Message{Caption: "x"}},
		`{"update_id":3,"message":{"pinned_message":{}}}`:                                                                    {ID: 3, Message: &Message{Service: true}},
	} {
		if got, err := Parse([]byte(raw)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v %v\nwant %+v", raw, got, err, want)
		}
	}
	for raw, want := range map[string]error{
		`{"update_id":3,"message":{"text":7}}`: ErrPoison, `{"update_id":3,"message":[]}`: ErrPoison, `{"update_id":3,"callback_query":{"id":9}}`: ErrPoison,
		`{"update_id":3`: ErrSyntax, `{"update_id":3}}`: ErrSyntax, ``: ErrSyntax, `{"update_id":3,}`: ErrSyntax,
	} {
		got, err := Parse([]byte(raw))
		if !errors.Is(err, want) || errors.Is(want, ErrPoison) && got.ID != 3 {
			t.Errorf("%s: id %d, %v", raw, got.ID, err)
		}
	}
}

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "plain", "\"\\\n\r\t\x00\x1f\x7f", "é🦕\u2028\u2068x\u2069", "\xff\xfea\xc3", "</b>&", "\uFFFD"} {
		var got string
		if err := json.Unmarshal(AppendString(nil, s), &got); err != nil || got != strings.ToValidUTF8(s, "\uFFFD") && utf8.ValidString(s) {
			t.Errorf("%q: %q %v", s, got, err)
		}
	}
}

// The library reads from each call exactly the arguments given.
func TestCalls(t *testing.T) {
	const text = "<b>Step 2</b>\n\"é🦕\""
	off := true
	preview := &models.LinkPreviewOptions{IsDisabled: &off}
	markup := func(rows ...[]models.InlineKeyboardButton) models.InlineKeyboardMarkup {
		return models.InlineKeyboardMarkup{InlineKeyboard: rows}
	}
	read := func(raw []byte, into any) any {
		t.Helper()
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		return into
	}
	type show struct { // its markup is an interface
		bot.EditMessageTextParams
		Markup *models.InlineKeyboardMarkup `json:"reply_markup"`
	}
	type send struct {
		bot.SendMessageParams
		Method string                       `json:"method"`
		Markup *models.InlineKeyboardMarkup `json:"reply_markup"`
	}
	type ask struct {
		bot.SendMessageParams
		Markup *models.ForceReply `json:"reply_markup"`
	}
	rows := markup([]models.InlineKeyboardButton{{Text: "24 h", CallbackData: "d:24|x|1"}, {Text: "48 h", CallbackData: "d:48|x|1"}}, []models.InlineKeyboardButton{{Text: "Back", CallbackData: "back|x|1"}})
	link := markup([]models.InlineKeyboardButton{{Text: "@shop", URL: "https://t.me/shop"}})
	for name, c := range map[string]struct{ got, want any }{
		"show": {read(AppendShow(nil, 7, 3, 5, text, []Button{{Row: 0, Text: "24 h", Data: "d:24|x|1"}, {Row: 0, Text: "48 h", Data: "d:48|x|1"}, {Row: 1, Text: "Back", Data: "back|x|1"}}), &show{}),
			&show{bot.EditMessageTextParams{ChatID: 7.0, MessageID: 5, Text: text, ParseMode: "HTML", LinkPreviewOptions: preview}, &rows}},
		"show anew": {read(AppendShow(nil, 7, 3, 0, text, nil), &send{}),
			&send{SendMessageParams: bot.SendMessageParams{ChatID: 7.0, MessageThreadID: 3, Text: text, ParseMode: "HTML", LinkPreviewOptions: preview}}},
		"text": {read(AppendText(nil, "sendMessage", 7, 0, text, "@shop", "https://t.me/shop"), &send{}),
			&send{bot.SendMessageParams{ChatID: 7.0, Text: text, LinkPreviewOptions: preview}, "sendMessage", &link}},
		"ask": {read(AppendAsk(nil, 7, 3, text), &ask{}),
			&ask{bot.SendMessageParams{ChatID: 7.0, MessageThreadID: 3, Text: text, ParseMode: "HTML", LinkPreviewOptions: preview}, &models.ForceReply{ForceReply: true, Selective: true}}},
		"message": {read(AppendMessage(nil, "", 7, 5), &bot.DeleteMessageParams{}), &bot.DeleteMessageParams{ChatID: 7.0, MessageID: 5}},
		"toast":   {read(AppendToast(nil, "", "q", text, false), &bot.AnswerCallbackQueryParams{}), &bot.AnswerCallbackQueryParams{CallbackQueryID: "q", Text: text}},
		"alert":   {read(AppendToast(nil, "", "q", text, true), &bot.AnswerCallbackQueryParams{}), &bot.AnswerCallbackQueryParams{CallbackQueryID: "q", Text: text, ShowAlert: true}},
		"silent":  {read(AppendToast(nil, "", "q", "", true), &bot.AnswerCallbackQueryParams{}), &bot.AnswerCallbackQueryParams{CallbackQueryID: "q"}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, c.got, c.want)
		}
	}
}

func TestAnswers(t *testing.T) {
	for raw, want := range map[string]int64{
		`{"ok":true,"result":{"message_id":12,"date":1}}`: 12, `{"ok":true,"result":{"message_id":12}}`: 12,
		`{"ok":true,"result":{"date":1,"message_id":12}}`: 0, `{"ok":true,"result":{"message_id":`: 0, `{"ok":true,"result":{"message_id":x,`: 0,
		`{"ok":true,"result":true}`: 0, `{"ok":false}`: 0, ``: 0,
	} {
		if got, ok := Sent([]byte(raw)); ok != (want != 0) || ok && got != want {
			t.Errorf("%s: %d %v", raw, got, ok)
		}
	}
}

// TestGroupReports: a group that became a supergroup, and what the bot is in a group.
func TestGroupReports(t *testing.T) {
	for raw, want := range map[string]Update{
		`{"update_id":3,"message":{"chat":{"id":-5,"type":"group"},"migrate_to_chat_id":-1001234567890}}`: {ID: 3,
			Message: &Message{Chat: Chat{ID: -5, Type: "group"}, Service: true, MovedTo: -1001234567890}},
		`{"update_id":3,"my_chat_member":{"chat":{"id":-5,"type":"group"},"new_chat_member":{"status":"restricted","can_send_messages":false,"can_send_polls":true}}}`: {ID: 3,
			Member: &Change{Chat: Chat{ID: -5, Type: "group"}, Status: "restricted", Mute: true}},
		`{"update_id":3,"my_chat_member":{"new_chat_member":{"status":"restricted","can_send_messages":true}}}`: {ID: 3, Member: &Change{Status: "restricted"}},
	} {
		if got, err := Parse([]byte(raw)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v %v\nwant %+v", raw, got, err, want)
		}
	}
}
