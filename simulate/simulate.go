package simulate

import (
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// bot is the first part of every key.
const bot = "lockbay"

// sweepEvery is how often timers are fired, of the month's own time.
const sweepEvery = 10 * time.Minute

// store is the memory store on the month's clock. It takes its time for a person's context, and may be away. Timers that are
// due together are fired at once, and share commits: no time passes meanwhile, so that the same plan gives the same month.
type store struct {
	*dialog.Memory

	now   atomic.Int64 // ns
	away  atomic.Bool
	fires atomic.Bool // timers
}

// Load implements dialog.Store.
func (s *store) Load(ctx context.Context, key dialog.Key) (*dialog.Row, error) {
	if s.away.Load() {
		return nil, dialog.ErrUnavailable
	}
	if !s.fires.Load() {
		s.now.Add(int64(time.Millisecond))
	}
	return s.Memory.Load(ctx, key)
}

// Commit implements dialog.Store.
func (s *store) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if s.away.Load() {
		return dialog.Committed{}, dialog.ErrUnavailable
	}
	return s.Memory.Commit(ctx, b)
}

// world is the service, its people, and the time.
type world struct {
	plan   Plan
	r      *rand.Rand
	store  *store
	flow   *intake.Flow
	asks   map[string]*intake.Ask // by step
	steps  []string               // of the questions, and the review
	engine *dialog.Engine
	life   int // of the instance
	agenda agenda
	begun  int // creations
	people int
	month  Month
	own    []dialog.Event // of the instance's lives
	up     time.Time      // the last restart
	felt   bool           // the last episode of them
}

// Run plays a plan. Errors are ErrPlan, of a person who got stuck, and of ctx.
func Run(ctx context.Context, p Plan) (*Month, error) {
	w := &world{plan: p, r: rand.New(rand.NewPCG(p.Seed, 17)), store: &store{Memory: dialog.NewMemory()}, asks: map[string]*intake.Ask{}} //nolint:gosec // the same month each time
	w.flow = intake.New(intake.Config{Start: deal.Start, OpenEscrows: -1})
	for _, ask := range w.flow.Asks() {
		w.steps = append(w.steps, ask.Step)
		w.asks[ask.Step] = ask
	}
	w.steps = append(w.steps, intake.StepReview)
	if err := p.check(w.steps); err != nil {
		return nil, fmt.Errorf("simulate: %w: %w", ErrPlan, err)
	}
	w.month.Left, w.month.Asked = map[string]int{}, map[string]int{}
	for _, step := range w.steps {
		w.month.Left[step], w.month.Asked[step] = 0, 0
	}
	w.store.SetNow(w.now)
	w.set(p.begin())
	if err := w.start(); err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	w.arrive()
	if err := w.play(ctx); err != nil {
		return nil, fmt.Errorf("simulate: at %s: %w", w.now().Format(time.RFC3339), err)
	}
	w.month.Events = append(w.own, w.store.Logged()...)
	return &w.month, nil
}

func (w *world) now() time.Time { return time.Unix(0, w.store.now.Load()).UTC() }

// set lets time pass until t.
func (w *world) set(t time.Time) { w.store.now.Store(max(w.store.now.Load(), t.UnixNano())) }

// start begins another life of the instance.
func (w *world) start() (err error) {
	w.life++
	refs := make([]byte, 32)
	d := deal.New(deal.Config{RefKey: refs, SeatKey: refs, WordsKey: refs})
	w.engine, err = dialog.New(w.store, dialog.Config{
		Bot: bot, Instance: fmt.Sprintf("simulated.%d", w.life), Detached: true, Now: w.now, CacheBytes: 1 << 28,
		Mode: func(string) dialog.Mode { return w.plan.Mode }, Recorder: dialog.Recorder{Trouble: func(string, error) {}},
	}, w.flow, d)
	return err
}

