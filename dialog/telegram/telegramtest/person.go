package telegramtest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Person is one person with a Telegram client and an open chat with the bot. Each action becomes an update at once; the
// methods return before its delivery. An impossible action ends in Options.Fail.
type Person struct {
	ID        int64
	Username  string // without @; may be empty
	FirstName string

	s      *Server
	toasts []Toast
}

// Toast is the bot's answer to a tap.
type Toast struct {
	QueryID string
	Text    string // "" if the answer only stops the spinner
	Alert   bool   // shown as a window instead of a line
	URL     string
}

// Person returns the person with an id, and adds a new one.
func (s *Server) Person(id int64, username, firstName string) *Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[id]
	if p == nil {
		p = &Person{ID: id, s: s}
		s.people[id] = p
	}
	p.Username, p.FirstName = username, firstName
	c := s.chats[id]
	if c == nil {
		c = s.newChat(id)
	}
	c.person = p
	return p
}

// Say sends a text to the bot.
func (p *Person) Say(text string) Update {
	return p.send(p.ID, Message{Text: text, Entities: findEntities(text)}, nil)
}

// Reply sends a text to the bot that answers a message of the chat.
func (p *Person) Reply(messageID int, text string) Update {
	p.s.mu.Lock()
	to := p.s.chats[p.ID].find(messageID)
	p.s.mu.Unlock()
	if to == nil {
		p.s.opt.Fail("%s has no message %d to answer\n%s", p, messageID, p.Transcript())
		return Update{}
	}
	return p.send(p.ID, Message{Text: text, Entities: findEntities(text)}, to)
}

// SayInGroup sends a text to a group; an id below -1000000000000 is a supergroup. A new group is created.
func (p *Person) SayInGroup(groupID int64, text string) Update {
	return p.send(groupID, Message{Text: text, Entities: findEntities(text)}, nil)
}

// SendSticker sends a sticker to the bot.
func (p *Person) SendSticker() Update { return p.send(p.ID, Message{Kind: "sticker"}, nil) }

// SendPhoto sends a photo to the bot.
func (p *Person) SendPhoto() Update { return p.send(p.ID, Message{Kind: "photo"}, nil) }

// SendVoice sends a voice note to the bot.
func (p *Person) SendVoice() Update { return p.send(p.ID, Message{Kind: "voice"}, nil) }

// SendContact shares a contact with the bot.
func (p *Person) SendContact(c Contact) Update {
	if c.Phone == "" || c.FirstName == "" {
		p.s.opt.Fail("%s shares a contact without a number or a first name: %+v", p, c)
		return Update{}
	}
	return p.send(p.ID, Message{Kind: "contact", Contact: c}, nil)
}

// SendOwnContact shares the person's own contact, as their client does by itself when they choose it.
func (p *Person) SendOwnContact(phone string) Update {
	return p.SendContact(Contact{Phone: phone, FirstName: p.FirstName, UserID: p.ID})
}

func (p *Person) send(chatID int64, m Message, replies *message) Update {
	s := p.s
	s.mu.Lock()
	c := s.chats[chatID]
	if c == nil {
		c = s.newChat(chatID)
	}
	if c.blocked && c.kind == "private" {
		s.mu.Unlock()
		s.opt.Fail("%s has blocked the bot and cannot write to it", p)
		return Update{}
	}
	defer s.mu.Unlock()
	kept := p.write(c, m, replies)
	if !s.reads(c, kept) {
		return Update{Kind: "message", ChatID: chatID, UserID: p.ID, MessageID: kept.ID, Text: m.Text}
	}
	m = kept.Message
	return s.enqueue(Update{Kind: "message", ChatID: chatID, UserID: p.ID, MessageID: m.ID, Text: m.Text}, s.wireMessage(c, kept))
}

// EditMessage changes the text of one of the person's own messages.
func (p *Person) EditMessage(messageID int, text string) Update {
	s := p.s
	s.mu.Lock()
	c := s.chats[p.ID]
	m := c.find(messageID)
	if m == nil || m.FromBot {
		s.mu.Unlock()
		s.opt.Fail("%s has no message %d to edit\n%s", p, messageID, p.Transcript())
		return Update{}
	}
	defer s.mu.Unlock()
	m.Text, m.Entities, m.Edited, m.editedAt = text, findEntities(text), true, s.opt.Now()
	s.logChat(c, "edit %v", m.Message)
	return s.enqueue(Update{Kind: "edited_message", ChatID: c.id, UserID: p.ID, MessageID: m.ID, Text: text}, s.wireMessage(c, m))
}

// Delete removes messages for both sides, without ids the whole history. As in reality, the bot gets no update.
func (p *Person) Delete(messageIDs ...int) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	c := p.s.chats[p.ID]
	c.messages = slices.DeleteFunc(c.messages, func(m *message) bool {
		return len(messageIDs) == 0 || slices.Contains(messageIDs, m.ID)
	})
	p.s.logChat(c, "%s deletes %v (nothing: all)", p, messageIDs)
}

// Tap presses a button, named by its label or callback data, on the newest message that has it.
func (p *Person) Tap(labelOrData string) Update {
	id, data, ok := p.findButton(labelOrData)
	if !ok {
		return Update{}
	}
	return p.TapOn(id, data)
}

