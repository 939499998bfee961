package insight

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 5e-7*max(1, math.Abs(want))) { // NaN is not near
		t.Errorf("%s is %.6f, want %.6f", what, got, want)
	}
}

func (i Interval) near(t *testing.T, what string, low, high float64) {
	t.Helper()
	near(t, what+": low", i.Low, low)
	near(t, what+": high", i.High, high)
}

// TestIntervals: values that other programs compute.
func TestIntervals(t *testing.T) {
	Wilson(390, 4812, 1).near(t, "Wilson 390/4812", .073667, .089097)
	Wilson(0, 10, 1).near(t, "Wilson 0/10", 0, .277533)
	Wilson(10, 10, 1).near(t, "Wilson 10/10", 1-.277533, 1)
	Wilson(0, 0, 1).near(t, "Wilson 0/0", 0, 1)
	Wilson(1, 1, 1).near(t, "Wilson 1/1", .206549, 1)
	Wilson(390, 4812, 2).near(t, "half of Wilson 390/4812", .070799, .092632)
	Garwood(9).near(t, "Garwood 9", 4.115373, 17.084803)
	Garwood(0).near(t, "Garwood 0", 0, 3.688879)
	_, i, _ := Katz(15, 100, 30, 100, .95)
	i.near(t, "Katz 15/100 : 30/100", .287219, .870415)
	_, i, _ = Katz(0, 20, 5, 20, .95)
	i.near(t, "Katz 0/20 : 5/20", .005367, 1.539867)
}

// TestKatzTurnedAround: the ratio of the others to us is the inverse, also where nobody or everybody has the outcome.
func TestKatzTurnedAround(t *testing.T) {
	for _, x := range [][4]int{{3, 10, 5, 20}, {0, 10, 5, 20}, {10, 10, 5, 20}, {3, 10, 0, 20}, {3, 10, 20, 20}, {0, 1, 0, 1}, {10, 10, 19, 20}} {
		ratio, i, known := Katz(x[0], x[1], x[2], x[3], .95)
		back, j, _ := Katz(x[2], x[3], x[0], x[1], .95)
		near(t, "turned around", back, 1/ratio)
		j.near(t, "turned around", 1/i.High, 1/i.Low)
		if !known || i.Low >= ratio || i.High <= ratio || math.IsInf(i.High, 0) || i.Low <= 0 {
			t.Errorf("%v: %f, %v", x, ratio, i)
		}
	}
	for _, x := range [][4]int{{1, 1, 1, 1}, {100, 100, 20, 20}, {0, 0, 0, 0}, {0, 0, 5, 20}, {5, 20, 0, 0}} { // the formula has the width 0, or no rate
		if ratio, i, known := Katz(x[0], x[1], x[2], x[3], .95); known || ratio != 0 || i.Low != 0 || !math.IsInf(i.High, 1) {
			t.Errorf("%v: %f, %v is known", x, ratio, i)
		}
	}
}

// TestCombined: one stratum is the plain ratio, the second one of nobody changes nothing, and strata that each have the
// ratio 1 have it together, where the plain ratio is misled by who is in them.
func TestCombined(t *testing.T) {
	ratio, i, known := Combined([]Stratum{{15, 100, 30, 100}, {0, 0, 7, 10}})
	_, katz, _ := Katz(15, 100, 30, 100, .95)
	if !known || ratio != .5 {
		t.Errorf("the ratio is %f, %t", ratio, known)
	}
	i.near(t, "one stratum", katz.Low, katz.High)
	ratio, i, _ = Combined([]Stratum{{8, 10, 80, 100}, {10, 100, 1, 10}})
	if near(t, "two strata", ratio, 1); i.Low > 1 || i.High < 1 {
		t.Errorf("the interval is %v", i)
	}
	for _, of := range [][]Stratum{nil, {{0, 10, 0, 10}}, {{3, 10, 0, 10}}, {{0, 10, 3, 10}}, {{1, 1, 0, 0}, {0, 0, 1, 1}}, {{1, 1, 1, 1}}, {{100, 100, 20, 20}, {0, 9, 0, 9}}} {
		if ratio, i, known := Combined(of); known || i.Low != 0 || !math.IsInf(i.High, 1) {
			t.Errorf("%v: the ratio %f, %v is known", of, ratio, i)
		}
	}
	for _, x := range []Stratum{{1, 1, 1, 2}, {1, 2, 1, 1}} { // also of one person
		ratio, i, known := Combined([]Stratum{x})
		want := float64(x.A) / float64(x.N1) / (float64(x.B) / float64(x.N0))
		if near(t, "a stratum with one", ratio, want); !known || i.Low >= ratio || i.High <= ratio {
			t.Errorf("%v: %f, %v, %t", x, ratio, i, known)
		}
	}
}

// TestScatter: independent days scatter as expected, and clumps by more.
func TestScatter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var even, clumps []Day
	for range 200 {
		d, c := Day{N: 100}, Day{N: 100}
		for range d.N {
			if r.Float64() < .05 {
				d.X++
			}
		}
		if r.IntN(10) == 0 {
			c.X = 50
		}
		even, clumps = append(even, d), append(clumps, c)
	}
	if s := Scatter(even); s > 1.3 {
		t.Errorf("even days scatter by %f", s)
	}
	if s := Scatter(clumps); s < 10 {
		t.Errorf("clumps scatter by %f", s)
	}
	near(t, "two days, one with all", Scatter([]Day{{0, 10}, {10, 10}}), 20)
	near(t, "three days", Scatter([]Day{{1, 10}, {2, 10}, {9, 20}}), 2.2619048) // with 12 of 40: 4/2.1, 1/2.1 and 9/4.2, by 2
	for _, days := range [][]Day{nil, {{0, 0}}, {{0, 10}, {0, 10}}, {{5, 5}}, {{1, 5}, {0, 0}}} {
		if s := Scatter(days); s != 1 {
			t.Errorf("%v scatter by %f", days, s)
		}
	}
}

// TestWilsonCovers: the interval covers the true rate as often as it says, also where days come in clumps.
func TestWilsonCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	covered, plain := 0, 0
	const trials = 2000
	for range trials {
		days := make([]Day, 30)
		x, n := 0, 0
		for i := range days {
			days[i].N = 60
			p := .04
			if i%6 == 0 { // a day with a restart
				p = .13 * 2 * r.Float64()
			}
			for range days[i].N {
				if r.Float64() < p {
					days[i].X++
				}
			}
			x, n = x+days[i].X, n+days[i].N
		}
		truth := (25*.04 + 5*.13) / 30
		if i := Wilson(x, n, Scatter(days)); i.Low <= truth && truth <= i.High {
			covered++
		}
		if i := Wilson(x, n, 1); i.Low <= truth && truth <= i.High {
			plain++
		}
	}
	if covered < trials*93/100 || plain >= covered {
		t.Errorf("the true rate is covered %d times of %d, without the scatter %d times", covered, trials, plain)
	}
}
