package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/dialog"
)

// TestNotify: where alerts go, and what is refused in one line without the URL.
func TestNotify(t *testing.T) {
	for _, c := range []struct {
		notify             Secret
		operators          string
		chat, hook, refuse string
	}{
		{},
		{operators: "123,456", chat: "123"},
		{operators: "123", notify: "chat=none"},
		{operators: "123", notify: "chat=-1001234567890", chat: "-1001234567890"},
		{notify: "webhook=https://hooks.example/secret?token=a=b, chat=7", chat: "7", hook: "https://hooks.example/secret?token=a=b"},
		{notify: "webhook=http://127.0.0.1:9/x", hook: "http://127.0.0.1:9/x"},
		{notify: "webhook=http://hooks.example/secret", refuse: "--notify: webhook"},
		{notify: "webhook=secret", refuse: "--notify: webhook"},
		{notify: "webhook=https:///secret", refuse: "--notify: webhook"},
		{notify: "https://hooks.example/secret", refuse: "--notify: want"},
		{notify: "mail=secret", refuse: "--notify: want"},
		{notify: "chat=1,chat=2", refuse: "--notify: want"},
		{notify: "chat=@anna", refuse: "--notify: \"chat=@anna\""},
		{notify: "chat=007", refuse: "--notify: \"chat=007\""},
	} {
		s := &Settings{Operators: c.operators, Notify: c.notify, TelegramToken: "42:token"}
		at, hook, err := s.notify()
		if c.refuse != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.refuse) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", string(c.notify), err)
			}
			continue
		}
		if err != nil || at.Address != c.chat || hook != c.hook {
			t.Errorf("%s: %v %q %v", string(c.notify), at, hook, err)
		}
		if k := s.checkNotify(); !k.OK || strings.Contains(k.Note, "secret") || (k.Mend == "") != (c.chat+c.hook != "") {
			t.Errorf("doctor says %+v", k)
		}
	}
	says(t, exitUsage, "", "doctor", "--notify", "webhook=http://hooks.example")
}

// hook is a webhook that a test hears.
type hook struct {
	mu     sync.Mutex
	status int
	heard  []alert.Message
	keys   []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.status != 0 && r.URL.Path != "/elsewhere" {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(h.status)
		return
	}
	var m alert.Message
	body, _ := io.ReadAll(r.Body)
	if json.Unmarshal(body, &m) == nil && r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/json" {
		h.heard, h.keys = append(h.heard, m), append(h.keys, r.Header.Get("Idempotency-Key"))
	}
}

func (h *hook) of(name string) (list []alert.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.heard {
		if m.Alert == name {
			list = append(list, m)
		}
	}
	return list
}

// TestServeAlerts: an instance that finds lost answers tells the webhook once, and so do its successors.
func TestServeAlerts(t *testing.T) {
	h := &hook{}
	at := httptest.NewServer(h)
	defer at.Close()
	set := settings(t)
	set.Notify = Secret("webhook=" + at.URL)
	within(t, set.DatabaseURL, func(st store) {
		lost := dialog.Event{Kind: dialog.EventLost, Key: "lockbay:escrow:tg:1", Draft: "d1", Mode: "database", Instance: "a.b", At: time.Now().Add(-time.Minute)}
		if _, err := st.Commit(t.Context(), &dialog.Batch{Events: []dialog.Event{lost}}); err != nil {
			t.Fatal(err)
		}
	})
	_, _, stop := inProcess(t, set)
	soon(t, "an alert", func() bool { return len(h.of(alert.NameLost)) > 0 })
	stop()
	next, _, _ := inProcess(t, set)
	soon(t, "counts", func() bool { return next.metrics.counted.Load() > 0 })
	list := h.of(alert.NameLost)
	if len(list) != 1 || list[0].State != "firing" || !strings.HasPrefix(list[0].Text, "Alert: 1 draft lost answers since ") || h.keys[0] == "" {
		t.Errorf("the webhook heard %+v", list)
	}
	if strings.Contains(list[0].Text, "tg:1") {
		t.Errorf("%s names somebody", list[0].Text)
	}
}

