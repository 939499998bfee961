package insight

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is an interval of 95 % for a rate, a count or a ratio.
type Interval struct{ Low, High float64 }

// z is the quantile of a two-sided interval of 95 %.
var z = distuv.UnitNormal.Quantile(0.975)

// Wilson is the score interval of x of n (E. B. Wilson, 1927). phi ≥ 1 is by how much more the counts scatter than
// independent ones would: see [Scatter]. Of nothing nothing is known: 0 to 1.
func Wilson(x, n int, phi float64) Interval {
	return wilson(float64(x)/phi, float64(n)/phi)
}

func wilson(hits, all float64) Interval {
	if all == 0 {
		return Interval{0, 1}
	}
	p, zz := hits/all, z*z
	middle := p + zz/(2*all)
	reach := z * math.Sqrt(p*(1-p)/all+zz/(4*all*all))
	by := 1 + zz/all
	return Interval{max((middle-reach)/by, 0), min((middle+reach)/by, 1)}
}

// Day is the count of one day: X of N.
type Day struct{ X, N int }

// Scatter is by how much more the counts of days scatter than independent ones would, at least 1: Pearson's statistic by
// its degrees of freedom. Restarts come in clumps, and so do the people whom they meet.
func Scatter(days []Day) float64 {
	x, n := 0, 0
	for _, d := range days {
		x, n = x+d.X, n+d.N
	}
	if x == 0 || x == n {
		return 1
	}
	p, sum, used := float64(x)/float64(n), 0.0, 0
	for _, d := range days {
		if d.N == 0 {
			continue
		}
		off := float64(d.X) - float64(d.N)*p
		sum, used = sum+off*off/(float64(d.N)*p*(1-p)), used+1
	}
	if used < 2 {
		return 1
	}
	return max(1, sum/float64(used-1))
}

// Garwood is the exact interval of a Poisson count (F. Garwood, 1936).
func Garwood(x int) Interval { return garwood(float64(x)) }

func garwood(x float64) Interval {
	low := 0.0
	if x > 0 {
		low = distuv.ChiSquared{K: 2 * x}.Quantile(0.025) / 2
	}
	return Interval{low, distuv.ChiSquared{K: 2 * (x + 1)}.Quantile(0.975) / 2}
}

// Katz is the interval of the ratio of two rates, x1/n1 over x0/n0, by its logarithm (D. Katz and others, 1978). If a cell is
// 0, counts and totals have a half more (S. Walter, 1975). level is of the two-sided interval, such as 0.95. known is false where a
// side has nobody, or everybody has the outcome: then the formula has no width, however few they are.
func Katz(x1, n1, x0, n0 int, level float64) (ratio float64, i Interval, known bool) {
	if n1 == 0 || n0 == 0 || x1 == n1 && x0 == n0 {
		return 0, Interval{0, math.Inf(1)}, false
	}
	a, m, b, n := float64(x1), float64(n1), float64(x0), float64(n0)
	if a == 0 || a == m || b == 0 || b == n {
		a, m, b, n = a+0.5, m+0.5, b+0.5, n+0.5
	}
	ratio = a / m / (b / n)
	reach := distuv.UnitNormal.Quantile((1+level)/2) * math.Sqrt(1/a-1/m+1/b-1/n)
	return ratio, Interval{ratio * math.Exp(-reach), ratio * math.Exp(reach)}, true
}

// Stratum is a part of a comparison in which people are alike: A of N1 exposed ones have the outcome, B of N0 others.
type Stratum struct{ A, N1, B, N0 int }

// Combined is the relative risk over strata (N. Mantel and W. Haenszel, 1959; its variance by S. Greenland and J. Robins,
// 1985). known is false where nobody had the outcome on one of the sides, or the variance is none: in each stratum everybody has it, or
// nobody.
func Combined(strata []Stratum) (ratio float64, i Interval, known bool) {
	var r, s, v float64
	for _, x := range strata {
		a, b, n1, n0 := float64(x.A), float64(x.B), float64(x.N1), float64(x.N0)
		n := n1 + n0
		if n1 == 0 || n0 == 0 {
			continue
		}
		r, s = r+a*n0/n, s+b*n1/n
		v += (n1*n0*(a+b) - a*b*n) / (n * n)
	}
	if r == 0 || s == 0 || v == 0 {
		return 0, Interval{0, math.Inf(1)}, false
	}
	ratio = r / s
	reach := z * math.Sqrt(v/(r*s))
	return ratio, Interval{ratio * math.Exp(-reach), ratio * math.Exp(reach)}, true
}
