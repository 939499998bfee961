package soak

import (
	"context"
	"encoding/json"
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

// TestDeals: buyers and sellers take deals from Create to the money sent, an operator works beside them, and the program is
// killed again and again: each deal is completed, the books are right, and both cards say so.
func TestDeals(t *testing.T) {
	programs := NewPrograms("../..", t.TempDir(), *binary, *release)
	for _, l := range []*line{{name: "SQLite", servers: oneFile}, {name: "PostgreSQL"}} {
		t.Run(l.name, func(t *testing.T) {
			row := l.deals(t.Context(), t, programs, *dealsMade)
			t.Logf("%d deals, %d kills; the longest wait for a card: %v", row.Escrows, row.Times, longest(row.Pauses))
			for _, wrong := range row.Wrong {
				t.Error(wrong)
			}
		})
	}
}

func longest(all []time.Duration) (most time.Duration) {
	for _, d := range all {
		most = max(most, d)
	}
	return most.Round(10 * time.Millisecond)
}

// trade is a deal of two people.
type trade struct {
	w             *world
	operator      *sync.Mutex // gives one order at a time
	buyer, seller *person
	id            string
	pays          string // as the command line takes it
}

// deals makes n deals at once, and kills the program meanwhile.
func (l *line) deals(ctx context.Context, t testing.TB, programs *Programs, n int) Row {
	w := l.open(t, programs, "database")
	defer w.api.Close()
	defer w.client.CloseIdleConnections()
	w.startServers()
	if err := w.startInstances(ctx); err != nil {
		t.Fatal(err)
	}
	defer w.running[0].kill()
	w.meet(2 * n)
	var kills, trades sync.WaitGroup
	killing, enough := context.WithCancel(ctx)
	defer enough()
	kills.Go(func() {
		for pause(killing, min(2*time.Second, 300*time.Millisecond+time.Duration(n)*10*time.Millisecond)) {
			w.running[0].kill()
			w.struck()
			w.again(w.running[0])
		}
	})
	working, end := context.WithTimeout(ctx, time.Duration(n)*10*time.Second+finishing)
	defer end()
	operator := &sync.Mutex{}
	for i := range n {
		trade := &trade{w: w, operator: operator, buyer: w.people[2*i], seller: w.people[2*i+1]}
		trades.Go(func() {
			if err := trade.live(working); err != nil {
				w.complain("deal %s: %v; the buyer's card says %q, the seller's %q", trade.id, err, trade.buyer.chat.newest().text, trade.seller.chat.newest().text)
			}
		})
	}
	trades.Wait()
	enough()
	kills.Wait()
	w.look()
	if out, err := w.lockbay(ctx, "ledger", "verify"); err != nil {
		w.complain("ledger verify: %v: %s", err, out)
	}
	out, err := w.lockbay(ctx, "escrows", "list", "--all", "--json")
	if err != nil {
		w.complain("escrows list: %v", err)
	}
	var list []struct{ ID, Status string }
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		w.complain("escrows list: %v", err)
	}
	for _, e := range list {
		if e.Status == string(lockbay.Completed) {
			w.row.Escrows++
		}
	}
	if w.row.Escrows != int64(n) {
		w.complain("%d deals are completed, want %d", w.row.Escrows, n)
	}
	return w.row
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

// live takes the deal from Create to its end.
func (d *trade) live(ctx context.Context) error {
	if err := d.create(ctx); err != nil {
		return err
	}
	link := ""
	d.until(ctx, d.buyer, func(c card) bool { link = c.payload(); return link != "" })
	for _, step := range []func() error{
		d.desk(ctx, "received", "--amount", d.pays, "--ref", "IN-"+d.id),
		func() error { d.buyer.post(ctx, d.seller.textOf("/start "+link)); return nil },
		d.tap(ctx, d.seller, "accept:"),
		d.tap(ctx, d.seller, "delivered|"),
		d.tap(ctx, d.buyer, "release|", "release:yes|"),
		d.desk(ctx, "sending", "--to", "seller"),
		d.desk(ctx, "sent", "--to", "seller", "--ref", "OUT-"+d.id),
		d.seen(ctx, d.buyer, "was paid"),
		d.seen(ctx, d.seller, "were paid"),
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// create walks through the form, following the card.
func (d *trade) create(ctx context.Context) error {
	p := d.buyer
	p.deal = &deal{unsure: map[int][2]int{}}
	for _, ask := range d.w.asks {
		ask.Field.Sample(&p.want, p.n+1)
	}
	p.want.Seller = lockbay.Party{Kind: lockbay.KindTelegram, Value: fmt.Sprintf("buyer_%d", d.seller.n)}
	p.acked, p.open = map[int]int{}, map[int]bool{}
	c := p.chat.newest()
	for ok := p.command(ctx, &c, "/create"); ok; {
		if ids := c.escrows(); p.confirmed && len(ids) > 0 {
			d.id, p.deal.escrow = ids[0], ids[0]
			d.pays = plainSum(d.w.rules.Quote(p.want))
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

func plainSum(q lockbay.Quote) string { return q.Money(q.BuyerPays).Plain() }

// desk gives an order until it is done.
func (d *trade) desk(ctx context.Context, verb string, args ...string) func() error {
	return func() error {
		out, err := "", error(nil)
		d.operator.Lock()
		defer d.operator.Unlock()
		for ctx.Err() == nil {
			if out, err = d.w.lockbay(ctx, append([]string{"escrows", verb, d.id}, args...)...); err == nil {
				return nil
			}
			pause(ctx, 200*time.Millisecond)
		}
		return fmt.Errorf("%s: %s", verb, out)
	}
}

// tap taps these buttons in their order, until none of them is left. Who taps the button of a card that has just changed
// is told so, and taps again.
func (d *trade) tap(ctx context.Context, p *person, actions ...string) func() error {
	return func() error {
		tapped := ""
		button := func(c card) (data string) {
			for _, action := range actions {
				if data = c.button(action); data != "" {
					break
				}
			}
			return data
		}
		for !strings.HasPrefix(tapped, actions[len(actions)-1]) || button(d.card(p)) != "" {
			var at card
			if !d.until(ctx, p, func(c card) bool { at = c; return button(c) != "" && button(c) != tapped }) {
				return fmt.Errorf("no button %v; the last was %q", actions, tapped)
			}
			if tapped = button(at); !p.post(ctx, p.tapOf(&at, tapped)) || !d.until(ctx, p, func(c card) bool { return button(c) != tapped }) {
				return fmt.Errorf("%s: the card does not change", tapped)
			}
		}
		return nil
	}
}

// seen waits for a card that says so.
func (d *trade) seen(ctx context.Context, p *person, text string) func() error {
	return func() error {
		if !d.until(ctx, p, func(c card) bool { return strings.Contains(c.text, text) }) {
			return fmt.Errorf("no card says %q", text)
		}
		return nil
	}
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

// payload is what follows start= in the link that the card shares; empty: there is none.
func (c card) payload() string {
	for _, row := range c.rows {
		for _, b := range row {
			if at, err := url.Parse(b.URL); err == nil && at.Query().Get("url") != "" {
				_, payload, _ := strings.Cut(at.Query().Get("url"), "start=")
				return payload
			}
		}
	}
	return ""
}
