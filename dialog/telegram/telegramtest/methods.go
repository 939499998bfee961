package telegramtest

import (
	"time"
	"unicode/utf8"
)

const (
	botUsername = "lockbay_test_bot"

	deletable   = 48 * time.Hour   // oldest message that a bot may delete
	answerable  = 15 * time.Second // oldest tap that a bot may answer
	notModified = "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
)

// query is one callback query: a tap.
type query struct {
	chat, user int64
	at         time.Time
	answered   bool
}

// execute executes a call.
func (s *Server) execute(r *request, c *conn) answer {
	switch r.method {
	case "sendMessage":
		return s.sendMessage(r)
	case "editMessageText", "editMessageReplyMarkup":
		return s.editMessage(r)
	case "deleteMessage":
		return s.deleteMessage(r)
	case "deleteMessages":
		return s.deleteMessages(r)
	case "answerCallbackQuery":
		return s.answerCallbackQuery(r)
	case "getUpdates":
		return s.getUpdates(r, c)
	case "setWebhook":
		return s.setWebhook(r)
	case "deleteWebhook":
		return s.deleteWebhook(r)
	case "getWebhookInfo":
		return s.webhookInfo()
	case "getMe":
		return answer{code: 200, result: marshal(wireMe{wireUser: s.wireBot, JoinsGroups: true, ReadsGroups: !s.opt.Privacy})}
	case "getChat":
		return s.getChat(r)
	case "sendChatAction":
		s.mu.Lock()
		defer s.mu.Unlock()
		_, refused, _ := s.target(r)
		if refused.code == 0 {
			return yes
		}
		return refused
	case "setChatMenuButton":
		return yes
	}
	return s.botSetting(r)
}

// target finds the chat of a call. The caller holds the lock.
func (s *Server) target(r *request) (c *chat, refused answer, ok bool) {
	if r.chatID == 0 {
		if r.chatName != "" {
			return nil, badRequest("chat not found"), false // this server has no channels
		}
		return nil, badRequest("chat_id is empty"), false
	}
	c = s.chat(r.chatID)
	if c == nil {
		return nil, badRequest("chat not found"), false
	}
	refused, ok = c.admits()
	if !ok {
		return nil, refused, false
	}
	return c, answer{}, true
}

func (s *Server) sendMessage(r *request) answer {
	text, entities, refused, ok := s.content(r)
	if !ok {
		return refused
	}
	s.mu.Lock()
	c, refused, ok := s.target(r)
	if !ok {
		s.mu.Unlock()
		return refused
	}
	m := &message{Message: Message{ID: s.nextID(c), FromBot: true, From: s.wireBot.ID, Text: text, Entities: entities, Rows: r.rows,
		Asks: r.asks, Silent: r.silent, Date: s.opt.Now()}, raw: r.text, parseMode: r.parseMode, markup: inline(r)}
	r.messageID = m.ID
	s.add(c, m)
	if s.opt.Strict {
		s.logChat(c, "%v", m.Message)
	} else {
		s.notify()
	}
	result := s.wireMessage(c, m)
	s.mu.Unlock()
	s.shown(r, text)
	return answer{code: 200, result: marshal(result)}
}

func (s *Server) editMessage(r *request) answer {
	var text string
	var entities []Entity
	withText := r.method == "editMessageText"
	if withText {
		var refused answer
		var ok bool
		if text, entities, refused, ok = s.content(r); !ok {
			return refused
		}
	} else if refused, ok := s.keyboard(r); !ok {
		return refused
	}
	s.mu.Lock()
	c, refused, ok := s.target(r)
	if !ok {
		s.mu.Unlock()
		return refused
	}
	m := c.find(r.messageID)
	switch {
	case r.messageID == 0:
		refused = badRequest("message identifier is not specified")
	case m == nil:
		refused = badRequest("message to edit not found")
	case !m.FromBot, m.Asks: // only an inline keyboard can be edited
		refused = badRequest("message can't be edited")
	case (!withText || text == m.Text && sameEntities(entities, m.Entities)) && sameRows(r.rows, m.Rows):
		refused = badRequest(notModified)
	}
	if refused.code != 0 {
		s.mu.Unlock()
		return refused
	}
	if withText {
		m.Text, m.Entities, m.raw, m.parseMode = text, entities, r.text, r.parseMode
		m.Edited, m.editedAt = true, s.opt.Now()
	}
	m.Rows, m.markup = r.rows, inline(r)
	if s.opt.Strict {
		s.logChat(c, "edit %v", m.Message)
	} else {
		s.notify()
	}
	result := s.wireMessage(c, m)
	text = m.Text
	s.mu.Unlock()
	s.shown(r, text)
	return answer{code: 200, result: marshal(result)}
}

