package soak

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
)

var dealsMade = flag.Int("deals", 4, "deals of TestDeals")

// TestDeals: buyers and sellers take deals from Create to the money sent, an operator works at the desk in the chat, half of
// the sellers are on the page, and the program is killed again and again: each deal is completed, each payout is sent once,
// the books are right, and both cards say so. How long cards take that met a kill is told, and bounds nothing.
func TestDeals(t *testing.T) {
	programs := NewPrograms("../..", t.TempDir(), *binary, *release)
	for _, l := range []*line{{name: "SQLite", servers: oneFile}, {name: "PostgreSQL"}} {
		t.Run(l.name, func(t *testing.T) {
			began := time.Now()
			k := &kills{}
			row := l.deals(t.Context(), t, programs, *dealsMade, k)
			t.Logf("%d deals completed in %v, %d kills\n%s", row.Escrows, time.Since(began).Round(time.Second), row.Times, k)
			for _, wrong := range row.Wrong {
				t.Error(wrong)
			}
		})
	}
}

// kills remembers when the program was killed, and how long the cards took that met a kill.
type kills struct {
	mu    sync.Mutex
	at    []time.Time
	cards []time.Duration
}

func (k *kills) killed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = append(k.at, time.Now())
}

// shown notes a card that was right at this time, for an input that was acknowledged at began.
func (k *kills) shown(began, right time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, at := range k.at {
		if at.After(began) && at.Before(right) {
			k.cards = append(k.cards, right.Sub(at))
			return
		}
	}
}

// onTime is when a card that met a kill is to be right. It is told, and bounds nothing.
const onTime = 15 * time.Second

func (k *kills) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	late := 0
	for _, d := range k.cards {
		if d > onTime {
			late++
		}
	}
	return fmt.Sprintf("%d cards met a kill, and were right after p50 %v, p95 %v, at most %v; %d later than 15s",
		len(k.cards), quantile(k.cards, 500), quantile(k.cards, 950), quantile(k.cards, 1000), late)
}

// operator is the number of the operator on Telegram.
const operator = 999_999_999

// trade is a deal of two people.
type trade struct {
	w             *world
	n             int
	kills         *kills
	desk          *sync.Mutex // the operator does one thing at a time
	clerk         *person
	buyer, seller *person
	page          *surfer // of a seller on the page
	link          string
	acked         time.Time // when the last input was acknowledged
	id            string
}

// deals makes n deals at once, and kills the program meanwhile.
func (l *line) deals(ctx context.Context, t testing.TB, programs *Programs, n int, k *kills) Row {
	w := l.open(t, programs, "database")
	defer w.api.Close()
	defer w.client.CloseIdleConnections()
	w.flags, w.public = []string{"--operators", fmt.Sprint(operator)}, true
	w.startServers()
	if err := w.startInstances(ctx); err != nil {
		t.Fatal(err)
	}
	defer w.running[0].kill()
	clerk := newPerson(w, operator, 2*n)
	w.meet(2*n, clerk)
	working, end := context.WithTimeout(ctx, time.Duration(n)*20*time.Second+finishing)
	defer end()
	if !clerk.post(working, clerk.textOf("/start")) {
		t.Fatal("the operator cannot start")
	}
	var killer, trades sync.WaitGroup
	killing, enough := context.WithCancel(ctx)
	defer enough()
	killer.Go(func() {
		every := min(2*time.Second, 300*time.Millisecond+time.Duration(n)*25*time.Millisecond)
		for ; pause(killing, every); every += every / 5 { // less and less often, so that a slow machine comes to the end, too
			k.killed()
			w.running[0].kill()
			w.struck()
			w.again(w.running[0])
		}
	})
	desk := &sync.Mutex{}
	for i := range n {
		d := &trade{w: w, n: i, kills: k, desk: desk, clerk: clerk, buyer: w.people[2*i], seller: w.people[2*i+1]}
		trades.Go(func() {
			if err := d.live(working); err != nil {
				w.complain("deal %d, %s: %v; the buyer's card says %q, the seller's %q, the desk's %q", i, d.id, err, d.card(d.buyer).text, d.card(d.seller).text, d.card(d.clerk).text)
			}
		})
	}
	trades.Wait()
	enough()
	killer.Wait()
	w.look()
	w.completed(ctx, n)
	return w.row
}

