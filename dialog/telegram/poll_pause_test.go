package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
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
				engine, err := dialog.New(dialog.NewMemory(), dialog.Config{Recorder: telling(quiet)}, quiz{})
				if err != nil {
					t.Fatal(err)
				}
				ch := New(Config{Engine: engine, Token: "1:x", Transport: server, Log: quiet,
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

// counter is a Bot API server that numbers updates, and waits for them like the real one.
type counter struct {
	mu      sync.Mutex
	waiting []int64 // ids
	offset  int64   // of the last getUpdates
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	result := "true"
	switch {
	case strings.HasSuffix(r.URL.Path, "/getMe"):
		result = `{"id":1,"is_bot":true,"username":"lockbay_bot"}`
	case strings.HasSuffix(r.URL.Path, "/getUpdates"):
		var ask struct{ Offset, Timeout int64 }
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			return nil, err
		}
		list := c.updates(ask.Offset)
		for end := time.Now().Add(time.Duration(ask.Timeout) * time.Second); len(list) == 0 && time.Now().Before(end); time.Sleep(time.Second) {
			if r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
			list = c.updates(ask.Offset)
		}
		result = "[" + strings.Join(list, ",") + "]"
	}
	body := io.NopCloser(strings.NewReader(fmt.Sprintf(`{"ok":true,"result":%s}`, result)))
	return &http.Response{StatusCode: http.StatusOK, Body: body, Header: http.Header{}, Request: r}, nil
}

// updates forgets those below the offset and returns the others.
func (c *counter) updates(offset int64) (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
	var rest []int64
	for _, id := range c.waiting {
		if id >= offset {
			rest = append(rest, id)
			list = append(list, fmt.Sprintf(`{"update_id":%d,"poll":{"id":"1"}}`, id))
		}
	}
	c.waiting = rest
	return list
}

// After a week without updates the server numbers them anew (Bot API, Update), perhaps
// from a lower number.
func TestNumbersBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &counter{}
		engine, err := dialog.New(dialog.NewMemory(), dialog.Config{Recorder: telling(quiet)}, quiz{})
		if err != nil {
			t.Fatal(err)
		}
		ch := New(Config{Engine: engine, Token: "1:x", Transport: server, Log: quiet,
			Lease: func(context.Context) bool { return true }})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- ch.Run(ctx) }()
		for _, id := range []int64{9_000_000_000_000, 5, 6} {
			time.Sleep(10 * time.Minute)
			server.mu.Lock()
			server.waiting = append(server.waiting, id)
			server.mu.Unlock()
			time.Sleep(10 * time.Second)
			server.mu.Lock()
			if len(server.waiting) > 0 || server.offset != id+1 {
				t.Errorf("after update %d: %v wait, the offset is %d", id, server.waiting, server.offset)
			}
			server.mu.Unlock()
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = engine.Close(context.Background())
	})
}

// failing is a Bot API server whose first answers to getUpdates are errors.
type failing struct {
	hasty
	answers []string    // "": the connection breaks
	asked   []time.Time // when a getUpdates came
}

func (f *failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/getUpdates") {
		return f.hasty.RoundTrip(r)
	}
	n := len(f.asked)
	f.asked = append(f.asked, time.Now())
	switch {
	case n >= len(f.answers):
		return f.hasty.RoundTrip(r)
	case f.answers[n] == "":
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(f.answers[n])), Header: http.Header{}, Request: r}, nil
}

// A getUpdates that fails is repeated after a pause that doubles, or that the server names.
func TestFailedPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &failing{hasty: hasty{updates: "[]"}, answers: []string{"", "", `{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":40}}`, ""}}
		engine, err := dialog.New(dialog.NewMemory(), dialog.Config{Recorder: telling(quiet)}, quiz{})
		if err != nil {
			t.Fatal(err)
		}
		ch := New(Config{Engine: engine, Token: "1:x", Transport: server, Log: quiet, Lease: func(context.Context) bool { return true }})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		if err := ch.Run(ctx); err != nil {
			t.Error(err)
		}
		_ = engine.Close(context.Background())
		for i, want := range []time.Duration{againFirst, 2 * againFirst, 40 * time.Second, tryMost / 2, roundLeast} {
			if got := server.asked[i+1].Sub(server.asked[i]); got != want {
				t.Errorf("the pause after poll %d is %v, want %v", i, got, want)
			}
		}
	})
}
