package telegramtest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestDeletedHistory(t *testing.T) {
	r := newRig(t, nil)
	anna := r.Person(7, "anna_buyer", "Anna")
	anna.Say("/start")
	id := r.send(twoButtons)
	anna.Delete()
	if n := len(anna.Messages()); n != 0 {
		t.Errorf("%d messages left", n)
	}
	if anna.Last().ID != 0 {
		t.Errorf("last: %v", anna.Last())
	}
	r.refused(400, "Bad Request: message to edit not found", "editMessageText", fmt.Sprintf(`{"chat_id":7,"message_id":%d,"text":"x"}`, id))
	u := anna.TapOn(id, "back|d|1")
	us := r.updates(fmt.Sprintf(`{"offset":%d}`, u.ID))
	if len(us) != 1 || us[0].CallbackQuery.Message.InaccessibleMessage == nil {
		t.Errorf("tap on a message that is gone: %+v", us)
	}
	first, second := r.send(twoButtons), r.send(twoButtons)
	if tap := anna.Tap("Back"); tap.MessageID != second {
		t.Errorf("tap on %d, want the newest, %d", tap.MessageID, second)
	}
	anna.Delete(second)
	if tap := anna.Tap("back|d|1"); tap.MessageID != first {
		t.Errorf("tap on %d, want %d", tap.MessageID, first)
	}
	r.noViolations()
}

func TestImpossibleActsFail(t *testing.T) {
	var failures []string
	r := newRig(t, func(o *Options) {
		o.Fail = func(format string, args ...any) { failures = append(failures, fmt.Sprintf(format, args...)) }
	})
	anna := r.Person(7, "anna_buyer", "Anna")
	r.send(twoButtons)
	anna.Tap("Confirm")
	anna.Tap("Site")
	anna.TapTwice("Confirm")
	anna.EditMessage(5, "x")
	anna.WaitText(time.Millisecond, "never")
	anna.Block()
	anna.Say("x")
	if len(failures) != 6 {
		t.Fatalf("%d failures: %q", len(failures), failures)
	}
	for _, f := range failures[:5] {
		if !strings.Contains(f, "@anna_buyer") || !strings.Contains(f, "[Back](back|d|1)") {
			t.Errorf("a failure without a transcript: %s", f)
		}
	}
	if n := len(r.Pending()); n != 1 { // the block
		t.Errorf("%d updates", n)
	}
}

func TestViolationIsReported(t *testing.T) {
	var told []Violation
	r := newRig(t, func(o *Options) { o.OnViolation = func(v Violation) { told = append(told, v) } })
	r.Person(7, "anna_buyer", "Anna")
	r.do("sendMessage", `{"chat_id":7,"text":"x","reply_markup":{"inline_keyboard":[[{"text":"a","callbackdata":"b"}]]}}`)
	if len(told) != 2 || !strings.Contains(told[0].String(), "callbackdata") {
		t.Errorf("told: %v", told)
	}
}

func TestWaitBot(t *testing.T) {
	r := newRig(t, nil)
	if r.WaitBot(10 * time.Millisecond) {
		t.Error("a bot that nobody started")
	}
	go r.try("setWebhook", `{"url":"https://127.0.0.1:1/hook","secret_token":"abc"}`)
	if !r.WaitBot(patience) {
		t.Error("no bot")
	}
	if url, secret := r.Webhook(); url != "https://127.0.0.1:1/hook" || secret != "abc" {
		t.Errorf("%q %q", url, secret)
	}
	r.ok("deleteWebhook", "{}")
	go r.try("getUpdates", `{"timeout":30}`)
	if !r.WaitBot(patience) {
		t.Error("no poller")
	}
}

func TestCloseTwice(t *testing.T) {
	s := New(Options{})
	s.Close()
	s.Close()
}
