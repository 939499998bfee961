package telegram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

func post(h http.Handler, given, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/telegram/webhook", strings.NewReader(body))
	if given != "" {
		r.Header.Set(secretHeader, given)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func text(update, id int64, s string) string {
	return fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"from":{"id":1000001,"is_bot":false,"first_name":"Anna"},`+
		`"chat":{"id":1000001,"type":"private"},"date":1790000000,"text":%q}}`, update, id, s)
}

// bare is a channel on an engine without couriers.
func bare(t testing.TB, store dialog.Store, change func(*Config)) *Channel {
	t.Helper()
	return bareOf(t, quiz{}, store, change)
}

func bareOf(t testing.TB, flow dialog.Flow, store dialog.Store, change func(*Config)) *Channel {
	t.Helper()
	e, err := dialog.New(store, dialog.Config{Detached: true, Recorder: telling(quiet)}, flow)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	cfg := Config{Engine: e, Token: "1:T", APIURL: "http://127.0.0.1:1", Secret: secret, Log: quiet}
	if change != nil {
		change(&cfg)
	}
	c := New(cfg)
	t.Cleanup(c.Close)
	return c
}

func TestDoors(t *testing.T) {
	mem := dialog.NewMemory()
	c := bare(t, mem, nil)
	good := text(1, 1, "/start")
	for name, x := range map[string]struct {
		secret, body string
		code         int
	}{
		"no secret":      {"", good, 401},
		"wrong secret":   {"s3cret_Webhook-2", good, 401},
		"longer secret":  {secret + "x", good, 401},
		"shorter secret": {secret[:4], good, 401},
		"no JSON":        {secret, "hello", 400},
		"cut off":        {secret, good[:len(good)-9], 400},
		"nothing":        {secret, "", 400},
		"too large":      {secret, text(1, 1, strings.Repeat("x", 1<<20)), 413},
		"other shape":    {secret, `{"update_id":7,"message":{"message_id":"seven"}}`, 200},
		"a list":         {secret, `[1,2]`, 200},
		"null":           {secret, `null`, 200},
		"nobody":         {secret, `{"update_id":7,"message":{"message_id":7,"chat":{"id":1,"type":"private"},"text":"hi"}}`, 200},
		"a channel":      {secret, `{"update_id":7,"channel_post":{"message_id":7,"chat":{"id":-1,"type":"channel"},"text":"hi"}}`, 200},
		"a bot":          {secret, `{"update_id":7,"message":{"message_id":7,"from":{"id":5,"is_bot":true},"chat":{"id":5,"type":"private"},"text":"hi"}}`, 200},
		"a pin":          {secret, `{"update_id":7,"message":{"message_id":7,"from":{"id":5},"chat":{"id":5,"type":"private"},"pinned_message":{"message_id":3}}}`, 200},
	} {
		w := post(c, x.secret, x.body)
		if w.Code != x.code || w.Body.Len() > 0 || w.Header().Get("Retry-After") != "" {
			t.Errorf("%s: %d %q, want %d and nothing else", name, w.Code, w.Body, x.code)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/telegram/webhook", nil)
	r.Header.Set(secretHeader, secret)
	w := httptest.NewRecorder()
	if c.ServeHTTP(w, r); w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
	streamed := httptest.NewRequest(http.MethodPost, "/telegram/webhook", io.MultiReader(strings.NewReader(good), bytes.NewReader(make([]byte, 2<<20))))
	streamed.Header.Set(secretHeader, secret)
	w = httptest.NewRecorder()
	if c.ServeHTTP(w, streamed); w.Code != 413 {
		t.Errorf("too large without a length: %d", w.Code)
	}
	rows, err := mem.List(t.Context(), dialog.Query{})
	if err != nil || len(rows) > 0 {
		t.Errorf("%d conversations by the back door, %v", len(rows), err)
	}
	if w := post(c, secret, good); w.Code != 200 {
		t.Errorf("the front door: %d", w.Code)
	}
	open := bare(t, dialog.NewMemory(), func(c *Config) { c.Secret = "" })
	for _, given := range []string{"", "x"} {
		if w := post(open, given, good); w.Code != 401 {
			t.Errorf("an empty secret lets in: %d", w.Code)
		}
	}
}

// trouble is a store that can be away, or lose the answer of a commit.
type trouble struct {
	dialog.Store
	away, mute atomic.Int32
}

func (s *trouble) around(inner dialog.Store) dialog.Store {
	s.Store = inner
	return s
}

var errAway = fmt.Errorf("test: %w", dialog.ErrUnavailable)

func (s *trouble) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if len(b.Writes) > 0 && s.away.Add(-1) >= 0 {
		return dialog.Committed{}, errAway
	}
	out, err := s.Store.Commit(ctx, b)
	if len(b.Writes) > 0 && s.mute.Add(-1) >= 0 {
		return dialog.Committed{}, errAway
	}
	return out, err
}

func TestUnavailable(t *testing.T) {
	s := &trouble{Store: dialog.NewMemory()}
	c := bare(t, s, nil)
	s.away.Store(1)
	w := post(c, secret, text(1, 1, "/start"))
	if w.Code != 503 || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	if w := post(c, secret, text(1, 1, "/start")); w.Code != 200 {
		t.Errorf("again: %d", w.Code)
	}
}

func TestRetriesDoNotDouble(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		s := &trouble{}
		r := start(t, hook, nil, s.around)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.settled()
		s.away.Store(3)
		r.anna.Say("Anna")
		r.oneCard("Step 2")
		s.away.Store(0)
		was := r.record().Version
		s.mute.Store(1) // the commit succeeds, and its answer is lost
		r.anna.Tap("Red")
		r.oneCard("Done")
		s.mute.Store(0)
		if v := r.record().Version; v != was+1 {
			t.Errorf("%d turns for one tap", v-was)
		}
	})
}

// cut is a webhook's answer whose connection ends before it is written.
type cut struct {
	http.ResponseWriter
	server *httptest.Server
	began  func()
}

func (c *cut) Write(b []byte) (int, error) {
	c.server.CloseClientConnections()
	c.began()
	return c.ResponseWriter.Write(b)
}

func (c *cut) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// late is a transport that sends no message until it may.
type late struct{ may atomic.Pointer[chan struct{}] }

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	if may := l.may.Load(); may != nil && strings.HasSuffix(r.URL.Path, "/sendMessage") {
		<-*may
	}
	return http.DefaultTransport.RoundTrip(r)
}

// The sender gives up a post while its answer is made, which would remove the old card.
// The repeated post is a duplicate, so the removal has a call of its own.
func TestLostRemoval(t *testing.T) {
	t.Parallel()
	var lose atomic.Bool
	l, may := &late{}, make(chan struct{})
	r := start(t, true, func(r *rig, cfg *Config) {
		var hook *httptest.Server
		hook = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if lose.CompareAndSwap(true, false) {
				w = &cut{w, hook, func() { close(may) }}
			}
			r.ch.ServeHTTP(w, q)
		}))
		t.Cleanup(hook.Close)
		cfg.WebhookURL, cfg.Transport = hook.URL, l
	})
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.settled()
	l.may.Store(&may)
	lose.Store(true)
	r.anna.Say("Anna")
	r.oneCard("Step 2")
	for _, c := range r.CallsOf("deleteMessage") {
		if c.InReply {
			t.Error("the answer has arrived")
		}
	}
}

func TestAllow(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		var refused atomic.Int32
		r := start(t, hook, func(_ *rig, cfg *Config) {
			cfg.allow = func(owner string) bool { return owner != "tg:1000001" || refused.Add(1) > 2 }
		})
		r.anna.Say("/start")
		r.oneCard("Step 1")
	})
}

// Each person has their own bucket; the next token comes after hours.
func TestRateLimit(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, func(_ *rig, cfg *Config) { cfg.RateLimit = 0.0001 })
		r.anna.Say("/start")
		r.oneCard("Step 1")
		if r.ch.allow("tg:1000001") {
			t.Error("Anna's input took no token")
		}
		if !r.ch.allow("tg:1000002") {
			t.Error("Bob pays for Anna")
		}
	})
}

// A text and a tap of one person arrive together. In either order one card is left,
// and the conversation goes on.
func TestTextAndTapAtOnce(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		for range 5 {
			r.anna.Say("Anna")
			card := r.oneCard("Step 2")
			r.settled()
			back, _ := card.Button("Back")
			r.anna.Say("hm")
			r.anna.TapOn(card.ID, back.Data)
			r.WaitDelivered(patience)
			r.eventually("delivered", func() bool { return !r.record().Undelivered() && len(cards(r.anna)) == 1 })
			if r.record().Step == "colour" {
				r.anna.Tap("Back")
			}
			r.oneCard("Step 1")
		}
	})
}

func TestManyPeople(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		var wg sync.WaitGroup
		for i := range 40 {
			p := r.Person(int64(2_000_000+i), "", fmt.Sprint("P", i))
			wg.Go(func() {
				p.Say("/start")
				p.WaitText(patience, "Step 1")
				p.Say(p.FirstName)
				p.WaitText(patience, "Step 2")
				p.Tap("Red")
				p.WaitText(patience, "Done")
			})
		}
		wg.Wait()
		if n := r.Connections(); n > 150 {
			t.Errorf("%d connections", n)
		}
	})
}

// A reminder goes through the pacer as a notice.
func TestReminder(t *testing.T) {
	t.Parallel()
	r := start(t, true, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	swept := make(chan struct{})
	go func() { defer close(swept); _ = r.engine.Run(ctx) }()
	defer func() { cancel(); <-swept }()
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.anna.Say("/remind")
	r.anna.WaitText(patience, "Your draft is kept")
}

func TestWebhookNeedsASecret(t *testing.T) {
	for _, s := range []string{"", "with space", strings.Repeat("x", 257)} {
		c := New(Config{Token: "1:T", WebhookURL: "https://bot.example/telegram/webhook", Secret: s, Log: quiet})
		if err := c.Run(t.Context()); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestErrorsHideTheToken(t *testing.T) {
	const token = "123456:AASecretSecretSecretSecretSecret000"
	s := telegramtest.New(telegramtest.Options{Token: token})
	defer s.Close()
	c := newClient(s.URL(), token, nil, 2)
	defer c.close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s.FailNext("getMe", telegramtest.Dropped(), telegramtest.BadGateway(), telegramtest.InternalError(), telegramtest.Hangs())
	for range 4 {
		_, err := call[botapi.User](ctx, c, "getMe", struct{}{}, callTimeout)
		if err == nil || strings.Contains(err.Error(), "AASecret") {
			t.Errorf("%v", err)
		}
		var e *callError
		if errors.As(err, &e) && e.Code < 500 {
			t.Errorf("code %d", e.Code)
		}
	}
	long := strings.Repeat("x", 500)
	if s := (&callError{Method: "m", Code: 400, Description: long + `"` + token}).Error(); s != "telegram: m: 400 "+long[:120] {
		t.Errorf("the server's words in an error: %q", s)
	}
	away := newClient("http://127.0.0.1:1", token, nil, 2)
	if _, err := away.send(t.Context(), "sendMessage", nil); err == nil || strings.Contains(err.Error(), "AASecret") {
		t.Errorf("%v", err)
	}
	for _, cfg := range []Config{{Token: token, Secret: token}} {
		if s := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.LogValue()); strings.Contains(s, "AASecret") {
			t.Error(s)
		}
	}
	for _, api := range []string{"http://[::1", "\x7f", "nohost"} {
		broken := New(Config{Token: token, APIURL: api, Log: quiet})
		if err := broken.Run(t.Context()); err == nil || strings.Contains(err.Error(), "AASecret") {
			t.Errorf("%q: %v", api, err)
		}
	}
}

