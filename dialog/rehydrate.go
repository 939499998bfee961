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
// rowOnly, else from the row and wherever it says that its draft is.
func (e *Engine) rehydrateFrom(ctx context.Context, in *Input, rowOnly bool) (*Record, Rehydration, error) {
	began := e.cfg.Now()
	reh := Rehydration{Source: FromDatabase}
	var rec *Record
	hybrid := e.cfg.Drafts != nil && !rowOnly && in.Owner != "" && e.cfg.Mode(in.Owner) == Hybrid
	if hybrid {
		if rec = e.readCopy(ctx, in.Key); rec != nil {
			reh.Source = FromRedis
		}
	}
	if rec == nil {
		row, err := e.store.Load(ctx, in.Key)
		if errors.Is(err, ErrNotFound) {
			return &Record{Head: Head{Key: in.Key, Owner: in.Owner}, shown: &shownBox{}}, Rehydration{Source: FromNone}, nil
		}
		if err != nil {
			return nil, reh, unavailable(err)
		}
		if rec, err = row.record(); err != nil {
			return rec, reh, err
		}
		e.courier.adopt(rec)
		if err := e.fetchDraft(ctx, rec, &reh); err != nil {
			return rec, reh, err
		}
		if hybrid && reh.Cause == "" {
			reh.Cause = CauseFailover
		}
	}
	// a duplicate that a copy knows of is confirmed on the row
	if reh.Source == FromRedis && (rec.HasSeen(hash(in.ID)) || rec.HasSeen(in.twin())) {
		return e.rehydrateFrom(ctx, in, true)
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

// fetchDraft reads the draft from where the head says it is. What is lost makes
// a lightweight context: the structure is there, the answers are asked again.
func (e *Engine) fetchDraft(ctx context.Context, rec *Record, reh *Rehydration) error {
	if rec.Where == InRow || rec.Draft == "" || rec.Step == "" {
		return nil
	}
	if rec.Where == InRedis && e.cfg.Drafts != nil {
		b, err := e.cfg.Drafts.Get(ctx, draftName(rec.Key, rec.DraftTag))
		switch {
		case err == nil && len(b) <= keyCap:
			rec.Answers = b
			reh.Source = FromRedis
			return nil
		case err != nil && !errors.Is(err, ErrNotFound):
			if e.refusedFor(rec.Key) < lostFor {
				return fmt.Errorf("draft of %s: %w", rec.Key.Path(), unavailable(err))
			}
			reh.Cause = CauseTimeout
		}
	}
	rec.Answers, rec.Lost = nil, true
	reh.Source, reh.Lost = FromHead, true
	return nil
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
