package dialogtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// stop is a goroutine that has parked.
type stop struct {
	name string
	proc *process
	call bool
	let  chan verdict
}

// verdict is the scheduler's decision for a goroutine that it lets go.
type verdict struct {
	fail   error
	lose   bool
	linger bool
	die    bool // after the call, before its answer
}

// park holds the calling goroutine until the scheduler lets it go.
func (s *sim) park(p *process, name string, call bool) verdict {
	s.mu.Lock()
	if s.free {
		s.mu.Unlock()
		return verdict{}
	}
	if p != nil && p.dead.Load() {
		s.mu.Unlock()
		return verdict{fail: errDead}
	}
	w := &stop{name: name, proc: p, call: call, let: make(chan verdict, 1)}
	s.parked = append(s.parked, w)
	s.mu.Unlock()
	return <-w.let
}

// ordered reports whether one thing happens at a time. At the end all that is parked goes
// on at once.
func (s *sim) ordered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.free
}

// waiting is how many goroutines have parked.
func (s *sim) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.parked)
}

// turn lets one thing happen. False: the people have finished.
func (s *sim) turn(total int) bool {
	s.observe()
	if s.arrive() {
		return true
	}
	open := s.open()
	if len(s.inputs) >= total && len(open) == 0 && s.waiting() == 0 {
		return s.await()
	}
	o := s.odds
	switch x := s.rnd.Float64(); {
	case x < o.crash:
		s.kill(s.hosts[s.rnd.IntN(2)])
	case x < o.crash+o.evict:
		h := s.hosts[s.rnd.IntN(2)]
		s.logf("the cache of %s is emptied", s.life(h))
		h.engine.Evict()
	case x < o.crash+o.evict+o.gone:
		if m := s.chat.Messages(s.people[s.rnd.IntN(2)]); len(m) > 0 {
			id := m[s.rnd.IntN(len(m))].ID
			s.logf("%s is deleted by the person", id)
			s.chat.Gone(id)
		}
	case s.waiting() == 0 || s.rnd.Float64() < .25:
		s.outside(total, open)
	default:
		s.release()
	}
	return true
}

// outside lets something happen outside of the engines: a person acts, an input comes
// again, time passes.
func (s *sim) outside(total int, open []*simInput) {
	x := s.rnd.Float64()
	switch {
	case x < s.odds.sleep:
		s.sleep([]time.Duration{50 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second, time.Minute}[s.rnd.IntN(4)])
	case x < s.odds.sleep+.03:
		h := s.hosts[s.rnd.IntN(2)]
		e, p, name := h.engine, h.proc, s.life(h)
		s.logf("%s sweeps", name)
		go func() {
			if s.park(p, name+" sweep", false).fail == nil {
				_, _ = e.Sweep(context.Background(), time.Duration(0))
			}
		}()
	case x < s.odds.sleep+.06 && len(s.late) > 0 && s.idle():
		s.await()
	case x < s.odds.sleep+.04 && s.idle():
		s.sleep([]time.Duration{31 * time.Minute, payWithin, 85 * time.Hour, 8 * 24 * time.Hour}[s.rnd.IntN(4)])
	case len(open) > 0 && (s.rnd.IntN(2) == 0 || len(s.inputs) >= total):
		in := open[s.rnd.IntN(len(open))]
		s.deliver(in)
	case len(s.inputs) < total && s.eager():
		switch {
		case len(s.model.deals) > 0 && s.rnd.IntN(12) == 0:
			id := s.model.deals[s.rnd.IntN(len(s.model.deals))]
			s.add(dialog.Input{Kind: dialog.KindOrder, Key: dialog.Key{Bot: "bot", Flow: "deal", ID: id}, Name: "paid"}, "operator> paid "+id)
		case s.rnd.Float64() < s.odds.block:
			s.block(s.people[s.rnd.IntN(len(s.people))])
		default:
			s.act(s.people[s.rnd.IntN(len(s.people))])
		}
	case s.waiting() == 0:
		s.sleep(200 * time.Millisecond)
	default:
		s.release()
	}
}

// observe waits until everything is parked, and collects the results of deliveries.
func (s *sim) observe() {
	synctest.Wait()
	s.step++
	for _, h := range s.hosts {
		if h.proc.dead.Load() {
			s.logf("† %s dies before it hears of that", s.life(h))
			s.bury(h)
			synctest.Wait()
		}
	}
	s.mu.Lock()
	slices.SortStableFunc(s.parked, func(a, b *stop) int { return cmp.Compare(a.name, b.name) })
	s.mu.Unlock()
	var rest []*attempt
	for _, a := range s.attempts {
		if !a.done {
			rest = append(rest, a)
			continue
		}
		a.of.flying--
		if a.err != nil {
			s.logf("   in%d is not acknowledged: %v", a.of.no, a.err)
			if s.dawdles() {
				s.delay(a.of, "comes again")
			}
		} else {
			s.logf("   in%d is acknowledged: %v", a.of.no, a.out.Did)
			s.mix(fmt.Sprint(a.of.no, a.out.Did))
			if a.of.acked == 0 {
				a.of.acked, a.of.out = s.step, a.out
				if s.dawdles() { // as if the acknowledgement was lost, or the sender sent it twice
					s.delay(a.of, "comes once more")
				}
			}
		}
	}
	s.attempts = rest
	if s.verbose {
		s.look()
	}
}

// release lets one parked goroutine go on.
func (s *sim) release() {
	if s.waiting() == 0 {
		return
	}
	i := s.rnd.IntN(s.waiting())
	s.mu.Lock()
	w := s.parked[i]
	s.parked = slices.Delete(s.parked, i, i+1)
	s.mu.Unlock()
	var o verdict
	note := ""
	if w.call && !s.calm {
		x := s.rnd.Float64()
		show := strings.Contains(w.name, " send ") || strings.Contains(w.name, " edit ")
		o.linger = s.rnd.Float64() < s.odds.linger
		switch {
		case x < s.odds.fail:
			o.fail, note = fmt.Errorf("failed: %w", dialog.ErrUnavailable), " ✗ fails"
		case x < s.odds.fail+s.odds.lose:
			o.lose, note = true, " ✗ its answer is lost"
		case x < s.odds.fail+s.odds.lose+s.odds.crash:
			o.die = true
		case show && x < s.odds.fail+s.odds.lose+s.odds.crash+s.odds.chat:
			o.fail, note = []error{&dialog.RetryAfter{After: 3 * time.Second}, dialog.ErrGone, errors.New("bad gateway")}[s.rnd.IntN(3)], " ✗ is refused"
		}
		if strings.Contains(w.name, " remove ") { // removal is best effort
			o.fail, o.lose = nil, false
		}
	}
	s.mix(w.name + note)
	s.logf("%s%s", w.name, note)
	w.let <- o
}

func (s *sim) sleep(d time.Duration) {
	s.logf("%v pass", d)
	time.Sleep(d)
	synctest.Wait()
}

// idle reports whether nothing is under way: then a long time may pass quickly.
func (s *sim) idle() bool {
	if s.waiting() > 0 {
		return false
	}
	for _, h := range s.hosts {
		if h.engine.Stats().Couriers > 0 {
			return false
		}
	}
	return true
}

func (s *sim) mix(what string) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(what))
	s.sum = s.sum*1099511628211 ^ h.Sum64()
}
