package dialog

import "sync"

// Bounds of the conversations in mode lightweight whose last turn has an unknown outcome,
// and of their drafts.
const (
	heldMost      = 10_000
	heldBytesMost = 32 << 20
)

// heldDrafts are the drafts in memory before and after turns whose outcome is unknown.
// The row tells by its draft tag which of the two is current. Without them a database
// that does not answer would cost the drafts of everybody who writes meanwhile.
type heldDrafts struct {
	mu sync.Mutex
	m  map[Key][2]heldDraft // :: key → before and after the turn
	n  int                  // bytes of the drafts
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
	if h.m == nil {
		h.m = map[Key][2]heldDraft{}
	}
	h.drop(after.Key)
	var both [2]heldDraft
	for i, r := range []*Record{before, after} {
		if r.Where == InMemory {
			both[i] = heldDraft{r.DraftTag, r.Answers}
		}
	}
	h.m[after.Key] = both
	h.n += len(both[0].answers) + len(both[1].answers)
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
	both := h.m[key]
	h.n -= len(both[0].answers) + len(both[1].answers)
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
	if len(h.m) > 0 {
		h.drop(key)
	}
}
