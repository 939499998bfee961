package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
)

// echo is a flow that takes its step from the input, also one that no database takes.
type echo struct{}

func (echo) FlowName() string { return "echo" }

func (echo) Decide(t *dialog.Turn) {
	t.Record.Step = t.Input.Text
	if t.Input.Text == "poison" {
		t.Record.Step = "a\x00b"
	}
	t.Applied()
}

func (echo) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{} }

// TestPoisonedBatch: a turn that the database rejects hurts no other turn of its batch.
func TestPoisonedBatch(t *testing.T) {
	s := openAt(t, testdb.Postgres(t))
	bot, err := dialog.New(s, dialog.Config{}, echo{})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(t.Context())
	var wg sync.WaitGroup
	var poisoned atomic.Int64
	for round := range 5 {
		for n := range 60 {
			wg.Go(func() {
				text := "fine"
				if n%20 == 7 {
					text = "poison"
				}
				_, err := bot.Handle(t.Context(), dialog.Input{ID: fmt.Sprint(round, "-", n), Kind: dialog.KindText, Owner: fmt.Sprint("tg:", n), Text: text})
				switch {
				case text == "fine" && err != nil:
					t.Errorf("a neighbour: %v", err)
				case text == "poison" && errors.Is(err, dialog.ErrUnavailable):
					poisoned.Add(1)
				case text == "poison":
					t.Errorf("poison: %v", err)
				}
			})
		}
		wg.Wait()
	}
	if poisoned.Load() != 15 {
		t.Errorf("%d turns were refused, want 15", poisoned.Load())
	}
	if n := count(t, s, "conversations"); n != 57 {
		t.Errorf("%d conversations, want 57", n)
	}
}

// TestIdle: idle instances commit next to nothing.
func TestIdle(t *testing.T) {
	url := testdb.Postgres(t)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 2 {
		bot, err := dialog.New(openAt(t, url), dialog.Config{Instance: fmt.Sprint("i", i)}, echo{})
		if err != nil {
			t.Fatal(err)
		}
		defer bot.Close(context.Background())
		wg.Go(func() { _ = bot.Run(ctx) })
	}
	defer wg.Wait()
	defer stop()
	written := func() int64 {
		return ask[int64](t, url, `select pg_snapshot_xmax(pg_current_snapshot())::text::bigint`)
	}
	soon(t, "they are up", func() bool { return ask[int](t, url, `select count(*) from events where kind = 'up'`) == 2 })
	before, began := written(), time.Now()
	const long = 8 * time.Second
	var n int64
	soon(t, "some time has gone by, and they live", func() bool {
		n = written() - before
		return time.Since(began) > long && n >= 6
	})
	if most := 2 * int64(time.Since(began).Seconds()); n > most {
		t.Errorf("two idle instances made %d commits, want at most two a second, %d", n, most)
	} else {
		t.Logf("%d commits, at most %d", n, most)
	}
}
