package insight_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
)

// TestWorstOfEqual: of two questions at which as many leave, the one that is asked first is named; one at which fewer than half of
// those who leave do is none.
func TestWorstOfEqual(t *testing.T) {
	limits := insight.DefaultThresholds()
	step := func(name string, x int) insight.StepFigures {
		return insight.StepFigures{Step: name, Left: insight.Rate{X: x, N: 900, Verdict: insight.NotSure}}
	}
	for name, c := range map[string]struct {
		left []int
		leaf insight.Leaf
		step string
	}{
		"equal": {[]int{0, 100, 100}, insight.UX, "b"}, "the last": {[]int{0, 99, 101}, insight.UX, "c"}, "half": {[]int{50, 100, 50}, insight.UX, "b"},
		"fewer than half": {[]int{50, 99, 51}, insight.Performance, ""}, "nobody": {[]int{0, 0, 0}, insight.Performance, ""},
	} {
		x, _ := figures(plant(1))
		x.Abandoned = insight.Rate{X: 200, N: 900, Interval: insight.Wilson(200, 900, 1), Verdict: insight.Over}
		x.Worst, x.Steps = nil, []insight.StepFigures{step("a", c.left[0]), step("b", c.left[1]), step("c", c.left[2])}
		if d := insight.Decide(x, limits, "database"); d.Leaf != c.leaf || d.Step != c.step {
			t.Errorf("%s: %s at %q, want %s at %q", name, d.Leaf, d.Step, c.leaf, c.step)
		}
	}
}

// TestMetAlready: where the mode does already what helps, the decision says what was lost in it, and in no other mode.
func TestMetAlready(t *testing.T) {
	x, _ := figures(plant(1))
	x.TypedAgain = insight.Rate{X: 600, N: x.Creations, Interval: insight.Wilson(600, x.Creations, 1), Verdict: insight.Over}
	if d := insight.Decide(x, insight.DefaultThresholds(), "database"); d.Leaf != insight.Persist || !d.Action.Met || !strings.Contains(d.Note, "met: 0 of 3,000 ") {
		t.Errorf("in database it is %s: %s", d.Leaf, d.Note)
	}
	if d := insight.Decide(x, insight.DefaultThresholds(), "hybrid"); !d.Action.Met || !strings.Contains(d.Note, "no creation of the window began in it") {
		t.Errorf("in hybrid it is %s: %s", d.Leaf, d.Note)
	}
}

// TestRefusalsAreOnce: each question and code is listed once, the most frequent first.
func TestRefusalsAreOnce(t *testing.T) {
	for seed := range uint64(3) {
		x := collect(insighttest.Random(seed, 300, 5, at)).Figures(at, month, insight.DefaultThresholds())
		had, last := map[[2]string]bool{}, x.Creations
		for _, r := range x.Refusals {
			if key := [2]string{r.Step, r.Code}; had[key] || r.N > last {
				t.Errorf("%+v is among %+v", r, x.Refusals)
			} else {
				had[key], last = true, r.N
			}
		}
		if len(had) == 0 {
			t.Error("nothing was refused")
		}
	}
}

// TestWilsonIsARate: an interval is of a rate, whatever rounding does.
func TestWilsonIsARate(t *testing.T) {
	for n := range 5000 {
		if a, b := insight.Wilson(0, n, 1), insight.Wilson(n, n, 1); a.Low < 0 || a.Low > 1e-12 || a.High > 1 || b.Low < 0 || b.High > 1 {
			t.Fatalf("none of %d is %v, all of them %v", n, a, b)
		}
	}
}
