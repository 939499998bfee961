package dialog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// A row that is back from a backup is shown at the next turn, though this
// process has shown later versions of it.
func TestRestoredRow(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.restart()
	chat := dialogtest.NewChat(w.clock.Now)
	w.bot.Attach(chat)
	place := dialog.Place{Channel: dialogtest.ChatName, Address: "1000001", Push: true}
	said := 0
	say := func(text string) dialog.Outcome {
		t.Helper()
		said++
		in := dialog.Input{ID: fmt.Sprint("m", said), Kind: dialog.KindText, Owner: w.owner, Text: text, Place: place}
		if name, ok := strings.CutPrefix(text, "/"); ok {
			in.Kind, in.Name, in.Text = dialog.KindCommand, name, ""
		}
		out, err := w.bot.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		w.eventually("the card is shown", func() bool { return w.bot.Stats().Couriers == 0 })
		return out
	}
	shown := func() string {
		m := chat.Messages(place.Address)
		return fmt.Sprint(m[len(m)-1])
	}
	say("/create")
	say("large")
	old, err := w.memory.Load(t.Context(), w.key())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		say("2")
		say("/back")
	}
	say("2")
	w.eventually("what is shown is written", func() bool {
		row, err := w.memory.Load(t.Context(), w.key())
		return err == nil && len(row.Shown) > 0 && row.Version > old.Version
	})

	now, err := w.memory.Load(t.Context(), w.key())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.memory.Forget(t.Context(), w.key(), dialog.Stamp{Version: now.Version, Tag: now.Tag}); err != nil {
		t.Fatal(err)
	}
	old.Shown = now.Shown // the worst of it: a mark that was on its way has been written to the old row
	if _, err := w.memory.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: old}}}); err != nil {
		t.Fatal(err)
	}
	before := shown()
	out := say("3")
	w.at(out, "address", Order{Size: "large", Count: 3})
	w.eventually("the card follows", func() bool { return shown() != before })
}
