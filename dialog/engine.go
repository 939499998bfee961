package dialog

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Mode says where the next draft is written. What each may lose: see the fields.
type Mode uint8

// The modes of the strategy.
const (
	Database    Mode = iota // the row; loses nothing that was acknowledged
	Hybrid                  // the row, and a copy in the draft store; loses nothing
	Redis                   // the draft store; loses what it acknowledged and then lost
	Lightweight             // memory; loses on restart, eviction, change of instance
)

var modeNames = [...]string{"database", "hybrid", "redis", "lightweight"}

func (m Mode) String() string { return modeNames[m] }

// ParseMode reads a mode's name.
func ParseMode(s string) (Mode, error) {
	if i := slices.Index(modeNames[:], s); i >= 0 {
		return Mode(i), nil
	}
	return 0, fmt.Errorf("mode %q: want lightweight, database, redis or hybrid", s)
}

// Config of an engine. The zero value works.
type Config struct {
	// Bot is the first part of every key. Defaults to "bot".
	Bot string
	// Instance names this process in records and leases: host.boot, where host
	// survives a restart. Defaults to a random name.
	Instance string
	// Mode chooses per owner where drafts are written. Defaults to Database.
	Mode func(owner string) Mode
	// Drafts is needed by the modes Redis and Hybrid.
	Drafts Drafts
	// SessionGap is how long a person may be away before the card is brought
	// back with a word of welcome. Defaults to 30 minutes.
	SessionGap time.Duration
	// CacheBytes bounds the records kept in memory. Defaults to 16 MiB: about
	// 11,000 conversations of 1.5 KB.
	CacheBytes int
	// Zone of the times that cards show. Defaults to UTC.
	Zone *time.Location
	// Detached: this process commits turns and lets another one show them.
	Detached bool
	// Recorder hears of what happens. Defaults to nothing.
	Recorder Recorder
	// EventsFor is how long events are kept. Defaults to 400 days.
	EventsFor time.Duration
	// Now is the local clock. Defaults to time.Now.
	Now func() time.Time
	// Random makes tags and ids. Defaults to crypto/rand.
	Random func() uint64
	// Gate is called at named points where the process might die: for tests.
	Gate func(point string)
}

