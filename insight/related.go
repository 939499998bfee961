package insight

import (
	"maps"
	"slices"
	"time"
)

// Related says whether people leave because of restarts. Who pauses is rehydrated and leaves more often, so the two go
// together where nothing is caused. A restart is an experiment: it meets people in the middle.
type Related struct {
	Exposed int // creations that were met by the end of a life
	Control int
	Ratio   float64 // of the rates at which they are abandoned
	Interval
	Verdict string // yes, no, or not sure yet
}

const (
	exposedLeast = 100
	quiet        = 30 * time.Minute // without a start, around the time of a control
)

// role says whether a creation was met by a restart, and its stratum: the question that was open, and how long ago its last
// input was. It is exposed if that was shortly before the end of a life, within its horizon, and else a control if it was at
// the same time of another day, without a restart then. It has one role: that of the first end.
func (c *Creation) role(ends []time.Time, horizon time.Duration) (role, stratum string) {
	if end, ok := c.stoodAt(ends, 0, horizon); ok {
		return "exposed", c.stratumAt(end)
	}
	var first, when time.Time
	for _, days := range []int{-7, -1, 1, 7} {
		off := time.Duration(days) * 24 * time.Hour
		if at, ok := c.stoodAt(ends, off, horizon); ok && (first.IsZero() || at.Add(-off).Before(first)) {
			first, when = at.Add(-off), at
		}
	}
	if first.IsZero() {
		return "", ""
	}
	return "control", c.stratumAt(when)
}

// stoodAt is the first time at which the creation stood, of those that are off from an end. Where they are off, no life may
// end.
func (c *Creation) stoodAt(ends []time.Time, off, horizon time.Duration) (first time.Time, ok bool) {
	for _, s := range c.Steps {
		if s.Answered.IsZero() {
			continue
		}
		from, _ := slices.BinarySearchFunc(ends, s.Answered.Add(-off), time.Time.Compare)
		for _, end := range ends[from:] {
			at := end.Add(off)
			if at.Sub(s.Answered) > Met || !at.Before(c.Started.Add(horizon)) {
				break
			}
			if c.stratumAt(at) != "" && (off == 0 || isQuiet(at, ends)) && (!ok || at.Before(first)) {
				first, ok = at, true
			}
		}
	}
	return first, ok
}

func hit(is bool) int {
	if is {
		return 1
	}
	return 0
}

// stratumAt is the stratum of a creation with an answer at a time, if its last input came shortly before: the question that was
// open, and how long ago. Else it is empty.
func (c *Creation) stratumAt(at time.Time) string {
	if !c.Answered.Before(at) || !c.Confirmed.IsZero() && c.Confirmed.Before(at) {
		return ""
	}
	var last, asked time.Time
	step := ""
	for name, s := range c.Steps {
		if s.Answered.Before(at) {
			last = latest(last, s.Answered)
		}
		if s.Asked.Before(at) && (s.Asked.After(asked) || s.Asked.Equal(asked) && name > step) {
			asked, step = s.Asked, name
		}
	}
	age := "10m"
	switch ago := at.Sub(last); {
	case ago > Met:
		return ""
	case ago < time.Minute:
		age = "1m"
	case ago < 3*time.Minute:
		age = "3m"
	}
	return word(step) + "/" + age
}

const (
	// Met is how long before the end of a life, at its time of any day, an answer may lie whose creation has its role by that.
	Met = 10 * time.Minute
	// Near is how far from the end of a life an answer may lie whose creation stood at a time that is quiet no longer.
	Near = quiet + Met
)

// AnsweredBetween reports whether a question of the creation was first answered from one time to another, both included.
func (c *Creation) AnsweredBetween(from, until time.Time) bool {
	for _, s := range c.Steps {
		if !s.Answered.IsZero() && !s.Answered.Before(from) && !s.Answered.After(until) {
			return true
		}
	}
	return false
}

// restarts are when lives ended, in order.
func restarts(lives []Life) (list []time.Time) {
	for _, l := range lives {
		if l.Ends() {
			list = append(list, l.At)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

// isQuiet reports whether no life ended around this time.
func isQuiet(at time.Time, ends []time.Time) bool {
	next, _ := slices.BinarySearchFunc(ends, at.Add(-quiet+1), time.Time.Compare)
	return next == len(ends) || ends[next].Sub(at) >= quiet
}

// compare compares the exposed with the controls, by stratum.
func compare(strata map[string]Stratum) Related {
	x := Related{Verdict: string(NotSure)}
	var list []Stratum
	for _, key := range slices.Sorted(maps.Keys(strata)) {
		s := strata[key]
		list = append(list, s)
		x.Exposed, x.Control = x.Exposed+s.N1, x.Control+s.N0
	}
	known := false
	if x.Ratio, x.Interval, known = Combined(list); !known || x.Exposed < exposedLeast {
		return x
	}
	x.Verdict = "no"
	if x.Low > 1 {
		x.Verdict = "yes"
	}
	return x
}
