package dialog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Source says where a context came from.
type Source string

// The sources of a context.
const (
	FromPresent  Source = "present"  // this process had it
	FromRedis    Source = "redis"    // the draft store
	FromDatabase Source = "database" // the row
	FromHead     Source = "head"     // the head alone: lightweight
	FromNone     Source = "none"     // there is no conversation
)

// Cause says why a context had to be rebuilt.
type Cause string

// The causes of a rehydration.
const (
	CauseRestart  Cause = "restart"  // the process that had it is gone
	CauseEviction Cause = "eviction" // the cache had no room
	CauseInstance Cause = "instance" // another instance had it
	CauseDevice   Cause = "device"   // the person is at another place
	CauseTimeout  Cause = "timeout"  // the draft store did not answer in time
	CauseFailover Cause = "failover" // the draft store had nothing, the row had
)

// Rehydration is the result of rebuilding a context: the strategy's
// ensure_escrow_context, told.
type Rehydration struct {
	Source  Source
	Cause   Cause // empty when nothing was rebuilt
	State   string
	Version int64
	Age     time.Duration // since the person's last input
	Took    time.Duration
	Lost    bool // the head is there and its draft is not: lightweight
}

// Rebuilt reports whether a context was rebuilt at all.
func (r Rehydration) Rebuilt() bool { return r.Cause != "" }

// Marker is the strategy's log marker for this rehydration.
func (r Rehydration) Marker() string {
	if r.Source == FromHead {
		return "LIGHTWEIGHT_REHYDRATION"
	}
	return "DEEP_REHYDRATION"
}

// rehydrate finds the context of an input: present, else the head and its draft.
func (e *Engine) rehydrate(ctx context.Context, in *Input) (*Record, Rehydration, error) {
	if r := e.cache.get(in.Key); r != nil {
		return r, Rehydration{Source: FromPresent, State: r.Step, Version: r.Version, Age: e.Now().Sub(r.Updated)}, nil
	}
	return e.rehydrateFrom(ctx, in, false)
}

// rehydrateFrom rebuilds the context: from the copy in mode hybrid unless
// rowOnly, else from the row and wherever it says that its draft is. Only a
// person's inputs, which commit, are served from a copy.
func (e *Engine) rehydrateFrom(ctx context.Context, in *Input, rowOnly bool) (*Record, Rehydration, error) {
	began := e.cfg.Now()
	reh := Rehydration{Source: FromDatabase}
	var rec *Record
	if e.cfg.Drafts != nil && !rowOnly && in.Owner != "" && in.person() && e.cfg.Mode(in.Owner) == Hybrid {
		rec = e.readCopy(ctx, in.Key)
		// a duplicate that a copy knows of is confirmed on the row
		if rec != nil && !rec.HasSeen(hash(in.ID)) && !rec.HasSeen(in.twin()) {
			reh.Source = FromRedis
		} else if rec == nil {
			reh.Cause = CauseFailover
		}
	}
	if reh.Source != FromRedis {
		var err error
		if rec, err = e.readRow(ctx, in, &reh); errors.Is(err, ErrNotFound) {
			return &Record{Head: Head{Key: in.Key, Owner: in.Owner}, shown: &shownBox{}}, Rehydration{Source: FromNone}, nil
		} else if err != nil {
			return rec, reh, err
		}
	}
	reh.State, reh.Version, reh.Age, reh.Took = rec.Step, rec.Version, e.Now().Sub(rec.Updated), e.cfg.Now().Sub(began)
	if reh.Cause == "" || reh.Cause == CauseFailover && !e.sameHost(rec.By) {
		reh.Cause = e.causeOf(rec, in)
	}
	if in.ID != "" && rec.Step != "" && e.cfg.Recorder.Rehydrated != nil {
		e.cfg.Recorder.Rehydrated(in.Key, reh)
	}
	if rec.Step == "" {
		reh.Cause = "" // not in a flow: there was no context to rebuild
	}
	return rec, reh, nil
}

