package insight

import (
	"cmp"
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

// Input is one of a creation's person, and the host whose life took it.
type Input struct {
	At   time.Time
	Host string
}

// inputMost is how many inputs a creation keeps: the first ones.
const inputMost = 64

// input notes an input of the person. It keeps the first ones, in order, so that the same ones are kept in whatever order they
// come.
func (c *Creation) input(at time.Time, instance string) {
	in := Input{at, Up{Instance: instance}.Host()}
	i, known := slices.BinarySearchFunc(c.Inputs, in, func(a, b Input) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Host, b.Host)) })
	if !known {
		c.Inputs = slices.Insert(c.Inputs, i, in)
		c.Inputs = c.Inputs[:min(len(c.Inputs), inputMost)]
	}
}

// end is when a life ended, and on which host.
type end struct {
	at   time.Time
	host string
}

// of reports whether a life on this host ended. An input without an instance is of any.
func (e end) of(host string) bool { return e.host == host || e.host == "" || host == "" }

// role says whether a creation was met by a restart, and its stratum: the question that was open, and how long ago its last
// input was. It is exposed if that was shortly before the end of the life that took it, within its horizon. It is else a
// control if it was so on another life, which went on, or at the same time of another day, without a restart then. It has one
// role: that of the first end.
func (c *Creation) role(ends []end, horizon time.Duration) (role, stratum string) {
	if at, _, ok := c.stoodAt(ends, 0, horizon, func(e end, _ time.Time, host string) bool { return e.of(host) }); ok {
		return "exposed", c.stratumAt(at)
	}
	var first, when time.Time
	for _, days := range []int{-7, -1, 0, 1, 7} {
		off := time.Duration(days) * 24 * time.Hour
		at, end, ok := c.stoodAt(ends, off, horizon, func(e end, at time.Time, host string) bool {
			if off == 0 {
				return !e.of(host) && isQuiet(at, ends, host)
			}
			return isQuiet(at, ends, "")
		})
		if ok && (first.IsZero() || end.Before(first)) {
			first, when = end, at
		}
	}
	if first.IsZero() {
		return "", ""
	}
	return "control", c.stratumAt(when)
}

// stoodAt is the first time at which the creation stood, of those that are off from an end, and that end. fits says whether the
// end counts, by that time and the host that took the last input before it.
func (c *Creation) stoodAt(ends []end, off, horizon time.Duration, fits func(e end, at time.Time, host string) bool) (at, ended time.Time, ok bool) {
	for i, in := range c.Inputs {
		from, _ := slices.BinarySearchFunc(ends, in.At.Add(-off), func(e end, t time.Time) int { return e.at.Compare(t) })
		for _, e := range ends[from:] {
			t := e.at.Add(off)
			if t.Sub(in.At) > Met || !t.Before(c.Started.Add(horizon)) || i+1 < len(c.Inputs) && c.Inputs[i+1].At.Before(t) {
				break
			}
			if c.stratumAt(t) != "" && fits(e, t, in.Host) {
				return t, e.at, true
			}
		}
	}
	return at, ended, false
}

func hit(is bool) int {
	if is {
		return 1
	}
	return 0
}

// stratumAt is the stratum of a creation at a time, if it had an answer, had not ended, and its last input came shortly before:
// the question that was open, and how long ago. Else it is empty.
func (c *Creation) stratumAt(at time.Time) string {
	last := c.lastInput(at)
	if c.Answered.IsZero() || !c.Answered.Before(at) || c.overAt(at) || at.Sub(last) > Met {
		return ""
	}
	var asked time.Time
	step := ""
	for name, s := range c.Steps {
		when := s.Asked
		if s.Last.Before(at) {
			when = latest(when, s.Last)
		}
		if when.Before(at) && !s.Asked.IsZero() && (when.After(asked) || when.Equal(asked) && name > step) {
			asked, step = when, name
		}
	}
	age := "10m"
	switch ago := at.Sub(last); {
	case ago < time.Minute:
		age = "1m"
	case ago < 3*time.Minute:
		age = "3m"
	}
	return word(step) + "/" + age
}

// lastInput is the last input before a time; zero: there is none.
func (c *Creation) lastInput(at time.Time) (last time.Time) {
	for _, in := range c.Inputs {
		if in.At.Before(at) {
			last = in.At
		}
	}
	return last
}

// overAt reports whether the creation had ended before a time.
func (c *Creation) overAt(at time.Time) bool {
	before := func(t time.Time) bool { return !t.IsZero() && t.Before(at) }
	return before(c.Confirmed) || before(c.Replaced) || before(c.Cancelled) && !(before(c.Undone) && c.Undone.After(c.Cancelled))
}

const (
	// Met is how long before the end of a life, at its time of any day, an input may lie whose creation has its role by that.
	Met = 10 * time.Minute
	// Near is how far from the end of a life an input may lie whose creation stood at a time that is quiet no longer.
	Near = quiet + Met
)

// AnsweredBetween reports whether a creation with an answer has an input from one time to another, both included.
func (c *Creation) AnsweredBetween(from, until time.Time) bool {
	return !c.Answered.IsZero() && slices.ContainsFunc(c.Inputs, func(in Input) bool { return !in.At.Before(from) && !in.At.After(until) })
}

// restarts are when lives ended, in order.
func restarts(lives []Life) (list []end) {
	for _, l := range lives {
		if l.Ends() {
			list = append(list, end{l.At, Up{Instance: l.Instance}.Host()})
		}
	}
	slices.SortFunc(list, func(a, b end) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.host, b.host)) })
	return list
}

// isQuiet reports whether no life of a host ended around this time; of none: no life at all.
func isQuiet(at time.Time, ends []end, host string) bool {
	next, _ := slices.BinarySearchFunc(ends, at.Add(-quiet+1), func(e end, t time.Time) int { return e.at.Compare(t) })
	for _, e := range ends[next:] {
		if e.at.Sub(at) >= quiet {
			break
		}
		if e.of(host) {
			return false
		}
	}
	return true
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
