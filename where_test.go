package lockbay

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestWhereTo: each party says where its own money goes, and the latest counts until it is on its way.
func TestWhereTo(t *testing.T) {
	terms := plates()
	e := NewEscrow(NewEscrowID(7), "draft", "tg:1", terms, DefaultRules().Quote(terms), noon, time.Hour)
	at := noon
	act := func(a Act) (bool, error) {
		at = at.Add(time.Minute)
		a.At, a.Key = at, refKey
		return e.Act(a)
	}
	must := func(a Act) {
		t.Helper()
		if changed, err := act(a); !changed || err != nil {
			t.Fatalf("%s: %v, %v", a.Move, changed, err)
		}
	}
	says := func(r Role, text string) Act { return Act{Role: r, Move: MoveWhere, Text: text} }
	var not *NotNow
	must(Act{Role: Desk, Move: MoveReceived, Sum: e.Sum(), Ref: "R-1"})
	must(Act{Role: Seller, Move: MoveAccept})
	if _, err := act(says(Seller, "LT60 1010")); !errors.As(err, &not) || !strings.Contains(err.Error(), "possible in settling") {
		t.Errorf("before settling: %v", err)
	}
	must(Act{Role: Desk, Move: MoveDecide, Share: ShareAll / 2, Text: "half"})
	for name, text := range map[string]string{"empty": " ", "too long": strings.Repeat("ž", TextMost+1), "control": "LT60\x07"} {
		if changed, err := act(says(Seller, text)); changed || !errors.Is(err, ErrAct) {
			t.Errorf("%s: %v, %v", name, changed, err)
		}
	}
	must(says(Seller, "LT60 1010"))
	must(says(Buyer, "DE12"))
	must(says(Seller, "LT60 2020"))
	had := len(e.Log)
	if changed, err := act(says(Seller, "LT60 2020")); changed || err != nil || len(e.Log) != had {
		t.Errorf("the same again: %v, %v", changed, err)
	}
	if e.WhereTo(Seller) != "LT60 2020" || e.WhereTo(Buyer) != "DE12" {
		t.Errorf("to %q and %q", e.WhereTo(Seller), e.WhereTo(Buyer))
	}
	for _, text := range e.Notes {
		if text == "LT60 1010" {
			t.Error("what was changed is still kept")
		}
	}
	at = at.Add(DecisionDelay)
	must(Act{Role: Desk, Move: MoveSending, To: Seller})
	if got := e.Notes[len(e.Log)-1]; got != "LT60 2020" {
		t.Errorf("it is sent to %q", got)
	}
	if changed, err := act(says(Seller, "LT60 3030")); changed || !errors.Is(err, ErrAct) {
		t.Errorf("while it is on its way: %v, %v", changed, err)
	}
	must(says(Buyer, "DE13"))
	must(Act{Role: Desk, Move: MoveFailed, To: Seller, Text: "no such account"})
	must(says(Seller, "LT60 3030"))
	for n := 0; n < whereMost; n++ {
		_, _ = act(says(Buyer, strings.Repeat("x", n+1)))
	}
	if changed, err := act(says(Buyer, "once more")); changed || !errors.Is(err, ErrAct) {
		t.Errorf("too often: %v, %v", changed, err)
	}
}
