package dialog

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Outcome is what an input did.
type Outcome struct {
	Did        Did
	Record     *Record // as it is now; nil when foreign or not there
	Rehydrated Rehydration
	Toast      *Said // to answer a tap with
}

// Handle takes one input and returns at the commit. ErrUnavailable and
// ErrSchemaNewer ask the sender to come again with the same input; any other
// error too.
func (e *Engine) Handle(ctx context.Context, in Input) (Outcome, error) {
	if e.draining.Load() {
		return Outcome{}, fmt.Errorf("closing: %w", ErrUnavailable)
	}
	return e.handle(ctx, in)
}

// handle is Handle for the courier too, which finishes while the engine drains.
func (e *Engine) handle(ctx context.Context, in Input) (Outcome, error) {
	began := e.cfg.Now()
	in.clean()
	e.address(&in)
	flow := e.flows[in.Key.Flow]
	if flow == nil {
		return Outcome{}, fmt.Errorf("no flow %q: %w", in.Key.Flow, ErrNotFound)
	}
	out, err := e.locked(ctx, flow, &in)
	if err != nil {
		return out, fmt.Errorf("handle %s %s: %w", in.Kind, in.Key.Masked(), err)
	}
	if e.cfg.Recorder.Turn != nil {
		e.cfg.Recorder.Turn(in.Key, in.Kind, out.Did, e.cfg.Now().Sub(began))
	}
	return out, nil
}

// locked is turns under the key's lock.
func (e *Engine) locked(ctx context.Context, flow Flow, in *Input) (Outcome, error) {
	if err := e.locks.lock(ctx, in.Key); err != nil {
		return Outcome{}, fmt.Errorf("wait for its turn: %w", unavailable(err))
	}
	defer e.locks.unlock(in.Key) // whatever panics
	return e.turns(ctx, flow, in)
}

const (
	conflictsMost = 50 // tries of one input, before its sender is told to come again
	timersMost    = 16 // turns of timers that go before one input
)

// turns is the path of an input: rehydrate, decide, commit, answer. A timer that
// is due takes its turn first. A turn that loses its commit is decided again on
// the record that won.
func (e *Engine) turns(ctx context.Context, flow Flow, in *Input) (Outcome, error) {
	p := &passage{e: e, flow: flow, in: in, timers: timersMost}
	err := p.rehydrate(ctx)
	for tries := 0; err == nil && tries < conflictsMost; tries++ {
		step := p.next()
		t, w, undecided := p.decide(step)
		switch {
		case step != in && (undecided != nil || w == nil):
			p.skipTimers(step, undecided)
			continue
		case undecided != nil:
			err = undecided
			continue
		case w == nil && !p.certain(t):
			err = p.reread(ctx)
			continue
		case w == nil:
			return p.without(t), nil
		}
		verdict, unknown := p.commit(ctx, t, w)
		switch {
		case unknown != nil:
			return Outcome{}, unknown
		case verdict == Applied && step == in:
			return p.outcome(t), nil
		case verdict == Applied:
			p.afterTimer()
		case verdict == Taken: // decided again, with new ids
		default:
			p.lost(ctx, step, verdict)
			err = p.reread(ctx)
		}
	}
	if err == nil {
		err = fmt.Errorf("too many conflicts: %w", ErrUnavailable)
	}
	return e.park(in, p.rec, p.reh, err)
}

// passage is one input on its path, and what is known of its conversation.
type passage struct {
	e      *Engine
	flow   Flow
	in     *Input
	rec    *Record     // the conversation, as last read or committed
	reh    Rehydration // how rec was found
	row    bool        // rec is what the row has; a cache or a copy may be behind it
	others []*Record   // the person's other conversations, where the flow wants them
	timers int         // turns of timers that may still go first
}

// rehydrate finds the conversation, from the nearest place that has it.
func (p *passage) rehydrate(ctx context.Context) (err error) {
	if p.rec, p.reh, err = p.e.rehydrate(ctx, p.in); err != nil {
		return err
	}
	p.row = p.reh.Source != FromPresent && p.reh.Source != FromRedis
	p.others, err = p.e.listed(ctx, p.flow, p.in)
	return err
}

