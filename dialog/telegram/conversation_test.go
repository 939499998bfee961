package telegram

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// both runs a test by webhook and by polling.
func both(t *testing.T, f func(t *testing.T, hook bool)) {
	t.Parallel()
	t.Run("webhook", func(t *testing.T) { t.Parallel(); f(t, true) })
	t.Run("polling", func(t *testing.T) { t.Parallel(); f(t, false) })
}

func TestConversation(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		first := r.oneCard("Step 1 of 2")
		if got := first.Bold(); !slices.Equal(got, []string{"What is your name?"}) {
			t.Errorf("bold: %q", got)
		}
		r.settled()
		r.anna.Say("Анна <3 & 👩‍🎨")
		card := r.oneCard("Step 2 of 2\n\nName: \u2068Анна <3 & 👩‍🎨\u2069\n\nWhich colour?")
		if card.ID == first.ID {
			t.Error("a typed answer edits the card above it")
		}
		if card.ID != r.anna.Last().ID {
			t.Error("the card is not the newest message")
		}
		r.settled() // the bot has recorded the message
		r.anna.Tap("Blue")
		if m := r.oneCard("Done"); m.ID != card.ID || !m.Edited {
			t.Errorf("a tap does not edit the card in place: %v\n%s", m, r.anna.Transcript())
		}
		r.eventually("toast", func() bool { ts := r.anna.Toasts(); return len(ts) == 1 && ts[0].Text == "You chose blue" })
		r.anna.Tap("Again")
		r.oneCard("Step 1 of 2")
		r.eventually("commands", func() bool { return slices.Equal(r.Commands(), []string{"/start - Begin", "/cancel - Stop"}) })
		for _, c := range r.Calls() {
			if c.Method == "answerCallbackQuery" && c.InReply != hook {
				t.Errorf("%s in reply: %v", c.Method, c.InReply)
			}
		}
	})
}

func TestUnusable(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		said := r.anna.Say("Anna")
		r.oneCard("Step 2")
		for i, send := range []func() telegramtest.Update{
			r.anna.SendSticker, r.anna.SendPhoto, r.anna.SendVoice,
		} {
			was := cards(r.anna)[0].ID
			send()
			r.eventually("another card", func() bool { cs := cards(r.anna); return len(cs) == 1 && cs[0].ID != was })
			if m := r.oneCard("We cannot read this"); !strings.Contains(m.Text, "Anna") {
				t.Errorf("%d: %v", i, m)
			}
		}
		// an edit is answered in the card that is there, once
		r.anna.Tap("Back")
		m := r.oneCard("Step 1")
		r.settled()
		for i, text := range []string{"Bob", "Carl"} {
			r.anna.EditMessage(said.MessageID, text)
			r.WaitDelivered(patience)
			if now := r.oneCard("We cannot read this"); now.ID != m.ID {
				t.Errorf("edit %d has a new card", i)
			}
			r.settled()
		}
		if r.Count("editMessageText") != 2 {
			t.Errorf("%d edits of cards, want those of Back and of the first edit", r.Count("editMessageText"))
		}
	})
}

func TestRedelivery(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.settled()
		said := r.anna.Say("Anna")
		r.oneCard("Step 2")
		r.settled()
		sent := r.Count("sendMessage")
		r.Redeliver(said)
		r.RedeliverAs(said, said.ID+100_000)
		r.JumpUpdateID(said.ID + 100_001)
		if !r.WaitDelivered(patience) {
			t.Fatal("not delivered")
		}
		one, two := r.anna.TapTwice("Red")
		r.oneCard("Done")
		r.eventually("two answers", func() bool { return len(r.anna.Toasts()) == 2 })
		r.Redeliver(one)
		r.Redeliver(two)
		if !r.WaitDelivered(patience) {
			t.Fatal("not delivered")
		}
		r.oneCard("Done")
		if n := r.Count("sendMessage"); n != sent {
			t.Errorf("%d messages for redeliveries", n-sent)
		}
	})
}

func TestZeroAndJumpingIDs(t *testing.T) {
	r := start(t, true, nil)
	r.ZeroUpdateIDs(true)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.anna.Say("Anna")
	r.oneCard("Step 2")
	r.anna.Tap("Red")
	r.oneCard("Done")
}

