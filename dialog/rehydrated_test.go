package dialog_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// rehydratedEvents are the causes of the logged rehydrations, after one more turn has taken the waiting events along.
func (w *world) rehydratedEvents() (causes []dialog.Cause) {
	for _, e := range w.memory.Logged() {
		if e.Kind == dialog.EventRehydrated {
			causes = append(causes, dialog.Cause(e.Cause))
		}
	}
	return causes
}

// causes checks the rehydrations that this process has told: their causes, and the draft of each.
func (w *world) causes(want ...dialog.Cause) {
	w.Helper()
	var got []dialog.Cause
	for _, r := range w.reh.all() {
		got = append(got, r.Cause)
		if draft := w.row(dialog.InRow).Draft; r.Draft != draft {
			w.Errorf("a rehydration of draft %q, want %q", r.Draft, draft)
		}
	}
	if !slices.Equal(got, want) {
		w.Errorf("rehydrations because of %q, want %q", got, want)
	}
}

// detached is a process that commits turns for others to show, such as an operator's command.
func (w *world) detached(instance string) *dialog.Engine {
	w.Helper()
	bot, err := dialog.New(w.store, dialog.Config{Instance: instance, Now: w.clock.Now, Detached: true}, pizza)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = bot.Close(w.Context()) })
	return bot
}

// Only a person's input rehydrates in the log and the events: a page that is looked at, a sweep and its timers tell of
// nothing there. A timer that found nothing in memory is counted as one.
func TestOnlyPersonsRehydrate(t *testing.T) {
	w, _ := inDouble(t, dialog.Database)
	w.say("/create")
	w.say("large")
	w.restart()
	if _, _, err := w.bot.Hydrate(t.Context(), w.key()); err != nil {
		t.Fatal(err)
	}
	for range 150 { // reminded, before the draft ends
		w.clock.Advance(time.Hour)
		if _, err := w.bot.Sweep(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if row := w.row(dialog.InRow); row.Version < 3 || row.Step == "" {
		t.Fatalf("version %d at %q: no timer has fired, or the last one", row.Version, row.Step)
	}
	w.causes()
	if n := w.timers.Load(); n != 1 {
		t.Errorf("timers rebuilt %d contexts, want the one of the reminder", n)
	}
	if got := w.rehydratedEvents(); len(got) > 0 {
		t.Errorf("nobody wrote, and the log has %q", got)
	}
}

// An input whose turn is decided again tells of one rehydration; so does one that is a duplicate.
func TestOneRehydrationATurn(t *testing.T) {
	w, _ := inDouble(t, dialog.Database)
	w.say("/create")
	w.say("large")
	w.restart()
	other := w.process("elsewhere.1")
	if _, err := w.try(other, dialog.KindCommand, "create", ""); err != nil { // moves the row
		t.Fatal(err)
	}
	w.say("2")
	w.causes(dialog.CauseInstance)
	w.restart()
	w.inputs-- // the same input again
	w.say("2")
	w.causes(dialog.CauseRestart)
	w.say("Long Street 1")
	w.causes(dialog.CauseRestart, dialog.CauseRestart)                             // a duplicate leaves nothing in memory
	if got, want := w.rehydratedEvents(), 1+len(w.reh.all())+1; len(got) != want { // elsewhere's, and that of the process before
		t.Errorf("events %q, want %d", got, want)
	}
}

// The cause is that of the process which had the conversation. A command that changed it in between had it no longer than
// a moment: the process that serves is not restarted by it.
func TestCauseAfterCommand(t *testing.T) {
	for name, c := range map[string]struct {
		between func(w *world)
		want    dialog.Cause
	}{
		"the same process": {func(*world) {}, dialog.CauseInstance},
		"a restart":        {(*world).restart, dialog.CauseRestart},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := inDouble(t, dialog.Database)
			w.say("/create")
			for n := range 2 { // however often
				if _, err := w.try(w.detached(fmt.Sprint("host.cli", n)), dialog.KindCommand, "help", ""); err != nil {
					t.Fatal(err)
				}
			}
			c.between(w)
			w.say("large")
			w.causes(c.want)
		})
	}
}

// Processes of a terminal are commands, and what they began is theirs: the next one continues after a restart.
func TestCauseBetweenCommands(t *testing.T) {
	w, _ := inDouble(t, dialog.Database)
	for n := range 3 {
		bot := w.detached(fmt.Sprint("host.try", n))
		out, err := w.try(bot, dialog.KindCommand, "create", "")
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]dialog.Cause{false: dialog.CauseRestart}[n == 0]; out.Rehydrated.Cause != want {
			t.Errorf("the %d. process: %q, want %q", n, out.Rehydrated.Cause, want)
		}
	}
}

// TestOneReadARehydration: a context costs one read of the row, with its draft or without, and what the process holds costs none. A
// draft in Redis costs one call more, and a copy there spares the row.
func TestOneReadARehydration(t *testing.T) {
	for mode, want := range map[dialog.Mode]struct{ rows, gets int }{
		dialog.Lightweight: {1, 0}, dialog.Database: {1, 0}, dialog.Redis: {1, 1}, dialog.Hybrid: {0, 1},
	} {
		t.Run(mode.String(), func(t *testing.T) {
			w, s := inDouble(t, mode)
			w.say("/create")
			w.say("large")
			if mode == dialog.Hybrid {
				w.copied(2)
			}
			w.restart()
			rows, gets := w.store.Calls(dialogtest.Load), s.calls("get")
			w.say("2")
			if len(w.reh.all()) != 1 || w.store.Calls(dialogtest.Load)-rows != want.rows || s.calls("get")-gets != want.gets {
				t.Errorf("%d contexts were rebuilt by %d reads of the row and %d of Redis, want %+v", len(w.reh.all()), w.store.Calls(dialogtest.Load)-rows, s.calls("get")-gets, want)
			}
			rows, gets = w.store.Calls(dialogtest.Load), s.calls("get")
			w.say("Long Street 1")
			if w.store.Calls(dialogtest.Load) != rows || s.calls("get") != gets {
				t.Error("what the process holds was read")
			}
		})
	}
}