// TestRolloutCost: a rollout to a mode that costs more than the operator wants is told, goes on, and is told as over once it is
// reverted. One whose cost is unknown tells nothing.
func TestRolloutCost(t *testing.T) {
	h := &hook{}
	at := httptest.NewServer(h)
	defer at.Close()
	set := settings(t)
	set.Notify = Secret("webhook=" + at.URL)
	look := func(told int) {
		t.Helper()
		s, _, stop := inProcess(t, set)
		soon(t, "counts", func() bool { return s.metrics.counted.Load() > 0 && len(h.of("cost.half")) >= told })
		stop()
	}
	order := func(args ...string) string {
		return says(t, exitDone, "", append([]string{"--database-url", set.DatabaseURL, "--cost", set.Cost, "rollout"}, args...)...)
	}
	look(0)
	if got := order("start", "half", "--mode", "lightweight"); !strings.Contains(got, "What a month costs more is unknown: ") {
		t.Errorf("the start says\n%s", got)
	}
	look(0)
	set.Cost = "database=20,lightweight=120" // just as much as is not told
	look(0)
	if list := h.of("cost.half"); len(list) != 0 {
		t.Errorf("the webhook heard %+v", list)
	}
	set.Cost = "database=20,lightweight=120.01"
	look(1)
	want := "Alert: Rollout half makes a month cost $100.01 more: $120.01 in mode lightweight, $20 in mode database. It goes on until lockbay rollout revert half --reason TEXT."
	if list := h.of("cost.half"); len(list) != 1 || list[0].State != "firing" || list[0].Text != want {
		t.Errorf("the webhook heard %+v, want %q", list, want)
	}
	if got := order("status", "half"); !strings.Contains(got, "\nA month costs $100.01 more: $120.01 in mode lightweight, $20 in mode database. Over $100 it is told.\n") || !strings.Contains(got, "for 10 % of people") {
		t.Errorf("the status is\n%s", got)
	}
	var list []rolloutJSON
	if err := json.Unmarshal([]byte(order("status", "--json")), &list); err != nil || len(list) != 1 || list[0].Cost != (costJSON{true, 100.01, 100}) {
		t.Errorf("%v, %+v", err, list)
	}
	order("revert", "half", "--reason", "it costs too much")
	look(2)
	if list := h.of("cost.half"); len(list) != 2 || list[1].State != "resolved" {
		t.Errorf("the webhook heard %+v", list)
	}
}

// TestPost: what is no success is tried again, and an error has no part of the URL but the host.
func TestPost(t *testing.T) {
	h := &hook{}
	at := httptest.NewServer(h)
	defer at.Close()
	for _, h.status = range []int{302, 307, 404, 429, 500, 0} {
		err := post(t.Context(), at.URL+"/secret", alert.Message{Alert: "lost"}, "key")
		if (err == nil) != (h.status == 0) || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: %v", h.status, err)
		}
	}
	at.Close()
	if err := post(t.Context(), at.URL+"/secret", alert.Message{}, "key"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody is there: %v", err)
	}
	if !slices.Equal(h.keys, []string{"key"}) {
		t.Errorf("keys %v", h.keys)
	}
}

// TestInputsTold: inputs that fail are told once by each way, without the database, and once that they work again. What a chat
// or a webhook refuses is tried again; what was over before is told as over, once.
func TestInputsTold(t *testing.T) {
	var count alert.Counter
	var shown, heard []string
	keys := map[string]bool{}
	var chat, down error
	w := &inputsTold{count: &count, flow: alert.New(alert.Config{}), zone: time.UTC}
	w.show = func(_ context.Context, s dialog.Showing) (string, error) {
		if chat == nil {
			shown = append(shown, s.Card.Progress+": "+s.Card.Question)
		}
		return "1", chat
	}
	w.hook = func(_ context.Context, m alert.Message, key string) error {
		keys[key] = true
		if down == nil {
			heard = append(heard, m.State)
		}
		return down
	}
	now := time.Date(2026, 11, 30, 14, 30, 0, 0, time.UTC)
	run := func(minutes int, m alert.Minute) {
		for range minutes {
			for range 4 {
				count.Add(m, now)
				_ = w.look(t.Context(), now)
				now = now.Add(inputsEvery)
			}
		}
	}
	expect := func(what string, wantShown, wantHeard int) {
		t.Helper()
		if len(shown) != wantShown || len(heard) != wantHeard {
			t.Errorf("%s: the chat %q, the webhook %q", what, shown, heard)
		}
	}
	run(10, alert.Minute{OK: 25})
	expect("all is well", 0, 0)
	chat, down = &dialog.RetryAfter{After: time.Second}, errors.New("down")
	run(5, alert.Minute{Failed: 5, Away: 5})
	expect("nobody listens", 0, 0)
	chat, down = nil, nil
	run(5, alert.Minute{Failed: 5, Away: 5})
	expect("it fires", 1, 1)
	if want := "Alert: The database does not answer: "; !strings.HasPrefix(shown[0], want) || !strings.Contains(shown[0], "14:40 UTC") {
		t.Errorf("it says %q", shown[0])
	}
	run(60, alert.Minute{})
	expect("nobody comes", 1, 1)
	chat = dialog.ErrBlocked
	run(40, alert.Minute{OK: 25})
	expect("it is over", 1, 2)
	chat = nil
	run(5, alert.Minute{OK: 25})
	expect("a blocked chat is not told later", 1, 2)
	if len(keys) != 2 || heard[0] != "firing" || heard[1] != "resolved" {
		t.Errorf("the webhook heard %v with %d keys", heard, len(keys))
	}
}
