package telegram

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-telegram/bot/models"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

const anna = `"from":{"id":4503599627370495,"is_bot":false,"first_name":"Anna","last_name":"\u0411","username":"anna_b","language_code":"pt-br"},` +
	`"chat":{"id":4503599627370495,"first_name":"Anna","type":"private"},"date":1790000000`

func TestDecode(t *testing.T) {
	const id = "m:1:4503599627370495:7"
	for name, x := range map[string]struct {
		json string
		want dialog.Input // of what matters
	}{
		"text":            {`"message":{"message_id":7,` + anna + `,"text":"1,250 \u20ac \ud83e\udd95 \"x\""}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "1,250 € 🦕 \"x\""}},
		"reply":           {`"message":{"message_id":7,` + anna + `,"text":"x","reply_to_message":{"message_id":5,"from":{"id":1,"is_bot":true},"reply_markup":{"inline_keyboard":[[],[{"text":"a","url":"b"},{"text":"c","callback_data":"menu||"}],[{"text":"c","callback_data":"say|S-1~s|3"},{"text":"c","callback_data":"x|y|4"}]]}}}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "x", Reply: dialog.Reply{Message: "5", Draft: "S-1~s", Revision: 3}}},
		"reply, bare":     {`"message":{"message_id":7,` + anna + `,"text":"x","reply_to_message":{"message_id":5,"from":{"id":1},"text":"y","reply_markup":{"inline_keyboard":null,"x":1}}}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "x", Reply: dialog.Reply{Message: "5"}}},
		"reply, own":      {`"message":{"message_id":7,` + anna + `,"text":"x","reply_to_message":{"message_id":5,` + anna + `}}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "x"}},
		"reply, topic":    {`"message":{"message_id":7,` + anna + `,"text":"x","is_topic_message":true,"message_thread_id":5,"reply_to_message":{"message_id":5,"from":{"id":1}}}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "x", Place: dialog.Place{Thread: "5"}}},
		"command":         {`"message":{"message_id":7,` + anna + `,"text":"/Start@LockBay_bot  ref-1_x "}`, dialog.Input{ID: id, Kind: dialog.KindCommand, Name: "start", Text: "ref-1_x"}},
		"bare command":    {`"message":{"message_id":7,` + anna + `,"text":"/back"}`, dialog.Input{ID: id, Kind: dialog.KindCommand, Name: "back"}},
		"command, lines":  {`"message":{"message_id":7,` + anna + `,"text":"/create\nplates"}`, dialog.Input{ID: id, Kind: dialog.KindCommand, Name: "create", Text: "plates"}},
		"path":            {`"message":{"message_id":7,` + anna + `,"text":"/etc/passwd"}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "/etc/passwd"}},
		"slash":           {`"message":{"message_id":7,` + anna + `,"text":"/"}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "/"}},
		"slash space":     {`"message":{"message_id":7,` + anna + `,"text":"/ 5"}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "/ 5"}},
		"no bot":          {`"message":{"message_id":7,` + anna + `,"text":"/start@ x"}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "/start@ x"}},
		"long command":    {`"message":{"message_id":7,` + anna + `,"text":"/` + strings.Repeat("a", 33) + `"}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "/" + strings.Repeat("a", 33)}},
		"edited":          {`"edited_message":{"message_id":7,` + anna + `,"edit_date":1790000009,"text":"x"}`, dialog.Input{ID: id + ":1790000009", Kind: dialog.KindOther, Name: "edited", Edit: true, Text: "x", Serial: dialog.Serial{Series: "tg:1:4503599627370495", Number: 7, Sent: 1790000009}}},
		"sticker":         {`"message":{"message_id":7,` + anna + `,"sticker":{"file_id":"x","emoji":"}"}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "sticker"}},
		"photo":           {`"message":{"message_id":7,` + anna + `,"photo":[{"a":[1,{"b":"]"}]},{}],"caption":"100 eur"}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "100 eur", Attached: "photo"}},
		"photo alone":     {`"message":{"message_id":7,` + anna + `,"photo":[{}]}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "photo"}},
		"album":           {`"message":{"message_id":7,` + anna + `,"photo":[{}],"media_group_id":"9"}`, dialog.Input{ID: "g:1:4503599627370495:9:rest", OldID: "g:1:4503599627370495:9", Kind: dialog.KindOther, Name: "photo", Serial: dialog.Serial{Series: "tg:1:4503599627370495", Number: 7, Sent: 1790000000}}},
		"album, caption":  {`"message":{"message_id":7,` + anna + `,"video":{},"media_group_id":"9","caption":"two cups"}`, dialog.Input{ID: "g:1:4503599627370495:9", Kind: dialog.KindText, Text: "two cups", Attached: "video", Serial: dialog.Serial{Series: "tg:1:4503599627370495", Number: 7, Sent: 1790000000}}},
		"mention":         {`"message":{"message_id":7,` + anna + `,"text":"Bob","entities":[{"type":"text_mention","offset":0,"length":3,"user":{"id":5,"first_name":"Bob"}}]}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "Bob", Mentioned: "Bob"}},
		"mention, name":   {`"message":{"message_id":7,` + anna + `,"text":"Bob","entities":[{"type":"text_mention","offset":0,"length":3,"user":{"id":5,"username":"bob_k","first_name":"Bob"}}]}`, dialog.Input{ID: id, Kind: dialog.KindText, Text: "Bob", Mentioned: "@bob_k"}},
		"animation":       {`"message":{"message_id":7,` + anna + `,"animation":{},"document":{}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "animation"}},
		"voice":           {`"message":{"message_id":7,` + anna + `,"voice":{"duration":3}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "voice"}},
		"video note":      {`"message":{"message_id":7,` + anna + `,"video_note":{"duration":3}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "video"}},
		"document":        {`"message":{"message_id":7,` + anna + `,"document":{"file_id":"x"}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "document"}},
		"contact":         {`"message":{"message_id":7,` + anna + `,"contact":{"phone_number":"4915112345678","user_id":5}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "contact", Text: "+4915112345678", Value: "5"}},
		"contact, 00":     {`"message":{"message_id":7,` + anna + `,"contact":{"phone_number":"00491511 2345678"}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "contact", Text: "00491511 2345678"}},
		"contact, local":  {`"message":{"message_id":7,` + anna + `,"contact":{"phone_number":"01511 2345678"}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "contact", Text: "01511 2345678"}},
		"place":           {`"message":{"message_id":7,` + anna + `,"location":{"latitude":-1.5e2},"venue":{}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "location"}},
		"of tomorrow":     {`"message":{"message_id":7,` + anna + `,"hologram":{"file_id":"x"}}`, dialog.Input{ID: id, Kind: dialog.KindOther, Name: "message"}},
		"tap":             {`"callback_query":{"id":"99",` + anna + `,"message":{"message_id":5,` + anna + `,"text":"x","reply_markup":{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}},"data":"delivery:24|d7kq|12"}`, dialog.Input{ID: "c:99", Kind: dialog.KindTap, Name: "delivery", Value: "24", Draft: "d7kq", Revision: 12, Bound: true, Message: "5"}},
		"menu":            {`"callback_query":{"id":"99",` + anna + `,"message":{"message_id":5,` + anna + `},"data":"create||"}`, dialog.Input{ID: "c:99", Kind: dialog.KindTap, Name: "create", Message: "5"}},
		"inaccessible":    {`"callback_query":{"id":"99",` + anna + `,"message":{"message_id":5,"chat":{"id":4503599627370495,"type":"private"},"date":0},"data":"back|d|1"}`, dialog.Input{ID: "c:99", Kind: dialog.KindTap, Name: "back", Draft: "d", Revision: 1, Bound: true}},
		"without message": {`"callback_query":{"id":"99",` + anna + `,"message":null,"data":"back|d|1"}`, dialog.Input{ID: "c:99", Kind: dialog.KindTap, Name: "back", Draft: "d", Revision: 1, Bound: true}},
		"garbage":         {`"callback_query":{"id":"99",` + anna + `,"data":"garbage"}`, dialog.Input{ID: "c:99", Kind: dialog.KindTap, Name: "unknown"}},
		"no data":         {`"callback_query":{"id":"99",` + anna + `,"game_short_name":"x"}`, dialog.Input{ID: "c:99", Kind: dialog.KindTap, Name: "unknown"}},
		"blocked":         {`"my_chat_member":{` + anna + `,"old_chat_member":{"status":"member"},"new_chat_member":{"user":{"id":1},"status":"kicked","until_date":0}}`, dialog.Input{ID: "b:4503599627370495:1790000000:blocked", Kind: dialog.KindBlock, Name: "blocked"}},
		"unblocked":       {`"my_chat_member":{` + anna + `,"old_chat_member":{"status":"kicked"},"new_chat_member":{"status":"member"}}`, dialog.Input{ID: "b:4503599627370495:1790000000:unblocked", Kind: dialog.KindBlock, Name: "unblocked"}},
	} {
		raw := []byte(`{"update_id":700000001,` + x.json + `}`)
		var spaced, sorted bytes.Buffer
		if err := json.Indent(&spaced, raw, " ", "\t"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var any map[string]json.RawMessage
		_ = json.Unmarshal(raw, &any)
		_ = json.NewEncoder(&sorted).Encode(any) // update_id last
		for _, body := range [][]byte{raw, spaced.Bytes(), sorted.Bytes()} {
			u, err := botapi.Parse(body)
			if err != nil || u.ID != 700000001 {
				t.Errorf("%s: %v, id %d", name, err, u.ID)
				continue
			}
			got, ok := decode(&u, "1")
			x.want.Owner = "tg:4503599627370495"
			x.want.Place = dialog.Place{Channel: "tg", Address: "4503599627370495", Lang: "pt-br", Push: true, Thread: x.want.Place.Thread}
			x.want.Profile = dialog.Profile{ID: "4503599627370495", Username: "anna_b", Name: "Anna"}
			if x.want.ID == id { // a message; an edit is numbered by none
				x.want.Serial = dialog.Serial{Series: "tg:1:4503599627370495", Number: 7, Sent: 1790000000}
			}
			if !ok || got != x.want {
				t.Errorf("%s:\n got %+v %v\nwant %+v", name, got, ok, x.want)
			}
			// the library reads the same
			var m models.Update
			if err := json.Unmarshal(body, &m); err == nil && m.Message != nil && (m.Message.Text != u.Message.Text || int64(m.Message.ID) != u.Message.ID) {
				t.Errorf("%s: the library reads %q", name, m.Message.Text)
			}
		}
	}
}

