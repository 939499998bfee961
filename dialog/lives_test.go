package dialog

import (
	"context"
	"testing"
	"time"
)

// Who wrote a record and is gone was restarted, whatever the name of the new
// process; who still runs is another instance.
func TestCauseByLife(t *testing.T) {
	ctx := context.Background()
	store := &leaseCounter{Memory: NewMemory(), by: map[string]int{}}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	store.SetNow(func() time.Time { return now })
	join := func(name string) *Engine {
		return &Engine{cfg: Config{Bot: "bot", Instance: name, Now: func() time.Time { return now }}.withDefaults(), store: store}
	}
	cause := func(e *Engine, by string, want Cause) {
		t.Helper()
		if got := e.causeOf(ctx, &Record{By: by}, &Input{}, false); got != want {
			t.Errorf("%s reads what %s wrote: %s, want %s", e.cfg.Instance, by, got, want)
		}
	}
	live := func(all ...*Engine) {
		t.Helper()
		for _, e := range all {
			if err := e.live(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	old, fresh, other := join("pod-a.1"), join("pod-b.1"), join("pod-c.1")
	cause(fresh, "pod-a.1", CauseInstance) // does not run: knows of nobody
	for range 60 {
		live(old, fresh, other)
		cause(fresh, "pod-a.1", CauseInstance)
		cause(fresh, "pod-b.0", CauseRestart) // by its name
		now = now.Add(time.Second)
	}
	if n := store.by["pod-b.1"]; n > 13 {
		t.Errorf("asked %d times in a minute", n)
	}
	old.die(ctx) // a rolling update
	now = now.Add(lifeEvery)
	live(fresh, other)
	cause(fresh, "pod-a.1", CauseRestart)
	cause(fresh, "pod-c.1", CauseInstance)
	now = now.Add(lifeFor) // other is killed
	live(fresh)
	cause(fresh, "pod-c.1", CauseRestart)
	store.mu.Lock()
	_, left := store.leases["life:bot:pod-c.1"]
	store.mu.Unlock()
	live(fresh)
	store.mu.Lock()
	_, still := store.leases["life:bot:pod-c.1"]
	store.mu.Unlock()
	if !left || still {
		t.Errorf("the lease of a killed instance was there: %v, is there: %v", left, still)
	}
	cause(fresh, "pod-b.1", CauseEviction)
}
