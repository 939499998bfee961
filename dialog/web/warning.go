package web

import (
	"log/slog"
	"sync"
	"time"
)

// warnEvery is the time between two log lines of a warning.
const warnEvery = time.Minute

// warning is one that many requests may cause. The log has the first one at once, and
// then at most one a minute, with their number.
type warning struct {
	log *slog.Logger

	mu    sync.Mutex
	count int // since the last line
	last  time.Time
}

// warn warns of a request from somewhere.
func (n *warning) warn(text, from string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.count++
	if now := time.Now(); n.last.IsZero() || now.Sub(n.last) >= warnEvery {
		n.log.Warn(text, "from", from, "requests", n.count)
		n.count, n.last = 0, now
	}
}
