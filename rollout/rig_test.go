package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const day = 24 * time.Hour

// rig is a rollout on one store, in a bubble of time, with counts that a test sets.
type rig struct {
	*testing.T
	store *dialog.Memory

	mu     sync.Mutex
	counts map[int]Pair // :: number of a stage → all of its counts, which are fresh as long as nobody resumes
	p95    time.Duration
	away   error // of the counts
	deaf   error // of those who are told
	looks  []Running
	told   []string // codes; over

	e    *dialog.Engine // of play
	kill func()
	runs int
}

func begin(t *testing.T) *rig {
	return &rig{T: t, store: dialog.NewMemory(), counts: map[int]Pair{}}
}

// count is the Counter.
func (k *rig) count(_ context.Context, r Running) (c Counted, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looks = append(k.looks, r)
	for _, s := range r.Stages {
		x := Compared{Before: s.Before, Share: s.Share, All: k.counts[s.Number]}
		if s.Resumed.Equal(s.Began) {
			x.Fresh = x.All
		}
		c.Stages = append(c.Stages, x)
	}
	c.P95 = k.p95
	return c, k.away
}

func (k *rig) hear(_ context.Context, _ string, t Telling) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.deaf != nil {
		return k.deaf
	}
	what := "over"
	if t.Over {
		what = strings.TrimPrefix(t.What.Code, "alert.rollout.")
	}
	k.told = append(k.told, what)
	return nil
}

// set sets the counts of a stage: of each arm how many, and how many of them left.
func (k *rig) set(stage, newN, newX, oldN, oldX int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.counts[stage] = Pair{New: Counts{N: newN, Abandoned: newX}, Old: Counts{N: oldN, Abandoned: oldX}}
}

// engine is an instance, which runs until it is killed.
func (k *rig) engine(name string) (e *dialog.Engine, kill func()) {
	k.Helper()
	e = k.still(name)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	return e, func() { cancel(); <-done; _ = e.Close(context.Background()) }
}

// still is an engine without timers.
func (k *rig) still(name string) *dialog.Engine {
	k.Helper()
	f := NewFlow(Config{Count: k.count, Tell: k.hear})
	e, err := dialog.New(k.store, dialog.Config{Instance: name, Recorder: dialog.Recorder{Trouble: func(string, error) {}}}, f)
	if err != nil {
		k.Fatal(err)
	}
	return e
}

// play runs a test in a bubble of time with one instance.
func play(t *testing.T, test func(k *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		k.restart()
		defer func() { k.kill() }()
		test(k)
	})
}

func (k *rig) restart() {
	k.Helper()
	k.runs++
	k.e, k.kill = k.engine(fmt.Sprintf("a.%d", k.runs))
}

// pass lets a long time pass, in which no instance runs, and two minutes in which one does.
func (k *rig) pass(d time.Duration) {
	k.Helper()
	k.kill()
	time.Sleep(d - 2*time.Minute)
	k.restart()
	time.Sleep(2 * time.Minute)
}

// usual is a start of a rollout of mode lightweight.
func usual(goal Goal) *Order {
	return &Order{Verb: Start, Mode: "lightweight", Goal: goal, Plan: DefaultPlan(), Pace: Pace{200, .2, day}, Ceiling: .5, Reason: "typed again is over 5 %"}
}

// gives gives an order, and reports what it did.
func (k *rig) gives(e *dialog.Engine, o *Order) dialog.Did {
	k.Helper()
	out, err := e.Handle(context.Background(), o.Input("bot", "tenth", "cli"))
	if err != nil {
		k.Fatal(err)
	}
	return out.Did
}

// must is gives for an order that is taken.
func (k *rig) must(e *dialog.Engine, o *Order) {
	k.Helper()
	if did := k.gives(e, o); did != dialog.DidApply {
		k.Fatalf("%s: %s: %v", o.Verb, did, k.state().Check(o, time.Now()))
	}
}

// order is one with a reason, for the stage at which the rollout is.
func (k *rig) order(v Verb) *Order {
	return &Order{Verb: v, Stage: k.state().Stage(), Reason: "because"}
}

// row is the row of the rollout.
func (k *rig) row() *dialog.Record {
	k.Helper()
	row, err := k.store.Load(context.Background(), Key("bot", "tenth"))
	if errors.Is(err, dialog.ErrNotFound) {
		return &dialog.Record{Head: dialog.Head{Key: Key("bot", "tenth")}}
	}
	if err != nil {
		k.Fatal(err)
	}
	r, err := dialog.Decode(row)
	if err != nil {
		k.Fatal(err)
	}
	return r
}

func (k *rig) state() *State {
	k.Helper()
	s, err := Of(k.row())
	if err != nil {
		k.Fatal(err)
	}
	return &s
}

// is wants the rollout to stand like this.
func (k *rig) is(share int, x Situation) {
	k.Helper()
	synctest.Wait()
	if s := k.state(); s.Share() != share || s.Situation(time.Now()) != x {
		k.Errorf("it is %s at %d %%, want %s at %d %%: %+v", s.Situation(time.Now()), s.Share(), x, share, s)
	}
}

// heard wants operators to have been told this.
func (k *rig) heard(want ...string) {
	k.Helper()
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.told, want) {
		k.Errorf("operators were told %q, want %q", k.told, want)
	}
}

// looked is what the counts were asked for last, and how often they were.
func (k *rig) looked() (Running, int) {
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.looks) == 0 {
		return Running{}, 0
	}
	return k.looks[len(k.looks)-1], len(k.looks)
}
