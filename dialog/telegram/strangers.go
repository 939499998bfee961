package telegram

import (
	"log/slog"
	"sync"
	"time"
)

// strangersEvery is the time between two log lines about posts without the right secret.
const strangersEvery = time.Minute

// strangers counts the posts to the webhook without the right secret. The log gets a
// line for the first one, and then one a minute with the posts of that minute.
type strangers struct {
	log *slog.Logger

	mu    sync.Mutex
	posts int         // since the last line
	next  *time.Timer // writes the next line; nil: none is due
	ended bool
}

// count records a post.
func (s *strangers) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	if s.posts++; s.next == nil {
		s.write()
	}
}

// flush writes a line if there was a post since the last one.
func (s *strangers) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next = nil; s.posts > 0 {
		s.write()
	}
}

// write writes a line; s.mu is held.
func (s *strangers) write() {
	s.log.Warn("telegram: posts to the webhook without the right secret were rejected with 401; "+
		"if the bot is silent, another program has set its webhook or its secret: restart this one, which sets both, or give both the same secret",
		"count", s.posts)
	s.posts = 0
	s.next = time.AfterFunc(strangersEvery, s.flush)
}

// end writes the last line and stops.
func (s *strangers) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.posts > 0 {
		s.write()
	}
	if s.ended = true; s.next != nil {
		s.next.Stop()
	}
}
