package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Engine runs many flows on one store. Its methods may be called concurrently.
type Engine struct {
	cfg      Config
	store    Store
	flows    map[string]Flow
	order    []Flow
	cache    *cache
	locks    keyLocks
	batch    *batcher
	courier  *courier
	began    time.Time    // with its monotonic reading
	clockOff atomic.Int64 // nanoseconds from our clock to the store's
	held     heldDrafts
	copies   copies
	peers    atomic.Pointer[peers] // nil: this engine does not run
	parked   refusals[parked]      // of what a newer instance may understand
	unread   refusals[Key]         // of drafts that cannot be read
	draining atomic.Bool
}

// New makes an engine. The first flow is the one that inputs go to unless their
// draft id matches another (see [Matcher]).
func New(store Store, cfg Config, flows ...Flow) (*Engine, error) {
	if len(flows) == 0 {
		return nil, errors.New("dialog: no flow")
	}
	cfg = cfg.withDefaults()
	e := &Engine{cfg: cfg, store: store, began: cfg.Now(), flows: map[string]Flow{}, order: flows, cache: newCache(cfg.CacheBytes), copies: copies{waiting: map[Key]copying{}}}
	e.parked.pause, e.unread.pause = parkedPause, unreadPause
	for _, f := range flows {
		if _, twice := e.flows[f.FlowName()]; twice || f.FlowName() == "" || f.FlowName() == AsideFlow {
			return nil, fmt.Errorf("dialog: flow %q: names are unique, not empty and not %q", f.FlowName(), AsideFlow)
		}
		if c, ok := f.(interface{ Check() error }); ok {
			if err := c.Check(); err != nil {
				return nil, fmt.Errorf("dialog: flow %q: %w", f.FlowName(), err)
			}
		}
		e.flows[f.FlowName()] = f
	}
	e.courier = newCourier(e)
	e.batch = newBatcher(store, cfg.Gate, e.courier.marked, e.courier.applied, e.courier.late, e.askClock)
	return e, nil
}

// Attach adds channels that push. Call it before the first input.
func (e *Engine) Attach(channels ...Channel) {
	for _, c := range channels {
		e.courier.channels[c.Name()] = c
	}
}

// Outcome is what an input did.
type Outcome struct {
	Did        Did
	Record     *Record // as it is now; nil when foreign or not there
	Rehydrated Rehydration
	Toast      *Said  // to answer a tap with
	Replaced   string // the message at Input.Place that a new one replaces; the caller removes it if Input.Removes
}

// Bot is the first part of every key.
func (e *Engine) Bot() string { return e.cfg.Bot }

// Host is the part of Config.Instance that survives a restart; it names what only
// one process at a time can be.
func (e *Engine) Host() string {
	host, _, _ := strings.Cut(e.cfg.Instance, ".")
	return host
}

// Zone of the times that cards show.
func (e *Engine) Zone() *time.Location { return e.cfg.Zone }

// Store is the engine's store: for lists.
func (e *Engine) Store() Store { return e.store }

// Now is the store's clock, as far as its answers told.
func (e *Engine) Now() time.Time { return e.clock().Add(time.Duration(e.clockOff.Load())) }

// clock is this machine's, but for when it is set: it goes on as it began.
func (e *Engine) clock() time.Time { return e.began.Add(e.cfg.Now().Sub(e.began)) }

// Sync asks the store for its time, by which all deadlines are reckoned.
func (e *Engine) Sync(ctx context.Context) error {
	told := e.askClock()
	now, err := e.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("clock of the store: %w", unavailable(err))
	}
	told(now)
	return nil
}

// askClock is called before the store is asked; what it returns is told the
// store's time. That was read at some moment in between, which bounds the
// offset: a slow answer does not set the clock back.
func (e *Engine) askClock() func(time.Time) {
	asked := e.clock()
	return func(t time.Time) {
		if t.IsZero() {
			return
		}
		low, high := int64(t.Sub(e.clock())), int64(t.Sub(asked))
		e.clockOff.Store(max(low, min(high, e.clockOff.Load())))
	}
}

