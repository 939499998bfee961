package telegram

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	r := start(t, true, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.FailNext("sendMessage", telegramtest.TooManyRequests(1))
	began := time.Now()
	r.anna.Say("Anna")
	r.WaitDelivered(patience)
	r.anna.Say("what") // in the pause the chat gets no call
	r.eventually("the current card", func() bool {
		cs := cards(r.anna)
		return len(cs) > 0 && strings.Contains(cs[len(cs)-1].Text, "Step 2")
	})
	if took := time.Since(began); took < time.Second {
		t.Errorf("it went after %v, before the pause was over", took)
	}
	if n := r.Count("sendMessage"); n > 4 {
		t.Errorf("%d calls", n)
	}
}

// During a pause the chat gets no call, whichever method got the 429.
func TestPauseOfAChat(t *testing.T) {
	for _, limited := range []string{"sendMessage", "deleteMessage", "editMessageReplyMarkup", "answerCallbackQuery"} {
		api := telegramtest.New(telegramtest.Options{})
		defer api.Close()
		c := bare(t, dialog.NewMemory(), func(cfg *Config) { cfg.Token, cfg.APIURL = api.Token(), api.URL() })
		place := dialog.Place{Address: "5"}
		tap := &reply{method: "answerCallbackQuery", query: "1", chat: 5}
		api.FailNext(limited, telegramtest.TooManyRequests(700))
		switch limited {
		case "deleteMessage":
			_ = c.Remove(t.Context(), place, "3")
		case "editMessageReplyMarkup":
			_ = c.strip(t.Context(), 5, 3)
		case "answerCallbackQuery":
			c.answer(t.Context(), tap)
		}
		for range 3 {
			_, err := c.Show(t.Context(), dialog.Showing{Place: place, Card: dialog.Card{Question: "Hm?"}})
			var after *dialog.RetryAfter
			if !errors.As(err, &after) || after.After < 600*time.Second || after.After > 700*time.Second {
				t.Errorf("%s: %v", limited, err)
			}
			if err := c.Remove(t.Context(), place, "3"); !errors.As(err, &after) {
				t.Errorf("%s: removal: %v", limited, err)
			}
			c.answer(t.Context(), tap)
		}
		n := 0
		for _, count := range api.Counts() {
			n += count
		}
		if n != 1 {
			t.Errorf("%s: %d calls: %v", limited, n, api.Counts())
		}
		if _, err := c.Show(t.Context(), dialog.Showing{Place: dialog.Place{Address: "6"}, Card: dialog.Card{Question: "Hm?"}}); err != nil {
			t.Errorf("another chat: %v", err)
		}
	}
}

// Three people with a pause of an hour do not delay a fourth.
func TestOthersPaused(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		paused := func(chat int64) bool { _, free := r.ch.pace.paused(chat); return !free }
		for chat := int64(2000001); chat <= 2000003; chat++ {
			r.FailAlways("sendMessage", telegramtest.Fault{Chat: chat, Code: 429, RetryAfter: 3600})
			r.Person(chat, "", "Bob").Say("/start")
			r.eventually("a pause", func() bool { return paused(chat) })
		}
		r.anna.Say("/start")
		r.oneCard("Step 1")
		for chat := int64(2000001); chat <= 2000003; chat++ {
			if !paused(chat) {
				t.Errorf("%d is not paused", chat)
			}
		}
	})
}

// After a text in a pause the card is replaced at the end of the pause: the webhook's
// 200 removes nothing.
func TestReplacedInAPause(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.paceByClock()
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.settled()
		r.ResetCalls()
		r.ch.pace.pause(r.anna.ID, time.Hour)
		r.anna.Say("Anna")
		r.eventually("the name is taken", func() bool { return r.record().Step == "colour" })
		if hook {
			r.WaitDelivered(patience)
		}
		r.oneCard("Step 1")
		r.clock.Add(time.Hour)
		r.oneCard("Step 2")
		var did []string
		for _, call := range r.Calls() {
			if call.ChatID == r.anna.ID {
				did = append(did, call.Method)
			}
		}
		if !slices.Equal(did, []string{"sendMessage", "deleteMessage"}) {
			t.Errorf("%v, want the new card and then the old one's removal", did)
		}
	})
}

// A tap in a pause is handled, and a webhook's 200 answers it.
func TestTapInAPause(t *testing.T) {
	t.Parallel()
	r := start(t, true, nil)
	r.paceByClock()
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.anna.Say("Anna")
	r.oneCard("Step 2")
	r.settled()
	r.ch.pace.pause(r.anna.ID, time.Hour)
	r.anna.Tap("Red")
	r.eventually("the spinner's end", func() bool { return len(r.anna.Toasts()) == 1 })
	r.oneCard("Step 2")
	r.clock.Add(time.Hour)
	r.oneCard("Done")
}

// A 429 for the answer to a tap pauses the chat of the tap.
func TestTapLimited(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.anna.Say("Anna")
	r.oneCard("Step 2")
	r.FailNext("answerCallbackQuery", telegramtest.TooManyRequests(3600))
	r.anna.Tap("Red")
	r.eventually("a pause", func() bool { _, free := r.ch.pace.paused(r.anna.ID); return !free })
}

// After a failed edit the card is sent at once, also in a spaced chat.
func TestGoneInASpacedChat(t *testing.T) {
	api := telegramtest.New(telegramtest.Options{})
	defer api.Close()
	c := bare(t, dialog.NewMemory(), func(cfg *Config) { cfg.Token, cfg.APIURL = api.Token(), api.URL() })
	c.pace.pause(5, 0)
	api.FailNext("editMessageText", telegramtest.Refused("message can't be edited"))
	message, err := c.Show(t.Context(), dialog.Showing{Place: dialog.Place{Address: "5"}, Card: dialog.Card{Question: "Hm?"}, Message: "77"})
	if err != nil || message == "" || message == "77" {
		t.Errorf("%q %v", message, err)
	}
}
