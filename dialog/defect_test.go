package dialog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// shaky is a flow that repeats its inputs, and has defects on demand.
type shaky struct {
	decide, render, effect, final, result atomic.Bool

	mu   sync.Mutex
	keys []string    // of the effect's calls
	at   []time.Time // and when they were
}

func (*shaky) FlowName() string { return "shaky" }

func (s *shaky) Decide(t *dialog.Turn) {
	in := t.Input
	switch {
	case in.Text == "boom", in.Kind == dialog.KindWake && in.Name == "boom" && s.decide.Load():
		panic("what ann has typed: " + in.Text)
	case in.Kind == dialog.KindWake && in.Name == "again":
		t.WakeAt("again", time.UnixMilli(mustInt(in.Value))) // for the same moment, for ever
	case in.Kind == dialog.KindResult && s.result.Load():
		panic("no receipt")
	case in.Kind == dialog.KindResult:
		t.Say("plain", map[string]string{"text": "printed " + in.Text})
	case in.Text == "print":
		t.Do("print", 1)
	case in.Text == "boom later", in.Text == "again later":
		t.Wake(strings.Fields(in.Text)[0], time.Minute)
	}
	if in.Kind == dialog.KindText {
		t.Say("plain", map[string]string{"text": in.Text})
		t.Anew()
	}
}

func mustInt(s string) (n int64) {
	if _, err := fmt.Sscan(s, &n); err != nil {
		panic(err)
	}
	return n
}

func (s *shaky) Text(_, code string, _ map[string]string) string {
	return map[string]string{dialog.CodeDefect: "Something is wrong on our side.\nTry again."}[code]
}

func (s *shaky) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	if s.render.Load() {
		return []dialog.Card{}[r.Version] // there is none
	}
	if r.Said == nil {
		return dialog.Card{Question: "nothing"}
	}
	return dialog.Card{Question: r.Said.Args["text"]}
}

func (s *shaky) EffectFuncs() dialog.Effects {
	return dialog.Effects{"print": func(_ context.Context, _ *dialog.Record, _ json.RawMessage, key string) error {
		effect, final := s.effect.Load(), s.final.Load() // as they are before anybody hears of the call
		s.mu.Lock()
		s.keys, s.at = append(s.keys, key), append(s.at, time.Now())
		s.mu.Unlock()
		switch {
		case effect:
			panic("no paper")
		case final:
			return dialog.Forever(errors.New("no printer"))
		}
		return nil
	}}
}

func (s *shaky) printed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.keys...)
}

// shed is an engine of the shaky flow with a chat.
type shed struct {
	*testing.T
	flow   *shaky
	clock  *dialogtest.Clock
	now    func() time.Time // the clock's, unless a test has another one
	memory *dialog.Memory
	store  *dialogtest.Faulty
	chat   *dialogtest.Chat
	bot    *dialog.Engine
	place  dialog.Place
	inputs int

	mu       sync.Mutex
	troubles []string
}

func newShed(t *testing.T) *shed {
	clock := dialogtest.NewClock(time.Time{})
	s := newShedAt(t, clock.Now)
	s.clock = clock
	return s
}

func newShedAt(t *testing.T, now func() time.Time) *shed {
	s := &shed{T: t, flow: &shaky{}, now: now, memory: dialog.NewMemory(),
		place: dialog.Place{Channel: dialogtest.ChatName, Address: "1", Push: true}}
	s.memory.SetNow(now)
	s.store = dialogtest.NewFaulty(s.memory)
	s.chat = dialogtest.NewChat(now)
	s.bot = s.engine(dialog.Config{})
	s.bot.Attach(s.chat)
	return s
}

func (s *shed) engine(c dialog.Config) *dialog.Engine {
	s.Helper()
	c.Now = s.now
	c.Recorder.Trouble = func(what string, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.troubles = append(s.troubles, fmt.Sprint(what, ": ", err))
	}
	bot, err := dialog.New(s.store, c, s.flow)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = bot.Close(context.Background()) })
	return bot
}

func (s *shed) input(id, text string) dialog.Input {
	return dialog.Input{ID: id, Kind: dialog.KindText, Owner: "chat:1", Text: text, Place: s.place}
}

func (s *shed) say(text string) dialog.Outcome {
	s.Helper()
	s.inputs++
	out, err := s.bot.Handle(s.Context(), s.input(fmt.Sprint("m", s.inputs), text))
	if err != nil {
		s.Fatalf("say %q: %v", text, err)
	}
	return out
}

func (s *shed) told(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.troubles, "\n"), what)
}

func (s *shed) shows(want string) {
	s.Helper()
	s.eventually(fmt.Sprintf("the card %q", want), func() bool {
		m := s.chat.Messages("1")
		return len(m) > 0 && strings.Contains(fmt.Sprint(m[len(m)-1]), want)
	})
}

