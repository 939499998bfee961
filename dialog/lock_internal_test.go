package dialog

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A key that is free at the very end of the time to wait for it comes too late, each time: what happens at one instant
// must not depend on which goroutine runs first.
func TestLockAtTheDeadline(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			var l keyLocks
			key := Key{Bot: "b", Flow: "f", ID: "1"}
			first, end := context.WithTimeout(t.Context(), time.Minute)
			defer end()
			second, end := context.WithTimeout(t.Context(), time.Minute)
			defer end()
			if err := l.lock(first, key); err != nil {
				t.Fatal(err)
			}
			go func() {
				<-first.Done()
				l.unlock(key)
			}()
			if err := l.lock(second, key); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v, want DeadlineExceeded", err)
			}
			synctest.Wait()
			if err := l.lock(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			l.unlock(key)
			if len(l.m) > 0 {
				t.Fatal("a lock is left")
			}
		})
	}
}
