package dialog_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// other is another instance on the store of m.
func (m *market) other(instance string, gate func(point string)) *dialog.Engine {
	m.Helper()
	e, err := dialog.New(m.store, dialog.Config{Now: m.clock.Now, Instance: instance, Gate: gate}, shop{}, sale{})
	if err != nil {
		m.Fatal(err)
	}
	e.Attach(m.chat)
	m.Cleanup(func() { _ = e.Close(context.Background()) })
	return e
}

// comesBack has the person write once: then none of their conversations is blocked, and
// each has shown its card once.
func (m *market) comesBack(cards ...string) {
	m.Helper()
	m.chat.Block("1", false)
	m.clock.Advance(1e9)
	m.say("here I am")
	soon(m.T, "all are lifted", func() bool {
		m.clock.Advance(1e9)
		return m.blocked() == 0
	})
	m.rests()
	for _, card := range cards {
		if got := m.cards(card); got != 1 {
			m.Errorf("%d cards say %q", got, card)
		}
	}
}

// A conversation is blocked again at another instance while an earlier block is lifted,
// just before the witness removes the note of the first. The note of the second stays.
func TestBlockedWhileItIsLifted(t *testing.T) {
	m := newMarket(t, 1)
	m.chat.Block("1", true)
	m.order("paid")
	m.rests()
	m.chat.Block("1", false)
	m.clock.Advance(1e9)

	var decided atomic.Int64
	dropping, goOn := make(chan struct{}), make(chan struct{})
	lifts := m.other("lifts", func(point string) {
		if point == "decide shop/tg:1" && decided.Add(1) == 2 { // the first is of what the person says
			close(dropping)
			<-goOn
		}
	})
	if _, err := lifts.Handle(t.Context(), dialog.Input{ID: "here", Kind: dialog.KindText, Owner: "tg:1", Text: "here", Place: m.place}); err != nil {
		t.Fatal(err)
	}
	<-dropping
	soon(t, "its card is shown", func() bool { return m.cards("S-0 is paid") == 1 })

	m.chat.Block("1", true)
	m.clock.Advance(1e9)
	m.order("sent")
	m.rests()
	close(goOn)
	soon(t, "the lift is over", func() bool { is := lifts.Stats(); return is.Couriers == 0 && is.Marks == 0 })
	if m.blocked() != 2 {
		t.Fatal("the block is not noted")
	}
	m.comesBack("S-0 is sent")
}

// The store fails, or its answer is lost, at one of the three turns that record a block;
// then the process goes on, or dies. A message of the person lifts the block all the same.
func TestFailsWhileABlockIsNoted(t *testing.T) {
	faults := map[string]dialogtest.Fault{"fails": {Before: dialogtest.ErrFault}, "answer lost": {After: dialogtest.ErrFault}}
	for name, fault := range faults {
		for turn := int64(1); turn <= 3; turn++ {
			for _, dies := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " ", turn, " dies ", dies), func(t *testing.T) {
					m := newMarket(t, 2)
					m.chat.Block("1", true)
					m.order("paid")
					m.rests()
					m.comesBack("S-0 is paid", "S-1 is paid")

					m.chat.Block("1", true)
					m.clock.Advance(1e9)
					var turns atomic.Int64
					failed := make(chan struct{})
					m.store.Func(func(method dialogtest.Method, b *dialog.Batch) (none dialogtest.Fault) {
						if method != dialogtest.Commit || len(b.Writes) == 0 {
							return none
						}
						switch n := turns.Add(1) - 1; { // the first is the order's
						case n == turn:
							close(failed)
							return fault
						case n > turn && dies: // it is dead
							return dialogtest.Fault{Before: dialogtest.ErrFault}
						}
						return none
					})
					m.input(dialog.Input{Kind: dialog.KindOrder, Name: "sent", Key: m.key(0)})
					if dies {
						<-failed
						m.kill()
					}
					soon(t, "the block is noted", func() bool {
						m.clock.Advance(1e9)
						return m.bot.Stats().Couriers == 0 && m.count((*dialog.Record).Undelivered) == 0
					})
					m.comesBack("S-0 is sent")
				})
			}
		}
	}
}

// kill lets the process die, and starts the next one, which sweeps.
func (m *market) kill() {
	m.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = m.bot.Close(ctx)
	m.store.Func(nil)
	m.start("here.9")
	if _, err := m.bot.Sweep(m.Context(), time.Hour); err != nil {
		m.Fatal(err)
	}
}
