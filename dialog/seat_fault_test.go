package dialog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// gateChat holds calls to one address until they are released.
type gateChat struct {
	*dialogtest.Chat
	address string

	mu   sync.Mutex
	hold bool
	held []chan struct{}
}

func (c *gateChat) Show(ctx context.Context, s dialog.Showing) (string, error) {
	c.mu.Lock()
	var wait chan struct{}
	if c.hold && s.Place.Address == c.address {
		wait = make(chan struct{})
		c.held = append(c.held, wait)
	}
	c.mu.Unlock()
	if wait != nil {
		<-wait
	}
	return c.Chat.Show(ctx, s)
}

func (c *gateChat) set(hold bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = hold
}

// hangs waits until a call is held.
func (c *gateChat) hangs(t *testing.T) {
	t.Helper()
	soon(t, "a call hangs", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.held) == 1
	})
}

func (c *gateChat) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = false
	for _, h := range c.held {
		close(h)
	}
	c.held = nil
}

// send handles an input and does not wait for its cards.
func (k *table) send(bot *dialog.Engine, in dialog.Input) dialog.Outcome {
	k.Helper()
	out, err := bot.Handle(k.Context(), in)
	if err != nil {
		k.Fatal(err)
	}
	return out
}

// gated is sat with a chat that can hold the calls to an address.
func gated(t *testing.T, address string) (*table, *gateChat) {
	k := sat(t)
	c := &gateChat{Chat: k.chat, address: address}
	_ = k.bot.Close(t.Context())
	k.channel = c
	k.start()
	return k, c
}

