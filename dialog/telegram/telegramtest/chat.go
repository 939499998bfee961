package telegramtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Message is one message as people in the chat see it.
type Message struct {
	ID       int
	FromBot  bool
	From     int64 // the person, or the bot
	Text     string
	Entities []Entity
	Rows     [][]Button
	Asks     bool   // opens a reply in the clients of those whom it names, see ForceReply
	Kind     string // "" for a text; "sticker", "photo", "voice", "contact"
	Contact  Contact
	Edited   bool
	Silent   bool // sent without a sound
	Date     time.Time
}

// Contact is what a message of the kind "contact" shares.
type Contact struct {
	Phone     string // as the sender's client has it, with or without a plus sign
	FirstName string
	UserID    int64 // of the contact's account; 0: the sender's client knows none
}

// Button is one inline button.
type Button struct {
	Text string `json:"text"`
	Data string `json:"callback_data"`
	URL  string `json:"url"`
}

// Bold returns the bold parts of the text, in order.
func (m Message) Bold() []string {
	units := []rune{} // the text's UTF-16 units
	for _, r := range m.Text {
		units = append(units, r)
		if r > 0xffff {
			units = append(units, -1)
		}
	}
	var bold []string
	for _, e := range m.Entities {
		if e.Type == "bold" && e.Offset+e.Length <= len(units) {
			part := slices.DeleteFunc(slices.Clone(units[e.Offset:e.Offset+e.Length]), func(r rune) bool { return r == -1 })
			bold = append(bold, string(part))
		}
	}
	return bold
}

// Button finds a button by label or callback data.
func (m Message) Button(labelOrData string) (Button, bool) {
	for _, row := range m.Rows {
		for _, b := range row {
			if b.Text == labelOrData || b.Data == labelOrData {
				return b, true
			}
		}
	}
	return Button{}, false
}

// Labels returns the labels of the buttons, row by row.
func (m Message) Labels() [][]string {
	var rows [][]string
	for _, row := range m.Rows {
		var labels []string
		for _, b := range row {
			labels = append(labels, b.Text)
		}
		rows = append(rows, labels)
	}
	return rows
}

// String returns the message in a few lines, for failure output.
func (m Message) String() string {
	var b strings.Builder
	who := "bot"
	if !m.FromBot {
		who = fmt.Sprint(m.From)
	}
	fmt.Fprintf(&b, "#%d %s", m.ID, who)
	if m.Edited {
		b.WriteString(" (edited)")
	}
	text := m.Text
	if m.Kind != "" {
		text = "<" + m.Kind + ">"
	}
	if m.Kind == "contact" {
		text += fmt.Sprintf(" %s %s %d", m.Contact.FirstName, m.Contact.Phone, m.Contact.UserID)
	}
	b.WriteString(": " + strings.ReplaceAll(text, "\n", "\n    "))
	if m.Asks {
		b.WriteString("\n    (asks for a reply)")
	}
	for _, row := range m.Rows {
		b.WriteString("\n   ")
		for _, button := range row {
			fmt.Fprintf(&b, " [%s]", button.Text)
			if button.Data != "" {
				fmt.Fprintf(&b, "(%s)", button.Data)
			}
		}
	}
	return b.String()
}

// chat is one conversation between people and the bot.
type chat struct {
	id       int64
	kind     string // "private", "group", "supergroup"
	title    string // of a group
	person   *Person
	blocked  bool
	member   string     // of a group: what the bot is there, if it may not write; see SetMember
	movedTo  int64      // of a group that became a supergroup
	messages []*message // undeleted messages, by id
	last     int        // message id of a supergroup, which counts its own
	log      []string   // transcript, in strict mode
}

// message is a message as the server keeps it.
type message struct {
	Message
	raw       string // text as sent
	parseMode string
	markup    string // JSON
	editedAt  time.Time
	replies   *message // that it answers
	as        int64    // the chat in whose name a person wrote it
	moved     int64    // a report: the group moved there, or came from there
}

// keptMessages bounds a chat's messages in fast mode, because load tests may never delete messages.
const keptMessages = 64

// chat returns the chat with an id; in fast mode it creates a missing one. The caller holds the lock.
func (s *Server) chat(id int64) *chat {
	c := s.chats[id]
	if c == nil && !s.opt.Strict && id != 0 {
		c = s.newChat(id)
	}
	return c
}

func (s *Server) newChat(id int64) *chat {
	c := &chat{id: id, kind: "private"}
	switch {
	case id < -1_000_000_000_000:
		c.kind, c.title = "supergroup", "A group"
	case id < 0:
		c.kind, c.title = "group", "A group"
	}
	s.chats[id] = c
	return c
}

// nextID returns the id of the chat's next message. The caller holds the lock.
func (s *Server) nextID(c *chat) int {
	if c.kind == "supergroup" {
		c.last++
		return c.last
	}
	return s.NewMessageID()
}

func (c *chat) find(id int) *message {
	i, ok := slices.BinarySearchFunc(c.messages, id, func(m *message, id int) int { return m.ID - id })
	if !ok {
		return nil
	}
	return c.messages[i]
}

func (c *chat) remove(m *message) {
	c.messages = slices.DeleteFunc(c.messages, func(n *message) bool { return n == m })
}

func (s *Server) add(c *chat, m *message) {
	if !s.opt.Strict && len(c.messages) >= keptMessages {
		c.messages = slices.Delete(c.messages, 0, 1)
	}
	at, _ := slices.BinarySearchFunc(c.messages, m.ID, func(m *message, id int) int { return m.ID - id })
	c.messages = slices.Insert(c.messages, at, m)
}

// logChat adds a line to the chat's transcript. The caller holds the lock.
func (s *Server) logChat(c *chat, format string, args ...any) {
	if s.opt.Strict {
		c.log = append(c.log, fmt.Sprintf(format, args...))
	}
	s.notify()
}

// view returns the message as people see it.
func (m *message) view() Message {
	v := m.Message
	v.Rows = slices.Clone(v.Rows)
	if m.parseMode != "" && m.Entities == nil && v.Text == m.raw { // fast mode stores the text with its markup
		if text, entities, _, err := parseHTML(m.raw); err == nil {
			v.Text, v.Entities = text, entities
		}
	}
	return v
}

// Messages returns the current messages of a chat, oldest first.
func (s *Server) Messages(chatID int64) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages(chatID)
}

func (s *Server) messages(chatID int64) []Message {
	c := s.chats[chatID]
	if c == nil {
		return nil
	}
	views := make([]Message, len(c.messages))
	for i, m := range c.messages {
		views[i] = m.view()
	}
	return views
}

// Transcript returns the history of a chat (in strict mode) and its current messages, in a readable form.
func (s *Server) Transcript(chatID int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transcript(chatID)
}

func (s *Server) transcript(chatID int64) string {
	c := s.chats[chatID]
	if c == nil {
		return "no such chat\n"
	}
	var b strings.Builder
	for _, line := range c.log {
		b.WriteString(line + "\n")
	}
	b.WriteString("--- now:\n")
	for _, m := range s.messages(chatID) {
		b.WriteString(m.String() + "\n")
	}
	return b.String()
}
