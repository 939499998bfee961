package telegram

import (
	"sync"
	"time"
)

const (
	noticeEvery = 40 * time.Millisecond // 25 notices a second in all
	chatEvery   = time.Second           // one notice a second in a chat
	giveWay     = time.Second           // how far answers push notices back
	noticeQueue = 8 * time.Second       // notices further ahead come again by themselves
	globalAfter = 3                     // so many chats paused at once mean everybody
)

// pacer keeps pauses that the server asked for, and spaces notices. What answers
// a person goes out at once unless its chat is paused.
type pacer struct {
	now func() time.Time

	mu      sync.Mutex
	all     time.Time           // until when nothing may be sent
	chats   map[int64]time.Time // until when nothing may be sent to this chat
	next    time.Time           // when the next notice may go
	noticed map[int64]time.Time // when the last notice to this chat goes
}

func newPacer() *pacer {
	return &pacer{now: time.Now, chats: map[int64]time.Time{}, noticed: map[int64]time.Time{}}
}

// pause keeps everything from a chat for d. A refusal does not say whom it
// means: where several chats are paused at once, it means all.
func (p *pacer) pause(chat int64, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for id, until := range p.chats {
		if !until.After(now) {
			delete(p.chats, id)
		}
	}
	p.chats[chat] = later(p.chats[chat], now.Add(d))
	if len(p.chats) >= globalAfter {
		p.all = later(p.all, now.Add(d))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// paused tells how long chat is still paused; ok: it is not.
func (p *pacer) paused(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pausedAt(chat, p.now())
}

func (p *pacer) pausedAt(chat int64, now time.Time) (wait time.Duration, ok bool) {
	until := p.all
	if len(p.chats) > 0 {
		until = later(until, p.chats[chat])
	}
	wait = until.Sub(now)
	return max(wait, 0), wait <= 0
}

// answer asks for leave to send what a person waits for, and pushes notices back by as much.
func (p *pacer) answer(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if wait, ok = p.pausedAt(chat, now); !ok {
		return wait, false
	}
	if back := later(p.next, now).Add(noticeEvery); !back.After(now.Add(giveWay)) {
		p.next = back
	}
	return 0, true
}

// notice asks for a time to send what nobody waits for. ok: it is reserved, to
// be sent after wait; else to be asked for again after wait.
func (p *pacer) notice(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if wait, ok = p.pausedAt(chat, now); !ok {
		return wait, false
	}
	at := later(p.next, now)
	if last, found := p.noticed[chat]; found {
		at = later(at, last.Add(chatEvery))
	}
	if at.Sub(now) > noticeQueue {
		return at.Sub(now) + time.Duration(uint64(chat)*uint64(noticeEvery)%uint64(noticeQueue)), false // spread, so that not all come back at once
	}
	p.next = later(p.next, now).Add(noticeEvery)
	if len(p.noticed) > 1024 {
		for id, last := range p.noticed {
			if now.Sub(last) > chatEvery {
				delete(p.noticed, id)
			}
		}
	}
	p.noticed[chat] = at
	return at.Sub(now), true
}
