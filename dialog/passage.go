package dialog

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Outcome is the result of an input.
type Outcome struct {
	Did        Did
	Record     *Record // as it is now; nil: foreign, or missing
	Rehydrated Rehydration
	Toast      *Said // answers a tap; nil: nothing to say
	Told       *Told // what the sender alone is told, see View.Told; nil: the card says it
	Started    bool  // the input's turn started another conversation

	passTo string // the conversation that decides the input instead, see Turn.Pass
	passes string // the value that it gets there
}

// Handle takes one input and returns at the commit. After an error the sender tries
// again with the same input; ErrUnavailable and ErrSchemaNewer may pass.
func (e *Engine) Handle(ctx context.Context, in Input) (Outcome, error) {
	if e.draining.Load() {
		return Outcome{}, errClosing
	}
	return e.handle(ctx, in)
}

// handle is Handle for the courier too, which goes on while the engine drains.
func (e *Engine) handle(ctx context.Context, in Input) (Outcome, error) {
	began := e.cfg.Now()
	if err := in.clamp(e.quotable); err != nil {
		return Outcome{}, err
	}
	e.address(&in)
	flow := e.flows[in.Key.Flow]
	if flow == nil && in.Group { // an engine without Groups
		return Outcome{Did: DidForeign, Toast: &Said{Code: CodeForeign}}, nil
	}
	if flow == nil {
		return Outcome{}, fmt.Errorf("no flow %q: %w", in.Key.Flow, ErrNotFound)
	}
	out, err := e.locked(ctx, flow, &in)
	if err == nil && out.passTo != "" {
		out, err = e.forward(ctx, &in, out)
	}
	if err != nil {
		return out, fmt.Errorf("handle %s %s: %w", in.Kind, in.Key.Masked(), err)
	}
	e.recordRehydration(in.Key, out.Rehydrated)
	if e.cfg.Recorder.Turn != nil {
		e.cfg.Recorder.Turn(in.Key, in.Kind, out.Did, e.cfg.Now().Sub(began))
	}
	return out, nil
}

// forward gives an input to the conversation that its turn has named, whose outcome counts. That
// is a conversation of another flow, so an input is passed once.
func (e *Engine) forward(ctx context.Context, in *Input, by Outcome) (Outcome, error) {
	key := e.Route(&Input{Draft: by.passTo, Owner: in.Owner})
	if key.Flow == in.Key.Flow {
		return by, nil
	}
	in.Key, in.Value, in.Draft, in.claims = key, by.passes, "", by.passes != ""
	return e.locked(ctx, e.flows[key.Flow], in)
}

// locked locks the key, runs the turns of the input, and logs an input that got none.
func (e *Engine) locked(ctx context.Context, flow Flow, in *Input) (Outcome, error) {
	if err := e.locks.lock(ctx, in.Key); err != nil {
		e.logFailed(nil, in, err)
		return Outcome{}, fmt.Errorf("wait for the key's lock: %w", unavailable(err))
	}
	defer e.locks.unlock(in.Key) // also on a panic
	p := &passage{e: e, flow: flow, in: in, timers: timersMost}
	out, err := p.turns(ctx)
	if err != nil {
		e.logFailed(p.rec, in, err)
	}
	return out, err
}

const (
	passesMost = 50 // passes of the loop for one input before it is ErrUnavailable
	timersMost = 16 // turns of timers before one input
)

// turns is the path of an input: rehydrate, decide, commit, answer. Timers that are due
// have their turns first. A turn that loses its commit is decided again on the record
// that won. The cache and a copy may be older than the row: what fails on them is decided
// again on the row.
func (p *passage) turns(ctx context.Context) (Outcome, error) {
	err := p.rehydrate(ctx)
	for tries := 0; err == nil && tries < passesMost; tries++ {
		step := p.next()
		if step.Kind == KindWake {
			p.e.askDoor(ctx)
		}
		t, w, undecided := p.decide(step)
		if undecided != nil || w == nil {
			again, failed := p.unwritten(ctx, step, t, undecided)
			if !again && failed == nil {
				return p.without(t), nil
			}
			err = failed
			continue
		}
		verdict, unknown := p.commit(ctx, t, w)
		switch {
		case unknown != nil:
			return Outcome{}, unknown
		case verdict == Applied && step == p.in:
			return p.outcome(t), nil
		case verdict == Applied:
			p.afterTimer()
		case verdict == Taken: // the next decision makes new ids
		default:
			p.lost(ctx, step, verdict)
			err = p.reread(ctx)
		}
	}
	if err == nil {
		err = fmt.Errorf("too many conflicts: %w", ErrUnavailable)
	}
	return p.park(err)
}