// completed checks the books and the ends of n deals, with the program's own commands.
func (w *world) completed(ctx context.Context, n int) {
	if out, err := w.lockbay(ctx, "ledger", "verify"); err != nil {
		w.complain("ledger verify: %v: %s", err, out)
	}
	out, err := w.lockbay(ctx, "escrows", "list", "--all", "--json")
	var list []struct {
		ID, Status string
		Gets       int64 `json:"seller_gets_minor"`
	}
	if err = errors.Join(err, json.Unmarshal([]byte(out), &list)); err != nil {
		w.complain("escrows list: %v", err)
	}
	paid, err := w.payouts(ctx)
	if err != nil {
		w.complain("ledger export: %v", err)
	}
	for _, e := range list {
		if e.Status == string(lockbay.Completed) {
			w.row.Escrows++
		}
		if got := paid[e.ID]; len(got) != 1 || got[0] != e.Gets {
			w.complain("%s: the payouts are %v, want one of %d", e.ID, got, e.Gets)
		}
	}
	if w.row.Escrows != int64(n) || len(list) != n {
		w.complain("%d deals are completed of %d, want %d", w.row.Escrows, len(list), n)
	}
}

// payouts are the sums that left, by deal.
func (w *world) payouts(ctx context.Context) (map[string][]int64, error) {
	out, err := w.lockbay(ctx, "ledger", "export", "--format", "jsonl")
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	all := map[string][]int64{}
	for lines := json.NewDecoder(strings.NewReader(out)); lines.More(); {
		var l struct {
			ID, Move, Account string
			Minor             int64
		}
		if err := lines.Decode(&l); err != nil {
			return nil, err
		}
		if strings.HasPrefix(l.Move, string(lockbay.MoveSent)) && strings.HasPrefix(l.Account, lockbay.AccountCash) {
			all[l.ID] = append(all[l.ID], -l.Minor)
		}
	}
	return all, nil
}

// lockbay runs a command of the operator.
func (w *world) lockbay(ctx context.Context, args ...string) (string, error) {
	program, err := w.programs.of(today)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, program, append(args, "--database-url", w.databases.use)...) // #nosec G204 -- our own program
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// onPage reports whether the seller is on the page.
func (d *trade) onPage() bool { return d.n%2 == 1 }

// account is where the seller wants the money.
func (d *trade) account() string { return fmt.Sprintf("LT60 1010 %05d", d.n) }

// live takes the deal from Create to its end. Both sides' cards say each move.
func (d *trade) live(ctx context.Context) error {
	early := d.onPage() || d.n%4 == 0 // the seller accepts before it is paid
	held, there := "delivers by", "Deliver by"
	if !early {
		held, there = "We hold", "The money is here"
	}
	accept := func() error {
		return d.moved(ctx, d.tap(ctx, d.seller, "accept:"), "has accepted", "Do not deliver yet")
	}
	if !early {
		accept = func() error { return nil }
	}
	if d.onPage() {
		accept = func() error {
			return d.moved(ctx, func() error { return d.visits(ctx) }, "has accepted", "Not paid yet")
		}
	}
	steps := []func() error{
		func() error { return d.create(ctx) },
		func() error { return d.joins(ctx) },
		accept,
		func() error { return d.reports(ctx) },
		func() error { return d.moved(ctx, d.atDesk(ctx, "came|", "came:yes|"), held, there) },
	}
	if !early {
		steps = append(steps, func() error { return d.moved(ctx, d.tap(ctx, d.seller, "accept:"), "delivers by", "Deliver by") })
	}
	steps = append(steps,
		func() error {
			return d.moved(ctx, d.sells(ctx, "delivered", "You are paid by"), "Check it by", "You are paid by")
		},
		func() error {
			return d.moved(ctx, d.tap(ctx, d.buyer, "release|", "release:yes|"), "Done on your side", "is yours")
		},
		func() error { return d.where(ctx) },
		func() error {
			return d.moved(ctx, d.atDesk(ctx, "send:seller|", "send:yes|"), "Done on your side", "We are sending it")
		},
		func() error { return d.sent(ctx) },
	)
	for n, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", n+1, err)
		}
	}
	return nil
}

