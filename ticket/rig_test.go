package ticket_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/ticket"
)

const owner = "tg:1000001"

// patience bounds a hang.
const patience = time.Minute

// rig is a person who talks to all flows on one memory store.
type rig struct {
	t     *testing.T
	bot   *dialog.Engine
	store *dialog.Memory
	at    atomic.Int64 // unix nanoseconds: engines ask from other goroutines
	owner string
	n     int
	last  dialog.Input
	out   dialog.Outcome
}

// flows are those of the bot.
func flows() []dialog.Flow { return flowsWith(dialog.Place{}) }

// flowsWith are those of a bot whose operators have a desk.
func flowsWith(desk dialog.Place) []dialog.Flow {
	rules := lockbay.DefaultRules()
	tickets := ticket.New(ticket.Config{Support: "@bay_help", Desk: desk})
	form := intake.New(intake.Config{Rules: func() *lockbay.Rules { return rules }, Start: deal.Start, Tickets: tickets})
	deals := deal.New(deal.Config{Rules: func() *lockbay.Rules { return rules }, Instructions: func(string) string { return "Send {amount} with {id}." }})
	return []dialog.Flow{form, deals, tickets}
}

func begin(t *testing.T) *rig {
	k := &rig{t: t, store: dialog.NewMemory(), owner: owner}
	k.at.Store(time.Date(2026, 11, 24, 14, 32, 0, 0, time.UTC).UnixNano())
	k.store.SetNow(k.now)
	k.bot = k.engine("a")
	return k
}

func (k *rig) now() time.Time { return time.Unix(0, k.at.Load()).UTC() }

// pass lets time pass.
func (k *rig) pass(d time.Duration) { k.at.Add(int64(d)) }

// engine is an instance on the store.
func (k *rig) engine(name string, all ...dialog.Flow) *dialog.Engine {
	if len(all) == 0 {
		all = flows()
	}
	e, err := dialog.New(k.store, dialog.Config{Now: k.now, Instance: name + ".1"}, all...)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = e.Close(k.t.Context()) })
	return e
}

// input is what the person sends: a text, or a command with a slash.
func (k *rig) input(text string) dialog.Input {
	k.n++
	in := dialog.Input{ID: fmt.Sprint("in", k.n), Kind: dialog.KindText, Text: text, Owner: k.owner,
		Place: dialog.Place{Channel: "telegram", Address: k.owner, Push: true}, Profile: dialog.Profile{ID: strings.TrimPrefix(k.owner, "tg:"), Username: "boris_k"}}
	if name, arg, _ := strings.Cut(text, " "); strings.HasPrefix(name, "/") {
		in.Kind, in.Name, in.Text = dialog.KindCommand, name[1:], arg
	}
	return in
}

func (k *rig) send(in dialog.Input) *rig {
	k.t.Helper()
	out, err := k.bot.Handle(k.t.Context(), in)
	if err != nil {
		k.t.Fatalf("%s %s: %v", in.Kind, in.Name, err)
	}
	k.last, k.out = in, out
	return k
}

func (k *rig) say(text string) *rig {
	k.t.Helper()
	return k.send(k.input(text))
}

// tap presses a button of the person's own card.
func (k *rig) tap(action string) *rig {
	k.t.Helper()
	in := k.input("")
	in.Kind, in.Bound, in.Draft, in.Revision = dialog.KindTap, true, k.out.Record.Draft, k.out.Record.Revision
	in.Name, in.Value, _ = strings.Cut(action, ":")
	return k.send(in)
}

func (k *rig) card() *dialog.Card {
	c := k.bot.Render(k.own(), dialog.View{Lang: "en", Now: k.now(), Place: dialog.Place{Channel: "telegram", Address: k.owner, Push: true}})
	return &c
}

// escrow is the row of an escrow.
func (k *rig) escrow(id string) *dialog.Record {
	k.t.Helper()
	r, _, err := k.bot.Hydrate(k.t.Context(), dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: id})
	if err != nil {
		k.t.Fatal(err)
	}
	return r
}

// own is the person's own conversation, as its row has it.
func (k *rig) own() *dialog.Record {
	k.t.Helper()
	r, _, err := k.bot.Hydrate(k.t.Context(), dialog.Key{Bot: "bot", Flow: intake.FlowName, ID: k.owner})
	if err != nil {
		k.t.Fatal(err)
	}
	return r
}

func (k *rig) expect(parts ...string) *rig {
	k.t.Helper()
	c := k.card()
	got := dialog.Plain(c.Question + "\n" + c.Hint)
	if c.Band != nil {
		got = dialog.Plain(c.Band.Strong + "\n" + c.Band.Text + "\n" + got)
	}
	got += "\n" + dialog.Plain(c.Refusal)
	for _, p := range parts {
		if !strings.Contains(got, p) {
			k.t.Errorf("no %q on this card:\n%s", p, got)
		}
	}
	return k
}

// tickets are those of the store, newest first.
func (k *rig) tickets() (list []ticket.Ticket) {
	k.t.Helper()
	rows, err := k.store.List(k.t.Context(), dialog.Query{Bot: "bot", Flow: ticket.FlowName, Newest: true, Everyone: true, Deep: true, Limit: 1000})
	if err != nil {
		k.t.Fatal(err)
	}
	for _, row := range rows {
		r, err := dialog.Decode(row)
		if err != nil {
			k.t.Fatal(err)
		}
		x, err := ticket.Of(r)
		if err != nil {
			k.t.Fatal(err)
		}
		list = append(list, x)
	}
	return list
}

// events are those of tickets.
func (k *rig) events() (list []dialog.Event) {
	for _, e := range k.store.Logged() {
		if e.Kind == ticket.EventTicketed {
			list = append(list, e)
		}
	}
	return list
}
