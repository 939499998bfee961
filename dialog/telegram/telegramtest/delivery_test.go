package telegramtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-telegram/bot/models"
)

func TestPolling(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	a, b := anna.Say("a"), anna.Say("b")
	for range 2 { // unconfirmed: delivered again
		if us := r.updates(`{"timeout":5}`); len(us) != 2 || us[0].ID != a.ID || us[1].ID != b.ID {
			t.Fatalf("%+v", us)
		}
	}
	if us := r.updates(`{"limit":1}`); len(us) != 1 {
		t.Errorf("limit: %+v", us)
	}
	if us := r.updates(fmt.Sprintf(`{"offset":%d}`, b.ID)); len(us) != 1 || us[0].ID != b.ID {
		t.Errorf("offset: %+v", us)
	}
	if us := r.updates(fmt.Sprintf(`{"offset":%d}`, b.ID+1)); len(us) != 0 {
		t.Errorf("confirmed: %+v", us)
	}
	r.Redeliver(b)
	if u := r.RedeliverAs(a, 5); u.ID != 5 || u.Text != "a" {
		t.Errorf("%+v", u)
	}
	if us := r.updates(fmt.Sprintf(`{"offset":%d}`, b.ID+1)); len(us) != 2 || us[0].ID != b.ID || us[1].ID != 5 || us[1].Message.Text != "a" {
		t.Errorf("redelivered: %+v", us)
	}
	r.JumpUpdateID(12)
	if u := anna.Say("c"); u.ID != 12 {
		t.Errorf("jump: %+v", u)
	}
	anna.Say("d")
	if us := r.updates(`{"offset":-1}`); len(us) != 1 || us[0].Message.Text != "d" {
		t.Errorf("from the end: %+v", us)
	}
	r.ok("getUpdates", `{"offset":14,"allowed_updates":["callback_query"]}`)
	anna.Say("not wanted")
	if us := r.updates(`{}`); len(us) != 0 {
		t.Errorf("not allowed: %+v", us)
	}
	r.noViolations()
}

func TestLongPollWakes(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		soon(t, "a poll waits", r.polling)
		anna.Say("now")
	})
	start := time.Now()
	if us := r.updates(`{"timeout":50}`); len(us) != 1 || time.Since(start) > 45*time.Second {
		t.Errorf("%+v after %v", us, time.Since(start))
	}
	start = time.Now()
	if us := r.updates(`{"timeout":1,"offset":800000000}`); len(us) != 0 || time.Since(start) < 900*time.Millisecond {
		t.Errorf("%+v after %v", us, time.Since(start))
	}
	r.ok("getMe", `{}`) // the connection can be used on
	if r.Connections() != 1 {
		t.Errorf("%d connections", r.Connections())
	}
}

func TestConflicts(t *testing.T) {
	r := newRig(t, nil)
	r.Person(7, "anna_buyer", "Anna").Say("kept")
	r.ok("getUpdates", `{"offset":900000000}`)
	poll := func() chan envelope {
		c := make(chan envelope, 1)
		go func() { e, _ := r.try("getUpdates", `{"timeout":30}`); c <- e }()
		soon(t, "a poll waits", r.polling)
		return c
	}
	first := poll()
	r.ok("getUpdates", `{}`)
	if e := <-first; e.status != 409 || e.Description != conflictPoll {
		t.Errorf("first of two: %s", e.raw)
	}
	second := poll()
	r.ok("setWebhook", `{"url":"https://127.0.0.1:1/hook"}`)
	if e := <-second; e.status != 409 || e.Description != conflictSet {
		t.Errorf("under setWebhook: %s", e.raw)
	}
	r.refused(409, conflictWebhook, "getUpdates", `{}`)
	r.ok("deleteWebhook", `{"drop_pending_updates":false}`)
	r.ok("getUpdates", `{}`)
	r.noViolations()
}

func (r *rig) polling() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.poll != nil
}

