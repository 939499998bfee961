package dialog_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
)

// silent is a channel that shows everything at once.
type silent struct{}

func (silent) Name() string { return "tg" }
func (silent) Show(_ context.Context, s dialog.Showing) (string, error) {
	if s.Message != "" {
		return s.Message, nil
	}
	return "m1", nil
}
func (silent) Remove(context.Context, dialog.Place, string) error { return nil }

// BenchmarkEngine is whole turns, cards included, of 200 people at once and of one.
func BenchmarkEngine(b *testing.B) {
	stores := map[string]func() dialog.Store{
		"memory": func() dialog.Store { return dialog.NewMemory() },
		"sqlite": func() dialog.Store {
			s, err := sqlitestore.Open(context.Background(), filepath.Join(b.TempDir(), "bench.db"))
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
	}
	for name, open := range stores {
		for _, people := range []int{1, 200} {
			b.Run(fmt.Sprintf("%s/%d", name, people), func(b *testing.B) {
				ctx := context.Background()
				store := open()
				defer store.Close()
				e, err := dialog.New(store, dialog.Config{}, pizza)
				if err != nil {
					b.Fatal(err)
				}
				e.Attach(silent{})
				b.ReportAllocs()
				b.ResetTimer()
				var wg sync.WaitGroup
				for p := range people {
					wg.Go(func() {
						owner := fmt.Sprintf("tg:%d", p)
						place := dialog.Place{Channel: "tg", Address: owner[3:], Push: true}
						for i := range b.N / people {
							in := dialog.Input{ID: fmt.Sprintf("%d:%d", p, i), Owner: owner, Place: place}
							switch i % 5 {
							case 0:
								in.Kind, in.Name = dialog.KindCommand, "create"
							case 1:
								in.Kind, in.Text = dialog.KindText, "large"
							case 2:
								in.Kind, in.Text = dialog.KindText, "2"
							case 3:
								in.Kind, in.Text = dialog.KindText, "1 Infinite Loop"
							case 4:
								in.Kind, in.Name = dialog.KindCommand, "restart"
							}
							if _, err := e.Handle(ctx, in); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.StopTimer()
				_ = e.Close(ctx)
			})
		}
	}
}
