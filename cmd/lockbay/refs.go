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
	rest    []string          // references that say no more than that the rest came
	seed    maphash.Seed      // of the digests
	digests []uint64          // the first pass: all; the second: those of two references, in order
	first   map[string]string // :: reference, with what was booked by it → the first deal that has it
}

func newBookedRefs(rest []string) *bookedRefs {
	return &bookedRefs{rest: rest, seed: maphash.MakeSeed(), first: map[string]string{}}
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

// compare returns an error for a reference of the deal that an earlier one of this pass has.
func (s *bookedRefs) compare(e *lockbay.Escrow) error {
	for i := range e.Log {
		x := &e.Log[i]
		ref := s.ref(x)
		if _, alike := slices.BinarySearch(s.digests, maphash.String(s.seed, ref)); ref == "" || !alike {
			continue
		}
		if other := s.first[ref]; other != "" && other != e.ID {
			return fmt.Errorf("entry %d, %s: the reference %s is that of %s, too", i+1, x.Move, x.Ref, other)
		}
		s.first[ref] = e.ID
	}
	return nil
}
