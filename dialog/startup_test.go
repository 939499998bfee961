package dialog_test

import (
	"context"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// rising is an engine that runs, on a store of its own, so that it can be killed alone.
type rising struct {
	stop func()
	kill func() // it writes nothing more
}

// life runs an engine until it is stopped or killed, or until the end of the test.
func (w *world) life(instance string) rising {
	w.Helper()
	w.bot = w.process(instance)
	bot, store := w.bot, w.store
	w.store = dialogtest.NewFaulty(w.memory)
	w.Cleanup(store.Heal)
	ctx, cancel := context.WithCancel(w.Context())
	over := make(chan struct{})
	go func() { _ = bot.Run(ctx); close(over) }()
	return rising{
		stop: func() {
			w.Helper()
			cancel()
			<-over
			if err := bot.Close(context.Background()); err != nil {
				w.Fatal(err)
			}
		},
		kill: func() {
			store.Func(func(dialogtest.Method, *dialog.Batch) dialogtest.Fault {
				return dialogtest.Fault{Before: dialogtest.ErrFault}
			})
			cancel()
			<-over
		},
	}
}

// up waits until an instance is up, and checks how it says that the life before ended.
func (w *world) up(instance, cause string) {
	w.Helper()
	w.eventually(instance+" is up", func() bool {
		w.clock.Advance(time.Second)
		ups := w.kinds(dialog.EventUp)
		return len(ups) > 0 && ups[len(ups)-1].Instance == instance
	})
	ups := w.kinds(dialog.EventUp)
	if e := ups[len(ups)-1]; e.Cause != cause || e.Key != "" || e.Draft != "" {
		w.Errorf("%+v, want the cause %q and no conversation", e, cause)
	}
}

// An instance says how the last one of its host ended, however long ago.
func TestUpSaysHowTheLastLifeEnded(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.store.Fail(dialogtest.Holders, 2) // it says so when the store is there
	life := w.life("host.1")
	w.up("host.1", "")
	life.stop()
	w.clock.Advance(50 * 24 * time.Hour) // events live longer
	other := w.life("other.1")
	w.up("other.1", "")
	life = w.life("host.2")
	w.up("host.2", "stop")
	life.kill()
	other.stop()
	w.clock.Advance(time.Hour)
	life = w.life("host.3")
	w.up("host.3", "crash")
	life.kill()
	life = w.life("host.4") // at once: host.3 seems to live for a while
	w.up("host.4", "crash")
	life.stop()
	w.life("host.5")
	w.up("host.5", "stop")
	w.life("other.2")
	w.up("other.2", "stop")
}

// sending is a form that starts a parcel.
var sending = form.Form[Order]{
	Name: "sending", Version: 1,
	Questions: []form.Question[Order]{form.Text("address", "Where to?", func(o *Order) *string { return &o.Address })},
	Submit: func(_ Order, t *dialog.Turn) string {
		id := "p" + t.ID(7)
		t.Start(&dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: t.Input.Key.Bot, Flow: "parcel", ID: id}, Owner: t.Record.Owner, Draft: id, Step: "on its way"}}, true)
		return "Sent!"
	},
}

// A draft keeps the variant with which it began, and so does what it starts.
func TestVariantOfADraft(t *testing.T) {
	memory, variant := dialog.NewMemory(), "a"
	bot, err := dialog.New(memory, dialog.Config{Variant: func(owner string) string { return variant + owner }}, sending, parcel{})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(t.Context())
	n := 0
	say := func(kind dialog.Kind, text string) *dialog.Record {
		n++
		in := dialog.Input{ID: string(rune('a' + n)), Kind: kind, Owner: "tg:1", Text: text}
		if kind == dialog.KindCommand {
			in.Name, in.Text = text, ""
		}
		out, err := bot.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return out.Record
	}
	first := say(dialog.KindCommand, "create").Draft
	variant = "b"
	bot.Evict()
	r := say(dialog.KindText, "1 Infinite Loop")
	row, err := memory.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "parcel", ID: r.Started})
	if err != nil {
		t.Fatal(err)
	}
	started, err := dialog.Decode(row)
	if err != nil || r.Variant != "atg:1" || started.Variant != "atg:1" {
		t.Errorf("variant %q, and %q of what it started: %v", r.Variant, started.Variant, err)
	}
	if r = say(dialog.KindCommand, "create"); r.Variant != "btg:1" {
		t.Errorf("the next draft has %q", r.Variant)
	}
	for _, e := range memory.Logged() {
		want := "btg:1"
		if e.Draft == first || e.Cause == first {
			want = "atg:1"
		}
		if e.Variant != want {
			t.Errorf("%s of %s has variant %q, want %q", e.Kind, e.Draft, e.Variant, want)
		}
	}
}
