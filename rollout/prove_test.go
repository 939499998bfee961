package rollout

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var rollouts = flag.Int("rollouts", 20, "simulated rollouts of each kind")

// simulated is how many rollouts of a kind are. They run in one goroutine, in which the race detector sees nothing.
func simulated() int {
	if testing.Short() {
		return 5
	}
	return *rollouts
}

// world is where a rollout is simulated: creations that owners begin at random times, on a clock of days.
type world struct {
	r       *rand.Rand
	perDay  float64
	base    func(day float64) float64 // rate of abandonment in the old
	worse   float64                   // by how much it is higher in the new
	regular []person                  // who come again and again
	fresh   float64                   // the part of creations whose owner never came before
	every   bool                      // also the later creations of an owner count, which is wrong
	plan    Plan
	days    float64
}

// person comes again, with habits of an own.
type person struct {
	point, leaves float64 // leaves: by how much more than others, as a factor of odds
}

// outcome of a simulated rollout.
type outcome struct {
	reverted, paused string  // the guardrail that was broken; empty: none
	at               float64 // when it reverted, in days
}

// tried is a creation that will be a horizon old.
type tried struct {
	stage int
	arm   Arm
	ripe  float64
	bad   Counts
}

// run simulates a rollout, which looks after each creation.
func (w *world) run() (o outcome) {
	plan := w.plan
	stages := make([]Compared, len(plan.Stages))
	for i, s := range plan.Stages {
		stages[i] = Compared{Before: plan.before(i), Share: s}
	}
	storms := w.storms()
	seen := make([]map[int]bool, len(stages))
	var open []tried
	for now := 0.0; now < w.days; now += w.r.ExpFloat64() / w.perDay {
		for len(open) > 0 && open[0].ripe <= now {
			x := open[0]
			open = open[1:]
			s := &stages[x.stage]
			into := &s.All.New
			if x.arm == Old {
				into = &s.All.Old
			}
			into.add(&x.bad)
			s.Fresh = s.All
			b := Broken(Watch(stages))
			switch {
			case b == nil:
			case b.Does == Reverts:
				o.reverted, o.at = b.Guard, x.ripe
				return o
			case o.paused == "":
				o.paused = b.Guard
			}
		}
		stage := plan.stageAt(now)
		p, who := person{w.r.Float64(), 0}, -1
		if w.r.Float64() >= w.fresh {
			who = int(float64(len(w.regular)) * math.Pow(w.r.Float64(), 3)) // a few come very often
			p = w.regular[who]
		}
		arm := Old
		switch {
		case p.point < float64(plan.before(stage))/100:
			continue
		case p.point < float64(plan.Stages[stage])/100:
			arm = New
		}
		if seen[stage] == nil {
			seen[stage] = map[int]bool{}
		}
		if who >= 0 && seen[stage][who] && !w.every {
			continue
		}
		seen[stage][who] = true
		open = append(open, tried{stage, arm, now + 1, w.creation(now, p, arm, storms)})
	}
	return o
}

// stageAt is the stage of a day, counted from 0.
func (p *Plan) stageAt(day float64) int {
	for i, d := range p.Days {
		if day -= float64(d); day < 0 || i == len(p.Days)-1 {
			return i
		}
	}
	return 0
}

// storms are the hours in which things go wrong for everybody: a fifteenth of all.
func (w *world) storms() map[int]bool {
	m := map[int]bool{}
	for h := range int(w.days*24) + 1 {
		if w.r.IntN(60) == 0 {
			for i := range 4 {
				m[h+i] = true
			}
		}
	}
	return m
}

// creation is what becomes of one.
func (w *world) creation(now float64, p person, arm Arm, storms map[int]bool) Counts {
	c, stormy := Counts{N: 1}, storms[int(now*24)]
	chance := func(calm, storm float64) int {
		if stormy {
			calm = storm
		}
		if w.r.Float64() < calm {
			return 1
		}
		return 0
	}
	rate := w.base(now)
	odds := rate / (1 - rate) * math.Exp(p.leaves)
	rate = odds / (1 + odds)
	if arm == New {
		rate = min(rate+w.worse, 1)
	}
	c.Abandoned = chance(rate, rate)
	c.Lost, c.Failed, c.Conflict, c.Slow = chance(.01, .4), chance(.003, .3), chance(.01, .03), chance(.03, .5)
	return c
}

func (c *Counts) add(x *Counts) {
	c.N, c.Abandoned, c.Lost, c.Failed, c.Conflict, c.Slow = c.N+x.N, c.Abandoned+x.Abandoned, c.Lost+x.Lost, c.Failed+x.Failed, c.Conflict+x.Conflict, c.Slow+x.Slow
}

// newWorld has people of whom many come often.
func newWorld(seed uint64, perDay float64, days float64) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 18)), perDay: perDay, days: days, fresh: .7, plan: Plan{[]int{10, 50, 100}, []int{7, 14, 0}}}
	for range int(perDay) {
		w.regular = append(w.regular, person{w.r.Float64(), 1.5 * w.r.NormFloat64()})
	}
	return w
}

