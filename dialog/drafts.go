package dialog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Drafts keeps drafts (mode redis) and copies of whole rows (mode hybrid)
// beside the row store. Values are opaque and bounded in size. Errors:
// ErrNotFound; everything else is ErrUnavailable. Safe for concurrent use.
type Drafts interface {
	// Get reads a value: one round trip.
	Get(ctx context.Context, name string) ([]byte, error)
	// Put writes a value, never over one of a newer version: one round trip.
	Put(ctx context.Context, name string, version int64, value []byte, ttl time.Duration) error
	// Delete removes values. Missing ones are no error.
	Delete(ctx context.Context, names ...string) error
}

const (
	copyTTL   = time.Hour              // of a whole row in mode hybrid, sliding
	dayMore   = 24 * time.Hour         // a draft in the draft store outlives its row's word by a day
	halfDay   = 12 * time.Hour         // how far a draft's life may slide before its value's TTL follows
	fadeFor   = time.Hour              // how long a value that was overtaken is kept
	valueMost = 16 * 1024 * 1024       // nothing larger is believed
	abreast   = 16                     // copies that are written at once
	showing   = 150 * time.Millisecond // in which the courier usually has shown a card
)

// copyName is where the copy of a row lies; the braces keep a key's values in one slot of a cluster.
func copyName(k Key) string { return "{" + k.String() + "}" }

// draftName is where the draft of this tag lies. Values are immutable.
func draftName(k Key, tag int64) string { return "{" + k.String() + "}:" + tagName(tag) }

func tagName(tag int64) string {
	const hex = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[i] = hex[uint64(tag)>>(60-4*i)&15]
	}
	return string(b[:])
}

// whereTo is where the draft of r is written next. Anywhere but in the row
// there is always a value, so that a missing one is a loss.
func (e *Engine) whereTo(r *Record, byID bool) Where {
	if byID || r.Lost || len(r.Answers) == 0 {
		return InRow // deals always, and nobody loses twice
	}
	if r.Step == "" {
		return InRow // what is over is kept for an undo or a wake, by nobody's TTL
	}
	switch e.cfg.Mode(r.Owner) {
	case Redis:
		if e.cfg.Drafts != nil && !r.Expires.IsZero() { // without an end it has no TTL
			return InRedis
		}
	case Lightweight:
		return InMemory
	}
	return InRow
}

// placeDraft puts the draft where its mode wants it, before the commit. What
// the draft store does not acknowledge in time goes into the row.
// read: it comes from there, where it may be fading: a standby or a backup has
// named it again.
func (e *Engine) placeDraft(ctx context.Context, r, was *Record, row *Row, read bool) {
	switch r.Where {
	case InMemory:
		row.Answers = nil
	case InRedis:
		fresh := r.DraftTag != was.DraftTag || was.Where != InRedis
		// Turns that leave the draft slide its life: the value must outlive it.
		slid := r.Expires.UnixMilli()/halfDay.Milliseconds() != was.Expires.UnixMilli()/halfDay.Milliseconds()
		if fresh || slid || read {
			if fresh && r.DraftTag == was.DraftTag { // moved from the row: a tag of its own
				r.DraftTag, row.DraftTag = r.Tag, r.Tag
			}
			ttl := r.Expires.Sub(e.Now()) + dayMore
			if err := e.cfg.Drafts.Put(ctx, draftName(r.Key, r.DraftTag), 0, r.Answers, ttl); err != nil {
				r.Where, row.Where = InRow, InRow
				e.trouble("put draft", err)
				return
			}
		}
		row.Answers = nil
	}
}

// fadeDraft lets a value go of which a later tag is known to have won. It is not
// deleted: a database that fails over, or is restored from a fresh backup, may
// name it again.
func (e *Engine) fadeDraft(was *Record) {
	if e.cfg.Drafts == nil || len(was.Answers) == 0 {
		return
	}
	e.courier.aside(0, func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = e.cfg.Drafts.Put(ctx, draftName(was.Key, was.DraftTag), 0, was.Answers, fadeFor) // else it goes with its TTL
	})
}

