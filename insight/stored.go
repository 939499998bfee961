package insight

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// StoredFormat is the format of [Creation.Stored], and of what else is kept of events: tickets since 2, what rollouts compare
// since 3, inputs since 4. A store of another format is made anew from the events.
const StoredFormat = 4

// stored is a creation as it is kept beside the counts. Times are milliseconds since the start and one more; 0: none.
type stored struct {
	Mode    string              `json:"m,omitempty"`
	Variant string              `json:"v,omitempty"`
	Started int64               `json:"s"` // unix milliseconds
	Times   [14]int64           `json:"t"`
	Late    bool                `json:"late,omitempty"`
	Escrow  string              `json:"e,omitempty"`
	Steps   map[string][3]int64 `json:"q,omitempty"`
	Reads   []storedRead        `json:"r,omitempty"`
	Inputs  [][2]int64          `json:"i,omitempty"` // when, and the number of the host
	Hosts   []string            `json:"h,omitempty"`
	Slowest int64               `json:"w,omitempty"` // microseconds
	Causes  []string            `json:"c,omitempty"`
	Sources []string            `json:"f,omitempty"`
	Refused [][2]string         `json:"n,omitempty"`
}

type storedRead struct {
	At     int64  `json:"a"`
	Source string `json:"f,omitempty"`
	Took   int64  `json:"t,omitempty"` // microseconds
	Soon   bool   `json:"s,omitempty"`
}

// times are those of a creation in the order of stored.Times.
func (c *Creation) times() [14]*time.Time {
	return [...]*time.Time{&c.Confirmed, &c.Replaced, &c.Cancelled, &c.Undone, &c.Blocked, &c.Answered, &c.Lost, &c.Seen, &c.Paid, &c.Lapsed, &c.FirstLost, &c.Failed, &c.Conflict, &c.Started}
}

// Stored is the creation as a text, without its draft id and its owner. The same creation has the same text.
func (c *Creation) Stored() (string, error) {
	since := func(t time.Time) int64 {
		if t.IsZero() {
			return 0
		}
		if ms := t.UnixMilli() - c.Started.UnixMilli(); ms < 0 {
			return ms
		} else {
			return ms + 1
		}
	}
	s := stored{Mode: c.Mode, Variant: c.Variant, Started: c.Started.UnixMilli(), Late: c.ConfirmedLate, Escrow: c.Escrow, Slowest: c.Slowest.Microseconds(), Steps: map[string][3]int64{}}
	for i, t := range c.times() {
		s.Times[i] = since(*t)
	}
	for name, x := range c.Steps {
		s.Steps[name] = [3]int64{since(x.Asked), since(x.Answered), since(x.Last)}
	}
	for _, r := range c.Reads {
		s.Reads = append(s.Reads, storedRead{since(r.At), r.Source, r.Took.Microseconds(), r.Soon})
	}
	for _, in := range c.Inputs {
		host := slices.Index(s.Hosts, in.Host)
		if host < 0 {
			host, s.Hosts = len(s.Hosts), append(s.Hosts, in.Host)
		}
		s.Inputs = append(s.Inputs, [2]int64{since(in.At), int64(host)})
	}
	s.Causes, s.Sources = slices.Sorted(maps.Keys(c.Causes)), slices.Sorted(maps.Keys(c.Sources))
	s.Refused = slices.SortedFunc(maps.Keys(c.Refused), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	b, err := json.Marshal(s)
	return string(b), err
}

// Restored is the creation of a text of [Creation.Stored].
func Restored(draft, text string) (*Creation, error) {
	var s stored
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("draft %s: %w", draft, err)
	}
	at := func(n int64) time.Time {
		switch {
		case n == 0:
			return time.Time{}
		case n > 0:
			n--
		}
		return time.UnixMilli(s.Started + n).UTC()
	}
	c := &Creation{Draft: draft, Mode: s.Mode, Variant: s.Variant, ConfirmedLate: s.Late, Escrow: s.Escrow, Slowest: time.Duration(s.Slowest) * time.Microsecond, Steps: map[string]Step{}, Causes: map[string]bool{}, Sources: map[string]bool{}}
	for i, t := range c.times() {
		*t = at(s.Times[i])
	}
	for name, x := range s.Steps {
		c.Steps[name] = Step{at(x[0]), at(x[1]), at(x[2])}
	}
	for _, r := range s.Reads {
		c.Reads = append(c.Reads, Read{At: at(r.At), Source: r.Source, Took: time.Duration(r.Took) * time.Microsecond, Soon: r.Soon})
	}
	for _, in := range s.Inputs {
		if in[1] < 0 || in[1] >= int64(len(s.Hosts)) {
			return nil, fmt.Errorf("draft %s: an input of no host", draft)
		}
		c.Inputs = append(c.Inputs, Input{at(in[0]), s.Hosts[in[1]]})
	}
	for _, cause := range s.Causes {
		c.Causes[cause] = true
	}
	for _, source := range s.Sources {
		c.Sources[source] = true
	}
	for _, what := range s.Refused {
		if c.Refused == nil {
			c.Refused = map[[2]string]bool{}
		}
		c.Refused[what] = true
	}
	return c, nil
}
