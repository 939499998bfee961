package dialog_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// life runs an engine until stop, or until the end of the test.
func (w *world) life(instance string) (stop func()) {
	w.Helper()
	w.bot = w.process(instance)
	bot := w.bot
	ctx, cancel := context.WithCancel(w.Context())
	over := make(chan struct{})
	ups := len(w.kinds(dialog.EventUp))
	go func() { _ = bot.Run(ctx); close(over) }()
	w.eventually("it is up", func() bool { return len(w.kinds(dialog.EventUp)) > ups })
	return func() {
		w.Helper()
		cancel()
		<-over
		if err := bot.Close(context.Background()); err != nil {
			w.Fatal(err)
		}
	}
}

// An instance says how the last one of its host ended, however long ago.
func TestUpSaysHowTheLastLifeEnded(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.store.Fail(dialogtest.Lease, 2) // it says so when the store is there
	w.life("host.1")()
	w.clock.Advance(50 * 24 * time.Hour) // events live longer
	other := w.life("other.1")
	w.life("host.2") // never stopped
	other()
	w.clock.Advance(time.Hour)
	w.life("host.3")
	w.clock.Advance(time.Second)
	w.life("host.4")()
	w.life("host.5")
	w.life("other.2")
	var got []string
	for _, e := range w.kinds(dialog.EventUp) {
		got = append(got, e.Instance+" "+e.Cause)
		if e.Key != "" || e.Draft != "" {
			t.Errorf("%+v is of a conversation", e)
		}
	}
	want := []string{"host.1 ", "other.1 ", "host.2 stop", "host.3 crash", "host.4 crash", "host.5 stop", "other.2 stop"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
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
