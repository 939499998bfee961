package dialogtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Method names a method of dialog.Store or dialog.EventLog.
type Method string

// The methods.
const (
	Head    Method = "Head"
	Load    Method = "Load"
	List    Method = "List"
	Commit  Method = "Commit"
	Due     Method = "Due"
	Forget  Method = "Forget"
	Lease   Method = "Lease"
	Holders Method = "Holders"
	Secret  Method = "Secret"
	Prune   Method = "Prune"
	Now     Method = "Now"

	Events       Method = "Events"
	ForgetEvents Method = "ForgetEvents"
)

// Fault is the fault of one call. The zero Fault is none.
type Fault struct {
	Before error // the call fails without being done
	After  error // the call is done, and its answer is lost
	Hang   bool  // the call waits for its context to end, or for Heal; then the others follow
	Marks  error // of a Commit: only the turns and events are written, and MarksErr is this error
}

// ErrFault is the error of a Faulty store if no other is given.
var ErrFault = fmt.Errorf("fault injected: %w", dialog.ErrUnavailable)

// Faulty wraps a store whose calls fail on command: before or after they are done, or
// after a wait. Its methods may be called concurrently. Close has no faults.
type Faulty struct {
	store dialog.Store

	mu     sync.Mutex
	plan   map[Method][]Fault // of the next calls
	always func(Method, *dialog.Batch) Fault
	calls  map[Method]int
	healed chan struct{}
}

var (
	_ dialog.Store    = (*Faulty)(nil)
	_ dialog.EventLog = (*Faulty)(nil)
)

// NewFaulty wraps a store, without faults.
func NewFaulty(store dialog.Store) *Faulty {
	return &Faulty{store: store, plan: map[Method][]Fault{}, calls: map[Method]int{}, healed: make(chan struct{})}
}

// Fail makes the next n calls of m fail with ErrFault without being done.
func (f *Faulty) Fail(m Method, n int) { f.Next(m, n, Fault{Before: ErrFault}) }

// Lose makes the next n calls of m be done and fail with ErrFault.
func (f *Faulty) Lose(m Method, n int) { f.Next(m, n, Fault{After: ErrFault}) }

// Hang makes the next n calls of m wait for the end of their context or for Heal. After
// Heal they are done.
func (f *Faulty) Hang(m Method, n int) { f.Next(m, n, Fault{Hang: true}) }

// Next gives the next n calls of m a fault, after those that were given before.
func (f *Faulty) Next(m Method, n int, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		f.plan[m] = append(f.plan[m], fault)
	}
}

// Func asks fn for the fault of each call that has none by Next; nil ends that. b is the
// batch of a Commit, nil for other methods. fn may be called concurrently.
func (f *Faulty) Func(fn func(m Method, b *dialog.Batch) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.always = fn
}

// Heal ends all faults, and lets hanging calls go on.
func (f *Faulty) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan, f.always = map[Method][]Fault{}, nil
	close(f.healed)
	f.healed = make(chan struct{})
}

// Calls is how often m was called.
func (f *Faulty) Calls(m Method) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[m]
}

// enter returns the fault of a call, after its wait.
func (f *Faulty) enter(ctx context.Context, m Method, b *dialog.Batch) (fault Fault) {
	f.mu.Lock()
	f.calls[m]++
	fn := f.always
	if planned := f.plan[m]; len(planned) > 0 {
		fault, f.plan[m], fn = planned[0], planned[1:], nil
	}
	healed := f.healed
	f.mu.Unlock()
	if fn != nil {
		fault = fn(m, b)
	}
	if fault.Hang {
		select {
		case <-ctx.Done():
			return Fault{Before: ctx.Err()}
		case <-healed:
		}
	}
	return fault
}

// through calls the store with the faults of this call.
func through[T any](ctx context.Context, f *Faulty, m Method, call func() (T, error)) (v T, err error) {
	return around(f.enter(ctx, m, nil), call)
}