func (c Config) withDefaults() Config {
	if c.Bot == "" {
		c.Bot = "bot"
	}
	if c.Random == nil {
		c.Random = cryptoRandom
	}
	if c.Instance == "" {
		c.Instance = fmt.Sprintf("%06x.%06x", c.Random()&0xffffff, c.Random()&0xffffff)
	}
	if c.Mode == nil {
		c.Mode = func(string) Mode { return Database }
	}
	if c.SessionGap <= 0 {
		c.SessionGap = 30 * time.Minute
	}
	if c.CacheBytes <= 0 {
		c.CacheBytes = 16 << 20
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.EventsFor <= 0 {
		c.EventsFor = 400 * 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func cryptoRandom() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return binary.BigEndian.Uint64(b[:])
}

// Recorder hears of what happens; nil functions hear nothing. They are called
// on the path of an input and must be quick.
type Recorder struct {
	Rehydrated func(key Key, r Rehydration)
	Turn       func(key Key, kind Kind, did Did, took time.Duration)
	Showed     func(key Key, channel string, err error, took time.Duration)
	Conflict   func(key Key)
	Trouble    func(what string, err error) // err has no personal data
}

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
	clockOff atomic.Int64 // nanoseconds from the local clock to the store's
	held     heldDrafts
	parkedMu sync.Mutex
	parked   map[Key]time.Time // since when a newer record or an unreadable draft is refused
	draining atomic.Bool
}

// New makes an engine. The first flow is the one that inputs go to unless their
// draft id matches another (see [Matcher]).
func New(store Store, cfg Config, flows ...Flow) (*Engine, error) {
	if len(flows) == 0 {
		return nil, errors.New("dialog: no flow")
	}
	cfg = cfg.withDefaults()
	e := &Engine{cfg: cfg, store: store, flows: map[string]Flow{}, order: flows, cache: newCache(cfg.CacheBytes), parked: map[Key]time.Time{}}
	for _, f := range flows {
		if _, twice := e.flows[f.FlowName()]; twice || f.FlowName() == "" {
			return nil, fmt.Errorf("dialog: flow %q: names are unique and not empty", f.FlowName())
		}
		if c, ok := f.(interface{ Check() error }); ok {
			if err := c.Check(); err != nil {
				return nil, fmt.Errorf("dialog: flow %q: %w", f.FlowName(), err)
			}
		}
		e.flows[f.FlowName()] = f
	}
	e.courier = newCourier(e)
	e.batch = newBatcher(store, cfg.Gate, e.courier.marked, e.courier.applied, e.askClock)
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
	Record     *Record // as it is now; nil when foreign
	Rehydrated Rehydration
	Toast      *Said  // to answer a tap with
	Replaced   string // the message at Input.Place that a new one replaces; the caller removes it if Input.Removes
}

// Bot is the first part of every key.
func (e *Engine) Bot() string { return e.cfg.Bot }

// Zone of the times that cards show.
func (e *Engine) Zone() *time.Location { return e.cfg.Zone }

// Store is the engine's store: for lists.
func (e *Engine) Store() Store { return e.store }

// Now is the store's clock, as far as its answers told.
func (e *Engine) Now() time.Time { return e.cfg.Now().Add(time.Duration(e.clockOff.Load())) }

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
	asked := e.cfg.Now()
	return func(t time.Time) {
		if t.IsZero() {
			return
		}
		low, high := int64(t.Sub(e.cfg.Now())), int64(t.Sub(asked))
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
	own := in.Key.IsZero()
	in.Key = e.Route(&in)
	if own && in.Bound && e.passed(&in) {
		in.Bound, in.Value, in.Draft, in.Revision = false, in.Draft, "", 0
	}
	in.clean()
	flow := e.flows[in.Key.Flow]
	if flow == nil {
		return Outcome{}, fmt.Errorf("no flow %q: %w", in.Key.Flow, ErrNotFound)
	}
	if err := e.locks.lock(ctx, in.Key); err != nil {
		return Outcome{}, fmt.Errorf("wait for %s: %w: %w", in.Key.Path(), ErrUnavailable, err)
	}
	out, err := e.turns(ctx, flow, &in)
	e.locks.unlock(in.Key)
	if err != nil {
		return out, fmt.Errorf("handle %s %s: %w", in.Kind, in.Key.Path(), err)
	}
	if e.cfg.Recorder.Turn != nil {
		e.cfg.Recorder.Turn(in.Key, in.Kind, out.Did, e.cfg.Now().Sub(began))
	}
	return out, nil
}

// twinsWithin is how far apart two taps of one button may come without the
// person having seen its answer in between.
const twinsWithin = 3 * time.Second

// turns handles in under the key's lock: again on a fresher record as long as
// commits find another one than they expected.
func (e *Engine) turns(ctx context.Context, flow Flow, in *Input) (Outcome, error) {
	rec, reh, err := e.rehydrate(ctx, in)
	if err != nil {
		return e.park(in, rec, reh, err)
	}
	var others []*Record
	if l, ok := flow.(Lister); ok {
		if name, wanted := l.Lists(in); wanted {
			if others, err = e.others(ctx, in.Owner, name); err != nil {
				return Outcome{}, err
			}
		}
	}
	fresh := reh.Source != FromPresent && reh.Source != FromRedis
	for range 50 {
		e.gate("decide", in.Key)
		step := in
		if timer, due := rec.dueTimer(e.Now().UnixMilli()); due && !(in.Kind == KindWake && in.Name == timer.Name) {
			step = wakeInput(in.Key, timer) // what is due comes first
		}
		t, w, err := e.decide(flow, rec, step, reh, others)
		if err != nil {
			return e.park(in, rec, reh, err)
		}
		if w == nil {
			if step != in {
				return Outcome{}, fmt.Errorf("timer %s did nothing: %w", step.Name, ErrUnavailable)
			}
			if !fresh && t.did != DidRepeat { // that there is nothing to do is not believed of a cache
				again := *in
				if rec, reh, err = e.rehydrateFrom(ctx, &again, true); err != nil {
					return e.park(in, rec, reh, err)
				}
				e.cache.drop(in.Key)
				fresh = true
				continue
			}
			switch {
			case rec.unfinished():
				e.courier.wake(rec.Key) // a duplicate delivers what is pending
			case in.Kind == KindTap && in.Bound && in.Message != "" && in.Revision != rec.Revision && e.Now().Sub(rec.Updated) > twinsWithin:
				// that button should have been gone for long: the card there is an old one
				e.courier.suspect(rec.Key, in.Place, in.Message)
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
				reh = Rehydration{Source: FromPresent, State: rec.Step, Version: rec.Version}
				continue
			}
			return Outcome{Did: t.did, Record: rec, Rehydrated: t.Rehydrated, Toast: t.toast, Replaced: t.replaced}, nil
		case Taken:
			continue // decided again with new ids
		}
		if verdict == Conflicts && e.cfg.Recorder.Conflict != nil {
			e.cfg.Recorder.Conflict(in.Key)
		}
		e.forgetCopy(ctx, rec)
		rec, reh, err = e.rehydrateFrom(ctx, in, true)
		e.cache.drop(in.Key)
		if err != nil {
			return e.park(in, rec, reh, err)
		}
		fresh = true
	}
	return Outcome{}, fmt.Errorf("too many conflicts: %w", ErrUnavailable)
}

// gate is where a test may hold this process up, or let it die.
func (e *Engine) gate(point string, key Key) {
	if e.cfg.Gate != nil {
		e.cfg.Gate(point + " " + key.Path())
	}
}

// replacedBy is the message at the input's place that the new card replaces.
func replacedBy(t *Turn) string {
	p, ok := t.Record.Place(t.Input.Place.Channel, t.Input.Place.Address)
	if !ok || !p.Push || t.Record.Anew != t.Record.Version || !t.Input.Removes {
		return ""
	}
	return t.Before.Message(p)
}

// park answers for a record that this process must not touch: for a minute the
// sender is told to come again, so that a newer instance may take it.
func (e *Engine) park(in *Input, rec *Record, reh Rehydration, err error) (Outcome, error) {
	if !errors.Is(err, ErrSchemaNewer) {
		return Outcome{}, err
	}
	if e.refusedFor(in.Key) < time.Minute {
		return Outcome{}, err
	}
	return Outcome{Did: DidPark, Record: rec, Rehydrated: reh, Toast: &Said{Code: "newer"}}, nil
}

// refusedFor is how long this key has been refused.
func (e *Engine) refusedFor(key Key) time.Duration {
	e.parkedMu.Lock()
	defer e.parkedMu.Unlock()
	since, ok := e.parked[key]
	if !ok {
		if len(e.parked) > 10_000 {
			clear(e.parked)
		}
		since = e.cfg.Now()
		e.parked[key] = since
	}
	return e.cfg.Now().Sub(since)
}

func (e *Engine) unpark(key Key) {
	e.parkedMu.Lock()
	if len(e.parked) > 0 {
		delete(e.parked, key)
	}
	e.parkedMu.Unlock()
}

// decide runs the pure part. No write means that nothing is to be committed.
func (e *Engine) decide(flow Flow, rec *Record, in *Input, reh Rehydration, others []*Record) (*Turn, *Write, error) {
	now := e.Now()
	t := &Turn{Before: rec, Record: rec.clone(), Input: in, Now: now, Rehydrated: reh, Others: others, seed: e.cfg.Random()}
	id, twin := uint64(0), in.twin()
	if in.ID != "" {
		id = hash(in.ID)
	}
	if rec.HasSeen(id) || rec.HasSeen(twin) {
		t.did = DidRepeat
		if twin != 0 && rec.Started != "" && in.Name == "confirm" {
			t.toast = &Said{Code: "already", Args: map[string]string{"id": rec.Started}}
		}
		return t, nil, nil
	}
	if in.Owner != "" && rec.Owner != in.Owner {
		_, byID := flow.(Matcher)
		if rec.Version > 0 || byID {
			t.did = DidForeign
			t.toast = &Said{Code: "foreign"}
			return t, nil, nil
		}
	}
	if rec.Version == 0 && !in.person() {
		t.did = DidForeign // a timer or an order for what is not there
		return t, nil, nil
	}
	if !t.admit() {
		return t, nil, nil
	}
	t.Gap = rec.Version > 0 && in.person() && rec.Step != "" &&
		(now.Sub(rec.Updated) >= e.cfg.SessionGap || reh.Cause == CauseRestart || reh.Lost)
	if in.Bound && (in.Draft != rec.Draft || in.Revision != rec.Revision) {
		t.stale()
	} else {
		flow.Decide(t)
	}
	if t.did == DidPark {
		return t, nil, fmt.Errorf("%s step %s: %w", in.Key.Path(), rec.Step, ErrSchemaNewer)
	}
	if t.did == DidNothing && len(t.events) == 0 && in.Kind != KindWake && in.Kind != KindResult && in.Kind != KindBlock {
		return t, nil, nil
	}
	e.finish(flow, t, id, twin)
	w, err := e.write(t, id)
	return t, w, err
}

// stale answers a button or a form of an earlier card: nothing is applied, and
// what was typed is quoted.
func (t *Turn) stale() {
	if t.Input.Kind == KindText {
		t.Quote("old_form", map[string]string{"typed": t.Input.Text}, t.Input.Text)
	} else {
		t.Say("old_button", nil)
		t.Toast("old_button", nil)
	}
	t.did = DidStale
}

// admit does what every turn of its kind does: a wake takes its timer, a result
// its effect, a block marks the place. False: there is nothing to do.
func (t *Turn) admit() bool {
	switch in := t.Input; in.Kind {
	case KindWake:
		i := slices.IndexFunc(t.Record.Timers, func(x Timer) bool { return x.Name == in.Name && itoa(x.At) == in.Value })
		if i < 0 || t.Record.Timers[i].At > t.Now.UnixMilli() {
			return false
		}
		t.Unwake(in.Name)
	case KindResult:
		i := slices.IndexFunc(t.Record.Pending, func(x PendingEffect) bool { return x.ID == in.Value })
		if i < 0 {
			return false
		}
		t.Record.Pending = slices.Delete(slices.Clone(t.Record.Pending), i, i+1)
	case KindBlock:
		i := slices.IndexFunc(t.Record.Places, func(p Place) bool { return p.id() == in.Place.id() })
		if i < 0 || t.Record.Places[i].Blocked == (in.Name == "blocked") {
			return false
		}
		t.Record.Places = slices.Clone(t.Record.Places)
		t.Record.Places[i].Blocked = in.Name == "blocked"
		if in.Name == "blocked" {
			t.Event(EventBlocked, "")
		}
	default:
		t.settleIn()
	}
	return true
}

// settleIn notes where the person is: the last place comes first.
func (t *Turn) settleIn() {
	p := t.Input.Place
	if p.Channel == "" {
		return
	}
	list := t.Record.Places
	i := slices.IndexFunc(list, func(x Place) bool { return x.id() == p.id() })
	if i >= 0 {
		p.Released, p.Given, p.Heir = list[i].Released, list[i].Given, list[i].Heir
		if p.Lang == "" {
			p.Lang = list[i].Lang
		}
		if i == 0 && list[0] == p {
			return
		}
	}
	places := make([]Place, 0, len(list)+1)
	places = append(places, p)
	for j, x := range list {
		if j != i && len(places) < 8 {
			places = append(places, x)
		}
	}
	t.Record.Places = places
}

// finish derives what follows from what the flow changed: version, tag,
// revision, card, seen, events.
func (e *Engine) finish(flow Flow, t *Turn, id, twin uint64) {
	r, was, in := t.Record, t.Before, t.Input
	r.Version = was.Version + 1
	r.Tag = e.tag()
	r.By = e.cfg.Instance
	if r.Owner == "" {
		r.Owner = in.Owner
	}
	if in.person() {
		r.Updated = t.Now
	}
	answers := r.Draft != was.Draft || !bytes.Equal(r.Answers, was.Answers)
	moved := answers || r.Step != was.Step || r.Open != was.Open
	if answers {
		r.DraftTag = r.Tag
	}
	if moved {
		r.Revision = was.Revision + 1
	}
	if r.Draft != was.Draft {
		r.Lost, r.Created = false, t.Now
	}
	below := in.typed() && in.Place.Push && t.did != DidNothing
	if in.Kind == KindTap && in.Message != "" && in.Place.Push { // on a card further up than the live one
		if p, ok := r.Place(in.Place.Channel, in.Place.Address); ok {
			live := was.Message(p)
			below = live != "" && live != in.Message && !later(in.Message, live)
		}
	}
	switch {
	case t.anew || below:
		r.Card, r.Anew = r.Version, r.Version
	case moved || !sameSaid(r.Said, was.Said) || t.did == DidStale:
		if !t.quiet {
			r.Card = r.Version
		}
	}
	// the message whose button was tapped is shown, though we may not know it, or not yet: adopt
	if in.Message != "" && in.Place.Push {
		if p, ok := r.Place(in.Place.Channel, in.Place.Address); ok && p.Released == 0 {
			if live := was.Message(p); live == "" || later(in.Message, live) {
				r.shown.put(Shown{Channel: p.Channel, Address: p.Address, Version: r.shown.get(p).Version, Message: in.Message})
			}
		}
	}
	seen := make([]uint64, 0, seenMax)
	keep := r.Seen
	add := 1
	if twin != 0 && moved {
		add = 2
	}
	if over := len(keep) + add - seenMax; over > 0 {
		keep = keep[over:]
	}
	seen = append(seen, keep...)
	if id != 0 {
		seen = append(seen, id)
	}
	if add == 2 {
		seen = append(seen, twin)
	}
	r.Seen = seen
	_, byID := flow.(Matcher)
	r.Where = e.whereTo(r, byID)
	if r.Step == "" && r.Draft == was.Draft && was.Step != "" {
		r.Lost = false
	}
	if t.Rehydrated.Rebuilt() {
		t.events = append(t.events, Event{Kind: EventRehydrated, Cause: string(t.Rehydrated.Cause), Source: string(t.Rehydrated.Source), Took: t.Rehydrated.Took})
	}
	mode := e.cfg.Mode(r.Owner).String()
	for i := range t.events {
		ev := &t.events[i]
		ev.Key, ev.Draft, ev.Step, ev.Variant, ev.Instance, ev.At, ev.Mode = r.Key.String(), r.Draft, r.Step, r.Variant, e.cfg.Instance, t.Now, mode
		if ev.Kind == EventCancelled || ev.Kind == EventExpired || ev.Kind == EventConfirmed {
			ev.Step = was.Step
		}
	}
	for _, s := range t.starts {
		s.Version, s.Tag, s.Revision = 1, e.tag(), max(s.Revision, 1)
		s.DraftTag, s.By, s.Card, s.Created, s.Updated, s.Where = s.Tag, e.cfg.Instance, 1, t.Now, t.Now, InRow
	}
}

// later reports whether message a is known to have been sent after b: where
// messages are numbers, they count up.
func later(a, b string) bool {
	x, okA := atoi(a)
	y, okB := atoi(b)
	return okA && okB && x > y
}

func sameSaid(a, b *Said) bool {
	if a == b {
		return true
	}
	return a != nil && b != nil && a.Code == b.Code && a.Typed == b.Typed && a.Refusal == b.Refusal && fmt.Sprint(a.Args) == fmt.Sprint(b.Args)
}

// tag is 64 random bits that are not zero: zero means no row.
func (e *Engine) tag() int64 {
	for {
		if t := int64(e.cfg.Random()); t != 0 {
			return t
		}
	}
}

// write encodes a turn.
func (e *Engine) write(t *Turn, id uint64) (*Write, error) {
	w := &Write{Before: t.Before.Stamp(), Input: id, Events: t.events}
	var err error
	if w.After, err = t.Record.row(e.due(t.Record, t.Now)); err != nil {
		return nil, err
	}
	for _, s := range t.starts {
		row, err := s.row(e.due(s, t.Now))
		if err != nil {
			return nil, err
		}
		w.Starts = append(w.Starts, row)
	}
	return w, nil
}

// due is when the sweeper looks at r: at its next timer or at the end of the
// hour, whichever comes first, so that most turns leave the indexed column alone.
func (e *Engine) due(r *Record, now time.Time) int64 {
	if e.cfg.Detached && r.unfinished() {
		return now.UnixMilli()
	}
	due := now.Truncate(time.Hour).Add(time.Hour).UnixMilli()
	if t := r.nextTimer(); t.At != 0 {
		due = min(due, t.At)
	}
	return due
}

// commit writes the turn, and the draft where its mode wants it.
func (e *Engine) commit(ctx context.Context, t *Turn, w *Write) (*Record, Verdict, error) {
	e.placeDraft(ctx, t.Record, t.Before, w.After)
	ahead := t.Before.shown.ahead(t.Before.Version)
	t.replaced = replacedBy(t) // now: once it is committed, the courier may already show the new card
	verdict, err := e.batch.commit(ctx, w)
	if err != nil || verdict != Applied {
		return nil, verdict, err
	}
	r := t.Record
	if ahead {
		e.courier.rewind(r, t.Before.Version)
	}
	e.cache.put(r)
	e.held.release(r.Key)
	e.unpark(r.Key)
	e.copyRow(r, w.After)
	if t.Before.Where == InRedis && (r.Where != InRedis || r.DraftTag != t.Before.DraftTag) {
		e.dropDraft(t.Before)
	}
	if !e.cfg.Detached {
		e.courier.answer(r, t.replaced) // first: it may be showing a message that a start takes over
		for _, s := range t.starts {
			e.cache.put(s)
			e.courier.start(s)
		}
	}
	return r, Applied, nil
}

// others are the person's conversations of another flow, newest first.
func (e *Engine) others(ctx context.Context, owner, flow string) ([]*Record, error) {
	rows, err := e.store.List(ctx, Query{Bot: e.cfg.Bot, Owner: owner, Flow: flow, Deep: true, Limit: 200})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", flow, unavailable(err))
	}
	var out []*Record
	for _, row := range rows {
		if r, err := row.record(); err == nil {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b *Record) int { return b.Created.Compare(a.Created) })
	return out[:min(len(out), 20)], nil
}