// reread finds the conversation in its row, past cache and copy. After an error
// the cache keeps what it has: that is old, which the next commit finds out, but it
// may be the only draft.
func (p *passage) reread(ctx context.Context) (err error) {
	if p.rec, p.reh, err = p.e.rehydrateFrom(ctx, p.in, true); err != nil {
		return err
	}
	p.e.refreshed(p.in.Key, p.rec)
	p.row = true
	return nil
}

// next is what is decided next: a timer that is due, else the input.
func (p *passage) next() *Input {
	p.e.gate("decide", p.in.Key)
	timer, due := p.rec.dueTimer(p.e.Now().UnixMilli())
	if !due || p.timers == 0 || p.in.Kind == KindWake && p.in.Name == timer.Name {
		return p.in
	}
	p.timers--
	return wakeInput(p.in.Key, timer)
}

// decide decides step on the record. Of a rehydration the input's turn tells, not
// a timer's.
func (p *passage) decide(step *Input) (*Turn, *Write, error) {
	told := p.reh
	if step != p.in {
		told.Cause = ""
	}
	return p.e.decide(p.flow, p.rec, step, told, p.others)
}

// skipTimers lets the input go before all timers: step, which is one, cannot be
// handled, and keeps nobody out.
func (p *passage) skipTimers(step *Input, err error) {
	if errors.Is(err, errDefect) {
		p.e.trouble("wake "+step.Name, err)
	}
	p.timers = 0
}

// certain reports whether a turn without a commit may be answered: only the row
// tells that there is nothing to do. A duplicate stays one.
func (p *passage) certain(t *Turn) bool { return p.row || t.did == DidDuplicate }

// duplicateWithin is how far apart two taps of one button may come without the
// person having seen its answer in between.
const duplicateWithin = 3 * time.Second

// without answers an input that is not committed. What is pending is delivered: the
// process that committed it may have died before.
func (p *passage) without(t *Turn) Outcome {
	in, rec, e := p.in, p.rec, p.e
	if t.did == DidDuplicate {
		e.logInput(EventDuplicate, rec, in)
		e.wakeStarted(rec)
	}
	switch {
	case rec.unfinished():
		e.courier.wake(rec.Key)
	case in.Kind == KindTap && in.Bound && in.Message != "" && in.Revision != rec.Revision && e.Now().Sub(rec.Updated) > duplicateWithin:
		e.courier.suspect(rec.Key, in.Place, in.Message) // the button should have been gone for long: the card there is an old one
	}
	if t.did == DidForeign {
		return Outcome{Did: DidForeign, Toast: t.toast}
	}
	return Outcome{Did: t.did, Record: rec, Rehydrated: p.reh, Toast: t.toast}
}

// wakeStarted shows what rec last started, if that is pending.
func (e *Engine) wakeStarted(rec *Record) {
	if rec.Started == "" {
		return
	}
	for _, f := range e.order {
		if m, ok := f.(Matcher); ok && m.Match(rec.Started) {
			e.courier.wake(Key{e.cfg.Bot, f.FlowName(), rec.Started})
		}
	}
}

// commit writes a turn. On an error nobody knows whether it is written: the next
// input reads the row.
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

// outcome answers an input that is committed.
func (p *passage) outcome(t *Turn) Outcome {
	return Outcome{Did: t.did, Record: p.rec, Rehydrated: t.Rehydrated, Toast: t.toast}
}

// afterTimer goes on from the record that a timer's turn left. Where the timer
// ended the step, what that had lost is over.
func (p *passage) afterTimer() {
	if p.reh.Version = p.rec.Version; p.rec.Step != p.reh.State {
		p.reh = Rehydration{Source: FromPresent, State: p.rec.Step, Version: p.rec.Version}
	}
}

// lost notes that another turn was committed first.
func (p *passage) lost(ctx context.Context, step *Input, verdict Verdict) {
	if verdict == Conflicts {
		p.e.logInput(EventConflict, p.rec, step)
		if p.e.cfg.Recorder.Conflict != nil {
			p.e.cfg.Recorder.Conflict(p.in.Key)
		}
	}
	p.e.forgetCopy(ctx, p.rec)
}
