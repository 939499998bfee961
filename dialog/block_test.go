package dialog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// shop is the person's own conversation: "buy 7" starts the sale S-7.
type shop struct{}

func (shop) FlowName() string { return "shop" }
func (shop) Decide(t *dialog.Turn) {
	if t.Input.Kind == dialog.KindBlock || t.Input.Text == "nothing to say to" {
		return
	}
	t.Record.Step = "here"
	if t.Input.Text == "leave" {
		t.Record.Step = ""
		t.Wake(dialog.ForgetTimer, time.Hour)
	}
	if id, ok := strings.CutPrefix(t.Input.Text, "buy "); ok {
		key := dialog.Key{Bot: "bot", Flow: "sale", ID: "S-" + id}
		t.Start(&dialog.Record{Head: dialog.Head{Key: key, Owner: t.Record.Owner, Draft: key.ID, Step: "open"}, Places: t.Record.Places}, false)
	}
	t.Say("plain", map[string]string{"text": t.Input.Text})
}
func (shop) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{Question: "shop"} }

// sale takes its step from an order, and shows it in a new message.
type sale struct{}

func (sale) FlowName() string     { return "sale" }
func (sale) Match(id string) bool { return strings.HasPrefix(id, "S-") }
func (sale) Decide(t *dialog.Turn) {
	switch t.Input.Kind {
	case dialog.KindOrder:
		t.Record.Step = t.Input.Name
		t.Anew()
	case dialog.KindTap:
		t.Applied()
	}
}
func (sale) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: r.Key.ID + " is " + r.Step}
}

// market is a shop with one person, who has bought n things and seen their cards.
type market struct {
	*testing.T
	clock *dialogtest.Clock
	mem   *dialog.Memory
	store *dialogtest.Faulty // in front of mem
	chat  *dialogtest.Chat
	place dialog.Place
	bot   *dialog.Engine
	n     int
	last  int // input

	parked atomic.Int64 // inputs
}

func newMarket(t *testing.T, n int) *market {
	m := &market{T: t, clock: dialogtest.NewClock(time.Time{}), mem: dialog.NewMemory(), n: n,
		place: dialog.Place{Channel: dialogtest.ChatName, Address: "1", Push: true}}
	m.mem.SetNow(m.clock.Now)
	m.store = dialogtest.NewFaulty(m.mem)
	m.chat = dialogtest.NewChat(m.clock.Now)
	m.start("here.1")
	m.say("hello")
	for i := range n {
		m.say(fmt.Sprint("buy ", i))
	}
	m.rests()
	m.clock.Advance(1e9)
	return m
}

// start is another life of the process.
func (m *market) start(instance string) {
	bot, err := dialog.New(m.store, dialog.Config{Now: m.clock.Now, Instance: instance,
		Recorder: dialog.Recorder{Turn: func(_ dialog.Key, _ dialog.Kind, did dialog.Did, _ time.Duration) {
			if did == dialog.DidPark {
				m.parked.Add(1)
			}
		}}}, shop{}, sale{})
	if err != nil {
		m.Fatal(err)
	}
	bot.Attach(m.chat)
	m.bot = bot
	m.Cleanup(func() { _ = bot.Close(context.Background()) })
}

func (m *market) input(in dialog.Input) {
	m.Helper()
	m.last++
	in.ID = fmt.Sprint(m.last)
	if _, err := m.bot.Handle(m.Context(), in); err != nil {
		m.Fatal(err)
	}
}

func (m *market) say(text string) {
	m.Helper()
	m.input(dialog.Input{Kind: dialog.KindText, Owner: "tg:1", Text: text, Place: m.place})
}

func (m *market) key(i int) dialog.Key {
	return dialog.Key{Bot: "bot", Flow: "sale", ID: fmt.Sprint("S-", i)}
}

// order gives all sales another step.
func (m *market) order(name string) {
	m.Helper()
	for i := range m.n {
		m.input(dialog.Input{Kind: dialog.KindOrder, Name: name, Key: m.key(i)})
	}
}

