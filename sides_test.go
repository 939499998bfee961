package lockbay

import (
	"reflect"
	"testing"
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
