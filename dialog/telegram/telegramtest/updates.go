package telegramtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// How long the API keeps an undelivered update.
const (
	messageLife = 24 * time.Hour
	tapLife     = 150 * time.Second
)

// Update is one update caused by a person.
type Update struct {
	ID        int64
	Kind      string // "message", "edited_message", "callback_query", "my_chat_member"
	ChatID    int64
	UserID    int64
	MessageID int    // of the sent, edited or tapped message
	QueryID   string // of a tap
	Text      string // of the message, or the callback data
	Time      time.Time

	payload string // JSON of the object under Kind
}

// JSON returns the update as the server delivers it.
func (u Update) JSON() []byte {
	return []byte(`{"update_id":` + strconv.FormatInt(u.ID, 10) + `,"` + u.Kind + `":` + u.payload + `}`)
}

// queued is an unconfirmed update.
type queued struct {
	Update
	lane     string // updates of one lane are delivered in order
	expires  time.Time
	forced   bool // delivered to the next poll with any offset, then dropped
	attempts int  // failed deliveries
}

// poll is a waiting getUpdates.
type poll struct {
	conflict chan string // reason to end the poll
}

// optIn are the kinds that need an entry in allowed_updates.
var optIn = map[string]bool{"chat_member": true, "message_reaction": true, "message_reaction_count": true}

// JumpUpdateID sets the next update's id to n. Later ids count on from n.
func (s *Server) JumpUpdateID(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextUpdate = n
}

// ZeroUpdateIDs makes every new update's id 0, as some senders do. Long polling cannot confirm such updates.
func (s *Server) ZeroUpdateIDs(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zeroIDs = on
}

// Inject queues an update of any kind, for actions that Person lacks. payload becomes the JSON under kind.
func (s *Server) Inject(kind string, payload any) Update {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enqueue(Update{Kind: kind}, payload)
}

// Redeliver sends an update once more under the same id.
func (s *Server) Redeliver(u Update) { s.RedeliverAs(u, u.ID) }

// RedeliverAs sends an update once more under another id.
func (s *Server) RedeliverAs(u Update, id int64) Update {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.ID = id
	s.queue(u, true)
	return u
}

// Pending returns the unconfirmed updates, in the order of delivery.
func (s *Server) Pending() []Update {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	var us []Update
	for _, q := range s.pending {
		us = append(us, q.Update)
	}
	return us
}

// Dropped returns the expired updates.
func (s *Server) Dropped() []Update {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	return slices.Clone(s.dropped)
}

// WaitDelivered waits until no update is pending, at most for timeout, and reports success.
func (s *Server) WaitDelivered(timeout time.Duration) bool {
	return s.waitFor(timeout, func() bool { s.expire(); return len(s.pending) == 0 })
}

// waitFor waits until cond is true. It calls cond with the lock held.
func (s *Server) waitFor(timeout time.Duration, cond func() bool) bool {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		if cond() {
			s.mu.Unlock()
			return true
		}
		change := s.changes()
		s.mu.Unlock()
		select {
		case <-change:
		case <-deadline.C:
			return false
		case <-s.ctx.Done():
			return false
		}
	}
}

// enqueue gives an update its id and queues it. The caller holds the lock.
func (s *Server) enqueue(u Update, payload any) Update {
	b, err := json.Marshal(payload)
	if err != nil {
		panicf("telegramtest: %s: %v", u.Kind, err)
	}
	u.payload = string(b)
	u.Time = s.opt.Now()
	if s.allowed != nil && !s.allowed[u.Kind] || s.allowed == nil && optIn[u.Kind] {
		return u
	}
	if !s.zeroIDs {
		u.ID = s.nextUpdate
		s.nextUpdate++
	}
	s.queue(u, false)
	return u
}