// Route finds the conversation that an input belongs to.
func (e *Engine) Route(in *Input) Key {
	if !in.Key.IsZero() {
		return in.Key
	}
	for _, f := range e.order[1:] {
		m, ok := f.(Matcher)
		p, passes := f.(Passer)
		switch {
		case !ok || passes && p.Passes(in):
		case in.Draft != "" && m.Match(in.Draft):
			return Key{e.cfg.Bot, f.FlowName(), in.Draft}
		case in.Draft == "" && in.Value != "" && m.Match(in.Value):
			return Key{e.cfg.Bot, f.FlowName(), in.Value}
		}
	}
	return Key{e.cfg.Bot, e.order[0].FlowName(), in.Owner}
}

// passed reports whether in names a conversation that does not take it.
func (e *Engine) passed(in *Input) bool {
	for _, f := range e.order[1:] {
		m, ok := f.(Matcher)
		if p, passes := f.(Passer); ok && passes && in.Draft != "" && m.Match(in.Draft) && p.Passes(in) {
			return true
		}
	}
	return false
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
	own := in.Key.IsZero()
	in.Key = e.Route(&in)
	if own && in.Bound && e.passed(&in) {
		in.Bound, in.Value, in.Draft, in.Revision = false, in.Draft, "", 0
	}
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

// twinsWithin is how far apart two taps of one button may come without the
// person having seen its answer in between.
const twinsWithin = 3 * time.Second

const (
	conflictsMost = 50 // of one input, before its sender is told to come again
	timersMost    = 16 // turns of timers that go before one input
)

// turns handles in under the key's lock: again on a fresher record as long as
// commits find another one than they expected. What is due comes first; a timer
// that cannot be handled, or is set for now again and again, keeps nobody out.
func (e *Engine) turns(ctx context.Context, flow Flow, in *Input) (Outcome, error) {
	rec, reh, err := e.rehydrate(ctx, in)
	if err != nil {
		return e.park(in, rec, reh, err)
	}
	others, err := e.listed(ctx, flow, in)
	if err != nil {
		return e.park(in, rec, reh, err)
	}
	fresh := reh.Source != FromPresent && reh.Source != FromRedis
	timers := timersMost
	for range conflictsMost {
		e.gate("decide", in.Key)
		step := in
		if timer, due := rec.dueTimer(e.Now().UnixMilli()); due && timers > 0 && (in.Kind != KindWake || in.Name != timer.Name) {
			step = wakeInput(in.Key, timer)
			timers--
		}
		told := reh
		if step != in {
			told.Cause = "" // the input tells of it
		}
		t, w, err := e.decide(flow, rec, step, told, others)
		if step != in && (err != nil || w == nil) {
			if errors.Is(err, errDefect) {
				e.trouble("wake "+step.Name, err)
			}
			timers = 0
			continue
		}
		if err != nil {
			return e.park(in, rec, reh, err)
		}
		if w == nil {
			if !fresh && t.did != DidRepeat { // that there is nothing to do is not believed of a cache
				if rec, reh, err = e.rehydrateFrom(ctx, in, true); err != nil {
					return e.park(in, rec, reh, err)
				}
				e.refreshed(in.Key, rec)
				fresh = true
				continue
			}
			if t.did == DidRepeat {
				e.note(EventDuplicate, rec, step)
				e.wakeStarted(rec)
			}
			switch {
			case rec.unfinished():
				e.courier.wake(rec.Key) // a duplicate delivers what is pending
			case in.Kind == KindTap && in.Bound && in.Message != "" && in.Revision != rec.Revision && e.Now().Sub(rec.Updated) > twinsWithin:
				// that button should have been gone for long: the card there is an old one
				e.courier.suspect(rec.Key, in.Place, in.Message)
			}
			if t.did == DidForeign {
				return Outcome{Did: DidForeign, Toast: t.toast}, nil
			}
			return Outcome{Did: t.did, Record: rec, Rehydrated: reh, Toast: t.toast}, nil
		}
		after, verdict, err := e.commit(ctx, t, w)
		if err != nil {
			e.held.hold(rec, t.Record)
			e.cache.drop(in.Key)
			return Outcome{}, err
		}
		switch verdict {
		case Applied:
			rec, fresh = after, true
			if step != in {
				if reh.Version = rec.Version; rec.Step != reh.State { // what it had lost is over
					reh = Rehydration{Source: FromPresent, State: rec.Step, Version: rec.Version}
				}
				continue
			}
			return Outcome{Did: t.did, Record: rec, Rehydrated: t.Rehydrated, Toast: t.toast, Replaced: t.replaced}, nil
		case Taken:
			continue // decided again with new ids
		}
		if verdict == Conflicts {
			e.note(EventConflict, rec, step)
			if e.cfg.Recorder.Conflict != nil {
				e.cfg.Recorder.Conflict(in.Key)
			}
		}
		e.forgetCopy(ctx, rec)
		rec, reh, err = e.rehydrateFrom(ctx, in, true)
		if err != nil { // what the cache has is old, which the next commit finds, but may be the only draft
			return e.park(in, rec, reh, err)
		}
		e.refreshed(in.Key, rec)
		fresh = true
	}
	return Outcome{}, fmt.Errorf("too many conflicts: %w", ErrUnavailable)
}

// wakeStarted shows what rec last started, if that is pending: the process that
// committed it may have died before.
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

// refreshed lets go of what the cache has of key, in favour of rec, which was
// just read. A draft in memory is nowhere else: no turn may follow that keeps it.
func (e *Engine) refreshed(key Key, rec *Record) {
	if rec.Where == InMemory && len(rec.Answers) > 0 {
		e.cache.put(rec)
		return
	}
	e.cache.drop(key)
}

// gate is where a test may hold this process up, or let it die.
func (e *Engine) gate(point string, key Key) {
	if e.cfg.Gate != nil {
		e.cfg.Gate(point + " " + key.Path())
	}
}

// listed are the person's other conversations, where the flow wants them for in.
func (e *Engine) listed(ctx context.Context, flow Flow, in *Input) ([]*Record, error) {
	l, ok := flow.(Lister)
	if !ok {
		return nil, nil
	}
	name, wanted := "", false
	if err := guard(func() { name, wanted = l.Lists(in) }); err != nil || !wanted {
		return nil, err
	}
	return e.Others(ctx, in.Owner, name)
}

// park answers for a record that this process must not touch, or cannot: for a
// minute the sender is told to come again, so that another instance may take it.
func (e *Engine) park(in *Input, rec *Record, reh Rehydration, err error) (Outcome, error) {
	if !errors.Is(err, ErrSchemaNewer) {
		return Outcome{}, err
	}
	code, about := "newer", parked{key: in.Key, input: hash(in.ID), version: rec.Version}
	if errors.Is(err, errDefect) {
		code, about.version = "defect", 0
		e.trouble("decide "+in.Key.Flow, err)
	}
	if e.parked.again(about, e.cfg.Now()) < refusedFor {
		return Outcome{}, err
	}
	return Outcome{Did: DidPark, Record: rec, Rehydrated: reh, Toast: &Said{Code: code}}, nil
}

// Others lists the newest 20 of the person's conversations of another flow,
// newest first. Errors are ErrUnavailable.
func (e *Engine) Others(ctx context.Context, owner, flow string) ([]*Record, error) {
	const most = 20
	q := Query{Bot: e.cfg.Bot, Owner: owner, Flow: flow, Deep: true, Limit: 200}
	var out []*Record
	for {
		rows, err := e.store.List(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", flow, unavailable(err))
		}
		for _, row := range rows {
			if r, err := row.record(); err == nil { // what is newer is for newer instances to list
				out = append(out, r)
			}
		}
		slices.SortStableFunc(out, func(a, b *Record) int { return b.Created.Compare(a.Created) })
		out = out[:min(len(out), most)]
		if len(rows) < q.Limit {
			return out, nil
		}
		q.After = rows[len(rows)-1].Key.String()
	}
}

// Peek reads the head alone: the strategy's one query. ErrNotFound: there is no
// such conversation; everything else is ErrUnavailable.
func (e *Engine) Peek(ctx context.Context, key Key) (Head, error) {
	h, err := e.store.Head(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = unavailable(err)
	}
	return h, err
}

// Hydrate reads a conversation for showing, never from a cache: the head from
// the store, the draft from where the head says that it lies. The result says
// where it came from. Where there is no conversation the record has version 0
// and the source is FromNone. Errors: ErrUnavailable, ErrSchemaNewer.
func (e *Engine) Hydrate(ctx context.Context, key Key) (*Record, Rehydration, error) {
	return e.rehydrateFrom(ctx, &Input{Key: key}, true)
}

// Render shows a record. What the flow cannot show, or no flow of this bot, gets
// a card that says so.
func (e *Engine) Render(r *Record, v View) Card {
	c, err := e.render(r, v)
	if err != nil {
		e.trouble("render "+r.Key.Flow, err)
		c = Card{Conversation: r.Key, Draft: r.Draft, Revision: r.Revision, Step: r.Step, Lang: v.Lang, Ended: true}
		question, body, _ := strings.Cut(english["defect"], "\n")
		c.Question, c.Body = strings.TrimSuffix(question, "."), []string{body}
	}
	return c
}

// render is the card of a record. The error is of a defect.
func (e *Engine) render(r *Record, v View) (c Card, err error) {
	flow := e.flows[r.Key.Flow]
	if flow == nil {
		return c, fmt.Errorf("no flow %q: %w", r.Key.Flow, ErrNotFound)
	}
	if v.Now.IsZero() {
		v.Now = e.Now()
	}
	if v.Zone == nil {
		v.Zone = e.cfg.Zone
	}
	if err := guard(func() { c = flow.Render(r, v) }); err != nil {
		return Card{}, err
	}
	c.Conversation, c.Draft, c.Revision = r.Key, r.Draft, r.Revision
	return c, nil
}

// Forget deletes a conversation whatever its state, a personal one with what was
// set aside of its owner. ErrNotFound: there is neither; ErrConflict: it has just
// gone on at another instance; ErrSchemaNewer: a newer program wrote it, and knows
// what hangs on it; else ErrUnavailable.
func (e *Engine) Forget(ctx context.Context, key Key) error {
	if err := e.locks.lock(ctx, key); err != nil {
		return fmt.Errorf("forget %s: %w", key.Masked(), unavailable(err))
	}
	defer e.locks.unlock(key)
	h, err := e.Peek(ctx, key)
	missing := errors.Is(err, ErrNotFound)
	switch {
	case missing:
	case err != nil:
		return err
	case h.Format > recordFormat:
		return fmt.Errorf("forget %s of format %d: %w", key.Masked(), h.Format, ErrSchemaNewer)
	}
	aside, errAside := e.forgetAside(ctx, key)
	switch {
	case errAside != nil:
		return errAside
	case missing && aside:
		return nil
	case missing:
		return err
	}
	return e.forget(ctx, &h)
}

// forget deletes a conversation that is as h has it; its key is locked.
func (e *Engine) forget(ctx context.Context, h *Head) error {
	err := e.store.Forget(ctx, h.Key, h.Stamp())
	switch {
	case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound):
		return err
	case err != nil:
		return fmt.Errorf("forget %s: %w", h.Key.Masked(), unavailable(err))
	}
	e.cache.drop(h.Key)
	e.courier.forget(h.Key)
	e.forgetDrafts(ctx, h)
	return nil
}

