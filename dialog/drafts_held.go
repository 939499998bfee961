package dialog

import (
	"slices"
	"sync"
)

// Bounds of the conversations in mode lightweight whose last turns have an unknown outcome,
// and of their drafts.
const (
	heldMost      = 10_000
	heldOfOneMost = 8 // drafts of one conversation
	heldBytesMost = 32 << 20
)

// heldDrafts are the drafts in memory before and after turns whose outcome is unknown.
// The row tells by its draft tag which of them is current: the first of several turns may
// be the one that was written. Without these drafts a database that does not answer would
// cost the drafts of everybody who writes meanwhile.
type heldDrafts struct {
	mu sync.Mutex
	m  map[Key][]heldDraft // :: key → the draft of the row as last read, then those of the turns
	n  int                 // bytes of the drafts
}

type heldDraft struct {
	tag     int64
	answers []byte
}

// hold keeps both drafts of a turn whose outcome is unknown.
func (h *heldDrafts) hold(before, after *Record) {
	if before.spared || before.Where != InMemory && after.Where != InMemory {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.m[after.Key]
	h.drop(after.Key)
	for _, r := range []*Record{before, after} {
		if r.Where == InMemory && !slices.ContainsFunc(list, func(d heldDraft) bool { return d.tag == r.DraftTag }) {
			list = append(list, heldDraft{r.DraftTag, r.Answers})
		}
	}
	// The row's draft stays, and the first turn's: of turns whose answer was lost it is the likeliest to be written.
	if over := len(list) - heldOfOneMost; over > 0 {
		list = slices.Delete(list, 2, 2+over)
	}
	if h.m == nil {
		h.m = map[Key][]heldDraft{}
	}
	h.m[after.Key] = list
	for _, d := range list {
		h.n += len(d.answers)
	}
	for key := range h.m { // any other
		if len(h.m) <= heldMost && h.n <= heldBytesMost {
			break
		}
		if key != after.Key {
			h.drop(key)
		}
	}
}

// drop removes a conversation; h.mu is held.
func (h *heldDrafts) drop(key Key) {
	for _, d := range h.m[key] {
		h.n -= len(d.answers)
	}
	delete(h.m, key)
}

// find returns the draft with this tag; false: it is not here.
func (h *heldDrafts) find(key Key, tag int64) ([]byte, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.m[key] {
		if d.answers != nil && d.tag == tag {
			return d.answers, true
		}
	}
	return nil, false
}

// release drops the drafts of key: a later turn was committed.
func (h *heldDrafts) release(key Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(key)
}