// TapTwice presses a button twice at once, as nervous people and re-sending clients do: two updates with two query ids.
func (p *Person) TapTwice(labelOrData string) (first, second Update) {
	id, data, ok := p.findButton(labelOrData)
	if !ok {
		return Update{}, Update{}
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.tap(id, data), p.tap(id, data)
}

// TapOn presses a button of any message that the person has seen, even if it was deleted or has other buttons now: the
// client may be out of date. A deleted message arrives as an inaccessible one.
func (p *Person) TapOn(messageID int, data string) Update {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.tap(messageID, data)
}

// findButton looks for a visible button.
func (p *Person) findButton(labelOrData string) (messageID int, data string, ok bool) {
	messages := p.Messages()
	for _, m := range slices.Backward(messages) {
		if b, ok := m.Button(labelOrData); ok {
			if b.Data == "" {
				p.s.opt.Fail("%s: the button %q makes no update\n%s", p, labelOrData, p.Transcript())
				return 0, "", false
			}
			return m.ID, b.Data, true
		}
	}
	p.s.opt.Fail("%s sees no button %q\n%s", p, labelOrData, p.Transcript())
	return 0, "", false
}

// InaccessibleTaps makes the messages of the next n taps inaccessible (date 0), as old ones are.
func (s *Server) InaccessibleTaps(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inaccessible = n
}

// tap makes a callback query. The caller holds the lock.
func (p *Person) tap(messageID int, data string) Update {
	return p.tapIn(p.s.chats[p.ID], messageID, data)
}

// tapIn makes a callback query in a chat. The caller holds the lock.
func (p *Person) tapIn(c *chat, messageID int, data string) Update {
	s := p.s
	id := strconv.FormatInt(4_000_000_000_000_000_000+lastQuery.Add(1), 10)
	s.queries[id] = &query{chat: c.id, user: p.ID, at: s.opt.Now()}
	q := wireQuery{ID: id, From: p.wire(), ChatInstance: "-1234567890123456789", Data: data}
	m := c.find(messageID)
	if m == nil || s.inaccessible > 0 {
		s.inaccessible = max(s.inaccessible-1, 0)
		q.Message = wireInaccessible{Chat: c.wire(), ID: messageID}
	} else {
		q.Message = s.wireMessage(c, m)
	}
	s.logChat(c, "%s taps %q on #%d", p, data, messageID)
	return s.enqueue(Update{Kind: "callback_query", ChatID: c.id, UserID: p.ID, MessageID: messageID, QueryID: id, Text: data}, q)
}

// Block blocks the bot.
func (p *Person) Block() Update { return p.setBlocked(true) }

// Unblock unblocks the bot.
func (p *Person) Unblock() Update { return p.setBlocked(false) }

func (p *Person) setBlocked(blocked bool) Update {
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[p.ID]
	c.blocked = blocked
	forever := int64(0)
	member, kicked := wireMember{User: s.wireBot, Status: "member"}, wireMember{User: s.wireBot, Status: "kicked", Until: &forever}
	change := wireMemberChange{Chat: c.wire(), From: p.wire(), Date: s.opt.Now().Unix(), Old: kicked, New: member}
	word := "unblocks"
	if blocked {
		change.Old, change.New, word = member, kicked, "blocks"
	}
	s.logChat(c, "%s %s the bot", p, word)
	return s.enqueue(Update{Kind: "my_chat_member", ChatID: c.id, UserID: p.ID}, change)
}

// Messages returns the current messages of the person's chat with the bot, oldest first, with edits and without deleted
// ones.
func (p *Person) Messages() []Message { return p.s.Messages(p.ID) }

// Last returns the newest message of either side; its ID is 0 in an empty chat.
func (p *Person) Last() Message {
	messages := p.Messages()
	if len(messages) == 0 {
		return Message{}
	}
	return messages[len(messages)-1]
}

// Toasts returns the bot's answers to taps, oldest first.
func (p *Person) Toasts() []Toast {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return slices.Clone(p.toasts)
}

// Transcript returns the history of the person's chat (in strict mode) and its current messages, for failure output.
func (p *Person) Transcript() string { return p.s.Transcript(p.ID) }

// WaitFor waits until the person's messages satisfy ok, at most for timeout, and reports whether they do. ok must not use
// the server.
func (p *Person) WaitFor(timeout time.Duration, ok func([]Message) bool) bool {
	return p.s.waitFor(timeout, func() bool { return ok(p.s.messages(p.ID)) })
}

// WaitText waits until the newest message contains text and returns the message. After timeout it calls Options.Fail with
// the transcript.
func (p *Person) WaitText(timeout time.Duration, text string) Message {
	var last Message
	if !p.WaitFor(timeout, func(ms []Message) bool {
		if len(ms) == 0 {
			return false
		}
		last = ms[len(ms)-1]
		return strings.Contains(last.Text, text)
	}) {
		p.s.opt.Fail("%s does not see %q within %v\n%s", p, text, timeout, p.Transcript())
	}
	return last
}

func (p *Person) String() string {
	if p.Username != "" {
		return "@" + p.Username
	}
	return fmt.Sprint(p.ID)
}

var entityWords = regexp.MustCompile(`(?:^|\s)(/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]+)?|@[A-Za-z0-9_]{5,32})`)

// findEntities marks commands and mentions, as Telegram does.
func findEntities(text string) []Entity {
	var entities []Entity
	for _, at := range entityWords.FindAllStringSubmatchIndex(text, -1) {
		word := text[at[2]:at[3]]
		e := Entity{Type: "mention", Offset: utf16Len(text[:at[2]]), Length: utf16Len(word)}
		if word[0] == '/' {
			e.Type = "bot_command"
		}
		entities = append(entities, e)
	}
	return entities
}
