package dialog

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"time"
)

// Drafts is the draft store: values under names, beside the row store. A value is a
// draft (mode redis) or a copy of a whole row (mode hybrid), opaque, and has at most
// ValueMost bytes; those of a row that an earlier program made too large may have more.
// After a failed Put the draft stays in the row. Errors are ErrNotFound, else ErrUnavailable. Safe for concurrent use.
type Drafts interface {
	// Get reads a value: one round trip. A missing or expired value is ErrNotFound.
	Get(ctx context.Context, name string) ([]byte, error)
	// Put writes a value unless a value of a newer version is there: one round trip.
	Put(ctx context.Context, name string, version int64, value []byte, ttl time.Duration) error
	// Delete removes values. Missing ones are no error.
	Delete(ctx context.Context, names ...string) error
}

const (
	copyTTL     = time.Hour              // of a row's copy, sliding
	dayMore     = 24 * time.Hour         // by which a draft's value outlives the expiry in its row
	halfDay     = 12 * time.Hour         // how far a draft's expiry may slide before the TTL follows
	fadeFor     = time.Hour              // TTL of a replaced draft
	valueMost   = 16 * 1024 * 1024       // bytes; a larger value counts as garbage
	abreast     = 16                     // copies that are written at once
	copyDelay   = 150 * time.Millisecond // usually enough for the courier to show the card
	copyTimeout = time.Second            // of one copy
)

// copyName names the copy of a row; the braces keep a key's values in one slot of a cluster.
func copyName(k Key) string { return "{" + k.String() + "}" }

// draftName names the draft with this tag. Its value never changes.
func draftName(k Key, tag int64) string { return "{" + k.String() + "}:" + tagName(tag) }

// tagName is tag in 16 hexadecimal digits.
func tagName(tag int64) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(tag)))
}

// whereTo is where the draft of r is written next. Outside the row every draft has a
// value, so a missing value is a loss.
func (e *Engine) whereTo(r *Record, byID bool) Where {
	if byID || r.Lost || len(r.Answers) == 0 {
		return InRow // a deal, or a draft that was lost once
	}
	if r.Step == "" {
		return InRow // an ended draft waits for an undo or a wake, longer than its TTL
	}
	switch e.cfg.Mode(r.Owner) {
	case Redis:
		if e.cfg.Drafts != nil && !r.Expires.IsZero() { // without an expiry there is no TTL
			return InRedis
		}
	case Lightweight:
		return InMemory
	}
	return InRow
}

// putDraft puts the draft where its mode wants it, before the commit. A draft that the
// draft store does not acknowledge goes into the row. read: this turn read its draft
// from the draft store; a restored row may name a replaced draft, whose short TTL is
// then set anew. A draft without a seal is written anew, with one.
func (e *Engine) putDraft(ctx context.Context, r, was *Record, row *Row, read bool) {
	switch {
	case r.spared, r.Where == InMemory:
		row.Answers = nil
	case r.Where == InRedis:
		changed := r.DraftTag != was.DraftTag || was.Where != InRedis || !was.Sealed
		// Turns that leave the draft unchanged postpone its expiry, and the value must outlive that.
		slid := r.Expires.UnixMilli()/halfDay.Milliseconds() != was.Expires.UnixMilli()/halfDay.Milliseconds()
		if changed || slid || read {
			if changed && r.DraftTag == was.DraftTag { // taken out of the row, or had no seal: it gets a tag of its own
				r.DraftTag, row.DraftTag = r.Tag, r.Tag
			}
			ttl := r.Expires.Sub(e.Now()) + dayMore
			if err := e.writeDraft(ctx, r, ttl); err != nil {
				r.Where, row.Where = InRow, InRow
				e.trouble("put draft", err)
				return
			}
		}
		row.Answers = nil
	}
}

// writeDraft writes a draft under its tag, with a seal if its record says so.
func (e *Engine) writeDraft(ctx context.Context, r *Record, ttl time.Duration) (err error) {
	name, value := draftName(r.Key, r.DraftTag), r.Answers
	if r.Sealed {
		if value, err = e.sealed(ctx, name, value); err != nil {
			return err
		}
	}
	return e.cfg.Drafts.Put(ctx, name, 0, value, ttl)
}