func (s *Server) queue(u Update, forced bool) {
	q := &queued{Update: u, forced: forced, lane: fmt.Sprint("chat ", u.ChatID), expires: s.opt.Now().Add(messageLife)}
	if u.Kind == "callback_query" {
		q.lane, q.expires = fmt.Sprint("taps of ", u.UserID), s.opt.Now().Add(tapLife)
	}
	s.pending = append(s.pending, q)
	if s.hook != nil {
		s.startLane(s.hook, q.lane)
	}
	s.notify()
}

// expire drops expired updates. The caller holds the lock.
func (s *Server) expire() {
	now := s.opt.Now()
	s.pending = slices.DeleteFunc(s.pending, func(q *queued) bool {
		if now.Before(q.expires) {
			return false
		}
		s.dropped = append(s.dropped, q.Update)
		return true
	})
}

func (s *Server) setAllowed(r *request) {
	if !r.allowedGiven {
		return
	}
	s.allowed = nil
	if len(r.allowed) > 0 {
		s.allowed = map[string]bool{}
		for _, kind := range r.allowed {
			s.allowed[kind] = true
		}
	}
}

const (
	conflictWebhook = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
	conflictPoll    = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
	conflictSet     = "Conflict: terminated by setWebhook request"
)

// getUpdates confirms the updates below the offset and waits for others. A second poll ends the first one.
func (s *Server) getUpdates(r *request, c *conn) answer {
	limit := r.limit
	if limit < 1 || limit > 100 {
		limit = 100
	}
	timeout := time.Duration(min(max(r.timeout, 0), 50)) * time.Second

	s.mu.Lock()
	if s.hook != nil {
		s.mu.Unlock()
		return failure(409, conflictWebhook)
	}
	s.endPoll(conflictPoll)
	s.setAllowed(r)
	s.confirm(r.offset)
	me := &poll{conflict: make(chan string, 1)}
	s.poll = me
	s.notify()
	end := func(a answer) answer {
		if s.poll == me {
			s.poll = nil
		}
		s.mu.Unlock()
		return a
	}

	var gone <-chan struct{}
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	for {
		s.expire()
		if batch := s.batch(limit); len(batch) > 2 || timeout == 0 {
			return end(answer{code: 200, result: batch})
		}
		change := s.changes()
		s.mu.Unlock()
		if gone == nil && c != nil {
			var stop func()
			gone, stop = c.gone()
			defer stop()
		}
		select {
		case why := <-me.conflict:
			return failure(409, why)
		case <-change:
			s.mu.Lock()
		case <-deadline.C:
			s.mu.Lock()
			return end(answer{code: 200, result: s.batch(limit)})
		case <-gone:
			s.mu.Lock()
			return end(answer{drop: true})
		case <-s.ctx.Done():
			s.mu.Lock()
			return end(answer{drop: true})
		}
		select { // a conflict at the same time as the change
		case why := <-me.conflict:
			s.mu.Unlock()
			return failure(409, why)
		default:
		}
	}
}

// confirm removes the updates below an offset. A negative offset -n keeps the newest n.
func (s *Server) confirm(offset int64) {
	switch {
	case offset > 0:
		s.pending = slices.DeleteFunc(s.pending, func(q *queued) bool { return !q.forced && q.ID < offset })
	case offset < 0 && len(s.pending) > int(-offset):
		s.pending = slices.Delete(s.pending, 0, len(s.pending)-int(-offset))
	default:
		return
	}
	s.notify()
}

// batch returns the JSON of the first pending updates, "[]" for none.
func (s *Server) batch(limit int) []byte {
	b := []byte{'['}
	for i, q := range s.pending[:min(limit, len(s.pending))] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, q.JSON()...)
	}
	n := 0
	s.pending = slices.DeleteFunc(s.pending, func(q *queued) bool { n++; return q.forced && n <= limit })
	return append(b, ']')
}

// endPoll ends the waiting poll. The caller holds the lock.
func (s *Server) endPoll(why string) {
	if s.poll != nil {
		s.poll.conflict <- why
		s.poll = nil
	}
}
