package telegramtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// botSettings are the bot's settings of itself.
type botSettings struct {
	name, description, shortDescription string
	commands                            string // JSON
}

// Commands returns the commands that the bot has set, as "/name - description".
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var commands []struct{ Command, Description string }
	json.Unmarshal([]byte(s.bot.commands), &commands)
	var names []string
	for _, c := range commands {
		names = append(names, fmt.Sprintf("/%s - %s", c.Command, c.Description))
	}
	return names
}

var commandName = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// botSetting serves the calls about the bot itself.
func (s *Server) botSetting(r *request) answer {
	if r.method == "setMyCommands" {
		if refused, ok := s.checkCommands(r); !ok {
			return refused
		}
	}
	if utf8.RuneCountInString(r.name) > 64 || utf8.RuneCountInString(r.description) > 512 || utf8.RuneCountInString(r.shortDescr) > 120 {
		s.violate(r.method, "text too long", r.body)
		return badRequest("text is too long")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text := func(field, value string) answer {
		b, _ := json.Marshal(map[string]string{field: value})
		return answer{code: 200, result: b}
	}
	switch r.method {
	case "setMyCommands":
		s.bot.commands = r.commands
	case "deleteMyCommands":
		s.bot.commands = "[]"
	case "getMyCommands":
		return answer{code: 200, result: []byte(s.bot.commands)}
	case "setMyName":
		s.bot.name = r.name
	case "getMyName":
		return text("name", s.bot.name)
	case "setMyDescription":
		s.bot.description = r.description
	case "getMyDescription":
		return text("description", s.bot.description)
	case "setMyShortDescription":
		s.bot.shortDescription = r.shortDescr
	case "getMyShortDescription":
		return text("short_description", s.bot.shortDescription)
	}
	return yes
}

func (s *Server) checkCommands(r *request) (refused answer, ok bool) {
	var commands []struct{ Command, Description string }
	if json.Unmarshal([]byte(r.commands), &commands) != nil {
		return badRequest("can't parse commands JSON object"), false
	}
	problem := ""
	if len(commands) > 100 {
		problem = "BOT_COMMANDS_TOO_MUCH"
	}
	for _, c := range commands {
		if !commandName.MatchString(c.Command) {
			problem = "BOT_COMMAND_INVALID"
		} else if n := utf8.RuneCountInString(c.Description); n < 1 || n > 256 {
			problem = "BOT_COMMAND_DESCRIPTION_INVALID"
		}
	}
	if problem != "" {
		s.violate(r.method, problem, r.body)
		return badRequest(problem), false
	}
	return answer{}, true
}

func (s *Server) getChat(r *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.chatID == 0 && r.chatName == "" {
		return badRequest("chat_id is empty")
	}
	c := s.chat(r.chatID)
	if c == nil {
		return badRequest("chat not found")
	}
	b, _ := json.Marshal(struct {
		wireChat
		Accent    int            `json:"accent_color_id"`
		Reactions int            `json:"max_reaction_count"`
		Gifts     map[string]any `json:"accepted_gift_types"`
	}{c.wire(), 1, 11, map[string]any{}})
	return answer{code: 200, result: b}
}
