package dialogtest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"runtime"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// host runs one engine after another.
type host struct {
	no, lives int
	proc      *process
	engine    *dialog.Engine
}

// boot starts the next engine of a host.
func (s *sim) boot(h *host) {
	h.lives++
	var store dialog.Store = s.store
	if s.plant != nil {
		store = s.plant(store)
	}
	p := &process{store: store, chat: s.chat, now: time.Now, ledger: s.known}
	name := fmt.Sprintf("h%d.%d", h.no, h.lives)
	p.gate = func(point string) { s.park(p, name+" "+point, false) }
	p.around = func(who string, do func() error) error {
		if strings.HasPrefix(who, "load ") {
			who += caller()
		}
		o := s.park(p, name+" "+who, true)
		if o.fail != nil {
			return o.fail
		}
		err := do()
		switch {
		case o.die:
			p.dead.Store(true)
		case o.linger:
			s.park(p, name+" answer of "+who, false)
		}
		if err == nil && o.lose {
			return errors.New("the answer is lost")
		}
		return err
	}
	p.wrote = func(b *dialog.Batch, out dialog.Committed) {
		if !s.ordered() {
			return
		}
		s.model.wrote(s, b, out.Verdicts)
		s.model.marked(s, b, out)
	}
	c := p.config(dialog.Config{Instance: name, Random: seeded(s.seed<<16 | uint64(h.no)<<8 | uint64(h.lives)), CacheBytes: 1 << 20})
	print := func(_ context.Context, id, key string) error {
		return p.call("print "+id, func() error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.printed[id] = true
			return nil
		})
	}
	e, err := dialog.New(processStore{p}, c, orderForm(), deal{print: print})
	if err != nil {
		panic(err)
	}
	e.Attach(processChat{p})
	h.proc, h.engine = p, e
	s.logf("† %s starts", name)
	go func() { // as Run does first
		if s.park(p, name+" start", false).fail == nil {
			_, _ = e.Sweep(context.Background(), time.Hour)
		}
	}()
}

// caller tells goroutines apart that read the same row at the same time, by their position
// in the source, so that a seed is the same history in every build.
func caller() string {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	h := fnv.New64a()
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		_, _ = fmt.Fprint(h, f.Function, f.Line)
	}
	return " " + strconv.FormatUint(h.Sum64()%997, 10)
}

// kill lets the engine of a host die, and starts the next one.
func (s *sim) kill(h *host) {
	s.logf("† %s dies", s.life(h))
	h.proc.dead.Store(true)
	s.bury(h)
}

func (s *sim) life(h *host) string { return fmt.Sprintf("h%d.%d", h.no, h.lives) }

// bury cuts off all calls of a dead engine, and starts the next one.
func (s *sim) bury(h *host) {
	s.died = true
	s.mu.Lock()
	var rest []*stop
	for _, w := range s.parked {
		if w.proc == h.proc {
			w.let <- verdict{fail: errDead}
		} else {
			rest = append(rest, w)
		}
	}
	s.parked = rest
	s.mu.Unlock()
	old := h.engine
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = old.Close(ctx)
	}()
	synctest.Wait()
	s.boot(h)
}
