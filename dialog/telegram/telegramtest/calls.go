package telegramtest

import (
	"encoding/json"
	"maps"
	"strings"
	"time"
)

// Call is one call by the bot, recorded in strict mode.
type Call struct {
	Method    string
	ChatID    int64
	MessageID int    // parameter of an edit or removal; new id of a sent message
	Text      string // as sent, with markup
	QueryID   string // of answerCallbackQuery
	Body      string // parameters as JSON
	InReply   bool   // the call was in the body of a webhook's answer
	Time      time.Time
	Code      int // of the answer; 200 also for a lost answer, 0 for a dropped or hung call
	Error     string
}

// Violation is a call that breaks the method's schema or a documented limit.
type Violation struct {
	Method string
	What   string
	Body   string
}

func (v Violation) String() string { return v.Method + ": " + v.What + ": " + v.Body }

// Violations returns all violations so far. A test asserts that there are none.
func (s *Server) Violations() []Violation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Violation(nil), s.breaches...)
}

// Calls returns all calls so far, in the order of their ends. It needs strict mode: there a call whose effect can be
// seen is among them.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaitRecords()
	return append([]Call(nil), s.calls...)
}

// CallsOf returns the calls of one method. It needs strict mode.
func (s *Server) CallsOf(method string) []Call {
	var of []Call
	for _, c := range s.Calls() {
		if c.Method == method {
			of = append(of, c)
		}
	}
	return of
}

// Count returns the number of calls of a method so far, with failed ones. See [Server.Calls] for strict mode.
func (s *Server) Count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaitRecords()
	return s.counts[method]
}

// Counts returns the number of calls so far by method, with failed ones. See [Server.Calls] for strict mode.
func (s *Server) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaitRecords()
	return maps.Clone(s.counts)
}

// ResetCalls clears calls and counts, before the part that a test asserts.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaitRecords()
	s.calls, s.counts = nil, map[string]int{}
}

// violate records a violation. Call it without the lock.
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

// Execute executes the call in the body of a webhook's answer ("method" and its parameters), as the server does with
// answers to its own deliveries. The bot never gets the result. An empty body means no call.
func (s *Server) Execute(body []byte) {
	text := strings.TrimSpace(string(body))
	if text == "" {
		return
	}
	r, err := parse("", text)
	if err != nil || r.method == "" {
		s.violate("", "the body of a webhook's answer is not a call", text)
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

// call executes a call and records it. c is nil for a call in a webhook's answer.
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
		a = s.perform(r, c)
	}
	return a
}

// perform executes a call and records it. In strict mode who asks for calls waits for the record of a call that has
// begun: its effect may be seen already. A long poll is recorded when it ends.
func (s *Server) perform(r *request, c *conn) answer {
	waited := s.opt.Strict && r.method != "getUpdates"
	if waited {
		s.mu.Lock()
		s.unrecorded++
		s.mu.Unlock()
	}
	a := s.execute(r, c)
	s.record(r, c, a)
	if waited {
		s.mu.Lock()
		s.unrecorded--
		s.recorded.Broadcast()
		s.mu.Unlock()
	}
	return a
}

// awaitRecords waits until each call with an effect is recorded; s.mu is held.
func (s *Server) awaitRecords() {
	for s.unrecorded > 0 {
		s.recorded.Wait()
	}
}

// record counts a call and, in strict mode, stores it.
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
