package telegram

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// hasty is a Bot API server that answers each getUpdates at once.
type hasty struct {
	polls   atomic.Int64
	updates string // of each answer
}

func (h *hasty) RoundTrip(r *http.Request) (*http.Response, error) {
	result := "true"
	switch method := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]; method {
	case "getUpdates":
		h.polls.Add(1)
		result = h.updates
	case "getMe":
		result = `{"id":1,"is_bot":true,"username":"lockbay_bot"}`
	}
	body := io.NopCloser(strings.NewReader(fmt.Sprintf(`{"ok":true,"result":%s}`, result)))
	return &http.Response{StatusCode: http.StatusOK, Body: body, Header: http.Header{}, Request: r}, nil
}

// A server that never waits, or that repeats updates for ever, is asked once a second.
func TestHastyServer(t *testing.T) {
	for name, updates := range map[string]string{
		"empty":            `[]`,
		"null":             `null`,
		"the same updates": `[{"update_id":7,"poll":{"id":"1"}},{"update_id":8,"poll":{"id":"1"}}]`,
		"updates below":    `[{"update_id":-3,"poll":{"id":"1"}}]`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &hasty{updates: updates}
				engine, err := dialog.New(dialog.NewMemory(), dialog.Config{}, quiz{})
				if err != nil {
					t.Fatal(err)
				}
				ch := New(Config{Engine: engine, Token: "1:x", Transport: server, Log: slog.New(slog.DiscardHandler),
					Lease: func(ctx context.Context) bool { return true }})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := ch.Run(ctx); err != nil {
					t.Error(err)
				}
				_ = engine.Close(ctx)
				if n := server.polls.Load(); n < 50 || n > 65 {
					t.Errorf("%d polls in a minute, want about 60", n)
				}
			})
		})
	}
}
