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
	met          = 10 * time.Minute // before the end of a life, an input in it
	exposedLeast = 100
	quiet        = 30 * time.Minute // without a start, around the time of a control
)

// related compares creations whose last input came shortly before the end of the life that took it with others that were
// as far at the same time of another day. A creation counts once, and as an exposed one where it is both.
func (f *Facts) related(all []*Creation, from, until time.Time) Related {
	ends := f.ends()
	strata, used := map[[2]string]Stratum{}, map[string]bool{}
	at := func(when time.Time, count func(s *Stratum, leaves bool)) (n int) {
		if when.Before(from) || !when.Before(until) {
			return 0
		}
		for _, c := range all {
			if key, ok := c.standsAt(when); ok && !used[c.Draft] {
				s := strata[key]
				count(&s, c.leaves())
				strata[key], used[c.Draft] = s, true
				n++
			}
		}
		return n
	}
	x := Related{Verdict: string(NotSure)}
	for _, end := range ends {
		x.Exposed += at(end, func(s *Stratum, leaves bool) { s.N1, s.A = s.N1+1, s.A+hit(leaves) })
	}
	for _, end := range ends {
		for _, off := range []int{-7, -1, 1, 7} {
			if when := end.AddDate(0, 0, off); f.isQuiet(when, ends) {
				x.Control += at(when, func(s *Stratum, leaves bool) { s.N0, s.B = s.N0+1, s.B+hit(leaves) })
			}
		}
	}
	var list []Stratum
	for _, key := range slices.SortedFunc(maps.Keys(strata), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		list = append(list, strata[key])
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

func hit(is bool) int {
	if is {
		return 1
	}
	return 0
}

// leaves reports whether the creation was abandoned.
func (c *Creation) leaves() bool { end := c.End(); return end != Confirmed && end != Replaced }

// standsAt is the stratum of a creation at a time, if it had an answer, and its last input came shortly before: the question
// that was open, and how long ago.
func (c *Creation) standsAt(at time.Time) (key [2]string, ok bool) {
	if !c.Answered.Before(at) || c.Answered.IsZero() || !c.Confirmed.IsZero() && c.Confirmed.Before(at) {
		return key, false
	}
	var last, asked time.Time
	step := ""
	for name, s := range c.Steps {
		if s.Answered.Before(at) {
			last = latest(last, s.Answered)
		}
		if s.Asked.Before(at) && s.Asked.After(asked) {
			asked, step = s.Asked, name
		}
	}
	age := "10m"
	switch ago := at.Sub(last); {
	case ago > met:
		return key, false
	case ago < time.Minute:
		age = "1m"
	case ago < 3*time.Minute:
		age = "3m"
	}
	return [2]string{step, age}, true
}

// ends are when lives ended: their down, or the start of the next one after a crash.
func (f *Facts) ends() (list []time.Time) {
	for _, all := range f.lives {
		slices.SortFunc(all, func(a, b span) int { return a.at.Compare(b.at) })
		for i, s := range all {
			switch {
			case !s.up:
				list = append(list, s.at)
			case s.crash && i > 0:
				list = append(list, s.at)
			}
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

// isQuiet reports whether no life ended around this time.
func (f *Facts) isQuiet(at time.Time, ends []time.Time) bool {
	return !slices.ContainsFunc(ends, func(end time.Time) bool { return end.Sub(at).Abs() < quiet })
}
