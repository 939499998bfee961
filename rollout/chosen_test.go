package rollout

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// at stage of a rollout that began at a time.
func running(name, mode string, began int64, shares ...int) State {
	s := State{Name: name, Mode: mode, Goal: Safe, Plan: DefaultPlan()}
	for i, share := range shares {
		s.Parts = append(s.Parts, Part{Share: share, Began: began + int64(i)})
	}
	return s
}

func anyMode(dialog.Mode) error { return nil }

// TestChosen: of a thousand people the share has the new mode, whoever had it at the stage before keeps it, and each draft tells
// its arm.
func TestChosen(t *testing.T) {
	first := Choose([]State{running("tenth", "lightweight", 5, 10)}, dialog.Database, anyMode)
	second := Choose([]State{running("tenth", "lightweight", 5, 10, 50)}, dialog.Database, anyMode)
	count := map[string]int{}
	for i := range 1000 {
		owner := fmt.Sprint("tg:", i)
		was, is, variant := first.Mode(owner), second.Mode(owner), second.Variant(owner)
		if was == dialog.Lightweight && (is != dialog.Lightweight || variant != "tenth/2/earlier") {
			t.Fatalf("%s had the new mode, and has %s in %s", owner, is, variant)
		}
		if (is == dialog.Lightweight) == (variant == "tenth/2/old") {
			t.Fatalf("%s has %s in %s", owner, is, variant)
		}
		count[variant]++
		count[first.Variant(owner)]++
	}
	if n := count["tenth/1/new"]; n != count["tenth/2/earlier"] || n < 70 || n > 130 || count["tenth/2/old"] < 440 || count["tenth/2/old"] > 560 || len(count) != 5 {
		t.Errorf("%v", count)
	}
	if first.Mode("") != dialog.Database || first.Variant("") != "" {
		t.Error("what belongs to nobody is in a rollout")
	}
}

// TestChosenOfSeveral: which rollout decides.
func TestChosenOfSeveral(t *testing.T) {
	noRedis := func(m dialog.Mode) error {
		if m == dialog.Hybrid {
			return errors.New("it needs Redis")
		}
		return nil
	}
	reverted := running("gone", "lightweight", 1, 10, 100)
	reverted.Reverted = 9
	for name, c := range map[string]struct {
		list    []State
		base    dialog.Mode
		decides string
		bad     int
		waiting int
	}{
		"none":                     {nil, dialog.Database, "", 0, 0},
		"one that was reverted":    {[]State{reverted, {Name: "new"}}, dialog.Database, "", 0, 0},
		"one at 100":               {[]State{running("a", "lightweight", 5, 10, 50, 100)}, dialog.Lightweight, "", 0, 0},
		"the last one at 100":      {[]State{running("b", "redis", 3, 100), running("a", "lightweight", 2, 10, 50, 100)}, dialog.Lightweight, "", 0, 0},
		"below it another one":     {[]State{running("b", "redis", 3, 10), running("a", "lightweight", 5, 100)}, dialog.Lightweight, "b", 0, 0},
		"the first of two below":   {[]State{running("b", "redis", 3, 10), running("a", "lightweight", 5, 10, 50)}, dialog.Database, "b", 0, 1},
		"one that cannot be used":  {[]State{running("a", "hybrid", 3, 10)}, dialog.Database, "", 1, 0},
		"one of them at 100":       {[]State{running("a", "hybrid", 3, 100), running("b", "nonsense", 4, 100)}, dialog.Database, "", 2, 0},
		"beside one that can":      {[]State{running("a", "hybrid", 3, 10), running("b", "redis", 4, 10)}, dialog.Database, "b", 1, 0},
		"two that began at a time": {[]State{running("b", "redis", 3, 10), running("a", "lightweight", 3, 10)}, dialog.Database, "a", 0, 1},
	} {
		got := Choose(c.list, dialog.Database, noRedis)
		if got.Base() != c.base || got.Decides() != c.decides || len(got.Unusable) != c.bad || len(got.Waiting) != c.waiting {
			t.Errorf("%s: %+v, want %+v", name, got, c)
		}
		if c.decides == "" && (got.Variant("tg:1") != "" || got.Mode("tg:1") != c.base) {
			t.Errorf("%s: %s in %q", name, got.Mode("tg:1"), got.Variant("tg:1"))
		}
	}
}
