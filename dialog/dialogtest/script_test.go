package dialogtest

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

func TestScript(t *testing.T) {
	s := New(t, Options{Flows: orderFlows()})
	s.Command("/create")
	s.Expect("Step 1 of 4", "What shall it be?")
	s.Say("Чай 🍵")
	s.Expect("Step 2 of 4", "What: Чай 🍵")
	s.Say("huge")
	s.Expect("“huge” is not offered")
	s.Restart()
	s.Say("small")
	s.Expect("Step 3 of 4", "Welcome back", "Size: small")
	s.Evict()
	s.Tap("Back")
	s.Expect("What size?")
	s.DoubleTap("size:large")
	s.Expect("Where to?", "Size: large")
	s.Say("Kyiv")
	s.Expect("Step 4 of 4", "What: Чай 🍵", "Size: large", "Where: Kyiv")
	s.DoubleTap("Confirm")
	s.Expect("is pending", "Чай 🍵/large/Kyiv")
	s.Redeliver()
	if n := len(s.Messages()); n != 1 {
		t.Errorf("%d messages instead of one:\n%s", n, s.Transcript())
	}
	s.Advance(payWithin)
	s.Sweep()
	s.Expect("is lapsed")
	s.rest()
	if d := s.stale(); d != "" {
		t.Error(d)
	}
}

// A failed call of the channel is tried again. An edit whose answer was lost makes no second message.
func TestScriptChannelFaults(t *testing.T) {
	s := New(t, Options{Flows: orderFlows()})
	s.Command("/create")
	s.Chat().Fail(&dialog.RetryAfter{After: 5 * time.Second})
	s.Say("tea")
	s.ExpectNot("What size?")
	s.Advance(5 * time.Second)
	s.Expect("What size?")
	tap := s.tap("size:small")
	s.Chat().Gone("m2") // removed at the moment of the tap
	s.Send(tap)
	s.Expect("Where to?")
	s.Chat().Lose(1)
	s.Tap("Back")
	s.Advance(time.Second)
	s.Expect("What size?")
	if n := len(s.Messages()); n != 1 {
		t.Errorf("%d messages instead of one:\n%s", n, s.Transcript())
	}
	s.Chat().Block("1", true)
	s.Tap("size:small")
	s.Advance(time.Minute)
	s.Chat().Block("1", false)
	s.Send(dialog.Input{Kind: dialog.KindBlock, Name: "unblocked", Key: dialog.Key{Bot: "bot", Flow: "order", ID: "chat:1"},
		Place: dialog.Place{Channel: ChatName, Address: "1", Push: true}})
	s.Expect("Where to?")
}

// A failure shows the conversation.
func TestScriptTranscript(t *testing.T) {
	p := probe(t, func(tb testing.TB) {
		s := New(tb, Options{Flows: orderFlows()})
		s.Command("/create")
		s.Say("tea")
		s.Expect("coffee")
	})
	for _, want := range []string{`does not say "coffee"`, "> /create", "> tea", "| What size?", "[large]"} {
		if !strings.Contains(p, want) {
			t.Errorf("the failure does not say %q:\n%s", want, p)
		}
	}
}

// A process may write an old card over a newer one and die before anything records that. A
// tap on the old card's button brings the current card back.
func TestScriptLateCard(t *testing.T) {
	s := New(t, Options{Flows: orderFlows()})
	s.Command("/create")
	s.Say("tea")
	old := s.Chat().Messages("1")[0]
	s.Tap("size:large")
	s.Expect("Where to?")
	s.Advance(10 * time.Second)
	place := dialog.Place{Channel: ChatName, Address: "1", Push: true}
	if _, err := s.Chat().Show(t.Context(), dialog.Showing{Place: place, Card: old.Card, Message: old.ID}); err != nil {
		t.Fatal(err)
	}
	s.Expect("What size?")
	s.Tap("size:large")
	s.Expect("Where to?", "Size: large")
}