func (s *shed) eventually(what string, ok func() bool) {
	s.Helper()
	defer func() {
		if s.Failed() {
			s.Logf("shown: %v", s.chat.Messages("1"))
		}
	}()
	soon(s, what, ok)
}

// A panic in Decide parks its input; the process, the key's lock and everything
// else go on.
func TestPanicInDecide(t *testing.T) {
	s := newShed(t)
	s.say("one")
	boom := s.input("boom", "boom")
	for range 2 {
		if _, err := s.bot.Handle(t.Context(), boom); !errors.Is(err, dialog.ErrSchemaNewer) {
			t.Fatalf("%v; want to be told to come again", err)
		}
		s.clock.Advance(30 * time.Second)
	}
	if !s.told("decide shaky") || !s.told("(*shaky).Decide") || s.told("ann") {
		t.Errorf("troubles tell what was typed, or not where it was: %q", s.troubles)
	}
	s.clock.Advance(time.Second)
	out, err := s.bot.Handle(t.Context(), boom)
	if err != nil || out.Did != dialog.DidPark || out.Toast == nil || out.Toast.Code != "defect" {
		t.Fatalf("%v %+v, %v; want parked, and told", out.Did, out.Toast, err)
	}
	s.say("two")
	s.shows("two")
}

// Each input that meets a defect has a minute of its own, in which another version
// may take it, whatever other inputs do meanwhile.
func TestDefectsAreCountedEach(t *testing.T) {
	s := newShed(t)
	handle := func(id string) dialog.Did {
		t.Helper()
		out, err := s.bot.Handle(t.Context(), s.input(id, "boom"))
		if err != nil && !errors.Is(err, dialog.ErrSchemaNewer) {
			t.Fatal(err)
		}
		return out.Did
	}
	for n := range 10 {
		id := fmt.Sprint("boom ", n)
		for range 4 {
			if did := handle(id); did == dialog.DidPark {
				t.Fatalf("%s: parked before its minute is over", id)
			}
			s.say("one")
			s.clock.Advance(15 * time.Second)
		}
		if did := handle(id); did != dialog.DidPark {
			t.Fatalf("%s: %v after a minute, want parked", id, did)
		}
		s.clock.Advance(10 * time.Second)
	}
}

// Inputs get through although a timer's turn panics, or sets the timer for now again and
// again.
func TestInputsPassBadTimers(t *testing.T) {
	for _, text := range []string{"boom later", "again later"} {
		t.Run(text, func(t *testing.T) {
			s := newShed(t)
			s.flow.decide.Store(true)
			s.say(text)
			s.clock.Advance(2 * time.Minute)
			s.say("still here")
			s.shows("still here")
			if text != "boom later" {
				return
			}
			if _, err := s.bot.Sweep(t.Context(), 0); err != nil || !s.told("wake boom") {
				t.Errorf("sweep: %v, told %q", err, s.troubles)
			}
			s.flow.decide.Store(false) // a version that can
			s.clock.Advance(time.Hour)
			out := s.say("and now")
			if len(out.Record.Timers) != 0 {
				t.Errorf("timers left: %v", out.Record.Timers)
			}
		})
	}
}

// A card that cannot be rendered is shown by the version that can, and the page
// says so meanwhile.
func TestPanicInRender(t *testing.T) {
	s := newShed(t)
	s.flow.render.Store(true)
	out := s.say("one")
	s.eventually("told", func() bool { return s.told("render shaky") && s.bot.Stats().Couriers == 0 })
	if c := s.bot.Render(out.Record, dialog.View{}); !strings.Contains(c.Question, "wrong on our side") || c.Conversation != out.Record.Key {
		t.Errorf("card: %+v", c)
	}
	if c := s.bot.Render(&dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: "bot", Flow: "other", ID: "1"}}}, dialog.View{}); c.Question == "" {
		t.Error("no card for a flow that is not there")
	}
	if len(s.chat.Messages("1")) != 0 {
		t.Errorf("shown: %v", s.chat.Messages("1"))
	}
	s.flow.render.Store(false)
	if _, err := s.bot.Sweep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	s.shows("one")
}

