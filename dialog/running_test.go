package dialog_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// runs starts Run of the shed's engine, and waits until it holds the sweeper's lease. over gives its error.
func (s *shed) runs(ctx context.Context, bot *dialog.Engine) (over chan error) {
	s.Helper()
	over = make(chan error, 1)
	go func() { over <- bot.Run(ctx) }()
	s.eventually("it sweeps", func() bool { return s.holds("sweeper:") > 0 })
	return over
}

// holds counts the leases of this prefix that somebody holds.
func (s *shed) holds(prefix string) int {
	s.Helper()
	held, err := s.memory.Holders(context.Background(), prefix)
	if err != nil {
		s.Fatal(err)
	}
	return len(held)
}

// kinds counts the events of a kind.
func (s *shed) kinds(kind dialog.EventKind) (n int) {
	for _, e := range s.memory.Logged() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// runEnds waits for the end of a Run.
func (s *shed) runEnds(over chan error) {
	s.Helper()
	select {
	case err := <-over:
		if err != nil {
			s.Error(err)
		}
	case <-time.After(patience):
		s.Fatal("Run goes on")
	}
}

// TestCloseEndsRun: Close ends the Run that is under way, which gives its leases back and logs its end, though nobody
// ends its context. Afterwards nothing begins.
func TestCloseEndsRun(t *testing.T) {
	s := newShed(t)
	over := s.runs(t.Context(), s.bot)
	if err := s.bot.Run(t.Context()); err == nil {
		t.Error("a second Run beside the first has no error")
	}
	s.say("one")
	if err := s.bot.Close(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case err := <-over:
		if err != nil {
			t.Error(err)
		}
	default:
		t.Error("Close returned before Run")
	}
	if n, m := s.holds("sweeper:"), s.holds("instance:"); n+m > 0 {
		t.Errorf("%d leases of the sweeper and %d slots are held after Close", n, m)
	}
	if ups, downs := s.kinds(dialog.EventUp), s.kinds(dialog.EventDown); ups != 1 || downs != 1 {
		t.Errorf("%d times up and %d times down, want 1 and 1", ups, downs)
	}
	before := s.holds("")
	if err := s.bot.Run(t.Context()); err != nil || s.holds("") != before {
		t.Errorf("Run of a closed engine: %v, %d leases, and %d before", err, s.holds(""), before)
	}
}

// TestRunAgain: an engine that is not closed may run again.
func TestRunAgain(t *testing.T) {
	s := newShed(t)
	for range 2 {
		ctx, stop := context.WithCancel(t.Context())
		over := s.runs(ctx, s.bot)
		stop()
		s.runEnds(over)
		if s.holds("sweeper:") > 0 {
			t.Error("the lease is held after Run")
		}
	}
}

// TestCloseBesideTheEndOfRun: Close and the end of Run's context come in any order and at the same time, and Close comes
// more than once. Each call returns, and all that was taken is written.
func TestCloseBesideTheEndOfRun(t *testing.T) {
	for i := range 60 {
		s := newShed(t)
		ctx, stop := context.WithCancel(t.Context())
		over := s.runs(ctx, s.bot)
		s.say("one")
		calls := []func(){stop, stop, func() { s.closes() }, func() { s.closes() }}
		var wg sync.WaitGroup
		for k := range calls { // each order, and all at once
			f := calls[(k+i)%len(calls)]
			wg.Go(f)
			if i%3 == 0 {
				wg.Wait()
			}
		}
		wg.Wait()
		s.runEnds(over)
		s.closes()
		if downs := s.kinds(dialog.EventDown); downs != 1 {
			t.Fatalf("%d times down, want once", downs)
		}
		if n := s.holds("sweeper:") + s.holds("instance:"); n > 0 {
			t.Fatalf("%d leases are held", n)
		}
		s.shows("one")
	}
}

func (s *shed) closes() {
	if err := s.bot.Close(s.Context()); err != nil {
		s.Error(err)
	}
}

// TestCloseTellsNoTroubleOfItsOwn: what a sweep could not do because the engine closes is no trouble.
func TestCloseTellsNoTroubleOfItsOwn(t *testing.T) {
	for _, m := range []dialogtest.Method{dialogtest.Due, dialogtest.Prune, dialogtest.Commit, dialogtest.Holders, dialogtest.Now} {
		s := newShed(t)
		s.say("boom later")
		s.shows("boom later")
		s.clock.Advance(2 * time.Minute)
		var hangs atomic.Bool
		s.store.Func(func(method dialogtest.Method, b *dialog.Batch) dialogtest.Fault {
			if method == m && (b == nil || len(b.Writes) > 0) {
				hangs.Store(true)
				return dialogtest.Fault{Hang: true}
			}
			return dialogtest.Fault{}
		})
		over := make(chan error, 1)
		go func() { over <- s.bot.Run(s.Context()) }()
		s.eventually(fmt.Sprint("it waits in ", m), hangs.Load)
		time.AfterFunc(10*time.Millisecond, s.store.Heal) // the commit of a turn goes on without its caller
		s.closes()
		s.runEnds(over)
		for _, x := range s.troubles {
			t.Errorf("closed in %s: trouble %q", m, x)
		}
	}
}

// deaf is a store whose leases hang, whatever their context says.
type deaf struct {
	*dialog.Memory
	asked chan struct{}
	hear  chan struct{}
}

func (d *deaf) Lease(context.Context, string, string, time.Duration) (bool, error) {
	select {
	case d.asked <- struct{}{}:
	default:
	}
	<-d.hear
	return false, dialogtest.ErrFault
}

// TestCloseOutlastsADeafStore: a Run whose store ignores its context holds Close up for two seconds after its context.
func TestCloseOutlastsADeafStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &deaf{Memory: dialog.NewMemory(), asked: make(chan struct{}, 1), hear: make(chan struct{})}
		bot, err := dialog.New(store, dialog.Config{}, &shaky{})
		if err != nil {
			t.Fatal(err)
		}
		over := make(chan error, 1)
		go func() { over <- bot.Run(context.Background()) }()
		<-store.asked
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if err := bot.Close(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != time.Minute+2*time.Second {
			t.Errorf("Close took %v, want its minute and two seconds", took)
		}
		close(store.hear)
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

// TestDeathInClose: the process dies at any call that it makes of the store while it closes. What was acknowledged is
// there in the next life, which shows its card.
func TestDeathInClose(t *testing.T) {
	died, at := true, 0
	for ; died; at++ {
		synctest.Test(t, func(t *testing.T) { died = dieInClose(t, int64(at)) })
	}
	if at < 6 { // a mark or a turn, an event, and the leases
		t.Errorf("Close makes %d calls of the store", at-1)
	}
}

// dieInClose reports whether Close made more than alive calls of the store.
func dieInClose(t *testing.T, alive int64) bool {
	s := newShedAt(t, time.Now)
	s.bot = s.engine(dialog.Config{Instance: "host.1"})
	s.bot.Attach(s.chat)
	over := s.runs(t.Context(), s.bot)
	s.chat.Fail(errors.New("502"), errors.New("502"), errors.New("502"))
	s.say("one")
	var calls atomic.Int64
	s.store.Func(func(dialogtest.Method, *dialog.Batch) dialogtest.Fault {
		if calls.Add(1) > alive {
			return dialogtest.Fault{Before: dialogtest.ErrFault}
		}
		return dialogtest.Fault{}
	})
	_ = s.bot.Close(t.Context())
	s.runEnds(over)
	s.store.Heal()

	s.bot = s.engine(dialog.Config{Instance: "host.2"})
	s.bot.Attach(s.chat)
	over = s.runs(t.Context(), s.bot)
	s.shows("one")
	s.inputs--
	if out := s.say("one"); out.Did != dialog.DidDuplicate {
		t.Errorf("dead after %d calls: the acknowledged input is %v", alive, out.Did)
	}
	s.closes()
	s.runEnds(over)
	return calls.Load() > alive
}
