package alert

import (
	"slices"
	"sync"
	"time"
)

// Minute is what became of the inputs of one minute, in one process.
type Minute struct {
	OK, Failed int
	Away       int // of the failed ones: because the database did not answer
}

// Of inputs 99.9 % are to be taken. A burn of 1 uses up what may fail in 30 days in just that time.
const budget = 0.001

// burns are how fast it may go, in two windows each: the long one tells that it matters, the short one that it goes on.
var burns = []struct {
	most        float64
	long, short int // minutes
}{{14.4, 60, 5}, {6, 360, 30}}

const (
	inputsIn   = 360 // minutes
	failedMost = 10  // failed ones that are none of the operator's business
)

// Inputs finds inputs that fail faster than they may. list has the last minutes of a process, the newest last; end is the end
// of that one.
func Inputs(list []Minute, end time.Time) Seen {
	list = list[max(0, len(list)-inputsIn):]
	seen := Seen{Name: NameInputs, Unsure: !recovered(list)}
	if sum(list).Failed < failedMost {
		return seen
	}
	for _, b := range burns {
		long := list[max(0, len(list)-b.long):]
		if !burning(long, b.most) || !burning(list[max(0, len(list)-b.short):], b.most) {
			continue
		}
		for long[0].Failed == 0 {
			long = long[1:]
		}
		n, code := sum(long), "alert.inputs"
		if n.Away*2 < n.Failed {
			code = "alert.inputs.other"
		}
		seen.Over, seen.Unsure = true, false
		seen.What = said(code, counts{"n": n.Failed, "of": n.OK + n.Failed}.args(), end.Add(-time.Duration(len(long))*time.Minute))
		break
	}
	return seen
}

// recovered reports whether an input was taken in a minute after the last failure: who sends nothing shows nothing.
func recovered(list []Minute) bool {
	for i := len(list) - 1; i >= 0 && list[i].Failed == 0; i-- {
		if list[i].OK > 0 {
			return true
		}
	}
	return sum(list).Failed == 0
}

func burning(list []Minute, most float64) bool {
	n := sum(list)
	return float64(n.Failed) > most*budget*float64(n.OK+n.Failed)
}

func sum(list []Minute) (all Minute) {
	for _, m := range list {
		all.OK, all.Failed, all.Away = all.OK+m.OK, all.Failed+m.Failed, all.Away+m.Away
	}
	return all
}

// Counter counts inputs by the minute. Its zero value works. It may be used concurrently.
type Counter struct {
	mu    sync.Mutex
	list  []Minute
	began time.Time // of the first one: minutes are counted from it, so that a clock that is set back moves none
	last  int       // number of the newest one
}

// Add counts inputs of a moment.
func (c *Counter) Add(m Minute, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until(now)
	n := &c.list[len(c.list)-1]
	*n = sum([]Minute{*n, m})
}

// until makes the minute of a moment the newest one, and forgets what is older than Inputs looks.
func (c *Counter) until(now time.Time) {
	if c.began.IsZero() {
		c.began, c.list = now, []Minute{{}}
	}
	at := int(now.Sub(c.began) / time.Minute)
	c.last = max(c.last, at-inputsIn)
	for ; c.last < at; c.last++ {
		c.list = append(c.list, Minute{})
	}
	c.list = slices.Delete(c.list, 0, max(0, len(c.list)-inputsIn))
}

// Seen is what is found of the inputs so far.
func (c *Counter) Seen(now time.Time) Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until(now)
	return Inputs(c.list, c.began.Add(time.Duration(c.last+1)*time.Minute))
}
