package telegram

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestUntil: a start-up call is repeated after a second, doubled up to a minute, each time with a line in the log; a token
// that the server does not know is asked for once a minute. A call that fails because the bot stops is no failure.
func TestUntil(t *testing.T) {
	for name, x := range map[string]struct {
		err   error
		waits []time.Duration // between the tries
		says  string
	}{
		"away":          {errors.New("away"), []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute}, "is tried again"},
		"unknown":       {&callError{Code: 401}, []time.Duration{time.Minute, time.Minute, time.Minute}, "check the token"},
		"unknown bot":   {&callError{Code: 404}, []time.Duration{time.Minute, time.Minute}, "check the token"},
		"asks to wait":  {&callError{Code: 429, RetryAfter: 5 * time.Second}, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute}, "is tried again"},
		"works at once": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said logs
				c := New(Config{Token: "1:x", Log: slog.New(slog.NewTextHandler(&said, nil))})
				defer c.Close()
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				var at []time.Time
				c.until(ctx, "getMe", func(context.Context) error {
					at = append(at, time.Now())
					if len(at) > len(x.waits) {
						return nil
					}
					return x.err
				})
				if len(at) != len(x.waits)+1 {
					t.Fatalf("%d tries, want %d", len(at), len(x.waits)+1)
				}
				for i, want := range x.waits {
					if got := at[i+1].Sub(at[i]); got != want {
						t.Errorf("wait %d is %v, want %v", i, got, want)
					}
				}
				if n := strings.Count(said.String(), "\n"); n != len(x.waits) || n > 0 && strings.Count(said.String(), x.says) != n {
					t.Errorf("%d lines:\n%s", n, said.String())
				}
				before := said.String()
				c.until(ctx, "getMe", func(context.Context) error { stop(); return errors.New("stopped") })
				if said.String() != before {
					t.Errorf("a stop is a failure: %s", said.String()[len(before):])
				}
			})
		})
	}
}
