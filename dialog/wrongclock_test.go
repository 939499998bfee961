package dialog_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Deadlines follow the store's clock: an instance whose own clock is wrong by hours ends
// each draft in time.
func TestWrongClock(t *testing.T) {
	for _, wrong := range []time.Duration{-5 * time.Hour, 5 * time.Hour, 200 * 24 * time.Hour} {
		t.Run(wrong.String(), func(t *testing.T) {
			ctx := t.Context()
			var at atomic.Int64 // milliseconds; a batch of marks may ask while the test turns the clock
			at.Store(time.Date(2026, 11, 24, 14, 32, 0, 0, time.UTC).UnixMilli())
			now := func() time.Time { return time.UnixMilli(at.Load()).UTC() }
			store := dialog.NewMemory()
			store.SetNow(now)
			life := time.Hour
			form := pizza
			form.Life = func(string) time.Duration { return life }
			e, err := dialog.New(store, dialog.Config{Now: func() time.Time { return now().Add(wrong) }}, form)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close(ctx)
			if err := e.Sync(ctx); err != nil {
				t.Fatal(err)
			}
			say := func(id string, in dialog.Input) *dialog.Record {
				t.Helper()
				in.ID, in.Owner = id, "tty:ann"
				out, err := e.Handle(ctx, in)
				if err != nil {
					t.Fatal(err)
				}
				return out.Record
			}
			r := say("1", dialog.Input{Kind: dialog.KindCommand, Name: "create"})
			if want := now().Add(life); !r.Expires.Equal(want) {
				t.Fatalf("expires %s, want %s", r.Expires, want)
			}
			say("2", dialog.Input{Kind: dialog.KindText, Text: "large"})
			at.Add((life - time.Minute).Milliseconds())
			if _, err := e.Sweep(ctx, 0); err != nil {
				t.Fatal(err)
			}
			if h, err := e.Peek(ctx, r.Key); err != nil || h.Step != "count" {
				t.Fatalf("a minute before its time: step %q, %v", h.Step, err)
			}
			at.Add((2 * time.Minute).Milliseconds())
			if _, err := e.Sweep(ctx, 0); err != nil {
				t.Fatal(err)
			}
			if h, err := e.Peek(ctx, r.Key); err != nil || h.Step != "" {
				t.Fatalf("a minute after its time: step %q, %v", h.Step, err)
			}
		})
	}
}

// A clock that is set right while nobody writes ends nothing early.
func TestClockSet(t *testing.T) {
	ctx := t.Context()
	now, wrong := time.Date(2026, 11, 24, 14, 32, 0, 0, time.UTC), -5*time.Hour
	store := dialog.NewMemory()
	store.SetNow(func() time.Time { return now })
	form := pizza
	form.Life = func(string) time.Duration { return 3 * time.Hour }
	e, err := dialog.New(store, dialog.Config{Now: func() time.Time { return now.Add(wrong) }}, form)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	if err := e.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	var key dialog.Key
	for n, in := range []dialog.Input{{Kind: dialog.KindCommand, Name: "create"}, {Kind: dialog.KindText, Text: "large"}} {
		in.ID, in.Owner = string(rune('1'+n)), "tty:ann"
		out, err := e.Handle(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		key = out.Record.Key
	}
	wrong, now = 0, now.Add(time.Minute)
	if _, err := e.Sweep(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if h, err := e.Peek(ctx, key); err != nil || h.Step != "count" {
		t.Fatalf("two hours and more before its time: step %q, %v", h.Step, err)
	}
}
