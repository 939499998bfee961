package insight_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
)

// plants is of how many months the proofs are made; make prove makes them of 200.
var plants = flag.Int("plants", 16, "planted months of each proof")

// seen are the counts that figures come to.
func seen(x *insight.Figures) insighttest.Counts {
	c := insighttest.Counts{
		Creations: x.Creations, Rehydrated: x.Rehydrated.X, TypedAgain: x.TypedAgain.X, Confirmed: x.Ended[insight.Confirmed], Cancelled: x.Ended[insight.Cancelled],
		Blocked: x.Ended[insight.Blocked], Silent: x.Ended[insight.Silent], Replaced: x.Ended[insight.Replaced], Back: x.Back, Abandoned: x.Abandoned.X,
		Ceiling: int(math.Round(x.Ceiling * float64(x.Abandoned.N))), Paid: x.Paid, Lapsed: x.Lapsed, Left: map[string]int{}, Asked: map[string]int{}, Refused: map[string]int{},
		Reads: x.AfterStart.N, Soon: x.AfterStart.X, Starts: x.Starts, Episodes: x.Episodes, Felt: x.Felt,
		Complaints: x.Complaints.N, WithLost: x.Complaints.WithLost,
	}
	for _, step := range insighttest.Steps {
		c.Left[step], c.Asked[step], c.Refused[step] = 0, 0, 0
	}
	for _, s := range x.Steps {
		c.Left[s.Step], c.Asked[s.Step] = s.Left.X, s.Left.N
	}
	for _, r := range x.Refusals {
		c.Refused[r.Step] += r.N
	}
	return c
}

// anyMonth is a month in which all that can happen to people and to the service happens, at random rates.
func anyMonth(seed uint64) insighttest.Plant {
	r := rand.New(rand.NewPCG(seed, 29)) //nolint:gosec // the same each time
	p := insighttest.Plant{
		Seed: seed, N: 200 + r.IntN(2000), Days: 30, End: at.Add(-horizon), Mode: []string{"database", "hybrid", "redis", "lightweight"}[r.IntN(4)],
		Pauses: .3 * r.Float64(), Tires: .1 * r.Float64(), Loses: r.Float64(), Harm: .3 * r.Float64(), Refuses: .2 * r.Float64(), Crashes: r.IntN(2) == 0,
		Cancels: .4 * r.Float64(), Blocks: .1 * r.Float64(), Late: .3 * r.Float64(), Again: .3 * r.Float64(), Pays: .9 * r.Float64(), Writes: .1 * r.Float64(),
		Pace: time.Duration(20+r.IntN(300)) * time.Second,
	}
	for range insighttest.Steps {
		p.Leaves = append(p.Leaves, .3*r.Float64())
	}
	for range r.IntN(60) {
		up := p.End.Add(-time.Duration(r.Int64N(int64(35 * 24 * time.Hour)))).Truncate(time.Second)
		for range 1 + r.IntN(3)/2*r.IntN(4) { // some come in storms
			p.Restarts = append(p.Restarts, up)
			up = up.Add(3*time.Second + time.Duration(r.IntN(700))*time.Second)
		}
	}
	return p
}

// TestPlants: every numerator and denominator is the planted one, in whatever order the events come, and twice.
func TestPlants(t *testing.T) {
	all := 0
	for seed := range uint64(*plants) {
		events, want := anyMonth(seed).Events()
		if seed%2 == 0 {
			events = append(events[len(events)/3:], events...)
		}
		x := collect(events).Figures(at, month, insight.DefaultThresholds())
		got := seen(x)
		got.Exposed, got.ExposedLeft = want.Exposed, want.ExposedLeft // no figure has them
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("seed %d: the figures come to\n%+v, planted\n%+v", seed, got, want)
		}
		all += x.Creations
	}
	t.Logf("%d creations in %d months: each figure is the planted one", all, *plants)
}

// inFull is the number of months from which on the promises themselves are held, and below which chance is allowed for.
const inFull = 100

// coverage counts the months in which the interval of a figure has the planted value.
type coverage map[string]int

func (c coverage) add(name string, i insight.Interval, truth float64) {
	if c[name] += 0; i.Low <= truth && truth <= i.High {
		c[name]++
	}
}

