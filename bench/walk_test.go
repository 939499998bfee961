package bench_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/bench"
)

// TestWalk: a few people walk through the whole flow.
func TestWalk(t *testing.T) {
	if rep := run(t, bench.Options{Users: 5, Rounds: 3}); rep.Completed != 15 {
		t.Errorf("%d of 15 escrows", rep.Completed)
	}
}

// TestReportNamesTheBrokenPromise: an escrow that is missing, and one that is there twice, are counted and named.
func TestReportNamesTheBrokenPromise(t *testing.T) {
	for name, c := range map[string]struct {
		seen             func([]bench.Escrow) []bench.Escrow
		lost, duplicates int64
		says             string
	}{
		"lost":      {func(list []bench.Escrow) []bench.Escrow { return list[1:] }, 1, 0, "missing"},
		"duplicate": {func(list []bench.Escrow) []bench.Escrow { return append(list, list[0]) }, 0, 1, "more than once"},
	} {
		rep := drive(t, bench.Options{Users: 2, Rounds: 1}, c.seen)
		if rep.Lost != c.lost || rep.Duplicates != c.duplicates || !strings.Contains(rep.FirstError, c.says) {
			t.Errorf("%s: %d lost, %d duplicates, %q", name, rep.Lost, rep.Duplicates, rep.FirstError)
		}
	}
}
