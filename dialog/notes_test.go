package dialog_test

import (
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
