package main

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/lockbay/lockbay"
)

// bookedRefs finds a reference that is booked for two deals, in two passes over all deals. The first pass keeps a digest of
// each reference, 8 bytes. The second compares the references whose digests are alike, and is needed only if there are any.
type bookedRefs struct {
	rest    []string             // references that say no more than that the rest came
	seed    maphash.Seed         // of the digests
	digests []uint64             // the first pass: all; the second: those of two references, in order
	first   map[string]bookedRef // :: reference, with what was booked by it → the first deal that has it
}

// bookedRef is where a reference is booked.
type bookedRef struct {
	deal string
	note string // the text of the reference; empty: it is not known any more
}

// differs reports whether two texts are known that have the same digits.
func (r bookedRef) differs(note string) bool { return r.note != "" && note != "" && r.note != note }

func newBookedRefs(rest []string) *bookedRefs {
	return &bookedRefs{rest: rest, seed: maphash.MakeSeed(), first: map[string]bookedRef{}}
}

// ref is the reference of an entry, with what was booked by it, or empty: other deals may have the same.
func (s *bookedRefs) ref(x *lockbay.Entry) string {
	if x.Ref == "" || x.Move == string(lockbay.MoveUndone) || slices.Contains(s.rest, x.Ref) {
		return ""
	}
	verb, _, _ := strings.Cut(x.Move, ":")
	return verb + " " + x.Ref
}

// note keeps the references of a deal.
func (s *bookedRefs) note(e *lockbay.Escrow) {
	for i := range e.Log {
		if ref := s.ref(&e.Log[i]); ref != "" {
			s.digests = append(s.digests, maphash.String(s.seed, ref))
		}
	}
}

// alike ends the first pass, and reports whether a second one is needed.
func (s *bookedRefs) alike() bool {
	slices.Sort(s.digests)
	var alike []uint64
	for i := 1; i < len(s.digests); i++ {
		if s.digests[i] == s.digests[i-1] {
			alike = append(alike, s.digests[i])
		}
	}
	s.digests = alike
	return len(alike) > 0
}

// compare returns an error for a reference of the deal that an earlier one of this pass has. Where both texts are known they
// decide: among millions of deals two texts have the same digits. A chargeback has its reason behind its reference.
func (s *bookedRefs) compare(e *lockbay.Escrow) error {
	for i := range e.Log {
		x := &e.Log[i]
		ref := s.ref(x)
		if _, alike := slices.BinarySearch(s.digests, maphash.String(s.seed, ref)); ref == "" || !alike {
			continue
		}
		note := ""
		if !strings.HasPrefix(ref, string(lockbay.MoveChargeback)+" ") {
			note = e.Notes[i]
		}
		other, again := s.first[ref]
		if again && other.deal != e.ID && !other.differs(note) {
			return fmt.Errorf("entry %d, %s: the reference %s is that of %s, too", i+1, x.Move, x.Ref, other.deal)
		}
		s.first[ref] = bookedRef{e.ID, note}
	}
	return nil
}
