package dialog_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

var shopKey = dialog.Key{Bot: "bot", Flow: "shop", ID: "tg:1"}

// paidBlocked pays all sales while the person cannot be reached.
func (m *market) paidBlocked() {
	m.Helper()
	m.clock.Advance(1e9)
	m.chat.Block("1", true)
	m.order("paid")
	m.rests()
	m.clock.Advance(1e9)
}

// over lets two hours pass, after which an idle conversation is forgotten.
func (m *market) over() {
	m.Helper()
	m.clock.Advance(2 * time.Hour)
	if _, err := m.bot.Sweep(m.Context(), 0); err != nil {
		m.Fatal(err)
	}
	if _, err := m.bot.Peek(m.Context(), shopKey); err == nil {
		m.Fatal("not forgotten")
	}
}

// older gives the witness the format of a program without notes.
func (m *market) older() {
	m.Helper()
	_ = m.bot.Close(m.Context())
	row, err := m.mem.Load(m.Context(), shopKey)
	if err != nil {
		m.Fatal(err)
	}
	before := row.Stamp()
	row.Version, row.Tag, row.Format = row.Version+1, row.Tag+1, 1
	row.State = regexp.MustCompile(`,"u":\[[^][]*"k":"bot:sale[^][]*\]`).ReplaceAll(row.State, nil)
	row.State = []byte(strings.Replace(string(row.State), `"b":true,`, "", 1))
	if strings.Contains(string(row.State), "bot:sale") {
		m.Fatalf("the notes are still there: %s", row.State)
	}
	done, err := m.mem.Commit(m.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}})
	if err != nil || done.Verdicts[0] != dialog.Applied {
		m.Fatal(done, err)
	}
	m.start("here.2")
}

// The witness lacks the notes of a block. The person comes back to current cards,
// whatever they do first.
func TestWitnessWithoutNotes(t *testing.T) {
	unknowing := map[string]func(m *market){
		"its time was over before": func(m *market) {
			m.say("leave")
			m.over()
			m.paidBlocked()
		},
		"its time was over since": func(m *market) {
			m.say("leave")
			m.paidBlocked()
			m.over()
		},
		"forgotten": func(m *market) {
			m.paidBlocked()
			if err := m.bot.Forget(m.Context(), shopKey); err != nil {
				m.Fatal(err)
			}
		},
		"of an older program": func(m *market) {
			m.paidBlocked()
			m.older()
		},
	}
	inputs := map[string]dialog.Input{
		"a text":                 {Kind: dialog.KindText, Text: "here I am"},
		"a text without answer":  {Kind: dialog.KindText, Text: "nothing to say to"},
		"a tap on one of theirs": {Kind: dialog.KindTap, Name: "look", Draft: "S-1", Revision: 1, Bound: true},
	}
	for name, prepare := range unknowing {
		for what, in := range inputs {
			t.Run(name+", "+what, func(t *testing.T) {
				m := newMarket(t, 2)
				prepare(m)
				m.chat.Block("1", false)
				m.clock.Advance(1e9)
				in.Owner, in.Place = "tg:1", m.place
				m.input(in)
				soon(t, "all are lifted", func() bool { return m.blocked() == 0 })
				m.rests()
				if m.cards("S-0 is paid") != 1 || m.cards("S-1 is paid") != 1 {
					t.Error("a card has not come")
				}
			})
		}
	}
}

// The list of blocked conversations may be long. If the process dies before it, the next
// one lists them.
func TestListsManyAndAfterADeath(t *testing.T) {
	m := newMarket(t, 130)
	m.say("leave")
	m.paidBlocked()
	m.over()
	m.chat.Block("1", false)
	_ = m.bot.Close(t.Context())
	deaf, err := dialog.New(m.mem, dialog.Config{Now: m.clock.Now, Instance: "here.2", Detached: true}, shop{}, sale{})
	if err != nil {
		t.Fatal(err)
	}
	m.bot = deaf
	m.say("here I am")
	_ = deaf.Close(t.Context())
	if got := m.blocked(); got != 130 {
		t.Fatalf("%d conversations are blocked", got)
	}
	m.start("here.3")
	if _, err := m.bot.Sweep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	soon(t, "all are lifted", func() bool { return m.blocked() == 0 })
	m.rests()
	if m.cards("S-129 is paid") != 1 {
		t.Error("a card has not come")
	}
}

// A block is recorded while a new row of the witness is written, after the read of the
// person's other conversations.
func TestBlockedWhileItsWitnessBegins(t *testing.T) {
	m := newMarket(t, 1)
	m.say("leave")
	m.rests()
	m.over()
	writing, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	begins := m.other("begins", func(point string) {
		if point == "commit shop/tg:1" {
			once.Do(func() { close(writing); <-goOn })
		}
	})
	done := make(chan error, 1)
	go func() {
		_, err := begins.Handle(context.Background(), dialog.Input{ID: "here", Kind: dialog.KindText, Owner: "tg:1", Text: "here I am", Place: m.place})
		done <- err
	}()
	<-writing
	m.clock.Advance(1e9)
	m.chat.Fail(dialog.ErrBlocked) // it only looks like one
	m.order("paid")
	m.rests()
	if m.blocked() != 1 {
		t.Fatal("the block is not noted")
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	soon(t, "it is lifted", func() bool { return m.blocked() == 0 })
	soon(t, "its card is shown", func() bool { return m.cards("S-0 is paid") > 0 })
}

// Without a block the conversations are listed once, for a witness that is new or of an
// older program. A person without other conversations costs no turn for that.
func TestListsOnce(t *testing.T) {
	m := newMarket(t, 0)
	m.rests()
	row, err := m.mem.Load(t.Context(), shopKey)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.store.Calls(dialogtest.List); got != 1 || row.Version != 1 {
		t.Errorf("%d lists and %d turns for a new person", got, row.Version)
	}
	m.say("buy 0")
	m.say("buy 1")
	m.rests()
	if got := m.store.Calls(dialogtest.List); got != 1 {
		t.Errorf("%d lists for one who goes on", got)
	}
	m.older()
	m.say("here I am")
	soon(t, "it has looked", func() bool {
		return m.count(func(r *dialog.Record) bool { return len(r.BlockNotes) > 0 }) == 0
	})
	m.say("and again")
	m.bot.Evict()
	m.say("and again")
	m.rests()
	if got := m.store.Calls(dialogtest.List); got != 2 {
		t.Errorf("%d lists, of which one is of an older program's witness", got)
	}
}
