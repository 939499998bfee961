package intake_test

import (
	"slices"
	"testing"
	"time"
)

// An open question leaves the lines of all answers where they were: the fields of the card after Edit are those of the review.
func TestEditLeavesTheLinesWhereTheyWere(t *testing.T) {
	fields := func(k *talk) (all []string) {
		for _, f := range k.card().Facts {
			all = append(all, f.Field)
		}
		return all
	}
	for _, ask := range begin(t).form().Asks() {
		k := begin(t).review()
		want := fields(k)
		k.tap("edit:" + ask.Name)
		if got := fields(k); !slices.Equal(got, want) {
			t.Errorf("edit %s: lines %v, were %v", ask.Name, got, want)
		}
		for _, f := range k.card().Facts {
			if f.Now != (f.Field == ask.Field.Name) {
				t.Errorf("edit %s: the open line is %+v", ask.Name, f)
			}
		}
		if ask.Field.Options == nil {
			k.expect("continue") // Keep
		}
		k.tap("back")
		if got := fields(k); !slices.Equal(got, want) {
			t.Errorf("back from %s: lines %v, were %v", ask.Name, got, want)
		}
	}
}

// Nothing is said to be saved that is not: no answers at first, and none that was refused.
func TestSavedIsWhatWasSaved(t *testing.T) {
	k := begin(t)
	saved := func(want string, unsaved bool) {
		t.Helper()
		c := k.card()
		if c.SavedAs != want || c.Unsaved != unsaved || c.Saved.IsZero() == (want == "Saved just now" || want == "Saved 5 minutes ago") {
			t.Errorf("%q, unsaved %t, saved at %s; want %q", c.SavedAs, c.Unsaved, c.Saved, want)
		}
	}
	k.say("/create")
	saved("No answers yet", false)
	k.say("100")
	saved("Not saved yet", true)
	k.say("@anna_ceramics")
	saved("Saved just now", false)
	k.after(5 * time.Minute)
	saved("Saved 5 minutes ago", false)
	k.say("1.250 eur")
	saved("Not saved yet", true)
}

// The fee is told where the amount is asked, in the words of the rules in force.
func TestFeeIsToldWithTheAmount(t *testing.T) {
	for _, x := range []struct {
		points  int
		minimum int64
		want    string
	}{
		{250, 1_00, "Our fee: 2.5% of the price, at least €1.00."}, {500, 0, "Our fee: 5% of the price. You choose"}, {0, 2_00, "Our fee: €2.00. You choose"}, {0, 0, "There is no fee."},
	} {
		k := begin(t)
		k.rules.Fee.BasisPoints, k.rules.Fee.Minimum = x.points, map[string]int64{"EUR": x.minimum}
		k.say("/create").say("@anna_ceramics").expect(x.want).say("1.250 eur").expect(x.want)
	}
}
