package dialog_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// inTime is how long at most a card or an effect waits once it can be done.
const inTime = 2 * time.Minute

// line is a chat whose line can be down.
type line struct {
	*dialogtest.Chat
	down atomic.Bool
}

func (l *line) Show(ctx context.Context, s dialog.Showing) (string, error) {
	if l.down.Load() {
		return "", errBadGateway
	}
	return l.Chat.Show(ctx, s)
}

// minutes is a shed in which time passes by itself, and only while everybody
// waits. It begins a minute after the full hour.
type minutes struct {
	*shed
	line *line
}

func inMinutes(t *testing.T, f func(m *minutes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := &minutes{shed: newShedAt(t, time.Now)}
		m.line = &line{Chat: m.chat}
		m.bot.Attach(m.line)
		time.Sleep(time.Minute)
		f(m)
	})
}

// instance starts another one, which sweeps unless another does already.
func (m *minutes) instance(c dialog.Config, channels ...dialog.Channel) *dialog.Engine {
	m.Helper()
	bot := m.engine(c)
	bot.Attach(channels...)
	sweeps(m.T, bot)
	return bot
}

// sweeps lets an engine run until the test ends.
func sweeps(t *testing.T, bot *dialog.Engine) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { _ = bot.Run(ctx); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	time.Sleep(5 * time.Second) // and has looked at what was there before
}

// within waits for a condition that must hold in time.
func (m *minutes) within(d time.Duration, what string, is func() bool) {
	m.Helper()
	began := time.Now()
	for !is() {
		if late := time.Since(began); late > 2*time.Hour {
			m.Fatalf("not within %v: %s", late, what)
		}
		time.Sleep(time.Second)
	}
	if late := time.Since(began); late > d {
		m.Errorf("%s after %v, want %v at most", what, late, d)
	}
}

func (m *minutes) card() bool { return len(m.chat.Messages("1")) > 0 }

func (m *minutes) pending() bool {
	r, _, err := m.bot.Hydrate(context.Background(), dialog.Key{Bot: "bot", Flow: "shaky", ID: "chat:1"})
	return err != nil || len(r.Pending) > 0
}

// A card comes soon after the channel works again, after an outage of any length.
func TestCardAfterAnOutage(t *testing.T) {
	for _, outage := range []time.Duration{10 * time.Second, 4 * time.Minute, 20 * time.Minute, 50 * time.Minute, 3 * time.Hour} {
		t.Run(outage.String(), func(t *testing.T) {
			inMinutes(t, func(m *minutes) {
				sweeps(m.T, m.bot)
				m.line.down.Store(true)
				m.say("one")
				time.Sleep(outage)
				m.line.down.Store(false)
				m.within(inTime, "the card came", m.card)
			})
		})
	}
}

// Pauses that a channel asks for are waited for and are no failures: however
// many there are, the card comes at the end of the last one.
func TestPausesAreNoTries(t *testing.T) {
	for _, n := range []int{1, 9, 100} {
		inMinutes(t, func(m *minutes) {
			sweeps(m.T, m.bot)
			m.chat.Fail(slices.Repeat([]error{&dialog.RetryAfter{After: 3 * time.Second}}, n)...)
			m.say("one")
			time.Sleep(time.Duration(n) * 3 * time.Second)
			m.within(time.Second, "the card came", m.card)
		})
	}
	inMinutes(t, func(m *minutes) { // nor do they make the next failure one of many
		m.chat.Fail(slices.Concat(slices.Repeat([]error{&dialog.RetryAfter{After: 10 * time.Second}}, 9), []error{errBadGateway})...)
		m.say("one")
		time.Sleep(90 * time.Second)
		m.within(2*time.Second, "the card came", m.card)
	})
}

// A pause that a channel asks for is an hour at most: what asks for more has a fault.
func TestPausesEnd(t *testing.T) {
	inMinutes(t, func(m *minutes) {
		sweeps(m.T, m.bot)
		m.chat.Fail(&dialog.RetryAfter{After: 3 * 365 * day})
		m.say("one")
		time.Sleep(59 * time.Minute)
		if m.card() {
			t.Error("the card came in the pause")
		}
		m.within(inTime, "the card came", m.card)
	})
}