// restart ends the instance and begins its next life.
func (w *world) restart(ctx context.Context, s Span) error {
	ended := "crash"
	if !w.plan.Crashes {
		ended = "stop"
		w.own = append(w.own, dialog.Event{Kind: dialog.EventDown, Instance: fmt.Sprintf("simulated.%d", w.life), At: w.now()})
	}
	if err := w.engine.Close(ctx); err != nil && !w.store.away.Load() {
		return err
	}
	w.set(s.At.Add(s.For))
	if err := w.start(); err != nil {
		return err
	}
	w.own = append(w.own, dialog.Event{Kind: dialog.EventUp, Instance: fmt.Sprintf("simulated.%d", w.life), Cause: ended, At: w.now()})
	w.month.Starts++
	if w.up.IsZero() || w.now().Sub(w.up) > 10*time.Minute {
		w.month.Episodes++
		w.felt = false
	}
	w.up = w.now()
	return nil
}

// soon reports whether a restart was in the last five minutes.
func (w *world) soon() bool { return !w.up.IsZero() && w.now().Sub(w.up) <= 5*time.Minute }

// feels notes that somebody typed something again.
func (w *world) feels() {
	if w.soon() && !w.felt {
		w.month.Felt++
		w.felt = true
	}
}

// play does what is on the agenda, until nothing is.
func (w *world) play(ctx context.Context) error {
	for len(w.agenda) > 0 {
		next := heap.Pop(&w.agenda).(entry)
		w.set(next.at)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := next.do(ctx); err != nil {
			return err
		}
	}
	return w.engine.Close(ctx)
}

// at puts something on the agenda.
func (w *world) at(t time.Time, do func(context.Context) error) {
	heap.Push(&w.agenda, entry{t, w.r.Uint64(), do})
}

// arrive puts all that is known at the beginning on the agenda: people, timers, restarts and outages.
func (w *world) arrive() {
	begin, end := w.plan.begin(), w.plan.End
	for _, s := range w.plan.Restarts {
		w.at(s.At, func(ctx context.Context) error { return w.restart(ctx, s) })
	}
	for _, s := range w.plan.Outages {
		w.at(s.At, func(context.Context) error { w.store.away.Store(true); return nil })
		w.at(s.At.Add(s.For), func(context.Context) error { w.store.away.Store(false); return nil })
	}
	for t := begin; t.Before(end.Add(5 * 24 * time.Hour)); t = t.Add(sweepEvery) {
		w.at(t, w.sweep)
	}
	first := w.plan.Creations - int(float64(w.plan.Creations)*w.plan.Again*(1-w.left()))
	for range first {
		p := w.person()
		w.at(begin.Add(time.Duration(w.r.Int64N(int64(end.Sub(begin))))), p.begin)
	}
}

// sweep fires the timers that are due. The lease says that the service was open all the time, as Engine.Run would: whoever
// sweeps takes it each second.
func (w *world) sweep(ctx context.Context) error {
	if w.store.away.Load() {
		return nil
	}
	if _, err := w.store.Lease(ctx, "open:"+bot, strconv.FormatInt(w.plan.begin().UnixMilli(), 10), time.Minute); err != nil {
		return err
	}
	w.store.fires.Store(true)
	defer w.store.fires.Store(false)
	_, err := w.engine.Sweep(ctx, 0)
	return err
}

// left is about the rate of those who leave.
func (w *world) left() float64 {
	stay := 1.0
	for _, step := range w.steps {
		stay *= 1 - w.plan.leaves(step)
	}
	return 1 - stay
}

// terms are the ones that the n-th person wants.
func (w *world) terms(n int) (t lockbay.Terms) {
	for _, ask := range w.asks {
		ask.Field.Sample(&t, n)
	}
	return lockbay.DefaultRules().Filled(t)
}

// entry is something that happens at a time.
type entry struct {
	at  time.Time
	tie uint64
	do  func(context.Context) error
}

// agenda has the earliest entry first.
type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if !a[i].at.Equal(a[j].at) {
		return a[i].at.Before(a[j].at)
	}
	return a[i].tie < a[j].tie
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(entry)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	*a = (*a)[:last]
	return x
}
