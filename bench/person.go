package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// shown is a message as the fake Bot API shows it.
type shown struct {
	message int
	text    string
	rows    [][]telegramtest.Button
	at      time.Time
}

// person is one simulated buyer.
type person struct {
	r     *run
	id    int64
	n     int
	conns [3]*poster

	mu   sync.Mutex
	chat []shown // the newest messages, by id
	news chan struct{}

	took    []time.Duration
	intents []intent // whose confirmation was seen
	last    intent   // in progress
}

func newPerson(r *run, id int64, n int) *person {
	p := &person{r: r, id: id, n: n, news: make(chan struct{}, 1)}
	for i := range p.conns {
		p.conns[i] = &poster{}
	}
	return p
}

// newest is how many messages of a chat a person keeps in sight.
const newest = 8

// show is called by the fake for each message that the bot sends or edits.
func (p *person) show(message int, text string, rows [][]telegramtest.Button) {
	now := time.Now()
	p.mu.Lock()
	i, known := slices.BinarySearchFunc(p.chat, message, func(s shown, id int) int { return s.message - id })
	if !known {
		p.chat = slices.Insert(p.chat, i, shown{})
	}
	p.chat[i] = shown{message, text, rows, now}
	if len(p.chat) > newest {
		p.chat = slices.Delete(p.chat, 0, 1)
	}
	p.mu.Unlock()
	p.look()
}

// remove is called by the fake for each message that the bot deletes.
func (p *person) remove(message int) {
	p.mu.Lock()
	p.chat = slices.DeleteFunc(p.chat, func(s shown) bool { return s.message == message })
	p.mu.Unlock()
	p.look()
}

// look wakes the person, for whom the chat has changed.
func (p *person) look() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// seen returns the newest message, which is the one that people look at.
func (p *person) seen() shown {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.chat) == 0 {
		return shown{}
	}
	return p.chat[len(p.chat)-1]
}

// live makes escrows until the end of the run.
func (p *person) live(ctx context.Context) {
	defer func() {
		for _, c := range p.conns {
			c.close()
		}
	}()
	for round := 0; p.r.opt.Rounds == 0 && time.Now().Before(p.r.until) || round < p.r.opt.Rounds; round++ {
		if err := p.escrow(ctx, round); err != nil {
			if ctx.Err() == nil {
				p.r.fail(fmt.Sprintf("person %d round %d: %v", p.n, round, err))
			}
			return
		}
		p.r.completed.Add(1)
	}
}

