package telegram

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/lockbay/lockbay/dialog"
)

// still is a pacer whose clock tests move.
func still() (*pacer, func(time.Duration)) {
	now := time.Unix(1_790_000_000, 0)
	p := newPacer()
	p.now = func() time.Time { return now }
	return p, func(d time.Duration) { now = now.Add(d) }
}

// crowded is a pacer in a crowd that has just begun.
func crowded(t testing.TB) (*pacer, func(time.Duration)) {
	t.Helper()
	p, pass := still()
	for chat := range int64(crowdLeast) {
		p.answer(1 + chat)
		p.pause(1+chat, time.Second)
	}
	if !p.crowd.on(p.now()) {
		t.Fatal("no crowd")
	}
	p.next = p.now()
	return p, pass
}

func TestPauses(t *testing.T) {
	p, pass := still()
	p.pause(1, 3*time.Second)
	if wait, ok := p.answer(1); ok || wait != 3*time.Second {
		t.Errorf("%v %v", wait, ok)
	}
	if _, ok := p.answer(2); !ok {
		t.Error("one chat's pause holds another")
	}
	p.pause(1, time.Second) // the longer pause stays
	pass(2 * time.Second)
	if wait, ok := p.notice(1); ok || wait != time.Second {
		t.Errorf("%v %v", wait, ok)
	}
	if wait, ok := p.spare(1); ok || wait != time.Second {
		t.Errorf("%v %v", wait, ok)
	}
	pass(time.Second)
	if _, ok := p.answer(1); !ok {
		t.Error("the pause does not end")
	}
	p.pause(0, time.Hour)
	if _, ok := p.spare(0); !ok {
		t.Error("a call without a chat pauses other calls without a chat")
	}
}

// A call that waits for its turn in the queue is not made if a 429 pauses its chat
// meanwhile.
func TestPauseDuringAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Channel{pace: newPacer()}
		queued := func(int64) (time.Duration, bool) { return 2 * time.Second, true }
		time.AfterFunc(time.Second, func() { c.pace.pause(5, 10*time.Second) })
		var after *dialog.RetryAfter
		if err := c.await(t.Context(), 5, queued); !errors.As(err, &after) || after.After != 9*time.Second {
			t.Errorf("paused during the wait: %v, want 9 s more", err)
		}
		if err := c.await(t.Context(), 6, queued); err != nil {
			t.Errorf("another chat: %v", err)
		}
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.await(brief, 6, queued); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("its time ends during the wait: %v", err)
		}
	})
}

// Paused chats delay no other chat, among many chats and among few.
func TestPausesHoldNobodyElse(t *testing.T) {
	p, _ := still()
	for chat := range int64(5000) {
		p.answer(1000 + chat)
	}
	for chat := range int64(3) {
		p.pause(chat, 40*time.Second)
	}
	alone, _ := still()
	for chat := range int64(3) {
		alone.answer(chat)
		alone.pause(chat, 40*time.Second)
	}
	for _, p := range []*pacer{p, alone} {
		for chat := range int64(5000) {
			if wait, ok := p.answer(1000 + chat); !ok || wait != 0 {
				t.Fatalf("chat %d waits for others: %v %v", 1000+chat, wait, ok)
			}
		}
	}
}

// After its pause a chat gets a card a second for a minute, then cards without a limit.
func TestSpacing(t *testing.T) {
	const pause = 5 * time.Second
	p, pass := still()
	for range 20 {
		if wait, ok := p.answer(1); !ok || wait != 0 {
			t.Fatalf("a chat waits before any 429: %v %v", wait, ok)
		}
	}
	p.pause(1, pause)
	began, sent := p.now(), 0
	for p.now().Sub(began) < pause+spacedFor {
		wait, ok := p.answer(1)
		if ok {
			if sent++; sent > 1000 {
				t.Fatal("it is not spaced")
			}
			continue
		}
		if wait <= 0 || wait > pause {
			t.Fatalf("to be asked for again after %v", wait)
		}
		pass(wait)
	}
	if sent != int(spacedFor/chatEvery) {
		t.Errorf("%d cards in the minute after the pause", sent)
	}
	for range 20 {
		if wait, ok := p.answer(1); !ok || wait != 0 {
			t.Fatalf("the chat is still spaced: %v %v", wait, ok)
		}
	}
	// notices count as cards of the same second
	p.pause(2, time.Second)
	pass(time.Second)
	if wait, ok := p.notice(2); !ok {
		t.Errorf("%v %v", wait, ok)
	}
	if wait, ok := p.answer(2); ok || wait < chatEvery {
		t.Errorf("an answer right after a notice: %v %v", wait, ok)
	}
	if wait, ok := p.spare(2); !ok || wait != 0 {
		t.Errorf("a spare call: %v %v", wait, ok)
	}
}

