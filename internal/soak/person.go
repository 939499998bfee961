package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/intake"
)

// A person who sees no answer for this long asks for the card again.
const asksAgain = 1500 * time.Millisecond

// deal is an escrow that a person wants, and its progress.
type deal struct {
	want      lockbay.Terms  // the latest answers
	unsure    map[int][2]int // question → numbers of two samples sent at once; the review shows the winner
	olds      []string       // replaced answers of this draft, as cards show them
	confirmed bool           // Confirm was sent
	cancelled bool           // Cancel was acknowledged
	escrow    string         // id that the card showed
}

// person is a simulated buyer, who remembers the answers and their acknowledgements.
type person struct {
	w     *world
	id    int64
	n     int
	chat  chat
	rnd   *rand.Rand
	round int
	drawn int    // counts samples
	sent  []late // copies still to be delivered
	log   []string

	deals []*deal
	known map[string]bool // escrow ids of earlier rounds
	past  map[string]bool // draft ids of earlier rounds: cancelled or confirmed

	// Of the current draft.
	*deal
	draft  string
	turn   int          // counts acknowledged turns
	acked  map[int]int  // question, from 1 → turn that acknowledged its answer
	lossAt int          // turn of the first loss; 0: none
	open   map[int]bool // reopened questions
	kept   keeping
	slow   bool // thinks for long, and copies of its updates arrive long after them
	edited bool
	missed int // cards in a row without the draft
}

// late is a copy of an update. It is delivered after that many further updates, or when due, whichever comes first. A
// conversation remembers its last 32 inputs.
type late struct {
	body  []byte
	after int
	due   time.Time // zero: after updates only
}

func newPerson(w *world, id int64, n int) *person {
	return &person{
		w: w, id: id, n: n, slow: w.copies && n%3 == 2, chat: chat{cards: map[int]card{}, news: make(chan struct{}, 1)}, known: map[string]bool{}, past: map[string]bool{},
		kept: keeping{mode: w.mode, may: w.loses[w.mode] != "", at: anywhere},
		rnd:  rand.New(rand.NewPCG(uint64(id), uint64(n))), // #nosec G115 G404 -- not a secret
	}
}

// live makes escrows until the run is over, and reports whether the last escrow was finished.
func (p *person) live(ctx context.Context) bool {
	for first := true; first || !p.w.over(); first = false { // one, however slow the machine is
		if !p.escrow(ctx) {
			return false
		}
	}
	for _, copy := range p.sent { // the remaining copies arrive at the end
		if !p.post(ctx, copy.body) {
			return false
		}
	}
	return true
}

// escrow walks through the flow once, following the card.
func (p *person) escrow(ctx context.Context) bool {
	p.round++
	p.deal = &deal{unsure: map[int][2]int{}}
	n := p.sample()
	for _, ask := range p.w.asks {
		ask.Field.Sample(&p.want, n)
	}
	p.deals = append(p.deals, p.deal)
	if p.draft != "" {
		p.past[p.draft] = true
	}
	if wrong := p.kept.over(); wrong != "" && p.w.rows != nil {
		p.w.complain("%s", wrong)
		p.w.tell(p, wrong)
	}
	p.draft, p.acked, p.open, p.lossAt, p.edited, p.missed = "", map[int]int{}, map[int]bool{}, 0, false, 0
	c := p.chat.newest()
	if !p.command(ctx, &c, "/create") {
		return false
	}
	for {
		if done := p.answer(ctx, &c); done {
			return ctx.Err() == nil
		}
		if ctx.Err() != nil {
			return false
		}
		p.think(ctx)
	}
}

// sample is the number of a sample that is new to the run.
func (p *person) sample() int {
	p.drawn++
	return (p.drawn*len(p.w.people)+p.n)*4 + p.rnd.IntN(4)
}

