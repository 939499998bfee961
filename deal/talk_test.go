package deal_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// opener is a flow that starts a deal at the first text.
type opener struct {
	e      lockbay.Escrow
	format int

	seats     []byte // the secret of sellers' links
	words     []byte // the secret of people's words
	bot, page string
	here      string   // where the page listens
	operators []string // of the desk, which is in the chat of the first
}

func (opener) FlowName() string { return "open" }

func (o opener) Decide(t *dialog.Turn) {
	if t.Input.Kind == dialog.KindText {
		t.Record.Schema = o.format
		deal.Start(t, o.e)
	} else {
		t.Say("plain", map[string]string{"text": t.Input.Name + " " + t.Input.Value})
	}
}

// Render shows what was said last.
func (opener) Render(r *dialog.Record, v dialog.View) dialog.Card {
	c := dialog.Card{Question: "open"}
	if r.Said != nil {
		c.Band = &dialog.Band{Text: c.Tell(texts.Words, v, r.Said)}
	}
	return c
}

const (
	buyer = "tg:1000001"
)

// talk is a conversation with one deal.
type talk struct {
	t     *testing.T
	bot   *dialog.Engine
	first opener
	flow  *deal.Flow
	store *dialog.Memory
	now   time.Time    // what the clock is to show: see tick
	shown atomic.Int64 // unix milliseconds that it shows
	rec   *dialog.Record
	out   dialog.Outcome
	n     int
	role  string // whose card is read and tapped; empty: the buyer's
	chat  bool   // it is read in a chat, else on a page
}

func escrow() lockbay.Escrow {
	rules := lockbay.DefaultRules()
	rules.Fee.BasisPoints = 250
	terms := lockbay.Terms{Seller: lockbay.Party{Kind: lockbay.KindTelegram, Value: "anna_ceramics"}, Amount: lockbay.Money{Minor: 125000, Currency: "EUR"},
		Description: "Сервиз ручной работы 🍽️, 24 предмета", DeliveryHours: 72, FeePayer: lockbay.PayerSplit}
	return lockbay.NewEscrow(lockbay.NewEscrowID(42), "d7kq2mx900", buyer, terms, rules.Quote(terms), begun, time.Hour)
}

var begun = time.Date(2026, 11, 24, 14, 41, 0, 0, time.UTC)

func begin(t *testing.T) *talk { return beginWith(t, opener{e: escrow(), format: deal.Version}) }

func beginWith(t *testing.T, o opener) *talk {
	k := &talk{t: t, first: o, store: dialog.NewMemory(), now: begun}
	k.tick()
	k.store.SetNow(k.clock)
	cfg := deal.Config{
		Support: "@bay_help", RefKey: []byte("key"), SeatKey: o.seats, WordsKey: o.words, PublicURL: o.page, Page: func() string { return o.here },
	}
	if o.bot != "" {
		cfg.Bot = func() string { return o.bot }
	}
	if cfg.Operators = o.operators; len(o.operators) > 0 {
		_, number, _ := strings.Cut(o.operators[0], ":")
		cfg.Desk = dialog.Place{Channel: "tg", Address: number, Push: true}
	}
	k.flow = deal.New(cfg)
	k.serve(k.store, dialog.Recorder{})
	k.handle(dialog.Input{Kind: dialog.KindText, Text: "open", Owner: buyer})
	return k.load()
}

// serve starts an engine at a store, which goes on with the talk.
func (k *talk) serve(store dialog.Store, record dialog.Recorder) {
	k.t.Helper()
	bot, err := dialog.New(store, dialog.Config{Now: k.clock, Recorder: record}, k.first, k.flow)
	if err != nil {
		k.t.Fatal(err)
	}
	k.bot = bot
	k.t.Cleanup(func() { _ = bot.Close(context.Background()) })
}

// clock is the engine's.
func (k *talk) clock() time.Time { return time.UnixMilli(k.shown.Load()).UTC() }

func (k *talk) key() dialog.Key { return dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: escrow().ID} }

// tick turns the clock of the engine, which its goroutines read, to now.
func (k *talk) tick() { k.shown.Store(k.now.UnixMilli()) }

func (k *talk) load() *talk {
	k.t.Helper()
	k.tick()
	rec, _, err := k.bot.Hydrate(context.Background(), k.key())
	if err != nil {
		k.t.Fatal(err)
	}
	k.rec = rec
	return k
}

func (k *talk) handle(in dialog.Input) dialog.Outcome {
	k.t.Helper()
	k.n++
	if in.ID == "" {
		in.ID = fmt.Sprint(k.n)
	}
	k.tick()
	out, err := k.bot.Handle(context.Background(), in)
	if err != nil {
		k.t.Fatal(err)
	}
	k.out = out
	return out
}

func (k *talk) order(verb string) error {
	k.t.Helper()
	return k.give(deal.Order("bot", verb, escrow().ID))
}

// give gives an order, and returns its result.
func (k *talk) give(in dialog.Input) error {
	k.t.Helper()
	err := k.flow.Verdict(in, k.handle(in), k.now)
	k.load()
	return err
}

func (k *talk) tap(action string) *talk {
	k.t.Helper()
	if !strings.Contains(" "+k.actions()+" ", " "+action+" ") {
		k.t.Fatalf("no button %s among %s", action, k.actions())
	}
	k.handle(k.button(action))
	return k.load()
}