// readRow reads the row and its draft. ErrNotFound: there is no row.
func (e *Engine) readRow(ctx context.Context, in *Input, reh *Rehydration) (*Record, error) {
	var missed *Record
	for {
		row, err := e.store.Load(ctx, in.Key)
		if errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if err != nil {
			return nil, unavailable(err)
		}
		rec, err := row.record()
		if err != nil {
			return rec, err
		}
		e.courier.adopt(rec)
		if missed != nil && missed.Where == rec.Where && missed.DraftTag == rec.DraftTag {
			return rec, lose(rec, reh)
		}
		found, err := e.fetchDraft(ctx, in, rec, reh)
		if found || err != nil {
			return rec, err
		}
		if rec.Where == InMemory || reh.Cause == CauseTimeout {
			return rec, lose(rec, reh)
		}
		missed = rec // or another instance has just put a later one in its place
	}
}

// lose makes rec a lightweight context: the structure is there, the answers are asked again.
func lose(rec *Record, reh *Rehydration) error {
	rec.Answers, rec.Lost = nil, true
	reh.Source, reh.Lost = FromHead, true
	return nil
}

// fetchDraft reads the draft from where the head says it is; false: it is not
// there. What cannot be read is waited for, and counts as lost after lostFor,
// unless it is no person who waits.
func (e *Engine) fetchDraft(ctx context.Context, in *Input, rec *Record, reh *Rehydration) (found bool, err error) {
	if rec.Where == InRow || rec.Draft == "" || rec.Step == "" {
		return true, nil
	}
	if rec.Where == InMemory { // this process may have it: the tag says whether it is the same
		if c := e.cache.get(rec.Key); c != nil && c.DraftTag == rec.DraftTag && len(c.Answers) > 0 {
			rec.Answers, rec.memo = c.Answers, c.memo
			return true, nil
		}
		rec.Answers, found = e.held.find(rec.Key, rec.DraftTag)
		return found, nil
	}
	if e.cfg.Drafts == nil {
		return false, nil
	}
	b, err := e.cfg.Drafts.Get(ctx, draftName(rec.Key, rec.DraftTag))
	if missing := errors.Is(err, ErrNotFound); err == nil || missing {
		e.unpark(firstRefusal(rec.Key))
		if missing || len(b) > keyCap {
			return false, nil
		}
		rec.Answers = b
		reh.Source = FromRedis
		return true, nil
	}
	if waits := in.Kind == 0 || in.person(); !waits || e.waited(rec.Key) < lostFor {
		return false, fmt.Errorf("draft of %s: %w", rec.Key.Masked(), unavailable(err))
	}
	reh.Cause = CauseTimeout
	return false, nil
}

// waited is for how long the draft of key could not be read. After a pause in
// the asking it begins anew: what was refused an hour ago says nothing of now.
func (e *Engine) waited(key Key) time.Duration {
	first, last := firstRefusal(key), key
	last.Flow += ":last refusal"
	if e.refusedFor(last) > 2*lostFor {
		e.unpark(first)
	}
	e.unpark(last)
	e.refusedFor(last)
	return e.refusedFor(first)
}

// firstRefusal is a name among the parked keys; no flow has a colon.
func firstRefusal(key Key) Key {
	key.Flow += ":first refusal"
	return key
}

// causeOf says why this process did not have the context.
func (e *Engine) causeOf(rec *Record, in *Input) Cause {
	switch {
	case in.Place.Channel != "" && len(rec.Places) > 0 && rec.Places[0].id() != in.Place.id():
		return CauseDevice
	case rec.By == e.cfg.Instance:
		return CauseEviction
	case e.sameHost(rec.By):
		return CauseRestart
	default:
		return CauseInstance
	}
}

// sameHost reports whether by is this or an earlier life of this instance.
func (e *Engine) sameHost(by string) bool {
	mine, _, _ := strings.Cut(e.cfg.Instance, ".")
	host, _, _ := strings.Cut(by, ".")
	return mine == host
}
