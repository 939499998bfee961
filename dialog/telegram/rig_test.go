package telegram

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	for end := time.Now().Add(patience); code == 0; time.Sleep(10 * time.Millisecond) {
		left := goleak.Find()
		if left == nil {
			break
		}
		if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, left)
			code = 1
		}
	}
	os.Exit(code)
}

// patience bounds a hang, not a slow machine.
const patience = time.Minute

// quiz is a small flow: a name, a colour, done. The draft is the name.
type quiz struct{}

func (quiz) FlowName() string { return "quiz" }

func (quiz) Decide(t *dialog.Turn) {
	in, r := t.Input, t.Record
	r.Said = nil
	switch {
	case in.Kind == dialog.KindOther:
		t.Refuse("unusable", nil, "")
	case in.Kind == dialog.KindWake:
		t.Say("reminder", nil)
		t.Anew()
	case in.Kind == dialog.KindBlock:
		t.Applied()
	case r.Step == "" || in.Name == "create" || in.Name == "start":
		r.Step, r.Draft, r.Answers = "name", t.ID(6), nil
		if in.Text != "" {
			t.Say("plain", map[string]string{"text": in.Text})
		}
		t.Applied()
	case in.Kind == dialog.KindText && r.Step == "name":
		r.Answers, r.Step = []byte(in.Text), "colour"
		t.Applied()
	case in.Name == "back":
		r.Step = "name"
		t.Applied()
	case in.Name == "colour" && in.Value != "":
		r.Step = "done"
		t.Toast("plain", map[string]string{"text": "You chose " + in.Value})
	case in.Kind == dialog.KindCommand && in.Name == "remind":
		t.Wake("remind", 0)
		t.Applied()
	default:
		t.Say("not_here", nil)
	}
}

// Text implements dialog.Speaker.
func (quiz) Text(lang, code string, args map[string]string) string {
	return form.English(lang, code, args)
}

func (quiz) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	var c dialog.Card
	if s := r.Said; s != nil {
		c.Refusal = strings.Replace(c.Tell(form.English, dialog.View{}, s), "\n", " ", 1)
	}
	if len(r.Answers) > 0 {
		c.Facts = []dialog.Fact{{Label: "Name", Value: dialog.Isolate(string(r.Answers))}}
	}
	switch r.Step {
	case "name":
		c.Progress, c.Question = "Step 1 of 2", "What is your name?"
	case "colour":
		c.Progress, c.Question = "Step 2 of 2", "Which colour?"
		c.Choices = []dialog.Button{{Action: "colour:red", Label: "Red"}, {Action: "colour:blue", Label: "Blue"}}
		c.Quiet = []dialog.Button{{Action: "back", Label: "Back"}, {Action: "cancel", Label: "Cancel"}}
	case "done":
		c.Progress, c.Question = "Done", "Thank you"
		c.Primary = &dialog.Button{Action: "create", Label: "Again", Free: true}
	default:
		c.Question = "Nothing is open."
	}
	return c
}

// clock is a clock that tests set forward.
type clock struct {
	mu  sync.Mutex
	off time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += d
}

// rig is a bot with its server.
type rig struct {
	*telegramtest.Server
	t      *testing.T
	host   string // of the next bot
	flow   dialog.Flow
	clock  *clock
	store  dialog.Store
	engine *dialog.Engine
	ch     *Channel
	hook   *httptest.Server
	logs   *logs
	end    func() // ends Run
	anna   *telegramtest.Person
}

type logs struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// quiet is a log that nobody reads.
var quiet = slog.New(slog.DiscardHandler)

// telling is a recorder that writes the engine's troubles to a log.
func telling(log *slog.Logger) dialog.Recorder {
	return dialog.Recorder{Trouble: func(what string, err error) { log.Error("dialog: trouble", "what", what, "error", err) }}
}

const secret = "s3cret_Webhook-1"

