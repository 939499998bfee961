package dialog

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// alarm is a flow with two timers: that of a text "bad" has a defect.
type alarm struct {
	mu    sync.Mutex
	tries int // of the bad timer
}

func (*alarm) FlowName() string          { return "alarm" }
func (*alarm) Render(*Record, View) Card { return Card{Question: "?"} }

func (a *alarm) Decide(t *Turn) {
	switch {
	case t.Input.Kind == KindText:
		t.Record.Step, t.Record.Draft = "waiting", "d"
		t.Record.SetDraft([]byte("{}"), nil)
		t.Wake(t.Input.Text, time.Minute)
		t.Applied()
	case t.Input.Name == "bad":
		a.mu.Lock()
		a.tries++
		a.mu.Unlock()
		panic("no bell")
	default:
		t.Say("rung", nil)
	}
}

// TestTimerWithADefect: instances that sweep side by side try a timer whose turn has a
// defect every few minutes, and tell of it once each. Other people's timers fire in time.
func TestTimerWithADefect(t *testing.T) {
	for _, mode := range []Mode{Database, Lightweight} {
		t.Run(mode.String(), func(t *testing.T) {
			ctx := context.Background()
			var mu sync.Mutex
			now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
			clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
			store, flow := NewMemory(), &alarm{}
			store.SetNow(clock)
			var told []string
			var sweepers []*sweeper
			for n := range 2 {
				e, err := New(store, Config{Bot: "bot", Instance: fmt.Sprint("host", n, ".1"), Now: clock, Mode: func(string) Mode { return mode },
					Recorder: Recorder{Trouble: func(what string, err error) {
						mu.Lock()
						defer mu.Unlock()
						told = append(told, fmt.Sprint(n, " ", what, ": ", err))
					}}}, flow)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = e.Close(ctx) })
				s := newSweeper(e)
				s.pruned = now
				sweepers = append(sweepers, s)
			}
			say := func(owner, text string) {
				in := Input{ID: owner + now.String(), Kind: KindText, Owner: owner, Text: text}
				if _, err := sweepers[0].e.Handle(ctx, in); err != nil {
					t.Fatal(err)
				}
			}
			say("tg:1", "bad")
			for second := range 3600 {
				if second%600 == 0 {
					say("tg:2", "good")
				}
				mu.Lock()
				now = now.Add(time.Second)
				mu.Unlock()
				for _, s := range sweepers {
					s.round(ctx)
				}
				if second%600 == 75 {
					r, _, err := sweepers[0].e.Hydrate(ctx, Key{"bot", "alarm", "tg:2"})
					if err != nil || r.Said == nil || r.Said.Code != "rung" || len(r.Timers) > 0 {
						t.Errorf("after %d s the other person's timer has not fired: %+v, %v", second, r, err)
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if flow.tries < 2 || flow.tries > 2*2*14 { // each looks at the cache, and then at the row
				t.Errorf("%d tries in an hour", flow.tries)
			}
			if len(told) > 2 || len(told) == 0 || !strings.Contains(told[0], "wake bad") {
				t.Errorf("told %d times, first %q", len(told), told[:min(2, len(told))])
			}
		})
	}
}
