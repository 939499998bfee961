package dialog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// alarm is a flow whose texts set timers: that of a text "bad" has a defect.
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
		t.Event("rung", t.Input.Name)
	}
}

// alarms are two instances of an alarm that sweep side by side.
type alarms struct {
	*testing.T
	*alarm
	store    *Memory
	sweepers []*sweeper

	mu   sync.Mutex
	now  time.Time
	told []string
}

func newAlarms(t *testing.T, mode Mode) *alarms {
	a := &alarms{T: t, alarm: &alarm{}, store: NewMemory(), now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { a.mu.Lock(); defer a.mu.Unlock(); return a.now }
	a.store.SetNow(clock)
	for n := range 2 {
		e, err := New(a.store, Config{Bot: "bot", Instance: fmt.Sprint("host", n, ".1"), Now: clock, Mode: func(string) Mode { return mode },
			Recorder: Recorder{Trouble: func(what string, err error) {
				a.mu.Lock()
				defer a.mu.Unlock()
				a.told = append(a.told, fmt.Sprint(n, " ", what, ": ", err))
			}}}, a.alarm)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close(context.Background()) })
		s := newSweeper(e)
		s.pruned = a.now
		a.sweepers = append(a.sweepers, s)
	}
	return a
}

// say gives the second instance a text.
func (a *alarms) say(owner, text string) {
	a.Helper()
	in := Input{ID: owner + text + a.sweepers[0].e.Now().String(), Kind: KindText, Owner: owner, Text: text}
	if _, err := a.sweepers[1].e.Handle(a.Context(), in); err != nil {
		a.Fatal(err)
	}
}

// turn sets the clock forward.
func (a *alarms) turn(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
}

// pass lets time pass; both sweep every second.
func (a *alarms) pass(d time.Duration) {
	for ; d > 0; d -= time.Second {
		a.turn(time.Second)
		for _, s := range a.sweepers {
			s.round(a.Context())
		}
	}
}

// rung checks that the timers of owner that can be fired have fired, each once, and that the
// second instance has the draft.
func (a *alarms) rung(owner string, names ...string) {
	a.Helper()
	r, _, err := a.sweepers[1].e.Hydrate(a.Context(), Key{"bot", "alarm", owner})
	if err != nil || r.Lost || string(r.Answers) != "{}" {
		a.Errorf("%+v, %v", r, err)
	}
	left := slices.ContainsFunc(r.Timers, func(t Timer) bool { return slices.Contains(names, t.Name) })
	var fired []string
	for _, ev := range a.store.Logged() {
		if ev.Kind == "rung" && ev.Key == r.Key.String() {
			fired = append(fired, ev.Cause)
		}
	}
	if left || !slices.Equal(fired, names) {
		a.Errorf("fired %v, left %v; want %v", fired, r.Timers, names)
	}
}

// TestTimerWithADefect: instances that sweep side by side try a timer whose turn has a
// defect every few minutes, and tell of it once each. Other people's timers fire in time.
func TestTimerWithADefect(t *testing.T) {
	for _, mode := range []Mode{Database, Lightweight} {
		t.Run(mode.String(), func(t *testing.T) {
			a := newAlarms(t, mode)
			a.say("tg:1", "bad")
			var fired []string
			for range 6 {
				a.say("tg:2", "good")
				a.pass(75 * time.Second)
				fired = append(fired, "good")
				a.rung("tg:2", fired...)
				a.pass(525 * time.Second)
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.tries < 2 || a.tries > 2*2*14 { // each looks at the cache, and then at the row
				t.Errorf("%d tries in an hour", a.tries)
			}
			if len(a.told) > 2 || len(a.told) == 0 || !strings.Contains(a.told[0], "wake bad") {
				t.Errorf("told %d times, first %q", len(a.told), a.told[:min(2, len(a.told))])
			}
		})
	}
}

// TestTimersBesideADefect: a timer whose turn has a defect holds up no other timer of its
// conversation, and costs no draft that is in the memory of another instance.
func TestTimersBesideADefect(t *testing.T) {
	for _, mode := range []Mode{Database, Lightweight} {
		t.Run(mode.String(), func(t *testing.T) {
			a := newAlarms(t, mode)
			a.say("tg:1", "bad")
			a.say("tg:1", "bell")
			a.pass(75 * time.Second)
			a.rung("tg:1", "bell")
			a.pass(30 * time.Second)
			a.say("tg:1", "gong") // while the bad one rests
			a.pass(75 * time.Second)
			a.rung("tg:1", "bell", "gong")
		})
	}
}

// TestInputBesideADefect: an input comes after all timers that can be fired.
func TestInputBesideADefect(t *testing.T) {
	a := newAlarms(t, Database)
	a.say("tg:1", "bad")
	a.say("tg:1", "bell")
	a.turn(2 * time.Minute)
	a.say("tg:1", "gong")
	a.rung("tg:1", "bell")
}