// drifting is a rate that wanders, and jumps.
func (w *world) drifting() func(float64) float64 {
	start, jump, by := .1+.2*w.r.Float64(), w.days*w.r.Float64(), .2*w.r.Float64()
	return func(day float64) float64 {
		rate := start + .05*math.Sin(2*math.Pi*day) + .05*math.Sin(day/3)
		if day > jump {
			rate += by
		}
		return max(rate, .01)
	}
}

// TestAlike: a new that is like the old is reverted in 5 of 100 rollouts at most, and paused for its share in 1, whatever
// the rates do.
func TestAlike(t *testing.T) {
	for perDay, part := range map[float64]int{200: 1, 2000: 10} {
		n := simulated()
		if n < inFull {
			n = max(n/part, 1)
		}
		reverted, paused := map[string]int{}, map[string]int{}
		for seed := range n {
			w := newWorld(uint64(seed), perDay, 30)
			w.base = w.drifting()
			o := w.run()
			reverted[o.reverted]++
			paused[o.paused]++
		}
		t.Logf("%.0f a day: of %d rollouts of a new like the old reverted %v, paused %v", perDay, n, reverted, paused)
		if bad := n - reverted[""]; bad > atMost(n, .05) {
			t.Errorf("%.0f a day: %d of %d reverted", perDay, bad, n)
		}
		if bad := paused[Share]; bad > atMost(n, .01) {
			t.Errorf("%.0f a day: %d of %d paused for their share", perDay, bad, n)
		}
	}
}

// inFull is the number of rollouts from which on the promises themselves are held, and below which chance is allowed for.
const inFull = 1000

// atMost is how many of n come at a rate, with four standard errors in a small run.
func atMost(n int, rate float64) int {
	if n >= inFull {
		return int(float64(n) * rate)
	}
	return int(float64(n)*rate + 4*math.Sqrt(float64(n)*rate))
}

// TestFirstOnly: it has a reason that only the first creation of an owner counts. Where all count, whoever comes often
// decides, and a new that is like the old is reverted again and again.
func TestFirstOnly(t *testing.T) {
	n, bad := max(simulated()/3, 5), 0
	for seed := range n {
		w := newWorld(uint64(seed), 200, 30)
		w.base, w.fresh, w.every = func(float64) float64 { return .2 }, .1, true
		if w.run().reverted != "" {
			bad++
		}
	}
	t.Logf("of %d rollouts of a new like the old, in which every creation counts, %d are reverted", n, bad)
	if bad <= atMost(n, .05) {
		t.Errorf("%d of %d reverted: these people do not come often enough for this test", bad, n)
	}
}

// TestWorse: ten points more abandonment are always seen, in good time.
func TestWorse(t *testing.T) {
	for perDay, days := range map[float64]float64{200: 11, 2000: 3, 20000: 1.5} {
		for _, base := range []float64{.15, .2, .4} {
			n := simulated() * 4 / 10
			if n < inFull*4/10 {
				n = max(n/5, 1) | 1
			}
			at := worse(t, n, perDay, base)
			t.Logf("%.0f a day, %.0f %% and 10 points more: %d of %d reverted, the middle one after %.1f days", perDay, 100*base, len(at), n, at[len(at)/2])
			if len(at) < n {
				t.Errorf("%.0f a day, %.0f %%: %d of %d were not reverted", perDay, 100*base, n-len(at), n)
			}
			if middle := at[len(at)/2]; middle > days && n > 9 { // of a few, the middle one may be late by chance
				t.Errorf("%.0f a day, %.0f %%: the middle one after %.1f days, later than %.1f", perDay, 100*base, middle, days)
			}
		}
	}
}

// worse is after how many days rollouts of a new that is ten points worse are reverted, in order.
func worse(t *testing.T, n int, perDay, base float64) (at []float64) {
	t.Helper()
	for seed := range n {
		w := newWorld(uint64(seed), perDay, 30)
		w.base, w.worse, w.fresh = func(float64) float64 { return base }, .1, 1
		w.plan.Days = []int{7, 23, 0} // nobody advances it before the 30 days are over
		if o := w.run(); o.reverted != "" {
			at = append(at, o.at)
		}
	}
	if len(at) == 0 {
		t.Fatalf("%.0f a day, %.0f %%: none of %d was reverted", perDay, 100*base, n)
	}
	slices.Sort(at)
	return at
}

// TestTooFew: at 20 a day a rollout may well never see ten points more, and [Plan.Sees] says so beforehand.
func TestTooFew(t *testing.T) {
	n := simulated() * 4 / 10
	for _, base := range []float64{.15, .2, .4} {
		at := worse(t, n, 20, base)
		t.Logf("20 a day, %.0f %% and 10 points more: %d of %d reverted", 100*base, len(at), n)
		if len(at) > n*8/10 {
			t.Errorf("20 a day, %.0f %%: %d of %d reverted: FewADay says too little of a rollout", 100*base, len(at), n)
		}
		w := newWorld(1, 20, 30)
		if _, ok := w.plan.Sees(Pace{20, base, 24 * time.Hour}, .1); ok {
			t.Errorf("20 a day, %.0f %%: nothing is told beforehand", 100*base)
		}
	}
}