// button is the tap of a button as the card has it now.
func (k *talk) button(action string) dialog.Input {
	c := k.card("en")
	in := dialog.Input{Kind: dialog.KindTap, Owner: k.rec.As(k.role).Owner, Bound: true, Draft: c.Draft, Revision: c.Revision}
	in.Name, in.Value, _ = strings.Cut(action, ":")
	return in
}

func (k *talk) wake() *talk {
	k.t.Helper()
	return k.ring()
}

// ring lets the timers ring that are due, at a service that has answered since the deal began.
func (k *talk) ring() *talk {
	k.t.Helper()
	return k.ringSince(begun)
}

// atTheEnd turns the clock to d after the beginning, at a service that has answered all the time. Nothing rings yet.
func (k *talk) atTheEnd(d time.Duration) {
	k.now = begun.Add(d - time.Second)
	k.ring()
	k.now = begun.Add(d)
}

// ringSince does so at a service that has answered since then.
func (k *talk) ringSince(open time.Time) *talk {
	k.t.Helper()
	k.tick()
	if _, err := k.store.Lease(context.Background(), "open:bot", fmt.Sprint(open.UnixMilli()), time.Minute); err != nil {
		k.t.Fatal(err)
	}
	k.tick()
	for n := 0; n < 3 || n < 100 && k.due(); n++ { // a timer a sweep
		if _, err := k.bot.Sweep(context.Background(), 0); err != nil {
			k.t.Fatal(err)
		}
	}
	return k.load()
}

// due reports whether a timer of the deal is due. Then the next sweep looks at the deal: one that could not fire it has a mark that
// puts it off for a minute, and the batch of that mark may be written at any time.
func (k *talk) due() bool {
	k.t.Helper()
	k.load()
	if !slices.ContainsFunc(k.rec.Timers, func(x dialog.Timer) bool { return x.At <= k.now.UnixMilli() }) {
		return false
	}
	now := dialog.DueMark{Key: k.key(), Version: k.rec.Version, Due: k.now.UnixMilli()}
	if _, err := k.store.Commit(context.Background(), &dialog.Batch{Due: []dialog.DueMark{now}}); err != nil {
		k.t.Fatal(err)
	}
	return true
}

func (k *talk) card(lang string) dialog.Card {
	k.tick()
	if k.chat {
		return k.bot.Render(k.rec.As(k.role), dialog.View{Lang: lang, Place: dialog.Place{Channel: "tg", Push: true}})
	}
	return k.bot.Render(k.rec.As(k.role), dialog.View{Lang: lang, Place: dialog.Place{Channel: "web"}, Field: true, Details: true, Visited: true})
}

func (k *talk) actions() string {
	var all []string
	c := k.card("en")
	if c.Primary != nil {
		all = append(all, c.Primary.Action)
	}
	for _, b := range slices.Concat(c.Choices, c.Alt, c.Quiet) {
		all = append(all, b.Action)
	}
	return strings.Join(all, " ")
}

// text is the card without its facts, which are the same on all cards.
func (k *talk) text() string {
	c := k.card("en")
	var b strings.Builder
	line := func(all ...string) {
		for _, s := range all {
			if s != "" {
				b.WriteString(s + "\n")
			}
		}
	}
	if c.Band != nil {
		line("! "+c.Band.Strong, c.Band.Text)
	}
	line(c.Progress, "# "+c.Question, c.Hint)
	if c.Bar != nil {
		line(fmt.Sprintf("%d/%d %s", c.Bar.Value, c.Bar.Max, c.Bar.Text))
	}
	for _, s := range c.Sums {
		line(s.Label + ": " + s.Value)
	}
	line(c.Body...)
	line(c.After)
	for _, n := range c.Next {
		line("- "+n.Who, n.When)
	}
	line(k.actions())
	return dialog.Plain(b.String())
}

func (k *talk) golden(want string) *talk {
	k.t.Helper()
	want = strings.ReplaceAll(strings.TrimLeft(want, "\n"), "\t", "")
	if got := k.text(); got != want {
		k.t.Errorf("the card is\n%s\nwant\n%s", got, want)
	}
	return k
}

// act gives an order to make a move.
func (k *talk) act(a lockbay.Act) error {
	k.t.Helper()
	return k.give(deal.OrderAct("bot", escrow().ID, a))
}

// must makes a move by order that has to be done.
func (k *talk) must(a lockbay.Act) *talk {
	k.t.Helper()
	if err := k.act(a); err != nil {
		k.t.Fatalf("%s: %v", a.Move, err)
	}
	return k
}

// alarm turns the clock to the first alarm of this name, and lets it ring.
func (k *talk) alarm(name string) *talk {
	k.t.Helper()
	for _, x := range k.rec.Timers {
		if x.Name == name {
			k.now = time.UnixMilli(x.At).UTC()
			return k.ring()
		}
	}
	k.t.Fatalf("no alarm %s among %v", name, k.rec.Timers)
	return k
}

// events wants the deal's events to be these, after its start.
func (k *talk) events(kinds ...dialog.EventKind) {
	k.t.Helper()
	kinds = append([]dialog.EventKind{dialog.EventStarted}, kinds...)
	var got []dialog.EventKind
	for _, e := range k.store.Logged() {
		if e.Key == k.key().String() {
			got = append(got, e.Kind)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(kinds) {
		k.t.Errorf("events %v, want %v", got, kinds)
	}
}
