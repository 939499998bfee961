package dialog

import (
	"sync/atomic"
	"testing"
	"time"
)

// A wrong clock of this machine is corrected by the store's. A slow answer of the store
// does not set the engine's clock back.
func TestStoreClock(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	e, err := New(NewMemory(), Config{Now: func() time.Time { return now }}, nothing{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close(t.Context()) }()
	ask := func(ahead, there, back time.Duration) time.Duration {
		told := e.askClock()
		now = now.Add(there)
		store := now.Add(ahead)
		now = now.Add(back)
		told(store)
		return e.Now().Sub(now)
	}
	for _, c := range []struct{ ahead, there, back, low, high time.Duration }{
		{0, 0, 9 * time.Second, 0, 0},
		{0, 9 * time.Second, 0, 0, 0},
		{time.Hour, time.Second, time.Second, time.Hour - time.Second, time.Hour + time.Second},
		{time.Hour, 0, 0, time.Hour, time.Hour},
		{-time.Minute, 0, 0, -time.Minute, -time.Minute},
	} {
		if off := ask(c.ahead, c.there, c.back); off < c.low || off > c.high {
			t.Errorf("%+v: the engine is ahead by %v", c, off)
		}
	}
}

type nothing struct{}

func (nothing) FlowName() string          { return "nothing" }
func (nothing) Decide(*Turn)              {}
func (nothing) Render(*Record, View) Card { return Card{} }

// handClock is a clock that a test turns by hand, also while an engine reads it.
type handClock struct{ ms atomic.Int64 }

func newHandClock() *handClock {
	c := &handClock{}
	c.ms.Store(1_700_000_000_000)
	return c
}

func (c *handClock) now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

func (c *handClock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }
