package insight

import "math"

// Arms are the outcomes of a comparison so far: people who got the new or the old, with a bad outcome or another one.
type Arms struct{ NewBad, OldBad, NewGood, OldGood int }

var (
	harms  = []float64{1.25, 1.6, 2.2, 3.5} // odds by which the new is worse
	shares = []float64{.003, .03, .1, .18, .3, .45, .65}
)

// Harm is the evidence that the new does harm: a mean of likelihood ratios of who got the new among the bad and the good
// outcomes, against chance alone, which is all that it needs: the rates may drift. Each stage has its own share of the
// new. Where there is no harm it exceeds 1/α with a probability of α at most, however often one looks (J. Ville, 1939).
func Harm(stages map[float64]Arms) float64 { return evidence(stages, 1) }

// Benefit is the evidence that the new does good.
func Benefit(stages map[float64]Arms) float64 { return evidence(stages, -1) }

func evidence(stages map[float64]Arms, sign float64) float64 {
	sum := 0.0
	for _, o := range harms {
		for _, p := range shares {
			sum += math.Exp(likelihood(stages, math.Pow(o, sign), p))
		}
	}
	return sum / float64(len(harms)*len(shares))
}

// likelihood is the logarithm of the ratio for odds o and a share p of bad outcomes.
func likelihood(stages map[float64]Arms, o, p float64) (sum float64) {
	q := p * o / (1 - p + p*o)
	for share, a := range stages {
		bad := share * q / (share*q + (1-share)*p)
		good := share * (1 - q) / (share*(1-q) + (1-share)*(1-p))
		sum += times(a.NewBad, bad/share) + times(a.OldBad, (1-bad)/(1-share)) + times(a.NewGood, good/share) + times(a.OldGood, (1-good)/(1-share))
	}
	return sum
}

func times(n int, ratio float64) float64 { return float64(n) * math.Log(ratio) }

// Mismatch is the evidence that other people than chance would give got the new: newN and oldN of a share of the new.
func Mismatch(newN, oldN int, share float64) float64 {
	const weight = 50
	c1, c0 := float64(newN), float64(oldN)
	return math.Exp(beta(c1+weight*share, c0+weight*(1-share)) - beta(weight*share, weight*(1-share)) - c1*math.Log(share) - c0*math.Log(1-share))
}

// beta is the logarithm of the beta function.
func beta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return la + lb - lab
}
