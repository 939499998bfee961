package dialog

import (
	"errors"
	"maps"
	"sync"
	"time"
)

const (
	// refusedFor is how long a sender is told to come again before the engine
	// does without: another instance, or a draft store that is back, may help.
	refusedFor = time.Minute
	// An hour-old refusal says nothing of now: after a pause it begins anew.
	parkedPause = 2 * refusedFor
	// Moments without an answer are one outage only if they are close: a pause shorter
	// than refusedFor keeps any two of them, whatever was in between, from being an
	// outage so long. It is nearly as long, for other instances may get retries too.
	unreadPause  = refusedFor - time.Second
	refusalsMost = 100_000 // at a time
)

// refusals are since when something is being refused, as long as its sender
// comes again.
type refusals[T comparable] struct {
	pause time.Duration // after which one begins anew

	mu   sync.Mutex
	m    map[T]refusal
	room int // how many there may be before those nobody asks for any more are dropped
}

type refusal struct{ first, last time.Time }

// parked is an input that this process cannot handle. A newer instance that takes
// one of a person's inputs does not take the next one, so each counts for itself;
// those without an id count as one.
type parked struct {
	key     Key
	input   uint64 // hash of its id
	version int64  // of the row, which goes on when a newer instance is there; of a defect 0: it stays one
}

// again notes one more refusal of x and returns since how long it is refused.
func (r *refusals[T]) again(x T, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.m[x]
	if !ok || now.Sub(at.last) > r.pause {
		at.first = now
		if !ok && len(r.m) >= r.room {
			r.tidy(now)
		}
	}
	at.last = now
	r.m[x] = at
	return now.Sub(at.first)
}

// tidy drops those that nobody asks for any more, and of too many any half, which
// begins anew; r.mu is held.
func (r *refusals[T]) tidy(now time.Time) {
	if r.m == nil {
		r.m = map[T]refusal{}
	}
	maps.DeleteFunc(r.m, func(_ T, at refusal) bool { return now.Sub(at.last) > r.pause })
	if len(r.m) >= refusalsMost {
		maps.DeleteFunc(r.m, func(T, refusal) bool { return len(r.m) > refusalsMost/2 })
	}
	r.room = min(max(1000, 2*len(r.m)), refusalsMost)
}

// over notes that x is refused no more.
func (r *refusals[T]) over(x T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.m) > 0 {
		delete(r.m, x)
	}
}

// park handles an error of the path. A record that this version cannot decode is
// ErrSchemaNewer for a minute, so that another instance can try; then the outcome
// is DidPark.
func (e *Engine) park(in *Input, rec *Record, reh Rehydration, err error) (Outcome, error) {
	if !errors.Is(err, ErrSchemaNewer) {
		return Outcome{}, err
	}
	code, about := CodeNewer, parked{key: in.Key, input: hash(in.ID), version: rec.Version}
	if errors.Is(err, errDefect) {
		code, about.version = CodeDefect, 0
		e.trouble("decide "+in.Key.Flow, err)
	}
	if e.parked.again(about, e.cfg.Now()) < refusedFor {
		return Outcome{}, err
	}
	return Outcome{Did: DidPark, Record: rec, Rehydrated: reh, Toast: &Said{Code: code}}, nil
}
