package bench_test

import (
	"testing"

	"github.com/lockbay/lockbay/bench"
)

// TestWalk: a few people walk through the whole flow.
func TestWalk(t *testing.T) {
	if rep := run(t, bench.Options{Users: 5, Rounds: 3}); rep.Completed != 15 {
		t.Errorf("%d of 15 escrows", rep.Completed)
	}
}
