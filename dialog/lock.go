package dialog

import (
	"context"
	"sync"
	"time"
)

// keyLocks serialises the turns of one key in this process; across processes the
// compare-and-swap does. A lock is a channel, so that a context can end the wait.
type keyLocks struct {
	mu sync.Mutex
	m  map[Key]*keyLock
}

type keyLock struct {
	ch    chan struct{}
	users int
}

// lock waits for the key or for ctx. A key that is free only when the time of ctx is over
// comes too late, whichever of the two is noticed first.
func (l *keyLocks) lock(ctx context.Context, key Key) error {
	l.mu.Lock()
	if l.m == nil {
		l.m = map[Key]*keyLock{}
	}
	k := l.m[key]
	if k == nil {
		k = &keyLock{ch: make(chan struct{}, 1)}
		l.m[key] = k
	}
	k.users++
	l.mu.Unlock()
	select {
	case k.ch <- struct{}{}:
		return nil
	default:
	}
	select {
	case k.ch <- struct{}{}:
		if end, ok := ctx.Deadline(); !ok || time.Now().Before(end) {
			return nil
		}
		<-k.ch
		l.leave(key, k)
		return context.DeadlineExceeded
	case <-ctx.Done():
		l.leave(key, k)
		return ctx.Err()
	}
}

func (l *keyLocks) unlock(key Key) {
	l.mu.Lock()
	k := l.m[key]
	l.mu.Unlock()
	<-k.ch
	l.leave(key, k)
}

func (l *keyLocks) leave(key Key, k *keyLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(l.m, key)
	}
}
