package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// A row that no version can read is in the log of the program, once, in its own words.
func TestStoresTellTheLog(t *testing.T) {
	for kind, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(kind, func(t *testing.T) {
			var said strings.Builder
			a, err := newApp(t.Context(), &Settings{DatabaseURL: url, Mode: "database", Currency: "USD", Listen: "127.0.0.1:0", PaymentWindow: payWindows{usual: time.Hour},
				DraftTTL: time.Hour, SessionGap: time.Hour, TimeZone: "UTC"}, false, newMetrics().recorder(slog.New(slog.NewTextHandler(&said, nil))), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer a.close(context.Background())
			row := dialogtest.NewRow(dialog.Key{}) // its key is no bot:flow:id
			row.Due = 1
			if _, err := a.store.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if rows, err := a.store.Due(t.Context(), dialog.DueQuery{Until: time.UnixMilli(1)}); err != nil || len(rows) > 0 {
					t.Fatal(rows, err)
				}
			}
			if log := said.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "cannot be read") || !strings.Contains(log, "::") || strings.Contains(log, "tried again") {
				t.Errorf("the log has %q", log)
			}
		})
	}
}