// moved makes a move, and waits until the cards of both sides say so.
func (d *trade) moved(ctx context.Context, move func() error, buyer, seller string) error {
	if err := move(); err != nil {
		return err
	}
	if err := d.says(ctx, d.buyer, buyer); err != nil {
		return err
	}
	if d.onPage() {
		return d.page.give(ctx, seller, func() url.Values { return nil })
	}
	return d.says(ctx, d.seller, seller)
}

// says waits for a card that says so.
func (d *trade) says(ctx context.Context, p *person, text string) error {
	right := time.Time{}
	if !d.until(ctx, p, func(c card) bool { right = c.at; return strings.Contains(c.text, text) }) {
		return fmt.Errorf("no card says %q", text)
	}
	d.kills.shown(d.acked, right)
	return nil
}

// joins lets the seller come by the link on the buyer's card.
func (d *trade) joins(ctx context.Context) error {
	if !d.until(ctx, d.buyer, func(c card) bool { d.link = c.shared(); return d.link != "" }) {
		return errors.New("the buyer has no link to send")
	}
	if d.onPage() {
		return nil // by accepting
	}
	_, payload, _ := strings.Cut(d.link, "start=")
	if !d.post(ctx, d.seller, d.seller.textOf("/start "+payload)) {
		return errors.New("the seller cannot come")
	}
	if !d.until(ctx, d.seller, func(c card) bool { return c.button("accept:") != "" }) {
		return errors.New("the seller has nothing to accept")
	}
	return d.says(ctx, d.buyer, "has joined")
}

// visits lets a seller on the page join and accept.
func (d *trade) visits(ctx context.Context) (err error) {
	if d.page, err = newSurfer(d.w, d.link); err == nil {
		err = d.page.join(ctx)
		d.acked = d.page.acked
	}
	return err
}

// sells presses a button of the seller.
func (d *trade) sells(ctx context.Context, action, until string) func() error {
	if d.onPage() {
		return func() error {
			err := d.page.tap(ctx, action, until)
			d.acked = d.page.acked
			return err
		}
	}
	return d.tap(ctx, d.seller, action+"|")
}

// where lets the seller say where the money goes.
func (d *trade) where(ctx context.Context) error {
	if d.onPage() {
		return d.page.say(ctx, "where", d.account())
	}
	return d.types(ctx, d.seller, "where|", "Where shall we send it?", d.account(), func(c card) bool { return strings.Contains(c.text, d.account()) })
}

// sent lets the operator say under which reference the money was sent, and both sides read it.
func (d *trade) sent(ctx context.Context) error {
	ref := "OUT-" + d.id
	return d.moved(ctx, func() error {
		d.desk.Lock()
		err := d.types(ctx, d.clerk, "sent:seller|", "Under which reference", ref, func(c card) bool { return c.button("sent:yes|") != "" })
		d.desk.Unlock()
		if err != nil {
			return err
		}
		return d.atDesk(ctx, "sent:yes|")()
	}, "was paid", "were paid")
}

// types presses a button that asks for a text in the person's own chat, and types it, until the card of the deal has taken it.
// The question names its deal: one of another deal may be left over from a tap that was sent twice.
func (d *trade) types(ctx context.Context, p *person, action, asks, text string, taken func(card) bool) error {
	asked := func(c card) bool { return strings.Contains(c.text, asks) && strings.Contains(c.text, d.id) }
	for ctx.Err() == nil {
		c := d.card(p)
		if taken(c) {
			return nil
		}
		if data := c.button(action); data != "" && !asked(p.chat.newest()) {
			p.post(ctx, p.tapOf(&c, data))
		}
		if _, ok := p.await(ctx, asked, asksAgain); ok && d.post(ctx, p, p.textOf(text)) {
			p.await(ctx, func(card) bool { return taken(d.card(p)) }, 2*asksAgain)
		}
	}
	return fmt.Errorf("%s: the text is never taken", action)
}

// post sends an update, half of the time twice at once, until it is acknowledged.
func (d *trade) post(ctx context.Context, p *person, update []byte) bool {
	all := [][]byte{update}
	if d.n%4 >= 2 {
		all = append(all, p.again(update))
	}
	ok := p.post(ctx, all...)
	d.acked = time.Now()
	return ok
}

