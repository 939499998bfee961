package dialog

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errRunning = errors.New("dialog: this engine runs already")

// running is the Run of an engine that is under way, if there is one.
type running struct {
	mu     sync.Mutex
	closed bool               // by Close: no other Run begins
	stop   context.CancelFunc // ends the context of the Run; nil: none is under way
	over   chan struct{}      // closed when that Run has returned
}

// begin gives a Run its context; end is called when it returns. Without a context (nil) there
// is nothing to run: the engine is closed, or runs already (err).
func (r *running) begin(ctx context.Context) (own context.Context, end func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, nil, nil
	case r.stop != nil:
		return nil, nil, errRunning
	}
	own, stop := context.WithCancel(ctx)
	over := make(chan struct{})
	r.stop, r.over = stop, over
	return own, func() {
		stop()
		r.mu.Lock()
		r.stop = nil
		r.mu.Unlock()
		close(over)
	}, nil
}

// close ends the context of the Run, and lets none begin. over is closed when that Run has returned; nil: there is none.
func (r *running) close() (over <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.stop == nil {
		return nil
	}
	r.stop()
	return r.over
}

// waitOver waits for the end of a Run. When ctx ends, a store that ignores its context has stopFor to let go.
func waitOver(ctx context.Context, over <-chan struct{}) {
	if over == nil {
		return
	}
	select {
	case <-over:
		return
	case <-ctx.Done():
	}
	rest := time.NewTimer(stopFor)
	defer rest.Stop()
	select {
	case <-over:
	case <-rest.C:
	}
}