// around makes a call with this fault.
func around[T any](fault Fault, call func() (T, error)) (v T, err error) {
	if fault.Before != nil {
		return v, fault.Before
	}
	v, err = call()
	if err == nil && fault.After != nil {
		var none T
		return none, fault.After
	}
	return v, err
}

// Head implements dialog.Store.
func (f *Faulty) Head(ctx context.Context, key dialog.Key) (dialog.Head, error) {
	return through(ctx, f, Head, func() (dialog.Head, error) { return f.store.Head(ctx, key) })
}

// Load implements dialog.Store.
func (f *Faulty) Load(ctx context.Context, key dialog.Key) (*dialog.Row, error) {
	return through(ctx, f, Load, func() (*dialog.Row, error) { return f.store.Load(ctx, key) })
}

// List implements dialog.Store.
func (f *Faulty) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	return through(ctx, f, List, func() ([]*dialog.Row, error) { return f.store.List(ctx, q) })
}

// Commit implements dialog.Store.
func (f *Faulty) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	fault := f.enter(ctx, Commit, b)
	return around(fault, func() (dialog.Committed, error) {
		if fault.Marks == nil {
			return f.store.Commit(ctx, b)
		}
		out, err := f.store.Commit(ctx, &dialog.Batch{Writes: b.Writes, Events: b.Events})
		out.Marked, out.MarksErr = nil, fault.Marks
		return out, err
	})
}

// Due implements dialog.Store.
func (f *Faulty) Due(ctx context.Context, q dialog.DueQuery) ([]*dialog.Row, error) {
	return through(ctx, f, Due, func() ([]*dialog.Row, error) { return f.store.Due(ctx, q) })
}

// Forget implements dialog.Store.
func (f *Faulty) Forget(ctx context.Context, key dialog.Key, at dialog.Stamp) error {
	_, err := through(ctx, f, Forget, func() (struct{}, error) { return struct{}{}, f.store.Forget(ctx, key, at) })
	return err
}

// Lease implements dialog.Store.
func (f *Faulty) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	return through(ctx, f, Lease, func() (bool, error) { return f.store.Lease(ctx, name, holder, ttl) })
}

// Holders implements dialog.Store.
func (f *Faulty) Holders(ctx context.Context, prefix string) (map[string]string, error) {
	return through(ctx, f, Holders, func() (map[string]string, error) { return f.store.Holders(ctx, prefix) })
}

// Secret implements dialog.Store.
func (f *Faulty) Secret(ctx context.Context, name string, initial []byte) ([]byte, error) {
	return through(ctx, f, Secret, func() ([]byte, error) { return f.store.Secret(ctx, name, initial) })
}

// Prune implements dialog.Store.
func (f *Faulty) Prune(ctx context.Context, before time.Time) (int, error) {
	return through(ctx, f, Prune, func() (int, error) { return f.store.Prune(ctx, before) })
}

// Now implements dialog.Store.
func (f *Faulty) Now(ctx context.Context) (time.Time, error) {
	return through(ctx, f, Now, func() (time.Time, error) { return f.store.Now(ctx) })
}

// errNoLog is the error of Events and ForgetEvents if the wrapped store is no
// dialog.EventLog.
var errNoLog = errors.New("the store is no EventLog")

// Events implements dialog.EventLog.
func (f *Faulty) Events(ctx context.Context, q dialog.EventQuery) ([]dialog.Event, error) {
	return through(ctx, f, Events, func() ([]dialog.Event, error) {
		log, ok := f.store.(dialog.EventLog)
		if !ok {
			return nil, errNoLog
		}
		return log.Events(ctx, q)
	})
}

// ForgetEvents implements dialog.EventLog.
func (f *Faulty) ForgetEvents(ctx context.Context, key dialog.Key) (int, error) {
	return through(ctx, f, ForgetEvents, func() (int, error) {
		log, ok := f.store.(dialog.EventLog)
		if !ok {
			return 0, errNoLog
		}
		return log.ForgetEvents(ctx, key)
	})
}

// Close closes the wrapped store.
func (f *Faulty) Close() error { return f.store.Close() }
