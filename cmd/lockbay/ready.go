package main

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	readyFor   = time.Second     // an answer of readiness holds for this long
	readyLimit = 2 * time.Second // of asking the database
)

// readiness is whether turns can be committed, as of the last time that somebody asked.
type readiness struct {
	mu   sync.Mutex
	at   time.Time
	last error
}

// ask commits a turn, unless one was committed for somebody else a moment ago.
func (r *readiness) ask(ctx context.Context, commit func(context.Context) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() || time.Since(r.at) > readyFor {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyLimit)
		defer cancel()
		r.last = commit(ctx)
		r.at = time.Now()
	}
	return r.last
}

// readyz answers 200 if a turn can be committed, and 503 otherwise and while draining. A database that can be read only,
// because its disk is full or another program has it locked, is not ready.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	not := func(why string) {
		w.Header().Set("Retry-After", "5")
		plainText(w, http.StatusServiceUnavailable, why)
	}
	if s.draining.Load() {
		not("draining")
		return
	}
	if err := s.ready.ask(r.Context(), s.app.engine.Ready); err != nil {
		not("the database takes no turns")
		return
	}
	plainText(w, http.StatusOK, "ready")
}