// Peek reads the head alone: the strategy's one query.
func (e *Engine) Peek(ctx context.Context, key Key) (Head, error) { return e.store.Head(ctx, key) }

// Hydrate reads a conversation for showing, never from a cache: the head from
// the store, the draft from where the head says that it lies. The result says
// where it came from.
func (e *Engine) Hydrate(ctx context.Context, key Key) (*Record, Rehydration, error) {
	return e.rehydrateFrom(ctx, &Input{Key: key}, true)
}

// Render shows a record.
func (e *Engine) Render(r *Record, v View) Card {
	if v.Now.IsZero() {
		v.Now = e.Now()
	}
	if v.Zone == nil {
		v.Zone = e.cfg.Zone
	}
	c := e.flows[r.Key.Flow].Render(r, v)
	c.Conversation, c.Draft, c.Revision = r.Key, r.Draft, r.Revision
	return c
}

// Others lists the person's conversations of another flow, for showing.
func (e *Engine) Others(ctx context.Context, owner, flow string) ([]*Record, error) {
	return e.others(ctx, owner, flow)
}

// Forget deletes a conversation whatever its state.
func (e *Engine) Forget(ctx context.Context, key Key) error {
	if err := e.locks.lock(ctx, key); err != nil {
		return err
	}
	defer e.locks.unlock(key)
	e.cache.drop(key)
	e.courier.forget(key)
	h, err := e.store.Head(ctx, key)
	if err != nil {
		return err
	}
	if err := e.store.Forget(ctx, key, h.Stamp()); err != nil {
		return err
	}
	e.forgetDrafts(ctx, &h)
	return nil
}

// Stats of the engine.
type Stats struct {
	CachedRecords, CachedBytes int
	Batches, Turns             int64
	Couriers                   int
}

// Stats tells what the engine holds and did.
func (e *Engine) Stats() Stats {
	var s Stats
	s.CachedRecords, s.CachedBytes = e.cache.stats()
	e.batch.mu.Lock()
	s.Batches, s.Turns = e.batch.batches, e.batch.turns
	e.batch.mu.Unlock()
	s.Couriers = e.courier.active()
	return s
}

// Refresh drops a conversation from the cache: another instance has changed it.
func (e *Engine) Refresh(key Key) { e.cache.drop(key) }

// Evict empties the cache: for tests.
func (e *Engine) Evict() { e.cache.clear() }

// Close refuses new inputs, lets couriers finish until ctx ends, writes what is
// queued and stops. Killing the process is just as safe.
func (e *Engine) Close(ctx context.Context) error {
	e.draining.Store(true)
	e.courier.drain(ctx)
	e.batch.close()
	return nil
}
