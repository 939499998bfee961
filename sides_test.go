package lockbay

import (
	"reflect"
	"testing"
	"time"
)

// TestTermsHash: every term, every sum and the salt change the hash.
func TestTermsHash(t *testing.T) {
	deal := func() *Escrow {
		e := &Escrow{ID: NewEscrowID(42), Sides: Sides{Salt: "salt"}}
		for _, f := range Fields {
			f.Sample(&e.Terms, 0)
		}
		e.Quote = DefaultRules().Quote(e.Terms)
		return e
	}
	was := deal().TermsHash()
	if len(was) != 10 || deal().TermsHash() != was {
		t.Fatalf("the hash is %q, then %q", was, deal().TermsHash())
	}
	changed := func(what string, e *Escrow) {
		t.Helper()
		if e.TermsHash() == was {
			t.Errorf("another %s has the same hash", what)
		}
	}
	for _, f := range Fields {
		e := deal()
		f.Sample(&e.Terms, 1)
		changed(f.Name, e)
	}
	for i := range reflect.TypeFor[Quote]().NumField() {
		e, name := deal(), reflect.TypeFor[Quote]().Field(i).Name
		switch f := reflect.ValueOf(&e.Quote).Elem().Field(i); {
		case name == "Hash": // it has the rules, too, and people agree on the sums
			continue
		case f.Kind() == reflect.Int64:
			f.SetInt(f.Int() + 1)
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		default:
			f.SetString("XXX")
		}
		changed(name, e)
	}
	for i := range reflect.TypeFor[Times]().NumField() {
		e := deal()
		reflect.ValueOf(&e.Times).Elem().Field(i).SetInt(60)
		changed(reflect.TypeFor[Times]().Field(i).Name, e)
	}
	first := deal()
	first.WaitForSeller()
	if first.Window = 60; first.TermsHash() == was {
		t.Error("a seller who accepts first accepts the same hash")
	}
	e := deal()
	e.Sides.Salt = "another"
	changed("salt", e)
	if e.Sides = (Sides{}); e.TermsHash() != "" {
		t.Error("a deal of before has a hash")
	}
	for i := range reflect.TypeFor[Terms]().NumField() {
		e := deal()
		f := reflect.ValueOf(&e.Terms).Elem().Field(i)
		f.SetZero()
		changed(reflect.TypeFor[Terms]().Field(i).Name, e)
	}
}

// TestReseatOfADeal: the seller's side goes to another account, in every status that has not ended; the link of before
// counts no more, and the log has who ordered it.
func TestReseatOfADeal(t *testing.T) {
	to := func(account string) Act {
		return Act{Role: Desk, Operator: "tg:9", Move: MoveReseat, Seat: account, At: noon.Add(time.Hour)}
	}
	for _, status := range everyStatus {
		e := in(t, status)
		if e.Sides = (Sides{Salt: "salt", Link: 3}); !status.Ended() {
			e.refusedAct(t, to("web:new"), "nobody has joined as the seller")
		}
		e.Sides.Joined, e.Sides.Seller = "web:old", "@anna"
		if status.Ended() {
			e.refusedAct(t, to("web:new"), "until it has ended")
			continue
		}
		e.refusedAct(t, to(e.Buyer), "is the buyer")
		e.refusedAct(t, to(""), "want the key")
		if changed, err := e.try(to("web:old")); changed || err != nil {
			t.Errorf("%s, to the same account: %t, %v", status, changed, err)
		}
		was, hash := len(e.Log), e.TermsHash()
		e.moved(t, to("web:new"))
		if e.Status != status || e.Sides != (Sides{Salt: "salt", Link: 4, Joined: "web:new"}) || e.TermsHash() != hash || e.Verify() != nil {
			t.Errorf("%s: %s, %+v, %v", status, e.Status, e.Sides, e.Verify())
		}
		role, operator := e.Actor(was)
		if len(e.Log) != was+1 || role != Desk || operator != "tg:9" || e.Notes[was] != "web:new" {
			t.Errorf("%s: the log says %+v, by %s %s, %q", status, e.Log[was:], role, operator, e.Notes[was])
		}
		if changed, err := e.try(to("web:new")); changed || err != nil {
			t.Errorf("%s, twice: %t, %v", status, changed, err)
		}
		asSeller := to("web:x")
		asSeller.Role = Seller
		e.refusedAct(t, asSeller, "is a move of the desk, not of the seller")
	}
}
