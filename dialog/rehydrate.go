package dialog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Source says where a context was read.
type Source string

// The sources of a context.
const (
	FromPresent  Source = "present"  // this process had it
	FromRedis    Source = "redis"    // the draft store
	FromDatabase Source = "database" // the row
	FromHead     Source = "head"     // the head alone: lightweight
	FromNone     Source = "none"     // there is no conversation
)

// Cause says why a context was rebuilt.
type Cause string

// The causes of a rehydration.
const (
	CauseRestart  Cause = "restart"  // the process that had it is gone
	CauseEviction Cause = "eviction" // the cache had no room
	CauseInstance Cause = "instance" // another instance had it
	CauseDevice   Cause = "device"   // the person came from another place
	CauseTimeout  Cause = "timeout"  // the draft store did not answer in time
	CauseFailover Cause = "failover" // the draft store had no copy, the row was there
)

// Whose input rebuilt a context.
const (
	ByPerson = "person"
	ByTimer  = "timer"
)

// Rehydration tells how the context of an input was found or rebuilt (the strategy's
// ensure_escrow_context).
type Rehydration struct {
	Source  Source
	Cause   Cause  // empty: nothing was rebuilt, or for neither a person nor a timer
	By      string // ByPerson or ByTimer; empty: nobody's context was rebuilt
	Draft   string
	State   string
	Version int64
	Age     time.Duration // since the person's last input
	Took    time.Duration
	Lost    bool // the draft is lost: the context is the head alone

	lost string // why; a cause of EventLost
}

// rebuilt reports whether a context was rebuilt.
func (r Rehydration) rebuilt() bool { return r.Cause != "" }

// logged reports whether a person's input rebuilt a context. Only such a rehydration is
// logged.
func (r Rehydration) logged() bool { return r.rebuilt() && r.By == ByPerson }

// Marker is the strategy's log marker for this rehydration.
func (r Rehydration) Marker() string {
	if r.Source == FromHead {
		return "LIGHTWEIGHT_REHYDRATION"
	}
	return "DEEP_REHYDRATION"
}

// rehydrate finds the context of an input: in the cache, else in a copy or the row.
func (e *Engine) rehydrate(ctx context.Context, in *Input) (*Record, Rehydration, error) {
	if r := e.cache.get(in.Key); r != nil && !e.awaitsReading(r, in) {
		return r, Rehydration{Source: FromPresent, State: r.Step, Version: r.Version, Age: e.age(r, in)}, nil
	}
	return e.rehydrateFrom(ctx, in, false)
}

