package dialog_test

import (
	"testing"
	"time"
)

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