// answer does what the card asks for, and reports whether the round is over.
func (p *person) answer(ctx context.Context, c *card) (over bool) {
	for _, id := range c.escrows() {
		if p.confirmed && !p.known[id] {
			p.known[id], p.deal.escrow = true, id
			p.w.made.Add(1)
			return true
		}
	}
	if p.w.blocks && p.rnd.IntN(10) == 0 && !p.blocked(ctx, c) {
		return true
	}
	n := c.step()
	switch {
	case c.chooses():
		if len(p.acked) > 0 {
			return !p.tap(ctx, c, c.button("continue|"))
		}
		p.w.resurrected(p, "an old draft came back before Create")
		return !p.tap(ctx, c, c.button("restart|"))
	case n == 0:
		return p.nothing(ctx, c)
	}
	p.missed = 0
	p.look(c, n)
	if p.past[p.draft] {
		p.w.resurrected(p, "an ended draft goes on")
		delete(p.past, p.draft)
	}
	roll := p.rnd.IntN(100)
	switch {
	case n > 1 && roll < 4 && c.button("cancel|") != "":
		if !p.tap(ctx, c, c.button("cancel|")) {
			return true
		}
		if c.button("undo|") != "" {
			p.cancelled = true
			return true
		}
		return false
	case n > 1 && n < p.w.review && roll < 9 && c.button("back|") != "":
		if !p.tap(ctx, c, c.button("back|")) {
			return true
		}
		if at := c.step(); at == n-1 {
			p.open[at] = true
		}
		return false
	case n == p.w.review:
		return p.review(ctx, c, roll)
	}
	return !p.say(ctx, c, n)
}

// look compares the card's step with the acknowledged answers.
func (p *person) look(c *card, n int) {
	id, _ := c.draft()
	if p.draft != "" && id != p.draft && len(p.acked) > 0 {
		for q := range p.acked {
			p.lose(q, false, "another draft took its place")
		}
	}
	if p.draft != id && len(p.acked) == 0 && n > 1 {
		p.w.resurrected(p, fmt.Sprintf("a new draft began at step %d", n))
	}
	p.draft = id
	if _, was := p.acked[n]; was && !p.open[n] {
		p.lose(n, true, "asked again")
	}
}

// lose counts an acknowledged answer that is gone. there reports whether the draft still has its row, which every mode
// keeps in the database.
func (p *person) lose(question int, there bool, how string) {
	at := p.acked[question]
	delete(p.acked, question)
	again := p.lossAt > 0 && at > p.lossAt
	if p.lossAt == 0 {
		p.lossAt = p.turn
	}
	p.w.lost(p, p.kept.notice() && there, again, fmt.Sprintf("answer %d: %s", question, how))
}

// nothing handles a card without a question of a draft: a menu, a list, a deal.
func (p *person) nothing(ctx context.Context, c *card) (over bool) {
	p.missed++
	p.logf("no question: %q %v", c.text, c.rows)
	switch {
	case p.missed > 3:
		for q := range p.acked {
			p.lose(q, false, "the draft is gone")
		}
		if p.confirmed {
			p.w.vanished(p, "the confirmed escrow is gone")
		}
		return true
	case p.confirmed && p.missed > 1:
		return !p.command(ctx, c, "/status")
	case len(p.acked) > 0 || p.confirmed:
		return !p.command(ctx, c, "/resume")
	default:
		return !p.command(ctx, c, "/create")
	}
}

// say answers question n.
func (p *person) say(ctx context.Context, c *card, n int) bool {
	if p.open[n] {
		p.reanswer(n)
	}
	ask := p.w.asks[n-1]
	if p.w.devices && ask.Choice {
		if samples, taps := p.two(c, ask); len(taps) == 2 { // two devices answer at once, differently
			p.unsure[n] = samples
			return p.deliver(ctx, c, taps...)
		}
	}
	if data := c.answer(ask, &p.want); data != "" {
		return p.tap(ctx, c, data)
	}
	return p.text(ctx, c, ask.Typed(&p.want))
}

// two returns taps on two different answers of the card.
func (p *person) two(c *card, ask *intake.Ask) (samples [2]int, taps [][]byte) {
	first := ""
	for n := 0; n < 100 && len(taps) < 2; n++ {
		var t lockbay.Terms
		ask.Field.Sample(&t, n)
		if data := c.answer(ask, &t); data != "" && data != first {
			first, samples[len(taps)] = data, n
			taps = append(taps, p.tapOf(c, data))
		}
	}
	return samples, taps
}

// answer is the data of the button with the answer of these terms, or "".
func (c card) answer(ask *intake.Ask, t *lockbay.Terms) string {
	if action := ask.Button(t); action != "" {
		return c.button(action + "|")
	}
	return ""
}