// A card that one instance cannot show is shown by another that can, with the lease and
// without a look ahead.
func TestAnotherInstanceShows(t *testing.T) {
	for name, begin := range map[string]func(m *minutes){
		"its line is down": func(m *minutes) { m.line.down.Store(true) },
		"its line is down, and then the database": func(m *minutes) {
			m.line.down.Store(true)
			time.AfterFunc(time.Second, func() { m.store.Func(refuseCommits) })
			time.AfterFunc(3*time.Minute, m.store.Heal)
		},
		"it has no such channel": func(m *minutes) { m.bot = m.instance(dialog.Config{Instance: "page.1"}) },
		"it has no such channel, and the database goes": func(m *minutes) {
			m.bot = m.instance(dialog.Config{Instance: "page.1"})
			time.AfterFunc(time.Millisecond, func() { m.store.Func(refuseCommits) })
			time.AfterFunc(3*time.Minute, m.store.Heal)
		},
		"its version panics over the card": func(m *minutes) {
			able := m.flow
			m.flow = &shaky{}
			m.flow.render.Store(true)
			m.bot = m.instance(dialog.Config{Instance: "older.1"}, m.chat)
			m.flow = able
		},
		"it closes": func(m *minutes) {
			m.line.down.Store(true)
			bot := m.bot
			time.AfterFunc(10*time.Second, func() { _ = bot.Close(context.Background()) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			inMinutes(t, func(m *minutes) {
				m.instance(dialog.Config{Instance: "other.1"}, m.chat)
				begin(m)
				m.say("one")
				m.within(3*time.Minute+inTime, "the card came", m.card)
			})
		})
	}
}

func refuseCommits(m dialogtest.Method, _ *dialog.Batch) dialogtest.Fault {
	if m == dialogtest.Commit {
		return dialogtest.Fault{Before: dialogtest.ErrFault}
	}
	return dialogtest.Fault{}
}

// The card of a draft in memory is shown by its own process only, which goes on trying
// while another one sweeps. The card of a draft in the draft store is shown when the store
// is back.
func TestCardOfADraftElsewhere(t *testing.T) {
	for _, mode := range []dialog.Mode{dialog.Lightweight, dialog.Redis} {
		t.Run(mode.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory, chat := dialog.NewMemory(), &line{Chat: dialogtest.NewChat(nil)}
				drafts := &shelf{now: time.Now, values: map[string]shelved{}}
				engine := func(instance string) *dialog.Engine {
					bot, err := dialog.New(memory, dialog.Config{Instance: instance, Drafts: drafts, Mode: func(string) dialog.Mode { return mode }}, pizza)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = bot.Close(context.Background()) })
					bot.Attach(chat)
					return bot
				}
				sweeps(t, engine("sweeper.1"))
				bot := engine("host.1")
				time.Sleep(time.Minute)
				chat.down.Store(true)
				for _, in := range []dialog.Input{{Kind: dialog.KindCommand, Name: "create"}, {Kind: dialog.KindText, Text: "large"}} {
					in.ID, in.Owner = in.Name+in.Text, "tg:1"
					in.Place = dialog.Place{Channel: dialogtest.ChatName, Address: "1", Push: true}
					if _, err := bot.Handle(t.Context(), in); err != nil {
						t.Fatal(err)
					}
				}
				drafts.gone(true)
				time.Sleep(10 * time.Minute)
				chat.down.Store(false)
				time.Sleep(time.Minute)
				drafts.gone(false)
				time.Sleep(inTime)
				if len(chat.Messages("1")) == 0 {
					t.Errorf("no card %v after it could be shown", inTime)
				}
			})
		})
	}
}

func (s *shelf) gone(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = on
}

// An effect is tried for ever, and so is the input of its result. The pauses are a minute
// at most, so the end comes soon after the outage.
func TestEffectAfterAnOutage(t *testing.T) {
	for name, away := range map[string]func(m *minutes, on bool){
		"the effect fails":            func(m *minutes, on bool) { m.flow.effect.Store(on) },
		"its result is a defect":      func(m *minutes, on bool) { m.flow.result.Store(on) },
		"its result is not committed": func(m *minutes, on bool) { m.writes(!on) },
		"nothing can be read": func(m *minutes, on bool) {
			if m.flow.effect.Store(on); on {
				m.store.Func(func(dialogtest.Method, *dialog.Batch) dialogtest.Fault {
					return dialogtest.Fault{Before: dialogtest.ErrFault}
				})
			} else {
				m.store.Heal()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inMinutes(t, func(m *minutes) {
				sweeps(m.T, m.bot)
				m.flow.effect.Store(true)
				m.say("print")
				time.Sleep(500 * time.Millisecond)
				m.flow.effect.Store(false)
				away(m, true)
				began := time.Now()
				time.Sleep(70 * time.Minute)
				away(m, false)
				m.within(inTime, "its end was a turn", func() bool { return !m.pending() })
				if name == "nothing can be read" {
					return
				}
				last := began
				for _, at := range m.flow.at {
					if pause := at.Sub(last); pause > inTime {
						t.Errorf("a pause of %v at %v", pause, at)
					}
					last = at
				}
			})
		})
	}
}

// writes lets turns be written, or not.
func (m *minutes) writes(on bool) {
	if on {
		m.store.Heal()
		return
	}
	m.store.Func(func(_ dialogtest.Method, b *dialog.Batch) dialogtest.Fault {
		if b != nil && len(b.Writes) > 0 {
			return dialogtest.Fault{Before: errors.New("it cannot be written")}
		}
		return dialogtest.Fault{}
	})
}