// rehydrateFrom rebuilds the context: in mode hybrid from the copy unless rowOnly, else
// from the row and from where it says that its draft is. Copies serve only the inputs
// of persons, which commit: the commit finds an old copy out.
func (e *Engine) rehydrateFrom(ctx context.Context, in *Input, rowOnly bool) (*Record, Rehydration, error) {
	began := e.cfg.Now()
	reh := Rehydration{Source: FromDatabase}
	var rec *Record
	missed := false // a copy is missing
	if e.cfg.Drafts != nil && !rowOnly && in.Owner != "" && in.FromPerson() && e.cfg.Mode(in.Owner) == Hybrid {
		rec = e.readCopy(ctx, in.Key)
		// the row confirms a duplicate
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
	reh.Draft, reh.State, reh.Version, reh.Age, reh.Took = rec.Draft, rec.Step, rec.Version, e.age(rec, in), e.cfg.Now().Sub(began)
	switch {
	case in.FromPerson():
		reh.By = ByPerson
	case in.Kind == KindWake:
		reh.By = ByTimer
	}
	switch {
	case reh.By == "", rec.Step == "": // nobody's context, or none to rebuild
		reh.By, reh.Cause = "", ""
	case reh.Cause == "":
		reh.Cause = e.causeOf(ctx, rec, in, missed)
	}
	return rec, reh, nil
}

// recordRehydration hands the Recorder the rehydration of a handled input.
func (e *Engine) recordRehydration(key Key, r Rehydration) {
	if r.rebuilt() && e.cfg.Recorder.Rehydrated != nil {
		e.cfg.Recorder.Rehydrated(key, r)
	}
}

// rehydratedEvent is the event of a rehydration.
func rehydratedEvent(r Rehydration) Event {
	return Event{Kind: EventRehydrated, Draft: r.Draft, Cause: string(r.Cause), Source: string(r.Source), Took: r.Took}
}

// refreshed puts rec, which was just read, into the cache if its draft is in memory,
// where nothing else keeps it. Any other record is dropped from the cache.
func (e *Engine) refreshed(key Key, rec *Record) {
	if rec.Where == InMemory && len(rec.Answers) > 0 {
		e.cache.put(rec)
		return
	}
	e.cache.drop(key)
}

// readRow reads the row and its draft. ErrNotFound: there is no row. A draft that is
// missing in the draft store is lost if a second read of the row names the same one:
// another instance may have replaced it in between.
func (e *Engine) readRow(ctx context.Context, in *Input, reh *Rehydration) (*Record, error) {
	var missed *Record
	for {
		row, err := e.store.Load(ctx, in.Key)
		if errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if errors.Is(err, ErrSchemaNewer) {
			return &Record{Head: Head{Key: in.Key, Owner: in.Owner}, shown: &screens{}}, err
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
			loseDraft(rec, reh)
			return rec, nil
		}
		found, err := e.fetchDraft(ctx, in, rec, reh)
		if found || err != nil {
			return rec, err
		}
		if rec.Where == InMemory || reh.Cause == CauseTimeout {
			loseDraft(rec, reh)
			return rec, nil
		}
		missed = rec
	}
}

// loseDraft makes rec a lightweight context, whose answers are asked again. What was
// last said refers to those answers, so it goes too.
func loseDraft(rec *Record, reh *Rehydration) {
	rec.Answers, rec.Said, rec.Lost = nil, nil, true
	reh.Source, reh.Lost = FromHead, true
	switch {
	case rec.Where == InMemory:
		reh.lost = lostMemory
	case reh.Cause == CauseTimeout:
		reh.lost = lostTimeout
	default:
		reh.lost = lostRedis
	}
}

// fetchDraft reads the draft from where the head says it is; false: it is lost. If the
// draft store does not answer, a person's inputs wait for retryFor and then lose the
// draft; other inputs, such as a timer, never cost a draft. An input whose turn leaves the
// draft alone needs none.
func (e *Engine) fetchDraft(ctx context.Context, in *Input, rec *Record, reh *Rehydration) (found bool, err error) {
	switch {
	case rec.Where == InRow || rec.Draft == "" || rec.Step == "":
		return true, nil
	case e.spares(in):
		rec.spared = !e.recalled(rec)
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
	case errors.Is(err, ErrNotFound), !rec.Expires.IsZero() && e.Now().After(rec.Expires.Add(dayMore)): // deleted, or past its TTL
		e.unread.over(rec.Key)
		return false, nil
	}
	if waits := in.Kind == 0 || in.FromPerson(); !waits || e.unread.add(rec.Key, e.cfg.Now()) < retryFor {
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
	name := draftName(rec.Key, rec.DraftTag)
	b, err := e.cfg.Drafts.Get(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case len(b) == 0 || len(b) > valueMost: // an empty draft is never written
		return nil, ErrNotFound
	case !rec.Sealed:
		return b, nil
	}
	if b, err = e.unsealed(ctx, name, b); errors.Is(err, errSeal) {
		e.trouble("read draft", err)
	}
	return b, err
}

var errElsewhere = fmt.Errorf("the draft is in the memory of another process: %w", ErrUnavailable)

var errNoDrafts = fmt.Errorf("the draft is in a draft store, and none is configured: %w", ErrUnavailable)

// spares reports whether the turn of in leaves the draft alone.
func (e *Engine) spares(in *Input) (yes bool) {
	if in.Kind == KindBlock || in.Kind == KindResult && in.Name == effectText {
		return true
	}
	s, ok := e.flows[in.Key.Flow].(Sparer)
	if !ok || in.Kind == 0 || in.FromPerson() {
		return false
	}
	_ = guard(func() { yes = s.Spares(in) })
	return yes
}

// recalled gives rec its draft if this process has it in memory; the draft tag tells
// whether that is the current one.
func (e *Engine) recalled(rec *Record) (found bool) {
	if c := e.cache.get(rec.Key); c != nil && c.DraftTag == rec.DraftTag && len(c.Answers) > 0 {
		rec.Answers, rec.memo = c.Answers, c.memo
		return true
	}
	rec.Answers, found = e.held.find(rec.Key, rec.DraftTag)
	return found
}

// recallDraft finds a draft that is in memory only. A person's input loses a draft of
// another process at once. Other inputs wait for retryFor: a live process fires the timers
// of its own drafts (see [Engine.sweepMemory]), so after that no process has the draft.
func (e *Engine) recallDraft(in *Input, rec *Record) (found bool, err error) {
	if found = e.recalled(rec); found || in.Kind == 0 || in.FromPerson() {
		return found, nil
	}
	waited := time.Duration(0)
	t, due := e.dueTimer(rec)
	if in.Kind == KindWake { // an earlier timer may have a defect
		t.At, due = atoi(in.Value)
	}
	if due {
		waited = e.Now().Sub(time.UnixMilli(t.At))
	} else {
		waited = e.unread.add(rec.Key, e.cfg.Now())
	}
	if waited < retryFor {
		return false, fmt.Errorf("draft of %s: %w", rec.Key.Masked(), errElsewhere)
	}
	return false, nil
}

// causeOf says why this process did not have the context. missed: the draft store
// lacked a copy, too.
func (e *Engine) causeOf(ctx context.Context, rec *Record, in *Input, missed bool) Cause {
	had, passed := strings.CutSuffix(rec.By, inPassing)
	switch {
	case missed && e.sameHost(had):
		return CauseFailover
	case in.Place.Channel != "" && elsewhere(rec, in):
		return CauseDevice
	case had == e.cfg.Instance && passed:
		return CauseInstance
	case had == e.cfg.Instance:
		return CauseEviction
	case e.sameHost(had), e.gone(ctx, had):
		return CauseRestart
	default:
		return CauseInstance
	}
}

// age is the time since the last input of the person of in.
func (e *Engine) age(r *Record, in *Input) time.Duration {
	r, _ = r.AsOf(in.Owner)
	return e.Now().Sub(r.Updated)
}

// elsewhere reports whether the person of in was at another place before.
func elsewhere(rec *Record, in *Input) bool {
	mine, sits := rec.AsOf(in.Owner)
	last, ok := mine.lastPlace()
	return sits && ok && (last.Channel != in.Place.Channel || last.Address != in.Place.Address)
}

// inPassing ends Record.By if a detached process has changed the conversation since: it commits and is gone, and the
// conversation remains that of the instance before.
const inPassing = "+"

// by is the instance that has a conversation after a turn of this one.
func (e *Engine) by(was string) string {
	if !e.cfg.Detached || was == "" || was == e.cfg.Instance {
		return e.cfg.Instance
	}
	return strings.TrimSuffix(was, inPassing) + inPassing
}

// sameHost reports whether by is this instance or an earlier one of the same host.
func (e *Engine) sameHost(by string) bool {
	host, _, _ := strings.Cut(by, ".")
	return e.Host() == host
}
