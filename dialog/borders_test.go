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

// TestNextLook: of timers the earliest counts, of those at one time the first by name. ForgetTimer counts outside of a flow
// alone, and the sweeper looks again at a timer only if it is ahead.
func TestNextLook(t *testing.T) {
	now := time.UnixMilli(1000)
	at := func(name string, ms int64) Timer { return Timer{Name: name, At: ms} }
	for _, x := range []struct {
		step   string
		timers []Timer
		next   string
		look   int64 // after a pause of 500 ms
	}{
		{"", nil, "", 1500},
		{"on", []Timer{at("a", 1200)}, "a", 1200},
		{"on", []Timer{at("b", 1300), at("a", 1200), at("c", 1400)}, "a", 1200},
		{"on", []Timer{at("b", 1200), at("a", 1200)}, "a", 1200},
		{"on", []Timer{at("a", 1200), at("b", 1200)}, "a", 1200},
		{"on", []Timer{at("a", 900)}, "a", 1500}, // due
		{"on", []Timer{at("a", 1000)}, "a", 1500},
		{"on", []Timer{at("a", 1001)}, "a", 1001},
		{"on", []Timer{at("a", 900), at("b", 1100)}, "a", 1100},
		{"on", []Timer{at("a", 9000)}, "a", 1500},
		{"on", []Timer{at(ForgetTimer, 1200)}, "", 1500},
		{"", []Timer{at(ForgetTimer, 1200)}, ForgetTimer, 1200},
		{"on", []Timer{at(ForgetTimer, 1100), at("a", 1200)}, "a", 1200},
	} {
		r := &Record{Head: Head{Step: x.step}, Timers: x.timers}
		if got := r.nextTimer().Name; got != x.next {
			t.Errorf("step %q, timers %v: next is %q, want %q", x.step, x.timers, got, x.next)
		}
		if got := r.lookAgain(now, 500*time.Millisecond); got != x.look {
			t.Errorf("step %q, timers %v: looks again at %d, want %d", x.step, x.timers, got, x.look)
		}
	}
}

// TestControls: a text keeps its tabs and its ends of lines, and no other control character.
func TestControls(t *testing.T) {
	for r := rune(0); r < 0x100; r++ {
		want := r < ' ' && r != '\t' && r != '\n' && r != '\r'
		if control(r) != want {
			t.Errorf("%q: %t", r, !want)
		}
	}
}

// TestCacheKeepsTheNewest: beyond its bytes a cache keeps the record that was used last, however large, and that alone.
func TestCacheKeepsTheNewest(t *testing.T) {
	c := newCache(1)
	for _, id := range []string{"a", "b", "c"} {
		c.put(&Record{Head: Head{Key: Key{"bot", "lines", id}}})
		if n, _ := c.stats(); n != 1 || c.get(Key{"bot", "lines", id}) == nil {
			t.Errorf("%s: %d records", id, n)
		}
	}
}

// TestMemoryKeepsMilliseconds: the times of a row come back in whole milliseconds UTC, as from a database.
func TestMemoryKeepsMilliseconds(t *testing.T) {
	at := time.Date(2026, 12, 3, 4, 5, 6, 789_987_654, time.FixedZone("", 3600))
	r := copyRow(&Row{Head: Head{Created: at, Updated: at}})
	want := time.Date(2026, 12, 3, 3, 5, 6, 789_000_000, time.UTC)
	if r.Created != want || r.Updated != want || !r.Expires.IsZero() {
		t.Errorf("%v, %v and %v", r.Created, r.Updated, r.Expires)
	}
}
