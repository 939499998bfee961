package botapi

import (
	"encoding/json"
	"errors"
)

// Update is the part of an update that the channel needs. Ids have up to 52 bits.
type Update struct {
	ID      int64
	Message *Message // message
	Edited  *Message // edited_message
	Tap     *Tap
	Member  *Change // my_chat_member
}

// User is a person or a bot.
type User struct {
	ID       int64  `json:"id"`
	Bot      bool   `json:"is_bot"`
	Username string `json:"username"`
	Lang     string `json:"language_code"`
}

// Chat is a chat of the bot.
type Chat struct {
	ID   int64
	Type string
}

// Message was sent by a person, or has the tapped button.
type Message struct {
	ID      int64
	Date    int64 // unix seconds; 0: inaccessible
	Edited  int64 // unix seconds
	From    User  // ID 0: no sender
	Chat    Chat
	Text    string
	What    string // sticker, photo …; empty: unknown kind
	Service bool   // a service message of the chat
}

// Tap is a callback query.
type Tap struct {
	ID      string
	From    User
	Message *Message
	Data    string
}

// Change is a change of the bot's status in a chat.
type Change struct {
	Date   int64 // unix seconds
	From   User
	Chat   Chat
	Status string // the new status of the bot
}

var (
	// ErrSyntax means that the input is no JSON.
	ErrSyntax = errors.New("telegram: update is no JSON")
	// ErrPoison means that the JSON has another shape than an update.
	ErrPoison = errors.New("telegram: update has another shape than the Bot API's")
)

// Parse reads an update. It returns ErrSyntax, or ErrPoison with the id of the
// update if it has one.
func Parse(raw []byte) (u Update, err error) {
	r := reader{b: raw}
	u.read(&r)
	if r.peek(); !r.bad && r.i == len(raw) {
		return u, nil
	}
	if !json.Valid(raw) {
		return Update{}, ErrSyntax
	}
	var only struct {
		ID int64 `json:"update_id"`
	}
	_ = json.Unmarshal(raw, &only) // best effort
	return Update{ID: only.ID}, ErrPoison
}

func (u *Update) read(r *reader) {
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

func readMessage(r *reader) *Message {
	if !r.enter('{') {
		return nil
	}
	m := &Message{}
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
		case "animation": // the server adds a document for old clients
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

func readTap(r *reader) *Tap {
	if !r.enter('{') {
		return nil
	}
	t := &Tap{}
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

func readChange(r *reader) *Change {
	if !r.enter('{') {
		return nil
	}
	c := &Change{}
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

func (u *User) read(r *reader) {
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
		case "language_code":
			u.Lang = r.str()
		default:
			r.skip()
		}
	}
}

func (c *Chat) read(r *reader) {
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
