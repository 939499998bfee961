package deal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// bank is a deal at two instances over one store, as an operator has it. Its mutant, if any, breaks one rule of the books.
type bank struct {
	mu     sync.Mutex
	now    time.Time
	bots   [2]*dialog.Engine
	flow   *deal.Flow
	mutant mutant
	seen   map[string]bool // ids of orders
}

// mutant is a defect. change runs after each decision of an instance, with the deal as it was and as it is now.
type mutant struct {
	input  func(instance int, in *dialog.Input)
	before func(instance int, e *lockbay.Escrow)
	change func(instance int, in *dialog.Input, now time.Time, was, e *lockbay.Escrow)
	forget bool // what was refused is answered as done at its repetition
}

// mutated is the flow of deals with a mutant in it.
type mutated struct {
	*deal.Flow
	at int
	m  mutant
}

func (f mutated) Decide(t *dialog.Turn) {
	was, err := deal.Escrow(t.Record)
	if err != nil || t.Input.Kind != dialog.KindOrder {
		f.Flow.Decide(t)
		return
	}
	if f.m.input != nil {
		in := *t.Input
		f.m.input(f.at, &in)
		t.Input = &in
	}
	if f.m.before != nil {
		e := was
		f.m.before(f.at, &e)
		t.Record.Answers, _ = json.Marshal(e)
	}
	f.Flow.Decide(t)
	e, _ := deal.Escrow(t.Record)
	if f.m.change == nil {
		return
	}
	f.m.change(f.at, t.Input, t.Now, &was, &e)
	if raw, _ := json.Marshal(e); string(raw) != string(t.Record.Answers) {
		t.Record.Answers, t.Record.Step = raw, string(e.Status)
		t.Applied()
	}
}

// forge changes the last entry, or adds one, and makes the chain anew.
func forge(e *lockbay.Escrow, change func(log []lockbay.Entry) []lockbay.Entry) {
	log := slices.Clone(e.Log)
	for i := range log {
		log[i].Posts = slices.Clone(log[i].Posts)
	}
	e.Log = change(log)
	hashes := e.Replay()
	e.Chain = hashes[len(hashes)-1]
}

func openBank(t *testing.T, e lockbay.Escrow, m mutant) *bank {
	t.Helper()
	b := &bank{now: begun, mutant: m, seen: map[string]bool{}, flow: deal.New(deal.Config{RefKey: []byte("key")})}
	store := dialog.NewMemory()
	store.SetNow(b.clock)
	for i := range b.bots {
		bot, err := dialog.New(store, dialog.Config{Now: b.clock, Instance: fmt.Sprintf("host%d.1", i)}, opener{e: e, format: deal.Version}, mutated{b.flow, i, m})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bot.Close(context.Background()) })
		b.bots[i] = bot
	}
	if _, err := b.bots[0].Handle(context.Background(), dialog.Input{ID: "open", Kind: dialog.KindText, Text: "open", Owner: buyer}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bank) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bank) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// deal is the deal as the store has it.
func (b *bank) deal() (lockbay.Escrow, error) {
	rec, _, err := b.bots[0].Hydrate(context.Background(), b.key())
	if err != nil {
		return lockbay.Escrow{}, err
	}
	return deal.Escrow(rec)
}

func (b *bank) key() dialog.Key {
	return dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: escrow().ID}
}

// give gives an order at an instance, and returns the error that the operator reads.
func (b *bank) give(instance int, in dialog.Input) error {
	out, err := b.bots[instance].Handle(context.Background(), in)
	if err != nil {
		return err
	}
	b.mu.Lock()
	again := b.seen[in.ID]
	b.seen[in.ID] = true
	b.mu.Unlock()
	if again && b.mutant.forget {
		return nil
	}
	return b.flow.Verdict(in, out, b.clock())
}

// do makes moves one after the other, a minute apart.
func (b *bank) do(acts ...lockbay.Act) error {
	for _, a := range acts {
		b.pass(time.Minute)
		if err := b.give(0, deal.OrderAct("bot", escrow().ID, a)); err != nil {
			return fmt.Errorf("%s: %w", a.Move, err)
		}
	}
	return nil
}

func by(r lockbay.Role, m lockbay.Move) lockbay.Act { return lockbay.Act{Role: r, Move: m} }

// wholeLife is a deal from its payment to the money sent.
func wholeLife(e *lockbay.Escrow) []lockbay.Act {
	sent := by(lockbay.Desk, lockbay.MoveSent)
	sent.Ref = "OUT-1"
	return []lockbay.Act{cameAs(e.Quote.BuyerPays, "IN-1"), by(lockbay.Seller, lockbay.MoveAccept), by(lockbay.Seller, lockbay.MoveDelivered),
		by(lockbay.Buyer, lockbay.MoveRelease), by(lockbay.Desk, lockbay.MoveSending), sent}
}

// together gives n orders at once, in turns at both instances.
func (b *bank) together(n int, act func(int) lockbay.Act) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = b.give(i%2, deal.OrderAct("bot", escrow().ID, act(i))) })
	}
	all.Wait()
	return errors.Join(errs...)
}
