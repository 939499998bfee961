package dialog

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
)

// absent is a store that is away on command.
type absent struct {
	*Memory
	away atomic.Bool
}

func (s *absent) Commit(ctx context.Context, b *Batch) (Committed, error) {
	if s.away.Load() {
		return Committed{}, ErrUnavailable
	}
	return s.Memory.Commit(ctx, b)
}

// noting is lines that has a step, so that its draft can be in memory alone.
type noting struct{ lines }

func (n noting) Decide(t *Turn) {
	n.lines.Decide(t)
	t.Record.Step = "noting"
}

// The drafts around a turn of unknown outcome are held until the next turn is committed.
func TestHeldUntilTheNextTurn(t *testing.T) {
	store := &absent{Memory: NewMemory()}
	e, err := New(store, Config{Mode: func(string) Mode { return Lightweight }}, noting{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	say := func(owner, id string) error {
		_, err := e.Handle(t.Context(), Input{ID: id, Kind: KindText, Owner: owner, Text: id})
		return err
	}
	held := func() (keys, bytes int) {
		e.held.mu.Lock()
		defer e.held.mu.Unlock()
		return len(e.held.m), e.held.n
	}
	for n := range 3 {
		owner := fmt.Sprint("tg:", n)
		if err := say(owner, "one"); err != nil {
			t.Fatal(err)
		}
		store.away.Store(true)
		if say(owner, "two") == nil {
			t.Fatal("the store is not away")
		}
		if keys, bytes := held(); keys != 1 || bytes != len("one\n")+len("one\ntwo\n") {
			t.Errorf("%d conversations with %d bytes are held", keys, bytes)
		}
		store.away.Store(false)
		if err := say(owner, "two"); err != nil {
			t.Fatal(err)
		}
		if keys, bytes := held(); keys != 0 || bytes != 0 {
			t.Errorf("%d conversations with %d bytes are held after the turn", keys, bytes)
		}
	}
}

// What is held is bounded in conversations and in bytes; the newest stays.
func TestHeldBounds(t *testing.T) {
	for name, c := range map[string]struct{ n, size, want int }{
		"conversations": {heldMost + 100, 1, heldMost},
		"bytes":         {40, 1 << 20, 32},
	} {
		var h heldDrafts
		answers := make([]byte, c.size)
		for n := range c.n {
			key := Key{"bot", "noting", fmt.Sprint(n)}
			h.hold(&Record{Head: Head{Key: key}}, &Record{Head: Head{Key: key, Where: InMemory, DraftTag: 7}, Answers: answers})
			if _, found := h.find(key, 7); !found {
				t.Fatalf("%s: the newest is gone", name)
			}
		}
		if len(h.m) != c.want || h.n != c.want*c.size {
			t.Errorf("%s: %d with %d bytes are held, want %d", name, len(h.m), h.n, c.want)
		}
	}
}
