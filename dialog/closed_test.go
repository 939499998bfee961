package dialog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// Close says whether all was written: marks and events are lost where the store is away.
func TestCloseSaysWhatWasNotWritten(t *testing.T) {
	for name, away := range map[string]bool{"the store is there": false, "the store is away": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
			w.restart()
			w.say("/create")
			w.say("large")
			w.inputs--
			w.say("large") // the event of a duplicate waits for the next turn
			if away {
				w.store.Func(func(m dialogtest.Method, _ *dialog.Batch) dialogtest.Fault {
					if m == dialogtest.Commit {
						return dialogtest.Fault{Before: dialogtest.ErrFault}
					}
					return dialogtest.Fault{}
				})
			}
			if err := w.bot.Close(context.Background()); errors.Is(err, dialog.ErrUnavailable) != away || !away && err != nil {
				t.Error(err)
			}
		})
	}
}
