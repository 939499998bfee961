package telegram

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// allowedUpdates are the kinds that decode knows.
var allowedUpdates = []string{"message", "edited_message", "callback_query", "my_chat_member"}

// update is what we read of an update: far less than it holds, which is what
// makes decoding cheap. Ids have up to 52 bits.
type update struct {
	ID      int64     `json:"update_id"`
	Message *message  `json:"message"`
	Edited  *message  `json:"edited_message"`
	Tap     *callback `json:"callback_query"`
	Member  *change   `json:"my_chat_member"`
}

type user struct {
	ID       int64  `json:"id"`
	Bot      bool   `json:"is_bot"`
	Username string `json:"username"`
	First    string `json:"first_name"`
	Last     string `json:"last_name"`
	Lang     string `json:"language_code"`
}

type chat struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`
}

type message struct {
	ID     int64  `json:"message_id"`
	Date   int64  `json:"date"`      // unix seconds; 0: inaccessible
	Edited int64  `json:"edit_date"` // unix seconds
	From   *user  `json:"from"`
	Chat   chat   `json:"chat"`
	Text   string `json:"text"`
	content
}

// content says what a message is when it is no text.
type content struct {
	Sticker   there `json:"sticker"`
	Animation there `json:"animation"`
	Photo     there `json:"photo"`
	Video     there `json:"video"`
	VideoNote there `json:"video_note"`
	Voice     there `json:"voice"`
	Audio     there `json:"audio"`
	Document  there `json:"document"`
	Contact   there `json:"contact"`
	Venue     there `json:"venue"`
	Location  there `json:"location"`
	Poll      there `json:"poll"`
	Dice      there `json:"dice"`
	Story     there `json:"story"`

	// what a chat tells of itself, which nobody said
	Pinned     there `json:"pinned_message"`
	AutoDelete there `json:"message_auto_delete_timer_changed"`
	Background there `json:"chat_background_set"`
	Access     there `json:"write_access_allowed"`
	Website    there `json:"connected_website"`
	Photo2     there `json:"new_chat_photo"`
	NoPhoto    there `json:"delete_chat_photo"`
}

// there is whether a field is there; its value is passed over.
type there bool

// UnmarshalJSON implements json.Unmarshaler.
func (t *there) UnmarshalJSON(b []byte) error {
	*t = string(b) != "null"
	return nil
}

// what names the content for the person, "" for what nobody said.
func (c *content) what() string {
	switch {
	case bool(c.Pinned || c.AutoDelete || c.Background || c.Access || c.Website || c.Photo2 || c.NoPhoto):
		return ""
	case bool(c.Sticker):
		return "sticker"
	case bool(c.Animation): // comes with a document for old clients
		return "animation"
	case bool(c.Photo):
		return "photo"
	case bool(c.Video || c.VideoNote):
		return "video"
	case bool(c.Voice):
		return "voice"
	case bool(c.Audio):
		return "audio"
	case bool(c.Document):
		return "document"
	case bool(c.Contact):
		return "contact"
	case bool(c.Venue || c.Location):
		return "location"
	case bool(c.Poll):
		return "poll"
	case bool(c.Dice):
		return "dice"
	case bool(c.Story):
		return "story"
	}
	return "message"
}

type callback struct {
	ID      string   `json:"id"`
	From    *user    `json:"from"`
	Message *message `json:"message"`
	Data    string   `json:"data"`
}

type change struct {
	Date int64 `json:"date"` // unix seconds
	From *user `json:"from"`
	Chat chat  `json:"chat"`
	New  struct {
		Status string `json:"status"`
	} `json:"new_chat_member"`
}

var errPoison = errors.New("telegram: an update of a shape that is not the API's")

// parse reads an update. What is no JSON at all is any other error; JSON of
// another shape than the API's is errPoison, with the update's id if it has one.
func parse(raw []byte) (u update, err error) {
	err = json.Unmarshal(raw, &u)
	var syntax *json.SyntaxError
	if err == nil || errors.As(err, &syntax) {
		return u, err
	}
	var only struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal(raw, &only) // as far as it goes
	return update{ID: only.ID}, errPoison
}

// decode is the one way from an update to an input, for webhook and polling
// alike. What ok leaves out is for nobody: groups, channels, bots, what a chat
// tells of itself.
func decode(u *update) (in dialog.Input, ok bool) {
	switch {
	case u.Tap != nil:
		return u.Tap.input()
	case u.Message != nil:
		return u.Message.input(false)
	case u.Edited != nil:
		return u.Edited.input(true)
	case u.Member != nil:
		return u.Member.input()
	}
	return in, false
}

// from begins the input of a person in their private chat.
func from(p *user, where int64) dialog.Input {
	id := strconv.FormatInt(p.ID, 10)
	address := id
	if where != p.ID {
		address = strconv.FormatInt(where, 10)
	}
	name := p.First
	if p.Last != "" {
		name += " " + p.Last
	}
	return dialog.Input{
		Owner:   ChannelName + ":" + id,
		Place:   dialog.Place{Channel: ChannelName, Address: address, Lang: p.Lang, Push: true},
		Profile: dialog.Profile{Username: p.Username, Name: name, Lang: p.Lang},
	}
}

// private reports whether a person wrote it, alone with the bot.
func private(p *user, c chat) bool {
	return p != nil && p.ID != 0 && !p.Bot && c.Type == "private" && c.ID != 0
}

func (m *message) input(edited bool) (in dialog.Input, ok bool) {
	if !private(m.From, m.Chat) {
		return in, false
	}
	in = from(m.From, m.Chat.ID)
	in.ID = "m:" + in.Place.Address + ":" + strconv.FormatInt(m.ID, 10)
	name, _, arg, isCommand := command(m.Text) // in private every command is for us
	switch {
	case edited:
		in.Kind, in.Name = dialog.KindOther, "edited"
		in.ID += ":" + strconv.FormatInt(m.Edited, 10)
	case isCommand:
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, arg
	case m.Text != "":
		in.Kind, in.Text = dialog.KindText, m.Text
	default:
		in.Kind, in.Name = dialog.KindOther, m.what()
	}
	return in, in.Kind != dialog.KindOther || in.Name != ""
}

func (t *callback) input() (in dialog.Input, ok bool) {
	if t.From == nil || t.From.ID == 0 || t.ID == "" {
		return in, false
	}
	where := t.From.ID // where the message is not told
	if m := t.Message; m != nil && m.Chat.ID != 0 {
		if m.Chat.Type != "private" {
			return in, false
		}
		where = m.Chat.ID
	}
	in = from(t.From, where)
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

func (m *change) input() (in dialog.Input, ok bool) {
	if !private(m.From, m.Chat) {
		return in, false
	}
	in = from(m.From, m.Chat.ID)
	in.Kind = dialog.KindBlock
	switch m.New.Status {
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
