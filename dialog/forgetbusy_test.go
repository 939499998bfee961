package dialog_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// busy is a store in which others change a conversation before each of the first tries to delete it.
type busy struct {
	dialog.Store
	tries, left int
}

func (b *busy) Forget(ctx context.Context, key dialog.Key, at dialog.Stamp) error {
	if b.tries++; b.tries <= b.left {
		return fmt.Errorf("forget: %w", dialog.ErrConflict)
	}
	return b.Store.Forget(ctx, key, at)
}

// Forget goes on while others change the conversation, and gives up at last.
func TestForgetBusy(t *testing.T) {
	for left, gives := range map[int]bool{0: false, 19: false, 20: true, 1000: true} {
		store := &busy{Store: dialog.NewMemory(), left: left}
		bot, err := dialog.New(store, dialog.Config{}, pizza)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bot.Handle(t.Context(), dialog.Input{ID: "a", Kind: dialog.KindCommand, Name: "create", Owner: "tg:1"}); err != nil {
			t.Fatal(err)
		}
		if err := bot.Forget(t.Context(), dialog.Key{Bot: bot.Bot(), Flow: "pizza", ID: "tg:1"}); errors.Is(err, dialog.ErrConflict) != gives || !gives && err != nil {
			t.Errorf("%d changes: %v", left, err)
		}
		if want := min(left+1, 20); store.tries != want {
			t.Errorf("%d changes: %d tries, want %d", left, store.tries, want)
		}
		_ = bot.Close(t.Context())
	}
}