// unwritten handles a decision without a write: either the record cannot be decided, or there is
// nothing to commit. again: the passage decides once more, on the row or without the timer
// step. Neither again nor an error: nothing has to be written.
func (p *passage) unwritten(ctx context.Context, step *Input, t *Turn, undecided error) (again bool, err error) {
	switch {
	case undecided != nil && !p.row: // the row may be newer, and decidable
		return true, p.verify(ctx)
	case step != p.in:
		p.skipTimer(step, undecided)
		return true, nil
	case undecided != nil:
		return false, undecided
	case !p.certain(t):
		return true, p.reread(ctx)
	}
	return false, nil
}

// passage is one input on its path, with its conversation.
type passage struct {
	e      *Engine
	flow   Flow
	in     *Input
	rec    *Record     // the conversation, as last read or committed
	reh    Rehydration // how rec was found
	row    bool        // rec is the row's record; that of the cache or a copy may be older
	others []*Record   // the person's other conversations, where the flow wants them
	timers int         // turns of timers that may still come first
}

// rehydrate finds the conversation in the cache, a copy or the row.
func (p *passage) rehydrate(ctx context.Context) (err error) {
	if p.rec, p.reh, err = p.e.rehydrate(ctx, p.in); err != nil {
		return err
	}
	p.row = p.reh.Source != FromPresent && p.reh.Source != FromRedis
	if p.in.atAnother, err = p.e.atAnother(ctx, p.mine(), p.in); err != nil {
		return err
	}
	p.others, err = p.e.listed(ctx, p.flow, p.mine(), p.in)
	return err
}

// park is Engine.park with the record as the sender has it; a stranger gets none.
func (p *passage) park(err error) (Outcome, error) {
	out, err := p.e.park(p.in, p.rec, p.reh, err)
	if out.Record != nil {
		if role, sits := seatFor(p.flow, p.rec, p.in); sits {
			out.Record = p.rec.As(role)
		} else {
			out.Record = nil
		}
	}
	return out, err
}

// mine is the record as the sender has it. A stranger's is the owner's: nothing of it may
// leave.
func (p *passage) mine() *Record {
	role, _ := seatFor(p.flow, p.rec, p.in)
	return p.rec.As(role)
}

// reread finds the conversation in its row. On an error the cache keeps its record: it
// may be old, as the next commit finds out, but it may hold the only draft. A row that is as
// the record before is no rehydration, and leaves the cache as it is: nothing was missing.
func (p *passage) reread(ctx context.Context) (err error) {
	was, reh := p.rec.Stamp(), p.reh
	if p.rec, p.reh, err = p.e.rehydrateFrom(ctx, p.in, true); err != nil {
		return err
	}
	if p.rec.Stamp() == was {
		p.reh = reh
	} else {
		p.e.refreshed(p.in.Key, p.rec)
	}
	p.row = true
	p.others, err = p.e.listed(ctx, p.flow, p.mine(), p.in)
	return err
}

// verify is reread that deletes the copy if the row has gone on.
func (p *passage) verify(ctx context.Context) error {
	old := p.rec
	err := p.reread(ctx)
	if err == nil && p.rec.Stamp() != old.Stamp() {
		p.e.forgetCopy(ctx, old)
	}
	return err
}

// next is the input to decide next: a timer's that is due, else the passage's own.
func (p *passage) next() *Input {
	p.e.gate("decide", p.in.Key)
	timer, due := p.e.dueTimer(p.rec)
	if !due || p.timers == 0 || p.rec.spared || p.in.Kind == KindWake && p.in.Name == timer.Name {
		return p.in
	}
	p.timers--
	return wakeInput(p.in.Key, timer)
}

