package dialog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// hears reports whether a word is there once everything in the bubble waits. It takes the word.
func hears(told <-chan struct{}) bool {
	synctest.Wait()
	select {
	case <-told:
		return true
	default:
		return false
	}
}

// watched is a bot on a faulty store, in a bubble.
type watched struct {
	*testing.T
	mem   *dialog.Memory
	store *dialogtest.Faulty
	bot   *dialog.Engine
}

func inWatched(t *testing.T, test func(w *watched)) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{T: t, mem: dialog.NewMemory()}
		w.store = dialogtest.NewFaulty(w.mem)
		w.bot = w.engine("a.1", dialog.Config{})
		test(w)
	})
}

func (w *watched) engine(instance string, cfg dialog.Config) *dialog.Engine {
	cfg.Bot, cfg.Instance = "bot", instance
	bot, err := dialog.New(w.store, cfg, asks{}, tickets{})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = bot.Close(context.Background()) })
	return bot
}

func buyer(n int) dialog.Key {
	return dialog.Key{Bot: "bot", Flow: "buys", ID: fmt.Sprintf("tg:%d", n)}
}
func aTicket(id string) dialog.Key { return dialog.Key{Bot: "bot", Flow: "tickets", ID: id} }

func command(n int, id, name string) dialog.Input {
	return dialog.Input{ID: id, Kind: dialog.KindCommand, Name: name, Owner: buyer(n).ID}
}

// buy is a turn of a buyer, which starts T-1.
func (w *watched) buy(n int) error {
	_, err := w.bot.Handle(w.Context(), command(n, "buy", "buy"))
	return err
}

func (w *watched) want(what string, told <-chan struct{}, want bool) {
	w.Helper()
	if got := hears(told); got != want {
		w.Errorf("%s: told %v, want %v", what, got, want)
	}
}

// A watcher hears of the turns of its conversations, of their starts, of other instances' changes and of their end, and of
// nothing else. Nothing is kept of a watch that has ended.
func TestWatch(t *testing.T) {
	inWatched(t, func(w *watched) {
		mine, over := w.bot.Watch(buyer(1), aTicket("T-2"), buyer(1))
		ticket, overTicket := w.bot.Watch(aTicket("T-1"))
		other, overOther := w.bot.Watch(buyer(2))
		if n := w.bot.Watchers(); n != 3 {
			w.Errorf("%d watchers, want 3", n)
		}
		if err := w.buy(1); err != nil {
			w.Fatal(err)
		}
		w.want("the turn's conversation", mine, true)
		w.want("once", mine, false)
		w.want("the one that it started", ticket, true)
		w.want("another one", other, false)

		w.bot.Refresh(aTicket("T-2"))
		w.bot.Refresh(aTicket("T-2"))
		w.want("changes of another instance", mine, true)
		w.want("several that were not received are one word", mine, false)
		if err := w.bot.Forget(w.Context(), buyer(1)); err != nil {
			w.Fatal(err)
		}
		w.want("forgotten", mine, true)

		over()
		over()
		overTicket()
		w.bot.Refresh(buyer(1))
		w.want("after its end", mine, false)
		if n := w.bot.Watchers(); n != 1 {
			w.Errorf("%d watchers, want 1", n)
		}
		w.bot.Refresh(buyer(2))
		w.want("the last one", other, true)
		overOther()
	})
}

// A commit whose answer is lost may be there at once, or come after its error.
func TestWatchUnknownOutcome(t *testing.T) {
	inWatched(t, func(w *watched) {
		mine, over := w.bot.Watch(buyer(1))
		defer over()
		w.store.Lose(dialogtest.Commit, 1)
		if err := w.buy(1); !errors.Is(err, dialog.ErrUnavailable) {
			w.Fatal(err)
		}
		w.want("at once", mine, true)
		time.Sleep(10 * time.Second)
		w.want("when the store has given the commit up", mine, true)
	})
}

// A turn is committed after its caller has left.
func TestWatchAfterItsCallerLeft(t *testing.T) {
	inWatched(t, func(w *watched) {
		mine, over := w.bot.Watch(buyer(1))
		defer over()
		w.store.Hang(dialogtest.Commit, 1)
		ctx, leave := context.WithCancel(w.Context())
		in := command(1, "m1", "more")
		left := make(chan error, 1)
		go func() { _, err := w.bot.Handle(ctx, in); left <- err }()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, dialog.ErrUnavailable) {
			w.Fatal(err)
		}
		w.want("before the commit", mine, false)
		w.store.Heal()
		w.want("after it", mine, true)
	})
}

