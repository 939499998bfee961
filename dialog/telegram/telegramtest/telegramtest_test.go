package telegramtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-telegram/bot/models"
	"go.uber.org/goleak"
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

// patience bounds a hang; a slow machine needs far less.
const patience = time.Minute

// soon waits until ok.
func soon(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// clock is a clock under a test's control.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a server under test with a plain client.
type rig struct {
	*Server
	t      *testing.T
	clock  *clock
	client *http.Client
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, clock: newClock(), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10}}}
	o := Options{Strict: true, Now: r.clock.Now, RetryScale: 0.002, Fail: t.Fatalf}
	if change != nil {
		change(&o)
	}
	r.Server = New(o)
	t.Cleanup(func() { r.client.CloseIdleConnections(); r.Close() })
	return r
}

type envelope struct {
	OK          bool
	Result      json.RawMessage
	Code        int `json:"error_code"`
	Description string
	Parameters  *struct {
		RetryAfter int   `json:"retry_after"`
		MovedTo    int64 `json:"migrate_to_chat_id"`
	}
	status int
	raw    string
}

// try makes a call with JSON parameters. err is an error of the connection.
func (r *rig) try(method, body string) (envelope, error) {
	res, err := r.client.Post(r.URL()+"/bot"+r.Token()+"/"+method, "application/json", strings.NewReader(body))
	if err != nil {
		return envelope{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	e := envelope{status: res.StatusCode, raw: string(raw)}
	if err == nil && !strings.HasPrefix(e.raw, "<") {
		err = json.Unmarshal(raw, &e)
	}
	return e, err
}

func (r *rig) do(method, body string) envelope {
	r.t.Helper()
	e, err := r.try(method, body)
	if err != nil {
		r.t.Fatalf("%s: %v (%s)", method, err, e.raw)
	}
	return e
}

// ok makes a call that must succeed.
func (r *rig) ok(method, body string) json.RawMessage {
	r.t.Helper()
	e := r.do(method, body)
	if !e.OK || e.status != 200 {
		r.t.Fatalf("%s %s: %s", method, body, e.raw)
	}
	return e.Result
}

// refused makes a call that must fail with exactly this code and description.
func (r *rig) refused(code int, description, method, body string) {
	r.t.Helper()
	e := r.do(method, body)
	if e.OK || e.status != code || e.Code != code || e.Description != description {
		r.t.Errorf("%s %s:\n got %d %s\nwant %d %s", method, body, e.status, e.raw, code, description)
	}
}

// send sends a message with a keyboard and returns its id.
func (r *rig) send(body string) int {
	r.t.Helper()
	var m models.Message
	strictly(r.t, r.ok("sendMessage", body), &m)
	return m.ID
}

func (r *rig) noViolations() {
	r.t.Helper()
	for _, v := range r.Violations() {
		r.t.Errorf("violation: %v", v)
	}
}

// strictly decodes into a library's type and fails on unknown fields.
func strictly(t *testing.T, raw []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
}

func (r *rig) updates(body string) []models.Update {
	r.t.Helper()
	var us []models.Update
	strictly(r.t, r.ok("getUpdates", body), &us)
	return us
}

const twoButtons = `{"chat_id":7,"text":"<b>Кто</b> 🧑‍🎨 &lt;x&gt;?","parse_mode":"HTML","reply_markup":{"inline_keyboard":[[{"text":"Back","callback_data":"back|d|1"},{"text":"Cancel","callback_data":"cancel|d|1"}],[{"text":"Site","url":"https://example.org"}]]}}`

func TestConversation(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	said := anna.Say("/start pay-1")
	us := r.updates(`{}`)
	if len(us) != 1 || us[0].Message == nil || us[0].Message.Text != "/start pay-1" || us[0].Message.From.ID != 7 ||
		us[0].ID != said.ID || us[0].Message.ID != said.MessageID || us[0].Message.Chat.Type != "private" ||
		len(us[0].Message.Entities) != 1 || us[0].Message.Entities[0].Type != "bot_command" || us[0].Message.Entities[0].Length != 6 {
		t.Fatalf("update: %+v", us)
	}
	id := r.send(twoButtons)
	card := anna.Last()
	if card.ID != id || card.Text != "Кто 🧑‍🎨 <x>?" || !card.FromBot || card.Edited {
		t.Errorf("card: %+v", card)
	}
	if b := card.Bold(); len(b) != 1 || b[0] != "Кто" {
		t.Errorf("bold: %q", b)
	}
	tap := anna.Tap("Cancel")
	us = r.updates(`{"offset":` + itoa(said.ID+1) + `}`)
	if len(us) != 1 || us[0].CallbackQuery == nil || us[0].CallbackQuery.Data != "cancel|d|1" || us[0].CallbackQuery.ID != tap.QueryID ||
		us[0].CallbackQuery.Message.Message == nil || us[0].CallbackQuery.Message.Message.ID != id {
		t.Fatalf("tap: %+v", us)
	}
	r.ok("answerCallbackQuery", `{"callback_query_id":"`+tap.QueryID+`","text":"Cancelled"}`)
	if ts := anna.Toasts(); len(ts) != 1 || ts[0].Text != "Cancelled" || ts[0].QueryID != tap.QueryID {
		t.Errorf("toasts: %+v", ts)
	}
	edit := `{"chat_id":7,"message_id":` + itoa(int64(id)) + `,"text":"Cancelled","reply_markup":{"inline_keyboard":[]}}`
	r.ok("editMessageText", edit)
	if m := anna.Last(); m.Text != "Cancelled" || !m.Edited || len(m.Rows) != 0 {
		t.Errorf("edited: %+v", m)
	}
	r.refused(400, "Bad Request: "+notModified, "editMessageText", edit)
	r.ok("deleteMessage", `{"chat_id":7,"message_id":`+itoa(int64(id))+`}`)
	if ms := anna.Messages(); len(ms) != 1 || ms[0].Text != "/start pay-1" {
		t.Errorf("after deletion: %v", ms)
	}
	r.refused(400, "Bad Request: message to edit not found", "editMessageText", edit)
	r.refused(400, "Bad Request: message to delete not found", "deleteMessage", `{"chat_id":7,"message_id":`+itoa(int64(id))+`}`)
	for _, part := range []string{"/start pay-1", "taps \"cancel|d|1\"", "edit #", "delete #", "--- now:"} {
		if !strings.Contains(anna.Transcript(), part) {
			t.Errorf("no %q in transcript:\n%s", part, anna.Transcript())
		}
	}
	if r.Count("editMessageText") != 3 || r.Count("sendMessage") != 1 || len(r.CallsOf("editMessageText")) != 3 {
		t.Errorf("counts: %v", r.Counts())
	}
	if r.Connections() != 1 {
		t.Errorf("%d connections for one sequential client", r.Connections())
	}
	r.noViolations()
}

func itoa(n int64) string { b, _ := json.Marshal(n); return string(b) }
