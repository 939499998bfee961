package dialogtest

import (
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

// play plays the history of a seed.
func play(t *testing.T, seed uint64, verbose bool) (s *sim) {
	synctest.Test(t, func(*testing.T) {
		s = newSim(seed, verbose)
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

// The same seed plays the same history.
func TestSimulationRepeats(t *testing.T) {
	for seed := uint64(1); seed <= 300; seed++ {
		a, b := play(t, seed, false), play(t, seed, false)
		if a.sum != b.sum || a.step != b.step {
			t.Fatalf("seed %d: %x after %d steps, then %x after %d", seed, a.sum, a.step, b.sum, b.step)
		}
	}
}
