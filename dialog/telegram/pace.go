package telegram

import (
	"sync"
	"time"
)

const (
	placeEvery = 40 * time.Millisecond // the line: 25 calls a second in all
	lineMost   = 8 * time.Second       // whoever would wait in it for longer comes again
	giveWay    = time.Second           // how far calls that go first push back the others
	chatEvery  = time.Second           // one notice a second in a chat, one card where it is spaced
	spacedFor  = time.Minute           // how long a chat is spaced after its pause
	tidyEvery  = 2 * time.Second       // chats that are free again are forgotten
)

// pacer says when a call may go out.
//
// An answer is a card, or a text, that a person waits for: it goes at once. A
// notice is a card that nobody waits for: it takes a place in the line, which
// answers push back. A spare call can be done without: it removes a message, takes
// buttons away, or ends the spinner of a tap. It goes at once.
//
// A refusal pauses its chat for as long as it says, and for a minute after that
// the chat is spaced: its cards go one a second. It does nothing to other chats.
// When refusals mean everybody (see crowd), every call takes a place in the line
// for a minute: answers go first, notices and spare calls only where the line is
// short. Nobody is kept silent for others.
type pacer struct {
	now func() time.Time // monotonic: setting the machine's clock moves nothing

	mu      sync.Mutex
	refused map[int64]refused   // chats that are paused or spaced
	noticed map[int64]time.Time // when the last notice to this chat goes
	next    time.Time           // the next free place in the line
	crowd   crowd
	tidied  time.Time
}

// refused is a chat that was refused.
type refused struct {
	until time.Time // the end of its pause
	last  time.Time // when its last card goes
	loud  bool      // it was refused for what was sent to it, and to it alone
}

// spaced reports whether the chat is paused or spaced.
func (x refused) spaced(now time.Time) bool { return now.Before(x.until.Add(spacedFor)) }

func newPacer() *pacer {
	return &pacer{now: time.Now, refused: map[int64]refused{}, noticed: map[int64]time.Time{}}
}

// pause keeps everything from a chat for d.
func (p *pacer) pause(chat int64, d time.Duration) {
	if chat == 0 {
		return // the call named no chat
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.tidy(now)
	x := p.refused[chat]
	loud := chat < 0 || x.loud && x.spaced(now) // a group has a limit of its own, 20 messages a minute
	x.loud = p.crowd.refuse(chat, now, loud)
	x.until = later(x.until, now.Add(d))
	p.refused[chat] = x
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
	wait = p.refused[chat].until.Sub(now)
	return max(wait, 0), wait <= 0
}

// answer asks for a time to send what a person waits for. ok: it is reserved, to
// be sent after wait; else to be asked for again after wait.
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
		if at = later(p.next, now); at.Sub(now) > lineMost {
			return at.Sub(now) + spread(chat), false
		}
		p.next = at.Add(placeEvery)
	} else if back := later(p.next, now).Add(placeEvery); !back.After(now.Add(giveWay)) {
		p.next = back
	}
	p.sent(chat, now, at)
	return at.Sub(now), true
}

// notice asks, like answer, for a time to send what nobody waits for.
func (p *pacer) notice(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.tidy(now)
	if wait, ok = p.free(chat, now); !ok {
		return wait, false
	}
	place := later(p.next, now)
	at, most := place, lineMost
	if last, found := p.noticed[chat]; found {
		at = later(at, last.Add(chatEvery))
	}
	if p.crowd.on(now) {
		most = giveWay
	}
	if at.Sub(now) > most {
		return at.Sub(now) + spread(chat), false
	}
	p.next = place.Add(placeEvery)
	p.noticed[chat] = at
	p.sent(chat, now, at)
	return at.Sub(now), true
}

// spare asks for a time to make a call that can be done without. ok: it is
// reserved, to be made after wait; else it is better left. It is not spaced: it
// goes with a card that is.
func (p *pacer) spare(chat int64) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if wait, ok = p.pausedAt(chat, now); !ok || !p.crowd.on(now) {
		return wait, ok
	}
	at := later(p.next, now)
	if wait = at.Sub(now); wait > giveWay {
		return wait, false
	}
	p.next = at.Add(placeEvery)
	return wait, true
}

// free tells how long a chat's own refusals hold a card back; ok: they do not.
func (p *pacer) free(chat int64, now time.Time) (wait time.Duration, ok bool) {
	x, found := p.refused[chat]
	if !found || !x.spaced(now) {
		return 0, true
	}
	wait = later(x.until, x.last.Add(chatEvery)).Sub(now)
	return max(wait, 0), wait <= 0
}

// sent notes a card that goes at that time.
func (p *pacer) sent(chat int64, now, at time.Time) {
	p.crowd.sent(chat, now)
	if x, found := p.refused[chat]; found {
		x.last = at
		p.refused[chat] = x
	}
}

// spread is added to the wait of whoever is turned away, so that not all come back
// at once, however alike their ids are.
func spread(chat int64) time.Duration {
	return time.Duration(uint64(chat) * 0x9e3779b97f4a7c15 % uint64(lineMost)) // 2⁶⁴ by the golden ratio
}

// tidy forgets chats that nothing holds back any more.
func (p *pacer) tidy(now time.Time) {
	if now.Sub(p.tidied) < tidyEvery {
		return
	}
	p.tidied = now
	for chat, x := range p.refused {
		if !x.spaced(now) {
			delete(p.refused, chat)
		}
	}
	for chat, last := range p.noticed {
		if now.Sub(last) > chatEvery {
			delete(p.noticed, chat)
		}
	}
}