// fadeDraft shortens the TTL of a replaced draft. A database that fails over, or is
// restored from a new backup, may name that draft again, so it is not deleted at once.
func (e *Engine) fadeDraft(was *Record) {
	if e.cfg.Drafts == nil || len(was.Answers) == 0 {
		return
	}
	e.courier.afterFunc(0, func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = e.writeDraft(ctx, was, fadeFor) // on an error the longer TTL stays
	})
}

// copies are the rows whose copies wait to be written.
type copies struct {
	mu      sync.Mutex
	waiting map[Key]waitingCopy
	ticking bool
}

type waitingCopy struct {
	r     *Record
	row   *Row
	since time.Time
}

// copyRow has the row copied to the draft store copyDelay after the commit, best effort:
// by then the copy includes the message that shows the card, and quick turns share one
// copy.
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
	c.waiting[r.Key] = waitingCopy{r, row, time.Now()}
	if !c.ticking {
		c.ticking = true
		e.courier.afterFunc(copyDelay, e.writeCopies)
	}
}

// writeCopies writes the copies that have waited for copyDelay, several at once, so
// that they share round trips.
func (e *Engine) writeCopies() {
	c := &e.copies
	var due []waitingCopy
	c.mu.Lock()
	for key, w := range c.waiting {
		if time.Since(w.since) >= copyDelay {
			due = append(due, w)
			delete(c.waiting, key)
		}
	}
	if c.ticking = len(c.waiting) > 0; c.ticking {
		e.courier.afterFunc(copyDelay, e.writeCopies)
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
	ctx, cancel := context.WithTimeout(context.Background(), copyTimeout)
	defer cancel()
	name := copyName(r.Key)
	value, err := e.sealed(ctx, name, encodeCopy(&row))
	if err == nil {
		_ = e.cfg.Drafts.Put(ctx, name, r.Version, value, copyTTL) // the row has everything; a draft store reports its errors itself
	}
}

// forgetCopy deletes a copy whose turn lost its commit.
func (e *Engine) forgetCopy(ctx context.Context, r *Record) {
	if e.cfg.Drafts != nil && r.Version > 0 && e.cfg.Mode(r.Owner) == Hybrid {
		_ = e.cfg.Drafts.Delete(ctx, copyName(r.Key))
	}
}

// forgetDrafts deletes the values of a forgotten conversation. A value whose deletion
// fails ends with its TTL, and so does a draft that was replaced within fadeFor, because
// its tag is no longer known. Copies are deleted once more later: another process may
// have been writing one.
func (e *Engine) forgetDrafts(ctx context.Context, h *Head) {
	if e.cfg.Drafts == nil {
		return
	}
	e.copies.mu.Lock()
	delete(e.copies.waiting, h.Key)
	e.copies.mu.Unlock()
	if err := e.cfg.Drafts.Delete(ctx, copyName(h.Key), draftName(h.Key, h.DraftTag)); err != nil {
		e.trouble("forget draft", err)
	}
	e.courier.afterFunc(copyDelay+copyTimeout, func() {
		late, cancel := context.WithTimeout(context.Background(), copyTimeout)
		defer cancel()
		if err := e.cfg.Drafts.Delete(late, copyName(h.Key)); err != nil {
			e.trouble("forget draft", err)
		}
	})
}

// readCopy reads the copy of a row; nil: there is none, or it is garbage.
func (e *Engine) readCopy(ctx context.Context, key Key) *Record {
	name := copyName(key)
	b, err := e.cfg.Drafts.Get(ctx, name)
	if err != nil || len(b) > valueMost {
		if err != nil && !errors.Is(err, ErrNotFound) {
			e.trouble("read copy", err)
		}
		return nil
	}
	if len(b) > 0 && b[0] == unsealedCopy { // of a program before seals: the next turn replaces it
		return nil
	}
	var row *Row
	if b, err = e.unsealed(ctx, name, b); err == nil {
		row, err = decodeCopy(b)
	}
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
