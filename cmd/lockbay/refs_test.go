package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lockbay/lockbay"
)

// refsOf is a deal with these moves and references, in turns.
func refsOf(id string, booked ...string) *lockbay.Escrow {
	e := &lockbay.Escrow{ID: id}
	for i := 0; i < len(booked); i += 2 {
		e.Log = append(e.Log, lockbay.Entry{Move: booked[i], Ref: booked[i+1]})
	}
	return e
}

// sharing are the deals that share a reference with an earlier one.
func sharing(refs *bookedRefs, deals []*lockbay.Escrow) (ids []string) {
	for _, e := range deals {
		refs.note(e)
	}
	if !refs.alike() {
		return nil
	}
	for _, e := range deals {
		if refs.compare(e) != nil {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func TestBookedRefs(t *testing.T) {
	for name, c := range map[string]struct {
		deals []*lockbay.Escrow
		want  []string
	}{
		"none":                         {nil, nil},
		"each has its own":             {[]*lockbay.Escrow{refsOf("a", "received", "r1", "sent", "r2"), refsOf("b", "received", "r3", "sent", "r4")}, nil},
		"three have the same":          {[]*lockbay.Escrow{refsOf("a", "received", "r1"), refsOf("b", "received", "r1"), refsOf("c", "received", "r1")}, []string{"b", "c"}},
		"what came and what was sent":  {[]*lockbay.Escrow{refsOf("a", "received", "r1"), refsOf("b", "sent", "r1")}, nil},
		"a value of the move":          {[]*lockbay.Escrow{refsOf("a", "received:1", "r1"), refsOf("b", "received:2", "r1")}, []string{"b"}},
		"taken back, and again":        {[]*lockbay.Escrow{refsOf("a", "received", "r1", "undone", "r1"), refsOf("b", "undone", "r1")}, nil},
		"entries without a reference":  {[]*lockbay.Escrow{refsOf("a", "accept", ""), refsOf("b", "accept", "")}, nil},
		"the rest came":                {[]*lockbay.Escrow{refsOf("a", "received", "rest"), refsOf("b", "received", "rest")}, nil},
		"twice in one, and in another": {[]*lockbay.Escrow{refsOf("a", "received", "r1", "received", "r1"), refsOf("b", "sent", "r1")}, nil},
	} {
		if got := sharing(newBookedRefs([]string{"rest"}), c.deals); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q share a reference, want %q", name, got, c.want)
		}
	}
}

// TestBookedRefsOfMany: what is found is what a map of all references finds.
func TestBookedRefsOfMany(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var deals []*lockbay.Escrow
	var want []string
	first := map[int]bool{}
	for i := range 2_000 {
		n := r.IntN(100_000)
		deals = append(deals, refsOf(fmt.Sprint("deal ", i), "received", fmt.Sprint("r", n)))
		if first[n] {
			want = append(want, deals[i].ID)
		}
		first[n] = true
	}
	if got := sharing(newBookedRefs(nil), deals); len(want) < 5 || !slices.Equal(got, want) {
		t.Errorf("%d deals share a reference, want %d", len(got), len(want))
	}
}

// Two texts of the same digits are two payments. What is forgotten counts as the same.
func TestBookedRefsByTheirTexts(t *testing.T) {
	deal := func(id, move, text string) *lockbay.Escrow {
		e := refsOf(id, move, "manual:86506edb02ff")
		e.Notes = map[int]string{0: text}
		return e
	}
	deals := []*lockbay.Escrow{deal("a", "received", "R-1"), deal("b", "received", "R-2")}
	if got := sharing(newBookedRefs(nil), deals); len(got) > 0 {
		t.Errorf("two payments: %q share a reference", got)
	}
	deals = []*lockbay.Escrow{deal("a", "received", "R-1"), deal("b", "received", "R-1"), refsOf("c", "received", "manual:86506edb02ff")}
	if got := sharing(newBookedRefs(nil), deals); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("%q share a reference, want b and c", got)
	}
	deals = []*lockbay.Escrow{deal("a", "chargeback", "R-1 stolen"), deal("b", "chargeback", "R-1 lost")}
	if got := sharing(newBookedRefs(nil), deals); !slices.Equal(got, []string{"b"}) {
		t.Errorf("chargebacks: %q share a reference, want b", got)
	}
}

// Digests that are alike are no proof: the references themselves are compared.
func TestBookedRefsAreCompared(t *testing.T) {
	a, b := refsOf("a", "received", "r1"), refsOf("b", "received", "r2")
	refs := newBookedRefs(nil)
	for range 2 {
		refs.note(a)
		refs.note(b)
	}
	if !refs.alike() {
		t.Fatal("no digests are alike")
	}
	if err := errors.Join(refs.compare(a), refs.compare(b)); err != nil {
		t.Error(err)
	}
}

// An escrow stands in the report once, with everything that is wrong with it.
func TestWrongOnce(t *testing.T) {
	var rep verifyReport
	rep.add("a", errors.Join(errors.New("one"), errors.New("two")))
	rep.add("b", errors.New("one"))
	rep.add("a", errors.New("three"))
	if want := []wrongBooks{{"a", "one; two; three"}, {"b", "one"}}; !slices.Equal(rep.Wrong, want) {
		t.Errorf("%q, want %q", rep.Wrong, want)
	}
}
