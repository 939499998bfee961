package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

func (p *person) text(ctx context.Context, c *card, text string) bool {
	return p.deliver(ctx, c, p.textOf(text))
}

func (p *person) tap(ctx context.Context, c *card, data string) bool {
	if data == "" {
		p.logf("no such button on: %.80s", c.text)
		return p.command(ctx, c, "/resume")
	}
	return p.deliver(ctx, c, p.tapOf(c, data))
}

// command sends a command; its answer is a new message.
func (p *person) command(ctx context.Context, c *card, name string) bool {
	began := time.Now()
	p.logf("%s", name)
	if !p.post(ctx, p.textOf(name)) {
		return false
	}
	return p.afresh(ctx, c, began)
}

// deliver sends an answer, with copies if the line has them, and waits for the next card. The answer counts as
// acknowledged once all updates were accepted. It returns false if the run is over.
func (p *person) deliver(ctx context.Context, c *card, updates ...[]byte) bool {
	began, was := time.Now(), *c
	p.logf("at step %d, message %d: %s", c.step(), c.message, brief(updates[0]))
	if !p.post(ctx, p.withCopies(updates)...) {
		return false
	}
	p.turn++
	if n := was.step(); n >= 1 && n < p.w.review && !bytes.Contains(updates[0], []byte(`"back|`)) && !bytes.Contains(updates[0], []byte(`"cancel|`)) {
		p.acked[n] = p.turn
	}
	if now, ok := p.await(ctx, func(now card) bool { return now.after(was) && !p.stale(now) }, asksAgain); ok {
		*c = now
		p.w.paused(now.at.Sub(began))
		return true
	}
	if !p.insist(ctx, c, was, began) { // a late card, or an answer to another question
		return false
	}
	n, is := was.step(), c.step()
	id, revision := c.draft()
	if old, at := was.draft(); id == old && revision == at && n != is {
		delete(p.acked, n) // the old card was wrong: the record never asked this question
	}
	return true
}

// insist asks for the card until it arrives. A card of an ended draft may have been delayed; it counts after three tries.
func (p *person) insist(ctx context.Context, c *card, was card, began time.Time) bool {
	for tries := 0; ctx.Err() == nil; tries++ {
		at := p.chat.newest()
		p.logf("no news in message %d: %.40q; /resume", at.message, at.text)
		if !p.post(ctx, p.textOf("/resume")) {
			return false
		}
		if now, ok := p.await(ctx, func(now card) bool {
			return (now.message > at.message || now.after(was)) && (tries > 2 || !p.stale(now))
		}, 2*asksAgain); ok {
			*c = p.settled(ctx, now)
			p.w.paused(now.at.Sub(began))
			return true
		}
	}
	return false
}

// stale reports whether a card belongs to an earlier round. After a restored backup, earlier rounds may go on.
func (p *person) stale(c card) bool {
	id, _ := c.draft()
	return !p.w.restores && (p.past[id] || p.known[id])
}

// afresh waits for the message that answers a command.
func (p *person) afresh(ctx context.Context, c *card, began time.Time) bool {
	was := *c
	if now, ok := p.await(ctx, func(now card) bool { return (now.message > was.message || now.after(was)) && !p.stale(now) }, asksAgain); ok {
		*c = p.settled(ctx, now)
		p.w.paused(now.at.Sub(began))
		return true
	}
	return p.insist(ctx, c, was, began)
}

// after reports whether a card shows another draft or a later revision.
func (c card) after(was card) bool {
	id, revision := c.draft()
	before, old := was.draft()
	return id != "" && (id != before || revision > old)
}

// settled waits until the newest card has stood for a moment, since a delayed card may arrive just before the answer.
func (p *person) settled(ctx context.Context, c card) card {
	for ctx.Err() == nil {
		if !pause(ctx, 20*time.Millisecond) {
			break
		}
		now := p.chat.newest()
		if now.message == c.message && now.at.Equal(c.at) || p.stale(now) { // a delayed card of an earlier round is ignored
			break
		}
		c = now
	}
	return c
}

// await waits until ok accepts the newest card.
func (p *person) await(ctx context.Context, ok func(card) bool, d time.Duration) (card, bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		if c := p.chat.newest(); ok(c) {
			return c, true
		}
		select {
		case <-p.chat.news:
		case <-timer.C:
			return card{}, false
		case <-ctx.Done():
			return card{}, false
		}
	}
}

