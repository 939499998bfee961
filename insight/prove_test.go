package insight_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
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
		Reads: x.AfterStart.N, Soon: x.AfterStart.X, Starts: x.Starts, Episodes: x.Episodes, Felt: x.Felt, Exposed: x.Related.Exposed,
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
		got.RehydratedLeft, got.ExposedLeft = want.RehydratedLeft, want.ExposedLeft // no figure has them
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

// months is of how many intervals are taken.
func months() int {
	if testing.Short() {
		return *plants
	}
	return 2 * *plants
}

// TestIntervalsCover: the intervals of rates and of complaints have the planted ones in 93 to 98 % of months.
func TestIntervalsCover(t *testing.T) {
	covered, n := coverage{}, months()
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
	var list []*insight.Figures
	var all insighttest.Counts
	for seed := range uint64(months()) {
		r := rand.New(rand.NewPCG(seed, 37)) //nolint:gosec // the same each time
		p := plant(seed)
		p.N, p.Mode, p.Pace, p.Pauses, p.Loses, p.Harm = 1500, "lightweight", 3*time.Minute, .1, .9, .3
		for at := p.End.AddDate(0, 0, -p.Days); at.Before(p.End); at = at.Add(time.Duration(r.ExpFloat64() * float64(12*time.Hour))) {
			p.Restarts = append(p.Restarts, at)
		}
		x, c := figures(p)
		list = append(list, x)
		all.Creations, all.TypedAgain, all.Abandoned, all.Reads, all.Soon = all.Creations+c.Creations, all.TypedAgain+c.TypedAgain, all.Abandoned+c.Abandoned, all.Reads+c.Reads, all.Soon+c.Soon
	}
	covered := coverage{}
	for _, x := range list {
		covered.add("typed again", x.TypedAgain.Interval, float64(all.TypedAgain)/float64(all.Creations))
		covered.add("abandoned", x.Abandoned.Interval, float64(all.Abandoned)/float64(all.Creations))
		covered.add("after a start", x.AfterStart.Interval, float64(all.Soon)/float64(all.Reads))
	}
	covered.judge(t, len(list))
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

// restarted is a month of a busy service with some restarts a day, each of which meets some people. Who pauses leaves more often.
func restarted(seed uint64) insighttest.Plant {
	r := rand.New(rand.NewPCG(seed, 41)) //nolint:gosec // the same each time
	p := plant(seed)
	p.N, p.Mode, p.Pace, p.Pauses, p.Tires = 16000, "lightweight", 3*time.Minute, .2, .1
	for at := p.End.AddDate(0, 0, -p.Days); at.Before(p.End); at = at.Add(time.Hour + time.Duration(r.ExpFloat64()*float64(4*time.Hour))) {
		p.Restarts = append(p.Restarts, at)
	}
	return p
}

// relatedIn counts the months in which people leave because of restarts, as the figures see it, of those in which they leave more
// often by harm.
func relatedIn(t *testing.T, harm float64) (yes, n int) {
	t.Helper()
	switch n = *plants / 2; {
	case testing.Short():
		n = 1
	case *plants < inFull:
		n = *plants / 4
	}
	var exposed int
	var ratio float64
	for seed := range uint64(n) {
		p := restarted(seed)
		p.Harm = harm
		x, c := figures(p)
		if x.Related.Verdict == "yes" {
			yes++
		}
		others := float64(c.Abandoned-c.RehydratedLeft) / float64(c.Creations-c.Rehydrated)
		exposed += x.Related.Exposed
		ratio += float64(c.RehydratedLeft) / float64(c.Rehydrated) / others
		if x.Related.Exposed < 500 {
			t.Errorf("seed %d: a restart met %d", seed, x.Related.Exposed)
		}
	}
	t.Logf("harm %.2f: related in %d of %d months with %d whom a restart met, the rehydrated left %.2f times as often", harm, yes, n, exposed/n, ratio/float64(n))
	if ratio < 1.2*float64(n) {
		t.Errorf("who is rehydrated leaves %.2f times as often: nothing is to be told apart", ratio/float64(n))
	}
	return yes, n
}

// TestPausers: where people pause and then leave, and restarts do nothing to them, it is no harm of restarts.
func TestPausers(t *testing.T) {
	yes, n := relatedIn(t, 0)
	most := .05 * float64(n)
	if n < inFull {
		most += 4 * math.Sqrt(most)
	}
	if float64(yes) > most {
		t.Errorf("related in %d of %d months", yes, n)
	}
}

// TestHarm: where restarts make 15 of 100 leave whom they meet, it is.
func TestHarm(t *testing.T) {
	if yes, n := relatedIn(t, .15); yes*100 < n*95 {
		t.Errorf("related in %d of %d months", yes, n)
	}
}

// situation is why people leave or lose something, and what is to be done.
type situation struct {
	name  string
	most  int // people; 0: any number up to 6000
	least int
	plant func(*insighttest.Plant, *rand.Rand)
	t     insight.Thresholds
	want  string
}

// situations have rates that are well over their thresholds, or well under.
func situations() []situation {
	usual, everywhere := insight.DefaultThresholds(), insight.DefaultThresholds()
	everywhere.MultiDevice = true
	between := func(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }
	at := func(p *insighttest.Plant, r *rand.Rand, i int, low, high float64) {
		p.Leaves[i] = between(r, low, high)
	}
	each := func(p *insighttest.Plant, r *rand.Rand, low, high float64) {
		for i := range p.Leaves {
			at(p, r, i, low, high)
		}
	}
	loses := func(p *insighttest.Plant, r *rand.Rand) {
		p.Mode, p.Pauses, p.Loses = "lightweight", between(r, .25, .5), between(r, .6, .9)
	}
	return []situation{
		{"a few people come", 25, 1, func(*insighttest.Plant, *rand.Rand) {}, usual, "wait"},
		{"all is well", 0, 0, func(*insighttest.Plant, *rand.Rand) {}, usual, "keep"},
		{"many pause", 0, 0, func(p *insighttest.Plant, r *rand.Rand) { p.Pauses = between(r, .3, .9) }, usual, "keep"},
		{"some write", 0, 0, func(p *insighttest.Plant, _ *rand.Rand) { p.Writes = min(15/float64(p.N), .1) }, usual, "keep"},
		{"a few lose something", 0, 0, func(p *insighttest.Plant, r *rand.Rand) {
			p.Mode, p.Pauses, p.Loses = "lightweight", .1, between(r, .05, .25)
		}, usual, "keep"},
		{"a defect", 0, 500, func(p *insighttest.Plant, r *rand.Rand) {
			p.Mode, p.Pauses, p.Loses = []string{"database", "hybrid"}[r.IntN(2)], .2, between(r, .2, 1)
		}, usual, "defect"},
		{"many lose something", 0, 0, loses, usual, "persist Rehydration Rate"},
		{"many lose something, and leave", 0, 0, func(p *insighttest.Plant, r *rand.Rand) {
			loses(p, r)
			p.Pauses, p.Tires = between(r, .2, .4), between(r, .3, .9)
		}, usual, "persist Rehydration Rate"},
		{"they lose something, and write", 0, 2000, func(p *insighttest.Plant, r *rand.Rand) { loses(p, r); p.Writes = between(r, .6, .9) }, usual, "persist Support Tickets"},
		{"it starts again and again", 0, 3000, func(p *insighttest.Plant, r *rand.Rand) {
			p.Mode, p.Pace, p.Loses = "lightweight", 4*time.Minute, 1
			for at := p.End.AddDate(0, 0, -p.Days); at.Before(p.End); at = at.Add(time.Duration(between(r, 3, 5) * float64(time.Hour))) {
				p.Restarts = append(p.Restarts, at)
			}
		}, usual, "persist Bot Restarts"},
		{"restarts make people leave", 8000, 6000, func(p *insighttest.Plant, r *rand.Rand) {
			*p = restarted(p.Seed)
			p.Mode, p.Harm = "redis", between(r, .3, .6)
			each(p, r, .04, .06)
		}, usual, "persist Abandonment Rate"},
		{"another device", 0, 0, func(*insighttest.Plant, *rand.Rand) {}, everywhere, "persist Business Requirement"},
		{"they leave at one question", 0, 0, func(p *insighttest.Plant, r *rand.Rand) { at(p, r, 2, .3, .6); p.Pauses = .01 }, usual, "ux description_input"},
		{"they leave at one question most", 0, 0, func(p *insighttest.Plant, r *rand.Rand) { each(p, r, 0, .01); at(p, r, 1, .185, .195) }, usual, "ux amount_input"},
		{"they leave at the review, and lose little", 0, 0, func(p *insighttest.Plant, r *rand.Rand) {
			at(p, r, 4, .3, .5)
			p.Mode, p.Pauses, p.Loses = "lightweight", .1, between(r, .05, .2)
		}, usual, "ux trade_review"},
		{"who pauses leaves at one question", 0, 0, func(p *insighttest.Plant, r *rand.Rand) { at(p, r, 0, .3, .5); p.Pauses, p.Tires = .3, .05 }, usual, "ux seller_input"},
		{"they leave everywhere", 0, 0, func(p *insighttest.Plant, r *rand.Rand) { each(p, r, .07, .1) }, usual, "performance"},
	}
}

// TestPlantedLeaves: what is to be done is what the plant means, or wait. Few wait of those to whom 2,000 people or more came.
func TestPlantedLeaves(t *testing.T) {
	list := situations()
	reached, many, waited := map[string]int{}, 0, 0
	for seed := range uint64(max(*plants, len(list))) {
		s, r := list[seed%uint64(len(list))], rand.New(rand.NewPCG(seed, 43)) //nolint:gosec // the same each time
		p := plant(seed)
		p.N = int(math.Exp(math.Log(60) + r.Float64()*math.Log(100)))
		if p.N = max(p.N, s.least); s.most > 0 {
			p.N = min(p.N, s.most)
		}
		s.plant(&p, r)
		x, _ := figures(p)
		got := leafOf(x, s.t)
		reached[strings.Fields(got)[0]]++
		if got != s.want && got != "wait" {
			t.Errorf("%s, %d people: %s, want %s: %+v", s.name, p.N, got, s.want, insight.Decide(x, s.t, x.Mode).Asked)
		}
		if p.N >= 2000 {
			if many++; got == "wait" {
				waited++
				t.Logf("%s, %d people: wait: %s", s.name, p.N, insight.Decide(x, s.t, x.Mode).Note)
			}
		}
	}
	t.Logf("reached %v; of %d with 2,000 people or more %d wait", reached, many, waited)
	if waited*10 > many || len(reached) < 6 {
		t.Errorf("%d of %d wait; reached are %v", waited, many, reached)
	}
}

// leafOf is a decision in words.
func leafOf(x *insight.Figures, t insight.Thresholds) string {
	d := insight.Decide(x, t, x.Mode)
	got := string(d.Leaf)
	if d.Step != "" {
		got += " " + d.Step
	}
	if d.Action != nil {
		got += " " + d.Action.Condition
	}
	return got
}
