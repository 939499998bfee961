package soak

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
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
)

func TestMain(m *testing.M) { testdb.Main(m) }

const (
	atOnce   = 8                       // lines
	shortest = 1500 * time.Millisecond // of a line
)

// TestSoak runs every line in its modes, and fails where a promise is broken.
func TestSoak(t *testing.T) {
	program := *binary
	if program == "" {
		program = filepath.Join(t.TempDir(), "lockbay")
		if out, err := exec.Command("go", "build", "-o", program, "../../cmd/lockbay").CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	type job struct {
		*line
		mode string
	}
	var jobs []job
	for _, l := range lines() {
		modes := l.modes
		if modes == nil {
			modes = all
		}
		for _, mode := range modes {
			if testing.Short() && (l.instances < 2 || mode != "hybrid") {
				continue // beside the race detector one is enough: the program is not built with it
			}
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
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			t.Run(j.mode+"/"+j.name, func(t *testing.T) {
				rows[n] = j.run(t.Context(), t, program, j.mode, people, each)
				for _, b := range rows[n].broken() {
					t.Error(b)
				}
			})
		})
	}
	wg.Wait()
	Table(os.Stdout, rows)
}
