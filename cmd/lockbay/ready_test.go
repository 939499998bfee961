package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/testdb"
)

// While no turn can be committed the server is not ready, though the database can be read.
// It is ready again as soon as turns can be committed.
func TestReadyMeansThatTurnsAreCommitted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.db")
	for kind, x := range map[string]struct{ url, driver, dsn, lock, unlock string }{
		"sqlite":   {"sqlite:" + file, "sqlite", file, "begin immediate", "rollback"},
		"postgres": {url: testdb.Postgres(t), driver: "pgx", lock: "begin; lock table conversations in exclusive mode", unlock: "rollback"},
	} {
		t.Run(kind, func(t *testing.T) {
			if x.dsn == "" {
				x.dsn = x.url
			}
			a, err := newApp(t.Context(), &Settings{DatabaseURL: x.url, Mode: "database", Currency: "USD", Listen: "127.0.0.1:0", PaymentWindow: payWindows{usual: time.Hour},
				DraftTTL: time.Hour, SessionGap: time.Hour, TimeZone: "UTC"}, false, newMetrics().recorder(nil), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer a.close(context.Background())
			asks := func() (int, string) {
				s := &server{app: a} // without what it knew
				w := httptest.NewRecorder()
				s.readyz(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
				return w.Code, w.Header().Get("Retry-After")
			}
			if code, _ := asks(); code != http.StatusOK {
				t.Fatalf("at first: %d", code)
			}
			db, err := sql.Open(x.driver, x.dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			c, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.ExecContext(t.Context(), x.lock); err != nil {
				t.Fatal(err)
			}
			if code, retry := asks(); code != http.StatusServiceUnavailable || retry == "" {
				t.Errorf("while it is locked: %d, Retry-After %q", code, retry)
			}
			if _, err := c.ExecContext(t.Context(), x.unlock); err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
				code, _ := asks()
				if code == http.StatusOK {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("afterwards: %d", code)
				}
			}
		})
	}
}

// Many that ask at once are answered by one turn.
func TestReadinessIsAskedOnceASecond(t *testing.T) {
	var r readiness
	n := 0
	for range 100 {
		if err := r.ask(t.Context(), func(context.Context) error { n++; return errors.New("full") }); err == nil {
			t.Fatal("ready")
		}
	}
	if n > 3 {
		t.Errorf("%d turns", n)
	}
}