func TestPollerThatHangsUp(t *testing.T) {
	r := newRig(t, nil)
	client := &http.Client{Timeout: 50 * time.Millisecond, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	if _, err := client.Get(r.URL() + "/bot" + r.Token() + "/getUpdates?timeout=30"); err == nil {
		t.Fatal("no timeout")
	}
	soon(t, "the poll of a departed client ends", func() bool { return !r.polling() })
}

// hook is a webhook that records deliveries and gives set answers.
type hook struct {
	mu     sync.Mutex
	got    []string // texts and callback data, failed deliveries included
	times  []time.Time
	secret []string
	answer func(u models.Update, w http.ResponseWriter)
	*httptest.Server
}

func newHook(t *testing.T, answer func(u models.Update, w http.ResponseWriter)) *hook {
	h := &hook{answer: answer}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var u models.Update
		body, _ := io.ReadAll(req.Body)
		strictly(t, body, &u)
		h.mu.Lock()
		switch {
		case u.Message != nil:
			h.got = append(h.got, u.Message.Text)
		case u.CallbackQuery != nil:
			h.got = append(h.got, u.CallbackQuery.Data)
		}
		h.times = append(h.times, time.Now())
		h.secret = append(h.secret, req.Header.Get("X-Telegram-Bot-Api-Secret-Token"))
		h.mu.Unlock()
		if h.answer != nil {
			h.answer(u, w)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) texts() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func TestWebhookRetriesInOrder(t *testing.T) {
	r := newRig(t, func(o *Options) { o.RetryScale = 0.01 })
	anna := r.Person(7, "anna_buyer", "Anna")
	r.send(twoButtons)
	var failures atomic.Int64
	var tapped atomic.Bool
	h := newHook(t, func(u models.Update, w http.ResponseWriter) {
		switch {
		case u.CallbackQuery != nil:
			tapped.Store(true)
		case failures.Load() < 3 || !tapped.Load():
			failures.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	anna.Say("kept from before")
	r.ok("setWebhook", `{"url":"`+h.URL+`/hook","secret_token":"S3cret_-"}`)
	anna.Say("second")
	anna.Tap("Back")
	if !r.WaitDelivered(patience) {
		t.Fatalf("pending: %+v", r.Pending())
	}
	got := h.texts()
	// The tap overtakes the text that fails; the texts keep their order.
	var texts []string
	for i, text := range got {
		if text == "back|d|1" {
			if i == len(got)-1 {
				t.Errorf("the tap waited for the text: %q", got)
			}
			continue
		}
		texts = append(texts, text)
	}
	want := strings.Repeat("kept from before,", int(failures.Load())+1) + "second"
	if strings.Join(texts, ",") != want {
		t.Errorf("got %q", got)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.secret {
		if s != "S3cret_-" {
			t.Errorf("secret: %q", s)
		}
	}
	if span := h.times[len(h.times)-1].Sub(h.times[0]); span < 135*time.Millisecond { // (2+4+8) s scaled
		t.Errorf("no backoff: %v", span)
	}
	var info models.WebhookInfo
	strictly(t, r.ok("getWebhookInfo", ""), &info)
	if info.URL != h.URL+"/hook" || info.PendingUpdateCount != 0 || info.LastErrorMessage != "Wrong response from the webhook: 503 Service Unavailable" {
		t.Errorf("info: %+v", info)
	}
	r.noViolations()
}

func TestWebhookGivesUp(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	r.send(twoButtons)
	h := newHook(t, func(u models.Update, w http.ResponseWriter) {
		if u.CallbackQuery != nil {
			w.Header().Set("Retry-After", "200") // beyond a tap's life
		} else {
			w.Header().Set("Retry-After", "1")
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	r.ok("setWebhook", `{"url":"`+h.URL+`"}`)
	anna.Tap("Back")
	if !r.WaitDelivered(patience) || len(r.Dropped()) != 1 || len(h.texts()) != 1 {
		t.Errorf("tap: dropped %+v, tried %q", r.Dropped(), h.texts())
	}
	anna.Say("text")
	soon(t, "the text is tried twice", func() bool { return len(h.texts()) >= 3 })
	r.clock.Add(24*time.Hour + time.Second)
	if !r.WaitDelivered(patience) || len(r.Dropped()) != 2 {
		t.Errorf("text: dropped %+v", r.Dropped())
	}
}

func TestWebhookAnswerIsACall(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	id := r.send(twoButtons)
	h := newHook(t, func(u models.Update, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		if u.CallbackQuery != nil {
			fmt.Fprintf(w, `{"method":"answerCallbackQuery","callback_query_id":%q,"text":"saved"}`, u.CallbackQuery.ID)
		} else {
			fmt.Fprintf(w, `{"method":"deleteMessage","chat_id":%d,"message_id":%d}`, u.Message.Chat.ID, id)
		}
	})
	r.ok("setWebhook", `{"url":"`+h.URL+`"}`)
	anna.Tap("Back")
	r.WaitDelivered(patience)
	anna.Say("x")
	r.WaitDelivered(patience)
	if ts := anna.Toasts(); len(ts) != 1 || ts[0].Text != "saved" {
		t.Errorf("toasts: %+v", ts)
	}
	if ms := anna.Messages(); len(ms) != 1 || ms[0].Text != "x" {
		t.Errorf("messages: %v", ms)
	}
	calls := r.CallsOf("deleteMessage")
	if len(calls) != 1 || !calls[0].InReply || calls[0].Code != 200 {
		t.Errorf("calls: %+v", calls)
	}
	r.noViolations()
	r.Execute([]byte(`{"metod":"sendMessage"}`))
	if len(r.Violations()) != 1 {
		t.Errorf("violations: %v", r.Violations())
	}
}

func TestTapsAndBlocks(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(1<<52-1, "", "Anna")
	group := int64(-1_001_234_567_890)
	body := strings.Replace(twoButtons, `"chat_id":7`, `"chat_id":`+itoa(anna.ID), 1)
	id := r.send(body)
	r.InaccessibleTaps(1)
	anna.Tap("Back")
	first, second := anna.TapTwice("Back")
	anna.TapOn(3, "old|d|0")
	if first.ID == second.ID || first.QueryID == second.QueryID || first.Text != second.Text || first.MessageID != id {
		t.Errorf("twice: %+v %+v", first, second)
	}
	anna.SendSticker()
	anna.SendPhoto()
	anna.SendVoice()
	anna.SendOwnContact("4915112345678")
	unknown := anna.SendContact(Contact{Phone: "+380440000000", FirstName: "Boris"})
	said := anna.Say("héllo @lockbay_test_bot")
	anna.EditMessage(said.MessageID, "changed")
	anna.SayInGroup(group, "/start@lockbay_test_bot")
	anna.Block()
	r.refused(403, "Forbidden: bot was blocked by the user", "sendMessage", body)
	anna.Unblock()
	r.send(body)
	us := r.updates(`{}`)
	if len(us) != 14 {
		t.Fatalf("%d updates", len(us))
	}
	if m := us[0].CallbackQuery.Message; m.InaccessibleMessage == nil || m.InaccessibleMessage.MessageID != id || m.InaccessibleMessage.Date != 0 {
		t.Errorf("inaccessible: %+v", m)
	}
	if us[1].CallbackQuery.Message.Message == nil || us[3].CallbackQuery.Message.InaccessibleMessage == nil {
		t.Error("accessibility of later taps")
	}
	if us[4].Message.Sticker == nil || us[5].Message.Photo == nil || us[6].Message.Voice == nil {
		t.Error("kinds of messages")
	}
	if c := us[7].Message.Contact; c == nil || c.PhoneNumber != "4915112345678" || c.FirstName != "Anna" || c.UserID != anna.ID {
		t.Errorf("the own contact: %+v", c)
	}
	if c := us[8].Message.Contact; c == nil || c.UserID != 0 || strings.Contains(string(unknown.JSON()), "user_id") {
		t.Errorf("a contact without an account: %+v", c)
	}
	if e := us[9].Message.Entities; len(e) != 1 || e[0].Type != "mention" || e[0].Offset != 6 {
		t.Errorf("mention: %+v", e)
	}
	if us[10].EditedMessage == nil || us[10].EditedMessage.Text != "changed" || us[10].EditedMessage.EditDate == 0 {
		t.Errorf("edited: %+v", us[10].EditedMessage)
	}
	if us[11].Message.Chat.Type != "supergroup" || us[11].Message.Chat.ID != group || us[11].Message.ID != 1 {
		t.Errorf("group: %+v", us[11].Message.Chat)
	}
	if m := us[12].MyChatMember; m == nil || m.NewChatMember.Banned == nil || m.OldChatMember.Member == nil {
		t.Errorf("blocked: %+v", m)
	}
	if m := us[13].MyChatMember; m == nil || m.NewChatMember.Member == nil {
		t.Errorf("unblocked: %+v", m)
	}
	r.ZeroUpdateIDs(true)
	if u := anna.Say("zero"); u.ID != 0 || !strings.HasPrefix(string(u.JSON()), `{"update_id":0,"message":{`) {
		t.Errorf("zero: %s", u.JSON())
	}
	r.ok("getChat", `{"chat_id":`+itoa(anna.ID)+`}`)
	r.noViolations()
}

func TestWaiting(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { r.try("sendMessage", `{"chat_id":7,"text":"Step 1 of 5"}`) })
	if m := anna.WaitText(patience, "Step 1"); m.Text != "Step 1 of 5" {
		t.Errorf("%v", m)
	}
	if anna.WaitFor(20*time.Millisecond, func(ms []Message) bool { return len(ms) > 1 }) {
		t.Error("WaitFor reported a condition that never held")
	}
}