// Accounts that provoke a 429 after each pause delay nobody, also in a bot with few
// other people.
func TestHammering(t *testing.T) {
	for _, others := range []int64{1, 300} {
		p, pass := still()
		cards := map[int64]int{}
		for step := range int64(3000) {
			pass(20 * time.Millisecond)
			for chat := range int64(40) {
				if (step+chat)%6 != 0 { // 8 a second
					continue
				}
				if _, ok := p.answer(9000 + chat); !ok {
					continue
				}
				if cards[chat]++; cards[chat] > 10 {
					p.pause(9000+chat, 3*time.Second)
				}
			}
			if wait, ok := p.answer(100 + step%others); !ok || wait != 0 {
				t.Fatalf("%d others, after %d steps: a wait of %v %v", others, step, wait, ok)
			}
		}
	}
}

// Accounts that get a 429 at their first card look like a crowd in a bot with few
// other people. The queue has room for these people.
func TestHammeringLikeACrowd(t *testing.T) {
	p, pass := still()
	for step := range int64(600) {
		pass(100 * time.Millisecond)
		for chat := range int64(40) {
			if _, ok := p.answer(9000 + chat); ok {
				p.pause(9000+chat, 3*time.Second)
			}
		}
		if wait, ok := p.answer(4711 + step); !ok || wait > crowdSpan {
			t.Fatalf("after %d steps: a wait of %v %v", step, wait, ok)
		}
	}
}

// Fewer than ten limited chats delay no other chat, and each waits for its own pause
// and its own second only.
func TestPausesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, pass := still()
		until := map[int64]time.Time{} // of limited chats
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			chat := rapid.Int64Range(1, 3*crowdLeast).Draw(t, "chat")
			switch rapid.SampledFrom([]string{"answer", "notice", "spare", "limit", "pass"}).Draw(t, "what") {
			case "answer":
				wait, ok := p.answer(chat)
				most := max(until[chat].Sub(p.now()), chatEvery)
				if noticed, is := p.noticed[chat]; is { // a reserved card counts at its time
					most = max(most, noticed.Add(chatEvery).Sub(p.now()))
				}
				if _, limited := until[chat]; !limited {
					most = 0
				}
				if wait > most || ok && wait > 0 || !ok && wait <= 0 {
					t.Fatalf("an answer to %d: %v %v, at most %v", chat, wait, ok, most)
				}
			case "notice":
				p.notice(chat)
			case "spare":
				wait, ok := p.spare(chat)
				if most := max(until[chat].Sub(p.now()), 0); wait != most || ok != (most == 0) {
					t.Fatalf("a spare call to %d: %v %v, want %v", chat, wait, ok, most)
				}
			case "limit":
				chat = chat % crowdLeast // at most 9 chats: 0 is no chat
				d := time.Duration(rapid.Int64Range(1, 60).Draw(t, "seconds")) * time.Second
				if chat > 0 {
					until[chat] = latest(until[chat], p.now().Add(d))
				}
				p.pause(chat, d)
			case "pass":
				pass(time.Duration(rapid.Int64Range(1, 5000).Draw(t, "ms")) * time.Millisecond)
			}
		}
	})
}

func TestNotices(t *testing.T) {
	p, pass := still()
	var last time.Duration
	for chat := range int64(25) {
		wait, ok := p.notice(chat)
		if !ok || wait != time.Duration(chat)*slotEvery {
			t.Fatalf("notice %d: %v %v", chat, wait, ok)
		}
		last = wait
	}
	if wait, ok := p.notice(3); !ok || wait != 3*slotEvery+chatEvery {
		t.Errorf("second notice of a chat: %v %v, want a second after the first (last %v)", wait, ok, last)
	}
	pass(20 * time.Second)
	n := int64(0)
	for ; ; n++ {
		wait, ok := p.notice(1000 + n)
		if !ok {
			if wait <= queueMost {
				t.Errorf("a call beyond the queue comes again after %v, too early", wait)
			}
			break
		}
	}
	if want := int64(queueMost/slotEvery) + 1; n != want {
		t.Errorf("%d notices are queued, want %d", n, want)
	}
	if wait, ok := p.answer(5); !ok || wait != 0 {
		t.Errorf("an answer waits behind notices: %v %v", wait, ok)
	}
	pass(time.Minute)
	for range 1000 {
		p.answer(7)
	}
	if wait, ok := p.notice(8); !ok || wait < giveWay-slotEvery || wait > giveWay {
		t.Errorf("a notice among a thousand answers: %v %v", wait, ok)
	}
}

