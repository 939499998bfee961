package bench_test

import (
	"testing"

	"github.com/lockbay/lockbay/bench"
)

// A few people walk through the whole flow, whatever it asks.
func TestWalk(t *testing.T) {
	if rep := run(t, bench.Options{Users: 5, Rounds: 3}); rep.Completed != 15 {
		t.Errorf("%d of 15 escrows", rep.Completed)
	}
}
