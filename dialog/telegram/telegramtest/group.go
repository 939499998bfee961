package telegramtest

import (
	"strings"
)

// Groups. A group comes to be when somebody writes there, or with SetMember, and the bot is a member. Person's methods with
// the name of a group act there.

// admits reports whether the bot may write to the chat. The caller holds the lock.
func (c *chat) admits() (refused answer, ok bool) {
	switch {
	case c.movedTo != 0:
		a := badRequest("group chat was upgraded to a supergroup chat")
		a.movedTo = c.movedTo
		return a, false
	case c.blocked:
		return failure(403, "Forbidden: bot was blocked by the user"), false
	case c.member == "left":
		return failure(403, "Forbidden: bot is not a member of the "+c.kind+" chat"), false
	case c.member == "kicked":
		return failure(403, "Forbidden: bot was kicked from the "+c.kind+" chat"), false
	case c.member == "restricted":
		return badRequest("not enough rights to send text messages to the chat"), false
	}
	return answer{}, true
}

// SetMember makes the bot "member", "restricted" (it may not write), "left" or "kicked" in a group, by the hand of a person.
func (s *Server) SetMember(by *Person, groupID int64, status string) Update {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[groupID]
	if c == nil {
		c = s.newChat(groupID)
	}
	was := c.member
	if was == "" {
		was = "member"
	}
	if c.member = status; status == "member" {
		c.member = ""
	}
	s.logChat(c, "%s makes the bot %s", by, status)
	return s.enqueue(Update{Kind: "my_chat_member", ChatID: c.id, UserID: by.ID},
		wireMemberChange{Chat: c.wire(), From: by.wire(), Date: s.opt.Now().Unix(), Old: s.memberOf(was), New: s.memberOf(status)})
}

// memberOf is the bot as a member with a status.
func (s *Server) memberOf(status string) wireMember {
	m, forever, no := wireMember{User: s.wireBot, Status: status}, int64(0), false
	switch status {
	case "kicked":
		m.Until = &forever
	case "restricted":
		m.Until, m.Writes = &forever, &no
	}
	return m
}

// Migrate makes a group a supergroup, as when its history is opened to new members. The group reports it, and so does
// the supergroup, whose messages begin anew.
func (s *Server) Migrate(groupID, supergroupID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, to := s.chats[groupID], s.newChat(supergroupID)
	from.movedTo = supergroupID
	for _, c := range []*chat{from, to} {
		m := &message{Message: Message{ID: s.nextID(c), FromBot: true, From: s.wireBot.ID, Kind: "migrate", Date: s.opt.Now()}, moved: supergroupID}
		if c == to {
			m.moved = groupID
		}
		s.add(c, m)
		s.logChat(c, "the group %d is the supergroup %d", groupID, supergroupID)
		s.enqueue(Update{Kind: "message", ChatID: c.id, MessageID: m.ID}, s.wireMessage(c, m))
	}
}

// write keeps a message of the person. The caller holds the lock.
func (p *Person) write(c *chat, m Message, replies *message) *message {
	m.ID, m.From, m.Date = p.s.nextID(c), p.ID, p.s.opt.Now()
	kept := &message{Message: m, replies: replies}
	p.s.add(c, kept)
	p.s.logChat(c, "%v", m)
	return kept
}

// reads reports whether the bot gets a message. The caller holds the lock.
func (s *Server) reads(c *chat, m *message) bool {
	switch {
	case c.kind == "private":
		return true
	case c.member == "left", c.member == "kicked":
		return false
	}
	word, _, _ := strings.Cut(m.Text, " ")
	_, bot, named := strings.Cut(word, "@")
	forUs := strings.HasPrefix(word, "/") && (!named || strings.EqualFold(bot, botUsername))
	return !s.opt.Privacy || forUs || m.replies != nil && m.replies.FromBot
}

// ReplyInGroup answers a message of a group.
func (p *Person) ReplyInGroup(groupID int64, messageID int, text string) Update {
	return p.reply(groupID, messageID, text, false)
}

// ReplyAnonymously answers a message of a group as an anonymous administrator.
func (p *Person) ReplyAnonymously(groupID int64, messageID int, text string) Update {
	return p.reply(groupID, messageID, text, true)
}

func (p *Person) reply(groupID int64, messageID int, text string, anonymous bool) Update {
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[groupID]
	to := c.find(messageID)
	if to == nil {
		s.opt.Fail("%s has no message %d to answer\n%s", p, messageID, s.transcript(groupID))
		return Update{}
	}
	m := p.write(c, Message{Text: text, Entities: findEntities(text)}, to)
	u := Update{Kind: "message", ChatID: c.id, UserID: p.ID, MessageID: m.ID, Text: text}
	if anonymous {
		m.as, u.UserID = groupID, wireAnonymous.ID
	}
	if !s.reads(c, m) {
		return u
	}
	return s.enqueue(u, s.wireMessage(c, m))
}

// EditInGroup changes the text of one of the person's own messages in a group.
func (p *Person) EditInGroup(groupID int64, messageID int, text string) Update {
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[groupID]
	m := c.find(messageID)
	m.Text, m.Entities, m.Edited, m.editedAt = text, findEntities(text), true, s.opt.Now()
	s.logChat(c, "edit %v", m.Message)
	return s.enqueue(Update{Kind: "edited_message", ChatID: c.id, UserID: p.ID, MessageID: m.ID, Text: text}, s.wireMessage(c, m))
}

// TapInGroup presses a button of a message in a group, by its data.
func (p *Person) TapInGroup(groupID int64, messageID int, data string) Update {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.tapIn(p.s.chats[groupID], messageID, data)
}
