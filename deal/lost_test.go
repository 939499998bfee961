package deal_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// lossy loses the answer of a commit: it is done, or not, and the engine hears only that the store is away.
type lossy struct {
	dialog.Store
	lose, done bool
}

func (s *lossy) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if !s.lose || len(b.Writes) == 0 {
		return s.Store.Commit(ctx, b)
	}
	s.lose = false
	if s.done {
		if _, err := s.Store.Commit(ctx, b); err != nil {
			return dialog.Committed{}, err
		}
	}
	return dialog.Committed{}, dialog.ErrUnavailable
}

// TestLostAnswers: at each move of a deal the store goes away, before or after the commit. The order or tap that comes again
// is done, and no entry is booked twice.
func TestLostAnswers(t *testing.T) {
	for _, done := range []bool{false, true} {
		k := begin(t)
		store := &lossy{Store: k.store, done: done}
		bot, err := dialog.New(store, dialog.Config{Now: func() time.Time { return k.now }}, opener{e: escrow(), format: deal.Version}, k.flow)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bot.Close(context.Background()) })
		k.bot = bot
		for i, a := range []lockbay.Act{
			cameAs(100000, "R-1"), cameAs(26563, "R-2"), accepts, delivers, {Role: lockbay.Buyer, Move: lockbay.MoveRelease}, sends,
			{Role: lockbay.Desk, Move: lockbay.MoveFailed, Text: "no such account"}, sends, sentAs("R-3"),
		} {
			in := deal.OrderAct("bot", escrow().ID, a)
			store.lose = true
			if _, err := bot.Handle(context.Background(), in); err != nil && !errors.Is(err, dialog.ErrUnavailable) {
				t.Fatal(err)
			}
			store.lose = false
			for range 2 {
				out, err := bot.Handle(context.Background(), in)
				if err != nil || k.flow.Verdict(in, out, k.now) != nil {
					t.Fatalf("%d, %s: %v, %v", i, a.Move, err, k.flow.Verdict(in, out, k.now))
				}
			}
		}
		if e := k.stored(); e.Status != lockbay.Completed || len(e.Log) != 10 || len(e.Payouts()) != 1 {
			t.Errorf("done: %t, %s after %d entries, payouts %v", done, e.Status, len(e.Log), e.Payouts())
		}
	}
}