// start starts a server and a bot, which has a webhook (hook) or polls. wrap wraps
// the bot's store.
func start(t *testing.T, hook bool, change func(*rig, *Config), wrap ...func(dialog.Store) dialog.Store) *rig {
	t.Helper()
	r := &rig{t: t, host: "here", flow: quiz{}, clock: &clock{}, logs: &logs{}}
	r.Server = telegramtest.New(telegramtest.Options{Strict: true, Now: r.clock.Now, RetryScale: 0.01, Fail: t.Fatalf})
	t.Cleanup(r.Server.Close)
	mem := dialog.NewMemory()
	mem.SetNow(r.clock.Now)
	r.store = mem
	for _, w := range wrap {
		r.store = w(r.store)
	}
	r.anna = r.Person(1000001, "anna_buyer", "Anna")
	r.bot(hook, change)
	t.Cleanup(func() {
		if v := r.Violations(); len(v) > 0 {
			t.Errorf("violations: %v", v)
		}
		if strings.Contains(r.logs.String(), r.Token()) || strings.Contains(r.logs.String(), secret) {
			t.Errorf("a secret in the log:\n%s", r.logs)
		}
	})
	return r
}

// bot starts a bot on the rig's server and store.
func (r *rig) bot(hook bool, change func(*rig, *Config)) {
	r.t.Helper()
	var err error
	log := slog.New(slog.NewTextHandler(r.logs, nil))
	if r.engine, err = dialog.New(r.store, dialog.Config{Now: r.clock.Now, Instance: r.host + ".1", Recorder: telling(log)}, r.flow); err != nil {
		r.t.Fatal(err)
	}
	cfg := Config{Engine: r.engine, Token: r.Token(), APIURL: r.URL(), Secret: secret, Log: log,
		Commands: []Command{{Name: "start", Description: "Begin"}, {Name: "cancel", Description: "Stop"}}}
	var h http.Handler
	r.hook = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { h.ServeHTTP(w, q) }))
	if hook {
		cfg.WebhookURL = r.hook.URL + "/telegram/webhook"
	}
	if change != nil {
		change(r, &cfg)
	}
	ch := New(cfg)
	r.ch, h = ch, ch
	r.engine.Attach(ch)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ch.Run(ctx) }()
	engine, server := r.engine, r.hook
	var once sync.Once
	r.end = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				r.t.Error(err)
			}
			server.Close()
			drain, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer stop()
			_ = engine.Close(drain)
			ch.Close()
		})
	}
	r.t.Cleanup(r.end)
}

// paceByClock makes the pacer follow the rig's clock.
func (r *rig) paceByClock() {
	r.ch.pace.mu.Lock()
	defer r.ch.pace.mu.Unlock()
	r.ch.pace.now = r.clock.Now
}

// eventually waits until ok. Stats ends the waits that are over by the clock that the test has
// turned.
func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		r.engine.Stats()
		if time.Now().After(end) {
			r.t.Fatalf("%s: not within %v\n%s\n%s", what, patience, r.anna.Transcript(), r.logs)
		}
	}
}

// stays watches for a moment that a condition holds. On a slow machine it may miss a
// fault; it reports no false one.
func (r *rig) stays(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if !ok() {
			r.t.Fatalf("no longer so: %s\n%s\n%s", what, r.anna.Transcript(), r.logs)
		}
	}
}

// cards returns the bot's messages in a chat.
func cards(p *telegramtest.Person) (out []telegramtest.Message) {
	for _, m := range p.Messages() {
		if m.FromBot {
			out = append(out, m)
		}
	}
	return out
}

// oneCard waits until exactly one message of the bot is there, with this text.
func (r *rig) oneCard(text string) (m telegramtest.Message) {
	r.t.Helper()
	r.eventually("one card with "+text, func() bool {
		cs := cards(r.anna)
		if len(cs) == 1 && strings.Contains(cs[0].Text, text) {
			m = cs[0]
			return true
		}
		return false
	})
	return m
}

// record is Anna's conversation in the store.
func (r *rig) record() *dialog.Record {
	r.t.Helper()
	rec, _, err := r.engine.Hydrate(context.Background(), dialog.Key{Bot: "bot", Flow: "quiz", ID: "tg:1000001"})
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

// settled waits until the store knows what is shown.
func (r *rig) settled() {
	r.t.Helper()
	r.eventually("what is shown is stored", func() bool { return !r.record().Undelivered() })
}

func itoa(n int) string { return strconv.Itoa(n) }
