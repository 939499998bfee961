package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/web"
)

// Visitors of the page keep a draft for a day, and other people for --draft-ttl.
func TestLifeOfDrafts(t *testing.T) {
	const week = 7 * 24 * time.Hour
	a, err := newApp(t.Context(), &Settings{DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), Mode: "database", Currency: "USD", Listen: "127.0.0.1:0",
		PaymentWindow: payWindows{usual: time.Hour}, DraftTTL: week, SessionGap: time.Hour, TimeZone: "UTC"}, false, newMetrics().recorder(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close(context.Background())
	for owner, want := range map[string]time.Duration{web.VisitorPrefix + "7f00": 24 * time.Hour, "tg:1000001": week, "tty:anna": week} {
		out, err := a.engine.Handle(t.Context(), dialog.Input{ID: "1", Kind: dialog.KindCommand, Name: "create", Owner: owner})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Record.Expires.Sub(out.Record.Updated); got != want {
			t.Errorf("%s: a draft is kept for %s, want %s", owner, got, want)
		}
	}
}
