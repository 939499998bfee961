package dialog_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// A conversation that is over is deleted only when its effects have ended.
func TestPendingIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var paper atomic.Bool
		f := pizza
		f.Effects = dialog.Effects{"print": dialog.Effect(func(context.Context, Order, string) error {
			if paper.Load() {
				return nil
			}
			return errors.New("no paper")
		})}
		memory := dialog.NewMemory()
		bot, err := dialog.New(memory, dialog.Config{}, f)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range []string{"create", "large", "2", "1 Infinite Loop", "confirm"} {
			in := dialog.Input{ID: string(rune('a' + i)), Kind: dialog.KindText, Text: text, Owner: "tg:1"}
			if text == "create" || text == "confirm" {
				in.Kind, in.Name, in.Text = dialog.KindCommand, text, ""
			}
			if _, err := bot.Handle(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		if err := bot.Close(t.Context()); err != nil { // the process dies, and others sweep once in ten days
			t.Fatal(err)
		}
		key := dialog.Key{Bot: bot.Bot(), Flow: "pizza", ID: "tg:1"}
		sweep := func() {
			next, err := dialog.New(memory, dialog.Config{}, f)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = next.Sweep(t.Context(), time.Hour)
			time.Sleep(time.Second)
			_ = next.Close(t.Context())
		}
		for range 12 {
			time.Sleep(10 * day)
			sweep()
		}
		if _, err := memory.Load(t.Context(), key); err != nil {
			t.Fatalf("forgotten with its effect: %v", err)
		}
		paper.Store(true)
		sweep()
		time.Sleep(time.Hour)
		sweep()
		if _, err := memory.Load(t.Context(), key); !errors.Is(err, dialog.ErrNotFound) {
			t.Errorf("kept for good: %v", err)
		}
	})
}
