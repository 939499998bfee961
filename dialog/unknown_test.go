package dialog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// A turn was written, its answer was lost, and its sender never retries: its card, and that
// of the conversation it started, is shown within a minute.
func TestLostAnswer(t *testing.T) {
	lost := func(m *market, in dialog.Input) {
		m.Helper()
		m.store.Lose("Commit", 1)
		in.ID = "lost"
		if _, err := m.bot.Handle(m.Context(), in); !errors.Is(err, dialog.ErrUnavailable) {
			m.Fatal(err)
		}
	}
	shown := func(m *market, text string) {
		m.Helper()
		soon(m.T, "the due mark is written", func() bool {
			rows, err := m.mem.Due(m.Context(), dialog.DueQuery{Until: m.clock.Now().Add(time.Minute), Limit: 10})
			return err == nil && len(rows) > 0
		})
		if m.cards(text) > 0 {
			m.Fatal("it is shown before anybody looks")
		}
		m.clock.Advance(time.Minute)
		if _, err := m.bot.Sweep(m.Context(), 0); err != nil {
			m.Fatal(err)
		}
		soon(m.T, text, func() bool { return m.cards(text) == 1 })
	}
	t.Run("of an order", func(t *testing.T) {
		m := newMarket(t, 1)
		lost(m, dialog.Input{Kind: dialog.KindOrder, Name: "paid", Key: m.key(0)})
		shown(m, "S-0 is paid")
	})
	t.Run("of a start that was overtaken", func(t *testing.T) {
		m := newMarket(t, 0)
		lost(m, dialog.Input{Kind: dialog.KindText, Owner: "tg:1", Text: "buy 0", Place: m.place})
		shown(m, "S-0 is open")
	})
}

// The caller of a turn leaves before it is written: its card, and that of the conversation
// it started, is shown at once.
func TestWrittenAfterItsCallerLeft(t *testing.T) {
	m := newMarket(t, 0)
	writing := make(chan struct{}, 1)
	m.store.Func(func(_ dialogtest.Method, b *dialog.Batch) dialogtest.Fault {
		if b == nil || len(b.Writes) == 0 {
			return dialogtest.Fault{}
		}
		writing <- struct{}{}
		return dialogtest.Fault{Hang: true}
	})
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-writing; leave() }()
	in := dialog.Input{ID: "left", Kind: dialog.KindText, Owner: "tg:1", Text: "buy 0", Place: m.place}
	if _, err := m.bot.Handle(ctx, in); !errors.Is(err, dialog.ErrUnavailable) {
		t.Fatal(err)
	}
	if m.cards("S-0 is open") > 0 {
		t.Error("it is shown before it is written")
	}
	m.store.Heal()
	soon(t, "both are shown", func() bool { return m.cards("S-0 is open") == 1 && m.cards("shop") == 1 })
	m.rests()
}