// decide decides step on the record. Only the turn of the passage's input logs its
// rehydration.
func (p *passage) decide(step *Input) (*Turn, *Write, error) {
	reh := p.reh
	if step != p.in {
		reh.Cause = ""
	}
	return p.e.decide(p.flow, p.rec, step, reh, p.others)
}

// skipTimer lets the input go before the timer step, which cannot be handled. A timer whose
// turn has a defect rests; after any other failure the input goes before all timers.
func (p *passage) skipTimer(step *Input, err error) {
	if errors.Is(err, errDefect) {
		p.e.cannotFire(unfiredTimer{step.Key, step.ID}, "wake "+step.Name, err)
		return
	}
	p.timers = 0
}

// certain reports whether a turn without a commit may be answered. Only the row is
// certain that there is nothing to do; a duplicate in any record is one.
func (p *passage) certain(t *Turn) bool { return p.row || t.did == DidDuplicate }

// duplicateWithin is how long after a turn a tap on the button of the card before it is
// plausible: the person may not have seen the new card yet.
const duplicateWithin = 3 * time.Second

// without answers an input that needs no commit, and delivers what is pending: the
// process that committed it may have died.
func (p *passage) without(t *Turn) Outcome {
	in, rec, e := p.in, p.rec.As(t.role), p.e
	if t.did == DidDuplicate {
		e.logInput(EventDuplicate, rec, in)
		e.rereadStarted(rec)
	}
	switch {
	case rec.unfinished():
		e.courier.reread(rec.Key)
	case in.Kind == KindTap && in.Bound && in.Message != "" && in.Revision != rec.Revision && e.Now().Sub(rec.Updated) > duplicateWithin:
		e.courier.suspect(rec.Key, in.Place, in.Message) // the message should show a newer card by now
	}
	if t.did == DidForeign {
		return Outcome{Did: DidForeign, Toast: t.toast, passTo: t.passTo, passes: t.passes}
	}
	if p.reh.logged() {
		e.logLater(rehydratedEvent(p.reh), rec, in)
	}
	return Outcome{Did: t.did, Record: rec, Rehydrated: p.reh, Toast: t.toast, Told: t.told, passTo: t.passTo, passes: t.passes}
}

// rereadStarted shows what is pending of the conversation that rec last started, from its row.
func (e *Engine) rereadStarted(rec *Record) {
	if rec.Started == "" {
		return
	}
	for _, f := range e.order {
		if e.matches(f, rec.Started) {
			e.courier.reread(Key{e.cfg.Bot, f.FlowName(), rec.Started})
		}
	}
}

// commit writes a turn. After an error the outcome is unknown, and the next input reads
// the row.
func (p *passage) commit(ctx context.Context, t *Turn, w *Write) (Verdict, error) {
	after, verdict, err := p.e.commit(ctx, t, w)
	switch {
	case err != nil:
		p.e.held.hold(p.rec, t.Record)
		p.e.cache.drop(p.in.Key)
	case verdict == Applied:
		p.rec, p.row = after, true
	}
	return verdict, err
}

// outcome answers a committed input.
func (p *passage) outcome(t *Turn) Outcome {
	return Outcome{Did: t.did, Record: p.rec.As(t.role), Rehydrated: t.Rehydrated, Toast: t.toast, Started: len(t.starts) > 0, passTo: t.passTo, passes: t.passes}
}

// afterTimer goes on from the record of a timer's turn. If that ended the step, the
// rehydration of the earlier step is over.
func (p *passage) afterTimer() {
	if p.reh.Version = p.rec.Version; p.rec.Step != p.reh.State {
		p.reh = Rehydration{Source: FromPresent, State: p.rec.Step, Version: p.rec.Version}
	}
}

// lost records that another turn was committed first.
func (p *passage) lost(ctx context.Context, step *Input, verdict Verdict) {
	if verdict == Conflicts {
		p.e.logInput(EventConflict, p.rec, step)
		if p.e.cfg.Recorder.Conflict != nil {
			p.e.cfg.Recorder.Conflict(p.in.Key)
		}
	}
	p.e.forgetCopy(ctx, p.rec)
}