// content checks the text and the keyboard of a message.
func (s *Server) content(r *request) (text string, entities []Entity, refused answer, ok bool) {
	if !s.opt.Strict {
		if r.text == "" {
			return "", nil, badRequest(errEmptyText.Error()), false
		}
		return r.text, nil, answer{}, true
	}
	text, entities, err := s.formatText(r)
	if err != nil {
		s.violate(r.method, err.Error(), r.body)
		return "", nil, badRequest(err.Error()), false
	}
	refused, ok = s.keyboard(r)
	return text, entities, refused, ok
}

func (s *Server) keyboard(r *request) (refused answer, ok bool) {
	if !s.opt.Strict {
		return answer{}, true
	}
	if r.inlineMessage != "" {
		s.violate(r.method, "this server has no inline messages", r.body)
	}
	if err := s.checkKeyboard(r.method, r.markup); err != nil {
		s.violate(r.method, err.Error(), r.body)
		return badRequest(err.Error()), false
	}
	return answer{}, true
}

func (s *Server) shown(r *request, text string) {
	if f := s.onShow.Load(); f != nil && *f != nil {
		(*f)(r.chatID, r.messageID, text, r.rows)
	}
}

// inline returns the markup stored with a message: inline keyboards only.
func inline(r *request) string {
	if len(r.rows) == 0 {
		return ""
	}
	return r.markup
}

func sameEntities(a, b []Entity) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func sameRows(a, b [][]Button) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for j := range a[i] {
			if a[i][j] != b[i][j] {
				return false
			}
		}
	}
	return true
}

func (s *Server) deleteMessage(r *request) answer {
	s.mu.Lock()
	c, refused, ok := s.target(r)
	if c == nil && refused.code == 403 { // a blocked bot may still delete
		c, ok = s.chats[r.chatID], true
	}
	if !ok {
		s.mu.Unlock()
		return refused
	}
	m := c.find(r.messageID)
	switch {
	case r.messageID == 0:
		refused = badRequest("message identifier is not specified")
	case m == nil && s.opt.Strict:
		refused = badRequest("message to delete not found")
	case m != nil && s.opt.Now().Sub(m.Date) > deletable:
		refused = badRequest("message can't be deleted for everyone")
	case m != nil && !m.FromBot && c.kind != "private":
		refused = badRequest("message can't be deleted")
	default:
		refused = yes
	}
	if refused.code == 200 && m != nil {
		c.remove(m)
		s.logChat(c, "delete #%d", m.ID)
	}
	s.mu.Unlock()
	if refused.code == 200 {
		s.removed(r.chatID, r.messageID)
	}
	return refused
}

// deleteMessages deletes the deletable messages of a list and skips the others, as the API does.
func (s *Server) deleteMessages(r *request) answer {
	if len(r.messageIDs) == 0 {
		return badRequest("message identifiers are not specified")
	}
	if len(r.messageIDs) > 100 {
		s.violate(r.method, "more than 100 messages", r.body)
		return badRequest("too many message identifiers specified")
	}
	s.mu.Lock()
	_, refused, ok := s.target(r)
	s.mu.Unlock()
	if !ok {
		return refused
	}
	for _, id := range r.messageIDs {
		s.deleteMessage(&request{method: r.method, chatID: r.chatID, messageID: id})
	}
	return yes
}

func (s *Server) removed(chat int64, id int) {
	if f := s.onRemove.Load(); f != nil && *f != nil {
		(*f)(chat, id)
	}
}

func (s *Server) answerCallbackQuery(r *request) answer {
	if s.opt.Strict && utf8.RuneCountInString(r.text) > 200 {
		s.violate(r.method, "text of more than 200 characters", r.body)
		return badRequest("MESSAGE_TOO_LONG")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queries[r.queryID]
	if q == nil && !s.opt.Strict {
		return yes
	}
	if q == nil || s.opt.Now().Sub(q.at) > answerable {
		return badRequest("query is too old and response timeout expired or query ID is invalid")
	}
	if !q.answered {
		q.answered = true
		if p := s.people[q.user]; p != nil {
			p.toasts = append(p.toasts, Toast{QueryID: r.queryID, Text: r.text, Alert: r.alert, URL: r.url})
		}
		if c := s.chats[q.chat]; c != nil {
			s.logChat(c, "answer to tap: %q", r.text)
		}
	}
	return yes
}
