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
	missed := false // the copy that should be there
	if e.cfg.Drafts != nil && !rowOnly && in.Owner != "" && in.FromPerson() && e.cfg.Mode(in.Owner) == Hybrid {
		rec = e.readCopy(ctx, in.Key)
		// a duplicate that a copy knows of is confirmed on the row
		if missed = rec == nil; !missed && !rec.isDuplicate(in) {
			reh.Source = FromRedis
		}
	}
	if reh.Source != FromRedis {
		var err error
		if rec, err = e.readRow(ctx, in, &reh); errors.Is(err, ErrNotFound) {
			rec = &Record{Head: Head{Key: in.Key, Owner: in.Owner}, BlockNotes: e.firstNotes(ctx, in), shown: &screens{}}
			return rec, Rehydration{Source: FromNone}, nil
		} else if err != nil {
			return rec, reh, err
		}
	}
	reh.State, reh.Version, reh.Age, reh.Took = rec.Step, rec.Version, e.Now().Sub(rec.Updated), e.cfg.Now().Sub(began)
	if reh.Cause == "" {
		reh.Cause = e.causeOf(ctx, rec, in, missed)
	}
	if in.ID != "" && rec.Step != "" && e.cfg.Recorder.Rehydrated != nil {
		e.cfg.Recorder.Rehydrated(in.Key, reh)
	}
	if rec.Step == "" {
		reh.Cause = "" // not in a flow: there was no context to rebuild
	}
	return rec, reh, nil
}

// refreshed replaces what the cache has of key by rec, which was just read. A draft in memory is nowhere else: no turn may follow that keeps it.
func (e *Engine) refreshed(key Key, rec *Record) {
	if rec.Where == InMemory && len(rec.Answers) > 0 {
		e.cache.put(rec)
		return
	}
	e.cache.drop(key)
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
		e.courier.share(rec, row)
		if missed != nil && missed.Where == rec.Where && missed.DraftTag == rec.DraftTag {
			lose(rec, reh)
			return rec, nil
		}
		found, err := e.fetchDraft(ctx, in, rec, reh)
		if found || err != nil {
			return rec, err
		}
		if rec.Where == InMemory || reh.Cause == CauseTimeout {
			lose(rec, reh)
			return rec, nil
		}
		missed = rec // or another instance has just put a later one in its place
	}
}

// lose makes rec a lightweight context: the structure is there, the answers are
// asked again. What was last said speaks of them.
func lose(rec *Record, reh *Rehydration) {
	rec.Answers, rec.Said, rec.Lost = nil, nil, true
	reh.Source, reh.Lost = FromHead, true
}

// fetchDraft reads the draft from where the head says it is; false: it is lost.
// What another may still have is waited for: a person for refusedFor in which nobody
// here could read it; what is no person's, as a timer, costs nobody a draft that it
// merely cannot see.
func (e *Engine) fetchDraft(ctx context.Context, in *Input, rec *Record, reh *Rehydration) (found bool, err error) {
	switch {
	case rec.Where == InRow || rec.Draft == "" || rec.Step == "":
		return true, nil
	case rec.Where == InMemory:
		return e.recallDraft(in, rec)
	}
	b, err := e.getDraft(ctx, rec)
	switch {
	case err == nil:
		e.unread.over(rec.Key)
		rec.Answers = b
		reh.Source = FromRedis
		return true, nil
	case errors.Is(err, ErrNotFound), !rec.Expires.IsZero() && e.Now().After(rec.Expires.Add(dayMore)): // gone, or its TTL is over
		e.unread.over(rec.Key)
		return false, nil
	}
	if waits := in.Kind == 0 || in.FromPerson(); !waits || e.unread.again(rec.Key, e.cfg.Now()) < refusedFor {
		return false, fmt.Errorf("draft of %s: %w", rec.Key.Masked(), unavailable(err))
	}
	reh.Cause = CauseTimeout
	return false, nil
}

// getDraft reads a draft from the draft store.
func (e *Engine) getDraft(ctx context.Context, rec *Record) ([]byte, error) {
	if e.cfg.Drafts == nil {
		e.trouble("draft of "+rec.Key.Flow, errNoDrafts)
		return nil, errNoDrafts
	}
	b, err := e.cfg.Drafts.Get(ctx, draftName(rec.Key, rec.DraftTag))
	if err == nil && (len(b) == 0 || len(b) > valueMost) { // no draft is empty
		return nil, ErrNotFound
	}
	return b, err
}

var errElsewhere = fmt.Errorf("it is in the memory of another process: %w", ErrUnavailable)

var errNoDrafts = fmt.Errorf("it is in a draft store, and none is configured: %w", ErrUnavailable)

// recallDraft finds a draft that is in memory only: this process may have it, and
// the tag says whether it is the same. Another one that has it fires its timers
// itself (see [Engine.sweepMemory]); that none did for a while means that none has it.
func (e *Engine) recallDraft(in *Input, rec *Record) (found bool, err error) {
	if c := e.cache.get(rec.Key); c != nil && c.DraftTag == rec.DraftTag && len(c.Answers) > 0 {
		rec.Answers, rec.memo = c.Answers, c.memo
		return true, nil
	}
	if rec.Answers, found = e.held.find(rec.Key, rec.DraftTag); found || in.Kind == 0 || in.FromPerson() {
		return found, nil
	}
	waited := time.Duration(0)
	if t, due := rec.dueTimer(e.Now().UnixMilli()); due {
		waited = e.Now().Sub(time.UnixMilli(t.At))
	} else {
		waited = e.unread.again(rec.Key, e.cfg.Now())
	}
	if waited < refusedFor {
		return false, fmt.Errorf("draft of %s: %w", rec.Key.Masked(), errElsewhere)
	}
	return false, nil
}

// causeOf says why this process did not have the context. missed: nor had the
// draft store the copy that this instance wrote.
func (e *Engine) causeOf(ctx context.Context, rec *Record, in *Input, missed bool) Cause {
	switch {
	case missed && e.sameHost(rec.By):
		return CauseFailover
	case in.Place.Channel != "" && len(rec.Places) > 0 && rec.Places[0].id() != in.Place.id():
		return CauseDevice
	case rec.By == e.cfg.Instance:
		return CauseEviction
	case e.sameHost(rec.By), e.gone(ctx, rec.By):
		return CauseRestart
	default:
		return CauseInstance
	}
}

// sameHost reports whether by is this or an earlier life of this instance.
func (e *Engine) sameHost(by string) bool {
	host, _, _ := strings.Cut(by, ".")
	return e.Host() == host
}