// Stats of the engine.
type Stats struct {
	CachedRecords, CachedBytes int
	Batches, Turns             int64
	Couriers                   int
	Waiting                    int // couriers that wait for their time: for a retry, or as the chat has asked
	Marks                      int // that are shown, or handed over, and not yet written down
}

// Stats tells what the engine holds and did.
func (e *Engine) Stats() Stats {
	var s Stats
	s.CachedRecords, s.CachedBytes = e.cache.stats()
	e.batch.mu.Lock()
	s.Batches, s.Turns = e.batch.batches, e.batch.turns
	e.batch.mu.Unlock()
	s.Couriers, s.Waiting, s.Marks = e.courier.active()
	return s
}

// Refresh drops a conversation from the cache: another instance has changed it.
// A draft that is in memory only stays: it may still be the current one.
func (e *Engine) Refresh(key Key) {
	if r := e.cache.get(key); r != nil && r.Where != InMemory {
		e.cache.drop(key)
	}
}

// Evict empties the cache: for tests.
func (e *Engine) Evict() { e.cache.clear() }

// Close refuses new inputs, lets couriers finish until ctx ends, writes what is
// queued and stops. An effect that does not heed its context is left behind
// after two seconds. The error is always nil. Killing the process is just as safe.
func (e *Engine) Close(ctx context.Context) error {
	e.draining.Store(true)
	e.courier.drain(ctx)
	e.batch.close()
	return nil
}
