package deal_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// mortal is a process that dies at a point: before or after one of the calls of its store and of its chat.
type mortal struct {
	k     *talk
	cards *sync.Map // place → the card that it shows
	at    int64     // the point, counted from 1; 0: never
	calls atomic.Int64
	dead  atomic.Bool
}

func (m *mortal) call() (f dialogtest.Fault) {
	if m.dead.Load() {
		return dialogtest.Fault{Before: dialogtest.ErrFault}
	}
	switch n := m.calls.Add(1); m.at {
	case 2*n - 1:
		m.dead.Store(true)
		f.Before = dialogtest.ErrFault
	case 2 * n:
		m.dead.Store(true)
		f.After = dialogtest.ErrFault
	}
	return f
}

// runs starts the process.
func (m *mortal) runs() {
	store := dialogtest.NewFaulty(m.k.store)
	store.Func(func(dialogtest.Method, *dialog.Batch) dialogtest.Fault { return m.call() })
	m.k.serve(store, dialog.Recorder{Trouble: func(string, error) {}})
	m.k.bot.Attach(chatOf{m})
}

// ends closes the process, alive or dead.
func (m *mortal) ends() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = m.k.bot.Close(ctx)
}

// chatOf shows the cards of a process.
type chatOf struct{ m *mortal }

func (chatOf) Name() string { return "tg" }

func (c chatOf) Show(_ context.Context, s dialog.Showing) (string, error) {
	f := c.m.call()
	if f.Before != nil {
		return "", f.Before
	}
	band := ""
	if s.Card.Band != nil {
		band = s.Card.Band.Strong + " " + s.Card.Band.Text
	}
	c.m.cards.Store(s.Place.Address+s.Card.Draft, dialog.Plain(band+"\n"+s.Card.Question))
	return fmt.Sprint("m", c.m.calls.Load()), f.After
}

func (chatOf) Remove(context.Context, dialog.Place, string) error { return nil }

// carried is a text that a person's own conversation takes, and hands on to the deal.
type carried struct {
	begin  func(*testing.T) *talk
	owner  string
	button string // that asks for the text
	reply  string // the seat of the card that it answers, instead of a button
	text   string
	says   string                     // on the person's own message, in the end
	move   lockbay.Move               // that is in the deal's log, once
	after  string                     // the button that the person presses next; empty: none
	has    func(*lockbay.Escrow) bool // reports whether the deal has the text; nil: it is refused, and asked for again
}

// TestCarriedTexts: a process takes a text, and dies at each point until the deal has it and the person's own conversation
// has heard of it. The next process ends it: the deal has the text once, the person's message says so, and asks no more.
func TestCarriedTexts(t *testing.T) {
	const broken = "Four plates are broken."
	said := func(e *lockbay.Escrow) bool { return e.Statements()[0].Text == broken }
	for name, c := range map[string]carried{
		"where to": {begin: settles, owner: seller, button: "where", text: "LT60 1010 8901", says: "ESC-0000-001AW goes to …8901.", move: lockbay.MoveWhere,
			has: func(e *lockbay.Escrow) bool { return e.WhereTo(lockbay.Seller) == "LT60 1010 8901" }},
		"refused":     {begin: settles, owner: seller, button: "where", text: strings.Repeat("1", 201), says: "At most 200 characters", move: lockbay.MoveWhere},
		"a statement": {begin: disputed, owner: buyer, button: "say", text: broken, says: "the other side reads it now", move: lockbay.MoveSay, has: said},
		"a reply":     {begin: disputed, owner: seller, reply: "~seller", text: broken, says: "the other side reads it now", move: lockbay.MoveSay, has: said},
		"an offer": {begin: disputed, owner: buyer, button: "offer:other", text: "30 %", says: "the other side reads your offer now", move: lockbay.MoveOffer,
			has: func(e *lockbay.Escrow) bool { o, _ := e.OfferOf(lockbay.Buyer); return o.Share == 7000 }},
		"the desk's sum": {begin: func(t *testing.T) *talk {
			k := manned(t)
			k.as(lockbay.Buyer).tap("help").tap("paid")
			return k.as(lockbay.Desk)
		},
			owner: clerk, button: "sum", text: "40.00 R-1", says: "Sent to ESC-0000-001AW.", move: lockbay.MoveReceived,
			after: "sum:yes",
			has:   func(e *lockbay.Escrow) bool { return e.Missing() == e.Quote.BuyerPays-4000 }},
	} {
		t.Run(name, func(t *testing.T) {
			points := int64(0)
			for died := true; died && !t.Failed(); points++ {
				synctest.Test(t, func(t *testing.T) { died = c.dies(t, points) || points == 0 })
			}
			if points -= 2; points < 8 { // commit of the text, of the deal, and of the answer; and the message
				t.Errorf("only %d points", points)
			}
			t.Logf("%d points", points)
		})
	}
}

// dies plays it with a process that dies at a point, and the one that comes after it. It reports whether it has died.
func (c carried) dies(t *testing.T, at int64) bool {
	k := c.begin(t)
	place := dialog.Place{Channel: "tg", Address: strings.TrimPrefix(c.owner, "tg:"), Push: true}
	text := dialog.Input{ID: "the text", Kind: dialog.KindText, Text: c.text, Owner: c.owner, Place: place}
	if c.button == "" {
		text.Reply = dialog.Reply{Message: "77", Draft: escrow().ID + c.reply}
	} else {
		ask := k.button(c.button)
		ask.Owner, ask.Place = c.owner, place
		k.handle(ask)
	}
	k.bot.Close(context.Background())

	m := &mortal{k: k, at: at, cards: &sync.Map{}}
	m.runs()
	_, _ = k.bot.Handle(context.Background(), text)
	time.Sleep(time.Minute) // of the bubble
	died := m.dead.Load()
	m.ends()
	next := &mortal{k: k, cards: m.cards}
	next.runs()
	k.handle(text) // who has not heard that it was taken delivers it again
	for range 3 {
		k.now = k.now.Add(time.Minute)
		k.ring()
		time.Sleep(time.Minute)
	}
	own, _, err := k.bot.Hydrate(context.Background(), dialog.Key{Bot: "bot", Flow: "open", ID: c.owner})
	if err != nil {
		t.Fatal(err)
	}
	if shown, _ := next.cards.Load(place.Address); (own.Asks == nil) != (c.has != nil) || len(own.Pending) > 0 || !strings.Contains(fmt.Sprint(shown), c.says) {
		t.Errorf("died at %d: asks %+v, pending %v, and the message says %q", at, own.Asks, own.Pending, shown)
	}
	if k.load(); c.after != "" {
		k.desk(c.after)
	}
	e, n := k.stored(), 0
	for _, x := range e.Log {
		if strings.HasPrefix(x.Move, string(c.move)) {
			n++
		}
	}
	if c.has == nil && n > 0 || c.has != nil && (n != 1 || !c.has(&e)) {
		t.Errorf("died at %d: the deal has it %d times: %+v", at, n, e.Log)
	}
	next.ends()
	return died
}
