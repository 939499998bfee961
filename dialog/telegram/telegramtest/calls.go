package telegramtest

import (
	"encoding/json"
	"maps"
	"strings"
	"time"
)

// Call is one call that the bot made, kept in strict mode.
type Call struct {
	Method    string
	ChatID    int64
	MessageID int    // given with an edit or removal; of a sent message, the one that it got
	Text      string // as it was sent, with its markup
	QueryID   string // of answerCallbackQuery
	Body      string // parameters as JSON
	InReply   bool   // stood in the body of a webhook's answer
	Time      time.Time
	Code      int // of the answer; 200 also when the answer was then lost, 0 when the call was dropped or hung
	Error     string
}

// Violation is a call that no correct bot makes: against the method's schema, or against a limit that the bot could
// have known.
type Violation struct {
	Method string
	What   string
	Body   string
}

func (v Violation) String() string { return v.Method + ": " + v.What + ": " + v.Body }

// Violations are all so far. A test asserts that there are none.
func (s *Server) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Violation(nil), s.breaches...)
}

// Calls are all so far, in the order of their ends, in strict mode.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// CallsOf are those of one method, in strict mode.
func (s *Server) CallsOf(method string) []Call {
	var of []Call
	for _, c := range s.Calls() {
		if c.Method == method {
			of = append(of, c)
		}
	}
	return of
}

// Count is the number of calls of a method so far, failed ones included.
func (s *Server) Count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[method]
}

// Counts are the calls by method so far, failed ones included.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// ResetCalls forgets calls and counts, so that what follows can be asserted alone.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.counts = nil, map[string]int{}
}

// violate records a violation. The lock is not held.
func (s *Server) violate(method, what, body string) {
	if !s.opt.Strict {
		return
	}
	v := Violation{Method: method, What: what, Body: body}
	s.mu.Lock()
	s.breaches = append(s.breaches, v)
	s.mu.Unlock()
	s.logf("telegramtest: violation: %v", v)
	if s.opt.OnViolation != nil {
		s.opt.OnViolation(v)
	}
}

// Execute does the call that stands in the body of a webhook's answer ("method" and its parameters), as the server does
// with the answers that it gets itself. The bot is not told the outcome. An empty body is no call.
func (s *Server) Execute(body []byte) {
	text := strings.TrimSpace(string(body))
	if text == "" {
		return
	}
	r, err := parse("", text)
	if err != nil || r.method == "" {
		s.violate("", "a webhook's answer that is no call", text)
		return
	}
	if s.opt.Strict {
		var fields map[string]json.RawMessage
		if json.Unmarshal(body, &fields) == nil {
			delete(fields, "method")
			rest, _ := json.Marshal(fields)
			text = string(rest)
		}
	}
	s.call(r.method, text, nil)
}

// call executes a call and records it. c is nil when it stood in a webhook's answer.
func (s *Server) call(method, body string, c *conn) answer {
	if schemas[method] == nil {
		s.violate(method, "unknown method", body)
		return failure(404, "Not Found")
	}
	if s.opt.Strict {
		if refused, ok := s.checkSchema(method, body); !ok {
			s.record(&request{method: method, body: body}, c, refused)
			return refused
		}
	}
	r, err := parse(method, body)
	if err != nil {
		s.violate(method, err.Error(), body)
		return badRequest(err.Error())
	}
	var a answer
	if fault, ok := s.fault(r); ok {
		a = s.serveFault(fault, r, c)
	} else {
		a = s.execute(r, c)
		s.record(r, c, a)
	}
	return a
}

// record counts a call and, in strict mode, keeps it.
func (s *Server) record(r *request, c *conn, a answer) {
	s.mu.Lock()
	s.counts[r.method]++
	if s.opt.Strict {
		s.calls = append(s.calls, Call{Method: r.method, ChatID: r.chatID, MessageID: r.messageID, Text: r.text, QueryID: r.queryID,
			Body: r.body, InReply: c == nil, Time: s.opt.Now(), Code: a.code, Error: a.description})
		s.notify()
	}
	s.mu.Unlock()
	if s.opt.Logf != nil {
		s.opt.Logf("telegramtest: %s %s -> %d %s", r.method, r.body, a.code, a.description)
	}
}
