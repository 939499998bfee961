package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

func Example() {
	k := dialogtest.NewTalk(dialog.NewMemory(), pizza)
	defer k.Close()
	for _, line := range []string{"/create", "large", "200", "2", "1 Infinite Loop", "/confirm"} {
		k.Say(line)
	}
	k.Wait(40 * time.Minute)
	// Output:
	// What size?
	// How many?
	// ! 200 is not between 1 and 20.
	// How many?
	// Where to?
	// Is this right?
	// * 2 large for 1 Infinite Loop: coming!
	// Done
	// * Has it arrived?
	// Done
}

// Ctrl+D ends the program, and nothing of it goes on with a closed store.
func TestInputEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	if err := run(context.Background(), filepath.Join(t.TempDir(), "pizza.db"), "", ""); err != nil { // a test has no input
		t.Error(err)
	}
}