// A turn on a stale record is decided again on the row of another process, and its watchers hear of it.
func TestWatchConflict(t *testing.T) {
	inWatched(t, func(w *watched) {
		other := w.engine("b.1", dialog.Config{})
		if _, err := other.Handle(w.Context(), command(1, "m1", "more")); err != nil {
			w.Fatal(err)
		}
		mine, over := other.Watch(buyer(1))
		defer over()
		if err := w.buy(1); err != nil {
			w.Fatal(err)
		}
		w.want("a commit of another process, without a notice", mine, false)
		if _, err := other.Handle(w.Context(), command(1, "m2", "more")); err != nil {
			w.Fatal(err)
		}
		w.want("decided on the other's row", mine, true)
	})
}

// Where notices may have been missed all watchers are told: few soon, and many within ten seconds, not all at once. A watch
// that has ended has no timer left, and who waits for a word waits no longer when another call comes.
func TestRefreshAll(t *testing.T) {
	for n, within := range map[int]time.Duration{4: 5 * time.Millisecond, 1999: 2 * time.Second, 11_999: 10 * time.Second} {
		inWatched(t, func(w *watched) {
			began := time.Now()
			at := make([]time.Duration, n)
			var all sync.WaitGroup
			for i := range n {
				told, over := w.bot.Watch(buyer(i))
				all.Go(func() {
					defer over()
					<-told
					at[i] = time.Since(began)
				})
			}
			gone, over := w.bot.Watch(buyer(1))
			w.bot.RefreshAll()
			over()
			for end := time.Now().Add(within / 2); time.Now().Before(end); time.Sleep(within / 8) {
				w.bot.RefreshAll()
			}
			all.Wait()
			slices.Sort(at)
			if last := at[n-1]; last > within {
				w.Errorf("%d watchers: the last one was told after %v, want %v", n, last, within)
			}
			if quarter := at[n/4]; n > 100 && (quarter < within/8 || quarter > within*3/8) {
				w.Errorf("%d watchers: a quarter was told after %v of %v", n, quarter, within)
			}
			if hears(gone) {
				w.Error("told after its end")
			}
		})
	}
}

// An instance that was killed told nobody of its last commits. When its lease ends, all watchers of the other instances
// hear that something may have changed, whoever sweeps.
func TestWatchersOutliveInstances(t *testing.T) {
	inWatched(t, func(w *watched) {
		b := w.engine("b.1", dialog.Config{})
		sweeps(w.T, w.bot)
		sweeps(w.T, b)
		dead := w.engine("c.1", dialog.Config{})
		ctx, kill := context.WithCancel(w.Context())
		ended := make(chan struct{})
		go func() { _ = dead.Run(ctx); close(ended) }()
		time.Sleep(5 * time.Second)
		var told []<-chan struct{}
		for _, e := range []*dialog.Engine{w.bot, b} {
			ch, over := e.Watch(aTicket("T-1"))
			defer over()
			told = append(told, ch)
			w.want("all live", ch, false)
		}
		w.store.Func(func(m dialogtest.Method, _ *dialog.Batch) dialogtest.Fault { // it gives no lease back
			return dialogtest.Fault{Before: dialogtest.ErrFault}
		})
		kill()
		<-ended
		w.store.Heal()
		time.Sleep(12 * time.Second)
		for i, ch := range told {
			w.want(fmt.Sprint("instance ", i), ch, true)
		}
	})
}

// A watcher that reads at each word has read the last turn in the end, and in mode lightweight the draft with each turn,
// however many turns and watchers there are.
func TestWatchersSeeTheLastTurn(t *testing.T) {
	const people, watchers, turns = 4, 6, 40
	mem := dialog.NewMemory()
	bot, err := dialog.New(mem, dialog.Config{Mode: func(string) dialog.Mode { return dialog.Lightweight }}, tally{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close(context.Background()) })
	var all sync.WaitGroup
	for p := range people {
		owner := fmt.Sprint("tg:", p)
		key := dialog.Key{Bot: bot.Bot(), Flow: "tally", ID: owner}
		for range watchers {
			told, over := bot.Watch(key)
			all.Go(func() {
				defer over()
				for {
					select {
					case <-told:
					case <-time.After(patience):
						t.Error("no word of the last turn")
						return
					}
					switch r, _, err := bot.Hydrate(t.Context(), key); {
					case err != nil:
						t.Error(err)
						return
					case string(r.Answers) == fmt.Sprint(turns):
						return
					}
				}
			})
		}
		all.Go(func() {
			for i := range turns {
				if _, err := bot.Handle(t.Context(), dialog.Input{ID: fmt.Sprint(i), Kind: dialog.KindText, Owner: owner, Text: "1"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := bot.Watchers(); n != 0 {
		t.Errorf("%d watchers at the end", n)
	}
}