// reanswer draws another answer to a reopened question.
func (p *person) reanswer(question int) {
	delete(p.open, question)
	delete(p.unsure, question)
	p.olds = append(p.olds, p.shown(question))
	p.w.asks[question-1].Field.Sample(&p.want, p.sample())
	p.olds = slices.DeleteFunc(p.olds, func(s string) bool { return s == p.shown(question) })
}

// shown is the wanted answer as cards show it.
func (p *person) shown(question int) string { return p.w.asks[question-1].Shown("en", &p.want) }

// edit reopens a question at the review.
func (p *person) edit(ctx context.Context, c *card, question int) bool {
	return p.tap(ctx, c, c.button("edit:"+p.w.asks[question-1].Name+"|"))
}

// review compares the card with the answers, and confirms.
func (p *person) review(ctx context.Context, c *card, roll int) (over bool) {
	clear(p.open)
	for q, samples := range p.unsure { // either may have won
		for _, n := range samples {
			if p.w.asks[q-1].Field.Sample(&p.want, n); p.stands(c, q) {
				break
			}
		}
		delete(p.unsure, q)
	}
	for q := 1; q < p.w.review; q++ {
		if p.stands(c, q) {
			continue
		}
		if slices.ContainsFunc(p.olds, func(old string) bool { return strings.Contains(c.text, old) }) {
			p.w.resurrected(p, fmt.Sprintf("the review shows an older answer %d", q))
		} else {
			p.acked[q] = max(p.acked[q], 1)
			p.lose(q, true, "the review lacks "+p.shown(q)+": "+c.text)
		}
		return !p.edit(ctx, c, q)
	}
	if !p.edited && roll < 30 {
		p.edited = true
		q := 1 + p.rnd.IntN(len(p.w.asks))
		if !p.edit(ctx, c, q) {
			return true
		}
		if c.step() == q {
			p.open[q] = true
		}
		return false
	}
	p.confirmed = true
	return !p.tap(ctx, c, c.button("confirm|"))
}

// stands reports whether a review shows the latest answer.
func (p *person) stands(c *card, question int) bool {
	want := p.shown(question)
	for line := range strings.Lines(c.text) {
		if at := strings.Index(line, want); at >= 0 {
			rest := line[at+len(want):]
			if rest == "" || !strings.ContainsAny(rest[:1], "0123456789_") {
				return true
			}
		}
	}
	return false
}

// logf logs an action. The log is printed with a fault.
func (p *person) logf(format string, args ...any) {
	p.log = append(p.log, time.Now().Format("05.000 ")+fmt.Sprintf(format, args...))
	if len(p.log) > 60 {
		p.log = p.log[1:]
	}
}

func (p *person) textOf(text string) []byte {
	b := fmt.Appendf(nil, `{"update_id":%d,"message":{"message_id":%d,%s,"text":`, p.w.updateID.Add(1), p.w.api.NewMessageID(), p.from())
	q, _ := json.Marshal(text)
	b = append(b, q...)
	if strings.HasPrefix(text, "/") {
		b = fmt.Appendf(b, `,"entities":[{"offset":0,"length":%d,"type":"bot_command"}]`, len(text))
	}
	return append(b, "}}"...)
}

func (p *person) tapOf(c *card, data string) []byte {
	return fmt.Appendf(nil, `{"update_id":%d,"callback_query":{"id":"%d",%s,"message":{"message_id":%d,"chat":{"id":%d,"first_name":"Buyer","type":"private"},"date":%d,"text":"card"},"chat_instance":"1","data":%q}}`,
		p.w.updateID.Add(1), rand.Int64(), p.user(), c.message, p.id, time.Now().Unix(), data) // #nosec G404 -- not a secret
}

func (p *person) user() string {
	return fmt.Sprintf(`"from":{"id":%d,"is_bot":false,"first_name":"Buyer","username":"buyer_%d","language_code":"en"}`, p.id, p.n)
}

func (p *person) from() string {
	return fmt.Sprintf(`%s,"chat":{"id":%d,"first_name":"Buyer","type":"private"},"date":%d`, p.user(), p.id, time.Now().Unix())
}
