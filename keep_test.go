package lockbay

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// whatStays are the fields of a deal that outlast its people, and whatGoes those that name people or have their words. A new
// field is written into one of them, and into [Escrow.Forget].
var (
	whatStays = []string{"ID", "Draft", "Terms", "Quote", "Status", "Created", "Expires", "Log", "Chain", "Until", "Times", "Window"}
	whatGoes  = []string{"Buyer", "Notes", "Operators", "Sides"}
)

// TestForgottenDeal: after it was forgotten no word of a person is left in a deal, and its books are as they were.
func TestForgottenDeal(t *testing.T) {
	kind := reflect.TypeFor[Escrow]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		if slices.Contains(whatStays, name) == slices.Contains(whatGoes, name) {
			t.Errorf("does the field %s stay or go?", name)
		}
	}
	for _, f := range Fields {
		if free := f.hasText() && f.Options == nil && !f.InSums; free != f.Personal {
			t.Errorf("%s: free text %v, personal %v", f.Name, free, f.Personal)
		}
	}
	e := NewEscrow(NewEscrowID(7), "draft", "tg:1", plates(), DefaultRules().Quote(plates()), noon, time.Hour)
	if _, err := e.Act(Act{Role: Desk, Move: MoveReceived, Sum: e.Sum(), Ref: "R-1", At: noon, Key: refKey}); err != nil {
		t.Fatal(err)
	}
	if err := e.Forget(); !errors.Is(err, ErrNotEnded) {
		t.Fatalf("a deal that is %s is forgotten: %v", e.Status, err)
	}
	at := noon
	for _, a := range []Act{
		{Role: Desk, Move: MoveDecide, Share: 5000, Text: "half is broken"},
		{Role: Desk, Move: MoveSending, To: Buyer, Text: "LT60 1010"}, {Role: Desk, Move: MoveSent, To: Buyer, Ref: "R-77"},
		{Role: Desk, Move: MoveSending, To: Seller, Text: "LT60 2020"}, {Role: Desk, Move: MoveSent, To: Seller, Ref: "R-78"},
	} {
		a.At, a.Key, a.Operator = at, refKey, "tg:77"
		at = at.Add(48 * time.Hour)
		if changed, err := e.Act(a); err != nil || !changed {
			t.Fatalf("%s: %v", a.Move, err)
		}
	}
	e.Sides = Sides{"salt-of-it", 3, "@the_buyer", "@the_seller", "tg:9"}
	was := e
	if e.Forgotten() || !e.HasBooks() || !e.EndedAt().Equal(noon.Add(4*48*time.Hour)) {
		t.Errorf("before: %v %v %v", e.Forgotten(), e.HasBooks(), e.EndedAt())
	}
	if err := e.Forget(); err != nil || !e.Forgotten() {
		t.Fatal(err)
	}
	raw, err := json.Marshal(&e)
	if err != nil {
		t.Fatal(err)
	}
	words := []string{was.Buyer, was.Terms.Seller.Value, was.Terms.Description, "R-77", "R-78", "LT60", "broken", "tg:77", "salt-of-it", "the_buyer", "the_seller", "tg:9"}
	for _, word := range words {
		if strings.Contains(string(raw), word) {
			t.Errorf("%q is in %s", word, raw)
		}
	}
	if err := e.Verify(); err != nil || !reflect.DeepEqual(e.Log, was.Log) || !reflect.DeepEqual(e.Replay(), was.Replay()) || e.Quote != was.Quote {
		t.Errorf("the books are %+v, %v", e, err)
	}
	if role, operator := e.Actor(len(e.Log) - 1); role != Desk || operator != "" {
		t.Errorf("the last entry is of %s %s", role, operator)
	}
}

// TestMoneyForForgottenPeople: a payment that comes when nobody knows the people any more revives no deal, and goes back.
func TestMoneyForForgottenPeople(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		e := NewEscrow(NewEscrowID(7), "draft", "tg:1", plates(), DefaultRules().Quote(plates()), noon, time.Hour)
		if _, err := e.Act(Act{Role: Clock, Move: MoveOver, At: noon.Add(2 * time.Hour), Key: refKey}); err != nil || e.Status != PaymentLapsed {
			t.Fatal(e.Status, err)
		}
		if forgotten {
			if err := e.Forget(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.Act(Act{Role: Desk, Move: MoveReceived, Sum: e.Sum(), Ref: "R-1", At: noon.Add(3 * time.Hour), Key: refKey}); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]Status{false: PaymentConfirmed, true: Settling}[forgotten]; e.Status != want {
			t.Errorf("forgotten %v: the deal is %s, want %s", forgotten, e.Status, want)
		}
	}
}
