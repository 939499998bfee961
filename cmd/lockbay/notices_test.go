package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
)

// TestNoticesAreTold: an instance logs that notices of the others do not arrive, with the setting and how to fix it.
func TestNoticesAreTold(t *testing.T) {
	t.Parallel()
	direct := testdb.Postgres(t)
	pooled := strings.Replace(testdb.PgBouncer(t, direct), "default_query_exec_mode=exec", "application_name=test", 1)
	for name, c := range map[string]struct {
		url, direct string
		want        []string // none: all is well
	}{
		"direct":      {direct, "", nil},
		"past pooler": {pooled, direct, nil},
		"nobody":      {pooled, "postgres://u:hunter2@127.0.0.1:1/b?sslmode=disable", []string{"--database-direct-url", "nothing listens"}},
		"pooler":      {pooled, "", []string{"--database-url", "pooler", "set --database-direct-url"}},
		"named":       {direct, pooled, []string{"--database-direct-url", "past any pooler"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := make(chan string, 99)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if c.want == nil {
				time.AfterFunc(8*time.Second, cancel) // trouble is reported earlier
			}
			set := &Settings{DatabaseURL: c.url, DatabaseDirectURL: c.direct}
			st, err := set.openStore(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			engine, err := dialog.New(st, dialog.Config{}, &deal.Flow{})
			if err != nil {
				t.Fatal(err)
			}
			defer engine.Close(t.Context())
			a := &app{set: set, store: st, engine: engine, trouble: func(what string, err error) { told <- what + ": " + err.Error(); cancel() }}
			_ = a.listen(ctx)
			close(told)
			line, ok := <-told
			if ok != (c.want != nil) {
				t.Fatalf("told %q", line)
			}
			for _, want := range append(c.want, "") {
				if !strings.Contains(line, want) || strings.Contains(line, "hunter2") {
					t.Errorf("told %q, want %q", line, want)
				}
			}
			t.Log(line)
		})
	}
}
