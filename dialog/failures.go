package dialog

import (
	"errors"
	"maps"
	"sync"
	"time"
)

const (
	// retryFor is how long a sender is told to come again before the engine goes on
	// without the missing part: another instance may take the retry, and a draft store
	// may come back.
	retryFor = time.Minute
	// After this pause the failures of an input begin anew: a failure of an hour ago
	// says nothing of now.
	parkedPause = 2 * retryFor
	// Two failed reads of a draft belong to one outage only if they are close, whatever
	// happened in between. A pause shorter than retryFor needs a third read before a
	// draft counts as lost; a pause nearly as long allows for retries that other
	// instances get.
	unreadPause  = retryFor - time.Second
	failuresMost = 100_000 // remembered at a time
)

// failures remembers since when something fails, for as long as its sender retries.
type failures[T comparable] struct {
	pause time.Duration // after which failures begin anew

	mu   sync.Mutex
	m    map[T]failure
	room int // above this many, those without retries are dropped
}

type failure struct{ first, last time.Time }

// parked names an input that this process cannot handle. Each input of a person counts
// by itself, because a newer instance that takes one may not get the next one; inputs
// without an id count as one.
type parked struct {
	key     Key
	input   uint64 // hash of its id
	version int64  // of the row, which rises when a newer instance is there; 0 for a defect, which any version of the row meets
}

// add records a failure of x, and returns for how long x has failed.
func (f *failures[T]) add(x T, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, ok := f.m[x]
	if !ok || now.Sub(at.last) > f.pause {
		at.first = now
		if !ok && len(f.m) >= f.room {
			f.tidy(now)
		}
	}
	at.last = now
	f.m[x] = at
	return now.Sub(at.first)
}

// tidy drops failures without retries. Above failuresMost it drops any half of the
// rest, which begin anew; f.mu is held.
func (f *failures[T]) tidy(now time.Time) {
	if f.m == nil {
		f.m = map[T]failure{}
	}
	maps.DeleteFunc(f.m, func(_ T, at failure) bool { return now.Sub(at.last) > f.pause })
	if len(f.m) >= failuresMost {
		maps.DeleteFunc(f.m, func(T, failure) bool { return len(f.m) > failuresMost/2 })
	}
	f.room = min(max(1000, 2*len(f.m)), failuresMost)
}

// over ends the failures of x.
func (f *failures[T]) over(x T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.m) > 0 {
		delete(f.m, x)
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
		if in.Kind != KindWake { // see Engine.fire
			e.trouble("decide "+in.Key.Flow, err)
		}
	}
	if e.parked.add(about, e.cfg.Now()) < retryFor {
		return Outcome{}, err
	}
	return Outcome{Did: DidPark, Record: rec, Rehydrated: reh, Toast: &Said{Code: code}}, nil
}
