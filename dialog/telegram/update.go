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
	ID      int64
	Message *message // message
	Edited  *message // edited_message
	Tap     *callback
	Member  *change // my_chat_member
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
	ID   int64
	Type string
}

type message struct {
	ID      int64
	Date    int64 // unix seconds; 0: inaccessible
	Edited  int64 // unix seconds
	From    user  // ID 0: nobody
	Chat    chat
	Text    string
	What    string // sticker, photo …; empty: of a kind that we do not know
	Service bool   // what a chat tells of itself, and nobody said
}

type callback struct {
	ID      string
	From    user
	Message *message
	Data    string
}

type change struct {
	Date   int64 // unix seconds
	From   user
	Chat   chat
	Status string // of the bot, from now on
}

var (
	errSyntax = errors.New("telegram: an update that is no JSON")
	errPoison = errors.New("telegram: an update of a shape that is not the API's")
)

// parse reads an update. JSON of another shape than the API's is errPoison, with
// the update's id if it has one.
func parse(raw []byte) (u update, err error) {
	r := reader{b: raw}
	u.read(&r)
	if r.peek(); !r.bad && r.i == len(raw) {
		return u, nil
	}
	if !json.Valid(raw) {
		return update{}, errSyntax
	}
	var only struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal(raw, &only) // as far as it goes
	return update{ID: only.ID}, errPoison
}

func (u *update) read(r *reader) {
	if !r.enter('{') {
		return
	}
	for r.more('}') {
		switch string(r.key()) {
		case "update_id":
			u.ID = r.int()
		case "message":
			u.Message = readMessage(r)
		case "edited_message":
			u.Edited = readMessage(r)
		case "callback_query":
			u.Tap = readTap(r)
		case "my_chat_member":
			u.Member = readChange(r)
		default:
			r.skip()
		}
	}
}

func readMessage(r *reader) *message {
	if !r.enter('{') {
		return nil
	}
	m := &message{}
	for r.more('}') {
		switch key := r.key(); string(key) {
		case "message_id":
			m.ID = r.int()
		case "date":
			m.Date = r.int()
		case "edit_date":
			m.Edited = r.int()
		case "from":
			m.From.read(r)
		case "chat":
			m.Chat.read(r)
		case "text":
			m.Text = r.str()
		case "sticker", "photo", "video", "voice", "audio", "contact", "poll", "dice", "story":
			if r.there() {
				m.What = string(key)
			}
		case "animation": // comes with a document for old clients
			if r.there() {
				m.What = "animation"
			}
		case "document":
			if r.there() && m.What == "" {
				m.What = "document"
			}
		case "video_note":
			if r.there() {
				m.What = "video"
			}
		case "venue", "location":
			if r.there() {
				m.What = "location"
			}
		case "pinned_message", "message_auto_delete_timer_changed", "chat_background_set", "write_access_allowed",
			"connected_website", "new_chat_photo", "delete_chat_photo":
			m.Service = r.there() || m.Service
		default:
			r.skip()
		}
	}
	return m
}

func readTap(r *reader) *callback {
	if !r.enter('{') {
		return nil
	}
	t := &callback{}
	for r.more('}') {
		switch string(r.key()) {
		case "id":
			t.ID = r.str()
		case "from":
			t.From.read(r)
		case "message":
			t.Message = readMessage(r)
		case "data":
			t.Data = r.str()
		default:
			r.skip()
		}
	}
	return t
}

func readChange(r *reader) *change {
	if !r.enter('{') {
		return nil
	}
	c := &change{}
	for r.more('}') {
		switch string(r.key()) {
		case "date":
			c.Date = r.int()
		case "from":
			c.From.read(r)
		case "chat":
			c.Chat.read(r)
		case "new_chat_member":
			if !r.enter('{') {
				continue
			}
			for r.more('}') {
				if string(r.key()) == "status" {
					c.Status = r.str()
				} else {
					r.skip()
				}
			}
		default:
			r.skip()
		}
	}
	return c
}

func (u *user) read(r *reader) {
	if !r.enter('{') {
		return
	}
	for r.more('}') {
		switch string(r.key()) {
		case "id":
			u.ID = r.int()
		case "is_bot":
			u.Bot = r.bool()
		case "username":
			u.Username = r.str()
		case "first_name":
			u.First = r.str()
		case "last_name":
			u.Last = r.str()
		case "language_code":
			u.Lang = r.str()
		default:
			r.skip()
		}
	}
}

func (c *chat) read(r *reader) {
	if !r.enter('{') {
		return
	}
	for r.more('}') {
		switch string(r.key()) {
		case "id":
			c.ID = r.int()
		case "type":
			c.Type = r.str()
		default:
			r.skip()
		}
	}
}

// decode is the one way from an update to an input, for webhook and polling
// alike. bot is the bot's id: another bot counts its messages from 1. What ok
// leaves out is for nobody: groups, channels, bots, what a chat tells of itself.
func decode(u *update, bot string) (in dialog.Input, ok bool) {
	switch {
	case u.Tap != nil:
		return u.Tap.input()
	case u.Message != nil:
		return u.Message.input(bot, false)
	case u.Edited != nil:
		return u.Edited.input(bot, true)
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
	return p.ID != 0 && !p.Bot && c.Type == "private" && c.ID != 0
}

func (m *message) input(bot string, edited bool) (in dialog.Input, ok bool) {
	if !private(&m.From, m.Chat) {
		return in, false
	}
	in = from(&m.From, m.Chat.ID)
	id := in.Place.Address + ":" + strconv.FormatInt(m.ID, 10)
	in.ID, in.OldID = "m:"+bot+":"+id, "m:"+id
	name, _, arg, isCommand := command(m.Text) // in private every command is for us
	switch {
	case edited:
		in.Kind, in.Name = dialog.KindOther, "edited"
		at := ":" + strconv.FormatInt(m.Edited, 10)
		in.ID, in.OldID = in.ID+at, in.OldID+at
	case isCommand:
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, arg
	case m.Text != "":
		in.Kind, in.Text = dialog.KindText, m.Text
	case m.Service:
		return in, false
	default:
		if in.Kind, in.Name = dialog.KindOther, m.What; in.Name == "" {
			in.Name = "message"
		}
	}
	if !edited && m.ID > 0 { // an edit has the number of its message
		in.Serial = dialog.Serial{Series: ChannelName + ":" + bot + ":" + in.Place.Address, Number: m.ID, Sent: m.Date}
	}
	return in, true
}

func (t *callback) input() (in dialog.Input, ok bool) {
	if t.From.ID == 0 || t.ID == "" {
		return in, false
	}
	where := t.From.ID // where the message is not told
	if m := t.Message; m != nil && m.Chat.ID != 0 {
		if m.Chat.Type != "private" {
			return in, false
		}
		where = m.Chat.ID
	}
	in = from(&t.From, where)
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
	if !private(&m.From, m.Chat) {
		return in, false
	}
	in = from(&m.From, m.Chat.ID)
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
