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
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// jobs is a flow whose texts are effects: each word is one.
type jobs struct{ effects dialog.Effects }

func (jobs) FlowName() string              { return "jobs" }
func (j jobs) EffectFuncs() dialog.Effects { return j.effects }

func (j jobs) Decide(t *dialog.Turn) {
	if t.Input.Kind == dialog.KindResult {
		return
	}
	t.Record.Step, t.Record.Draft = "open", "d"
	t.Record.Answers = fmt.Append(t.Record.Answers, t.Input.Text, " ")
	for _, name := range strings.Fields(t.Input.Text) {
		if j.effects[name] != nil {
			t.Do(name, nil)
		}
	}
	t.Anew()
}

func (jobs) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: string(r.Answers)}
}

// yard is a bot with jobs, in a bubble of time.
type yard struct {
	*testing.T
	effects dialog.Effects
	chat    *dialogtest.Chat
	line    *hanging
	store   *dialogtest.Faulty
	bot     *dialog.Engine
	inputs  int

	mu   sync.Mutex
	done []string // names of the effects that were done, each time
}

// hanging is a chat whose line may hang until its context ends.
type hanging struct {
	*dialogtest.Chat
	hang atomic.Bool
}

func (h *hanging) Show(ctx context.Context, s dialog.Showing) (string, error) {
	if h.hang.Load() {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return h.Chat.Show(ctx, s)
}

func newYard(t *testing.T) *yard {
	y := &yard{T: t, effects: dialog.Effects{}, chat: dialogtest.NewChat(time.Now), store: dialogtest.NewFaulty(dialog.NewMemory())}
	y.line = &hanging{Chat: y.chat}
	bot, err := dialog.New(y.store, dialog.Config{}, jobs{y.effects})
	if err != nil {
		t.Fatal(err)
	}
	y.bot = bot
	bot.Attach(y.line)
	t.Cleanup(func() { _ = bot.Close(context.Background()) })
	return y
}

func (y *yard) key() dialog.Key { return dialog.Key{Bot: y.bot.Bot(), Flow: "jobs", ID: "chat:1"} }

// does is an effect that succeeds after f.
func (y *yard) does(name string, f func(ctx context.Context) error) dialog.EffectFunc {
	return func(ctx context.Context, _ *dialog.Record, _ json.RawMessage, _ string) error {
		if f != nil {
			if err := f(ctx); err != nil {
				return err
			}
		}
		y.mu.Lock()
		defer y.mu.Unlock()
		y.done = append(y.done, name)
		return nil
	}
}

func (y *yard) say(text string) {
	y.Helper()
	y.inputs++
	_, err := y.bot.Handle(y.Context(), dialog.Input{ID: fmt.Sprint(y.inputs), Kind: dialog.KindText, Owner: "chat:1", Text: text,
		Place: dialog.Place{Channel: dialogtest.ChatName, Address: "1", Push: true}})
	if err != nil {
		y.Fatal(err)
	}
}

// shows checks the card that is shown at this moment of the bubble's time.
func (y *yard) shows(want string) {
	y.Helper()
	synctest.Wait()
	m := y.chat.Messages("1")
	if len(m) != 1 || m[0].Card.Question != want {
		y.Errorf("shown %+v, want %q", m, want)
	}
}

func (y *yard) did(want ...string) {
	y.Helper()
	synctest.Wait()
	y.mu.Lock()
	defer y.mu.Unlock()
	if got := slices.Sorted(slices.Values(y.done)); !slices.Equal(got, want) {
		y.Errorf("done %v, want %v", got, want)
	}
}

// A card comes at once, whatever the effects of its conversation do, and so do other
// effects.
func TestCardsWaitForNoEffect(t *testing.T) {
	for name, hang := range map[string]func(ctx context.Context, leave chan struct{}) error{
		"until its context ends": func(ctx context.Context, _ chan struct{}) error { <-ctx.Done(); return ctx.Err() },
		"for good":               func(_ context.Context, leave chan struct{}) error { <-leave; return errors.New("left") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leave := make(chan struct{})
				y := newYard(t)
				y.effects["quick"] = y.does("quick", nil)
				y.effects["slow"] = y.does("slow", func(ctx context.Context) error { return hang(ctx, leave) })
				y.say("slow slow quick")
				y.shows("slow slow quick ")
				y.did("quick")
				y.say("two")
				y.shows("slow slow quick two ")
				y.say("quick")
				y.shows("slow slow quick two quick ")
				y.did("quick", "quick")
				time.Sleep(time.Minute)
				y.say("last")
				y.shows("slow slow quick two quick last ")
				close(leave)
			})
		})
	}
}

// A channel that hangs delays no effect.
func TestEffectsWaitForNoCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.effects["quick"] = y.does("quick", nil)
		y.line.hang.Store(true)
		y.say("one")
		y.say("quick")
		y.did("quick")
		y.line.hang.Store(false)
	})
}

// An effect that has succeeded is done once by its process, however long the database is
// away before its end is recorded.
func TestEffectIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.effects["quick"] = y.does("quick", func(context.Context) error {
			y.store.Func(func(m dialogtest.Method, _ *dialog.Batch) dialogtest.Fault {
				return dialogtest.Fault{Before: dialogtest.ErrFault}
			})
			return nil
		})
		y.say("quick")
		time.Sleep(10 * time.Minute)
		y.store.Heal()
		time.Sleep(2 * time.Minute)
		y.did("quick")
		if r, _, err := y.bot.Hydrate(t.Context(), y.key()); err != nil || len(r.Pending) > 0 {
			t.Errorf("pending %v, %v", r.Pending, err)
		}
	})
}

// A failing effect is tried after 1 s, doubled up to a minute, also while other turns are
// made; it ends when another instance has done it.
func TestEffectIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newYard(t)
		y.effects["more"] = y.does("more", nil)
		var at []time.Duration
		began := time.Now()
		y.effects["fails"] = y.does("fails", func(context.Context) error {
			at = append(at, time.Since(began))
			return errors.New("not yet")
		})
		y.say("fails")
		for range 50 {
			time.Sleep(5 * time.Second)
			y.say("more")
		}
		synctest.Wait()
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 243}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(at, want) {
			t.Errorf("tried at %v, want %v", at, want)
		}
		r, _, err := y.bot.Hydrate(t.Context(), y.key())
		if err != nil || len(r.Pending) != 1 {
			t.Fatal(r.Pending, err)
		}
		id := r.Pending[0].ID
		if _, err := y.bot.Handle(t.Context(), dialog.Input{ID: "effect:" + id, Kind: dialog.KindResult, Key: y.key(), Name: "fails", Value: id}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if len(at) != len(want) || y.bot.Stats().Couriers != 0 {
			t.Errorf("tried %d times, %d couriers", len(at), y.bot.Stats().Couriers)
		}
	})
}