// A late edit of a guest's message does not hide what another instance has shown since,
// although the owner's run has read that meanwhile.
func TestLateEditForAGuest(t *testing.T) {
	k, c := gated(t, "2")
	k.tap("1", "P-1", "add")
	k.tap("2", "P-1", "add")
	c.set(true)
	k.send(k.bot, k.button("1", "P-1", "add"))
	c.hangs(t)
	c.set(false)
	other, err := dialog.New(k.mem, dialog.Config{Now: k.clock.Now, Instance: "there.1"}, hall{}, pact{})
	if err != nil {
		t.Fatal(err)
	}
	other.Attach(k.chat)
	defer func() { _ = other.Close(t.Context()) }()
	again := k.button("1", "P-1", "add")
	k.send(other, again)
	soon(t, "the other instance has shown it", func() bool { s := other.Stats(); return s.Couriers == 0 && s.Marks == 0 })
	if _, err := k.bot.Sweep(t.Context(), 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	k.send(k.bot, again) // a duplicate, which looks at the row
	soon(t, "the owner's run has read it", func() bool { s := k.bot.Stats(); return s.Couriers == 1 && s.Marks == 0 })
	c.release()
	k.rest()
	r, err := dialog.Decode(k.row("P-1"))
	if err != nil {
		t.Fatal(err)
	}
	soon(t, "the guest sees the newest card", func() bool { return k.newest("2", "P-1").Card.Body[2] == string(r.Answers) })
}

// The guest's card comes while the owner's call hangs, also in a process that has shown the
// guest nothing yet.
func TestGuestOfAnotherInstance(t *testing.T) {
	k, c := gated(t, "1")
	other, err := dialog.New(k.mem, dialog.Config{Now: k.clock.Now, Instance: "there.1", Detached: true}, hall{}, pact{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(t.Context()) }()
	c.set(true)
	in := k.in("1")
	in.Kind, in.Name, in.Value = dialog.KindCommand, "status", "P-1"
	k.send(k.bot, in)
	c.hangs(t)
	k.send(other, k.button("2", "P-1", "step:next"))
	if _, err := k.bot.Sweep(t.Context(), 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	soon(t, "the guest sees it", func() bool { return k.newest("2", "P-1").Card.Step == "next" })
	c.release()
	k.rest()
}

// A turn hands its person's message to the conversation that it starts, while an edit of
// that message is under way: the message shows the heir.
func TestHandoverDuringAnEdit(t *testing.T) {
	for who, other := range map[string]string{"1": "2", "2": "1"} {
		t.Run(who, func(t *testing.T) {
			k, c := gated(t, who)
			k.tap("1", "P-1", "add")
			k.tap("2", "P-1", "add")
			spin := k.button(who, "P-1", "spin")
			c.set(true)
			k.send(k.bot, k.button(other, "P-1", "add"))
			c.hangs(t)
			c.set(false)
			k.send(k.bot, spin)
			c.release()
			k.rest()
			for _, m := range k.chat.Messages(who) {
				if m.ID == spin.Message && m.Card.Conversation.ID != "P-9" {
					t.Errorf("the message shows %s", m.Card.Conversation.ID)
				}
			}
		})
	}
}

// What the guest starts is shown while the owner's chat hangs.
func TestStartOfAGuest(t *testing.T) {
	k, c := gated(t, "1")
	k.tap("1", "P-1", "add")
	c.set(true)
	k.send(k.bot, k.button("2", "P-1", "add"))
	c.hangs(t)
	soon(t, "the guest has the card", func() bool { return k.newest("2", "P-1").Card.Body[2] == "[bs]" && k.bot.Stats().Couriers == 1 })
	k.send(k.bot, k.button("2", "P-1", "spin"))
	soon(t, "the guest sees what they started", func() bool {
		return slices.ContainsFunc(k.chat.Messages("2"), func(m dialogtest.Message) bool { return m.Card.Conversation.ID == "P-9" })
	})
	c.release()
	k.rest()
}

// A tap on one deal lifts the block of the person at all their conversations, while the
// other person's chat asks for an hour.
func TestTapOfAGuestLiftsTheirBlock(t *testing.T) {
	for who, other := range map[string]string{"1": "2", "2": "1"} {
		t.Run(who, func(t *testing.T) {
			k := newTable(t)
			c := &stuckChat{Chat: k.chat, address: other}
			_ = k.bot.Close(t.Context())
			k.channel = c
			k.start()
			k.say("1", "hello")
			k.say("2", "hello")
			for _, id := range []string{"P-1", "P-2"} {
				k.say("1", "sell "+id)
				k.say("2", "join "+id+" good")
			}
			tap := k.button(who, "P-1", "open:x")
			k.clock.Advance(time.Minute)
			k.chat.Block(who, true)
			k.tap(other, "P-1", "add")
			k.tap(other, "P-2", "add")
			k.clock.Advance(time.Minute)
			k.chat.Block(who, false)
			c.mu.Lock()
			c.asks = true
			c.mu.Unlock()
			in := k.in(other)
			in.Kind, in.Name, in.Value = dialog.KindCommand, "status", "P-1"
			k.send(k.bot, in)
			soon(t, "the pause", func() bool { return k.bot.Stats().Waiting == 1 })
			k.send(k.bot, tap)
			soon(t, "the block is lifted at the other deal", func() bool {
				r, err := dialog.Decode(k.row("P-2"))
				return err == nil && !slices.ContainsFunc(r.Places, func(p dialog.Place) bool { return p.Blocked })
			})
			c.mu.Lock()
			c.asks = false
			c.mu.Unlock()
			k.clock.Advance(2 * time.Hour)
			k.rest()
		})
	}
}

// What is said to another person has the quotable part of a typed text alone.
func TestSayToIsDiscreet(t *testing.T) {
	k := sat(t)
	in := k.in("1")
	in.Kind, in.Name, in.Text, in.Value = dialog.KindCommand, "leak", "card 4111 0000", "P-1"
	k.handle(in)
	if s := string(k.row("P-1").State); !strings.Contains(s, "leak") || strings.Contains(s, "4111") {
		t.Errorf("the row has %s", s)
	}
}

// A message that shows a deal to the guest is the deal's, also for the guest's own
// conversation.
func TestMessageOfAGuest(t *testing.T) {
	k := sat(t)
	for _, who := range []string{"1", "2"} {
		m := k.newest(who, "P-1")
		place := dialog.Place{Channel: dialogtest.ChatName, Address: who, Push: true}
		if key, shown, err := k.bot.ShownBy(t.Context(), "chat:"+who, place, m.ID); err != nil || !shown || key.ID != "P-1" {
			t.Errorf("%s: %v %v %v", who, key, shown, err)
		}
		in := k.in(who)
		in.Kind, in.Name, in.Message = dialog.KindTap, "home", m.ID // a button of the own conversation
		k.handle(in)
		if x := k.newest(who, "P-1"); x.ID != m.ID {
			t.Errorf("%s: the card of P-1 was replaced", who)
		}
	}
}

// A stranger's claim that meets a defect is parked without the record.
func TestParkedClaim(t *testing.T) {
	k := newTable(t)
	k.say("1", "sell P-1")
	in := k.in("7")
	in.Kind, in.Name, in.Text = dialog.KindCommand, "boom", "P-1 x good"
	did := dialog.DidNothing
	for range 6 {
		out, err := k.bot.Handle(t.Context(), in)
		if out.Record != nil {
			t.Fatalf("a stranger gets the record of %s: %s, %v", out.Record.Owner, out.Did, err)
		}
		did = max(did, out.Did)
		k.clock.Advance(20 * time.Second)
	}
	if did != dialog.DidPark {
		t.Errorf("it ends as %s", did)
	}
}

// The bound of what a flow writes counts every seat, and the age of a context is that of
// its person.
func TestSeatsCount(t *testing.T) {
	for _, who := range []string{"1", "2"} {
		k := sat(t)
		if out, err := k.bot.Handle(t.Context(), k.button(who, "P-1", "big")); err == nil {
			t.Errorf("70 KiB of %s: %s, a row of %d bytes", who, out.Did, len(k.row("P-1").State))
		}
	}
	k := sat(t)
	k.tap("2", "P-1", "open:x")
	k.clock.Advance(72 * time.Hour)
	k.tap("1", "P-1", "open:x")
	if out := k.say("2", "status P-1"); out.Rehydrated.Age < 71*time.Hour {
		t.Errorf("the guest was away for %v", out.Rehydrated.Age)
	}
}

// A message is recognised at any age, however much the others write.
func TestSeriesOfSeats(t *testing.T) {
	k := newTable(t)
	k.say("1", "sell P-1")
	message := func(who string, n int64) dialog.Input {
		in := k.in(who)
		in.Kind, in.Name, in.Value = dialog.KindCommand, "status", "P-1"
		in.Serial = dialog.Serial{Series: "chat:" + who, Number: n, Sent: k.clock.Now().Unix()}
		return in
	}
	first := message("1", 1)
	k.send(k.bot, first)
	others := []string{"2", "3", "4", "5"}
	for _, who := range others {
		in := message(who, 1)
		in.Name, in.Text, in.Value = "join", "P-1 good"+who, ""
		k.send(k.bot, in)
	}
	for n := range int64(10) {
		for _, who := range others {
			k.send(k.bot, message(who, n+2))
		}
	}
	if out := k.send(k.bot, first); out.Did != dialog.DidDuplicate {
		t.Errorf("the owner's message again: %s", out.Did)
	}
	k.rest()
}

// The guest's block is noted at the guest's own conversation, and lifted there.
func TestBlockedGuest(t *testing.T) {
	k := sat(t)
	k.clock.Advance(time.Minute)
	k.chat.Block("2", true)
	k.tap("1", "P-1", "step:next")
	r, err := dialog.Decode(k.row("P-1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Places {
		if p.Blocked != (p.Seat == "s") {
			t.Errorf("place %+v", p)
		}
	}
	k.sees("1", "P-1", "next for b")
	k.clock.Advance(time.Minute)
	k.chat.Block("2", false)
	k.say("2", "hello")
	k.sees("2", "P-1", "next for s")
}

// A conversation has four seats, and roles are short words: anything else is a defect,
// which writes nothing.
func TestSitBounds(t *testing.T) {
	r := &dialog.Record{Head: dialog.Head{Version: 1}}
	sit := func(role, owner string) (sits, defect bool) {
		defer func() { defect = recover() != nil }()
		turn := &dialog.Turn{Before: &dialog.Record{}, Record: r, Input: &dialog.Input{Owner: owner}}
		sits = turn.Sit(role)
		if sits {
			r = turn.Record.As("")
		}
		return sits, false
	}
	for i, role := range []string{"a", "b", "c", "d"} {
		if sits, defect := sit(role, fmt.Sprint("tg:", i)); !sits || defect {
			t.Fatalf("seat %s: %v %v", role, sits, defect)
		}
	}
	if sits, defect := sit("a", "tg:9"); sits || defect {
		t.Errorf("a taken seat: %v %v", sits, defect)
	}
	for _, role := range []string{"e", "", "A", "a b", "ninelette", "ä"} {
		if sits, defect := sit(role, "tg:9"); sits || !defect {
			t.Errorf("seat %q: %v %v", role, sits, defect)
		}
	}
	if len(r.Seats) != 4 || r.Guest != "tg:0" {
		t.Errorf("%d seats, guest %s", len(r.Seats), r.Guest)
	}
}

// A seat goes to another person: they see the conversation and act in it, and the one before
// does neither, not even by a button that was good or by a link.
func TestReseat(t *testing.T) {
	k := sat(t)
	old := k.button("2", "P-1", "add")
	order := func(to, text string) dialog.Did {
		t.Helper()
		k.n++
		return k.handle(dialog.Input{ID: fmt.Sprint("order", k.n), Kind: dialog.KindOrder, Key: dialog.Key{Bot: "bot", Flow: "pact", ID: "P-1"}, Name: "reseat", Value: to, Text: text}).Did
	}
	for _, who := range []string{"chat:1", "chat:2", ""} {
		if did := order(who, ""); did != dialog.DidRefuse || k.row("P-1").Guest != "chat:2" {
			t.Errorf("the seat goes to %q: %s", who, did)
		}
	}
	was := k.newest("2", "P-1")
	if did := order("chat:3", ""); did != dialog.DidApply || k.row("P-1").Guest != "chat:3" {
		t.Fatalf("%s, the guest is %s", did, k.row("P-1").Guest)
	}
	k.sees("3", "P-1", "open for s")
	version := k.row("P-1").Version
	if out := k.handle(old); out.Did != dialog.DidForeign || out.Record != nil {
		t.Errorf("the button of the one before: %s", out.Did)
	}
	if out := k.say("2", "join P-1 good"); out.Did != dialog.DidForeign {
		t.Errorf("the link of the one before: %s", out.Did)
	}
	if k.row("P-1").Version != version || k.newest("2", "P-1").ID != was.ID {
		t.Error("the one before has changed the conversation, or hears of it")
	}
	if out := k.tap("3", "P-1", "add"); out.Did != dialog.DidApply || out.Record.Role() != "s" {
		t.Errorf("the new one: %s", out.Did)
	}
	for who, want := range map[string]int{"chat:1": 1, "chat:2": 0, "chat:3": 1} {
		if list, err := k.bot.Conversations(t.Context(), who, "pact", dialog.Page{}); err != nil || len(list) != want {
			t.Errorf("%s has %d conversations, want %d: %v", who, len(list), want, err)
		}
	}
	if order("chat:4", "nowhere"); len(k.chat.Messages("4")) != 0 {
		t.Error("one without a place hears at one")
	}
	k.say("4", "status P-1")
	k.sees("4", "P-1", "open for s")
	order("chat:2", "")
	if k.sees("2", "P-1", "open for s"); k.newest("2", "P-1").ID == was.ID {
		t.Error("who comes back gets no card of their own")
	}
}

// Nobody is seated where nobody sits.
func TestReseatOfAnEmptySeat(t *testing.T) {
	k := newTable(t)
	k.say("1", "sell P-1")
	in := dialog.Input{ID: "order", Kind: dialog.KindOrder, Key: dialog.Key{Bot: "bot", Flow: "pact", ID: "P-1"}, Name: "reseat", Value: "chat:3"}
	if out := k.handle(in); out.Did != dialog.DidRefuse || k.row("P-1").Guest != "" {
		t.Errorf("%s, the guest is %q", out.Did, k.row("P-1").Guest)
	}
}
