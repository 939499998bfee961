package insightdb

import (
	"errors"
	"flag"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/insight/insighttest"
)

// many is how many events TestManyEvents counts; make prove counts ten million.
var many = flag.Int("events", 20_000, "events")

// minutes is how many folds of a minute TestManyEvents does.
const minutes = 20

// TestManyEvents counts the events of 85 days, and prints how long it takes: all of them, a fold of a minute, one with a restart, that
// of a new day, the figures of 30 days, what a rollout of 14 days compares, and the check. CPU time is that of this process alone.
func TestManyEvents(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		p, events := manyEvents()
		n, begin := len(events), end.Add(-minutes*time.Minute)
		first, _ := slices.BinarySearchFunc(events, begin, func(e dialog.Event, at time.Time) int { return e.At.Compare(at) })
		log.put(t, events[:first])
		rest := slices.Clone(events[first:])
		events = nil // a heap of events would be measured, too
		runtime.GC()
		m := measured{t, open()}
		log.now = begin
		t.Logf("%d events: all %s", n, m.fold(1))
		t.Logf("a fold of a minute %s", m.fold(minutes, func() { rest = m.minute(log, rest) }))
		log.put(t, []dialog.Event{{Kind: dialog.EventUp, Cause: "crash", Instance: "host", At: log.now}})
		log.now = log.now.Add(time.Minute)
		t.Logf("a fold with a restart %s", m.fold(1))
		t.Logf("figures %s", m.took(50, func() error {
			x, _, err := m.d.Figures(t.Context(), end, 30*24*time.Hour, limits)
			if err == nil && x.Creations < p.N/10 {
				t.Errorf("%d creations of %d", x.Creations, p.N)
			}
			return err
		}))
		t.Logf("what a rollout compares %s", m.took(10, func() error {
			a, _, err := m.d.Outcomes(t.Context(), "fast/1/old", end, time.Time{}, time.Second)
			b, _, err2 := m.d.Outcomes(t.Context(), "fast/1/new", end, time.Time{}, time.Second)
			if err == nil && (a.N < p.N/10 || b.N < p.N/100 || a.N+b.N > p.N/5) {
				t.Errorf("%d and %d creations of %d", a.N, b.N, p.N)
			}
			return errors.Join(err, err2)
		}))
		log.now = log.now.Add(12 * time.Hour)
		t.Logf("a fold of a new day %s", m.fold(minutes))
		t.Logf("check %s", m.took(1, func() error {
			list, err := m.d.Check(t.Context())
			if len(list) > 0 {
				t.Errorf("%d differences, such as %s", len(list), list[0])
			}
			return err
		}))
	})
}

// manyEvents are events of 85 days in the order of time; those of the last 14 take part in a rollout.
func manyEvents() (insighttest.Plant, []dialog.Event) {
	p := insighttest.Plant{Seed: 1, N: *many * 2 / 19, Days: 85, End: end, Mode: "database", Leaves: []float64{.05, .05, .1, .02, .05}, Pauses: .1}
	for day := range p.Days {
		p.Restarts = append(p.Restarts, end.AddDate(0, 0, -day).Add(-time.Hour))
	}
	events, _ := p.Events()
	slices.SortFunc(events, func(a, b dialog.Event) int { return a.At.Compare(b.At) })
	for i := range events {
		if e := &events[i]; e.Draft != "" && e.At.After(end.AddDate(0, 0, -14)) {
			e.Variant = []string{"fast/1/old", "fast/1/new"}[number(e.Draft[len(e.Draft)-1] == '7')]
		}
	}
	return p, events
}

// measured measures what a DB does.
type measured struct {
	t *testing.T
	d *DB
}

// times are those of something that was done several times, in order.
type times struct{ wall, cpu []time.Duration }

// String is the median and the p95.
func (x times) String() string {
	of := func(list []time.Duration, q float64) string {
		slices.Sort(list)
		return list[int(q*float64(len(list)-1))].Round(100 * time.Microsecond).String()
	}
	return "median " + of(x.wall, .5) + ", p95 " + of(x.wall, .95) + "; CPU " + of(x.cpu, .5) + ", p95 " + of(x.cpu, .95)
}

// took does something n times, each after what prepares it.
func (m measured) took(n int, fn func() error, before ...func()) (x times) {
	m.t.Helper()
	for range n {
		for _, prepare := range before {
			prepare()
		}
		began, used := time.Now(), dialogtest.CPUTime()
		if err := fn(); err != nil {
			m.t.Fatal(err)
		}
		x.wall, x.cpu = append(x.wall, time.Since(began)), append(x.cpu, dialogtest.CPUTime()-used)
	}
	return x
}

func (m measured) fold(n int, before ...func()) times {
	m.t.Helper()
	return m.took(n, func() error { _, err := m.d.Fold(m.t.Context()); return err }, before...)
}

// minute has the log go on for a minute, and returns the events that are left.
func (m measured) minute(log *clocked, rest []dialog.Event) []dialog.Event {
	m.t.Helper()
	log.now = log.now.Add(time.Minute)
	n, _ := slices.BinarySearchFunc(rest, log.now, func(e dialog.Event, at time.Time) int { return e.At.Compare(at) })
	log.put(m.t, rest[:n])
	return rest[n:]
}
