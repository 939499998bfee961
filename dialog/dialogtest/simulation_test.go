package dialogtest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

var (
	simSeed = flag.Uint64("sim.seed", 0, "play this one history of TestSimulation and print it")
	simRuns = flag.Int("sim.runs", env("LOCKBAY_SIM_RUNS", 20_000), "how many histories TestSimulation plays")
	simFrom = flag.Uint64("sim.from", uint64(env("LOCKBAY_SIM_FROM", 1)), "the first seed of TestSimulation")
)

func env(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// play plays the history of a seed, on a store with a fault if there is one.
func play(t *testing.T, seed uint64, verbose bool, plant ...func(dialog.Store) dialog.Store) (s *sim) {
	synctest.Test(t, func(*testing.T) {
		s = newSim(seed, verbose)
		if len(plant) > 0 {
			s.plant = plant[0]
		}
		s.run()
	})
	return s
}

// TestSimulation plays many histories. A failing one is printed with the
// command that plays it again.
func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		s := play(t, *simSeed, true)
		fmt.Println(strings.Join(s.lines, "\n"))
		if s.problem != "" {
			t.Error(s.problem)
		}
		return
	}
	runs := *simRuns
	if testing.Short() {
		runs /= 20
	}
	began := time.Now()
	var next, steps, inputs, bad atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for chunk := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(chunk), func(t *testing.T) {
				t.Parallel()
				for {
					n := next.Add(1) - 1
					if n >= int64(runs) || bad.Load() >= 3 {
						return
					}
					seed := *simFrom + uint64(n)
					s := play(t, seed, false)
					steps.Add(int64(s.step))
					inputs.Add(int64(len(s.inputs)))
					if s.problem != "" {
						bad.Add(1)
						t.Errorf("seed %d: %s\n\nplay it again: go test ./dialog/dialogtest -run 'TestSimulation$' -sim.seed=%d", seed, s.problem, seed)
					}
				}
			})
		}
	})
	took := time.Since(began)
	t.Logf("%d histories, %d steps, %d inputs, %v a history", runs, steps.Load(), inputs.Load(), (took / time.Duration(max(runs, 1))).Round(time.Microsecond))
}

// The simulation finds stores that break the contract.
func TestSimulationFinds(t *testing.T) {
	for name, plant := range map[string]func(dialog.Store) dialog.Store{
		"the last write wins":         func(s dialog.Store) dialog.Store { return overwriting{s} },
		"a batch is lost":             func(s dialog.Store) dialog.Store { return &losing{Store: s} },
		"duplicates are not noticed":  func(s dialog.Store) dialog.Store { return blind{s} },
		"versions are not told":       func(s dialog.Store) dialog.Store { return deaf{s} },
		"marks win whatever is there": func(s dialog.Store) dialog.Store { return forcing{s} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 20_000; seed++ {
				if s := play(t, seed, false, plant); s.problem != "" {
					t.Logf("seed %d: %s", seed, s.problem)
					return
				}
			}
			t.Error("20,000 histories have passed")
		})
	}
}

// overwriting has no compare-and-swap.
type overwriting struct{ dialog.Store }

func (o overwriting) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	c := *b
	c.Writes = nil
	for _, w := range b.Writes {
		v := *w
		v.Before = dialog.Stamp{}
		if h, err := o.Head(ctx, w.After.Key); err == nil {
			v.Before = h.Stamp()
		}
		c.Writes = append(c.Writes, &v)
	}
	return o.Store.Commit(ctx, &c)
}

// losing acknowledges its tenth batch without writing it.
type losing struct {
	dialog.Store
	n int
}

func (l *losing) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if l.n++; l.n != 10 {
		return l.Store.Commit(ctx, b)
	}
	out := dialog.Committed{Verdicts: make([]dialog.Verdict, len(b.Writes)), Marked: make([]dialog.Marked, len(b.Shown))}
	for i := range b.Writes {
		out.Verdicts[i] = dialog.Applied
	}
	for i, m := range b.Shown {
		out.Marked[i] = dialog.Marked{Applied: true, Version: m.Least}
	}
	return out, nil
}

// blind forgets which inputs a row has seen.
type blind struct{ dialog.Store }

func (b blind) Load(ctx context.Context, key dialog.Key) (*dialog.Row, error) {
	row, err := b.Store.Load(ctx, key)
	if row != nil {
		row.Seen = nil
	}
	return row, err
}

// deaf returns marks without the version of the row.
type deaf struct{ dialog.Store }

func (d deaf) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	out, err := d.Store.Commit(ctx, b)
	for i := range out.Marked {
		out.Marked[i].Version = min(out.Marked[i].Version, b.Shown[i].Least)
	}
	return out, err
}

// forcing writes marks without comparing.
type forcing struct{ dialog.Store }

func (f forcing) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	c := *b
	c.Shown = nil
	for _, m := range b.Shown {
		if row, err := f.Load(ctx, m.Key); err == nil {
			m.Had, m.Least = row.Shown, 0
		}
		c.Shown = append(c.Shown, m)
	}
	return f.Store.Commit(ctx, &c)
}

// The same seed plays the same history.
func TestSimulationRepeats(t *testing.T) {
	for seed := uint64(1); seed <= 300; seed++ {
		a, b := play(t, seed, false), play(t, seed, false)
		if a.sum != b.sum || a.step != b.step {
			t.Fatalf("seed %d: %x after %d steps, then %x after %d", seed, a.sum, a.step, b.sum, b.step)
		}
	}
}