// blocked blocks the bot for a moment, right after an answer.
func (p *person) blocked(ctx context.Context, c *card) bool {
	member := func(was, is string) []byte {
		user := `"user":{"id":1000000,"is_bot":true,"first_name":"Bot","username":"soak_bot"}`
		return fmt.Appendf(nil, `{"update_id":%d,"my_chat_member":{%s,"old_chat_member":{"status":%q,%s},"new_chat_member":{"status":%q,%[4]s}}}`,
			p.w.updateID.Add(1), p.from(), was, user, is)
	}
	p.logf("blocks the bot")
	unblock := p.w.api.FailAlways("", telegramtest.Fault{Chat: p.id, Code: 403, Description: "Forbidden: bot was blocked by the user"})
	p.w.struck()
	ok := p.post(ctx, member("member", "kicked")) && pause(ctx, time.Duration(p.rnd.IntN(200))*time.Millisecond)
	unblock()
	return ok && p.post(ctx, member("kicked", "member")) && p.command(ctx, c, "/resume")
}

// late is the longest delay of copies.
func (w *world) late() time.Duration { return min(w.lasts/3, 5*time.Minute) }

// think pauses between two answers. Slow people make fewer inputs during a copy's delay than a conversation remembers.
func (p *person) think(ctx context.Context) {
	most := 60 * time.Millisecond
	if p.slow {
		most = max(most, p.w.late()/8)
	}
	pause(ctx, time.Duration(p.rnd.Int64N(int64(most))))
}

// withCopies adds copies: of this update at once, under the same or another id, and late ones of earlier updates.
func (p *person) withCopies(updates [][]byte) [][]byte {
	if !p.w.copies {
		return updates
	}
	first := updates[0]
	for i := 0; i < len(p.sent); {
		due := p.sent[i].due
		if p.sent[i].after--; p.sent[i].after <= 0 || !due.IsZero() && time.Now().After(due) {
			updates = append(updates, p.sent[i].body)
			p.sent = append(p.sent[:i], p.sent[i+1:]...)
			continue
		}
		i++
	}
	n := p.rnd.IntN(4)
	if p.slow && n >= 2 {
		after := time.Duration(p.rnd.Int64N(int64(p.w.late())))
		p.sent = append(p.sent, late{p.again(first), 24, time.Now().Add(after)})
		return updates
	}
	switch n {
	case 0:
		updates = append(updates, first)
	case 1:
		updates = append(updates, p.again(first))
	case 2:
		p.sent = append(p.sent, late{p.again(first), 1 + p.rnd.IntN(12), time.Time{}})
	}
	return updates
}

// again copies an update under another update id; a tap sometimes also gets another callback id.
func (p *person) again(body []byte) []byte {
	var u map[string]json.RawMessage
	if json.Unmarshal(body, &u) != nil {
		return body
	}
	u["update_id"] = json.RawMessage(strconv.FormatInt(p.w.updateID.Add(1), 10))
	if q, ok := u["callback_query"]; ok && p.rnd.IntN(2) == 0 {
		var m map[string]json.RawMessage
		_ = json.Unmarshal(q, &m)
		m["id"] = json.RawMessage(strconv.Quote(strconv.FormatInt(rand.Int64(), 10))) // #nosec G404 -- not a secret
		u["callback_query"], _ = json.Marshal(m)
	}
	b, _ := json.Marshal(u)
	return b
}

// post delivers updates at once, and retries each until it is accepted.
func (p *person) post(ctx context.Context, updates ...[]byte) bool {
	failed := func(refused bool) {
		p.kept.doubt()
		if refused { // the server is done with the update
			p.find(ctx)
		}
	}
	if len(updates) == 1 {
		if !p.w.post(ctx, updates[0], failed) {
			return false
		}
		p.find(ctx)
		return true
	}
	var wg sync.WaitGroup
	taken := make([]bool, len(updates))
	for i, body := range updates {
		wg.Go(func() { taken[i] = p.w.post(ctx, body, failed) })
	}
	wg.Wait()
	for _, ok := range taken {
		if !ok {
			return false
		}
	}
	p.find(ctx)
	return true
}

// brief is the text or the button data of an update.
func brief(body []byte) string {
	if _, data, ok := bytes.Cut(body, []byte(`"data":`)); ok {
		return string(bytes.TrimRight(data, "}"))
	}
	_, text, _ := bytes.Cut(body, []byte(`"text":`))
	return string(bytes.TrimRight(text, "}"))
}
