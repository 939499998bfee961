package telegram

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// posts sends n posts with a secret to a channel.
func posts(t *testing.T, c *Channel, n int, secret string) {
	t.Helper()
	for range n {
		r := httptest.NewRequest(http.MethodPost, "/telegram/webhook", strings.NewReader(`{"update_id":1}`))
		if secret != "" {
			r.Header.Set(secretHeader, secret)
		}
		w := httptest.NewRecorder()
		if c.ServeHTTP(w, r); w.Code != http.StatusUnauthorized || w.Body.Len() > 0 {
			t.Errorf("secret %q: %d %q", secret, w.Code, w.Body)
		}
	}
}

// Posts without the right secret are in the log: one line a minute, with their number.
func TestStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out logs
		c := New(Config{Token: "1:x", Secret: secret, Log: slog.New(slog.NewTextHandler(&out, nil))})
		lines := func(want ...string) {
			t.Helper()
			synctest.Wait()
			got := strings.Split(strings.TrimSpace(out.String()), "\n")
			if out.String() == "" {
				got = nil
			}
			if len(got) != len(want) {
				t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), out.String())
			}
			for i := range want {
				if !strings.Contains(got[i], want[i]) || !strings.Contains(got[i], "webhook") {
					t.Errorf("line %d is %s\nwant %s", i, got[i], want[i])
				}
			}
		}
		lines()
		posts(t, c, 1, "")
		lines("count=1")
		posts(t, c, 1000, "wrong")
		posts(t, c, 10, "")
		time.Sleep(59 * time.Second)
		lines("count=1")
		time.Sleep(2 * time.Second)
		lines("count=1", "count=1010")
		time.Sleep(time.Hour) // nobody posts
		lines("count=1", "count=1010")
		posts(t, c, 2, "wrong")
		c.Close()
		lines("count=1", "count=1010", "count=1", "count=1")
		posts(t, c, 2, "wrong")
		time.Sleep(time.Hour)
		lines("count=1", "count=1010", "count=1", "count=1")
		if strings.Contains(out.String(), secret) || strings.Contains(out.String(), "wrong") {
			t.Errorf("a secret in the log:\n%s", out.String())
		}
	})
}
