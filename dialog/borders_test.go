package dialog

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestLater: of two messages of one counter the one with the higher number was sent later. Nothing is known of others.
func TestLater(t *testing.T) {
	for _, x := range []struct {
		a, b string
		want bool
	}{
		{"6", "5", true}, {"5", "5", false}, {"5", "6", false}, {"10", "9", true}, {"6@2", "5@2", true}, {"6@2", "5", false}, {"6", "5@2", false},
		{"x", "5", false}, {"6", "x", false}, {"", "", false}, {"6", "", false},
	} {
		if got := later(x.a, x.b); got != x.want {
			t.Errorf("%q after %q: %t", x.a, x.b, got)
		}
	}
}

// TestDefaults: what Config says of fields that are not set. Each engine is an instance of its own.
func TestDefaults(t *testing.T) {
	c := Config{}.withDefaults()
	if c.SessionGap != 30*time.Minute || c.CacheBytes != 16<<20 || c.EventsFor != 90*24*time.Hour || c.Bot != "bot" || c.Zone != time.UTC || c.Mode("x") != Database {
		t.Errorf("%+v", c)
	}
	a, b := &Engine{cfg: c}, &Engine{cfg: Config{}.withDefaults()}
	if a.Host() == "" || a.cfg.Instance == b.cfg.Instance {
		t.Errorf("instances %q and %q", a.cfg.Instance, b.cfg.Instance)
	}
}

// gaps is a flow that notes whether an input came after a gap.
type gaps struct{ lines }

func (gaps) Decide(t *Turn) {
	t.Record.Step = "on"
	t.Say(map[bool]string{true: "after a gap", false: "at once"}[t.Gap], nil)
}

// TestGapBegins: an input that comes SessionGap after the last turn comes after a gap, and one a moment earlier does not.
func TestGapBegins(t *testing.T) {
	clock := newHandClock()
	store := NewMemory()
	store.SetNow(clock.now)
	e, err := New(store, Config{Now: clock.now, SessionGap: time.Hour}, gaps{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	for i, x := range []struct {
		after time.Duration
		want  string
	}{{0, "at once"}, {time.Hour - time.Millisecond, "at once"}, {time.Hour, "after a gap"}, {0, "at once"}} {
		clock.advance(x.after)
		out, err := e.Handle(t.Context(), Input{ID: string(rune('a' + i)), Kind: KindText, Text: "+", Owner: "tg:1"})
		if err != nil || out.Record.Said.Code != x.want {
			t.Errorf("%v later: %+v, %v", x.after, out.Record.Said, err)
		}
	}
}

// TestEchoesLeaveRoom: what repeats itself a whole day leaves room for what happens.
func TestEchoesLeaveRoom(t *testing.T) {
	var d daily
	now, key := time.UnixMilli(1_700_000_000_000), Key{"bot", "lines", "tg:1"}
	taken := 0
	for range 2 * eventsMost {
		if d.take(key, EventDuplicate, now) {
			taken++
		}
	}
	if taken != echoesMost {
		t.Errorf("%d echoes, want %d", taken, echoesMost)
	}
	for range 2 * eventsMost {
		if d.take(key, EventStarted, now) {
			taken++
		}
	}
	if taken != eventsMost {
		t.Errorf("%d events, want %d", taken, eventsMost)
	}
}

// pruning is a store with old events.
type pruning struct {
	*Memory
	left []int // of the next calls of Prune
}

func (p *pruning) Prune(context.Context, time.Time) (n int, err error) {
	if len(p.left) == 0 {
		return 0, nil
	}
	n, p.left = p.left[0], p.left[1:]
	return n, nil
}

// TestPrunedIsCounted: a sweep says how many events it has deleted, over all its calls of the store, and none where it cannot
// know which may go.
func TestPrunedIsCounted(t *testing.T) {
	var unknown error
	e, err := New(&pruning{NewMemory(), []int{200, 3}}, Config{Counted: func(context.Context) (time.Time, error) { return time.Now(), unknown }}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	if n, done, err := e.prune(t.Context(), e.Now()); n != 203 || !done || err != nil {
		t.Errorf("%d events, done %t, %v", n, done, err)
	}
	unknown = errors.New("away")
	if n, done, err := e.prune(t.Context(), e.Now()); n != 0 || !done || err == nil {
		t.Errorf("unknown: %d events, done %t, %v", n, done, err)
	}
}

// asked is a store that counts the calls of Holders.
type asked struct {
	*Memory
	holders int
}

func (a *asked) Holders(ctx context.Context, prefix string) (map[string]string, error) {
	a.holders++
	return a.Memory.Holders(ctx, prefix)
}

// TestPeersListIsFresh: the list of instances is asked for again after peerEvery, and if the clock was set back.
func TestPeersListIsFresh(t *testing.T) {
	clock := newHandClock()
	store := &asked{Memory: NewMemory()}
	e, err := New(store, Config{Now: clock.now}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	p := &peers{e: e}
	for _, x := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {0, 1}, {peerEvery - time.Millisecond, 1}, {time.Millisecond, 2}, {-time.Hour, 3}, {0, 3}} {
		clock.advance(x.after)
		if _, err := p.list(t.Context()); err != nil || store.holders != x.want {
			t.Errorf("%v later: asked %d times, want %d, %v", x.after, store.holders, x.want, err)
		}
	}
}

// TestDayIsOfTheZone: a date is that of the reader's zone.
func TestDayIsOfTheZone(t *testing.T) {
	at := time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC)
	if got := Words(nil).Day(View{Now: at, Zone: time.FixedZone("", 2*60*60)}, at); got != "2026-11-25" {
		t.Errorf("it is written %q", got)
	}
}
