package dialog

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// buyer is a person's flow. A text starts a deal, to which edits are passed on.
type buyer struct{ silent }

func (buyer) FlowName() string { return "buyer" }

func (buyer) Decide(t *Turn) {
	switch {
	case t.Input.Kind == KindText:
		t.Start(&Record{Head: Head{Key: Key{"bot", "deal", "D-1"}, Owner: t.Input.Owner, Draft: "D-1", Step: "waiting"}}, false)
	case t.Input.Edit:
		switch t.Input.Text {
		case "say":
			t.Say("thanks", nil)
		case "log":
			t.Event(EventRefused, "edit")
		}
		t.Pass(t.Record.Started)
	}
}

// deal answers edits.
type deal struct{ silent }

func (deal) FlowName() string     { return "deal" }
func (deal) Match(id string) bool { return strings.HasPrefix(id, "D-") }

func (deal) Decide(t *Turn) {
	if t.Input.Edit {
		t.Refuse("edited", nil, "")
	}
}

// TestPassedOnAgain: an edit shows that the person can be reached, and is passed on. If only
// the first of these two turns was committed, the redelivery is passed on, too.
func TestPassedOnAgain(t *testing.T) {
	ctx, key := context.Background(), Key{"bot", "deal", "D-1"}
	s := &oneBad{Memory: NewMemory(), key: key}
	e, err := New(s, Config{}, buyer{}, deal{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	in := func(id string, kind Kind) Input {
		return Input{ID: id, Kind: kind, Owner: "tg:1", Place: Place{Channel: "chat", Address: "1", Push: true}}
	}
	blocked := in("2", KindBlock)
	blocked.Name = blockReported
	for _, x := range []Input{in("1", KindText), blocked} {
		if _, err := e.Handle(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	edit := in("3", KindOther)
	edit.Edit = true
	s.bad.Store(true)
	if _, err := e.Handle(ctx, edit); err == nil {
		t.Fatal("the second turn was committed")
	}
	own, _, err := e.Hydrate(ctx, Key{"bot", "buyer", "tg:1"})
	if err != nil || own.Places[0].Blocked {
		t.Fatalf("the block is not lifted: %+v, %v", own, err)
	}
	s.bad.Store(false)
	for _, want := range []Did{DidRefuse, DidDuplicate} {
		out, err := e.Handle(ctx, edit)
		if err != nil || out.Did != want || out.Record.Key != key || out.Record.Said == nil || out.Record.Said.Code != "edited" {
			t.Errorf("%v %+v, %v; want %v by the deal", out.Did, out.Record, err, want)
		}
	}
}

// TestPassAlone: a turn that passes its input on does nothing else. Its redelivery would be a
// duplicate, and the other conversation might never get it.
func TestPassAlone(t *testing.T) {
	ctx := context.Background()
	e, err := New(NewMemory(), Config{}, buyer{}, deal{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	if _, err := e.Handle(ctx, Input{ID: "1", Kind: KindText, Owner: "tg:1"}); err != nil {
		t.Fatal(err)
	}
	for _, does := range []string{"say", "log"} {
		if out, err := e.Handle(ctx, Input{ID: does, Kind: KindOther, Edit: true, Text: does, Owner: "tg:1"}); !errors.Is(err, errDefect) {
			t.Errorf("a turn that passes and does %q: %v, %v", does, out.Did, err)
		}
	}
	out, err := e.Handle(ctx, Input{ID: "2", Kind: KindOther, Edit: true, Owner: "tg:1"})
	if err != nil || out.Record.Key.Flow != "deal" || out.Did != DidRefuse {
		t.Errorf("a turn that only passes: %v, %v", out.Did, err)
	}
}
