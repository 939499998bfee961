package soak

import (
	"flag"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/testdb"
)

var (
	lasting = flag.Duration("soak", 0, "how long all lines together may take; 0: the short run of make test")
	only    = flag.String("line", "", "only lines whose mode or name contains this")
	binary  = flag.String("binary", "", "a program to run instead of one built here")
	release = flag.String("older", "", "a released program, to run beside the one built here; else that is the older one, beside one that is built as the next")
)

func TestMain(m *testing.M) { testdb.Main(m) }

const (
	atOnce   = 8                       // lines
	shortest = 1500 * time.Millisecond // time of a line
)

// TestSoak runs every line in its modes, the short run in half of them, and fails on a broken promise.
func TestSoak(t *testing.T) {
	programs := NewPrograms("../..", t.TempDir(), *binary, *release)
	if _, err := programs.of(today); err != nil {
		t.Fatal(err)
	}
	type job struct {
		*line
		mode string
	}
	var jobs []job
	for n, l := range lines() {
		modes := l.modes
		if modes == nil {
			modes = all
		}
		if *lasting == 0 && *only == "" {
			modes = half(modes, n)
		}
		for _, mode := range modes {
			if strings.Contains(mode+" "+l.name, *only) {
				jobs = append(jobs, job{l, mode})
			}
		}
	}
	each, people := shortest, 5
	if *lasting > 0 && len(jobs) > 0 {
		each, people = max(shortest, *lasting*atOnce/time.Duration(len(jobs))-3*time.Second), 12
	}
	rows, slots, wg := make([]Row, len(jobs)), make(chan struct{}, atOnce), sync.WaitGroup{}
	for n, j := range jobs {
		wg.Go(func() {
			for _, k := range j.kinds { // built before the slot is taken, so that other lines run meanwhile
				if _, err := programs.of(k); err != nil {
					t.Error(err)
					return
				}
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			t.Run(j.mode+"/"+j.name, func(t *testing.T) {
				rows[n] = j.run(t.Context(), t, programs, j.mode, people, each)
				for _, b := range rows[n].broken() {
					t.Error(b)
				}
			})
		})
	}
	wg.Wait()
	rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Mode == "" }) // failed to start
	Table(os.Stdout, rows)
}

// half returns half of the modes, the odd one included, from the n-th on: the modes take turns.
func half(modes []string, n int) []string {
	n %= len(modes)
	return slices.Concat(modes[n:], modes[:n])[:(len(modes)+1)/2]
}

// TestHalf: as many lines as there are modes meet each of them equally often.
func TestHalf(t *testing.T) {
	for most := range len(all) {
		modes, met := all[:most+1], map[string]int{}
		for n := range modes {
			for _, mode := range half(modes, n+100*len(modes)) {
				met[mode]++
			}
		}
		for _, mode := range modes {
			if met[mode] != (len(modes)+1)/2 {
				t.Errorf("%d modes: %v", len(modes), met)
			}
		}
	}
}
