package dialog

import "sync"

// heldMost bounds the conversations in mode lightweight whose last turn has an unknown
// outcome.
const heldMost = 10_000

// heldDrafts are the drafts in memory before and after turns whose outcome is unknown.
// The row tells by its draft tag which of the two is current. Without them a database
// that does not answer would cost the drafts of everybody who writes meanwhile.
type heldDrafts struct {
	mu sync.Mutex
	m  map[Key][2]heldDraft // :: key → before and after the turn
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
	if _, there := h.m[after.Key]; !there && len(h.m) >= heldMost {
		for key := range h.m { // any
			delete(h.m, key)
			break
		}
	}
	var both [2]heldDraft
	for i, r := range []*Record{before, after} {
		if r.Where == InMemory {
			both[i] = heldDraft{r.DraftTag, r.Answers}
		}
	}
	h.m[after.Key] = both
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
		delete(h.m, key)
	}
}
