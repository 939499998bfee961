package dialog_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// While versions serve side by side, the timers of a newer version's conversations are
// fired, whichever instance swept first.
func TestOlderSweeperGivesWay(t *testing.T) {
	newer := pizza
	newer.Version, newer.Migrate = 2, func(_ int, old []byte) ([]byte, error) { return old, nil }
	synctest.Test(t, func(t *testing.T) {
		memory := dialog.NewMemory()
		engine := func(instance string, f form.Form[Order]) *dialog.Engine {
			bot, err := dialog.New(memory, dialog.Config{Instance: instance}, f)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = bot.Close(context.Background()) })
			return bot
		}
		sweeps(t, engine("old.1", pizza))
		bot := engine("new.1", newer)
		sweeps(t, bot)
		for _, in := range []dialog.Input{{ID: "1", Kind: dialog.KindCommand, Name: "create"}, {ID: "2", Kind: dialog.KindText, Text: "large"}} {
			in.Owner = "tg:1"
			if _, err := bot.Handle(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3*day + 13*time.Hour) // beyond the reminder
		r, _, err := bot.Hydrate(t.Context(), dialog.Key{Bot: bot.Bot(), Flow: "pizza", ID: "tg:1"})
		if err != nil || r.Said == nil || r.Said.Code != "reminder" {
			t.Errorf("said %+v, %v", r.Said, err)
		}
	})
}