// create walks through the form, following the card.
func (d *trade) create(ctx context.Context) error {
	p := d.buyer
	p.deal = &deal{unsure: map[int][2]int{}}
	for _, ask := range d.w.asks {
		ask.Field.Sample(&p.want, p.n+1)
	}
	p.want.Seller = lockbay.Party{Kind: lockbay.KindTelegram, Value: fmt.Sprintf("buyer_%d", d.seller.n)}
	if d.onPage() {
		p.want.Seller = lockbay.Party{Kind: lockbay.KindEmail, Value: fmt.Sprintf("seller_%d@example.com", d.seller.n)}
	}
	p.acked, p.open = map[int]int{}, map[int]bool{}
	c := p.chat.newest()
	for ok := p.command(ctx, &c, "/create"); ok; {
		if ids := c.escrows(); p.confirmed && len(ids) > 0 {
			d.id, p.deal.escrow = ids[0], ids[0]
			return nil
		}
		switch n := c.step(); {
		case c.chooses():
			ok = p.tap(ctx, &c, c.button("continue|"))
		case n == 0:
			ok = p.command(ctx, &c, "/resume")
		case n == d.w.review:
			p.confirmed = true
			ok = p.tap(ctx, &c, c.button("confirm|"))
		default:
			ok = p.say(ctx, &c, n)
		}
	}
	return fmt.Errorf("no escrow was made: %w", context.Cause(ctx))
}

// atDesk lets the operator press these buttons of the deal's card at the desk.
func (d *trade) atDesk(ctx context.Context, actions ...string) func() error {
	return func() error {
		for d.card(d.clerk).button(actions[0]) == "" {
			if !pause(ctx, 200*time.Millisecond) {
				return fmt.Errorf("no button %s at the desk", actions[0])
			}
		}
		d.desk.Lock()
		defer d.desk.Unlock()
		return d.tap(ctx, d.clerk, actions...)()
	}
}

// tap taps these buttons in their order, until none of them is left. Who taps the button of a card that has just changed
// is told so, and taps again.
func (d *trade) tap(ctx context.Context, p *person, actions ...string) func() error {
	return func() error {
		return d.press(ctx, p, actions, func(tapped string, c card) bool {
			return strings.HasPrefix(tapped, actions[len(actions)-1]) && c.one(actions) == ""
		})
	}
}

// reports lets the buyer say that they have paid. The button for help stays after it.
func (d *trade) reports(ctx context.Context) error {
	return d.press(ctx, d.buyer, []string{"help|", "paid|"}, func(_ string, c card) bool {
		return strings.Contains(c.text, "You said that you have paid")
	})
}

// one is the first button of these actions that the card has; empty: none.
func (c card) one(actions []string) string {
	for _, action := range actions {
		if data := c.button(action); data != "" {
			return data
		}
	}
	return ""
}

// press taps the buttons of these actions, one after the other as the cards have them, until it is done.
func (d *trade) press(ctx context.Context, p *person, actions []string, done func(tapped string, c card) bool) error {
	for tapped := ""; !done(tapped, d.card(p)); {
		var at card
		if !d.until(ctx, p, func(c card) bool { at = c; return c.one(actions) != "" && c.one(actions) != tapped }) {
			return fmt.Errorf("no button %v; the last was %q", actions, tapped)
		}
		if tapped = at.one(actions); !d.post(ctx, p, p.tapOf(&at, tapped)) || !d.until(ctx, p, func(c card) bool { return c.one(actions) != tapped }) {
			return fmt.Errorf("%s: the card does not change", tapped)
		}
	}
	return nil
}

func (d *trade) until(ctx context.Context, p *person, ok func(card) bool) bool {
	began := time.Now()
	for ctx.Err() == nil {
		if _, is := p.await(ctx, func(card) bool { return ok(d.card(p)) }, time.Second); is {
			d.w.paused(time.Since(began))
			return true
		}
	}
	return false
}

// card is the person's newest message of the deal.
func (d *trade) card(p *person) (newest card) {
	p.chat.mu.Lock()
	defer p.chat.mu.Unlock()
	for _, c := range p.chat.cards {
		if c.message > newest.message && strings.Contains(c.text, "Escrow: "+d.id) {
			newest = c
		}
	}
	return newest
}

// shared is the link that the card offers to send; empty: there is none.
func (c card) shared() string {
	for _, row := range c.rows {
		for _, b := range row {
			if at, err := url.Parse(b.URL); err == nil && at.Query().Get("url") != "" {
				return at.Query().Get("url")
			}
		}
	}
	return ""
}
