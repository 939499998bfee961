package dialog

import (
	"context"
	"testing"
	"time"
)

// An instance that has met rows of a newer version leaves the lease free for a while, and
// takes it again if nobody else has.
func TestSweeperRests(t *testing.T) {
	clock := newHandClock()
	store := NewMemory()
	store.SetNow(clock.now)
	e, err := New(store, Config{Instance: "here.1", Now: clock.now}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	due := &Row{Head: Head{Key: Key{"bot", "lines", "tg:1"}, Owner: "tg:1", Version: 1, Tag: 1, Format: seatsFormat + 1}, Due: clock.now().UnixMilli() - 1}
	if done, err := store.Commit(t.Context(), &Batch{Writes: []*Write{{After: due}}}); err != nil || done.Verdicts[0] != Applied {
		t.Fatal(done, err)
	}
	s := newSweeper(e)
	holder := func() string {
		held, err := store.Holders(t.Context(), s.lease.name)
		if err != nil || len(held) > 1 {
			t.Fatal(held, err)
		}
		for _, h := range held {
			return h
		}
		return ""
	}
	for _, after := range []time.Duration{0, restFor / 2, restFor/2 - time.Millisecond} {
		clock.advance(after)
		s.round(t.Context())
		if by := holder(); by != "" {
			t.Errorf("%v later %s has the lease", after, by)
		}
	}
	clock.advance(time.Millisecond)
	s.round(t.Context())
	if holder() == "" {
		t.Error("it never takes the lease again")
	}
}
