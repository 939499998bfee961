package dialog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
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
