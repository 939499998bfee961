package main

import (
	"fmt"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// A visit is booked, told the evening before, moved, and cancelled.
func Example() {
	k := dialogtest.NewTalk(dialog.NewMemory(), booking, visits{})
	defer k.Close()
	for _, line := range []string{"/create", "haircut", "friday", "11:00", "no", "skip"} {
		k.Say(line)
	}
	k.Tap("confirm")
	visit := dialog.Key{Bot: k.Bot.Bot(), Flow: "visit", ID: k.Record.Started}
	k.Load(visit)
	fmt.Println("- Thursday, 18:00")
	k.Wait(52 * time.Hour)
	k.Tap("change")
	k.Tap("day:2026-12-01")
	fmt.Println("- Monday, 18:00")
	k.Wait(96 * time.Hour)
	k.Tap("cancel")
	k.Tap("cancel:yes")
	// Output:
	// What may we do?
	// Which day?
	// What time?
	// Is it your first visit?
	// Anything we should know?
	// Is this right?
	// Done
	// Haircut on Fri 27 Nov, 11:00
	// - Thursday, 18:00
	// * See you tomorrow!
	// Haircut on Fri 27 Nov, 11:00
	// Which day instead?
	// * Moved.
	// Haircut on Tue 1 Dec, 11:00
	// - Monday, 18:00
	// * See you tomorrow!
	// Haircut on Tue 1 Dec, 11:00
	// Cancel Haircut on Tue 1 Dec, 11:00?
	// * Cancelled.
	// Haircut on Tue 1 Dec, 11:00
}