// An effect that fails is done again with the same key, until it has succeeded
// or no retry will mend it.
func TestEffects(t *testing.T) {
	for _, forever := range []bool{false, true} {
		s := newShed(t)
		s.flow.effect.Store(true)
		s.say("print")
		s.eventually("the first try", func() bool { return len(s.flow.printed()) == 1 })
		s.flow.effect.Store(false)
		s.flow.final.Store(forever)
		s.eventually("the retry waits", func() bool { s.clock.Advance(time.Second); return len(s.flow.printed()) == 2 })
		if k := s.flow.printed(); k[0] != k[1] || k[0] == "" {
			t.Errorf("keys %q", k)
		}
		s.eventually("the end is a turn", func() bool {
			r, _, err := s.bot.Hydrate(t.Context(), dialog.Key{Bot: "bot", Flow: "shaky", ID: "chat:1"})
			return err == nil && len(r.Pending) == 0
		})
		want := "printed "
		if forever {
			want = "printed failed"
		}
		s.shows(want)
		if forever != s.told("for good: no printer") {
			t.Errorf("told: %q", s.troubles)
		}
	}
}

// A turn whose caller has left is shown.
func TestCallerLeaves(t *testing.T) {
	s := newShed(t)
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	bot := s.engine(dialog.Config{Gate: func(point string) {
		if point == "batch" && ctx.Err() == nil {
			cancel()
			<-release
		}
	}})
	bot.Attach(s.chat)
	_, err := bot.Handle(ctx, s.input("m1", "one"))
	close(release)
	if !errors.Is(err, dialog.ErrUnavailable) {
		t.Fatalf("%v; want unavailable: nobody knows", err)
	}
	s.shows("one")
}

// A detached process commits what another one shows.
func TestDetached(t *testing.T) {
	s := newShed(t)
	detached := s.engine(dialog.Config{Detached: true})
	if _, err := detached.Handle(t.Context(), s.input("m1", "one")); err != nil {
		t.Fatal(err)
	}
	row, err := s.memory.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "shaky", ID: "chat:1"})
	if err != nil || row.Due > s.clock.Now().UnixMilli() {
		t.Fatalf("due %d at %d, %v", row.Due, s.clock.Now().UnixMilli(), err)
	}
	if _, err := s.bot.Sweep(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.shows("one")
}

// Close leaves nothing running, in no mode.
func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for _, mode := range []dialog.Mode{dialog.Database, dialog.Hybrid, dialog.Redis, dialog.Lightweight} {
		clock := dialogtest.NewClock(time.Time{})
		memory := dialog.NewMemory()
		memory.SetNow(clock.Now)
		b, drafts := doubled(clock)
		bot, err := dialog.New(memory, dialog.Config{Drafts: b.drafts, Now: clock.Now, Mode: func(string) dialog.Mode { return mode }}, pizza)
		if err != nil {
			t.Fatal(err)
		}
		bot.Attach(dialogtest.NewChat(clock.Now))
		ctx, cancel := context.WithCancel(t.Context())
		running := make(chan error)
		go func() { running <- bot.Run(ctx) }()
		for i, in := range []dialog.Input{{Kind: dialog.KindCommand, Name: "create"}, {Kind: dialog.KindText, Text: "large"}, {Kind: dialog.KindText, Text: "2"}} {
			in.ID, in.Owner = fmt.Sprint(i), "tg:1"
			in.Place = dialog.Place{Channel: dialogtest.ChatName, Address: "1", Push: true}
			if _, err := bot.Handle(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := <-running; err != nil {
			t.Fatal(err)
		}
		if err := bot.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		calls := drafts.calls("")
		stays(t, fmt.Sprintf("%s: the draft store is left alone after Close", mode), func() bool { return drafts.calls("") == calls })
	}
	soon(t, "nothing runs", func() bool { return goleak.Find(before) == nil })
}

// torn panics wherever the engine asks it about an input or a draft.
type torn struct{ silentFlow }

func (torn) FlowName() string          { return "torn" }
func (torn) Match(string) bool         { panic("match") }
func (torn) Passes(*dialog.Input) bool { panic("pass") }
func (torn) Knows(*dialog.Head) bool   { panic("know") }

type silentFlow struct{}

func (silentFlow) FlowName() string                               { return "silent" }
func (silentFlow) Decide(t *dialog.Turn)                          { t.Say("heard", nil) }
func (silentFlow) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{} }

// TestPanicInRoute: a flow that panics when it is asked whether an input is its own gets
// none. The other flow goes on.
func TestPanicInRoute(t *testing.T) {
	var troubles []string
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{Recorder: dialog.Recorder{
		Trouble: func(what string, _ error) { troubles = append(troubles, what) }}}, silentFlow{}, torn{})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(context.Background())
	for _, in := range []dialog.Input{{ID: "1", Text: "hello"}, {ID: "2", Kind: dialog.KindTap, Bound: true, Draft: "D-1", Name: "go"}, {ID: "3", Value: "D-1"}} {
		in.Owner = "ann"
		if _, err := bot.Handle(t.Context(), in); err != nil {
			t.Errorf("input %s: %v", in.ID, err)
		}
	}
	if !slices.Contains(troubles, "pass torn") {
		t.Errorf("troubles %q", troubles)
	}
}