// TestAnswersOfOthers: the error of a call has the server's code and description, and the HTTP
// status where the answer is not the server's.
func TestAnswersOfOthers(t *testing.T) {
	const others = "answer is not from a Bot API server"
	for raw, want := range map[string]struct {
		code int
		text string
	}{
		`{"ok":false,"error_code":400,"description":"Bad Request"}`: {400, "Bad Request"},
		`{"ok":false,"error_code":400}`:                             {400, ""},
		`{"ok":false}`:                                              {502, others},
		`{"ok":false,"description":"no code"}`:                      {502, others},
		`{"ok":true,"result":{}}`:                                   {502, others},
		`{}`:                                                        {502, others},
		`[]`:                                                        {502, others},
		`{"error_code":"400"}`:                                      {502, others},
		`{"error_code":400,"description":7}`:                        {502, others},
		`<html>Bad Gateway</html>`:                                  {502, others},
		``:                                                          {502, others},
	} {
		var e *callError
		if err := apiError("sendMessage", 502, []byte(raw)); !errors.As(err, &e) || e.Code != want.code || e.Description != want.text || e.Method != "sendMessage" {
			t.Errorf("%s: %+v, want %+v", raw, e, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	says := func(s string) string {
		return `{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":` + s + `}}`
	}
	for raw, want := range map[string]time.Duration{
		says("3"):                     3 * time.Second,
		says("3.5"):                   3500 * time.Millisecond,
		says("0"):                     pauseLeast,
		says("-7"):                    pauseLeast,
		says("null"):                  pauseLeast,
		says(`"soon"`):                pauseLeast,
		says("3600"):                  time.Hour,
		says("1000000000"):            time.Hour,
		says("10000000000"):           time.Hour, // too long for a time.Duration
		says("99999999999999999999"):  time.Hour, // too long for an int64
		says("-99999999999999999999"): pauseLeast,
		says("1e400"):                 pauseLeast,
		`{"ok":false,"error_code":429,"description":"Too Many Requests"}`: pauseLeast,
		"<html>429 Too Many Requests</html>":                              pauseLeast,
	} {
		var e *callError
		if err := apiError("sendMessage", 429, []byte(raw)); !errors.As(err, &e) || e.Code != 429 || e.RetryAfter != want {
			t.Errorf("%s: %+v, want %v", raw, e, want)
		}
	}
}

// toasting is a flow that has a toast for every input.
type toasting struct{ quiz }

func (f toasting) Decide(t *dialog.Turn) {
	f.quiz.Decide(t)
	t.Toast("hello", nil)
}

// A toast answers a tap. A text is answered by its card alone.
func TestToastOfAText(t *testing.T) {
	c := bareOf(t, toasting{}, dialog.NewMemory(), nil)
	if w := post(c, secret, text(1, 1, "/start")); w.Code != 200 || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
