package rollout

import (
	"fmt"
	"math"
	"testing"
)

// TestPoint: values that another program computes.
func TestPoint(t *testing.T) {
	for of, want := range map[[2]string]float64{
		{"database", "tg:1000001"}: 0.8355215336423238,
		{"database", "tg:1000002"}: 0.9980029749339203,
		{"other", "tg:1000001"}:    0.5344643725737726,
	} {
		if got := point(of[0], of[1]); math.Abs(got-want) > 1e-15 {
			t.Errorf("%s of %s stands at %v, want %v", of[1], of[0], got, want)
		}
	}
}

// TestStagesNest: whoever has the new keeps it, each share is as large as it says, and another name gives it to others.
func TestStagesNest(t *testing.T) {
	const people = 20_000
	had, both, counts := map[int]bool{}, 0, map[int]int{}
	for before, share := range map[int]int{0: 10, 10: 50, 50: 100} {
		for i := range people {
			switch armOf("database", fmt.Sprint("tg:", i), before, share) {
			case New:
				if had[i] {
					t.Fatalf("%d is new twice", i)
				}
				had[i] = true
				counts[share]++
				if share == 10 && armOf("other", fmt.Sprint("tg:", i), before, share) == New {
					both++
				}
			case Earlier, Old:
			}
		}
	}
	if len(had) != people {
		t.Errorf("%d of %d have the new at the end", len(had), people)
	}
	for share, want := range map[int]float64{10: .1, 50: .4, 100: .5} {
		if got := float64(counts[share]) / people; math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/people) {
			t.Errorf("up to %d %% %v are new, want %v", share, got, want)
		}
	}
	if both > people/50 { // 1 % by chance
		t.Errorf("%d people are among the first tenth of two rollouts", both)
	}
	if r := ratio(10, 50); math.Abs(r-4.0/9) > 1e-15 {
		t.Errorf("from 10 to 50 %% a share of %v is compared, want 4/9", r)
	}
	if ratio(50, 100) != 1 {
		t.Error("at 100 % somebody is left to compare with")
	}
}
