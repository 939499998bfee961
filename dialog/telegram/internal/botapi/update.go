package botapi

import (
	"encoding/json"
	"errors"
	"strings"
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
	First    string `json:"first_name"`
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
	ID        int64
	Date      int64 // unix seconds; 0: inaccessible
	Edited    int64 // unix seconds; 0: no person edited it
	From      User  // ID 0: no sender
	AsChat    int64 // the chat in whose name it was sent, as by an anonymous administrator; else 0
	Chat      Chat
	Thread    int64  // the topic that it stands in; else 0
	Group     string // the album that it is part of; else empty
	Text      string
	Caption   string  // the text of a picture or file
	What      string  // the content that is no text: sticker, photo …; empty: unknown kind
	Phone     string  // of a contact
	ContactID int64   // the contact's own id, if it has one
	Mentioned Mention // a person whom the text names by a link
	Several   bool    // the text names other people by links, too
	Automatic bool    // a post of a channel that the server forwarded to the channel's group
	Service   bool    // a report of the chat
	MovedTo   int64   // a report: the supergroup that the group has become; else 0
	Replies   Replied // the message that it answers
}

// Replied is a message that another one answers. ID 0: none.
type Replied struct {
	ID   int64
	From User
	Data []string // of its buttons
}

// Mention is a person whom a text names by a link, which people without a username have.
type Mention struct {
	ID   int64
	Name string // @username, else first and last name
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
	Mute   bool   // of a restricted bot: it may not write
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
	topic, document := false, false
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
		case "sender_chat":
			var c Chat
			c.read(r)
			m.AsChat = c.ID
		case "chat":
			m.Chat.read(r)
		case "message_thread_id":
			m.Thread = r.int()
		case "is_topic_message":
			topic = r.bool()
		case "media_group_id":
			m.Group = r.str()
		case "text":
			m.Text = r.str()
		case "caption":
			m.Caption = r.str()
		case "entities", "caption_entities":
			m.readMentions(r)
		case "contact":
			m.readContact(r)
		case "reply_to_message":
			m.Replies.read(r)
		case "is_automatic_forward":
			m.Automatic = r.bool()
		case "migrate_to_chat_id":
			m.MovedTo = r.number()
			m.Service = m.Service || m.MovedTo != 0
		case "document": // the server adds one to an animation, for old clients
			document = r.there() || document
		default:
			m.readField(r, Fields[string(key)])
		}
	}
	if document && m.What == "" {
		m.What = "document"
	}
	if !topic {
		m.Thread = 0 // of replies in a chat without topics
	}
	return m
}

func (a *Replied) read(r *reader) {
	if !r.enter('{') {
		return
	}
	for r.more('}') {
		switch string(r.key()) {
		case "message_id":
			a.ID = r.int()
		case "from":
			a.From.read(r)
		case "reply_markup":
			a.readMarkup(r)
		default:
			r.skip()
		}
	}
}

// readMarkup reads the data of the buttons below a message.
func (a *Replied) readMarkup(r *reader) {
	if !r.enter('{') {
		return
	}
	for r.more('}') {
		switch {
		case string(r.key()) != "inline_keyboard":
			r.skip()
		case r.enter('['):
			for r.more(']') {
				a.readRow(r)
			}
		}
	}
}

func (a *Replied) readRow(r *reader) {
	if !r.enter('[') {
		return
	}
	for r.more(']') {
		if !r.enter('{') {
			continue
		}
		for r.more('}') {
			if string(r.key()) == "callback_data" {
				a.Data = append(a.Data, r.str())
			} else {
				r.skip()
			}
		}
	}
}

// readField reads a field of which only its presence matters.
func (m *Message) readField(r *reader, f Field) {
	switch f.Role {
	case Content:
		if r.there() {
			m.What = f.Name
		}
	case Service:
		m.Service = r.there() || m.Service
	default:
		r.skip()
	}
}

// readContact reads the phone number and the id of a contact.
func (m *Message) readContact(r *reader) {
	if !r.enter('{') {
		return
	}
	m.What = "contact"
	for r.more('}') {
		switch string(r.key()) {
		case "phone_number":
			m.Phone = r.str()
		case "user_id":
			m.ContactID = r.int()
		default:
			r.skip()
		}
	}
}

// readMentions reads the first mention by a link, and whether there are others.
func (m *Message) readMentions(r *reader) {
	if !r.enter('[') {
		return
	}
	for r.more(']') {
		var kind string
		var who Mention
		if !r.enter('{') {
			continue
		}
		for r.more('}') {
			switch string(r.key()) {
			case "type":
				kind = r.str()
			case "user":
				who = readMention(r)
			default:
				r.skip()
			}
		}
		switch {
		case kind != "text_mention":
		case m.Mentioned.ID == 0:
			m.Mentioned = who
		case m.Mentioned.ID != who.ID:
			m.Several = true
		}
	}
}

func readMention(r *reader) (who Mention) {
	var first, last, username string
	if !r.enter('{') {
		return who
	}
	for r.more('}') {
		switch string(r.key()) {
		case "id":
			who.ID = r.int()
		case "first_name":
			first = r.str()
		case "last_name":
			last = r.str()
		case "username":
			username = r.str()
		default:
			r.skip()
		}
	}
	// A name that people give themselves is no username, whatever it begins with.
	if who.Name = strings.TrimSpace(strings.TrimLeft(first+" "+last, "@\uff20 ")); username != "" {
		who.Name = "@" + username
	}
	return who
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
				switch string(r.key()) {
				case "status":
					c.Status = r.str()
				case "can_send_messages":
					c.Mute = !r.bool()
				default:
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
		case "first_name":
			u.First = r.str()
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
