package rollout

import (
	"math"
	"strconv"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Telling is what operators are told of a rollout: that something needs them, or that this is over.
type Telling struct {
	Over bool        `json:"over"`
	What dialog.Said `json:"what"`
}

// toldFor is how long operators are told of a revert.
const toldFor = 24 * time.Hour

// tell has operators told what is new, one thing after the other: what was told before is over first.
func (s *State) tell(t *dialog.Turn) {
	now := s.needs(t.Now)
	if now == s.Told || pending(t, tell) {
		return
	}
	telling := Telling{Over: s.Told == ""}
	if s.Told = ""; telling.Over {
		s.Told, telling.What = now, s.Said(t.Now)
	}
	t.Do(tell, telling)
}

// needs is the situation that operators are to be told of; empty: none.
func (s *State) needs(now time.Time) Situation {
	switch x := s.Situation(now); x {
	case Paused, MayAdvance, Unsure:
		return x
	case Reverted:
		if now.Sub(at(s.Reverted)) < toldFor {
			return x
		}
	}
	return ""
}

// Said is how it stands at a time, as a code of the texts and what they name.
func (s *State) Said(now time.Time) dialog.Said {
	x := s.Situation(now)
	p := s.last()
	d := dialog.Said{Code: "alert.rollout", Args: map[string]string{
		"rollout": s.Name, "share": strconv.Itoa(s.Share()), "next": strconv.Itoa(s.Next()), "n": strconv.Itoa(days(now.Sub(at(p.Began)))),
	}}
	switch {
	case x == Paused || x == Reverted:
		d.Code += "." + string(x) + s.Why.tell(d.Args)
	case x == MayAdvance && s.Finding == Proved:
		d.Code += ".proved"
		bounds(d.Args, ReductionOf(p.All).Low, ReductionOf(p.All).High)
	case x == MayAdvance:
		d.Code += ".may"
	case x == Unsure:
		d.Code += ".unsure"
		bounds(d.Args, ReductionOf(p.All).Low, ReductionOf(p.All).High)
		d.Args["n"] = strconv.Itoa(days(at(p.Until).Sub(now)))
	}
	return d
}

// tell adds what a text names of it, and is the end of the text's code.
func (w *Why) tell(args map[string]string) string {
	if w == nil || w.Guard == "" {
		return ""
	}
	if w.Guard == ByGoal {
		bounds(args, w.New, w.Old)
		return "." + w.Guard
	}
	args["percent"], args["before"] = percent(w.New), percent(w.Old)
	args["evidence"] = strconv.FormatFloat(w.Evidence, 'f', 0, 64)
	return "." + w.Guard
}

func bounds(args map[string]string, low, high float64) {
	args["low"], args["high"] = percent(low), percent(high)
}

// percent is a rate in percent: a small one with one decimal.
func percent(rate float64) string {
	scale := 1.0
	if math.Abs(rate) < .0995 {
		scale = 10
	}
	return strconv.FormatFloat(math.Round(100*rate*scale)/scale+0, 'f', -1, 64) // + 0: -0 is 0
}

// days are whole ones, a begun one included.
func days(d time.Duration) int { return max(int(math.Ceil(d.Hours()/24-1e-9)), 0) }
