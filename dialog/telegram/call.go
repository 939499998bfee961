package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
	"github.com/lockbay/lockbay/dialog/telegram/internal/wire"
)

const (
	callTimeout = 15 * time.Second // of a call; less than the courier's
	pauseLeast  = time.Second      // after a 429 without retry_after
	pauseMost   = time.Hour        // after any 429: a call an hour harms no server, and a wrong number ends
)

// callError is a call that the server rejected.
type callError struct {
	Method      string
	Code        int           // HTTP status, or the error_code of the answer
	RetryAfter  time.Duration // of a 429: pauseLeast to pauseMost
	MovedTo     int64         // the supergroup that the group has become; else 0
	Description string        // the server's words; Error shortens them, because they may quote the message
}

func (e *callError) Error() string {
	words, _, _ := strings.Cut(e.Description, `"`)
	return fmt.Sprintf("telegram: %s: %d %s", e.Method, e.Code, words[:min(len(words), 120)])
}

func (e *callError) says(words string) bool { return strings.Contains(e.Description, words) }

// client calls the methods of a Bot API server.
type client struct {
	base      *url.URL // …/botTOKEN/
	broken    error    // why base cannot be used
	token     string
	wire      *wire.Wire        // nil: calls go through transport
	transport http.RoundTripper // for a proxy, or from Config
}

var header = http.Header{"Content-Type": {"application/json"}, "User-Agent": {"lockbay"}}

func newClient(api, token string, rt http.RoundTripper, idle int) *client {
	c := &client{token: token, transport: rt}
	base, err := url.Parse(api + "/bot" + token + "/")
	if err != nil || base.Host == "" {
		c.broken = errors.New("telegram: the address of the Bot API server or the token is malformed")
	}
	c.base = base
	switch {
	case rt != nil || c.broken != nil:
	case proxied(base):
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConns, t.MaxIdleConnsPerHost, t.DisableCompression = idle, idle, true
		c.transport = t
	default:
		c.wire = wire.New(base, idle)
	}
	return c
}

// proxied reports whether the environment names a proxy for this server.
func proxied(base *url.URL) bool {
	p, err := http.ProxyFromEnvironment(&http.Request{URL: base})
	return err != nil || p != nil
}

func (c *client) close() {
	if c.wire != nil {
		c.wire.Close()
	}
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// answer is the JSON of every answer.
type answer[T any] struct {
	OK          bool   `json:"ok"`
	Result      T      `json:"result"`
	Code        int    `json:"error_code"`
	Description string `json:"description"`
	Parameters  struct {
		RetryAfter float64 `json:"retry_after"` // seconds; the API says an integer, of any size
		MovedTo    int64   `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// call makes a call with params as JSON and returns its result. A rejected call is
// an *callError. Errors never contain the token.
func call[T any](ctx context.Context, c *client, method string, params any, timeout time.Duration) (out T, err error) {
	body, err := json.Marshal(params)
	if err != nil {
		return out, fmt.Errorf("telegram: %s: %w", method, err)
	}
	err = c.post(ctx, method, body, timeout, func(status int, raw []byte) error {
		var a answer[T]
		if json.Unmarshal(raw, &a) != nil || !a.OK {
			return apiError(method, status, raw)
		}
		out = a.Result
		return nil
	})
	return out, err
}

// send makes a call with an encoded body and returns the message id of the result,
// 0 if it has none. For the usual answer it reads the first bytes only; the rest
// repeats the message.
func (c *client) send(ctx context.Context, method string, body []byte) (message int64, err error) {
	err = c.post(ctx, method, body, callTimeout, func(status int, raw []byte) error {
		if id, ok := botapi.Sent(raw); ok {
			message = id
			return nil
		}
		var a answer[json.RawMessage]
		var m struct {
			ID int64 `json:"message_id"`
		}
		if json.Unmarshal(raw, &a) != nil || !a.OK {
			return apiError(method, status, raw)
		}
		if method == "sendMessage" && (json.Unmarshal(a.Result, &m) != nil || m.ID == 0) {
			return apiError(method, status, raw)
		}
		message = m.ID
		return nil
	})
	return message, err
}

// apiError makes the error of a rejected call. raw may also be a proxy's page.
func apiError(method string, status int, raw []byte) error {
	e := &callError{Method: method, Code: status}
	var a answer[json.RawMessage]
	if json.Unmarshal(raw, &a) == nil && a.Code != 0 {
		e.Code, e.Description, e.MovedTo = a.Code, a.Description, a.Parameters.MovedTo
	} else {
		e.Description = "answer is not from a Bot API server"
	}
	if e.Code == http.StatusTooManyRequests {
		seconds := min(max(a.Parameters.RetryAfter, pauseLeast.Seconds()), pauseMost.Seconds())
		e.RetryAfter = time.Duration(seconds * float64(time.Second))
	}
	return e
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// buffer is an empty buffer of the pool.
func buffer() *bytes.Buffer {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	return b
}

// giveBack returns a buffer to the pool, unless a rare large body has made it large.
func giveBack(b *bytes.Buffer) {
	if b.Cap() <= 64<<10 {
		buffers.Put(b)
	}
}

// post makes the round trip. read must not keep raw.
func (c *client) post(ctx context.Context, method string, body []byte, timeout time.Duration, read func(status int, raw []byte) error) error {
	if c.broken != nil {
		return c.broken
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	buf := buffer()
	defer giveBack(buf)
	trip := c.roundTrip
	if c.wire != nil {
		trip = c.wire.Post
	}
	status, err := trip(ctx, method, body, buf)
	if err != nil {
		return c.failed(method, err)
	}
	return read(status, buf.Bytes())
}

// roundTrip uses the transport without an http.Client, which would follow redirects
// and put the token into a *url.Error.
func (c *client) roundTrip(ctx context.Context, method string, body []byte, buf *bytes.Buffer) (status int, err error) {
	at := *c.base
	at.Path += method
	req := (&http.Request{
		Method: http.MethodPost, URL: &at, Host: at.Host,
		Header: header, // shared: a transport must not change it
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		// lets the transport repeat the call when the server has closed an idle connection
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(ctx)
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = buf.ReadFrom(io.LimitReader(res.Body, wire.AnswerMax))
	return res.StatusCode, err
}

// failed wraps a network error and removes the token from it.
func (c *client) failed(method string, err error) error {
	if strings.Contains(err.Error(), c.token) && c.token != "" {
		return fmt.Errorf("telegram: %s: %s", method, strings.ReplaceAll(err.Error(), c.token, "TOKEN"))
	}
	return fmt.Errorf("telegram: %s: %w", method, err)
}
