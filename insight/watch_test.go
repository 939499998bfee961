package insight

import (
	"math/rand/v2"
	"testing"
)

func one(share float64, oldBad, oldN, newBad, newN int) map[float64]Arms {
	return map[float64]Arms{share: {NewBad: newBad, OldBad: oldBad, NewGood: newN - newBad, OldGood: oldN - oldBad}}
}

// TestEvidence: values that another program computes.
func TestEvidence(t *testing.T) {
	near(t, "210 against 150", Harm(one(.5, 150, 1000, 210, 1000)), 56.549881)
	near(t, "200 against 150", Harm(one(.5, 150, 1000, 200, 1000)), 11.232598)
	near(t, "150 against 150", Harm(one(.5, 150, 1000, 150, 1000)), .033355)
	near(t, "a tenth", Harm(one(.1, 135, 900, 30, 100)), 92.501867)
	near(t, "nobody", Harm(nil), 1)
	near(t, "shares", Mismatch(1000, 850, .5), 60.744997)
	near(t, "nobody's share", Mismatch(0, 0, .1), 1)
	if Benefit(one(.5, 210, 1000, 150, 1000)) < 20 || Benefit(one(.5, 150, 1000, 210, 1000)) > 1 {
		t.Error("a benefit is not seen as one")
	}
}

// TestStagesAddUp: the evidence of two stages with the same share is that of both together.
func TestStagesAddUp(t *testing.T) {
	near(t, "likelihood", likelihood(map[float64]Arms{.5: {30, 20, 70, 80}}, 1.6, .1),
		likelihood(map[float64]Arms{.5: {10, 15, 40, 50}}, 1.6, .1)+likelihood(map[float64]Arms{.5: {20, 5, 30, 30}}, 1.6, .1))
}

// TestFalseAlarms: where the new is like the old, and the rate drifts, evidence of 50 is reached in 2 % of comparisons at
// most, looking at every person.
func TestFalseAlarms(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	const trials = 400
	alarms := 0
	for range trials {
		a := Arms{}
		for i := range 400 {
			bad, got := r.Float64() < .05+.3*float64(i)/400, r.IntN(2) == 0
			switch {
			case bad && got:
				a.NewBad++
			case bad:
				a.OldBad++
			case got:
				a.NewGood++
			default:
				a.OldGood++
			}
			if Harm(map[float64]Arms{.5: a}) >= 50 {
				alarms++
				break
			}
		}
	}
	if alarms > trials*4/100 { // of 2 %, with four standard errors
		t.Errorf("%d false alarms of %d", alarms, trials)
	}
}