func TestJumpWhilePolling(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.JumpUpdateID(9_000_000_000_000)
	r.anna.Say("Anna")
	r.oneCard("Step 2")
}

func TestLostAnswers(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.FailNext("sendMessage", telegramtest.LostAnswer())
		r.anna.Say("Anna")
		r.eventually("two cards, one of them stray", func() bool {
			cs := cards(r.anna)
			return len(cs) == 2 && strings.Contains(cs[0].Text, "Step 2") && cs[0].Text == cs[1].Text
		})
		stray, live := cards(r.anna)[0], cards(r.anna)[1]
		r.eventually("the live card is known", func() bool {
			rec := r.record()
			p, ok := rec.Place("tg", "1000001")
			return ok && rec.Message(p) == itoa(live.ID)
		})
		// a tap on the stray message is applied and removes its buttons; the live message shows the result
		data, _ := stray.Button("Red")
		r.anna.TapOn(stray.ID, data.Data)
		r.anna.WaitText(patience, "Done")
		r.eventually("the stray card has no buttons", func() bool {
			for _, m := range cards(r.anna) {
				if m.ID == stray.ID && len(m.Rows) > 0 {
					return false
				}
			}
			return true
		})
		// an edit with a lost answer is repeated
		r.settled()
		r.FailNext("editMessageText", telegramtest.LostAnswer())
		sent := r.Count("sendMessage")
		r.anna.Tap("Again")
		r.anna.WaitText(patience, "Step 1")
		r.settled()
		if n := r.Count("sendMessage"); n != sent {
			t.Error("a card that was not modified is sent again")
		}
	})
}

// Quick messages of one person are handled in order.
func TestOrder(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		for i := range 20 {
			r.anna.Say("/start")
			r.anna.Say("name " + itoa(i))
		}
		m := r.oneCard("Name: \u2068name 19\u2069")
		if !strings.Contains(m.Text, "Step 2") {
			t.Errorf("%v", m)
		}
		if v := r.record().Version; v != 40 {
			t.Errorf("%d turns for 40 messages", v)
		}
	})
}

func TestEditErrors(t *testing.T) {
	for _, why := range []string{"message to edit not found", "message can't be edited", "MESSAGE_ID_INVALID"} {
		r := start(t, true, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.anna.Say("Anna")
		old := r.oneCard("Step 2")
		r.FailNext("editMessageText", telegramtest.Refused(why))
		r.anna.Tap("Red")
		if m := r.oneCard("Done"); m.ID == old.ID {
			t.Errorf("%s: no fresh card", why)
		}
		r.end()
	}
}

func TestInaccessible(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.anna.Say("Anna")
		r.oneCard("Step 2")
		r.InaccessibleTaps(1)
		r.anna.Tap("Red")
		r.oneCard("Done")
	})
}

func TestOldCardsAndButtons(t *testing.T) {
	t.Parallel()
	r := start(t, true, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.anna.Say("Anna")
	old := r.oneCard("Step 2")
	red, _ := old.Button("Red")
	r.anna.Tap("Back")
	r.oneCard("Step 1")
	r.anna.TapOn(old.ID, red.Data)
	r.eventually("toast", func() bool {
		ts := r.anna.Toasts()
		return len(ts) == 2 && ts[1].Text == "That button is from an earlier step."
	})
	for _, data := range []string{"", "x", "a|b", "colour:red|d|x", strings.Repeat("z", 64), "|||", "😀|x|1"} {
		r.anna.TapOn(old.ID, data)
	}
	r.eventually("every tap is answered", func() bool { return len(r.anna.Toasts()) == 9 })
	r.oneCard("Step 1")

	// a message older than 48 hours loses its buttons instead
	r.anna.Say("Anna")
	old = r.oneCard("Step 2")
	r.clock.Add(50 * time.Hour)
	r.anna.Say("hm")
	r.eventually("the old card has no buttons", func() bool {
		cs := cards(r.anna)
		return len(cs) == 2 && cs[0].ID == old.ID && len(cs[0].Rows) == 0 && len(cs[1].Rows) > 0
	})
}

func TestTapTooOld(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.anna.Say("Anna")
		r.oneCard("Step 2")
		r.FailNext("answerCallbackQuery", telegramtest.Refused("query is too old and response timeout expired or query ID is invalid"))
		r.anna.Tap("Red")
		r.oneCard("Done")
	})
}

