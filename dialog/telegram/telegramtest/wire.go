package telegramtest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// The objects that the server sends, with the Bot API's fields. Requests are checked against a library's types. These types
// are our own, because the library writes fields into a button that the real API never sends. A test decodes them strictly
// into the library's types.

type wireUser struct {
	ID           int64  `json:"id"`
	IsBot        bool   `json:"is_bot"`
	FirstName    string `json:"first_name"`
	Username     string `json:"username,omitempty"`
	LanguageCode string `json:"language_code,omitempty"`
}

type wireChat struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	Username  string `json:"username,omitempty"`
	FirstName string `json:"first_name,omitempty"`
}

type wireMessage struct {
	ID       int             `json:"message_id"`
	From     *wireUser       `json:"from,omitempty"`
	AsChat   *wireChat       `json:"sender_chat,omitempty"`
	Thread   int             `json:"message_thread_id,omitempty"` // of replies in a supergroup: the message that began them
	Chat     wireChat        `json:"chat"`
	Date     int64           `json:"date"` // unix seconds
	EditDate int64           `json:"edit_date,omitempty"`
	Text     string          `json:"text,omitempty"`
	Entities []Entity        `json:"entities,omitempty"`
	Sticker  *wireFile       `json:"sticker,omitempty"`
	Photo    []wireFile      `json:"photo,omitempty"`
	Voice    *wireFile       `json:"voice,omitempty"`
	Contact  *wireContact    `json:"contact,omitempty"`
	Markup   json.RawMessage `json:"reply_markup,omitempty"`
	Replies  *wireMessage    `json:"reply_to_message,omitempty"`
	MovedTo  int64           `json:"migrate_to_chat_id,omitempty"`
	Moved    int64           `json:"migrate_from_chat_id,omitempty"`
}

// wireFile is a sticker, a size of a photo or a voice note.
type wireFile struct {
	FileID     string `json:"file_id"`
	UniqueID   string `json:"file_unique_id"`
	Type       string `json:"type,omitempty"`
	Width      int    `json:"width,omitempty"`
	Height     int    `json:"height,omitempty"`
	IsAnimated *bool  `json:"is_animated,omitempty"`
	IsVideo    *bool  `json:"is_video,omitempty"`
	Emoji      string `json:"emoji,omitempty"`
	Duration   int    `json:"duration,omitempty"` // seconds
	MimeType   string `json:"mime_type,omitempty"`
	FileSize   int    `json:"file_size,omitempty"` // bytes
}

// wireContact is a shared contact. A client that knows no account of the contact leaves its id out.
type wireContact struct {
	Phone     string `json:"phone_number"`
	FirstName string `json:"first_name"`
	UserID    int64  `json:"user_id,omitempty"`
}

// wireInaccessible is an inaccessible message: date is always 0.
type wireInaccessible struct {
	Chat wireChat `json:"chat"`
	ID   int      `json:"message_id"`
	Date int64    `json:"date"`
}

type wireQuery struct {
	ID           string   `json:"id"`
	From         wireUser `json:"from"`
	Message      any      `json:"message"`
	ChatInstance string   `json:"chat_instance"`
	Data         string   `json:"data"`
}

type wireMember struct {
	User   wireUser `json:"user"`
	Status string   `json:"status"`
	Until  *int64   `json:"until_date,omitempty"` // of a kicked or restricted member: 0 is for ever
	Writes *bool    `json:"can_send_messages,omitempty"`
}

type wireMemberChange struct {
	Chat wireChat   `json:"chat"`
	From wireUser   `json:"from"`
	Date int64      `json:"date"`
	Old  wireMember `json:"old_chat_member"`
	New  wireMember `json:"new_chat_member"`
}

// wireMe is the bot's own user, as getMe returns it.
type wireMe struct {
	wireUser
	JoinsGroups bool `json:"can_join_groups"`
	ReadsGroups bool `json:"can_read_all_group_messages"`
	Inline      bool `json:"supports_inline_queries"`
	Business    bool `json:"can_connect_to_business"`
	WebApp      bool `json:"has_main_web_app"`
}

// marshal writes an object of this file.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panicf("telegramtest: %v", err)
	}
	return b
}

// wireAnonymous is the sender that the server names where an administrator writes in the name of the group.
var wireAnonymous = wireUser{ID: 1087968824, IsBot: true, FirstName: "Group", Username: "GroupAnonymousBot"}

// botOf is the bot of a token, whose id is its part before the colon.
func botOf(token string) wireUser {
	id, _, _ := strings.Cut(token, ":")
	n, _ := strconv.ParseInt(id, 10, 64)
	return wireUser{ID: n, IsBot: true, FirstName: "Test bot", Username: botUsername}
}

func (p *Person) wire() wireUser {
	return wireUser{ID: p.ID, FirstName: p.FirstName, Username: p.Username, LanguageCode: "en"}
}

func (c *chat) wire() wireChat {
	w := wireChat{ID: c.id, Type: c.kind, Title: c.title}
	if c.person != nil {
		w.Username, w.FirstName = c.person.Username, c.person.FirstName
	}
	return w
}

// wireMessage is a message in updates and results. The caller holds the lock.
func (s *Server) wireMessage(c *chat, m *message) wireMessage {
	w := wireMessage{ID: m.ID, From: &s.wireBot, Chat: c.wire(), Date: m.Date.Unix(), Text: m.Text, Entities: m.Entities}
	if !m.FromBot {
		from := s.people[m.From].wire()
		w.From = &from
	}
	if m.as != 0 {
		as := s.chats[m.as].wire()
		w.From, w.AsChat = &wireAnonymous, &as
	}
	if c.kind == "supergroup" {
		w.Moved = m.moved
	} else {
		w.MovedTo = m.moved
	}
	if m.Edited {
		w.EditDate = m.editedAt.Unix()
	}
	if m.markup != "" {
		w.Markup = json.RawMessage(m.markup)
	}
	if m.replies != nil {
		to := s.wireMessage(c, m.replies)
		to.Replies = nil // the server leaves it out
		w.Replies = &to
		if c.kind == "supergroup" {
			w.Thread = m.replies.ID
		}
	}
	no := false
	file := wireFile{FileID: "AgACAgIAAxkBAAI" + m.Kind, UniqueID: "AQAD" + m.Kind, FileSize: 4096}
	switch m.Kind {
	case "sticker":
		file.Type, file.Width, file.Height, file.IsAnimated, file.IsVideo, file.Emoji = "regular", 512, 512, &no, &no, "👍"
		w.Sticker = &file
	case "photo":
		file.Width, file.Height = 320, 240
		w.Photo = []wireFile{file}
	case "voice":
		file.Duration, file.MimeType = 3, "audio/ogg"
		w.Voice = &file
	case "contact":
		w.Contact = &wireContact{Phone: m.Contact.Phone, FirstName: m.Contact.FirstName, UserID: m.Contact.UserID}
	}
	return w
}
