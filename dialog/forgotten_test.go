package dialog

import (
	"context"
	"testing"
	"time"
)

// reading is a store with a hook before each Load.
type reading struct {
	*Memory
	before func()
}

func (s *reading) Load(ctx context.Context, key Key) (*Row, error) {
	s.before()
	return s.Memory.Load(ctx, key)
}

// TestForgottenWhileARunReads: a conversation is deleted while a run that has messages to
// write again reads its row.
func TestForgottenWhileARunReads(t *testing.T) {
	s := &reading{Memory: NewMemory(), before: func() {}}
	e, err := New(s, Config{}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	if _, err := e.Handle(t.Context(), Input{ID: "1", Kind: KindText, Owner: "tg:1", Text: "one"}); err != nil {
		t.Fatal(err)
	}
	key, read := Key{"bot", "lines", "tg:1"}, false
	e.cache.drop(key)
	s.before = func() { read = true; e.courier.forget(key) }
	e.courier.suspect(key, Place{Channel: "chat", Address: "1"}, "7")
	for e.Stats().Couriers > 0 {
		time.Sleep(time.Millisecond)
	}
	if !read {
		t.Error("the run has not read the row")
	}
}