func TestBlock(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		blocked := func() bool { p, _ := r.record().Place("tg", "1000001"); return p.Blocked }
		r.anna.Block()
		r.eventually("blocked", blocked)
		r.anna.Unblock()
		r.eventually("unblocked", func() bool { return !blocked() })
		r.anna.Say("Anna")
		r.oneCard("Step 2")
		// a 403 means a block as well
		r.FailNext("sendMessage", telegramtest.Fault{Code: 403, Description: "Forbidden: bot was blocked by the user"})
		r.anna.Say("hm")
		r.eventually("blocked by a refusal", blocked)
		r.anna.Say("hm")
		r.eventually("back", func() bool { return !blocked() && !r.record().Undelivered() })
	})
}

func TestServerTrouble(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.FailNext("sendMessage", telegramtest.InternalError(), telegramtest.BadGateway())
		r.anna.Say("/start")
		r.oneCard("Step 1")
	})
}

func TestGroup(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		const group = -1001234567890
		r.eventually("getMe", func() bool { return r.ch.Username() != "" })
		r.anna.SayInGroup(group, "hello all")
		r.anna.SayInGroup(group, "/start")
		r.anna.SayInGroup(group, "/start@another_bot")
		r.anna.SayInGroup(group, "/create@"+strings.ToUpper(r.BotUsername())+" now")
		var m telegramtest.Message
		r.eventually("the way to the private chat", func() bool {
			ms := r.Messages(group)
			m = ms[len(ms)-1]
			return m.FromBot
		})
		if len(m.Rows) != 1 || m.Rows[0][0].URL != "https://t.me/"+r.BotUsername() {
			t.Errorf("no link: %v", m)
		}
		if n := r.Count("sendMessage"); n != 1 {
			t.Errorf("%d messages", n)
		}
	})
}

func TestOverlong(t *testing.T) {
	r := start(t, true, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.anna.Say(strings.Repeat("🦕<&", 1365))
	if m := r.oneCard("Which colour?"); !strings.Contains(m.Text, "…\u2069") {
		t.Errorf("not shortened: %q", m.Text)
	}
}

func TestDownAtStart(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, func(r *rig, _ *Config) {
			r.FailNext("getMe", telegramtest.InternalError())
			r.FailNext("setMyCommands", telegramtest.BadGateway())
			r.FailNext("setWebhook", telegramtest.Dropped())
			r.FailNext("deleteWebhook", telegramtest.TooManyRequests(1))
		})
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.eventually("all is made up for", func() bool { return r.ch.Username() != "" && len(r.Commands()) == 2 })
		if !strings.Contains(r.logs.String(), "start-up call failed") {
			t.Error("nothing in the log")
		}
	})
}

// A block counts also for a person who has written too much.
func TestBlockAboveTheLimit(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		var closed atomic.Bool
		r := start(t, hook, func(_ *rig, cfg *Config) { cfg.allow = func(string) bool { return !closed.Load() } })
		r.anna.Say("/start")
		r.oneCard("Step 1")
		closed.Store(true)
		r.anna.Block()
		r.eventually("blocked", func() bool { p, _ := r.record().Place("tg", "1000001"); return p.Blocked })
	})
}

// Removing a message that the person has deleted is done, and costs one call.
func TestRemoveDeleted(t *testing.T) {
	t.Parallel()
	r := start(t, true, nil)
	r.anna.Say("/start")
	card := r.oneCard("Step 1")
	r.settled()
	r.anna.Delete(card.ID)
	if err := r.ch.Remove(t.Context(), dialog.Place{Channel: "tg", Address: "1000001"}, itoa(card.ID)); err != nil {
		t.Error(err)
	}
	if removed, stripped := r.Count("deleteMessage"), r.Count("editMessageReplyMarkup"); removed != 1 || stripped != 0 {
		t.Errorf("%d removals, %d calls for its buttons; want one removal", removed, stripped)
	}
}
