package redisdrafts_test

import (
	"context"
	"log"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
)

// Rows stay in the store; copies of them in Redis make rehydration one GET.
func ExampleOpen() {
	ctx := context.Background()
	drafts, err := redisdrafts.Open(ctx, "redis://bot:secret@localhost:6379/0", redisdrafts.Options{
		Trouble: func(what string, err error) { log.Printf("redis: %s: %v", what, err) },
	})
	if err != nil {
		log.Fatal(err) // the URL: Redis itself may be away
	}
	defer func() { _ = drafts.Close() }()
	_ = dialog.Config{
		Drafts: drafts,
		Mode:   func(owner string) dialog.Mode { return dialog.Hybrid },
	}
}