// escrow goes through the whole flow once.
func (p *person) escrow(ctx context.Context, round int) error {
	want := p.r.script.terms(round*p.r.opt.Users + p.n)
	p.last = intent{fmt.Sprintf("tg:%d", p.id), want}
	for _, s := range p.r.script.steps {
		if p.r.opt.KillEvery > 0 { // spread people over the steps between kills
			think := time.Duration(rand.Float64() * float64(p.r.opt.KillEvery) * float64(p.r.opt.Kills) / 3.2)
			select {
			case <-time.After(think):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		body := p.update(s, &want)
		if body == nil {
			return fmt.Errorf("the card has no such button before %q", s.until)
		}
		before := p.seen().at
		began := time.Now()
		copies := 1
		if p.r.opt.Double && (s.double || bytes.Contains(body, []byte("callback_query"))) {
			copies = 3
		}
		errs := make(chan error, copies)
		for i := 1; i < copies; i++ {
			other := body
			if i == 2 {
				other = p.again(body)
			}
			go func() { errs <- p.post(ctx, i, other) }()
		}
		errs <- p.post(ctx, 0, body)
		for range copies {
			if err := <-errs; err != nil {
				return err
			}
		}
		at, err := p.await(ctx, before, s.until, func() {
			if body := p.update(s, &want); bytes.Contains(body, []byte("callback_query")) {
				_ = p.post(ctx, 0, body)
			}
		})
		if err != nil {
			return err
		}
		p.took = append(p.took, at.Sub(began))
		p.r.turns.Add(1)
	}
	p.intents = append(p.intents, p.last)
	return nil
}

// update returns the update for a step, nil if the card lacks the button.
func (p *person) update(s step, want *lockbay.Terms) []byte {
	switch {
	case s.say != "":
		return p.text(s.say)
	case s.tap != "":
		return p.tap(s.tap + "|")
	}
	if action := s.ask.Button(want); action != "" {
		return p.tap(action + "|")
	}
	return p.text(s.ask.Typed(want))
}

// await waits until the card shows text. A call of a killed server may reach the chat late,
// behind a newer card: then the person sees a button that was tapped, and taps it again.
func (p *person) await(ctx context.Context, before time.Time, text string, again func()) (time.Time, error) {
	patience := time.NewTimer(30 * time.Second)
	defer patience.Stop()
	var taps <-chan time.Time
	if p.r.opt.KillEvery > 0 {
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		taps = tick.C
	}
	for {
		if c := p.seen(); c.at.After(before) && strings.Contains(c.text, text) {
			return c.at, nil
		}
		select {
		case <-p.news:
		case <-taps:
			again()
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		case <-patience.C:
			c := p.seen()
			return time.Time{}, fmt.Errorf("%w: %q never came; the card says %.40q", errStuck, text, c.text)
		}
	}
}

func (p *person) text(text string) []byte {
	b := fmt.Appendf(nil, `{"update_id":%d,"message":{"message_id":%d,"from":{"id":%d,"is_bot":false,"first_name":"Buyer","username":"buyer_%d","language_code":"en"},"chat":{"id":%d,"first_name":"Buyer","type":"private"},"date":%d,"text":`,
		p.r.updateID.Add(1), p.r.api.NewMessageID(), p.id, p.n, p.id, time.Now().Unix())
	q, _ := json.Marshal(text)
	b = append(b, q...)
	if strings.HasPrefix(text, "/") {
		b = fmt.Appendf(b, `,"entities":[{"offset":0,"length":%d,"type":"bot_command"}]`, len(text))
	}
	return append(b, "}}"...)
}

// tap returns the tap on the button whose data begin with prefix, nil if the
// card has none.
func (p *person) tap(prefix string) []byte {
	c := p.seen()
	for _, row := range c.rows {
		for _, btn := range row {
			if strings.HasPrefix(btn.Data, prefix) {
				return fmt.Appendf(nil, `{"update_id":%d,"callback_query":{"id":"%d","from":{"id":%d,"is_bot":false,"first_name":"Buyer","username":"buyer_%d","language_code":"en"},"message":{"message_id":%d,"chat":{"id":%d,"first_name":"Buyer","type":"private"},"date":%d,"text":"card"},"chat_instance":"1","data":%q}}`,
					p.r.updateID.Add(1), rand.Int64(), p.id, p.n, c.message, p.id, time.Now().Unix(), btn.Data)
			}
		}
	}
	return nil
}

// again returns the same update with another update id, and a tap also with
// another callback id.
func (p *person) again(body []byte) []byte {
	var u map[string]json.RawMessage
	if json.Unmarshal(body, &u) != nil {
		return body
	}
	u["update_id"] = json.RawMessage(strconv.FormatInt(p.r.updateID.Add(1), 10))
	if q, ok := u["callback_query"]; ok {
		var m map[string]json.RawMessage
		_ = json.Unmarshal(q, &m)
		m["id"] = json.RawMessage(strconv.Quote(strconv.FormatInt(rand.Int64(), 10)))
		u["callback_query"], _ = json.Marshal(m)
	}
	b, _ := json.Marshal(u)
	return b
}

// post delivers an update as Telegram does: repeatedly, until the webhook
// accepts it.
func (p *person) post(ctx context.Context, conn int, body []byte) error {
	wait := 20 * time.Millisecond
	for tries := 0; ; tries++ {
		status, reply, err := p.conns[conn].post(p.r.srv.Addr, body)
		if err == nil && status == 200 {
			if len(reply) > 2 {
				p.r.api.Execute(reply)
			}
			return nil
		}
		if p.r.opt.KillEvery == 0 && err == nil || tries > 400 {
			return errors.Join(fmt.Errorf("webhook answered %d", status), err)
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, 500*time.Millisecond)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// poster is a keep-alive HTTP/1.1 connection with minimal cost, which leaves
// the CPU to the server.
type poster struct {
	mu  sync.Mutex
	c   net.Conn
	r   *bufio.Reader
	buf []byte
}

func (h *poster) close() {
	if h.c != nil {
		_ = h.c.Close()
		h.c = nil
	}
}

func (h *poster) post(addr string, body []byte) (status int, reply []byte, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.c == nil {
		if h.c, err = net.DialTimeout("tcp", addr, 5*time.Second); err != nil {
			h.c = nil
			return 0, nil, err
		}
		h.r = bufio.NewReaderSize(h.c, 4096)
	}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	_ = h.c.SetDeadline(time.Now().Add(30 * time.Second))
	h.buf = append(h.buf[:0], "POST /telegram/webhook HTTP/1.1\r\nHost: "...)
	h.buf = append(h.buf, addr...)
	h.buf = append(h.buf, "\r\nContent-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: "+secret+"\r\nContent-Length: "...)
	h.buf = strconv.AppendInt(h.buf, int64(len(body)), 10)
	h.buf = append(h.buf, "\r\n\r\n"...)
	h.buf = append(h.buf, body...)
	if _, err = h.c.Write(h.buf); err != nil {
		return 0, nil, err
	}
	return h.answer()
}

func (h *poster) answer() (status int, reply []byte, err error) {
	line, err := h.r.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("status line %q", line)
	}
	status, _ = strconv.Atoi(string(line[9:12]))
	length := 0
	for {
		if line, err = h.r.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("content-length")) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	if length > 0 {
		reply = make([]byte, length)
		if _, err = io.ReadFull(h.r, reply); err != nil {
			return 0, nil, err
		}
	}
	return status, reply, nil
}