// In a crowd answers go one after another, notices and spare calls only while the
// queue is short.
func TestQueue(t *testing.T) {
	p, pass := crowded(t)
	for n := range 20 {
		wait, ok := p.answer(100 + int64(n))
		if want := time.Duration(n) * slotEvery; !ok || wait != want {
			t.Fatalf("slot %d: %v %v, want %v", n, wait, ok, want)
		}
	}
	if wait, ok := p.notice(200); !ok || wait != 20*slotEvery {
		t.Errorf("a notice in a short queue: %v %v", wait, ok)
	}
	if wait, ok := p.spare(201); !ok || wait != 21*slotEvery {
		t.Errorf("a spare call in a short queue: %v %v", wait, ok)
	}
	for n := range int64(10) {
		p.answer(300 + n)
	}
	if wait, ok := p.notice(202); ok || wait <= giveWay {
		t.Errorf("a notice in a long queue: %v %v", wait, ok)
	}
	if wait, ok := p.spare(203); ok || wait <= giveWay {
		t.Errorf("a spare call in a long queue: %v %v", wait, ok)
	}
	if wait, ok := p.answer(310); !ok || wait != 32*slotEvery {
		t.Errorf("an answer in a long queue: %v %v", wait, ok)
	}
	// calls beyond the queue come again, each at a different time
	again := map[time.Duration]bool{}
	for chat := int64(1000); len(again) < 500; chat += 200 {
		wait, ok := p.answer(chat)
		if ok {
			continue
		}
		if again[wait] || wait <= queueMost || wait > 2*queueMost+slotEvery {
			t.Fatalf("chat %d comes again after %v, like another: %v", chat, wait, again[wait])
		}
		again[wait] = true
	}
	pass(crowdFor)
	for chat := range int64(100) {
		if wait, ok := p.answer(chat + 100); !ok || wait != 0 {
			t.Fatalf("after the minute: %v %v", wait, ok)
		}
	}
}

func TestPacerForgetsChats(t *testing.T) {
	p, pass := still()
	for chat := range int64(5000) {
		p.notice(chat)
		p.answer(chat)
		p.pause(10_000+chat, time.Second)
		pass(slotEvery)
	}
	most := int((spacedFor + time.Second + tidyEvery) / slotEvery)
	if n := len(p.noticed); n > 100 {
		t.Errorf("%d chats that got a notice are remembered", n)
	}
	if n := len(p.limited); n > most {
		t.Errorf("%d limited chats are remembered, want %d at most", n, most)
	}
	if n := len(p.crowd.now) + len(p.crowd.before); n > 400 {
		t.Errorf("%d chats with recent cards are remembered", n)
	}
	pass(time.Hour)
	p.answer(1)
	if n := len(p.limited) + len(p.noticed) + len(p.crowd.now) + len(p.crowd.before); n != 1 {
		t.Errorf("%d chats are remembered after an hour", n)
	}
}

// TestPacerForgetsEveryTwoSeconds: what is over is forgotten by the first call two seconds after it was last looked for, and
// not before: each look goes through all chats.
func TestPacerForgetsEveryTwoSeconds(t *testing.T) {
	p, pass := still()
	p.pause(1, time.Second) // looks
	p.limited[1] = limited{}
	p.noticed[1] = p.now().Add(-chatEvery)
	pass(tidyEvery - 1)
	p.answer(2)
	if len(p.limited) != 1 || len(p.noticed) != 1 {
		t.Errorf("looked for earlier")
	}
	pass(1)
	p.answer(2)
	if len(p.limited) != 0 || len(p.noticed) != 0 {
		t.Errorf("%d limited and %d noticed are kept", len(p.limited), len(p.noticed))
	}
}

// TestSpacingEnds: with the minute after a pause the spacing is over, also where the chat is still remembered.
func TestSpacingEnds(t *testing.T) {
	p, pass := still()
	p.pause(1, time.Second)
	pass(time.Second + spacedFor - 1)
	if wait, ok := p.answer(1); !ok || wait != 0 {
		t.Fatalf("the first card within the minute: %v %v", wait, ok)
	}
	if wait, ok := p.answer(1); ok || wait != chatEvery {
		t.Errorf("the second card within the minute: %v %v", wait, ok)
	}
	pass(1)
	p.tidied = p.now()
	if wait, ok := p.answer(1); !ok || wait != 0 {
		t.Errorf("after the minute: %v %v", wait, ok)
	}
}

// A pause follows the monotonic clock; setting the system time does not move it.
func TestPacerClock(t *testing.T) {
	if now := newPacer().now().String(); !strings.Contains(now, " m=") {
		t.Errorf("no monotonic clock: %s", now)
	}
}

func TestPacerConcurrently(t *testing.T) {
	p := newPacer()
	var wg sync.WaitGroup
	for g := range int64(8) {
		wg.Go(func() {
			for n := range int64(500) {
				p.answer(n)
				p.notice(n)
				p.spare(n)
				p.paused(n)
				if n%8 == g {
					p.pause(n, time.Nanosecond)
				}
			}
		})
	}
	wg.Wait()
}