// judge wants 93 to 98 % of n months.
func (c coverage) judge(t *testing.T, n int) {
	t.Helper()
	t.Logf("in %d months the intervals have the planted values in %v", n, c)
	off := 0.0
	if n < 2*inFull {
		off = 4 * math.Sqrt(.05*.95*float64(n))
	}
	for name, covered := range c {
		if few, many := .93*float64(n)-off, .98*float64(n)+off; float64(covered) < few || float64(covered) > many {
			t.Errorf("%s: in %d of %d months", name, covered, n)
		}
	}
}

// TestIntervalsCover: the intervals of rates and of complaints have the planted ones in 93 to 98 % of months.
func TestIntervalsCover(t *testing.T) {
	covered, n := coverage{}, 2*(*plants)
	for seed := range uint64(n) {
		p, truth, complaints := knownMonth(seed)
		x, _ := figures(p)
		rates := map[string]insight.Rate{"rehydrated": x.Rehydrated, "typed again": x.TypedAgain, "abandoned": x.Abandoned}
		for _, s := range x.Steps {
			rates[s.Step] = s.Left
		}
		for name, rate := range truth {
			covered.add(name, rates[name].Interval, rate)
		}
		covered.add("complaints", x.Complaints.Interval, complaints)
	}
	covered.judge(t, n)
}

// TestIntervalsCoverClumps: they have them also where restarts come by chance, and all that they do to people comes in clumps.
// What is planted is then the mean of all months.
func TestIntervalsCoverClumps(t *testing.T) {
	var months []*insight.Figures
	var all insighttest.Counts
	for seed := range uint64(2 * *plants) {
		r := rand.New(rand.NewPCG(seed, 37)) //nolint:gosec // the same each time
		p := plant(seed)
		p.N, p.Mode, p.Pace, p.Pauses, p.Loses, p.Harm = 1500, "lightweight", 3*time.Minute, .1, .9, .3
		for at := p.End.AddDate(0, 0, -p.Days); at.Before(p.End); at = at.Add(time.Duration(r.ExpFloat64() * float64(12*time.Hour))) {
			p.Restarts = append(p.Restarts, at)
		}
		x, c := figures(p)
		months = append(months, x)
		all.Creations, all.TypedAgain, all.Abandoned, all.Reads, all.Soon = all.Creations+c.Creations, all.TypedAgain+c.TypedAgain, all.Abandoned+c.Abandoned, all.Reads+c.Reads, all.Soon+c.Soon
	}
	covered := coverage{}
	for _, x := range months {
		covered.add("typed again", x.TypedAgain.Interval, float64(all.TypedAgain)/float64(all.Creations))
		covered.add("abandoned", x.Abandoned.Interval, float64(all.Abandoned)/float64(all.Creations))
		covered.add("after a start", x.AfterStart.Interval, float64(all.Soon)/float64(all.Reads))
	}
	covered.judge(t, len(months))
}

// knownMonth is a month with some rates, and what its figures are to come to: rates of a month that never ends,
// and complaints a week.
func knownMonth(seed uint64) (p insighttest.Plant, truth map[string]float64, complaints float64) {
	r := rand.New(rand.NewPCG(seed, 31)) //nolint:gosec // the same each time
	p = insighttest.Plant{
		Seed: seed, N: 300 + r.IntN(1500), Days: 30, End: at.Add(-horizon), Mode: "lightweight",
		Pauses: .02 + .3*r.Float64(), Loses: .1 + .8*r.Float64(), Refuses: .1, Cancels: .3, Late: .2, Writes: .02 + .05*r.Float64(),
	}
	truth = map[string]float64{}
	stay, back := 1.0, 0.0
	for i, step := range insighttest.Steps {
		rate := .01 + .25*r.Float64()
		p.Leaves, truth[step] = append(p.Leaves, rate), rate
		if i > 0 { // who pauses here comes back if nothing else happens, or to say that they leave
			back += stay * (1 - rate*(1-p.Cancels)) / float64(len(insighttest.Steps)-1)
		}
		stay *= 1 - rate
	}
	truth["abandoned"], truth["rehydrated"], truth["typed again"] = 1-stay, p.Pauses*back, p.Pauses*back*p.Loses
	return p, truth, float64(p.N) * p.Writes / 3 / 30 * 7 // of three classes
}
