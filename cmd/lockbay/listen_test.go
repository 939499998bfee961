package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// On SQLite, an instance that somebody watches hears what another process has written to the file.
func TestListenOnSQLite(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	open := func() *app {
		a, err := newApp(t.Context(), settings(t, "--database-url", url), true, dialog.Recorder{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.close(context.WithoutCancel(t.Context())) })
		return a
	}
	here, there := open(), open()
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- here.listen(ctx) }()
	told, cancel := here.engine.Watch(here.engine.Route(&dialog.Input{Owner: "tg:4829142"}))
	defer cancel()
	draftedBy(t, there, "tg:4829142")
	<-told
	stop()
	<-over
}
