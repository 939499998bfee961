package telegramtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Fault is a failure of a call. Set at most one of Code, Drop and Lost; Hang alone only delays the call.
type Fault struct {
	Chat  int64           // only calls for this chat; 0: any
	Match func(Call) bool // only calls for which Match is true; nil: any

	Hang        time.Duration // delay before the call; negative: hang until the client hangs up, without executing the call
	Code        int           // the call fails with this code
	Description string        // of the error; defaults to the API's own for the code
	RetryAfter  int           // seconds, with Code 429
	HTML        bool          // the error is a proxy's page, not JSON
	Drop        bool          // close the connection without executing the call
	Lost        bool          // execute the call, then close the connection without an answer
}

// TooManyRequests is a 429 with retry_after in seconds.
func TooManyRequests(retryAfter int) Fault { return Fault{Code: 429, RetryAfter: retryAfter} }

// InternalError is a 500 of the API.
func InternalError() Fault { return Fault{Code: 500} }

// BadGateway is a 502 of a proxy: a page of HTML.
func BadGateway() Fault { return Fault{Code: 502, HTML: true} }

// LostAnswer executes the call and then closes the connection.
func LostAnswer() Fault { return Fault{Lost: true} }

// Dropped closes the connection without executing the call.
func Dropped() Fault { return Fault{Drop: true} }

// Hangs never answers and never executes the call: the client has to give up.
func Hangs() Fault { return Fault{Hang: -1} }

// Late executes the call after a delay.
func Late(d time.Duration) Fault { return Fault{Hang: d} }

// Refused is a 400 with a description after "Bad Request: ", for example "message can't be edited".
func Refused(description string) Fault {
	return Fault{Code: 400, Description: "Bad Request: " + description}
}

type plannedFault struct {
	Fault
	method string // "": any
	always bool
}

// FailNext makes the next calls of a method ("": any but getUpdates) fail, one call a fault, in this order, if they match
// the fault's conditions. Calls in the body of a webhook's answer count too.
func (s *Server) FailNext(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &plannedFault{Fault: f, method: method})
	}
	s.faulty.Store(len(s.faults) > 0)
}

// FailAlways makes every call of a method ("": any but getUpdates) fail until stop is called.
func (s *Server) FailAlways(method string, f Fault) (stop func()) {
	p := &plannedFault{Fault: f, method: method, always: true}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, p)
	s.faulty.Store(true)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(q *plannedFault) bool { return q == p })
		s.faulty.Store(len(s.faults) > 0)
	}
}

// fault removes and returns the next fault for a call.
func (s *Server) fault(r *request) (Fault, bool) {
	if !s.faulty.Load() {
		return Fault{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range s.faults {
		if p.method != r.method && (p.method != "" || r.method == "getUpdates") {
			continue
		}
		if p.Chat != 0 && p.Chat != r.chatID {
			continue
		}
		if p.Match != nil && !p.Match(Call{Method: r.method, ChatID: r.chatID, MessageID: r.messageID, Text: r.text,
			QueryID: r.queryID, Body: r.body, Time: s.opt.Now()}) {
			continue
		}
		if !p.always {
			s.faults = slices.Delete(s.faults, i, i+1)
			s.faulty.Store(len(s.faults) > 0)
		}
		return p.Fault, true
	}
	return Fault{}, false
}

// serveFault answers a call with a fault.
func (s *Server) serveFault(f Fault, r *request, c *conn) answer {
	if f.Hang != 0 {
		if gone := s.hold(f.Hang, c); gone || f.Hang < 0 {
			s.record(r, c, answer{description: "hung"})
			return answer{drop: true}
		}
	}
	switch {
	case f.Drop:
		s.record(r, c, answer{description: "dropped"})
		return answer{drop: true}
	case f.Lost:
		s.perform(r, c)
		return answer{drop: true}
	case f.Code != 0:
		a := answer{code: f.Code, description: f.Description, retryAfter: f.RetryAfter}
		if a.description == "" {
			a.description = http.StatusText(f.Code)
			if f.Code == 429 {
				a.description = fmt.Sprintf("Too Many Requests: retry after %d", f.RetryAfter)
			}
		}
		if f.HTML {
			a.html = fmt.Sprintf("<html>\r\n<head><title>%d %[2]s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
				f.Code, http.StatusText(f.Code))
		}
		s.record(r, c, a)
		return a
	}
	return s.perform(r, c)
}

// hold delays an answer for d, forever if d is negative. It returns true if the client hung up or the server closed.
func (s *Server) hold(d time.Duration, c *conn) bool {
	var gone <-chan struct{}
	if c != nil {
		var end func()
		gone, end = c.gone()
		defer end()
	} else if d < 0 {
		return true // a call in a webhook's answer has no waiting client
	}
	var late <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-late:
		return false
	case <-gone:
		return true
	case <-s.ctx.Done():
		return true
	}
}
