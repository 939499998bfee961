package dialog

import (
	"context"
	"errors"
	"testing"
	"time"
)

// due sets a timer, and keeps what it is told of the door when that fires.
type due struct {
	silent
	heard *[]time.Time
}

func (due) FlowName() string { return "due" }

func (d due) Decide(t *Turn) {
	if t.Input.Kind == KindWake {
		*d.heard = append(*d.heard, t.OpenSince)
		return
	}
	t.Record.Step, t.Record.Draft = "waits", "d"
	t.Wake("ring", 0)
	t.Applied()
}

// street is a store and a clock, and instances that come and go.
type street struct {
	*testing.T
	*handClock
	store   *pausing
	heard   []time.Time
	started int
	inputs  int
}

// pausing is a store; a process may pause, or fail, before it takes the lease of the door.
type pausing struct {
	*Memory
	pause  func()
	failed error
}

func (p *pausing) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	if name == "open:bot" && p.pause != nil {
		pause := p.pause
		p.pause = nil
		pause()
	}
	return p.Memory.Lease(ctx, name, holder, ttl)
}

func (p *pausing) Holders(ctx context.Context, prefix string) (map[string]string, error) {
	if p.failed != nil {
		return nil, p.failed
	}
	return p.Memory.Holders(ctx, prefix)
}

func newStreet(t *testing.T) *street {
	s := &street{T: t, handClock: newHandClock(), store: &pausing{Memory: NewMemory()}}
	s.store.SetNow(s.now)
	return s
}

func (s *street) instance() *sweeper {
	s.Helper()
	s.started++
	e, err := New(s.store, Config{Instance: "here." + itoa(int64(s.started)), Now: s.now, Recorder: Recorder{Trouble: func(string, error) {}}}, due{heard: &s.heard})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = e.Close(context.Background()) })
	return newSweeper(e)
}

// sweeps lets an instance sweep every second.
func (s *street) sweeps(x *sweeper, d time.Duration) {
	for end := s.now().Add(d); s.now().Before(end); s.advance(time.Second) {
		x.round(s.Context())
	}
}

// since is what a timer of this instance hears of the door, by an input of a person.
func (s *street) since(x *sweeper) time.Time {
	s.Helper()
	s.heard = nil
	for range 2 { // the second input brings the timer of the first
		s.inputs++
		if _, err := x.e.Handle(s.Context(), Input{ID: itoa(int64(s.inputs)), Kind: KindText, Owner: "tg:1", Text: "x"}); err != nil {
			s.Fatal(err)
		}
	}
	if len(s.heard) == 0 {
		s.Fatal("no timer has fired")
	}
	return s.heard[0]
}

func (s *street) open(x *sweeper, want time.Time) {
	s.Helper()
	if got := s.since(x); !got.Equal(want) {
		s.Errorf("open since %v, want %v", got, want)
	}
}

// A restart goes on with the door that is open. After a gap of more than a minute it is
// opened anew.
func TestOpenSince(t *testing.T) {
	s := newStreet(t)
	began := s.now()
	for range 5 {
		x := s.instance()
		s.sweeps(x, 3*time.Minute)
		s.open(x, began)
		s.advance(2 * time.Second) // and is killed
	}
	s.advance(40 * time.Second)
	x := s.instance()
	s.sweeps(x, time.Minute)
	s.open(x, began)
	s.advance(61 * time.Second)
	x, began = s.instance(), s.now()
	s.sweeps(x, time.Second)
	s.open(x, began)
	s.sweeps(x, time.Hour)
	s.open(x, began)
}

// Instances agree, whoever sweeps. One that never swept asks before it fires a timer.
func TestOpenSinceOfTwo(t *testing.T) {
	s := newStreet(t)
	began := s.now()
	a, b := s.instance(), s.instance()
	for range 100 {
		a.round(t.Context())
		b.round(t.Context())
		s.advance(time.Second)
	}
	s.open(a, began)
	s.open(b, began)
	a.leave(t.Context())
	s.sweeps(b, 100*time.Second)
	s.open(b, began)
	s.open(s.instance(), began)
}

// It is unknown until the store has answered, while nobody sweeps, and after the answer has
// become old.
func TestOpenSinceUnknown(t *testing.T) {
	s := newStreet(t)
	s.open(s.instance(), time.Time{})
	x := s.instance()
	s.sweeps(x, time.Second)
	s.store.failed = errors.Join(ErrUnavailable)
	s.advance(openFresh)
	s.open(x, time.Time{})
	s.store.failed = nil
	s.advance(openFor)
	s.open(x, time.Time{})
	began := s.now()
	s.sweeps(x, time.Second)
	s.open(x, began)
}

// A process that is paused for an hour extends no door that was closed meanwhile: while it
// sweeps, or between its question and its lease.
func TestOpenSincePaused(t *testing.T) {
	s := newStreet(t)
	x := s.instance()
	s.sweeps(x, time.Minute)
	s.advance(time.Hour)
	began := s.now()
	s.sweeps(x, time.Minute)
	s.open(x, began)
	s.store.pause = func() { s.advance(time.Hour) }
	s.advance(openEvery)
	x.round(t.Context())
	began = s.now()
	s.sweeps(x, 10*time.Second)
	s.open(x, began)
}

// A door that another one has opened meanwhile is that one's.
func TestOpenSinceRace(t *testing.T) {
	s := newStreet(t)
	a, b := s.instance(), s.instance()
	began := s.now()
	s.store.pause = func() {
		s.advance(time.Second)
		if err := b.e.keepDoor(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := a.e.keepDoor(t.Context()); err != nil {
		t.Fatal(err)
	}
	began = began.Add(time.Second)
	s.open(a, began)
	s.open(b, began)
}