// copies are the rows that wait to be copied to the draft store.
type copies struct {
	mu      sync.Mutex
	waiting map[Key]copying
	ticking bool
}

type copying struct {
	r     *Record
	row   *Row
	since time.Time
}

// copyRow lets the whole row be written to the draft store a moment after the
// commit, best effort: the message that is shown meanwhile belongs to the copy,
// and of quick turns only the last is copied.
func (e *Engine) copyRow(r *Record, row *Row) {
	if e.cfg.Drafts == nil || r.Where != InRow || e.cfg.Mode(r.Owner) != Hybrid {
		return
	}
	c := &e.copies
	c.mu.Lock()
	defer c.mu.Unlock()
	if w, ok := c.waiting[r.Key]; ok && w.r.Version > r.Version {
		return
	}
	c.waiting[r.Key] = copying{r, row, time.Now()}
	if !c.ticking {
		c.ticking = true
		e.courier.aside(showing, e.writeCopies)
	}
}

// writeCopies writes the copies whose turn is some time ago, several at once,
// so that they share round trips; the others wait for the next time.
func (e *Engine) writeCopies() {
	c := &e.copies
	var due []copying
	c.mu.Lock()
	for key, w := range c.waiting {
		if time.Since(w.since) >= showing {
			due = append(due, w)
			delete(c.waiting, key)
		}
	}
	if c.ticking = len(c.waiting) > 0; c.ticking {
		e.courier.aside(showing, e.writeCopies)
	}
	c.mu.Unlock()
	var wg sync.WaitGroup
	for part := range slices.Chunk(due, len(due)/abreast+1) {
		wg.Go(func() {
			for _, w := range part {
				e.writeCopy(w.r, *w.row)
			}
		})
	}
	wg.Wait()
}

func (e *Engine) writeCopy(r *Record, row Row) {
	row.Shown = r.shown.copied()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = e.cfg.Drafts.Put(ctx, copyName(r.Key), r.Version, encodeCopy(&row), copyTTL) // the row has it all; a store tells its troubles itself
}

// forgetCopy deletes a copy that a commit has refused.
func (e *Engine) forgetCopy(ctx context.Context, r *Record) {
	if e.cfg.Drafts != nil && r.Version > 0 && e.cfg.Mode(r.Owner) == Hybrid {
		_ = e.cfg.Drafts.Delete(ctx, copyName(r.Key))
	}
}

// forgetDrafts deletes what the draft store has of a conversation that is
// forgotten. What cannot be deleted now goes with its TTL, and what was overtaken
// within fadeFor, whose tags nobody knows any more.
func (e *Engine) forgetDrafts(ctx context.Context, h *Head) {
	if e.cfg.Drafts == nil {
		return
	}
	e.copies.mu.Lock()
	delete(e.copies.waiting, h.Key)
	e.copies.mu.Unlock()
	names := []string{copyName(h.Key)}
	if h.Where == InRedis {
		names = append(names, draftName(h.Key, h.DraftTag))
	}
	if err := e.cfg.Drafts.Delete(ctx, names...); err != nil {
		e.trouble("forget draft", err)
	}
}

// readCopy reads the copy of a row, nil if there is none that can be believed.
func (e *Engine) readCopy(ctx context.Context, key Key) *Record {
	b, err := e.cfg.Drafts.Get(ctx, copyName(key))
	if err != nil || len(b) > valueMost {
		if err != nil && !errors.Is(err, ErrNotFound) {
			e.trouble("read copy", err)
		}
		return nil
	}
	row, err := decodeCopy(b)
	if err == nil && (row.Key != key || row.Version == 0 || row.Where != InRow) {
		err = errGarbage
	}
	if err != nil {
		e.trouble("read copy", err)
		return nil
	}
	r, err := row.record()
	if err != nil {
		return nil
	}
	e.courier.share(r, nil)
	return r
}
