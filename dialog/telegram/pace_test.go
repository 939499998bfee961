package telegram

import (
	"testing"
	"time"
)

// still is a pacer whose clock tests move.
func still() (*pacer, func(time.Duration)) {
	now := time.Unix(1_790_000_000, 0)
	p := newPacer()
	p.now = func() time.Time { return now }
	return p, func(d time.Duration) { now = now.Add(d) }
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
	p.pause(1, time.Second) // a shorter one does not end the longer
	pass(2 * time.Second)
	if wait, ok := p.notice(1); ok || wait != time.Second {
		t.Errorf("%v %v", wait, ok)
	}
	pass(time.Second)
	if _, ok := p.answer(1); !ok {
		t.Error("the pause does not end")
	}
	for chat := range int64(globalAfter) {
		p.pause(10+chat, 5*time.Second)
	}
	if wait, ok := p.answer(99); ok || wait != 5*time.Second {
		t.Errorf("several chats are paused, the others not: %v %v", wait, ok)
	}
	pass(5 * time.Second)
	if _, ok := p.answer(99); !ok {
		t.Error("the pause of all does not end")
	}
	p.pause(50, time.Second)
	if len(p.chats) != 1 {
		t.Errorf("%d pauses are kept", len(p.chats))
	}
}

func TestNotices(t *testing.T) {
	p, pass := still()
	var last time.Duration
	for chat := range int64(25) {
		wait, ok := p.notice(chat)
		if !ok || wait != time.Duration(chat)*noticeEvery {
			t.Fatalf("notice %d: %v %v", chat, wait, ok)
		}
		last = wait
	}
	if wait, ok := p.notice(3); !ok || wait != 3*noticeEvery+chatEvery {
		t.Errorf("second notice of a chat: %v %v, want a second after the first (last %v)", wait, ok, last)
	}
	pass(20 * time.Second)
	n := int64(0)
	for ; ; n++ {
		wait, ok := p.notice(1000 + n)
		if !ok {
			if wait <= noticeQueue {
				t.Errorf("turned away, to come again before its time: %v", wait)
			}
			break
		}
	}
	if want := int64(noticeQueue/noticeEvery) + 1; n != want {
		t.Errorf("%d notices are queued, want %d", n, want)
	}
	if wait, ok := p.answer(5); !ok || wait != 0 {
		t.Errorf("an answer waits behind notices: %v %v", wait, ok)
	}
	pass(time.Minute)
	for range 1000 {
		p.answer(7)
	}
	if wait, ok := p.notice(8); !ok || wait < giveWay-noticeEvery || wait > giveWay {
		t.Errorf("a notice among a thousand answers: %v %v", wait, ok)
	}
}

func TestNoticesForgetChats(t *testing.T) {
	p, pass := still()
	for chat := range int64(5000) {
		p.notice(chat)
		pass(noticeEvery)
	}
	if n := len(p.noticed); n > 1100 {
		t.Errorf("%d chats are remembered", n)
	}
}
