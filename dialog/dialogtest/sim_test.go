package dialogtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// sim is one simulated history: two engines on one store, some people in chats, and one
// scheduler. A goroutine parks before each call of the store or the chat. The scheduler
// waits until all are parked, sorts their names and lets one go, or lets something else
// happen. The seed makes all its decisions.
type sim struct {
	seed  uint64
	rnd   *rand.Rand
	odds  odds
	store *dialog.Memory
	plant func(dialog.Store) dialog.Store // a store with a fault in it
	chat  *Chat
	known *ledger
	hosts [2]*host
	model *model

	mu     sync.Mutex
	parked []*stop
	free   bool // goroutines park no longer

	people   []string
	inputs   []*simInput
	attempts []*attempt
	late     []late // in the order in which they come
	printed  map[string]bool
	step     int
	blocked  map[string]bool
	wrote    map[string]bool // at the end
	calm     bool            // no more faults
	died     bool            // an engine died at some time
	verbose  bool
	lines    []string
	seen     map[string]string
	sum      uint64
	problem  string
}

// odds are the chances of faults in one history.
type odds struct {
	fail, lose, linger float64 // of a call
	crash, evict       float64 // of a step
	chat               float64 // of a call of the channel, besides
	gone, sleep, block float64
	late               float64 // of an input, minutes to hours
}

func newSim(seed uint64, verbose bool) *sim {
	s := &sim{
		seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), store: dialog.NewMemory(), chat: NewChat(nil),
		known: newLedger(), printed: map[string]bool{}, blocked: map[string]bool{}, wrote: map[string]bool{}, verbose: verbose, seen: map[string]string{},
		model: newModel(), people: []string{"1", "2"},
	}
	chance := func(list ...float64) float64 { return list[s.rnd.IntN(len(list))] }
	s.odds = odds{
		fail: chance(0, 0, .02, .1), lose: chance(0, 0, .02, .1), linger: chance(0, .2, .5),
		crash: chance(0, .002, .01), evict: chance(0, .01, .05), chat: chance(0, .02, .1), gone: chance(0, 0, .01), block: chance(0, 0, .1), sleep: chance(.02, .05, .2),
		late: []float64{0, 0, .1, .3}[seed%4],
	}
	return s
}

func (s *sim) logf(format string, args ...any) {
	if s.verbose {
		s.lines = append(s.lines, fmt.Sprintf("%4d %9s  ", s.step, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Round(time.Millisecond))+fmt.Sprintf(format, args...))
	}
}

func (s *sim) fail(format string, args ...any) {
	s.mu.Lock()
	first := s.problem == ""
	if first {
		s.problem = fmt.Sprintf(format, args...)
	}
	s.mu.Unlock()
	if first {
		s.logf("FAIL "+format, args...)
	}
}

// good reports whether the history has no fault so far.
func (s *sim) good() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem == ""
}

// run plays the history and reports its faults.
func (s *sim) run() string {
	for i := range s.hosts {
		s.hosts[i] = &host{no: i}
		s.boot(s.hosts[i])
	}
	total := 10 + s.rnd.IntN(12)
	for s.good() && s.step < 4000 {
		if !s.turn(total) {
			break
		}
	}
	s.calmDown()
	if s.good() {
		s.model.check(s)
	}
	s.mu.Lock()
	s.free = true
	for _, w := range s.parked {
		w.let <- verdict{}
	}
	s.parked = nil
	s.mu.Unlock()
	for _, h := range s.hosts {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = h.engine.Close(ctx)
	}
	return s.problem
}

// calmDown lets everything open end, without new faults.
func (s *sim) calmDown() {
	s.calm = true
	for _, p := range s.people {
		if s.blocked[p] {
			s.block(p)
		}
	}
	sweeps := 0
	for i := 0; s.good() && i < 4000; i++ {
		s.observe()
		if s.arrive() {
			continue
		}
		if open := s.open(); len(open) > 0 {
			s.deliver(open[0])
			continue
		}
		if s.waiting() > 0 {
			s.release()
			continue
		}
		if len(s.attempts) > 0 || !s.idle() {
			s.sleep(200 * time.Millisecond)
			continue
		}
		if s.await() || s.write() {
			continue
		}
		if sweeps++; sweeps > 2 && s.settled() {
			return
		}
		ahead := time.Duration(0)
		switch {
		case sweeps <= 2 && s.died: // as after a death
			ahead = time.Hour
		case sweeps > 32:
			s.fail("not within three minutes: %s", s.unrest())
		}
		s.sleep(6 * time.Second)
		for _, h := range s.hosts {
			e, p, name := h.engine, h.proc, s.life(h)
			go func() {
				if s.park(p, name+" sweep", false).fail == nil {
					_, _ = e.Sweep(context.Background(), ahead)
				}
			}()
		}
		if i > 3000 {
			break
		}
	}
	s.fail("it does not come to rest: %s", s.unrest())
}

func (s *sim) settled() bool { return s.unrest() == "" && s.rounds() }

// rounds gives marks and removals time after the last movement.
func (s *sim) rounds() bool {
	for range 4 {
		s.sleep(2 * time.Second)
		if s.waiting() > 0 {
			return false
		}
	}
	return s.unrest() == ""
}

// unrest describes the work that is left.
func (s *sim) unrest() string {
	if s.waiting() > 0 {
		return "goroutines are parked"
	}
	for _, r := range s.records() {
		if r.Undelivered() {
			return "the card of " + r.Key.Path() + " is not shown"
		}
		if len(r.Pending) > 0 {
			return "an effect of " + r.Key.Path() + " is not done"
		}
	}
	return ""
}

func (s *sim) records() []*dialog.Record {
	rows, _ := s.store.List(context.Background(), dialog.Query{Deep: true, Limit: 1000})
	var out []*dialog.Record
	for _, row := range rows {
		r, err := dialog.Decode(row)
		if err != nil {
			s.fail("%v", err)
			continue
		}
		out = append(out, r)
	}
	return out
}
