package dialog_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Two taps ask once; what is delivered again changes nothing.
func TestAsksOnce(t *testing.T) {
	k := sat(t)
	tap, again := k.button("1", "P-1", "say"), k.button("1", "P-1", "say")
	k.handle(tap)
	shown := k.newest("1", "chat:1").ID
	if out := k.handle(again); out.Record.Asks == nil || k.newest("1", "chat:1").ID != shown {
		t.Errorf("the second of two taps: %s", out.Did)
	}
	k.tap("2", "P-1", "step:next")
	k.tap("2", "P-1", "step:open")
	if out := k.handle(tap); out.Did != dialog.DidDuplicate {
		t.Errorf("the tap again, after moves of the other: %s", out.Did)
	}
	text := k.types("1", "once")
	k.handle(text)
	k.tap("1", "P-1", "say")
	if out := k.handle(text); out.Did != dialog.DidDuplicate || out.Record.Asks == nil {
		t.Errorf("the text again: %s", out.Did)
	}
	k.has("1", "", "b:once;")
	k.tap("1", "chat:1", dialog.ActionLeave)
	if out := k.handle(again); out.Did != dialog.DidDuplicate || out.Record.Asks != nil {
		t.Errorf("the second tap again: %s", out.Did)
	}
}

// A person who taps again and again, since the question stands above other messages, gets it
// below: quick taps are one, but each of them does not put the next question off.
func TestAsksWhoeverKeepsTapping(t *testing.T) {
	k := sat(t)
	k.tap("1", "P-1", "say")
	first := k.newest("1", "chat:1").ID
	for range 4 {
		k.clock.Advance(time.Second)
		k.tap("1", "P-1", "say")
	}
	if shown := k.newest("1", "chat:1").ID; shown == first {
		t.Errorf("five taps in four seconds show message %s alone", first)
	}
	if second := k.newest("1", "chat:1").ID; second != first {
		k.tap("1", "P-1", "say")
		if k.newest("1", "chat:1").ID != second {
			t.Error("the next tap at once shows it once more")
		}
	}
}