func (m *market) records() (list []*dialog.Record) {
	m.Helper()
	rows, err := m.mem.List(m.Context(), dialog.Query{Deep: true, Limit: 1000})
	if err != nil {
		m.Fatal(err)
	}
	for _, row := range rows {
		r, err := dialog.Decode(row)
		if err != nil {
			m.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// count counts the conversations with a property.
func (m *market) count(so func(*dialog.Record) bool) (n int) {
	m.Helper()
	for _, r := range m.records() {
		if so(r) {
			n++
		}
	}
	return n
}

func (m *market) blocked() int {
	m.Helper()
	return m.count(func(r *dialog.Record) bool { p, _ := r.Place(m.place.Channel, m.place.Address); return p.Blocked })
}

// rests waits until nothing is under way and all marks are written.
func (m *market) rests() {
	m.Helper()
	soon(m.T, "all is shown", func() bool {
		return m.bot.Stats().Couriers == 0 && m.count((*dialog.Record).Undelivered) == 0
	})
}

// A message of the person lifts the block of all their conversations. Each one then shows
// its undelivered card once.
func TestMessageLiftsAllBlocks(t *testing.T) {
	for _, n := range []int{1, 5, 25, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			m := newMarket(t, n)
			m.chat.Block("1", true)
			m.order("paid")
			m.rests()
			if got := m.blocked(); got != n+1 {
				t.Fatalf("%d of %d conversations know of the block", got, n+1)
			}
			m.chat.Block("1", false)
			m.clock.Advance(1e9)
			calls := m.chat.Calls()
			m.say("here I am")
			soon(t, "all are lifted", func() bool { return m.blocked() == 0 })
			m.rests()
			for i := range n {
				want := fmt.Sprintf("S-%d is paid", i)
				if got := m.cards(want); got != 1 {
					t.Errorf("%d cards say %q", got, want)
				}
			}
			if got := m.chat.Calls() - calls; got > 2*(n+1) { // a card each, and the one that it replaces is removed
				t.Errorf("%d calls for %d cards", got, n+1)
			}
			if notes := m.count(func(r *dialog.Record) bool { return len(r.BlockNotes) > 0 }); notes > 0 {
				t.Error("it is still noted whom to tell")
			}
			calls = m.chat.Calls()
			m.say("and again")
			m.rests()
			if got := m.chat.Calls() - calls; got > 2 {
				t.Errorf("%d calls for one card", got)
			}
		})
	}
}

// cards counts the messages with this text.
func (m *market) cards(text string) (n int) {
	for _, x := range m.chat.Messages("1") {
		if x.Card.Question == text {
			n++
		}
	}
	return n
}

// The process dies after the witness has heard of the person, and before the block of the
// others is lifted: the next process lifts it.
func TestDiesBeforeABlockIsLifted(t *testing.T) {
	m := newMarket(t, 3)
	m.chat.Block("1", true)
	m.order("paid")
	m.rests()
	m.chat.Block("1", false)
	m.clock.Advance(1e9)
	_ = m.bot.Close(t.Context())
	deaf, err := dialog.New(m.mem, dialog.Config{Now: m.clock.Now, Instance: "here.2", Detached: true}, shop{}, sale{})
	if err != nil {
		t.Fatal(err)
	}
	m.bot = deaf // commits, and dies before its courier has done anything
	m.say("here I am")
	_ = deaf.Close(t.Context())
	if got := m.blocked(); got != 3 {
		t.Fatalf("%d conversations are blocked", got)
	}
	m.start("here.3")
	if _, err := m.bot.Sweep(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	soon(t, "all are lifted", func() bool { return m.blocked() == 0 })
	m.rests()
	if m.cards("S-2 is paid") != 1 {
		t.Error("a card has not come")
	}
}

// An inferred block may be wrong: the next card is tried, and an input of the person since
// the send refutes it.
func TestInferredBlock(t *testing.T) {
	t.Run("next card", func(t *testing.T) {
		m := newMarket(t, 1)
		m.chat.Fail(dialog.ErrBlocked)
		m.order("paid")
		m.rests()
		if m.blocked() != 2 || m.cards("S-0 is paid") != 0 {
			t.Fatal("not noted")
		}
		m.order("sent")
		m.rests()
		if m.cards("S-0 is sent") != 1 {
			t.Error("the next card is not tried")
		}
	})
	t.Run("heard of since", func(t *testing.T) {
		m := newMarket(t, 1)
		h := &held{Channel: m.chat, holding: make(chan struct{}), free: make(chan struct{}), hold: true, err: dialog.ErrBlocked}
		_ = m.bot.Close(t.Context())
		m.start("here.2")
		m.bot.Attach(h)
		m.order("paid")
		<-h.holding
		m.clock.Advance(1e9)
		m.input(dialog.Input{Kind: dialog.KindText, Owner: "tg:1", Text: "hello?", Place: m.place})
		close(h.free)
		soon(t, "it is tried again", func() bool {
			m.clock.Advance(1e9)
			return m.cards("S-0 is paid") == 1
		})
		soon(t, "the block is refuted by the person who has written since", func() bool { return m.blocked() == 0 })
	})
}

// A tap on one of the person's other conversations lifts the block of all.
func TestTapLiftsABlock(t *testing.T) {
	m := newMarket(t, 3)
	m.chat.Block("1", true)
	m.order("paid")
	m.rests()
	m.chat.Block("1", false)
	m.clock.Advance(1e9)
	m.input(dialog.Input{Kind: dialog.KindTap, Name: "look", Owner: "tg:1", Draft: "S-1", Revision: 1, Bound: true, Place: m.place})
	soon(t, "all are lifted", func() bool { return m.blocked() == 0 })
	m.rests()
}

// So does an input that its flow ignores.
func TestIgnoredInputLiftsABlock(t *testing.T) {
	m := newMarket(t, 3)
	m.chat.Block("1", true)
	m.order("paid")
	m.rests()
	m.chat.Block("1", false)
	m.clock.Advance(1e9)
	m.say("nothing to say to")
	soon(t, "all are lifted", func() bool { return m.blocked() == 0 })
	m.rests()
	if got := m.cards("shop"); got != 1 {
		t.Errorf("%d cards of the shop, want the one from before", got)
	}
	versions := m.records()
	m.say("nothing to say to")
	for i, r := range m.records() {
		if r.Version != versions[i].Version {
			t.Errorf("%s: a turn for nothing", r.Key)
		}
	}
}

// A block that the channel reports is one turn, of the person's own conversation.
func TestBlockReported(t *testing.T) {
	m := newMarket(t, 5)
	versions := func() (sum int64) {
		for _, r := range m.records() {
			sum += r.Version
		}
		return sum
	}
	before := versions()
	m.input(dialog.Input{Kind: dialog.KindBlock, Name: "blocked", Owner: "tg:1", Place: m.place})
	if got := versions() - before; got != 1 || m.blocked() != 1 {
		t.Errorf("%d turns, %d conversations are blocked", got, m.blocked())
	}
	m.chat.Block("1", true)
	calls := m.chat.Calls()
	m.input(dialog.Input{Kind: dialog.KindText, Owner: "tg:1", Text: "by the page"})
	m.rests()
	if m.chat.Calls() > calls {
		t.Error("a card goes to a person who is known to have blocked the bot")
	}
}

// A person who comes back gets the current card, although the chat has had it.
func TestUnblockedGetsTheCard(t *testing.T) {
	m := newMarket(t, 0)
	block := func(name string) (calls int) {
		before := m.chat.Calls()
		m.input(dialog.Input{Kind: dialog.KindBlock, Name: name, Owner: "tg:1", Place: m.place})
		m.rests()
		return m.chat.Calls() - before
	}
	if n := block("blocked"); n != 0 || m.blocked() != 1 {
		t.Errorf("%d calls for a block, %d conversations are blocked", n, m.blocked())
	}
	if n := block("unblocked"); n != 1 || m.blocked() != 0 {
		t.Errorf("%d calls for the end of a block, %d conversations are blocked", n, m.blocked())
	}
	if n := block("unblocked"); n != 0 {
		t.Errorf("%d calls for the end of no block", n)
	}
}

// A witness without the place records a block there, and drops the oldest of eight other
// places for it.
func TestWitnessElsewhere(t *testing.T) {
	m := newMarket(t, 1)
	for i := range 8 {
		m.input(dialog.Input{Kind: dialog.KindText, Owner: "tg:1", Text: "x", Place: dialog.Place{Channel: "web", Address: fmt.Sprint(i)}})
	}
	m.clock.Advance(1e9)
	m.chat.Block("1", true)
	m.order("paid")
	m.rests()
	m.chat.Block("1", false)
	m.clock.Advance(1e9)
	m.say("here I am")
	soon(t, "both are lifted", func() bool { return m.blocked() == 0 })
	m.rests()
	own := m.records()[slices.IndexFunc(m.records(), func(r *dialog.Record) bool { return r.Key.Flow == "shop" })]
	if len(own.Places) != 8 {
		t.Errorf("%d places", len(own.Places))
	}
}

// The block of a conversation that this version cannot decode is lifted once it can,
// however late, and holds up no other.
func TestLiftedWhenItCanBeRead(t *testing.T) {
	for _, n := range []int{2, 25} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			m := newMarket(t, n)
			m.chat.Block("1", true)
			m.order("paid")
			m.rests()
			format := m.format(0, 1<<20)
			m.chat.Block("1", false)
			m.clock.Advance(1e9)
			m.say("here I am")
			soon(t, "the others are lifted", func() bool {
				m.clock.Advance(1e9)
				return m.cards(fmt.Sprintf("S-%d is paid", n-1)) == 1
			})
			soon(t, "it is told, and parks that", func() bool {
				m.clock.Advance(1e9)
				m.bot.Stats() // ends the waits that the clock has passed
				return m.parked.Load() > 2
			})
			m.format(0, format)
			soon(t, "it is lifted", func() bool {
				m.clock.Advance(1e9)
				m.bot.Stats()
				return m.cards("S-0 is paid") == 1
			})
			m.rests()
			if notes := m.count(func(r *dialog.Record) bool { return len(r.BlockNotes) > 0 }); notes > 0 {
				t.Error("it is still noted whom to tell")
			}
		})
	}
}

// format gives a row another format, like a program of that format, and returns the old
// one.
func (m *market) format(i, format int) (had int) {
	m.Helper()
	row, err := m.mem.Load(m.Context(), m.key(i))
	if err != nil {
		m.Fatal(err)
	}
	after := *row
	had, after.Format = row.Format, format
	after.Version++
	after.Tag++
	out, err := m.mem.Commit(m.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: row.Stamp(), After: &after}}})
	if err != nil || out.Verdicts[0] != dialog.Applied {
		m.Fatal(out, err)
	}
	return had
}
