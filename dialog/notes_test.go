package dialog_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// noted runs a bot in a bubble of time, in which the input that f gets is handled again.
func noted(t *testing.T, f func(w *world, again func())) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, memory: dialog.NewMemory(), owner: "tg:1000001"}
		w.store = dialogtest.NewFaulty(w.memory)
		bot, err := dialog.New(w.store, dialog.Config{Recorder: dialog.Recorder{Trouble: func(string, error) {}}}, pizza)
		if err != nil {
			t.Fatal(err)
		}
		w.bot = bot
		w.say("/create")
		f(w, func() { w.inputs--; w.say("/create") })
		_ = bot.Close(t.Context())
		synctest.Wait()
	})
}

// A note waits for a turn for a minute, and then has a commit of its own.
func TestNotesWaitAMinute(t *testing.T) {
	noted(t, func(w *world, again func()) {
		again()
		time.Sleep(30 * time.Second)
		again()
		time.Sleep(29 * time.Second)
		synctest.Wait()
		if n := len(w.kinds(dialog.EventDuplicate)); n != 0 {
			t.Errorf("%d notes are written within a minute, without a turn", n)
		}
		commits := w.store.Calls(dialogtest.Commit)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := len(w.kinds(dialog.EventDuplicate)); n != 2 || w.store.Calls(dialogtest.Commit) != commits+1 {
			t.Errorf("%d of 2 notes are written after a minute, in %d commits", n, w.store.Calls(dialogtest.Commit)-commits)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := w.store.Calls(dialogtest.Commit) - commits; n != 1 {
			t.Errorf("%d commits without a note", n-1)
		}
	})
}

// The store was away: the notes come when it is there again.
func TestNotesOutlastAnOutage(t *testing.T) {
	noted(t, func(w *world, again func()) {
		again()
		w.store.Fail(dialogtest.Commit, 3)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := len(w.kinds(dialog.EventDuplicate)); n != 1 {
			t.Errorf("%d notes, want the one of before", n)
		}
	})
}

// Who stops writes the notes that wait.
func TestNotesAreWrittenAtTheEnd(t *testing.T) {
	noted(t, func(w *world, again func()) {
		again()
		if err := w.bot.Close(w.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(w.kinds(dialog.EventDuplicate)); n != 1 {
			t.Errorf("%d notes, want 1", n)
		}
	})
}

// TestRecorderHearsOfEvents: the recorder hears of each event once it is written, and of an input that got no turn.
func TestRecorderHearsOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, memory: dialog.NewMemory(), owner: "tg:1000001"}
		w.store = dialogtest.NewFaulty(w.memory)
		var logged []dialog.Event
		var failed []string
		bot, err := dialog.New(w.store, dialog.Config{Recorder: dialog.Recorder{
			Trouble: func(string, error) {},
			Logged:  func(e *dialog.Event) { logged = append(logged, *e) },
			Failed:  func(_ dialog.Key, kind dialog.Kind, why string) { failed = append(failed, kind.String()+" "+why) },
		}}, pizza)
		if err != nil {
			t.Fatal(err)
		}
		w.bot = bot
		w.say("/create")
		w.inputs--
		w.say("/create") // a redelivery
		w.store.Func(func(m dialogtest.Method, _ *dialog.Batch) (f dialogtest.Fault) {
			if m == dialogtest.Commit {
				f.Before = dialogtest.ErrFault
			}
			return f
		})
		for range 2 {
			if _, err := bot.Handle(t.Context(), dialog.Input{ID: "away", Owner: w.owner, Kind: dialog.KindText, Text: "large"}); err == nil {
				t.Error("the store is away, and the input is taken")
			}
			time.Sleep(time.Second)
		}
		w.store.Func(nil)
		w.say("large")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(logged) < 4 || !slices.Equal(logged, w.memory.Logged()) {
			t.Errorf("the recorder heard of %v\nthe log has %v", logged, w.memory.Logged())
		}
		if !slices.Equal(failed, []string{"text unavailable"}) {
			t.Errorf("failed: %q, want one, although it was tried twice", failed)
		}
		_ = bot.Close(t.Context())
		synctest.Wait()
	})
}
