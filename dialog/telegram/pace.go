package telegram

import (
	"sync"
	"time"
)

const (
	slotEvery = 40 * time.Millisecond // the queue: 25 calls a second in all
	queueMost = 8 * time.Second       // the longest wait in the queue; a later call comes again
	giveWay   = time.Second           // how far answers push back the queue
	chatEvery = time.Second           // between the notices of a chat, and between the cards of a spaced chat
	spacedFor = time.Minute           // how long a chat is spaced after its pause
	tidyEvery = 2 * time.Second       // between the calls of tidy
)

// pacer decides when a call may go out.
//
// An answer is a card or a text for a waiting person; it goes at once. A notice is a
// card without a waiting person; it takes a slot in the queue, and answers push the
// queue back. A spare call is optional: it removes a message, removes buttons, or ends
// the spinner of a tap. It goes at once.
//
// A 429 pauses its chat for retry_after. For a minute after the pause the chat is
// spaced: one card a second. Other chats are not affected. When the 429s of many chats
// mean the whole bot (see crowd), every call takes a slot in the queue for a minute:
// answers first, notices and spare calls only while the queue is short.
type pacer struct {
	now func() time.Time // follows the monotonic clock

	mu      sync.Mutex
	limited map[int64]limited   // chats that are paused or spaced
	noticed map[int64]time.Time // when the last notice to this chat goes
	next    time.Time           // the next free slot in the queue
	crowd   crowd
	tidied  time.Time
}

// limited is a chat with a recent 429.
type limited struct {
	until time.Time // the end of its pause
	last  time.Time // when its last card goes
	loud  bool      // the 429 meant the chat, not the whole bot
}

// spaced reports whether the chat is paused or spaced.
func (x limited) spaced(now time.Time) bool { return now.Before(x.until.Add(spacedFor)) }

func newPacer() *pacer {
	return &pacer{now: time.Now, limited: map[int64]limited{}, noticed: map[int64]time.Time{}}
}

// pause records a 429 of chat with this retry_after.
func (p *pacer) pause(chat int64, d time.Duration) {
	if chat == 0 {
		return // the chat of the call is unknown
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.tidy(now)
	x := p.limited[chat]
	loud := chat < 0 || x.loud && x.spaced(now) // a group has its own limit, 20 messages a minute
	x.loud = p.crowd.limit(chat, now, loud)
	x.until = latest(x.until, now.Add(d))
	p.limited[chat] = x
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// paused returns the rest of a chat's pause; ok means that the chat is not paused.
func (p *pacer) paused(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pausedAt(chat, p.now())
}

func (p *pacer) pausedAt(chat int64, now time.Time) (wait time.Duration, ok bool) {
	wait = p.limited[chat].until.Sub(now)
	return max(wait, 0), wait <= 0
}

// answer asks for a time to send an answer. If ok, the time is reserved and the call
// goes after wait; otherwise the caller asks again after wait.
func (p *pacer) answer(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.tidy(now)
	if wait, ok = p.free(chat, now); !ok {
		return wait, false
	}
	at := now
	if p.crowd.on(now) {
		if at = latest(p.next, now); at.Sub(now) > queueMost {
			return at.Sub(now) + spread(chat), false
		}
		p.next = at.Add(slotEvery)
	} else if back := latest(p.next, now).Add(slotEvery); !back.After(now.Add(giveWay)) {
		p.next = back
	}
	p.sent(chat, now, at)
	return at.Sub(now), true
}

// notice asks for a time to send a notice, like answer.
func (p *pacer) notice(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.tidy(now)
	if wait, ok = p.free(chat, now); !ok {
		return wait, false
	}
	slot := latest(p.next, now)
	at, most := slot, queueMost
	if last, found := p.noticed[chat]; found {
		at = latest(at, last.Add(chatEvery))
	}
	if p.crowd.on(now) {
		most = giveWay
	}
	if at.Sub(now) > most {
		return at.Sub(now) + spread(chat), false
	}
	p.next = slot.Add(slotEvery)
	p.noticed[chat] = at
	p.sent(chat, now, at)
	return at.Sub(now), true
}

// spare asks for a time to make a spare call. If ok, the time is reserved and the
// call goes after wait; otherwise the call is left out or asked for again. A spare
// call accompanies a card, so it is not spaced.
func (p *pacer) spare(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if wait, ok = p.pausedAt(chat, now); !ok || !p.crowd.on(now) {
		return wait, ok
	}
	at := latest(p.next, now)
	if wait = at.Sub(now); wait > giveWay {
		return wait, false
	}
	p.next = at.Add(slotEvery)
	return wait, true
}

// free returns how long the chat's own 429s delay a card; ok means no delay.
func (p *pacer) free(chat int64, now time.Time) (wait time.Duration, ok bool) {
	x := p.limited[chat]
	if !x.spaced(now) {
		return 0, true
	}
	wait = latest(x.until, x.last.Add(chatEvery)).Sub(now)
	return max(wait, 0), wait <= 0
}

// sent records a card that goes out at at.
func (p *pacer) sent(chat int64, now, at time.Time) {
	p.crowd.sent(chat, now)
	if x, found := p.limited[chat]; found {
		x.last = at
		p.limited[chat] = x
	}
}

// spread is added to the wait of a call that found the queue full, so that the calls
// come back at different times, also for similar ids.
func spread(chat int64) time.Duration {
	return time.Duration(uint64(chat) * 0x9e3779b97f4a7c15 % uint64(queueMost)) // 2⁶⁴ by the golden ratio
}

// tidy forgets chats without a pause, spacing or recent notice.
func (p *pacer) tidy(now time.Time) {
	if now.Sub(p.tidied) < tidyEvery {
		return
	}
	p.tidied = now
	for chat, x := range p.limited {
		if !x.spaced(now) {
			delete(p.limited, chat)
		}
	}
	for chat, last := range p.noticed {
		if now.Sub(last) > chatEvery {
			delete(p.noticed, chat)
		}
	}
}