// Parse ends without a panic for every input, and rejects JSON that is cut off.
func FuzzParse(f *testing.F) {
	for _, s := range []string{textUpdate, tapUpdate, `{}`, `null`, `[1]`, `"x"`, `{"update_id":1e3}`, `{"update_id":9223372036854775808}`,
		`{"message":{"text":"\ud800"}}`, `{"message":{"text":"\u12"}}`, `{"message":[`, `{"message":{"chat":[]}}`, `{"a":{"b":[[{"c":"\\\""}]]},"update_id":3}`, `{,}`, `{"a":}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		u, err := botapi.Parse(raw)
		switch {
		case errors.Is(err, botapi.ErrSyntax) == json.Valid(raw) && err != nil:
			t.Errorf("%v for %q", err, raw)
		case err == nil:
			decode(&u, "1")
			if n := len(raw); n > 0 && raw[n-1] == '}' {
				if _, err := botapi.Parse(raw[:n-1]); err == nil {
					t.Errorf("cut off, and accepted: %q", raw[:n-1])
				}
			}
		}
	})
}

// Each kind of update and message is what the tables of botapi say: an input, answered as
// content, or silent.
func TestRoles(t *testing.T) {
	read := func(body string) (in dialog.Input, ok bool) {
		u, err := botapi.Parse([]byte(`{"update_id":1,` + body + `}`))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return decode(&u, "1")
	}
	for kind, role := range botapi.Updates {
		if in, ok := read(`"` + kind + `":{"message_id":7,"id":"9",` + anna + `,"edit_date":1790000001,"text":"x","new_chat_member":{"status":"member"}}`); ok != (role == botapi.Read) {
			t.Errorf("update %s is %v, and gives %+v %v", kind, role, in, ok)
		}
		if slices.Contains(allowedUpdates, kind) != (role == botapi.Read) {
			t.Errorf("update %s is %v; the server is asked for %v", kind, role, allowedUpdates)
		}
	}
	for field, f := range botapi.Fields {
		if f.Role == botapi.Read {
			continue
		}
		alone, ok := read(`"message":{"message_id":7,` + anna + `,"` + field + `":{}}`)
		with, okWith := read(`"message":{"message_id":7,"text":"100",` + anna + `,"` + field + `":{}}`)
		want := map[botapi.Role]string{botapi.Content: f.Name, botapi.Unread: "message"}[f.Role]
		switch {
		case !okWith || with.Kind != dialog.KindText || with.Text != "100":
			t.Errorf("a text with %s gives %+v %v", field, with, okWith)
		case f.Role == botapi.Service && ok:
			t.Errorf("the service message %s gives %+v", field, alone)
		case f.Role != botapi.Service && (!ok || alone.Kind != dialog.KindOther || alone.Name != want):
			t.Errorf("%s gives %+v %v, want %q", field, alone, ok, want)
		}
		if edited, ok := read(`"edited_message":{"message_id":7,` + anna + `,"` + field + `":{}}`); ok {
			t.Errorf("an update about %s that nobody edited gives %+v", field, edited)
		}
	}
	for _, live := range []string{`"location":{"latitude":1,"live_period":60}`, `"location":{"latitude":1}`, `"location":{"latitude":1},"venue":{}`} { // the last position has no period
		if in, ok := read(`"edited_message":{"message_id":7,` + anna + `,"edit_date":1790000001,` + live + `}`); ok {
			t.Errorf("the position %s of a live location gives %+v", live, in)
		}
	}
}
