package insightdb

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight/insighttest"
)

// many is how many events TestManyEvents counts; docs/decisions/0012-counts.md has the times of a million.
var many = flag.Int("events", 20_000, "events")

// TestManyEvents counts the events of 85 days, and prints how long it takes: all of them, the figures of 30 days, and a fold of a
// minute.
func TestManyEvents(t *testing.T) {
	p := insighttest.Plant{Seed: 1, N: *many * 2 / 21, Days: 85, End: end, Mode: "database", Leaves: []float64{.05, .05, .1, .02, .05}, Pauses: .1}
	for day := range p.Days {
		p.Restarts = append(p.Restarts, end.AddDate(0, 0, -day).Add(-time.Hour))
	}
	events, _ := p.Events()
	slices.SortFunc(events, func(a, b dialog.Event) int { return a.At.Compare(b.At) })
	minute := min(len(events)/100, len(events)/(85*24*60)+1)
	last := events[len(events)-minute:]
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		log.put(t, events[:len(events)-minute])
		d := open()
		took := func(fn func() error) time.Duration {
			t.Helper()
			began := time.Now()
			if err := fn(); err != nil {
				t.Fatal(err)
			}
			return time.Since(began)
		}
		fold := func() error { _, err := d.Fold(t.Context()); return err }
		log.now = last[0].At
		rebuilt := took(fold)
		log.put(t, last)
		log.now = end
		folded := took(fold)
		var figures []time.Duration
		for range 50 {
			figures = append(figures, took(func() error {
				x, _, err := d.Figures(t.Context(), end, 30*24*time.Hour, limits)
				if err == nil && x.Creations < p.N/10 {
					t.Errorf("%d creations of %d", x.Creations, p.N)
				}
				return err
			}))
		}
		slices.Sort(figures)
		t.Logf("%d events: all %s, a fold of %d more %s, figures %s, p95 %s", len(events), rebuilt.Round(time.Millisecond), minute, folded.Round(time.Millisecond), figures[25].Round(100*time.Microsecond), figures[47].Round(100*time.Microsecond))
		checked := took(func() error {
			list, err := d.Check(t.Context())
			if len(list) > 0 {
				t.Errorf("%d differences, such as %s", len(list), list[0])
			}
			return err
		})
		t.Logf("check %s", checked.Round(time.Millisecond))
	})
}
